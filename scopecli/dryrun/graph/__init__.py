"""The graph under construction, and what is open on it.

Its modules know each other, because TensorFlow's classes do: a tensor has its graph, a graph makes
its nodes, and `graph.as_default()` makes it the one that `tf.get_default_graph()` gives.
"""
