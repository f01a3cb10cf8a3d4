"""`tf.distributions`."""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "distributions.base": "Distribution ReparameterizationType FULLY_REPARAMETERIZED"
    " NOT_REPARAMETERIZED",
    "distributions.of_numbers": "Normal Laplace Uniform",
    "distributions.of_positive_numbers": "Gamma Exponential Beta Dirichlet",
    "distributions.of_classes": "Bernoulli Categorical Multinomial",
    "distributions.divergence": "RegisterKL kl_divergence",
}
__getattr__ = attributes(__name__, _MODULES)
