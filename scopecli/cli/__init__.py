"""The command line: options are parsed, the library is called, the result is drawn. No logic."""

from __future__ import annotations

from scopecli.cli.main import main

__all__ = ["main"]
