"""`scopecli dryrun`, and programs where other commands take a path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import run_in_process as run

if TYPE_CHECKING:
    from pathlib import Path

GAN = """\
import tensorflow as tf

def discriminator(x, reuse=None):
    with tf.variable_scope("discriminator", reuse=reuse):
        return tf.matmul(x, tf.get_variable("w", [8, 1]))

def build(ok=True, size=4):
    print("building")
    x = tf.placeholder(tf.float32, [None, 8])
    discriminator(x)
    discriminator(x, reuse=True if ok else None)
    tf.get_variable("size", [size])
"""


@pytest.fixture
def gan(tmp_path: Path) -> str:
    file = tmp_path / "gan.py"
    file.write_text(GAN, "utf-8")
    return str(file)


def test_tree(gan: str) -> None:
    done = run("dryrun", "--as", "tensorflow", f"{gan}:build", "--arg", "size=6")
    assert done.code == 0
    assert done.out.splitlines()[1] == "2 variables · 14 parameters · 56 B"
    assert "building" not in done.out


def test_json_is_a_model(gan: str) -> None:
    done = run("dryrun", "--as", "tensorflow", "--format", "json", f"{gan}:build")
    assert json.loads(done.out)["schema"] == "scopecli/model/1"


def test_a_forgotten_reuse_is_a_finding(gan: str) -> None:
    done = run("dryrun", "--as", "tensorflow", f"{gan}:build", "--arg", "ok=False")
    assert done.code == 1
    message, asked, defined = [line for line in done.err.splitlines() if line != "building"]
    assert message.startswith(f"{gan}:5: Variable discriminator/w already exists, disallowed.")
    assert (
        asked.split()
        == f"asked for {gan}:5 in discriminator, called from {gan}:11 in build".split()
    )
    assert (
        defined.split()
        == f"defined at {gan}:5 in discriminator, called from {gan}:10 in build".split()
    )


def test_explain(gan: str) -> None:
    done = run(
        "dryrun", "--as", "tensorflow", "--explain", "--scope", "discriminator", f"{gan}:build"
    )
    assert done.out.splitlines() == [
        "discriminator/w",
        f"  created   {gan}:5  scope discriminator, reuse=False",
        f"  reused    {gan}:5  scope discriminator, reuse=True",
    ]


def test_other_commands_take_programs(gan: str) -> None:
    assert run("list", "--format", "plain", f"{gan}:build").out.split() == [
        "discriminator/w",
        "size",
    ]
    assert "1 variable · 1 shared" in run("reuse", f"{gan}:build").out


def test_what_cannot_be_done(gan: str) -> None:
    done = run("dryrun", f"{gan}:build", "--arg", "size")
    assert (done.code, "'size' is not NAME=VALUE" in done.err) == (2, True)
    done = run("dryrun", "--as", "tensorflow", f"{gan}:nothing")
    assert (done.code, "has no function 'nothing'" in done.err) == (2, True)
    done = run("dryrun", "--as", "tensorflow", f"{gan}:build", "--arg", "unknown=1")
    assert (done.code, "TypeError: build() got an unexpected" in done.err) == (2, True)
