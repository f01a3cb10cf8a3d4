"""Variables, variable scopes and `get_variable`."""
