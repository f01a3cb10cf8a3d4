"""Questions about a model, answered by pure functions. Knows no file format and no output."""
