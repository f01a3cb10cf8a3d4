"""The object graph of TensorFlow 2: which object holds which variable."""
