"""Broken files, made from the others."""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from typing import TYPE_CHECKING

from makers.sample import sample
from makers.tensorflow1 import V2_DATA, V2_INDEX

if TYPE_CHECKING:
    from pathlib import Path


def good(out: Path, path: str) -> bytes:
    """Give the bytes of a good sample that a broken one is derived from."""
    source = out / path
    if not source.exists():
        raise SystemExit(f"{source} is missing: make it first")
    return source.read_bytes()


@sample(
    "broken/flipped",
    files={
        "broken/flipped.index": "tf2_object/ckpt-1.index with one bit flipped",
        "broken/flipped.data-00000-of-00001": "its data, unharmed",
    },
)
def make_flipped(out: Path) -> None:
    """An index with one flipped bit in the middle of its data block.

    The checksum of the block no longer holds. TensorFlow refuses this index, which has one
    block; of a larger one it lists what comes before the damage and says nothing.
    """
    content = bytearray(good(out, "tf2_object/ckpt-1.index"))
    # The data block comes first in the table and is most of it.
    content[len(content) // 2] ^= 0x10
    (out / "broken/flipped.index").write_bytes(content)
    data = good(out, "tf2_object/ckpt-1.data-00000-of-00001")
    (out / "broken/flipped.data-00000-of-00001").write_bytes(data)


@sample(
    "broken/truncated.index",
    files={"broken/truncated.index": "the first 60 % of tf1_gan/model.ckpt-200.index"},
)
def make_truncated_index(out: Path) -> None:
    """An index that was cut off, so its footer is missing."""
    content = good(out, "tf1_gan/model.ckpt-200.index")
    (out / "broken/truncated.index").write_bytes(content[: len(content) * 6 // 10])


@sample(
    "broken/truncated.h5",
    files={"broken/truncated.h5": "the first 60 % of keras2_weights.h5"},
)
def make_truncated_h5(out: Path) -> None:
    """An HDF5 file that was cut off: the superblock promises more bytes than there are."""
    content = good(out, "keras2_weights.h5")
    (out / "broken/truncated.h5").write_bytes(content[: len(content) * 6 // 10])


@sample(
    "broken/truncated.keras",
    files={"broken/truncated.keras": "the first 30 % of keras3_functional.keras"},
)
def make_truncated_keras(out: Path) -> None:
    """A .keras that was cut off: the zip directory, which is at the end, is missing."""
    content = good(out, "keras3_functional.keras")
    (out / "broken/truncated.keras").write_bytes(content[: len(content) * 3 // 10])


@sample("broken/model.h5", files={"broken/model.h5": "a Git LFS pointer, three lines of text"})
def make_lfs_pointer(out: Path) -> None:
    """A Git LFS pointer named like a model: cloned without `git lfs pull`."""
    content = good(out, "keras2_functional.h5")
    digest = hashlib.sha256(content).hexdigest()
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    )
    (out / "broken/model.h5").write_bytes(pointer.encode())


@sample("broken/model.index", files={"broken/model.index": "no bytes at all"})
def make_empty_index(out: Path) -> None:
    """An empty file named like an index: the disk was full, or the job was killed."""
    (out / "broken/model.index").write_bytes(b"")


@sample("broken/model.keras", files={"broken/model.keras": "an HTML page"})
def make_html_page(out: Path) -> None:
    """A web page named like a model: the download needed a login."""
    page = (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n'
        "<head><title>Sign in</title></head>\n"
        "<body><p>Please sign in to download model.keras.</p></body>\n"
        "</html>\n"
    )
    (out / "broken/model.keras").write_bytes(page.encode())


@sample(
    "broken/mangled.h5",
    files={"broken/mangled.h5": "keras2_weights.h5 decoded as UTF-8 text and encoded again"},
)
def make_mangled_h5(out: Path) -> None:
    """An HDF5 file that went through a text editor or a text-mode transfer.

    Each byte that is not UTF-8 became the three bytes of U+FFFD, the first of the signature
    among them.
    """
    text = good(out, "keras2_weights.h5").decode("utf-8", errors="replace")
    (out / "broken/mangled.h5").write_bytes(text.encode())


@sample(
    "broken/no_data.index",
    files={"broken/no_data.index": "tf1_batchnorm/model.ckpt.index"},
)
def make_no_data(out: Path) -> None:
    """A whole, valid index without its data shard: names can be read, values cannot."""
    content = good(out, "tf1_batchnorm/model.ckpt.index")
    (out / "broken/no_data.index").write_bytes(content)


@sample(
    "broken/lone.data-00000-of-00001",
    files={"broken/lone.data-00000-of-00001": "tf1_batchnorm/model.ckpt.data-00000-of-00001"},
)
def make_lone_data(out: Path) -> None:
    """A data shard without its index: bytes without names."""
    content = good(out, "tf1_batchnorm/model.ckpt.data-00000-of-00001")
    (out / "broken/lone.data-00000-of-00001").write_bytes(content)


def write_stale_state(folder: Path, source: Path, old_prefix: str) -> None:
    """Copy a checkpoint beside a state file that still names ``old_prefix``."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("index", "data-00000-of-00001"):
        content = good(source, f"tf1_batchnorm/model.ckpt.{suffix}")
        (folder / f"model.ckpt-20.{suffix}").write_bytes(content)
    escaped = old_prefix.replace("\\", "\\\\")
    state = f'model_checkpoint_path: "{escaped}"\nall_model_checkpoint_paths: "{escaped}"\n'
    (folder / "checkpoint").write_bytes(state.encode())


def stale_files(folder: str) -> dict[str, str]:
    """Describe the files of a folder with a stale state file."""
    return {
        f"{folder}/checkpoint": "names an absolute path that is not on this machine",
        f"{folder}/model.ckpt-20.data-00000-of-00001": V2_DATA,
        f"{folder}/model.ckpt-20.index": V2_INDEX,
    }


@sample("broken/stale_state", files=stale_files("broken/stale_state"))
def make_stale_state(out: Path) -> None:
    """A folder copied from another machine: its state file names a path of that machine.

    The checkpoint itself lies beside it and is fine.
    """
    prefix = "/home/maria/experiments/run_3/model.ckpt-20"
    write_stale_state(out / "broken/stale_state", out, prefix)


@sample("broken/stale_state_windows", files=stale_files("broken/stale_state_windows"))
def make_stale_state_windows(out: Path) -> None:
    """The same from a Windows machine, with escaped backslashes in the state file."""
    prefix = "C:\\Users\\Maria\\experiments\\run_3\\model.ckpt-20"
    write_stale_state(out / "broken/stale_state_windows", out, prefix)


@sample(
    "broken/duplicate_member.keras",
    files={"broken/duplicate_member.keras": "keras3_functional.keras with one member twice"},
)
def make_duplicate_member(out: Path) -> None:
    """A .keras with two members named model.weights.h5, the second holding a line of text.

    Readers disagree about which one counts, which is how such files smuggle content past a
    check.
    """
    path = out / "broken/duplicate_member.keras"
    path.write_bytes(good(out, "keras3_functional.keras"))
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(zipfile.ZipInfo("model.weights.h5"), b"not the weights\n")
