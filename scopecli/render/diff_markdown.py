"""A diff as markdown, for a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.render import diff_words
from scopecli.render.markdown import code, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.diff import Diff, Entry

_ARROW = "→"
# GitHub takes comments of up to 65,536 characters.
_MOST_ROWS = 200
_MOST_OPEN = 20  # longer tables are collapsed


def lines(diff: Diff, shown: Sequence[Entry]) -> Iterator[str]:
    """The document, line by line."""
    yield f"### {code(diff.a.path)} {_ARROW} {code(diff.b.path)}\n\n"
    yield f"**{', '.join(diff_words.counts(diff.summary)) or 'nothing to show'}**\n\n"
    listed = [
        f"renamed {code(rule.old)} {_ARROW} {code(rule.new)} ({rule.variables})"
        for rule in diff.renames.rules
    ]
    listed += [f"dtype {escaped(text)}" for text in diff_words.dtypes(diff, _ARROW)]
    listed += [escaped(text) for text in diff_words.remarks_on_all(diff, _ARROW)]
    for text in listed:
        yield f"- {text}\n"
    if listed:
        yield "\n"
    if not shown:
        return
    if len(shown) > _MOST_OPEN:
        yield "<details>\n<summary>Details</summary>\n\n"
    yield "| | variable | shape | dtype | |\n|---|---|---|---|---|\n"
    for entry in shown[:_MOST_ROWS]:
        yield _row(entry)
    if len(shown) > _MOST_ROWS:
        yield f"\n… and {len(shown) - _MOST_ROWS} more\n"
    if len(shown) > _MOST_OPEN:
        yield "\n</details>\n"


def _row(entry: Entry) -> str:
    said = [escaped(text) for text in diff_words.remarks(entry, _ARROW)]
    if entry.rename is not None:
        said.insert(0, f"was {code(entry.rename.old)}")
    cells = (
        diff_words.sign(entry.status, _ARROW),
        code(entry.name),
        escaped(diff_words.shape(entry, _ARROW)),
        escaped(diff_words.dtype(entry, _ARROW)),
        ", ".join(said),
    )
    return f"| {' | '.join(cells)} |\n"
