"""The walk over pickles: the values of Python's own, symbols for the rest, and nothing run."""

from __future__ import annotations

import collections
import pickle
import pickletools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.pickle import opcodes, views
from scopecli.binary.pickle.machine import CutShortError
from scopecli.binary.pickle.opcodes import walk
from scopecli.binary.pickle.values import Global, Object, Persistent, View
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


REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def put(number: int) -> bytes:
    return b"r" + number.to_bytes(4, "little")


def view(*shape: bytes, key: bytes = b"X\1\0\0\0" + b"7", function: bytes = REBUILD) -> bytes:
    """What `torch.save` writes for one view, with a class and a tag in the memo, and its parts."""
    start = b"\x80\x02ctorch\nFloatStorage\nq\x00X\x07\0\0\0storageq\x01ccollections\nD\nq\x02"
    start += function + b"q\x08"
    tuples = b"".join(one + put(10 + n) for n, one in enumerate(shape))
    storage = b"((h\x01h\x00" + key + put(3) + b"h\x01K\x04t" + put(4) + b"Q"
    call = (
        b"h\x08" + storage + b"M\x01\x02" + tuples + b"\x89h\x02)R" + put(5) + b"t" + put(6) + b"R"
    )
    parts = b"".join(b"h" + bytes([number]) for number in (3, 4, 10, 11, 5, 6))
    return start + b"(" + call + put(7) + parts + b"h\x07t."


def told(value: object) -> object:
    """A value out of a pickle, by what it is made of."""
    if isinstance(value, View):
        form = value.form
        hooks = Object(form.hooks, ())
        storage = Persistent(value.id)
        return told((storage, form.offset, form.shape, form.strides, form.flag, hooks))
    if isinstance(value, tuple):
        return tuple(map(told, value))
    if isinstance(value, Object):
        return told(value.arguments) if value.arguments else (told(value.function),)
    if isinstance(value, Persistent):
        return told(value.id)
    return value.path if isinstance(value, Global) else value


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
    """And give the same as one operation after the other, and so does what the memo has of them."""
    quick = walk(view(shape, shape), "x")
    monkeypatch.setattr(views, "_FIND", lambda *_: None)
    slow = walk(view(shape, shape), "x")
    assert isinstance(quick.value, tuple)
    assert isinstance(slow.value, tuple)
    assert isinstance(quick.value[0], View)
    assert isinstance(slow.value[0], Object)
    assert quick.value[0] is quick.value[-1]
    identifier = ("storage", "torch.FloatStorage", "7", "storage", 4)
    arguments = (identifier, 513, numbers, numbers, False, ("collections.D",))
    parts = ("7", identifier, numbers, numbers, ("collections.D",), arguments)
    for found in (quick, slow):
        assert told(found.value) == (arguments, *parts, arguments)
        assert [told(one.id) for one in found.kept_outside] == [identifier]
        assert [each.path for each in found.imports] == [
            "torch.FloatStorage",
            "collections.D",
            "torch._utils._rebuild_tensor_v2",
        ]


def entries(*names: bytes, number: int = 0x100) -> bytes:
    """A dictionary of views, each under a name, with numbers in the memo from one on."""
    start, one = view(b"K\3\x85", b"K\1\x85").split(b"(h\x08", 1)
    call = b"h\x08" + one[: one.index(put(7))]
    old = [put(place) for place in (3, 4, 10, 11, 5, 6)]
    made = start + b"}("
    for name in names:
        tensor = call
        for step, operation in enumerate(old, 1):
            tensor = tensor.replace(operation, put(number + step))
        made += b"X" + len(name).to_bytes(4, "little") + name + put(number)
        made += tensor + put(number + 7)
        number += 8
    return made + b"u"


def took(number: int) -> bytes:
    return b"j" + number.to_bytes(4, "little")


def outcome(data: bytes) -> object:
    """What a pickle holds, names and takes, or what is wrong with it."""
    try:
        found = walk(data, "x")
    except DamagedFileError as error:
        return str(error)
    assert isinstance(found.value, dict)
    kept = [told(one.id) for one in found.kept_outside]
    return [*map(told, found.value)], [*map(told, found.value.values())], kept, found.end


ITEM = b"X\1\0\0\0c"
ENTRIES = entries(b"a.weight", b"a.bias", b"", "\u00fc".encode(), b"b" * 300)


@pytest.mark.parametrize(
    "data",
    [
        ENTRIES + b".",
        *(ENTRIES[:length] for length in range(len(ENTRIES) - 1000, len(ENTRIES), 7)),
        ENTRIES.replace(b"a.bias", b"a.b\xffas") + b".",  # no text
        ENTRIES.replace(b"\x08\0\0\0a.w", b"\x09\0\0\0a.w") + b".",  # of another length
        ENTRIES.replace(put(0x108), put(8)) + b".",  # in the place of the function
        ENTRIES.replace(put(0x108), b"") + b".",
        ENTRIES.replace(put(0x10F), put(8)) + b".",  # a tensor in the place of the function
        ENTRIES.replace(put(0x10F), b"") + b".",
        ENTRIES.replace(put(0x108), put(0x108) + b"0h\x02") + b".",  # a tensor without a name
        ENTRIES.replace(put(0x108) + b"h\x08", put(0x108) + b"h\x00") + b".",  # another function
        ENTRIES.replace(put(0x108) + b"h\x08", put(0x108) + b"h\x7f") + b".",  # none
        ENTRIES[:-1] + ITEM + took(0x107) + ITEM + took(0x103) + b"u.",  # again, and a part
        ENTRIES[:-1]
        + put(0x103)
        + ITEM
        + took(0x103)
        + ITEM
        + took(0x104)
        + b"u.",  # another by now
        ENTRIES.replace(put(0x10B), put(0x102)) + ITEM + took(0x102) + b"s.",
        ENTRIES.replace(put(0x10A), put(0x10B)) + ITEM + took(0x10B) + b"s.",
        ENTRIES
        + b"N\x940"
        + ITEM
        + b"h"
        + bytes([4 + 5 * 8])
        + b"s.",  # counts what is in the memo
        ENTRIES.replace(put(0x118), put(0x11A)) + ITEM + took(0x11A) + b"s.",
        put(0xFFFFFFFF).join([ENTRIES[:2] + b"N", b"0" + ENTRIES[2:]]) + ITEM + took(0x103) + b"s.",
    ],
)
def test_names_are_walked_over_with_their_views(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    quick = outcome(data)
    monkeypatch.setattr(views, "_FIND", lambda *_: None)
    assert quick == outcome(data)


def test_another_call_with_such_arguments_is_a_call() -> None:
    found = walk(view(b"K\3\x85", b"K\1\x85", function=b"cposix\nsystem\n"), "x").value
    assert isinstance(found, tuple)
    assert isinstance(found[0], Object)
    assert isinstance(found[0].function, Global)
    assert found[0].function.path == "posix.system"


def test_a_view_whose_class_is_another_one_by_now() -> None:
    """What the memo has under a number may change, so views that look alike may differ."""
    one = view(b"K\3\x85", b"K\1\x85")[:-1]
    again = b"ctorch\nIntStorage\nq\x00" + one[one.index(b"h\x08((") : one.index(put(7))]
    found = walk(one + again + b"\x86.", "x")
    assert [told(one.id)[1] for one in found.kept_outside] == [  # type: ignore[index]
        "torch.FloatStorage",
        "torch.IntStorage",
    ]


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
    monkeypatch.setattr(opcodes, "_MOST_OPERATIONS", 100)
    with pytest.raises(UnsupportedError, match="more than 100 operations"):
        walk(b"N0" * 60 + b".", "x")


@given(st.binary(max_size=60), st.booleans())
def test_whatever_the_bytes(data: bytes, with_start: bool) -> None:
    start = b"\x80\x02]q\0(h\0cm\nC\n)R" if with_start else b""
    assert "\n" not in said_of(start + data + b".")
