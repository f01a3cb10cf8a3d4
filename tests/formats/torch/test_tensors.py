"""Tensors out of symbols, where a file put together by hand would be long."""

from __future__ import annotations

from struct import Struct

import pytest

from scopecli.binary.pickle.values import Form, Global, Object, View
from scopecli.errors import DamagedFileError
from scopecli.formats.torch.tensors import tensor

SYMBOLS = (
    Global("torch._utils", "_rebuild_tensor_v2"),
    "storage",
    Global("torch", "FloatStorage"),
    "cpu",
    Global("collections", "OrderedDict"),
)
VIEW = View(Form(lambda _memo: None, SYMBOLS, (2, 0), ((2,), (1,)), False, Struct("<")), "0")


def sparse(*parts: object) -> Object:
    layout = Object(Global("torch.serialization", "_get_layout"), ("torch.sparse_coo",))
    return Object(Global("torch._utils", "_rebuild_sparse_tensor"), (layout, parts))


def test_a_sparse_tensor_has_the_size_that_it_says() -> None:
    found = tensor(sparse(VIEW, VIEW, Object(Global("torch", "Size"), ((3,),))))
    assert found is not None
    assert (found.tensor.shape, found.tensor.layout) == ((3,), "sparse_coo")


@pytest.mark.parametrize("size", [[], [(3,)]])
def test_a_sparse_tensor_without_a_size_is_damaged(size: list[object]) -> None:
    with pytest.raises(DamagedFileError, match="not a sparse tensor"):
        tensor(sparse(VIEW, VIEW, *size))
