"""Pickles with other keys, or fewer entries: everything else is what it was, for Python too."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecli.binary.pickle.edit import Trace
from scopecli.binary.pickle.opcodes import walk
from scopecli.binary.pickle.values import Object, Persistent, View
from scopecli.errors import DamagedFileError, UnsupportedError

SHARED = "a text that is a key in two places"
PROTOCOLS = range(6)

_KEYS = st.text(max_size=3) | st.integers(0, 3)
_VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner) | st.tuples(inner, inner),
    max_leaves=12,
)


def sample() -> dict[str, Any]:
    value: dict[str, Any] = {
        "first": OrderedDict([(SHARED, (1, 2)), ("b", ("c", "b"))]),
        "second": {SHARED: 5, "x" * 300: 2.5, "list": [SHARED, "b"]},
        "third": (SHARED, b"bytes"),
        "fourth": OrderedDict(),
    }
    value["again"] = value["first"]["b"]
    return value


def trace_of(value: object, protocol: int) -> Trace:
    return Trace(pickle.dumps(value, protocol), "x")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_to_change(protocol: int) -> None:
    data = pickle.dumps(sample(), protocol)
    edited = Trace(data, "x").edited({}, [])
    assert pickle.loads(edited) == sample()
    if protocol < 4:  # the first with frames, and values that are counted
        assert edited == data
    assert Trace(data + b"behind", "x").edited({}, []).endswith(b".behind")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_key_that_is_a_text_elsewhere_too(protocol: int, which: int) -> None:
    """The first of them defines it for the others, which may take it from there."""
    trace = trace_of(sample(), protocol)
    entries = [entry for entry in trace.entries if entry.key == SHARED]
    assert len(entries) == 2
    assert all(map(trace.is_text, entries))
    chosen = entries if which == 2 else [entries[which]]
    found = pickle.loads(trace.edited({entry.first: "neu ü" for entry in chosen}, []))
    first, second = ("neu ü" if entry in chosen else SHARED for entry in entries)
    expected = sample()
    expected["first"] = OrderedDict([(first, (1, 2)), ("b", ("c", "b"))])
    expected["second"] = {second: 5, "x" * 300: 2.5, "list": [SHARED, "b"]}
    assert found == expected
    assert list(found["second"]) == list(expected["second"])
    assert type(found["first"]) is OrderedDict


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "keys", [["first"], ["second"], ["b"], [SHARED], ["first", "again"], ["third", "fourth"], []]
)
def test_dropped_entries(protocol: int, keys: list[str]) -> None:
    """Of what they put into the memo, the first use that is left becomes the definition."""
    trace = trace_of(sample(), protocol)
    found = pickle.loads(trace.edited({}, [e for e in trace.entries if e.key in keys]))
    expected = {key: value for key, value in sample().items() if key not in keys}
    for key in {"first", "second"} & set(expected):
        kept = [(k, v) for k, v in expected[key].items() if k not in keys]
        expected[key] = type(expected[key])(kept)
    assert found == expected
    assert list(found) == list(expected)


@settings(max_examples=30)
@given(_VALUES, st.integers(0, 5))
def test_any_entry(value: object, protocol: int) -> None:
    """Texts are immutable, so whatever is dropped, what stays is the same."""
    outer = {"kept": "k", "value": value, "last": [value, "value", "kept"]}
    trace = trace_of(outer, protocol)
    (entry,) = (e for e in trace.entries if e.target is trace.value and e.key == "value")
    renamed = pickle.loads(trace.edited({entry.first: "new"}, []))
    assert renamed == {"kept": "k", "new": value, "last": [value, "value", "kept"]}
    try:
        dropped = pickle.loads(trace.edited({}, [entry]))
    except UnsupportedError:
        return  # a container that stays elsewhere
    assert dropped == {"kept": "k", "last": [value, "value", "kept"]}


def test_a_container_that_stays_elsewhere_is_not_dropped() -> None:
    inner = [1, 2]
    trace = trace_of({"a": inner, "b": inner}, 2)
    first, second = trace.entries
    with pytest.raises(UnsupportedError, match="shares what it holds with an entry that stays"):
        trace.edited({}, [first])
    assert pickle.loads(trace.edited({}, [second])) == {"a": inner}
    assert pickle.loads(trace.edited({}, [first, second])) == {}


def test_one_entry_at_a_time() -> None:
    data = b"\x80\x02}q\x00X\x01\0\0\0aK\x01sX\x01\0\0\0bK\x02s."
    trace = Trace(data, "x")
    assert [entry.key for entry in trace.entries] == ["a", "b"]
    assert pickle.loads(trace.edited({}, [trace.entries[0]])) == {"b": 2}
    assert pickle.loads(trace.edited({trace.entries[1].first: "c"}, [])) == {"a": 1, "c": 2}


def tensors(*keys: bytes) -> bytes:
    """A dictionary as `torch.save` writes it, of a tensor for each key; the first defines names."""
    pickled = b"\x80\x02}q\x00("
    for number, key in enumerate(keys):
        put = [b"r" + (100 * number + n).to_bytes(4, "little") for n in range(100, 107)]
        made = b"h\x01" if number else b"ctorch._utils\n_rebuild_tensor_v2\nq\x01"
        tag = b"h\x02" if number else b"X\x07\0\0\0storageq\x02"
        kind = b"h\x03" if number else b"ctorch\nFloatStorage\nq\x03"
        device = b"h\x04" if number else b"X\x03\0\0\0cpuq\x04"
        hooks = b"h\x05" if number else b"ccollections\nOrderedDict\nq\x05"
        size = b"K\x03\x85", b"K\x01\x85"
        pickled += b"X" + len(key).to_bytes(4, "little") + key + put[0] + made
        pickled += b"((" + tag + kind + b"X\1\0\0\0%d" % number + put[1] + device + b"K\x03t"
        pickled += put[2] + b"QK\x00" + size[0] + put[3] + size[1] + put[4] + b"\x89" + hooks
        pickled += b")R" + put[5] + b"t" + put[6] + b"R"
    return pickled + b"u"


def storages_of(data: bytes) -> dict[object, object]:
    """By the keys of tensors, what their storages are."""
    found = walk(data, "x").value
    assert isinstance(found, dict)
    return {key: storage(tensor) for key, tensor in found.items()}


def storage(tensor: object) -> object:
    made = tensor.arguments[0] if isinstance(tensor, Object) else tensor
    assert isinstance(made, Persistent | View)
    assert isinstance(made.id, tuple)
    return made.id[1].path, *made.id[2:]


KEYS = (b"a", b"b", b"c")
STORAGES = {chr(97 + n): ("torch.FloatStorage", str(n), "cpu", 3) for n in range(3)}


@pytest.mark.parametrize("gone", [[], ["a"], ["b"], ["c"], ["a", "b"], ["b", "c"]])
@pytest.mark.parametrize("new", [{}, {"a": "cpu"}, {"b": "storage", "c": "x"}])
def test_tensors_are_one_operation(gone: list[str], new: dict[str, str]) -> None:
    """But where the names that the first defines are dropped with it, the next one defines them."""
    trace = Trace(tensors(*KEYS) + b".", "x")
    dropped = [entry for entry in trace.entries if entry.key in gone]
    renamed = {e.first: new[str(e.key)] for e in trace.entries if e.key in new}
    kept = {new.get(key, key): one for key, one in STORAGES.items() if key not in gone}
    assert storages_of(trace.edited(renamed, dropped)) == kept


@pytest.mark.parametrize(("gone", "left"), [("a", ["b", "c", "tied"]), ("b", ["a", "c", "tied"])])
def test_what_is_inside_of_a_tensor_may_be_used_again(gone: str, left: list[str]) -> None:
    """The key of a storage, as the tensors have it that share one."""
    data = tensors(*KEYS) + b"X\4\0\0\0tiedj" + (201).to_bytes(4, "little") + b"s."
    trace = Trace(data, "x")
    dropped = [entry for entry in trace.entries if entry.key == gone]
    found = walk(trace.edited({}, dropped), "x").value
    assert isinstance(found, dict)
    assert list(found) == left
    assert found["tied"] == "1"


def test_a_text_that_tensors_use_too() -> None:
    """One that is called as where they are: renamed, the others are where they were."""
    data = tensors(*KEYS) + b"h\4K\1s."
    trace = Trace(data, "x")
    edited = trace.edited({trace.entries[-1].first: "gpu"}, [])
    found = walk(edited, "x").value
    assert isinstance(found, dict)
    assert found.pop("gpu") == 1
    assert edited.replace(b"X\3\0\0\0gpu", b"h\4") == data


@pytest.mark.parametrize("again", [b"q\x01", b"r\xc8\0\0\0", b"h\0p1\n"])
def test_a_place_in_the_memo_that_is_used_twice(again: bytes) -> None:
    """No program writes such: which of the two is meant would depend on what is dropped."""
    with pytest.raises(UnsupportedError, match="puts two into one place"):
        Trace(tensors(*KEYS) + again + b".", "x")


def test_numbers_are_no_texts() -> None:
    trace = trace_of({5: 1, (1, 2): 2, b"x": 3}, 2)
    assert not any(map(trace.is_text, trace.entries))
    assert pickle.loads(trace.edited({}, trace.entries[:1])) == {(1, 2): 2, b"x": 3}


def test_what_shares_too_much_is_not_looked_through_without_end() -> None:
    """Each of these is twice the one before it, and all are of the first entry."""
    doubled = (b"0h%ch%c\x86q%c" % (n, n, n + 1) for n in range(40))
    chain = b")q\x00" + b"".join(doubled)
    uses = b"".join(b"X\x01\0\0\0%cj(\0\0\0" % (97 + n) for n in range(5))
    trace = Trace(b"\x80\x02}(X\x05\0\0\0first" + chain + uses + b"u.", "x")
    with pytest.raises(UnsupportedError, match="shares"):
        trace.edited({}, [trace.entries[0]])


@pytest.mark.parametrize("data", [b"", b"}X\1\0\0\0a", b"h\1.", b"s.", b"u.", b"N(NNu.", b"p\n."])
def test_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        Trace(data, "x")
