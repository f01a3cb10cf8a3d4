"""The graph under construction, and what is open on it."""
