"""Programs of a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scopecli.dryrun.program.running import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.dryrun.program.running import Run

    Program = Callable[..., Run]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run some lines, with `import tensorflow as tf` before them."""

    def ran(lines: str, function: str = "", **arguments: Any) -> Run:
        file = tmp_path / "train.py"
        file.write_text("import tensorflow as tf\n" + lines, "utf-8")
        path = f"{file}:{function}" if function else str(file)
        return run(path, arguments, ("tensorflow",))

    return ran
