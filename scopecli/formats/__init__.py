"""Files as models: a module or a folder a format, found through the static table in `registry`.

In a folder the module that reads is `reader`, the one that renames `writer`; where a family has
several formats (TensorFlow, Keras, NumPy) they are called after them.
"""
