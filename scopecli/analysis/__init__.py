"""Questions about a model, answered by pure functions. Knows no file format and no output.

A question is a module: `diff`, `reuse`, `stats`, ... `compare` has what differs between two models,
`rename` what a rename would change, `restore` what each framework would load, one module a way of
loading.
"""
