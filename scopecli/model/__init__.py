"""What a saved model is, in memory. Standard library only; knows nothing of files or output.

A thing is a module: `variable`, `scope`, `collection`, `graph`, `layer`, `model`; `names` and
`dtypes` have what is known of those words.
"""
