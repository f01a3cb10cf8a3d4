"""JSON: a value, key or list that is another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fuzz.mutators.numbers import number
from tests.fuzz.mutators.texts import DEEP, LONG, text, tokens

if TYPE_CHECKING:
    from random import Random


_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\ud800",
    "../x",
    "/etc/passwd",
    "\x1b[2J",
    [],
    {},
    [[]],
    [0],
    {"": None},
)
_MARK = "a place in the text"


def document(data: bytes, random: Random) -> bytes:
    """JSON with one value, key or list changed; what is none is changed by its tokens."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return tokens(data, random)
    if random.random() < 0.1:
        return tokens(data, random)
    root = {"": whole}
    holder, key = _place(root, random)
    raw = _change(holder, key, random)
    return json.dumps(root[""]).encode().replace(json.dumps(_MARK).encode(), raw)


def _place(root: Any, random: Random) -> tuple[Any, Any]:
    """A container in the document, and a key or index of it."""
    holder, key = root, ""
    while isinstance(holder[key], (dict, list)) and holder[key] and random.random() < 0.85:
        holder = holder[key]
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    return holder, key


def _change(holder: Any, key: Any, random: Random) -> bytes:
    """Change one value in place; what is to stand at the mark in the text, where one is set."""
    value = holder[key]
    kind = random.randrange(10)
    if kind == 0:
        del holder[key]
        if holder == {} and key == "":
            holder[""] = None
    elif kind == 1:
        holder[key] = [value] * random.choice((1, 2, 1000))
    elif kind == 2 and isinstance(holder, dict) and key:
        holder[random.choice((*holder, "x", ""))] = value
    elif kind == 3:
        holder[key] = _MARK
        opening, closing = random.choice((("[", "]"), ('{"a":', "}")))
        depth = random.choice((300, DEEP))
        return (opening * depth + "0" + closing * depth).encode()
    elif kind == 4:
        holder[key] = _MARK
        return random.choice((b"9" * LONG, b"1e400", b"-0", b'{"a": 1, "a": 2}', b'"\\ud800"'))
    elif isinstance(value, int):
        holder[key] = number(value, 1000, random)
    elif isinstance(value, str) and kind < 7:
        changed = text(value.encode("utf-8", "surrogatepass"), random)
        holder[key] = changed.decode("utf-8", "replace")
    else:
        holder[key] = random.choice(_VALUES)
    return b""
