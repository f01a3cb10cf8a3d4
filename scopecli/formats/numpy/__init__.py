"""NumPy: `.npy` and `.npz`."""
