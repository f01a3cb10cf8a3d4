"""Files as models: a module or a folder a format, found through the static table in `registry`.

In a folder the module that reads is `reader`, the one that renames `writer`; where a family has
several formats (TensorFlow, Keras, NumPy) they are called after them.

What several formats need is beside them. `opening` goes from a path to a model, by `detection` of
what a file is; `shard_index` and `sharded_values` are for models in several files, `stored_values`
and `stored_checksums` for values that lie in a file as they are; `rewriting` renames, for which
`staging` has the files until all of them are complete.
"""
