"""Types, shapes and the Python values that tensors are made of; no graph is needed here."""
