"""The tensors of a pickle of PyTorch's, each recognised at once, and with them their names.

`torch.save` writes a tensor as thirty operations, always the same ones:
`rebuild(("storage", class, key, device, elements), offset, shape, strides, flag, hooks())`. One
pattern finds them all, and what they say is mostly what they said before. In a dictionary, a name
and the next tensor follow. The first few of a file, which have short numbers in the memo, go the
long way.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING

from scopecli.binary.pickle.values import Form, Global, Parts, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.pickle.machine import Machine

_REBUILD = "torch._utils._rebuild_tensor_v2"

_GET = rb"(?:h.|j.{4})"
_PUT = rb"r.{4}"
_INT = rb"(?:K.|M..|J.{4})"
_TUPLE = rb"(?:%b\x85|%b{2}\x86|%b{3}\x87|\(%b{4,8}t)" % (_INT, _INT, _INT, _INT)
_FIND = re.compile(
    b"(?:" + _PUT + b")?"  # of the name in front
    + b"((?:" + _GET + rb")?\(\(" + _GET + _GET + rb")X(.\0\0\0[0-9]{1,7})" + _PUT
    + b"(" + _GET + _INT + b")t" + _PUT
    + b"Q(" + _INT + _TUPLE + b")" + _PUT
    + b"(" + _TUPLE + b")" + _PUT
    + rb"([\x88\x89]" + _GET + rb")\)R" + _PUT + b"t" + _PUT + b"R"
    + b"(" + _PUT + b"X.{4})?",  # the tensor's own, and the name behind
    re.DOTALL,
).match  # fmt: skip
_KEY = 2  # the group of it that the key of the storage is
_ARGUMENTS = {b"h": 1, b"j": 4, b"K": 1, b"M": 2, b"J": 4}  # bytes of them, by operation
_GETS = frozenset({b"h", b"j"})
_LONG_BINPUT, _NEWTRUE = 0x72, 0x88
_SYMBOLS = 5  # function, tag, class, device, function that makes the hooks
_SIMPLE = frozenset({str, Global})  # what is quick to compare

_PLACE = Struct("<xI").unpack_from
_FOLLOWING = Struct("<xIxI").unpack  # a number in the memo, and the length of a name
_TO_NAME = 5  # bytes of the first of these two


def view(machine: Machine, at: int) -> int:
    """Do all operations of a tensor whose first is at an offset; the offset behind, or 0.

    The same as one after the other, in less time: files have thousands of these.
    """
    return views(machine, at, 1)


def views(machine: Machine, at: int, most: int) -> int:  # noqa: C901 - time is spent in the loop
    """The same for a tensor and those that follow it in a dictionary, under their names."""
    data, memo, stack, forms = machine.data, machine.memo, machine.stack, machine.forms
    kept_outside, apart, free = machine.kept_outside, machine.apart, machine.free()
    behind = 0
    name = None
    while found := _FIND(data, at):
        symbols, key, elements, shape, strides, flag, following = found.groups()
        if name is not None and data[at] == _LONG_BINPUT:
            (place,) = _PLACE(data, at)
            memo[place] = name
            if place >= free:
                free = place + 1
        said = symbols, elements, shape, strides, flag
        form = forms.get(said)
        if form is None or form.taken(memo) != form.symbols:
            form = _form(machine, said)
            if form is None:
                break
            forms[said] = form
        if key[0] != len(key) - 4:
            break
        if name is not None:
            stack.append(name)
        behind = found.end(_KEY)
        places = a, b, c, d, e, f = form.places(data, behind)
        made = View(form, key[4:].decode("ascii"))
        if free <= a < b < c < d < e < f == a + 5:  # as always: few are ever asked for
            apart[a] = made
            free = f + 1
        else:
            memo[a] = memo[b] = memo[c] = memo[d] = memo[e] = memo[f] = Parts(made, places)
            free = max(free, *(place + 1 for place in places))
        kept_outside.append(made)
        stack.append(made)
        behind += form.length
        most -= 1
        if following is None or not most:
            break
        place, length = _FOLLOWING(following)
        memo[place] = made
        if place >= free:
            free = place + 1
        behind += _TO_NAME
        start = behind + _TO_NAME
        at = start + length
        try:
            name = data[start:at].decode("utf-8", "surrogatepass")
        except ValueError:
            break
    machine.note_free(free)
    return behind  # what was begun behind it is done once more, by the operations themselves


def taken(operations: bytes) -> frozenset[int]:
    """The numbers in the memo that a tensor's operations take something from.

    Args:
        operations: all those that `view` did at once but for the first, which takes the function.
    """
    symbols, _, elements, _, _, flag, _ = _found(operations).groups()
    return _all_taken(symbols, elements, flag)


def put(operations: bytes) -> tuple[int, ...]:
    """The numbers in the memo that the same operations put something under."""
    found = _found(operations)
    _, _, elements, shape, strides, flag, _ = found.groups()
    return _layout(elements, shape, strides, flag).unpack_from(operations, found.end(_KEY))


def _found(operations: bytes) -> re.Match[bytes]:
    found = _FIND(operations)
    assert found is not None  # noqa: S101 - that is how they were found
    return found


@lru_cache  # nearly all tensors of a file take the same
def _all_taken(*parts: bytes) -> frozenset[int]:
    return frozenset(index for part in parts for index in _taken(part))


def _form(machine: Machine, said: tuple[bytes, ...]) -> Form | None:
    """What the operations say, which have the symbols from the memo; None where it is no tensor."""
    symbols, elements, shape, strides, flag = said
    indices = [*_taken(symbols), *_taken(elements), *_taken(flag)]
    if len(indices) != _SYMBOLS or not all(index in machine.memo for index in indices):
        return None
    held = tuple(map(machine.remembered, indices))
    function = held[0]
    if type(function) is not Global or function.path != _REBUILD:
        return None
    if not all(type(symbol) in _SIMPLE for symbol in held):
        return None
    (count,), (offset, *extents) = _numbers(elements), _numbers(shape)
    return Form(
        itemgetter(*indices),
        held,
        (count, offset),
        (tuple(extents), tuple(_numbers(strides))),
        flag[0] == _NEWTRUE,
        _layout(elements, shape, strides, flag),
    )


def _layout(elements: bytes, shape: bytes, strides: bytes, flag: bytes) -> Struct:
    """Where the numbers in the memo are behind the key of a storage, and where the tensor ends."""
    between = (len(elements) + 1, len(shape) + 1, len(strides), len(flag) + 2, 1)
    return Struct("<xI" + "".join(f"{length}xxI" for length in between) + "x")


def _taken(operations: bytes) -> Iterator[int]:
    """The numbers in the memo that operations take something from."""
    return (int.from_bytes(given, "little") for code, given in _split(operations) if code in _GETS)


def _numbers(operations: bytes) -> Iterator[int]:
    """The numbers that operations put on the stack."""
    for code, given in _split(operations):
        if given and code not in _GETS:
            yield int.from_bytes(given, "little", signed=code == b"J")


def _split(operations: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Operations, each with its argument."""
    at = 0
    while at < len(operations):
        code = operations[at : at + 1]
        behind = at + 1 + _ARGUMENTS.get(code, 0)
        yield code, operations[at + 1 : behind]
        at = behind
