"""What differs between two models: names, collections, and values that are never all in memory."""
