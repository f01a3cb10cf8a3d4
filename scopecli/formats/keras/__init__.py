"""Keras: HDF5 files of Keras 1 and 2, weights and models of Keras 3."""
