"""Messages changed in place, against the same messages made anew."""

from __future__ import annotations

import pytest

from scopecli.binary.protobuf import wire_edit
from scopecli.binary.protobuf.wire_edit import Choice, Meaning
from scopecli.binary.window import BLOCK, Window
from scopecli.errors import DamagedFileError
from tests.bundles import message

MEANING = Meaning(
    {
        "Tree": {1: "name", 2: "Tree", 3: "entry"},
        "Value": {2: "name"},
    },
    {"entry": Choice(1, lambda key: "Value" if key == b"k" else "")},
    {"name": lambda text: b"longer" * 30 if text == b"a" else text},
)


def tree(name: bytes) -> bytes:
    """A message with a text at each level, and much that nobody knows."""
    inner = message((9, 5), (1, name), (1, b"b"), (1, 7))
    return message(
        (7, b"a"),
        (2, message((2, inner), (1, name), (8, bytes(200)))),
        (3, message((1, b"k"), (2, name))),
        (3, message((2, name), (1, b"k"))),
        (3, message((1, b"other"), (2, b"a"))),
        (2, inner),
        (2, b""),
    )


def edited(data: bytes, whole: int = 0) -> bytes:
    window = Window("", data)
    patches = wire_edit.edits(window, 0, len(data), "Tree", MEANING, whole)
    return b"".join(wire_edit.patched(window, 0, len(data), patches))


@pytest.mark.parametrize("whole", [0, 40, BLOCK])
def test_lengths_grow_with_their_contents(whole: int) -> None:
    assert edited(tree(b"a"), whole) == tree(b"longer" * 30)


def test_what_does_not_change_has_no_patch() -> None:
    data = tree(b"c")
    assert wire_edit.edits(Window("", data), 0, len(data), "Tree", MEANING) == []


def test_a_length_that_is_spelled_longer_than_needed() -> None:
    """It stays where nothing in it changes."""
    assert edited(b"\x12\x84\x80\x00\x0a\x02bb") == b"\x12\x84\x80\x00\x0a\x02bb"
    assert edited(b"\x12\x83\x80\x00\x0a\x01a") == message((2, message((1, b"longer" * 30))))


def test_a_message_in_one_piece_is_one_patch_with_its_length() -> None:
    data = message((2, message((1, b"a"))), (2, message((1, b"b"))), (2, message((1, b"a"))))
    patches = wire_edit.edits(Window("", data), 0, len(data), "Tree", MEANING, BLOCK)
    assert [(first, last) for first, last, _ in patches] == [(1, 5), (11, 15)]
    assert {new for *_, new in patches} == {message((2, message((1, b"longer" * 30))))[1:]}


def test_the_length_around_a_part() -> None:
    inner = message((1, b"a"))
    data = message((5, inner))
    window = Window("", data)
    patches = wire_edit.edits(window, 2, len(data), "Tree", MEANING)
    patches = wire_edit.around(window, 2, len(data), patches) + patches
    changed = b"".join(wire_edit.patched(window, 0, len(data), patches))
    assert changed == message((5, message((1, b"longer" * 30))))
    assert wire_edit.around(window, 2, len(data), []) == []


@pytest.mark.parametrize("whole", [0, BLOCK])
def test_depth_is_bounded(whole: int) -> None:
    data = b""
    for _ in range(200):
        data = message((2, data))
    with pytest.raises(DamagedFileError, match="too deep"):
        edited(data, whole)
