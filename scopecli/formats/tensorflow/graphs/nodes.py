"""The nodes of a graph: names and types in one pass, everything else where it is asked for.

A graph may have hundreds of thousands of nodes, so the pass decodes in place what nearly every
node starts with, a name and an operation, and skips the rest. An operation's name is decoded once.
Where a node is stays known, and it is read again on demand.
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/node_def.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES
from scopecli.binary.window import BLOCK
from scopecli.formats.tensorflow.graphs.attributes import Attributes
from scopecli.formats.tensorflow.graphs.layout import NodeDef
from scopecli.model.graph import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.window import Window

    Field = tuple[int, int, int, int]

_NAME, _OP, _INPUT, _DEVICE, _ATTR = (
    number << 3 | BYTES
    for number in (NodeDef.NAME, NodeDef.OP, NodeDef.INPUT, NodeDef.DEVICE, NodeDef.ATTR)
)
_LENGTH_BITS = 40
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1
_SHORTEST = 6  # bytes of a node with a name and an operation of one letter


class NodeTable:
    """Nodes of one graph or function; a `Nodes`.

    Attributes:
        names: of each node.
        ops: type of each node.
    """

    __slots__ = ("_index", "_places", "_window", "names", "ops")

    def __init__(self, window: Window) -> None:
        self.names: list[str] = []
        self.ops: list[str] = []
        self._window = window
        self._places: list[int] = []  # start and length of each node, in one number
        self._index: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Node]:
        for index in range(len(self.names)):
            yield self[index]

    def __getitem__(self, index: int, /) -> Node:
        """Decode one node.

        Raises:
            DamagedFileError: the bytes contradict the format.
        """
        place = self._places[index]
        start = place >> _LENGTH_BITS
        end = start + (place & _LENGTH_MASK)
        inputs, device = _inputs(self._window, start, end)
        controls = [name[1:] for name in inputs if name[:1] == "^"]
        if controls:
            inputs = [name for name in inputs if name[:1] != "^"]
        return Node(
            self.names[index],
            self.ops[index],
            tuple(inputs),
            tuple(controls),
            device,
            Attributes(self._window, start, end, NodeDef.ATTR),
        )

    def find(self, name: str) -> int:
        """Number of the first node with the name; -1 where there is none."""
        if self._index is None:
            last = len(self.names) - 1
            # Backwards, so that the first of two nodes with one name is the one that stays.
            self._index = dict(zip(reversed(self.names), range(last, -1, -1), strict=True))
        return self._index.get(name, -1)

    def with_ops(self, wanted: frozenset[str]) -> list[int]:
        """Numbers of the nodes of these types."""
        return [index for index, op in enumerate(self.ops) if op in wanted]

    def scan(self, start: int, end: int, number: int) -> list[Field]:
        """Take in the nodes, which are field `number` of the message from `start` to `end`.

        Returns:
            The other fields of the message.

        Raises:
            DamagedFileError: the bytes contradict the format.
        """
        others = []
        known: dict[bytes, str] = {}
        tag = number << 3 | BYTES
        while start < end:
            reached = self._scan_block(start, end, tag, known)
            if reached > start:
                start = reached
                continue
            field, kind, a, b, start = self._window.field(start, end)
            if field == number and kind == BYTES:
                self._add_odd(a, b)
            else:
                others.append((field, kind, a, b))
        return others

    def _scan_block(self, start: int, end: int, tag: int, known: dict[bytes, str]) -> int:
        """Take in nodes as far as a block holds them whole and they are made as usual.

        Returns:
            Where the first stands that is not, or another field.
        """
        data, base = self._window.block(start, min(BLOCK, end - start))
        limit = min(len(data), end - base)
        at = start - base
        names, ops, places = self.names, self.ops, self._places
        while at + _SHORTEST < limit and data[at] == tag:
            length, name = data[at + 1], at + 2
            if length >= 0x80:
                if data[name] >= 0x80:
                    break
                length += (data[name] - 1) << 7
                name += 1
            first, after = name, name + length
            if after > limit or length < _SHORTEST or data[name] != _NAME:
                break
            length, name = data[name + 1], name + 2
            if length >= 0x80:
                if data[name] >= 0x80:
                    break
                length += (data[name] - 1) << 7
                name += 1
            op = name + length + 2
            if op > after or data[op - 2] != _OP or data[op - 1] >= 0x80:
                break
            op_end = op + data[op - 1]
            if op_end > after:
                break
            run = data[op:op_end]
            if run not in known:
                known[run] = run.decode("utf-8", "surrogateescape")
            names.append(data[name : op - 2].decode("utf-8", "surrogateescape"))
            ops.append(known[run])
            places.append(base + first << _LENGTH_BITS | after - first)
            at = after
        return base + at

    def _add_odd(self, start: int, end: int) -> None:
        """Take in a node field by field: it is long, or its fields are in another order."""
        name = op = ""
        for field, kind, a, b in self._window.fields(start, end):
            if kind == BYTES and field == NodeDef.NAME:
                name = self._window.text(a, b)
            elif kind == BYTES and field == NodeDef.OP:
                op = self._window.text(a, b)
            if name and op:
                break
        self.names.append(name)
        self.ops.append(op)
        self._places.append(start << _LENGTH_BITS | end - start)


def _inputs(window: Window, start: int, end: int) -> tuple[list[str], str]:
    """Inputs of both kinds, as written, and the device."""
    inputs: list[str] = []
    device = ""
    if end - start <= BLOCK:
        data, base = window.block(start, end - start)
        at, stop = start - base, end - base
        while at + 2 < stop:
            tag, length, at = data[at], data[at + 1], at + 2
            if length >= 0x80:
                if data[at] >= 0x80:
                    break
                length += (data[at] - 1) << 7
                at += 1
            after = at + length
            if after > stop:
                break
            if tag == _INPUT:
                inputs.append(data[at:after].decode("utf-8", "surrogateescape"))
            elif tag == _DEVICE:
                device = data[at:after].decode("utf-8", "surrogateescape")
            elif tag not in {_NAME, _OP, _ATTR}:
                break
            at = after
        if at == stop:
            return inputs, device
    return _inputs_by_field(window, start, end)


def _inputs_by_field(window: Window, start: int, end: int) -> tuple[list[str], str]:
    """The same where fields are longer, unknown, or damaged."""
    inputs = []
    device = ""
    for field, kind, a, b in window.fields(start, end):
        if kind == BYTES and field == NodeDef.INPUT:
            inputs.append(window.text(a, b))
        elif kind == BYTES and field == NodeDef.DEVICE:
            device = window.text(a, b)
    return inputs, device
