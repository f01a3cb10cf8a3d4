"""TensorFlow: checkpoints of both versions, graphs, SavedModels.

What every message has in common, types, shapes, names and constants, is here; `graphs`, `objects`
and `checkpoints` build on it, and `enrichment`, `saved_objects`, `saved_model` and `graph_writer`
on those.
"""
