"""Valid inputs to start from: the samples, parts of them, and small texts."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.samples import SAMPLES

Seeds = Callable[[], Iterable[bytes]]


def files(*patterns: str) -> Seeds:
    """The samples that match, as they are."""

    def found() -> Iterator[bytes]:
        for pattern in patterns:
            for path in sorted(SAMPLES.glob(pattern)):
                if path.is_file():
                    yield path.read_bytes()

    return found


def members(pattern: str, *archives: str) -> Seeds:
    """What stands in the archives among the samples, under names that end so."""

    def found() -> Iterator[bytes]:
        import zipfile

        for archive in archives:
            for path in sorted(SAMPLES.glob(archive)):
                if zipfile.is_zipfile(path):
                    with zipfile.ZipFile(path) as opened:
                        for name in opened.namelist():
                            if name.endswith(pattern):
                                yield opened.read(name)

    return found


def these(*texts: bytes) -> Seeds:
    return lambda: texts


def both(*several: Seeds) -> Seeds:
    return lambda: (seed for each in several for seed in each())


def pickles() -> Iterator[bytes]:
    yield from members(".pkl", "*.pt", "*/*.bin", "*.pth")()
    yield (SAMPLES / "torch_distributed/.metadata").read_bytes()
    legacy = (SAMPLES / "torch_legacy.pth").read_bytes()
    yield legacy


def pickled_arrays() -> Iterator[bytes]:
    """Arrays in pickles of several protocols, and as joblib writes them."""
    import numpy as np

    array = np.arange(80, dtype="f4").reshape(4, 20)
    objects = np.array([{"c": array[1:, ::2]}, "x"], object)
    turned = array.reshape(2, 4, 10).swapaxes(0, 1)
    for protocol in (0, 2, 4, 5):
        held = {"a": array.T, "b": [objects], "d": np.int8(1), "turned": turned}
        yield pickle.dumps(held, protocol)
    for values, data in ((array, b"\0" + array.tobytes()), (objects, pickle.dumps(objects, 2))):
        state: dict[str, Any] = {"shape": values.shape, "order": "C", "dtype": values.dtype}
        state["numpy_array_alignment_bytes"] = 16
        wrapper = b"\x80\3cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
        yield wrapper + pickle.dumps(state, 3)[2:-1] + b"b" + data + b"."
    yield (SAMPLES / "network.npy").read_bytes()


def pickled_tensors() -> Iterator[bytes]:
    """Tensors in a plain pickle, whose storage is the stream of PyTorch's before 1.6."""
    data = (SAMPLES / "torch_legacy.pth").read_bytes()
    identifier = b"X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"7X\3\0\0\0cpuK\2"
    stream = data[: data.index(b"collections") - 3] + b"\x80\2(" + identifier + b"tQ."
    stream += b"\x80\2]X\1\0\0\0" + b"7a.\2\0\0\0\0\0\0\0" + bytes(8)
    storage = b"ctorch.storage\n_load_from_bytes\nB" + len(stream).to_bytes(4, "little") + stream
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"\x85RK\0K\2\x85K\1\x85\x89}tR"
    yield b"\x80\3}X\1\0\0\0w" + tensor + b"s."


def attributes() -> Iterator[bytes]:
    """Each attribute of the Keras files: a line that says where it is, and its bytes."""
    import h5py

    for path in sorted(SAMPLES.glob("keras*.h5")):
        with h5py.File(path) as file:
            found: list[tuple[str, str, Any]] = []
            for owner in ("/", "/model_weights", "/optimizer_weights"):
                if owner in file:
                    found += ((owner, name, value) for name, value in file[owner].attrs.items())
        for owner, name, value in found:
            if isinstance(value, (str, bytes)):
                data = value.encode() if isinstance(value, str) else value
                yield f"text {owner} {name}\n".encode() + data
            else:
                parts = [str(part).encode() for part in value]
                yield f"list {owner} {name}\n".encode() + b"\n".join(parts)


def heaps() -> Iterator[bytes]:
    """HDF5 files whose links and attributes are kept in all ways of its newer versions."""
    import h5py
    import numpy as np

    for track_order in (False, True):
        content = io.BytesIO()
        with h5py.File(content, "w", libver="latest", track_order=track_order) as file:
            group = file.create_group("layers", track_order=track_order)
            for i in range(60):
                group[f"layer_{i}"] = h5py.SoftLink("/x" * (i % 20 + 1))
                if i % 3 == 1:
                    del group[f"layer_{i}"]
            for i in range(6):
                group[f"g{i}"] = file["/"]
            group["x" * 4200] = h5py.ExternalLink("a", "b")
            for i in range(11):
                file.attrs[f"a{i}"] = i
            file.attrs["layer_names"] = np.arange(600)
        yield content.getvalue()


def chunks() -> Iterator[bytes]:
    """HDF5 files with all indexes of chunks that its newer versions have, and pages in those."""
    import h5py

    for size, filtered in ((300, None), (60, "gzip"), (140_000, None)):
        content = io.BytesIO()
        with h5py.File(content, "w", libver="latest") as file:
            for maximum in ((size, 1), (None, 1), (None, None)):
                name = f"chunks{len(file)}"
                how = {"chunks": (1, 1), "maxshape": maximum, "compression": filtered}
                if size < 1000 or maximum == (None, 1):
                    file.create_dataset(name, (size, 1), "u1", **how)[-40:] = 1
        yield content.getvalue()


def maps() -> Iterator[bytes]:
    yield b'{"schema": "scopecli/map/1", "map": {"a/w": "b/w", "c": "d"}}'
    yield b'{"a/w": "b/w"}'
    yield b'old,new\r\na/w,b/w\r\n"c ""d""",e\r\n'
    yield b'[map]\n"a/w" = "b/w"\n'
    yield b'"a/w" = "b/w"\n'


SETTINGS = b"""select = ["N", "C301"]
ignore = ["N104"]
extend-select = "S"
fail-on = "warning"
baseline = "known.json"

[per-path-ignores]
"old/*" = ["N101"]
"""
BASELINE = (
    b'{"schema": "scopecli/baseline/1", "findings": [\n  {"fingerprint": "0123456789abcdef", '
    b'"code": "N104", "path": "a.ckpt", "subject": "dense"}\n]}\n'
)
ZARR_2 = (
    b'{"zarr_format": 2, "shape": [5, 3], "chunks": [2, 2], "dtype": "<f4", "compressor": '
    b'{"id": "zstd", "level": 1}, "filters": null, "fill_value": null, "order": "C"}'
)
ZARR_3 = (
    b'{"zarr_format": 3, "node_type": "array", "shape": [5, 3], "data_type": "float32", '
    b'"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 2]}}, '
    b'"chunk_key_encoding": {"name": "default"}, "codecs": [{"name": "bytes", "configuration": '
    b'{"endian": "little"}}], "fill_value": 0}'
)
LITERALS = (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }",
    b"[('a', '<f4'), ('b', '>i2', (2,)), (('t', 'c'), [('x', '|b1')])]",
    b"['a\\x41\\u0042\\U00000043\\101', -7, True, None, ()]",
)


def exported() -> Iterator[bytes]:
    """The document that `tree --format json` writes, of a few samples."""
    from scopecli.formats.opening import survey
    from scopecli.render.documents import model_document

    for sample in ("tf1_gan", "keras3_legacy.h5", "torch_checkpoint.pt"):
        model = survey(SAMPLES / sample)
        yield "".join(model_document(model._replace(path=sample), model.variables)).encode()


def bodies() -> Iterator[bytes]:
    """The bodies of an OCDBT manifest and of the nodes, without header and checksum."""
    from tests import ocdbt

    root = ocdbt.leaf({"a/.zarray": ZARR_2, "a/0.0": (0, 3), "b": b""})
    upper = ocdbt.interior([("a/", 0, 20), ("b/", 20, 20)])
    yield b"M" + ocdbt.manifest(3, len(root))[14:-4]
    yield b"N" + root[14:-4]
    yield b"N" + upper[14:-4]
