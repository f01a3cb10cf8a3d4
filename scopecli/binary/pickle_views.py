"""The tensors of a pickle of PyTorch's, each recognised at once.

`torch.save` writes a tensor as twenty operations, always the same ones:
`rebuild(("storage", class, key, device, elements), offset, shape, strides, flag, hooks())`. One
pattern finds them all, and what they say is mostly what they said before. The first few of a file,
which have short numbers in the memo, go the long way.
"""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING

from scopecli.binary.pickle_values import Form, Global, Parts, View

if TYPE_CHECKING:
    from scopecli.binary.pickle_machine import Machine

_REBUILD = "torch._utils._rebuild_tensor_v2"

_GET = rb"(?:h.|j.{4})"
_PUT = rb"r(.{4})"
_INT = rb"(?:K.|M..|J.{4})"
_TUPLE = rb"(?:%b\x85|%b{2}\x86|%b{3}\x87|\(%b{4,8}t)" % (_INT, _INT, _INT, _INT)
_FIND = re.compile(
    rb"\(\((" + _GET + _GET + rb")X(.\0\0\0[0-9]{1,7})" + _PUT
    + b"(" + _GET + _INT + b")t" + _PUT
    + b"Q(" + _INT + _TUPLE + b")" + _PUT
    + b"(" + _TUPLE + b")" + _PUT
    + rb"([\x88\x89]" + _GET + rb")\)R" + _PUT + b"t" + _PUT + b"R",
    re.DOTALL,
).match  # fmt: skip
_SAID = re.compile(
    b"(%b)(%b)(%b)(%b)(%b)(%b)(%b)(.)(%b)" % (_GET, _GET, _GET, _INT, _INT, _TUPLE, _TUPLE, _GET),
    re.DOTALL,
).fullmatch
_SYMBOLS = (1, 2, 3, 9)  # the groups of it that come from the memo
_NUMBERS = re.compile(_INT, re.DOTALL).findall
_TRUE = b"\x88"

PUTS = 6  # that all operations of a tensor put into the memo
_PLACES = Struct(f"<{PUTS}I").unpack


def view(machine: Machine, at: int) -> int:
    """Do all operations of a tensor whose first is at an offset; the offset behind, or 0.

    The same as one after the other, in less time: files have thousands of these.
    """
    found = _FIND(machine.data, at)
    if found is None:
        return 0
    (
        kind, key, put_1, elements, put_2, shape, put_3, strides, put_4, flag, put_5, put_6,
    ) = found.groups()  # fmt: skip
    memo, function = machine.memo, machine.stack[-1]
    if key[0] != len(key) - 4 or type(function) is not Global or function.path != _REBUILD:
        return 0
    said = kind, elements, shape, strides, flag
    form = machine.forms.get(said)
    if form is None or not form.is_of(memo):
        form = machine.forms[said] = _form(machine, b"".join(said))
    made = View(form, key[4:].decode("ascii"))
    places = a, b, c, d, e, f = _PLACES(put_1 + put_2 + put_3 + put_4 + put_5 + put_6)
    memo[a] = memo[b] = memo[c] = memo[d] = memo[e] = memo[f] = Parts(made, places)
    machine.kept_outside.append(made)
    machine.stack[-1] = made
    return found.end()


def places(operations: bytes) -> tuple[set[int], tuple[int, ...]]:
    """The numbers in the memo that a tensor's operations take something from, and put it under.

    Args:
        operations: all those that `view` did at once, and nothing else.
    """
    found = _FIND(operations)
    assert found is not None  # noqa: S101 - that is how they were found
    kind, _, put_1, elements, put_2, shape, put_3, strides, put_4, flag, put_5, put_6 = (
        found.groups()
    )
    said = _SAID(b"".join((kind, elements, shape, strides, flag)))
    assert said is not None  # noqa: S101 - it is made of what was found
    taken = {_index(said[number]) for number in _SYMBOLS}
    return taken, _PLACES(put_1 + put_2 + put_3 + put_4 + put_5 + put_6)


def _form(machine: Machine, said: bytes) -> Form:
    """What the operations say, which have the symbols from the memo."""
    found = _SAID(said)
    assert found is not None  # noqa: S101 - it is made of what was found
    tag, kind, device, elements, offset, shape, strides, flag, hooks = found.groups()
    indices = tuple(map(_index, (tag, kind, device, hooks)))
    sizes = tuple(map(_number, _NUMBERS(shape))), tuple(map(_number, _NUMBERS(strides)))
    return Form(
        indices,
        [machine.remembered(index) for index in indices],
        (_number(elements), _number(offset)),
        sizes,
        flag == _TRUE,
    )


def _index(operation: bytes) -> int:
    return int.from_bytes(operation[1:], "little")


def _number(operation: bytes) -> int:
    return int.from_bytes(operation[1:], "little", signed=operation[:1] == b"J")
