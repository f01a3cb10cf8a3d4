"""Write the command reference and the manual page anew: `python -m scopecli.cli`."""

from __future__ import annotations

from pathlib import Path

from scopecli.cli import man_page, reference

if __name__ == "__main__":
    readme = Path(__file__).with_name("README.md")
    readme.write_text(reference.written(readme.read_text("utf-8")), "utf-8")
    Path(__file__).with_name("scopecli.1").write_text(man_page.text(), "utf-8")
