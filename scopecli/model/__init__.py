"""What a saved model is, in memory. Standard library only; knows nothing of files or output."""
