"""`tf.feature_column`: how the features of an example become the input of a model."""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "feature_column.numeric": "numeric_column bucketized_column",
    "feature_column.categorical": "categorical_column_with_hash_bucket"
    " categorical_column_with_identity weighted_categorical_column crossed_column",
    "feature_column.vocabulary": "categorical_column_with_vocabulary_list"
    " categorical_column_with_vocabulary_file",
    "feature_column.embedding": "embedding_column shared_embedding_columns indicator_column",
    "feature_column.models": "input_layer linear_model make_parse_example_spec",
}
__getattr__ = attributes(__name__, _MODULES)
