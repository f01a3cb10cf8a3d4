"""What rules make of models that their own examples do not show."""

from __future__ import annotations

import pytest

from scopecli.rules import engine
from scopecli.rules.notation import parse

LETTERS = """
    separator := .
    gates.w: float32[3]
    gates.W: float32[3]
"""
STATES = """
    format := torch
    separator := .
    model.module.w: float32[3]
    model.module.b: float32[3]
    ema.w: float32[3]
    optimizer.0.exp_avg: float32[3] slot
"""
PART = """
    format := torch
    separator := .
    model.module.w: float32[3]
    model.b: float32[3]
"""
SCOPES = """
    format := safetensors
    separator := .
    encoder.module.w: float32[3]
    decoder.w: float32[3]
"""


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("N101", LETTERS, []),
        ("N101", LETTERS.replace("separator := .", "separator := /"), ["gates.W"]),
        ("N105", STATES, ["model.module"]),
        ("N105", PART, []),
        ("N105", SCOPES, []),
        ("N105", SCOPES.replace("safetensors", "torch"), ["encoder.module"]),
        ("N105", "net: float32[3]", []),
    ],
)
def test_names(code: str, text: str, expected: list[str]) -> None:
    found = engine.findings(parse(text).context(), {code})
    assert [finding.subject for finding in found] == expected


def test_scopes_deeper_than_in_any_model_are_left_out() -> None:
    context = parse(f"{'a/' * 5000}w: float32[3]\nb/c/w: float32[3]").context()
    assert context.inner_scopes == {"b": ["b/c"], "": ["b"]}
