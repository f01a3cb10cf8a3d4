"""Fuzzing: every reader of bytes, its seeds, and what changes one field of a valid file."""
