"""Diagonals of matrices and what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import expand_dims, matrix_transpose, squeeze
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.ops.reductions import reduce_sum

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def matrix_diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices with these diagonals."""
    return apply("MatrixDiagV3", diagonal, k, num_rows, num_cols, padding_value, name=name)


def matrix_diag_part(
    input: Any,
    name: str = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """The diagonals of matrices."""
    return apply("MatrixDiagPartV3", input, k, padding_value, name=name)


def matrix_set_diag(
    input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """Matrices with other diagonals."""
    return apply("MatrixSetDiagV3", input, diagonal, k, name=name)


def trace(x: Any, name: str | None = None) -> Any:
    """The sums of the diagonals."""
    with name_scope(name, "Trace") as scope:
        x = convert_to_tensor(x, name="x")
        return reduce_sum(matrix_diag_part(x), [-1], name=scope)


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """What a triangular matrix has to be multiplied with."""
    with name_scope(name, "triangular_solve"):
        return apply("MatrixTriangularSolve", matrix, rhs)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The last two axes exchanged, of complex numbers with the other sign."""
    with name_scope(name, "adjoint", [matrix]):
        return matrix_transpose(convert_to_tensor(matrix, name="matrix"), conjugate=True)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """What a matrix, given as the product of one and its transpose, has to be multiplied with."""
    with name_scope(name, "cholesky_solve", [chol, rhs]):
        half = apply("MatrixTriangularSolve", chol, rhs)
        return apply("MatrixTriangularSolve", chol, half)


def logdet(matrix: Any, name: str | None = None) -> Any:
    """The logarithms of the determinants of positive definite matrices."""
    with name_scope(name, "logdet", [matrix]):
        roots = apply("Log", matrix_diag_part(apply("Cholesky", matrix)))
        return apply("Mul", 2.0, reduce_sum(roots, [-1]), name="mul")


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Matrices times vectors."""
    with name_scope(name, "MatVec", [a, b]):
        column = expand_dims(b, axis=-1)
        found = matmul(a, column, transpose_a=transpose_a, adjoint_a=adjoint_a)
        return squeeze(found, axis=-1)
