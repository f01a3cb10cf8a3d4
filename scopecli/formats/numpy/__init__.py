"""NumPy: `.npy`, `.npz`, and arrays in pickles."""
