"""Readers: one module a format, found through the static table in `registry`."""
