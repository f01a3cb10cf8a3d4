"""Names in markdown, escaped so that no character is taken for markup."""

from __future__ import annotations

from scopecli.model.names import printable


def code(text: str) -> str:
    """A text as a code span, which nothing in the text can end, in a table or outside.

    https://spec.commonmark.org/0.31.2/#code-spans
    """
    text = printable(text).replace("|", "\\|")
    fence = "`"
    while fence in text:
        fence += "`"
    gap = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{gap}{text}{gap}{fence}"


def escaped(text: str) -> str:
    """A text with all markup escaped."""
    signs = "\\`*_[]<>|#&~"
    return "".join(f"\\{char}" if char in signs else char for char in printable(text))
