"""Variables, their initializers, variable scopes and `get_variable`."""
