"""What changed between two models."""

from __future__ import annotations

import numpy as np
import pytest

from scopecli.analysis.compare.collections import CollectionChange
from scopecli.analysis.compare.tensors import Tolerance
from scopecli.analysis.diff import (
    Change,
    Diff,
    DiffOptions,
    bytes_to_read,
    compare_values,
    diff,
    identities,
    narrowed,
)
from scopecli.analysis.select import Selection
from scopecli.errors import UnknownNameError
from scopecli.model.collection import Collection
from scopecli.model.model import Model
from scopecli.model.variable import Checksum, StoredAt, Variable
from tests.analysis.models import Memory, model, var


def statuses(found: Diff) -> list[tuple[str, str | None, str | None]]:
    return [(entry.status, entry.a, entry.b) for entry in found.entries]


def checked(name: str, crc: int, kind: str = "crc32c-masked") -> Variable:
    return var(name, storage=StoredAt("data", 0, 24, Checksum(kind, crc)))


def holding(**values: object) -> Model:
    arrays = {name: np.asarray(value, np.float32) for name, value in values.items()}
    variables = [
        Variable(name, name, array.shape, "float32", array.nbytes) for name, array in arrays.items()
    ]
    return Model("m", "hdf5", variables, tensors=Memory(arrays))


def test_the_same_is_the_same() -> None:
    found = diff(model("a", "b"), model("b", "a"))
    assert statuses(found) == [("same", "a", "a"), ("same", "b", "b")]
    assert not found.differs
    assert found.unknown_values == 2


def test_added_and_removed() -> None:
    found = diff(model("a", "bc"), model("a", "xyz"))
    assert statuses(found) == [("same", "a", "a"), ("removed", "bc", None), ("added", None, "xyz")]
    assert found.differs
    assert found.summary == {
        "same": 1, "added": 1, "removed": 1, "renamed": 0, "changed": 0, "values": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (var("a", (2,)), var("a", (3,)), Change("shape", (2,), (3,))),
        (var("a"), var("a", dtype="float16"), Change("dtype", "float32", "float16")),
        (var("a"), var("a", kind="slot"), Change("kind", "variable", "slot")),
        (var("a", trainable=True), var("a", trainable=False), Change("trainable", True, False)),
    ],
)
def test_a_property_that_changed(old: Variable, new: Variable, change: Change) -> None:
    (entry,) = diff(model(old), model(new)).entries
    assert (entry.status, entry.changes) == ("changed", (change,))


def test_a_file_that_does_not_say_what_is_trainable_contradicts_nothing() -> None:
    assert not diff(model(var("a", trainable=True)), model("a")).differs


def test_a_transposed_shape_is_named() -> None:
    (entry,) = diff(model(var("a", (2, 3))), model(var("a", (3, 2)))).entries
    assert entry.layout is not None
    assert entry.layout.axes == (1, 0)


def test_collections_of_a_variable() -> None:
    old = model("a", collections={"variables": Collection("variables", "variables", ("a",))})
    new = model("a", collections={"locals": Collection("locals", "variables", ("a",))})
    (entry,) = diff(old, new).entries
    assert entry.changes == (Change("collections", ("variables",), ("locals",)),)
    assert not diff(old, model("a")).differs  # the other has no collections at all


def test_collections_of_operations() -> None:
    old = model("a", collections={"update_ops": Collection("update_ops", "nodes", ("x", "y"))})
    new = model("a", collections={"update_ops": Collection("update_ops", "nodes", ("y", "z"))})
    found = diff(old, new)
    assert found.collections == (CollectionChange("update_ops", ("z",), ("x",)),)
    assert found.differs


def test_a_rename_keeps_what_changed_besides() -> None:
    found = diff(
        model(*(var(f"a/{n}", (n, 2)) for n in range(3))),
        model(*(var(f"b/{n}", (n, 2), dtype="float16") for n in range(3))),
    )
    assert {entry.status for entry in found.entries} == {"renamed"}
    assert found.renamed == {f"a/{n}": f"b/{n}" for n in range(3)}
    assert found.entries[0].changes == (Change("dtype", "float32", "float16"),)


def test_without_renames() -> None:
    options = DiffOptions(renames=False)
    found = diff(model("a/x", "a/y"), model("b/x", "b/y"), options)
    assert found.summary["renamed"] == 0
    assert found.summary["added"] == 2


def test_stored_checksums_tell_about_values() -> None:
    found = diff(model(checked("a", 1), checked("b", 2)), model(checked("a", 1), checked("b", 3)))
    assert statuses(found) == [("same", "a", "a"), ("values", "b", "b")]
    assert found.unknown_values == 0


def test_checksums_of_two_kinds_tell_nothing() -> None:
    found = diff(model(checked("a", 1)), model(checked("a", 1, "crc32")))
    assert statuses(found) == [("same", "a", "a")]
    assert found.unknown_values == 1


def test_by_key() -> None:
    old = model(var("k1")._replace(name="w"), var("k2")._replace(name="v"))
    new = model(var("k1")._replace(name="other"), var("k2")._replace(name="v"))
    found = diff(old, new, DiffOptions(by="key"))
    assert statuses(found) == [("same", "k1", "k1"), ("same", "k2", "k2")]


def test_a_name_that_several_have_is_no_identity() -> None:
    twice = model(
        var("k1", attributes={"path": "m/a"})._replace(name="w"),
        var("k2", attributes={"path": "m/b"})._replace(name="w"),
        var("k3")._replace(name="v"),
    )
    assert list(identities(twice, "name")) == ["m/a", "m/b", "v"]
    assert not diff(twice, twice).differs


def test_names_and_paths_that_several_have_fall_back_to_the_key() -> None:
    twice = model(var("k1")._replace(name="w"), var("k2")._replace(name="w"))
    assert list(identities(twice, "name")) == ["k1", "k2"]


def test_a_selection_holds_for_either_side() -> None:
    old, new = model("a/x", "c/x"), model("a/x", "b/new", "c/xyz")
    found = diff(old, new, DiffOptions(selection=Selection(scope="b")))
    assert statuses(found) == [("added", None, "b/new")]


def test_a_selection_that_neither_has() -> None:
    with pytest.raises(UnknownNameError, match="no scope"):
        diff(model("a/x"), model("a/x"), DiffOptions(selection=Selection(scope="b")))


def test_only_some_statuses() -> None:
    found = narrowed(diff(model("a", "bc"), model("a", "xyz")), ["added"])
    assert statuses(found) == [("added", None, "xyz")]
    assert found.summary["removed"] == 0


def test_values_that_were_read() -> None:
    old, new = holding(a=[1, 2], b=[1, 2], c=[1]), holding(a=[1, 2], b=[1, 3], c=[1, 2])
    found = diff(old, new)
    assert bytes_to_read(found) == 4 * 8  # c has another shape
    compared = compare_values(found, Tolerance())
    assert [entry.status for entry in compared.entries] == ["same", "values", "changed"]
    assert compared.entries[1].values.difference is not None
    assert compared.entries[1].values.difference.differing == 1


def test_a_tolerance_makes_values_equal() -> None:
    found = diff(holding(a=[1.0, 2.0]), holding(a=[1.0, 2.1]))
    assert compare_values(found, Tolerance(atol=0.2)).entries[0].status == "same"
    assert compare_values(found, Tolerance(atol=0.01)).entries[0].status == "values"


def test_equal_checksums_need_no_reading() -> None:
    found = diff(model(checked("a", 1)), model(checked("a", 1)))
    assert bytes_to_read(found) == 0
    assert compare_values(found, Tolerance()).entries == found.entries


def test_values_that_cannot_be_read_say_why() -> None:
    (entry,) = compare_values(diff(model("a"), model("a")), Tolerance()).entries
    assert entry.status == "same"
    assert "has no values" in entry.values.problem
