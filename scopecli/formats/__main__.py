"""Write the page of all formats anew: `python -m scopecli.formats`."""

from __future__ import annotations

from pathlib import Path

from scopecli.formats import page

if __name__ == "__main__":
    Path(__file__).with_name("README.md").write_text(page.text(), "utf-8")
