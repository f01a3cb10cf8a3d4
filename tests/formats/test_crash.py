"""Killed at any point, a rename leaves the old files or the new ones, and the input as it was.

Each test runs the rename in a process of its own again and again, and kills it before its first
call that changes something on the disk, before the second, and so on until one run is done.
"""

from __future__ import annotations

import builtins
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

import scopecli
from scopecli.analysis.rename.rules import Drop, DropSlots
from tests.renames import contents, files, sample, two_shards
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scopecli.analysis.rename.rules import Rule

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

_CALLS = ("open", "fsync", "rename", "link", "unlink")
_MOST = 400


def killed_before(number: int, work: Callable[[], object]) -> bool:
    """Run some work in a child that is killed before its n-th call; whether it was."""
    pid = os.fork()
    if pid == 0:
        left = number

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments, **options)

            return wrapper

        code = 1
        try:
            # A killed process loses nothing that it wrote, so nothing needs to be flushed.
            setattr(os, "fsync", int)  # noqa: B010 - for this child only
            for name in _CALLS:
                setattr(os, name, counted(getattr(os, name)))
            builtins.open = counted(builtins.open)
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def states(folder: Path, work: Callable[[], object], look: Callable[[], object]) -> list[object]:
    """What there is to be seen after a kill at each point, and after the run that was done."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    seen = []
    work()  # so that all modules are loaded, and no child has to do it
    for number in range(_MOST):
        shutil.rmtree(folder)
        folder.mkdir()
        for name, data in before.items():
            (folder / name).write_bytes(data)
        killed = killed_before(number, work)
        seen.append(look())
        if not killed:
            return seen
    raise AssertionError(f"not done after {_MOST} calls")


RULES: Mapping[str, Mapping[str, str] | list[Rule]] = {
    "rename": {"enc/": "dec2/"},
    "drop": [DropSlots(), Drop("dec/*")],
}
OBJECTS: Mapping[str, Mapping[str, str] | list[Rule]] = {
    "rename": {"model/": "net/"},
    "drop": [DropSlots()],
}


@pytest.mark.parametrize("rules", RULES)
def test_a_new_checkpoint_is_there_whole_or_not(tmp_path: Path, rules: str) -> None:
    old = two_shards(tmp_path)
    original = files(tmp_path)
    new = tmp_path / "new"

    def look() -> object:
        now = files(tmp_path)
        assert {name: now[name] for name in original} == original
        return contents(new) if (tmp_path / "new.index").exists() else None

    seen = states(tmp_path, lambda: scopecli.rename(old, new, RULES[rules]), look)
    assert len(seen) > 10
    assert [value for value in seen if value is not None and value != seen[-1]] == []
    assert seen[0] is None
    assert seen[-1] is not None


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("kind", ["names", "objects"])
@pytest.mark.parametrize("backup", ["", "~"])
def test_in_place_it_is_the_old_or_the_new(
    tmp_path: Path, rules: str, kind: str, backup: str
) -> None:
    old = two_shards(tmp_path) if kind == "names" else sample(tmp_path, "tf2_object/ckpt-1")
    before = contents(old)
    chosen = (RULES if kind == "names" else OBJECTS)[rules]
    seen = states(
        tmp_path, lambda: scopecli.rename(old, None, chosen, backup=backup), lambda: contents(old)
    )
    after = seen[-1]
    assert after != before
    assert [value for value in seen if value not in (before, after)] == []
    assert seen == sorted(seen, key=lambda value: value == after)  # never back to the old


@pytest.mark.parametrize("data", ["copy", "link"])
def test_forced_it_is_the_old_or_the_new(tmp_path: Path, data: Any) -> None:
    """The old target has as many shards under the same names, with other values."""
    old = two_shards(tmp_path)
    new = tmp_path / "new"
    scopecli.rename(old, new, {"enc/w": "dec/w", "dec/w": "enc/w"})
    before = contents(new)
    seen = states(
        tmp_path,
        lambda: scopecli.rename(old, new, {"enc/": "x/"}, force=True, data=data),
        lambda: contents(new),
    )
    assert [value for value in seen if value not in (before, seen[-1])] == []
    assert seen[0] == before != seen[-1]


def test_v1_in_place_is_the_old_or_the_new(tmp_path: Path) -> None:
    old = sample(tmp_path, "tf1_v1/model.ckpt")
    before = contents(old)
    seen = states(
        tmp_path, lambda: scopecli.rename(old, None, {"wide": "narrow"}), lambda: contents(old)
    )
    assert seen[0] == before != seen[-1]
    assert [value for value in seen if value not in (before, seen[-1])] == []


@pytest.mark.parametrize("rules", [{"state_dict.": "state_dict.net."}, [DropSlots()]])
def test_pytorch_in_place_is_the_old_or_the_new(
    tmp_path: Path, rules: Mapping[str, str] | list[Rule]
) -> None:
    path = tmp_path / "m.pt"
    shutil.copy(SAMPLES / "torch_checkpoint.pt", path)
    before = contents(path)
    seen = states(tmp_path, lambda: scopecli.rename(path, None, rules), lambda: contents(path))
    assert seen[0] == before != seen[-1]
    assert [value for value in seen if value not in (before, seen[-1])] == []
