"""Orbax checkpoints and the Zarr arrays in them."""
