"""Fixtures and options of all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import commands
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

# No test fails because the machine is busy. A change that fails fails everywhere;
# `--hypothesis-profile random` looks at other examples.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("random", _PATIENT)
settings.register_profile("repeatable", _PATIENT, derandomize=True)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="Write what the commands print to tests/golden.",
    )


@pytest.fixture
def samples() -> Path:
    """The folder of sample checkpoints."""
    return SAMPLES


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer's shell sets must not change what the commands print."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "CLICOLOR_FORCE", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def run() -> commands.Run:
    """Run the command line in this process: quick, and coverage sees it."""
    return commands.run_in_process


@pytest.fixture
def spawn() -> commands.Spawn:
    """Run the command line as a user does, with pipes for its output."""
    return commands.run_process
