"""TensorFlow: checkpoints of both versions, graphs, SavedModels."""
