"""`scopecli dryrun`, and programs where other commands take a path."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.commands import assert_one_line
from tests.commands import run_in_process as run
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run

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


PROGRAM = str(SAMPLES / "programs" / "gan.py")
CHECKPOINT = str(SAMPLES / "tf1_gan")

# What made a sample, run for its names: its sessions end the run before anything is written.
MAKER = """\
from pathlib import Path
from makers import tensorflow1

def build():
    tensorflow1.make_{0}(Path("nowhere"))
"""


@pytest.mark.parametrize(
    ("sample", "count"), [("tf1_gan", 41), ("tf1_batchnorm", 18), ("tf1_partitioned", 9)]
)
def test_a_checkpoint_fits_the_program_that_made_it(
    sample: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SAMPLES)
    maker = tmp_path / "maker.py"
    maker.write_text(MAKER.format(sample), "utf-8")
    done = run("diff", "--restore", "--format", "json", f"{maker}:build", str(SAMPLES / sample))
    assert done.code == 0
    attempt = json.loads(done.out)["attempts"][0]
    assert (attempt["way"], attempt["verdict"]) == ("saver", "restored")
    assert attempt["summary"] == {"restored": count}


def test_a_checkpoint_that_lacks_what_a_program_makes() -> None:
    done = run("diff", "--restore", "--format", "json", f"{PROGRAM}:deeper", CHECKPOINT)
    assert done.code == 1
    attempt = json.loads(done.out)["attempts"][0]
    assert attempt["error"]["message"] == "Key generator/h3/b not found in checkpoint"
    missing = [entry["target"] for entry in attempt["entries"] if entry["status"] == "missing"]
    names = ["generator/h3/b", "generator/h3/w"]
    assert sorted(missing) == [f"{n}{slot}" for n in names for slot in ("", "/Adam", "/Adam_1")]


RENAMED = """\
import tensorflow as tf

def variables():
    scale = tf.get_variable("mine/scale", [4])
    table = tf.get_variable("mine/table", [10, 4], partitioner=tf.fixed_size_partitioner(3))
    return {"embedding/scale": scale, "embedding/table": table}

def dictionary():
    tf.train.Saver(variables())

def plain():
    variables()

def restored():
    known = variables()
    tf.train.Saver(list(known.values()))
    tf.train.Saver(known).restore(tf.Session(), "embedding.ckpt")
"""


@pytest.mark.parametrize(
    ("function", "keys"),
    [
        ("dictionary", {"embedding/scale": "restored", "embedding/table": "restored"}),
        ("restored", {"embedding/scale": "restored", "embedding/table": "restored"}),
        ("plain", {"mine/scale": "missing", "mine/table": "missing"}),
    ],
)
def test_a_saver_says_under_which_keys_to_look(
    function: str, keys: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "renamed.py"
    file.write_text(RENAMED, "utf-8")
    checkpoint = str(SAMPLES / "tf1_partitioned")
    done = run("diff", "--restore", "--format", "json", f"{file}:{function}", checkpoint)
    entries = json.loads(done.out)["attempts"][0]["entries"]
    found = {entry["key"]: entry["status"] for entry in entries if entry["target"]}
    assert found == keys


def test_diff_with_a_program() -> None:
    done = run("diff", "--only", "removed", "--format", "plain", f"{PROGRAM}:deeper", CHECKPOINT)
    assert done.code == 1
    assert done.out.splitlines()[0] == f"--- {PROGRAM}:deeper  TensorFlow 1 program"
    assert "- h3" in done.out
    done = run("diff", CHECKPOINT, f"{PROGRAM}:forgotten")
    assert (done.code, "`scopecli dryrun` shows both places" in done.err) == (2, True)
    assert done.err.startswith(f"scopecli: {PROGRAM}:forgotten: Variable ")


@pytest.mark.parametrize("target", [("--in-place",), ("-o", "out"), ("--dry-run",)])
def test_a_program_is_not_renamed(gan: str, target: tuple[str, ...]) -> None:
    done = run("rename", f"{gan}:build", "discriminator/=d/", *target)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"scopecli: {gan}:build: is a program: ")
    assert_one_line(done)


def test_what_cannot_be_done(gan: str) -> None:
    done = run("dryrun", f"{gan}:build", "--arg", "size")
    assert (done.code, "'size' is not NAME=VALUE" in done.err) == (2, True)
    done = run("dryrun", "--as", "tensorflow", f"{gan}:nothing")
    assert (done.code, "has no function 'nothing'" in done.err) == (2, True)
    done = run("dryrun", "--as", "tensorflow", f"{gan}:build", "--arg", "unknown=1")
    assert (done.code, "TypeError: build() got an unexpected" in done.err) == (2, True)


def test_what_is_no_program(gan: str) -> None:
    folder = os.path.dirname(gan)
    for arguments, part in (
        ([gan, "--arg", "size=3"], f"--arg is for a function: name it, as {gan}:FUNCTION"),
        ([folder], "is a folder, not a program"),
        ([gan.removesuffix(".py")], f"did you mean {gan}?"),
        ([str(SAMPLES / "plain.h5")], "is not a program; `scopecli tree` shows a saved model"),
    ):
        assert_one_line(run("dryrun", *arguments), part)


def test_a_program_that_a_pattern_finds_is_not_run(tmp_path: Path, run: Run) -> None:
    """Only `FILE.py:FUNCTION` stands for a model, so that `scopecli validate *` runs nothing."""
    file = tmp_path / "make.py"
    file.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", "utf-8")
    for command in ("tree", "validate", "diff --restore"):
        paths = [str(file)] * (2 if command.startswith("diff") else 1)
        assert run(*command.split(), *paths).code in {1, 2}
    assert not (tmp_path / "ran").exists()
