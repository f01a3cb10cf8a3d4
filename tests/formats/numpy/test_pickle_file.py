"""NumPy arrays in pickles, as Python and joblib write them; nothing of them is executed."""

from __future__ import annotations

import collections
import io
import pickle
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest

from scopecli.binary.pickle import run_bytes, runs
from scopecli.binary.pickle.imports import HOSTILE
from scopecli.errors import DamagedFileError, NotAModelError, ScopecliError, UnsupportedError
from scopecli.formats.numpy import npy_values
from scopecli.formats.opening import load, survey
from tests.models import data_of, get

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scopecli.model.model import Model

NUMBERS = np.arange(-6, 18).reshape(2, 3, 4)
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Layer:
    """An object with arrays."""

    def __init__(self, **arrays: Any) -> None:
        self.__dict__.update(arrays)


class Pair(collections.namedtuple("Pair", "first second")):  # noqa: PYI024, SLOT002
    """A tuple with a class of its own."""


class Harm:
    """What a pickle runs."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("true",)


def flattened(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The arrays of what a pickle gives, by the keys that lead to them."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        yield path, value
        return
    pairs: Any = ()
    if isinstance(value, np.ndarray) and not value.shape:
        yield from flattened(value.item(), path)
    elif isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list | tuple | np.ndarray):
        pairs = enumerate(np.ravel(value) if isinstance(value, np.ndarray) else value)
    elif isinstance(value, Layer):
        pairs = vars(value).items()
    for key, item in pairs:
        yield from flattened(item, (*path, str(key)))


def held_against(model: Model, value: Any) -> None:
    theirs = {model.separator.join(keys) or "array": array for keys, array in flattened(value)}
    assert {v.key for v in model.variables} == set(theirs)
    for variable in model.variables:
        array = theirs[variable.key]
        assert variable.shape == array.shape, variable.key
        if array.dtype.kind in "SU":
            assert variable.dtype == "string"
            texts = [t.encode() if isinstance(t, str) else t for t in array.ravel().tolist()]
            assert model.tensors
            assert list(model.tensors.strings(variable)) == texts
            continue
        assert variable.nbytes == array.nbytes
        if array.dtype.kind == "V" and array.dtype.names:
            assert variable.dtype == "compound"
        elif array.dtype.kind in "Mm":
            assert variable.dtype == array.dtype.name
        else:
            assert variable.dtype == array.dtype.name
            little = array.astype(array.dtype.newbyteorder("<"))
            assert data_of(model, variable.key) == little.tobytes(), variable.key


def everything() -> dict[Any, Any]:
    shared = np.linspace(0, 1, 300)
    return {
        "conv1": {"weights": NUMBERS.astype("f4"), "biases": np.zeros(8, "f4")},
        "fc": [np.arange(5000).astype(">i4"), np.asfortranarray(NUMBERS[0].astype("f8"))],
        "bytes": np.arange(256, dtype="u1").repeat(3),
        "quotes": np.full(300, 39, "u1"),
        "slashes": np.full(70_001, 92, "u1"),
        "bools": np.array([True, False]),
        "complex": NUMBERS.astype("c8"),
        "bfloat16": NUMBERS.astype(ml_dtypes.bfloat16),
        "int4": np.arange(6).astype(ml_dtypes.int4),
        "texts": np.array(["a", "bé"]),
        "old texts": np.array([b"ab", b"c"]),
        "days": np.array(["2020-01-01"], "M8[D]"),
        "times": np.array([3], "m8[25s]"),
        "rows": np.zeros(2, [("a", "f4"), ("b", "i2", (2,))]),
        "empty": np.zeros((0, 3)),
        "scalar": np.array(3.5),
        "turned": NUMBERS.transpose(1, 0, 2),
        "part": NUMBERS[:, 1:, ::2],
        "objects": np.array([{"w": np.ones(3)}, None, np.arange(2)], object),
        "one object": np.array({"w": np.ones(3)}, object),
        "shared": {"a": shared, "b": shared},
        "ordered": collections.OrderedDict(a=np.ones(2)),
        "set of numbers": {1, 2},
        "layer": Layer(w=np.ones(3), inner=Layer(b=np.zeros(2))),
        "pair": Pair(np.ones(1), np.zeros(2)),
        3: np.ones(2),
        ("a", 1): None,
        "step": np.int64(7),
        "rate": 0.1,
        "name": "x" * 300,
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestEveryProtocol:
    def test_everything(self, tmp_path: Path, protocol: int) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(everything(), protocol))
        model = load(path)
        assert (model.format, model.separator) == ("pickle", ".")
        held_against(model, everything())
        assert model.metadata["step"] == 7
        assert model.metadata["rate"] == 0.1
        assert get(model, "shared.a").attributes["aliases"] == ("shared.b",)
        assert get(model, "fc.0").attributes["byte_order"] == "big"

    def test_one_array(self, tmp_path: Path, protocol: int) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(NUMBERS, protocol))
        held_against(load(path), NUMBERS)

    def test_names_with_slashes(self, tmp_path: Path, protocol: int) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps({"mlp/~/linear": {"w": np.ones(2)}}, protocol))
        model = load(path)
        assert (model.separator, [v.key for v in model.variables]) == ("/", ["mlp/~/linear/w"])

    def test_small_windows(
        self, tmp_path: Path, protocol: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runs, "_WINDOW", 5000)
        monkeypatch.setattr(run_bytes, "_PIECE", 97)
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(everything(), protocol))
        held_against(load(path), everything())

    def test_cut_short(self, tmp_path: Path, protocol: int) -> None:
        whole = pickle.dumps({"a": np.arange(500), "b": [np.ones(3)]}, protocol)
        path = tmp_path / "m.pkl"
        for length in {*range(3, len(whole), 101), len(whole) - 1}:
            path.write_bytes(whole[:length])
            with pytest.raises(ScopecliError):
                load(path)


def test_facts_of_the_file_are_no_facts_about_it(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps({"w": np.ones(2), "layers": 3, "container": "x", "epoch": 1}))
    facts = load(path).metadata
    assert facts["checkpoint.layers"] == 3
    assert facts["checkpoint.container"] == "x"
    assert facts["epoch"] == 1
    assert "layers" not in facts


def test_values_are_where_the_storage_says(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    array = np.arange(1000, dtype="f4")
    path.write_bytes(pickle.dumps({"w": array, "text": np.arange(3)}, 4))
    storage = get(load(path), "w").storage
    assert storage
    assert storage.offset is not None
    assert path.read_bytes()[storage.offset :][: storage.length] == array.tobytes()
    path.write_bytes(pickle.dumps({"w": array}, 2))  # there, a byte may take two
    storage = get(load(path), "w").storage
    assert storage
    assert storage.offset is None


class TestPython2:
    """As its `cPickle` wrote arrays: texts are bytes."""

    def pickled(self, code: str, data: bytes) -> bytes:
        dtype = b"cnumpy\ndtype\n(U\2f4K\0K\1tR(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
        head = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\1btR"
        state = b"(K\1(K" + bytes([len(data) // 4]) + b"t" + dtype + b"\x89"
        written = {
            "U": b"U" + bytes([len(data)]) + data,
            "T": b"T" + len(data).to_bytes(4, "little") + data,
            "S": b"S" + repr(data)[1:].encode() + b"\n",
        }
        return head + state + written[code] + b"tb"

    @pytest.mark.parametrize("code", ["U", "T", "S"])
    @pytest.mark.parametrize(
        "data", [b"abcd" * 3, bytes(8), bytes(range(200, 236)), b"\\'\"\n" * 9]
    )
    def test_texts_are_bytes(self, tmp_path: Path, code: str, data: bytes) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(b"\x80\x02}q\1U\1w" + self.pickled(code, data) + b"s.")
        model = load(path)
        held_against(model, {"w": np.frombuffer(data, "f4")})

    def test_an_array_of_objects(self, tmp_path: Path) -> None:
        """What `numpy.save` made of a dictionary, as the weights of many an old network are."""
        header = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
        data = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\1btR(K\1)"
        data += (
            b"cnumpy\ndtype\n(U\2O8K\0K\1tR(K\3U\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89"
        )
        data += b"]}U\5conv1}(U\7weights" + self.pickled("U", bytes(12)) + b"usatb."
        path = tmp_path / "m.npy"
        path.write_bytes(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + data)
        model = load(path)
        assert [(v.key, v.shape) for v in model.variables] == [("conv1.weights", (3,))]


class TestNpy:
    def test_a_dictionary(self, tmp_path: Path) -> None:
        value = {"conv1": {"weights": NUMBERS.astype("f4")}, "fc": [np.ones(300), np.zeros(2)]}
        np.save(tmp_path / "m.npy", value, allow_pickle=True)  # type: ignore[arg-type]
        model = load(tmp_path / "m.npy")
        assert model.format == "npy"
        held_against(model, value)

    def test_what_has_no_arrays(self, tmp_path: Path) -> None:
        np.save(tmp_path / "m.npy", np.array(["a", None], object), allow_pickle=True)
        model = load(tmp_path / "m.npy")
        assert [(v.key, v.dtype, v.shape) for v in model.variables] == [("array", "object", (2,))]
        assert [note.code for note in model.notes] == ["pickled"]


class TestJoblib:
    """joblib writes the values behind the object that describes them."""

    WRAPPER = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"

    def wrapped(self, array: Any, alignment: int | None = 16) -> bytes:
        order = "F" if array.flags.f_contiguous and array.ndim > 1 else "C"
        state = {"shape": array.shape, "order": order, "dtype": array.dtype}
        if alignment:
            state["numpy_array_alignment_bytes"] = alignment
        data = pickle.dumps(array) if array.dtype.hasobject else array.tobytes(order)
        padding = b"\3\xff\xff\xff" if alignment and not array.dtype.hasobject else b""
        return self.WRAPPER + pickle.dumps(state, 3)[2:-1] + b"b" + padding + data

    def test_arrays(self, tmp_path: Path) -> None:
        value = {
            "a": np.arange(3000.0),
            "f": np.asfortranarray(NUMBERS),
            "o": np.array([{"w": np.ones(2)}, np.array(["x", np.ones(3)], object)], object),
            "old": np.arange(4),
        }
        entries = b"".join(
            b"X\1\0\0\0" + key[:1].encode() + self.wrapped(array, None if key == "old" else 16)
            for key, array in value.items()
            if key != "old"
        )
        path = tmp_path / "m.joblib"
        path.write_bytes(b"\x80\x03}(" + entries + b"u.")
        del value["old"]
        held_against(load(path), value)

    def test_without_padding(self, tmp_path: Path) -> None:
        path = tmp_path / "m.joblib"
        path.write_bytes(b"\x80\x03" + self.wrapped(NUMBERS, None) + b".")
        held_against(load(path), NUMBERS)

    def test_damage(self, tmp_path: Path) -> None:
        path = tmp_path / "m.joblib"
        whole = b"\x80\x03" + self.wrapped(NUMBERS) + b"."
        objects = b"\x80\x03" + self.wrapped(np.array([np.ones(3)], object)) + b"."
        shape = whole.replace(b"K\2K\3K\4\x87", b"K\2K\3N\x87")
        for data in (whole[:-30], objects[:-30], shape, b"\x80\x03" + self.WRAPPER + b"}b."):
            path.write_bytes(data)
            with pytest.raises(DamagedFileError):
                load(path)
        nested = (
            self.WRAPPER + pickle.dumps({"shape": (1,), "dtype": np.dtype("O")}, 3)[2:-1] + b"b"
        )
        path.write_bytes(b"\x80\x03" + nested * 1000)
        with pytest.raises(DamagedFileError, match="deeper than any model"):
            load(path)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ({"a": [1, 2, "x"]}, "a plain Python pickle, and has no arrays"),
            ({"a": Harm()}, "would import posix.system; it can run programs"),
        ],
    )
    def test_without_arrays(self, tmp_path: Path, value: Any, problem: str) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(value))
        with pytest.raises(NotAModelError, match=problem):
            load(path)

    def test_what_would_run_is_noted(self, tmp_path: Path) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps({"w": np.ones(2), "x": Harm()}))
        model = load(path)
        assert [(note.code, note.subject) for note in model.notes] == [(HOSTILE, "posix.system")]
        assert "posix.system" in str(model.metadata["globals"])

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"K\3K\4\x86", b"K\3N\x86"),  # a shape that is none
            (b"K\3K\4\x86", b"K\3G\x7f\xf0\0\0\0\0\0\0\x86"),
            (b"\x8c\x02f4", b"\x8c\x02z9"),
            (b"K\x01K\x03K\x04\x86", b"K\x03K\x04\x86"),  # a state of four
            (b"\x8c\x05dtype", b"\x8c\x05ftype"),
        ],
    )
    def test_arrays_that_are_none(self, tmp_path: Path, old: bytes, new: bytes) -> None:
        data = pickle.dumps(np.ones((3, 4), "f4"), 4)
        assert old in data
        path = tmp_path / "m.pkl"
        path.write_bytes(data.replace(old, new))
        with pytest.raises(ScopecliError):
            load(path)

    @pytest.mark.parametrize("protocol", [2, 4])
    def test_values_that_are_too_few(self, tmp_path: Path, protocol: int) -> None:
        data = pickle.dumps(np.ones((3, 100), "f4"), protocol)
        longer = data.replace(b"K\3Kd", b"K\x09Kd")
        assert longer != data
        path = tmp_path / "m.pkl"
        path.write_bytes(longer)
        with pytest.raises(DamagedFileError, match="needs 3600 bytes"):
            load(path)
        assert survey(path).variables[0].shape == (9, 100)

    def test_texts_that_are_too_short(self, tmp_path: Path) -> None:
        """Of a text, how many bytes it stands for is known once it was read."""
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(np.zeros(400, "f4"), 0).replace(b"I400", b"I500"))
        with pytest.raises(DamagedFileError, match="needs 2000 bytes, and has 1600"):
            data_of(load(path), "array")
        path.write_bytes(pickle.dumps(np.zeros(400, "f4"), 0).replace(rb"\u0000", rb"\u0100", 9))
        with pytest.raises(DamagedFileError, match="an array whose text is not bytes"):
            data_of(load(path), "array")

    def test_too_large_to_turn(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(npy_values, "_MOST_TURNED", 100)
        path = tmp_path / "m.pkl"
        written = pickle.dumps(NUMBERS.transpose(1, 0, 2), 5)
        if b"_frombuffer" not in written:
            pytest.skip("this NumPy writes all but Fortran's order as C's")
        path.write_bytes(written)
        model = load(path)
        with pytest.raises(UnsupportedError, match="another order of axes"):
            data_of(model, "array")

    def test_too_many_operations(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runs, "_MOST_OPERATIONS", 1000)
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(list(range(2000))))
        with pytest.raises(UnsupportedError, match="more than 1000 operations"):
            load(path)

    def test_values_kept_elsewhere(self, tmp_path: Path) -> None:
        file = io.BytesIO()
        pickler = pickle.Pickler(file, 5, buffer_callback=lambda _: None)
        pickler.dump({"w": np.ones(100)})
        path = tmp_path / "m.pkl"
        path.write_bytes(file.getvalue())
        with pytest.raises(DamagedFileError, match="needs 800 bytes, and the file has 0"):
            load(path)
