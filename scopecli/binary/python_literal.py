"""Python literals: the dictionary in the header of a `.npy` file.

`ast.literal_eval` would do for good files, but it recurses over what it is given, and the compiler
behind it warns and runs out of stack on what is written to make it. This walks one token at a time.
https://docs.python.org/3/reference/lexical_analysis.html#literals
"""

from __future__ import annotations

import re
import sys

from scopecli.model.records import NamedTuple

_MAX_DEPTH = 32
_MAX_DIGITS = 20

_LEXEME = (
    r"[ \t\n]*(?:(?P<mark>[\[\](){},:])"
    r"|[uUbB]?(?P<text>'(?:[^'\\\n]|\\[^\n])*'|\"(?:[^\"\\\n]|\\[^\n])*\")"
    r"|(?P<number>-?[0-9]+)[lL]?"
    r"|(?P<word>True|False|None)\b)"
)
_ESCAPE = r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))"
_WORDS = {"True": True, "False": False, "None": None}
_CLOSERS = {"[": "]", "(": ")", "{": "}"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class _Open(NamedTuple):
    """A container that is not closed yet; of a dictionary, keys and values in turn."""

    opener: str
    items: list[object]
    marks: list[str]


def parse(text: str) -> object:
    """The value of one literal: texts, whole numbers, True, False, None and containers of these.

    Raises:
        ValueError: it is something else, nested too deep, or followed by something.
    """
    token = re.compile(_LEXEME)
    whole = _Open("", [], [])
    stack = [whole]
    at = 0
    while not (len(stack) == 1 and whole.items):
        match = token.match(text, at)
        if match is None:
            raise ValueError(f"no Python literal at character {at}")
        at = match.end()
        mark = match["mark"]
        if mark is None:
            _add(stack[-1], _scalar(match))
        elif mark in _CLOSERS:
            if len(stack) > _MAX_DEPTH:
                raise ValueError("nested too deep")
            stack.append(_Open(mark, [], []))
        elif mark in ",:":
            _separate(stack[-1], mark)
        else:
            closed = stack.pop()
            if _CLOSERS.get(closed.opener) != mark:
                raise ValueError(f"{mark} closes nothing at character {at - 1}")
            _add(stack[-1], _closed(closed))
    if text[at:].strip(" \n"):
        raise ValueError(f"something follows at character {at}")
    return whole.items[0]


def _scalar(match: re.Match[str]) -> object:
    if match["word"]:
        return _WORDS[match["word"]]
    if match["number"]:
        if len(match["number"]) > _MAX_DIGITS:
            raise ValueError("a number is too large")
        return int(match["number"])
    return re.sub(_ESCAPE, _unescaped, match["text"][1:-1])


def _unescaped(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    if digits:
        code = int(digits, 16)
        if code > sys.maxunicode:  # `chr` would say so in two ways
            raise ValueError(f"{match[0]} is no character")
        return chr(code)
    return _CONTROLS.get(match[4], match[4])


def _add(container: _Open, value: object) -> None:
    if len(container.items) != len(container.marks):
        raise ValueError("two values without a comma")
    container.items.append(value)


def _separate(container: _Open, mark: str) -> None:
    is_key = container.opener == "{" and len(container.items) % 2 == 1
    if len(container.items) != len(container.marks) + 1 or mark != (":" if is_key else ","):
        raise ValueError(f"{mark} where a value is meant")
    container.marks.append(mark)


def _closed(container: _Open) -> object:
    items = container.items
    if container.opener == "[":
        return items
    if container.opener == "(":
        return tuple(items) if container.marks or not items else items[0]
    if len(items) % 2:
        raise ValueError("a key without a value")
    try:
        return dict(zip(items[::2], items[1::2], strict=True))
    except TypeError:
        raise ValueError("a key is no text") from None
