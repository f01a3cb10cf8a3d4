"""Documents held to their schemas."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

SCHEMAS = files("scopecli.render") / "schemas"


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return found


def check(name: str, text: str) -> Any:
    """The document, once it is known to be what its schema says."""
    document = json.loads(text, parse_constant=pytest.fail)
    validator = Draft202012Validator(schema(name))
    errors = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(document)]
    assert errors == []
    return document
