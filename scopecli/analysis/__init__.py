"""Questions about a model, answered by pure functions. Knows no file format and no output.

A question is a module: `diff`, `reuse`, `rename`, `stats`, ... `compare` has how values differ,
`restore` what each framework would load, one module a way of loading.
"""
