"""`tf.metrics`: sums over many batches, in local variables."""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "metrics.means": "mean accuracy mean_squared_error mean_absolute_error root_mean_squared_error"
    " mean_tensor mean_cosine_distance mean_relative_error percentage_below",
    "metrics.counts": "true_positives false_positives false_negatives true_negatives precision"
    " recall",
    "metrics.thresholds": "auc true_positives_at_thresholds false_positives_at_thresholds"
    " false_negatives_at_thresholds true_negatives_at_thresholds precision_at_thresholds"
    " recall_at_thresholds sensitivity_at_specificity specificity_at_sensitivity",
    "metrics.classes": "mean_iou mean_per_class_accuracy",
    "metrics.top": "recall_at_k recall_at_top_k precision_at_k precision_at_top_k"
    " sparse_precision_at_k average_precision_at_k sparse_average_precision_at_k",
}
__getattr__ = attributes(__name__, _MODULES)
