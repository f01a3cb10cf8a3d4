"""What restoring a checkpoint would do, framework by framework, without doing it."""
