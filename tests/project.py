"""What `pyproject.toml` says of the project."""

from __future__ import annotations

import tomllib
from typing import Any

from tests.samples import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
