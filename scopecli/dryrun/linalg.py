"""`tf.linalg`: what `tf` has under older names, too."""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "ops.matrices": "trace logdet matvec adjoint cholesky_solve",
    "ops.products": "matmul tensordot",
    "ops.reductions": "norm",
    "ops.einsum": "einsum",
    "ops.filled": "eye",
    "nn.normalization": "l2_normalize",
    "train.gradients": "global_norm",
}
_OLDER = {
    "diag": "matrix_diag",
    "diag_part": "matrix_diag_part",
    "set_diag": "matrix_set_diag",
    "transpose": "matrix_transpose",
    "triangular_solve": "matrix_triangular_solve",
    "tensor_diag": "diag",
    "tensor_diag_part": "diag_part",
    "eigh": "self_adjoint_eig",
}
_names = attributes(__name__, _MODULES)


def __getattr__(name: str) -> object:
    """One of the older functions, a wrapper, or something that is not known."""
    if name in _OLDER:
        from scopecli import dryrun

        return getattr(dryrun, _OLDER[name])
    return _names(name)
