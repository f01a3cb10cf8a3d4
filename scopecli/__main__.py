"""The program: `scopecli` and `python -m scopecli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit; quietly on Ctrl-C, from the first import on."""
    try:
        from scopecli.cli.main import main as run

        run()
    except KeyboardInterrupt:
        from scopecli.errors import EXIT_INTERRUPTED

        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
