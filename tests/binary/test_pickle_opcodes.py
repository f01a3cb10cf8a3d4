"""The walk over pickles: the values of Python's own, symbols for the rest, and nothing run."""

from __future__ import annotations

import collections
import pickle
import pickletools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary import pickle_opcodes, pickle_views
from scopecli.binary.pickle_machine import CutShortError
from scopecli.binary.pickle_opcodes import walk
from scopecli.binary.pickle_values import Global, Object, Persistent
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=[]))
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(_SCALARS, inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def said_of(data: bytes) -> str:
    """The error that a walk ends with; empty where it ends well."""
    try:
        walk(data, "x")
    except ScopecliError as error:
        return str(error)
    return ""


@given(_VALUES, st.integers(0, 5))
def test_plain_values_are_pythons_own(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    found = walk(data, "x")
    assert found.value == value
    assert found.end == len(data)
    assert found.imports == ()


@given(st.binary(), st.integers(3, 5))
def test_bytes(value: bytes, protocol: int) -> None:
    assert walk(pickle.dumps(value, protocol), "x").value == value


def test_sets_are_lists_and_shared_objects_are_shared() -> None:
    inner: list[object] = []
    found = walk(pickle.dumps([inner, inner, {1, 2}, frozenset([3])], 4), "x").value
    assert isinstance(found, list)
    assert found[0] is found[1]
    assert found[2:] == [[1, 2], [3]]


def test_a_list_in_itself() -> None:
    value: list[object] = []
    value.append(value)
    found = walk(pickle.dumps(value), "x").value
    assert isinstance(found, list)
    assert found[0] is found


@pytest.mark.parametrize("protocol", range(6))
def test_objects_are_symbols(protocol: int) -> None:
    value = collections.OrderedDict(a=1)
    found = walk(pickle.dumps(value, protocol), "x")
    assert isinstance(found.value, Object)
    assert isinstance(found.value.function, Global)
    assert found.value.function.path == "collections.OrderedDict"
    assert found.value.entries == {"a": 1}
    assert [one.path for one in found.imports] == ["collections.OrderedDict"]
    assert "OrderedDict" in repr(found.value)


def view(*shape: bytes, key: bytes = b"X\1\0\0\0" + b"7") -> bytes:
    """What `torch.save` writes for one view, with a class and a tag in the memo."""
    start = b"\x80\x02ctorch\nFloatStorage\nq\x00X\x07\0\0\0storageq\x01ccollections\nD\nq\x02"
    tuples = b"".join(one + b"q" + bytes([10 + n]) for n, one in enumerate(shape))
    storage = b"((h\x01h\x00" + key + b"q\x03h\x01K\x04tq\x04Q"
    return start + b"cm\nv\n" + storage + b"M\x01\x02" + tuples + b"\x89h\x02)Rq\x05tq\x06Rq\x07."


@pytest.mark.parametrize(
    ("shape", "numbers"),
    [
        (b"K\x03\x85", (3,)),
        (b"K\x03J\xff\xff\xff\xff\x86", (3, -1)),
        (b"M\x03\x01K\x28K\x4b\x87", (259, 40, 75)),
        (b"(K\x01K\x02K\x03K\x04t", (1, 2, 3, 4)),
    ],
)
def test_views_are_walked_over_at_once(
    monkeypatch: pytest.MonkeyPatch, shape: bytes, numbers: tuple[int, ...]
) -> None:
    """And give the same as one operation after the other."""
    found = [walk(view(shape, shape), "x")]
    monkeypatch.setattr(pickle_views, "_FIND", lambda *_: None)
    found.append(walk(view(shape, shape), "x"))
    for one in found:
        assert isinstance(one.value, Object)
        storage, offset, size, steps, flag, hooks = one.value.arguments
        assert isinstance(storage, Persistent)
        assert isinstance(storage.id, tuple)
        assert (storage.id[0], *storage.id[2:]) == ("storage", "7", "storage", 4)
        assert (offset, size, steps, flag) == (513, numbers, numbers, False)
        assert isinstance(hooks, Object)
        assert one.kept_outside == [storage]
        assert [each.path for each in one.imports] == ["torch.FloatStorage", "collections.D", "m.v"]


def test_a_key_that_says_another_length() -> None:
    """As long as it says, it ends somewhere else, and other operations follow."""
    data = view(b"K\1\x85", b"K\1\x85", key=b"X\2\0\0\0" + b"7")
    with pytest.raises(DamagedFileError, match="unknown operation 0x03"):
        walk(data, "x")


def test_every_operation_is_known() -> None:
    for operation in pickletools.opcodes:
        code = operation.code.encode("latin-1")
        assert "unknown operation" not in said_of(code + b"N" * 16), operation.name


@pytest.mark.parametrize(
    ("data", "imports"),
    [
        (b"cposix\nsystem\n(S'touch ran'\ntR.", ["posix.system"]),
        (b"(S'touch ran'\niposix\nsystem\n.", ["posix.system"]),
        (b"(cposix\nsystem\nS'touch ran'\no.", ["posix.system"]),
        (b"\x80\x02cposix\nsystem\nX\x09\0\0\0touch ran\x85\x81.", ["posix.system"]),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x09touch ran\x85R.", ["posix.system"]),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93)}\x92.", ["posix.system"]),
        (b'cbuiltins\neval\n(S\'open("ran", "w")\'\ntR.', ["builtins.eval"]),
        (b"\x80\x02\x82\x07.", ["copyreg.extension 7"]),
        (b"\x80\x04\x8c\x02os(cstr\njoin\n)Rt\x93.", ["str.join", "?.?"]),
    ],
)
def test_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, imports: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [one.path for one in walk(data, "x").imports] == imports
    assert list(tmp_path.iterdir()) == []


def test_state_and_what_is_kept_outside() -> None:
    found = walk(b"\x80\x02cm\nC\n)\x81(K\x01Qtb.", "x")
    assert isinstance(found.value, Object)
    assert len(found.kept_outside) == 1
    assert found.value.state == (found.kept_outside[0],)
    assert isinstance(found.kept_outside[0], Persistent)
    assert found.kept_outside[0].id == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\x80\x02",
        b"X\xff\xff\xff\xff",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"I12",
        b"cposix",
        b"cposix\nsystem",
        b"\x95\0\0",
        b"K",
        b"J\0",
        b"Nr\0",
    ],
)
def test_cut_short(data: bytes) -> None:
    with pytest.raises(CutShortError, match="in the middle of a pickle"):
        walk(data, "x")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"..", "more from its stack"),
        (b"R.", "more from its stack"),
        (b"N\x86.", "more from its stack"),
        (b"t.", "more from its stack"),
        (b"h\x05.", "without a meaning"),
        (b"\xff.", "unknown operation 0xff"),
        (b"\x80\x09.", "of protocol 9"),
        (b"Iabc\n.", "without a meaning"),
        (b"I" + b"1" * 2000 + b"\n.", "without a meaning"),
        (b"\x8b\x00\x01\0\0" + b"1" * 256 + b".", "without a meaning"),
        (b"Sabc\n.", "without a meaning"),
        (b"X\x01\0\0\0\xff.", "without a meaning"),
        (b"N(NNu.", "puts entries into what is no dictionary"),
        (b"}(Nu.", "puts entries into what is no dictionary"),
        (b"N(Ne.", "appends to what is no list"),
    ],
)
def test_damaged(data: bytes, words: str) -> None:
    with pytest.raises(DamagedFileError, match=words):
        walk(data, "x")


def test_deep_nesting_needs_no_recursion() -> None:
    depth = 100_000
    assert walk(b"]" * depth + b"a" * (depth - 1) + b".", "x").value
    assert walk(b")" + b"\x85" * depth + b".", "x").value
    assert walk(b"}N" + b"\x85" * depth + b"Ns.", "x").value  # as a key, it is not hashed


def test_too_many_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_opcodes, "_MOST_OPERATIONS", 100)
    with pytest.raises(UnsupportedError, match="more than 100 operations"):
        walk(b"N0" * 60 + b".", "x")


@given(st.binary(max_size=60), st.booleans())
def test_whatever_the_bytes(data: bytes, with_start: bool) -> None:
    start = b"\x80\x02]q\0(h\0cm\nC\n)R" if with_start else b""
    assert "\n" not in said_of(start + data + b".")
