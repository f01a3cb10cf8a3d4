"""A command line for each command, in each of its formats, to try what must hold for all."""

from __future__ import annotations

import click

from scopecli.cli import main
from scopecli.cli.group import COMMANDS

#: Arguments without `--format`; paths are relative to the samples.
ONE_OF_EACH = {
    "tree": ("tf1_gan",),
    "list": ("keras3_functional.keras",),
    "info": ("tf2_saved_model",),
    "show": ("torch_checkpoint.pt", "--slice", "0", "optimizer.state.0.exp_avg"),
    "collections": ("graphs/twins.meta",),
    "reuse": ("graphs/twins.meta",),
    "diff": ("--values", "pairs/base", "pairs/halved"),
    "rename": ("plain.h5", "--dry-run", "--add-prefix", "größe/"),
    "validate": ("--values", "graphs/gan_twins.meta", "tf1_gan"),
    "rules": (),
    "stats": ("pairs/converted.safetensors",),
    "dryrun": ("--as", "tensorflow", "programs/gan.py:train"),
}


def formats(command: str) -> list[str]:
    """What a command's `--format` takes."""
    found = main.scopecli.get_command(click.Context(main.scopecli), command)
    assert found is not None
    (kind,) = (each.type for each in found.params if each.name == "output_format")
    assert isinstance(kind, click.Choice)
    return list(kind.choices)


assert set(ONE_OF_EACH) == set(COMMANDS), "a command is missing here"

#: Every command in every format.
LINES = tuple(
    (command, *arguments, "--format", each)
    for command, arguments in ONE_OF_EACH.items()
    for each in formats(command)
)
#: How tests are called after them.
IDS = tuple(f"{line[0]}-{line[-1]}" for line in LINES)
