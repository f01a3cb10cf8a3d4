"""Checkpoints of both versions: tables of names, and the values beside them."""
