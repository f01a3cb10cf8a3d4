"""Protobuf messages changed in place: what changes is written anew, every other byte stays.

A table says what the fields of each message mean; the walk follows it and gives patches. Unknown
fields, their order and the spelling of what does not change stay as they were written, which
decoding a message and encoding it again would not promise.
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire
from scopecli.binary.protobuf.wire import BYTES, write_varint
from scopecli.binary.window import BLOCK, Window
from scopecli.errors import DamagedFileError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

# First byte, the byte behind the last, and what stands there instead.
Patch = tuple[int, int, bytes]

_MOST_LEVELS = 100  # which protobuf's own readers allow
_LONGEST_PREFIX = 10
_CHUNK = 1 << 20
# A graph repeats the same few attributes in every node: those without a name are looked at once.
_SHORT = 64
_MOST_KNOWN = 4096


class Choice(NamedTuple):
    """A message whose meaning depends on a text in it: an entry of a map on its key.

    Attributes:
        field: number of the text.
        pick: name of the message that it is; empty where nothing in it is to be changed.
    """

    field: int
    pick: Callable[[bytes], str]


class Meaning(NamedTuple):
    """What messages are made of.

    Attributes:
        messages: by name, what the fields are by number: a message, a choice, or a kind of text.
        choices: by name.
        texts: by kind, how a text of it changes; a kind that is not there stays as it is.
    """

    messages: Mapping[str, Mapping[int, str]]
    choices: Mapping[str, Choice]
    texts: Mapping[str, Callable[[bytes], bytes]]


class _Bytes:
    """Bytes in memory, as a window has those of a file."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        return wire.fields(self.data, start, end)

    def read(self, start: int, end: int) -> bytes:
        return self.data[start:end]


class _Level:
    """A message that is being walked.

    Attributes:
        end: where it ends.
        fields: those that are still to come.
        growth: bytes that the patches inside add.
        kinds: what the fields are.
        start: where it starts.
    """

    __slots__ = ("end", "fields", "growth", "kinds", "start")

    def __init__(
        self, source: Window | _Bytes, start: int, end: int, kinds: Mapping[int, str]
    ) -> None:
        self.start = start
        self.end = end
        self.fields = source.fields(start, end)
        self.growth = 0
        self.kinds = kinds


def edits(
    window: Window, start: int, end: int, message: str, meaning: Meaning, whole: int = 0
) -> list[Patch]:
    """The patches of the message between two offsets, in order. Its own length is not in them.

    Args:
        window: the file.
        start: of the message.
        end: of the message.
        message: what it is.
        meaning: of it and of what is inside.
        whole: a message inside of up to so many bytes becomes one patch, which is quicker than one
            for each text.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    walk = _Walk(meaning, min(whole, BLOCK))
    return sorted(walk.patches(window, start, end, walk.fields[message]))


def around(window: Window, start: int, end: int, patches: Iterable[Patch]) -> list[Patch]:
    """The patch of the length that stands before a message, where patches inside change it."""
    growth = sum(len(new) - (b - a) for a, b, new in patches)
    return [_length_patch(window, start, end, growth)] if growth else []


def patched(window: Window, start: int, end: int, patches: Iterable[Patch]) -> Iterator[bytes]:
    """What stands between two offsets with these patches, which are in order, in pieces."""
    for first, last, new in patches:
        yield from _pieces(window, start, first)
        yield new
        start = last
    yield from _pieces(window, start, end)


def _pieces(window: Window, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        stop = min(start + _CHUNK, end)
        yield window.read(start, stop)
        start = stop


class _Walk:
    """Passes over messages. Open messages are a stack, so depth costs no recursion."""

    def __init__(self, meaning: Meaning, whole: int) -> None:
        self._meaning = meaning
        self._whole = whole
        self._unchanged: dict[str, set[bytes]] = {name: set() for name in meaning.choices}
        # Of each message, the fields in which something may change.
        known = {*meaning.texts, *meaning.messages, *meaning.choices}
        self.fields = {
            name: {number: kind for number, kind in fields.items() if kind in known}
            for name, fields in meaning.messages.items()
        }

    def patches(
        self, source: Window | _Bytes, start: int, end: int, kinds: Mapping[int, str]
    ) -> list[Patch]:
        patches: list[Patch] = []
        texts = self._meaning.texts
        whole = 0 if isinstance(source, _Bytes) else self._whole
        levels = [_Level(source, start, end, kinds)]
        while levels:
            level = levels[-1]
            for number, wire_type, a, b in level.fields:
                kind = level.kinds.get(number)
                if kind is None or wire_type != BYTES:
                    continue
                change = texts.get(kind)
                if change is None and b - a > whole:
                    inside = self._inside(source, kind, a, b)
                    if inside is None:
                        continue
                    _check_depth(levels, a)
                    levels.append(_Level(source, a, b, inside))
                    break
                old = source.read(a, b)
                new = self._changed(old, kind) if change is None else change(old)
                if new != old:
                    patches.append((a, b, new))
                    level.growth += _resize(source, a, b, len(new) - len(old), patches)
                    if change is None:
                        _merge_length(patches)
            else:
                levels.pop()
                if levels and level.growth:
                    growth = _resize(source, level.start, level.end, level.growth, patches)
                    levels[-1].growth += growth
        return patches

    def _changed(self, data: bytes, kind: str) -> bytes:
        """A message that is short, as it will be.

        A graph is a hundred thousand of these, most of which have names and nothing else to change
        inside, so the message itself is passed over in one loop.
        """
        source = _Bytes(data)
        kinds = self._inside(source, kind, 0, len(data))
        if kinds is None:
            return data
        texts, unchanged = self._meaning.texts, self._unchanged
        pieces = []
        done = 0
        for number, wire_type, a, b in wire.fields(data, 0, len(data)):
            if number not in kinds or wire_type != BYTES:
                continue
            kind = kinds[number]
            old = data[a:b]
            if kind in texts:
                new = texts[kind](old)
            elif kind in unchanged and old in unchanged[kind]:
                continue
            else:
                inside = self._inside(source, kind, a, b)
                new = old if inside is None else self._deeper(old, inside)
            if new != old:
                pieces.append(data[done:a])
                if len(new) != len(old):
                    first, _, length = _length_patch(source, a, b, len(new) - len(old))
                    pieces[-1:] = data[done:first], length
                pieces.append(new)
                done = b
        return b"".join([*pieces, data[done:]]) if pieces else data

    def _deeper(self, data: bytes, kinds: Mapping[int, str]) -> bytes:
        """The same of a message in one, whatever is inside of that."""
        pieces = []
        done = 0
        for first, last, new in sorted(self.patches(_Bytes(data), 0, len(data), kinds)):
            pieces += [data[done:first], new]
            done = last
        return b"".join([*pieces, data[done:]]) if pieces else data

    def _inside(
        self, source: Window | _Bytes, kind: str, start: int, end: int
    ) -> Mapping[int, str] | None:
        """What the fields of a message are; None where nothing in it can change."""
        fields = self.fields.get(kind)
        return self._chosen(source, kind, start, end) if fields is None else fields or None

    def _chosen(
        self, source: Window | _Bytes, name: str, start: int, end: int
    ) -> Mapping[int, str] | None:
        """What the fields of a message are whose text decides; None where nothing can change."""
        short = end - start <= _SHORT
        unchanged = self._unchanged[name]
        data = source.read(start, end) if short else b""
        if short and data in unchanged:
            return None
        choice = self._meaning.choices[name]
        text = b""
        for number, wire_type, a, b in source.fields(start, end):
            if number == choice.field and wire_type == BYTES:
                text = source.read(a, b)
                break
        picked = choice.pick(text)
        if not picked and short and len(unchanged) < _MOST_KNOWN:
            unchanged.add(data)
        return self.fields[picked] or None if picked else None


def _check_depth(levels: list[_Level], at: int) -> None:
    if len(levels) >= _MOST_LEVELS:
        raise DamagedFileError("messages are nested too deep", where=f"offset {at}")


def _resize(
    source: Window | _Bytes, start: int, end: int, growth: int, patches: list[Patch]
) -> int:
    """Patch the length of a field that grows; how much it and its length grow together."""
    if not growth:
        return 0
    patch = _length_patch(source, start, end, growth)
    patches.append(patch)
    return growth + len(patch[2]) - (patch[1] - patch[0])


def _merge_length(patches: list[Patch]) -> None:
    """Make one patch of a message's and that of its length, which was added last."""
    if len(patches) > 1 and patches[-1][1] == patches[-2][0]:
        (_, end, new), (start, _, length) = patches[-2:]
        patches[-2:] = [(start, end, length + new)]


def _length_patch(source: Window | _Bytes, start: int, end: int, growth: int) -> Patch:
    """The patch of the length before the field between two offsets."""
    new = end - start + growth
    before = source.read(max(start - 2, 0), start)
    if max(new, end - start) < 0x80 and before[0] < 0x80:  # one byte, as nearly all are
        return start - 1, start, new.to_bytes(1, "little")
    before = source.read(max(start - _LONGEST_PREFIX, 0), start)
    length = 1
    # All bytes of a varint but the last have the highest bit; the last of the tag has not.
    while length < len(before) and before[-length - 1] >= 0x80:
        length += 1
    out = bytearray()
    write_varint(out, new)
    return start - length, start, bytes(out)
