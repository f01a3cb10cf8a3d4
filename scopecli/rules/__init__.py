"""Lint rules: one module a rule. `rule` says what a rule is, `engine` runs them."""
