"""Running a program: what it finds in place of TensorFlow, and the model of what it built."""
