"""HDF5: what is in a file and how it is changed; Keras's files are built on it."""
