"""Flax: parameters and train states in msgpack."""
