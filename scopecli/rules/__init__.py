"""Lint rules, one module for each. `rule` defines what a rule is, `engine` runs them."""
