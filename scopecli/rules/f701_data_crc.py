"""F701: a tensor or a member of an archive does not match its checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats import stored_checksums
from scopecli.model.finding import Hit
from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="F701",
    name="data-crc",
    severity="error",
    needs="file",
    summary="A tensor or a member of an archive does not match its checksum.",
    why="A bit was flipped in transfer or on the disk. TensorFlow verifies a checksum only when it"
    " reads that very tensor, h5py and zip tools only when they reach that member, PyTorch never"
    " when it maps the file; training simply goes on with numbers that are slightly wrong.",
    fix="copy the file again, or use an earlier checkpoint",
    false_alarms="Data is read only with `--values`. Values in HDF5 have a checksum if their writer"
    " asked for one, which is rare; those in safetensors, GGUF and ONNX have none.",
    bad="damage := ChecksumError does not have the bytes that its checksum is of",
    subjects=("",),
    good="w: float32[2]",
)


def check(context: Context) -> Iterator[Hit]:
    """Read everything that has a checksum, where reading is allowed."""
    yield from damage.hits(context, RULE.code)
    if context.reads_values:
        length = stored_checksums.bytes_to_read(context.model)
        with context.progress(length, "verifying checksums") as progress:
            for subject, message in stored_checksums.mismatches(context.model, progress):
                yield Hit(subject, message)
