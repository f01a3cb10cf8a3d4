"""What no honest file has: endless nesting, bombs, circles, names of a megabyte, a million names.

Each file is opened in a child of this process that may take 512 MB beyond what it has.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.errors import ScopecliError
from scopecli.formats.opening import survey
from tests import bundles
from tests.bundles import Tensor, varint
from tests.fuzz.running import look
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MILLION = 1_000_000
DEEP = 200_000  # what takes time for each level; the rest is a million deep
MEMORY = 512 << 20
READ, REFUSED = "read", "refused"


def outcome(work: Callable[[], object], memory: int = MEMORY) -> str:
    """What comes of some work in a child: `read`, a refusal, or how it died."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        text = "died"
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            # Beyond the threads and tables that the libraries have set up already.
            taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_DATA, (taken + memory, taken + memory))
            work()
            text = READ
        except ScopecliError as error:
            text = f"{REFUSED}: {error}"
        except BaseException as error:  # noqa: BLE001 - what it was is what is tested
            text = repr(error)
        finally:
            os.write(writing, text[:4000].encode("utf-8", "replace"))
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return text if status == 0 else f"signal {-status}"


def opened(path: Path | str, input_format: str | None = None) -> str:
    return outcome(lambda: look(survey(str(path), input_format=input_format)))


def safe(text: str) -> bool:
    return text == READ or text.startswith(REFUSED)


def keras(folder: Path, member: str, data: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    """The sample archive of Keras with another member."""
    path = folder / "m.keras"
    with (
        zipfile.ZipFile(SAMPLES / "keras3_functional.keras") as sample,
        zipfile.ZipFile(path, "w") as out,
    ):
        for name in sample.namelist():
            contents = data if name == member else sample.read(name)
            out.writestr(name, contents, method if name == member else zipfile.ZIP_STORED)
    return path


# --- nesting ----------------------------------------------------------------------------------


def nested_message(number: int, inside: bytes) -> bytes:
    """A protobuf message in itself, again and again, made from the inside out."""
    pieces, length = [inside], len(inside)
    for _ in range(DEEP):
        head = varint(number << 3 | 2) + varint(length)
        pieces.append(head)
        length += len(head)
    return b"".join(reversed(pieces))


JSON_DEEP = {
    "lists": b"[" * MILLION,
    "objects": b'{"a":' * MILLION,
    "closed": b"[" * MILLION + b"]" * MILLION,
}


def safetensors(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


DEEP_FILES: dict[str, tuple[str, str | None, Callable[[bytes], bytes]]] = {
    "safetensors": ("m.safetensors", "safetensors", lambda deep: safetensors(b'{"a":' + deep)),
    "safetensors-metadata": (
        "m.safetensors",
        "safetensors",
        lambda deep: safetensors(b'{"__metadata__":' + deep + b"}"),
    ),
    "shard-index": (
        "model.safetensors.index.json",
        None,
        lambda deep: b'{"weight_map":' + deep + b"}",
    ),
    "scopecli-json": (
        "m.json",
        "scopecli-json",
        lambda deep: b'{"schema": "scopecli/model/1", "scopes":' + deep + b"}",
    ),
    "zarr": (".zarray", None, lambda deep: b'{"zarr_format": 2, "shape":' + deep + b"}"),
    "orbax": ("_METADATA", None, lambda deep: b'{"tree_metadata":' + deep + b"}"),
}


@pytest.mark.parametrize("kind", JSON_DEEP)
@pytest.mark.parametrize("name", DEEP_FILES)
def test_deep_json(name: str, kind: str, tmp_path: Path) -> None:
    file, input_format, made = DEEP_FILES[name]
    (tmp_path / file).write_bytes(made(JSON_DEEP[kind]))
    assert safe(opened(tmp_path if file[0] in "._" else tmp_path / file, input_format))


@pytest.mark.parametrize("kind", JSON_DEEP)
@pytest.mark.parametrize("member", ["config.json", "metadata.json"])
def test_deep_json_of_keras(member: str, kind: str, tmp_path: Path) -> None:
    assert safe(opened(keras(tmp_path, member, b'{"config":' + JSON_DEEP[kind] + b"}")))


@pytest.mark.parametrize(
    ("name", "format_id", "number"),
    [
        ("m.pb", "tf-graphdef", 1),
        ("m.pb", "tf-graphdef", 2),
        ("m.meta", "tf-metagraph", 2),
        ("saved_model.pb", "tf-saved-model", 2),
        ("m.onnx", "onnx", 7),
        ("m.onnx", "onnx", 1),
    ],
)
def test_deep_protobuf(name: str, format_id: str, number: int, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(nested_message(number, b"\x0a\x01a"))
    assert safe(opened(tmp_path / name, format_id))


@pytest.mark.parametrize("opening", [b"node {", b"a {", b"a <", b"a: [", b"a [", b"[a.b/c] {"])
def test_deep_text(opening: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.pbtxt").write_bytes(b'node { name: "a" }' + opening * DEEP)
    assert opened(tmp_path / "m.pbtxt", "tf-graphdef").startswith(REFUSED)


def pickles() -> Iterator[tuple[str, bytes]]:
    yield "marks", b"(" * MILLION + b"."
    yield "lists", b"\x80\2" + b"]" * DEEP + b"a" * (DEEP - 1) + b"."
    yield "tuples", b"\x80\2)" + b"\x85" * DEEP + b"."
    yield "dictionaries", b"\x80\2" + b"}K\0" * DEEP + b"}" + b"s" * DEEP + b"."
    yield "calls", b"\x80\2" + b"ca\nb\n" * 1000 + b")R" * DEEP + b"."
    yield "ids", b"\x80\2N" + b"Q" * DEEP + b"."


@pytest.mark.parametrize(("kind", "data"), list(pickles()), ids=[kind for kind, _ in pickles()])
def test_deep_pickles(kind: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", data)
        archive.writestr("m/version", "3\n")
    assert safe(opened(path))


@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a", b"\xdd\0\0\0\1", b"\xc7\1\1"])
def test_deep_msgpack(opening: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(opening * MILLION + b"\xc0")
    assert opened(tmp_path / "m", "flax-msgpack").startswith(REFUSED)


def test_deep_array_headers(tmp_path: Path) -> None:
    text = b"{'descr': " + b"[('a', " * MILLION
    header = b"\x93NUMPY\2\0" + len(text).to_bytes(4, "little") + text
    (tmp_path / "m.npy").write_bytes(header)
    assert opened(tmp_path / "m.npy").startswith(REFUSED)


@pytest.mark.parametrize("text", ["a = " + "[" * MILLION, "a = " + "{a=" * MILLION, ".a" * MILLION])
def test_deep_settings(text: str, tmp_path: Path) -> None:
    from scopecli.formats import rename_map
    from scopecli.rules import settings

    (tmp_path / "scopecli.toml").write_text(text)
    assert outcome(lambda: settings.find(str(tmp_path))).startswith(REFUSED)
    assert outcome(lambda: rename_map.read(f"{tmp_path}/scopecli.toml")).startswith(REFUSED)


# --- bombs ------------------------------------------------------------------------------------


def deflated(piece: bytes, times: int, start: bytes) -> tuple[bytes, int]:
    """A piece again and again, packed, and its checksum; it is never in memory as a whole."""
    packer, crc, out = zlib.compressobj(1, zlib.DEFLATED, -15), 0, []
    for each in (start + piece[len(start) :], *[piece] * (times - 1)):
        out.append(packer.compress(each))
        crc = zlib.crc32(each, crc)
    return b"".join([*out, packer.flush()]), crc


def bomb(
    path: Path, member: str, piece: bytes, times: int, others: dict[str, bytes], start: bytes = b""
) -> None:
    """An archive with one member that unpacks to a lot, put together by hand."""
    packed, crc = deflated(piece, times, start)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in others.items():
            archive.writestr(name, data)
        info = zipfile.ZipInfo(member)
        archive.writestr(info, packed)
        info.compress_type, info.file_size, info.CRC = 8, len(piece) * times, crc
        held.seek(info.header_offset)
        held.write(info.FileHeader())
        held.seek(0, io.SEEK_END)
    path.write_bytes(held.getvalue())


MEGABYTE = 1 << 20
NOTHING = bytes(MEGABYTE)
BOMBS: dict[str, tuple[str, str, bytes, int]] = {
    "config": ("m.keras", "config.json", b"[]," * (MEGABYTE // 3), 250),
    "metadata": ("m.keras", "metadata.json", b" " * MEGABYTE, 250),
    "weights": ("m.keras", "model.weights.h5", NOTHING, 600),
    "pickle": ("m.pt", "m/data.pkl", b"]" * MEGABYTE, 250),
    "array": ("m.npz", "w.npy", NOTHING, 600),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs(kind: str, tmp_path: Path) -> None:
    name, member, piece, times = BOMBS[kind]
    with zipfile.ZipFile(SAMPLES / "keras3_functional.keras") as sample:
        others = {each: sample.read(each) for each in sample.namelist() if each != member}
    if not name.endswith(".keras"):
        others = {"m/version": b"3\n"} if name.endswith(".pt") else {}
    bomb(tmp_path / name, member, piece, times, others)
    assert opened(tmp_path / name).startswith(REFUSED)


def test_an_honest_array_of_zeros(tmp_path: Path) -> None:
    """It is packed as well as a bomb, and read piece by piece: it takes no more than a few."""
    from scopecli.analysis.stats import measure

    head = io.BytesIO()
    shape = ((100 << 20) - 128,)
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|i1", "fortran_order": False, "shape": shape}
    )
    start = head.getvalue()
    assert len(start) == 128
    bomb(tmp_path / "m.npz", "w.npy", NOTHING, 100, {}, start)

    def work() -> None:
        model = survey(tmp_path / "m.npz")
        assert model.variables[0].shape == shape
        measure(model, model.variables[0])

    assert outcome(work, 64 << 20) == READ


def test_a_shape_that_is_a_bomb(tmp_path: Path) -> None:
    """A dataset of HDF5 that nothing was written to takes no room, whatever its shape."""
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("w", (2**40,), "f4", chunks=(2**20,))
    assert opened(tmp_path / "m.h5") == READ


def test_a_chunk_that_is_a_bomb(tmp_path: Path) -> None:
    """So does a chunk of a Zarr array."""
    header = {"zarr_format": 2, "dtype": "<f4", "shape": [2**30], "chunks": [2**27]}
    (tmp_path / ".zarray").write_text(json.dumps(header), "utf-8")

    def work() -> None:
        model = survey(tmp_path)
        assert model.tensors is not None
        assert not any(model.tensors.read(model.variables[0], 2**29, 1000))

    assert outcome(work, 64 << 20) == READ


# --- circles ----------------------------------------------------------------------------------


def test_circles_of_links(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["a/w"] = np.zeros(3, "f4")
        file["a/b/up"] = file["a"]
        file["a/b/top"] = file["/"]
        file["soft"] = h5py.SoftLink("/soft")
        file["there"] = h5py.SoftLink("/back")
        file["back"] = h5py.SoftLink("/there")
        file["out"] = h5py.ExternalLink("m.h5", "/out")
        file["through"] = h5py.ExternalLink("m.h5", "/")
    model = survey(tmp_path / "m.h5")
    assert [variable.key for variable in model.variables] == ["a/w"]
    assert opened(tmp_path / "m.h5") == READ


def test_circles_of_offsets(tmp_path: Path) -> None:
    """Every aligned offset of a FlatBuffer in turn leads back to its own table, or to the root."""
    data = (SAMPLES / "mobile.tflite").read_bytes()

    def work() -> None:
        for at in range(8, 600, 4):
            for offset in (0, 4, (2**32 - at) % 2**32):
                changed = data[:at] + offset.to_bytes(4, "little") + data[at + 4 :]
                (tmp_path / "m.tflite").write_bytes(changed)
                with contextlib.suppress(ScopecliError):
                    survey(tmp_path / "m.tflite")

    assert outcome(work) == READ


# --- large names, many names ------------------------------------------------------------------

LONG = "n" * (1 << 20)


@pytest.mark.parametrize("name", [LONG, "/".join(["d"] * 500_000), ".".join(["d"] * 500_000)])
def test_names_of_a_megabyte(name: str, tmp_path: Path) -> None:
    header = {name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    (tmp_path / "m.safetensors").write_bytes(safetensors(json.dumps(header).encode()) + bytes(4))
    bundles.write(tmp_path / "m", {name: Tensor()})
    node = bundles.message((1, name.encode()), (2, b"VarHandleOp"))
    (tmp_path / "m.pb").write_bytes(bundles.message((1, node), (1, node)))
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr(f"{name[:60_000]}.npy", npy())
    for file in ("m.safetensors", "m", "m.pb", "m.npz"):
        assert safe(opened(tmp_path / file)), file


def npy() -> bytes:
    held = io.BytesIO()
    np.save(held, np.zeros(2, "f4"))
    return held.getvalue()


@pytest.mark.skipif(not os.environ.get("SCOPECLI_LARGE"), reason="slow: set SCOPECLI_LARGE=1")
@pytest.mark.parametrize("kind", ["bundle", "safetensors"])
def test_a_million_variables(kind: str, tmp_path: Path) -> None:
    names = [f"s{i % 1000}/l{i}/w" for i in range(MILLION)]
    if kind == "bundle":
        path = bundles.write(tmp_path / "m", dict.fromkeys(names, Tensor()))
    else:
        spans = {"dtype": "F32", "shape": [1]}
        header: dict[str, Any] = {
            name: {**spans, "data_offsets": [4 * i, 4 * i + 4]} for i, name in enumerate(names)
        }
        path = str(tmp_path / "m.safetensors")
        Path(path).write_bytes(safetensors(json.dumps(header).encode()) + bytes(4 * MILLION))
    model = survey(path)
    assert len(model.variables) == MILLION
    look(model)
