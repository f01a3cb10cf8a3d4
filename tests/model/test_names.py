"""Splitting, ordering and escaping names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.model.names import (
    leaf_of,
    natural_key,
    nearest,
    numbered,
    printable,
    ranges,
    scope_of,
)


@pytest.mark.parametrize(
    ("path", "separator", "scope", "leaf"),
    [
        ("dense/kernel", "/", "dense", "kernel"),
        ("a/b/c", "/", "a/b", "c"),
        ("kernel", "/", "", "kernel"),
        ("", "/", "", ""),
        ("/kernel", "/", "", "kernel"),
        ("dense/", "/", "dense", ""),
        ("layer.0.weight", ".", "layer.0", "weight"),
        ("a/b", ".", "", "a/b"),
    ],
)
def test_scope_and_leaf(path: str, separator: str, scope: str, leaf: str) -> None:
    assert (scope_of(path, separator), leaf_of(path, separator)) == (scope, leaf)


@pytest.mark.parametrize(
    "names",
    [
        ["layer_1", "layer_2", "layer_10"],
        ["a", "a1", "a1b", "a2", "b"],
        ["1", "2", "10", "a"],
        ["block_2/conv_9", "block_2/conv_10", "block_10/conv_1"],
        ["", "a"],
    ],
)
def test_natural_order(names: list[str]) -> None:
    mixed = names[::-1]
    assert sorted(mixed, key=natural_key) == names


@given(st.lists(st.text(), min_size=2))
def test_natural_keys_of_any_names_can_be_compared(names: list[str]) -> None:
    ordered = sorted(names, key=natural_key)
    assert sorted(ordered) == sorted(names)


@given(st.text(max_size=40), st.text(max_size=40))
def test_natural_keys_tell_names_apart(a: str, b: str) -> None:
    assert (natural_key(a) == natural_key(b)) == (a == b)


def test_a_very_long_name_is_ordered_quickly_and_as_text() -> None:
    assert natural_key("1" * 100_000) == (("1" * 100_000, -1, ""),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("layer_7", ("layer_", 7, "")),
        ("7", ("", 7, "")),
        ("conv2d_12_bn", ("conv2d_", 12, "_bn")),
        ("layer_0", ("layer_", 0, "")),
        ("layer_01", None),
        ("kernel", None),
        ("", None),
        ("n" + "9" * 19, None),
        ("n" + "9" * 18, ("n", 10**18 - 1, "")),
        ("x\u0663", None),  # a digit, but not one that a program writes
    ],
)
def test_numbered(name: str, expected: tuple[str, int, str] | None) -> None:
    assert numbered(name) == expected


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0, 1, 2, 3], "0-3"),
        ([5], "5"),
        ([0, 1, 3, 5, 6], "0-1,3,5-6"),
        ([], ""),
        ([2, 4], "2,4"),
    ],
)
def test_ranges(numbers: list[int], expected: str) -> None:
    assert ranges(numbers) == expected


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("generator/h9/w", ["generator/h0/w", "discriminator/b"], ["generator/h0/w"]),
        ("kernel", ["a/kernel", "b/bias"], ["a/kernel"]),
        ("zzz", ["a", "b"], []),
        ("", ["a"], []),
        ("dense", ["dense", "dense"], ["dense"]),
        ("emb", ["net/emb/w", "net/embs", "net/emb"], ["net/emb", "net/emb/w", "net/embs"]),
        ("w", ["net.wide", "net.w"], ["net.w", "net.wide"]),
    ],
)
def test_nearest(name: str, known: list[str], expected: list[str]) -> None:
    assert nearest(name, known) == expected


def test_nearest_among_very_many_names_with_dots() -> None:
    known = [f"layer.{n}.weight" for n in range(25_000)] + ["odd.bias"]
    assert nearest("other.bias", known) == ["odd.bias"]


def test_nearest_among_very_many() -> None:
    known = [f"layer_{i}/kernel" for i in range(30_000)] + ["odd/bias"]
    assert nearest("other/bias", known) == ["odd/bias"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dense/kernel", "dense/kernel"),
        ("größe/核", "größe/核"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("\ufeffw\u200b\u2060\xad", "\\ufeffw\\u200b\\u2060\\xad"),
        ("\u200f\u200e\u061c", "\\u200f\\u200e\\u061c"),
        ("w\u3164\ufe0f\u115f", "w\\u3164\\ufe0f\\u115f"),
        ("w\U000e0041", "w\\U000e0041"),
        ("\U0001f600", "\U0001f600"),
        ("line\u2028end\u2029", "line\\u2028end\\u2029"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("[red]x[/red]", "[red]x[/red]"),
    ],
)
def test_printable(name: str, expected: str) -> None:
    assert printable(name) == expected


@given(st.text(st.characters(codec=None)))
def test_printable_is_one_line_without_control_characters(name: str) -> None:
    shown = printable(name)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    shown.encode("utf-8")
