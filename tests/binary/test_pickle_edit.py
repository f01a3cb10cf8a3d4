"""Pickles with other keys, or fewer entries: everything else is what it was, for Python too."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecli.binary.pickle_edit import Trace
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
