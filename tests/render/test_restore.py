"""Predictions of a restore as people, pull requests and programs get them."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, get_args

import pytest
from jsonschema import Draft202012Validator

from scopecli.analysis.restore.predict import predict
from scopecli.analysis.restore.prediction import (
    STATUSES,
    VERDICTS,
    Attempt,
    Complaint,
    Entry,
    Prediction,
    Rule,
    Tensor,
    Way,
)
from scopecli.formats.opening import load
from scopecli.render import restore, restore_markdown
from scopecli.render.output import Output
from scopecli.render.restore_document import SCHEMA_RESTORE, restore_document
from scopecli.render.style import ASCII
from tests import rename_searches
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA: dict[str, Any] = json.loads(
    (files("scopecli.render") / "schemas" / "restore.schema.json").read_text("utf-8")
)
PLAIN = Output(terminal=False, color=False, glyphs=ASCII)

SMALL, LARGE = Tensor("float32", (2,)), Tensor("float32", (3,))
MISSING = Complaint("NotFoundError", "Key b not found in checkpoint")
ENTRIES = (
    Entry("restored", "a", "a", "a", "a", expected=SMALL, found=SMALL),
    Entry("missing", "net/b", "b", expected=SMALL, error=MISSING, rename="old/b"),
    Entry("shape", "c", "c", "c", "c", expected=SMALL, found=LARGE),
    Entry("drift", "d/w", "d/w", "0", "e/w", expected=SMALL, found=SMALL),
    Entry("partial", "p/part_0", "p", "p", "p", "4 0,2", SMALL, SMALL, MISSING),
    Entry("extra", "", "old/b", "old/b", "old/b", found=SMALL),
)
RULES = (Rule("old/*", "*", 1),)


def prediction(
    *ways: Way, entries: Sequence[Entry] = ENTRIES, error: Complaint | None = MISSING
) -> Prediction:
    verdict = "fails" if error else "differs"
    attempts = (
        Attempt(way, "load()", verdict, error, tuple(entries), RULES, ("a note",), ("x",))  # type: ignore[arg-type]
        for way in ways or ("saver",)
    )
    return Prediction("graph.meta", "model.ckpt", tuple(attempts))


def drawn(found: Prediction, capsys: pytest.CaptureFixture[str], output: Output = PLAIN) -> str:
    restore.draw(found, output)
    return capsys.readouterr().out


def test_one_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(prediction(), capsys) == (
        """\
model.ckpt  into  graph.meta
load()  would fail with NotFoundError
  Key b not found in checkpoint
  1 restored, 1 drift, 1 shape, 1 partial, 1 missing, 1 extra

drift  gets a value that was saved under another name
  d/w  gets e/w

shape  found with another shape
  c  wants (2,) float32, finds (3,) float32, takes it without an error

partial  the parts that are stored do not cover it
  p  for p/part_0, the part 4 0,2

missing  not found
  b  for net/b, (2,) float32, probably old/b

extra  in the checkpoint, and not looked for
  old/b  (2,) float32

renamed: old/* in the checkpoint is * here (1 variable)
note: a note
note: not restored by this saver, so they must be initialized: x
"""
    )


def test_two_ways_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    one = prediction("positional").attempts[0]
    skipped = Entry("skipped", "a", "a", expected=SMALL)
    second = Attempt("by_name", "load(by_name)", "nothing", None, (skipped,))
    text = drawn(Prediction("m.h5", "w.h5", (one, second)), capsys)
    assert "load(by_name)  would load nothing, without an error\n" in text
    assert (
        """
  weight    positional                     by name
  a         restored                       skipped
  net/b     missing: probably old/b
  c         shape: wants (2,), finds (3,)
  d/w       drift: gets e/w
  p/part_0  partial

extra, positional  in the checkpoint, and not looked for
  old/b
"""
        in text
    )


def test_many_of_one_status_are_put_together(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [Entry("missing", f"s{n % 2}/v{n}", f"s{n % 2}/v{n}") for n in range(60)]
    text = drawn(prediction(entries=entries), capsys)
    assert "  s0/  30 entries: v0, v2, v4, v6, v8, v10, v12, v14 and 22 more\n" in text
    assert text.count("\n") < 15
    text = drawn(prediction("positional", "by_name", entries=entries), capsys)
    assert "  s1/ (30 weights)  missing     missing\n" in text


def test_many_scopes_of_one_status_are_put_together_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What an evaluation leaves of a training checkpoint: two slots for each weight."""
    keys = [f"net/layer_{n}/{w}/{slot}" for n in range(30) for w in "bw" for slot in ("m", "v")]
    keys.append("step")
    text = drawn(prediction(entries=[Entry("extra", "", key, key, key) for key in keys]), capsys)
    assert "  net/layer_7/   4 entries: m, v\n" in text
    assert "  (no scope)     1 entry: step\n" in text
    assert text.count("\n") < 45


def test_many_lines_of_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    error = Complaint("InvalidArgumentError", "\n".join(map(str, range(9))))
    text = drawn(prediction(error=error), capsys)
    assert "  0\n  1\n  2\n  3\n  and 5 more\n" in text


HOSTILE = Entry("missing", "a|`b`\x1b[2J", "a|`b`\x1b[2J", rename="<b>*x*")


def test_hostile_names(capsys: pytest.CaptureFixture[str]) -> None:
    for ways in (["saver"], ["positional", "by_name"]):
        assert "\x1b" not in drawn(prediction(*ways, entries=[HOSTILE]), capsys)  # type: ignore[arg-type]
    text = "".join(restore_markdown.lines(prediction(entries=[HOSTILE])))
    assert "| missing | ``a\\|`b`\\x1b[2J`` | nothing, probably \\<b\\>\\*x\\* |\n" in text


def test_colours(capsys: pytest.CaptureFixture[str]) -> None:
    text = drawn(prediction(), capsys, Output(terminal=False, color=True, glyphs=ASCII))
    assert "\x1b[33mwould fail with NotFoundError\x1b[0m" in text


def test_markdown() -> None:
    text = "".join(restore_markdown.lines(prediction()))
    assert text.startswith(
        "### `model.ckpt` into `graph.meta`\n\n`load()` **would fail with NotFoundError**\n\n"
        "> Key b not found in checkpoint\n\n1 restored, 1 drift, "
    )
    assert "- renamed: old/\\* in the checkpoint is \\* here (1 variable)\n- a note\n" in text
    assert "| missing | `b` | for net/b, (2,) float32, probably old/b |\n" in text
    assert "| restored |" not in text


def test_markdown_is_short_enough_for_a_comment() -> None:
    entries = [Entry("missing", f"v{n}", f"v{n}") for n in range(1000)]
    text = "".join(restore_markdown.lines(prediction(entries=entries)))
    assert text.endswith("\nand 800 more\n")
    assert len(text) < 65_536


def checked(found: Prediction) -> Any:
    """The document, once it is known to be what its schema says."""
    document = json.loads("".join(restore_document(found)), parse_constant=pytest.fail)
    errors = [
        f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(document)
    ]
    assert errors == []
    return document


def test_the_schema_is_one_and_knows_the_words() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema"] == {"const": SCHEMA_RESTORE}
    assert SCHEMA["$defs"]["status"]["enum"] == list(STATUSES)
    attempt = SCHEMA["$defs"]["attempt"]["properties"]
    assert attempt["verdict"]["enum"] == list(VERDICTS)
    assert attempt["way"]["enum"] == list(get_args(Way))


def test_a_document() -> None:
    document = checked(prediction())
    assert document["would_restore"] is False
    (attempt,) = document["attempts"]
    assert attempt["error"] == {"kind": "NotFoundError", "message": MISSING.message}
    assert attempt["summary"]["missing"] == 1
    assert attempt["entries"][1] == {
        "status": "missing",
        "target": "net/b",
        "key": "b",
        "source": None,
        "source_name": None,
        "spec": None,
        "expected": {"dtype": "float32", "shape": [2]},
        "found": None,
        "error": {"kind": "NotFoundError", "message": MISSING.message},
        "rename": "old/b",
    }
    document["attempts"][0]["entries"][0]["surprise"] = 1
    assert not Draft202012Validator(SCHEMA).is_valid(document)


@pytest.mark.parametrize(
    ("graph", "checkpoint"),
    [
        ("tf1_gan/model.ckpt-200.meta", "tf1_gan"),
        ("tf1_gan/model.ckpt-200.meta", "tf2_object"),
        ("tf1_partitioned/model.ckpt.meta", "tf1_v1/model.ckpt"),
        ("tf2_saved_model", "tf2_saved_model/variables/variables"),
        ("keras3_functional.keras", "keras2_functional.h5"),
        ("keras3_functional.keras", "keras3_model.weights.h5"),
    ],
)
def test_documents_and_drawings_of_the_samples(
    graph: str, checkpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = predict(load(SAMPLES / graph), load(SAMPLES / checkpoint), rename_searches.nothing)
    document = checked(found)
    for attempt, written in zip(found.attempts, document["attempts"], strict=True):
        assert len(written["entries"]) == len(attempt.entries) == sum(written["summary"].values())
    assert found.attempts[0].call in drawn(found, capsys)
    assert found.attempts[0].call in "".join(restore_markdown.lines(found))
