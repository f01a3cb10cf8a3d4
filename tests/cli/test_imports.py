"""What commands import, because that is most of the time that a short run takes.

numpy alone takes longer than listing a checkpoint. The budgets are lists and counts of modules; no
clock is looked at. Where one is exceeded, import later, or not at all: `python -X importtime`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from typing import NamedTuple

import pytest

from tests.samples import SAMPLES

_RULE = re.compile(r"scopecli\.rules\.[a-z]\d")
_FORMATS = "scopecli.formats."

_RUN = """
import sys
from scopecli.cli.main import run
assert run(sys.argv[1:]) in (0, 1)
sys.stderr.write("\\n" + " ".join(sys.modules))
"""

STANDARD = frozenset(sys.stdlib_module_names)

# Every command needs these to find out what a file is.
DETECTION = {
    *("detection", "opening", "registry", "shard_index", "some_notes"),
    *("safetensors", "safetensors.header", "tensorflow", "tensorflow.checkpoint_state"),
    *("torch", "torch.marks"),
}
# Of the standard library, what takes a millisecond or brings along others that do.
COSTLY = {
    *("argparse", "asyncio", "concurrent", "csv", "ctypes", "dataclasses", "decimal", "email"),
    *("fractions", "http", "importlib.metadata", "logging", "multiprocessing", "pathlib", "pickle"),
    *("random", "socket", "statistics", "subprocess", "tempfile", "tomllib", "urllib", "zipfile"),
}
NOTHING = frozenset[str]()
CHECKSUMS = frozenset({"google_crc32c"})
ARRAYS = CHECKSUMS | {"numpy", "h5py"}
# What numpy and h5py bring along (dataclasses, with logging, from Python 3.14 on), and what `diff`
# and `validate` are written with.
WITH_ARRAYS = frozenset(
    {"ctypes", "dataclasses", "logging", "pathlib", "pickle", "random", "subprocess", "urllib"}
)
DIFF = frozenset({"dataclasses", "decimal", "fractions"})
VALIDATE = frozenset({"dataclasses", "tomllib"})


class Budget(NamedTuple):
    """What a command may import beyond what `import click` does.

    Attributes:
        command: run in the folder of samples, its output in a pipe.
        readers: how the modules of `scopecli.formats` begin that it may use, apart from detection.
        packages: those of others.
        modules: how many of scopecli's own, rules of `validate` aside.
        standard: how many of the standard library.
        costly: which of those that are otherwise forbidden.
    """

    command: str
    readers: str
    packages: frozenset[str]
    modules: int
    standard: int = 20
    costly: frozenset[str] = frozenset()


BUDGETS = (
    Budget("--help", "-", NOTHING, 5),
    Budget("--version", "-", NOTHING, 5),
    Budget("tree -h", "-", NOTHING, 11, 22),  # Click's shutil brings all compressions along
    Budget("list tf1_gan", "tensorflow", CHECKSUMS, 57),
    Budget("list --format json tf1_partitioned", "tensorflow", CHECKSUMS, 58),
    Budget(
        "list --format csv tf1_partitioned", "tensorflow", CHECKSUMS, 58, 20, frozenset({"csv"})
    ),
    Budget("tree tf1_gan", "tensorflow", CHECKSUMS, 64),
    Budget("tree --format json tf1_partitioned", "tensorflow", CHECKSUMS, 64),
    Budget("info tf1_gan", "tensorflow", CHECKSUMS, 60),
    Budget("reuse tf1_gan", "tensorflow", CHECKSUMS, 60),
    Budget("tree dtypes.safetensors", "safetensors|stored", CHECKSUMS, 44),
    Budget("list llama.gguf", "gguf|stored", CHECKSUMS, 42),
    Budget("tree torch_checkpoint.pt", "torch|zip|stored", CHECKSUMS, 60),
    Budget("tree keras2_weights.h5", "hdf5|keras|stored", CHECKSUMS, 65),
    Budget("tree keras3_model.weights.h5", "hdf5|keras|stored", CHECKSUMS, 65),
    Budget("tree keras3_functional.keras", "hdf5|keras|stored|zip", CHECKSUMS, 68),
    Budget("list plain.h5", "hdf5|stored", CHECKSUMS, 60),
    Budget("tree plain_latest.h5", "hdf5|keras|stored", CHECKSUMS, 66),
    Budget("show plain_latest.h5 values/half", "hdf5|stored", ARRAYS, 66, 60, WITH_ARRAYS),
    Budget("diff pairs/base pairs/grown", "tensorflow", CHECKSUMS, 60, 24, DIFF),
    Budget("validate pairs/base", "tensorflow|stored", CHECKSUMS, 76, 34, VALIDATE),
    Budget("validate tf1_gan", "tensorflow|stored", CHECKSUMS, 104, 34, VALIDATE),
    Budget("validate graphs/twins.meta", "tensorflow|stored", CHECKSUMS, 96, 34, VALIDATE),
)


@cache
def of_click() -> frozenset[str]:
    code = "import sys, click; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


def imported(command: str) -> set[str]:
    """The modules that a command imports beyond those of Click."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *command.split()],
        cwd=SAMPLES,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-300:]
    return set(done.stderr.rpartition("\n")[2].split()) - of_click()


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: budget.command)
def test_budget(budget: Budget) -> None:
    modules = {name for name in imported(budget.command) if name != "__main__"}
    ours = {name for name in modules if name.partition(".")[0] == "scopecli"}
    packages = {name.partition(".")[0] for name in modules - ours if "cython" not in name}
    standard = {name for name in modules - ours if name.partition(".")[0] in STANDARD}
    readers = {
        name.removeprefix(_FORMATS) for name in ours if name.startswith(_FORMATS)
    } - DETECTION

    assert packages - STANDARD - {"click"} <= budget.packages
    assert standard & COSTLY <= budget.costly
    assert {name for name in readers if not re.match(budget.readers, name)} == set()
    assert len([name for name in ours if not _RULE.match(name)]) <= budget.modules, sorted(ours)
    assert len(standard) <= budget.standard, sorted(standard)
