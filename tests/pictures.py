"""The README's pictures: what commands print, as SVG. `python -m tests.pictures` writes them anew.

Rich turns the colours of a terminal into a picture; the frame is ours, because Rich's own fetches
its fonts from elsewhere.
"""

from __future__ import annotations

import io
import shlex

from tests.commands import run_process
from tests.samples import ROOT

FOLDER = ROOT / ".github/pictures"

COMMANDS = {
    "tree.svg": "scopecli tree tf1_gan --exclude '*/Adam*'",
    "diff.svg": "scopecli diff pairs/scope_renamed pairs/grown --exclude '*/Adam*'",
}

_SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
}}
{styles}
</style>
<defs>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def drawn(name: str) -> str:
    """A command and its output as a picture."""
    from rich.console import Console
    from rich.text import Text

    command = COMMANDS[name]
    shown = run_process(*shlex.split(command)[1:], "--color", "always").out
    lines = [Text(f"$ {command}", "bold"), *(Text.from_ansi(line) for line in shown.splitlines())]
    width = max(line.cell_len for line in lines) + 1
    console = Console(record=True, width=width, file=io.StringIO(), highlight=False)
    for line in lines:
        console.print(line, no_wrap=True)
    identifier = name.removesuffix(".svg")
    svg = console.export_svg(title="", code_format=_SVG, unique_id=identifier)
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines() if line.strip())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for picture in COMMANDS:
        (FOLDER / picture).write_text(drawn(picture), "utf-8")
