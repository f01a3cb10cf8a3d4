"""NumPy arrays, one by one and in archives."""

from __future__ import annotations

import io
import pickle
import random
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.numpy import npy_header, npy_values
from scopecli.formats.numpy.arrays import KEY
from scopecli.formats.opening import load, survey
from scopecli.model.dtypes import BITS
from tests.models import data_of, get, only
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def written(header: str, data: bytes = b"", version: int = 1, encoding: str = "latin1") -> bytes:
    text = header.encode(encoding)
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return npy_header.MAGIC + bytes([version, 0]) + length + text + data


class TestHeaders:
    def test_facts(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npy"
        path.write_bytes(saved(np.asfortranarray(np.ones((2, 3), ">i2"))))
        model = load(path)
        variable = only(model)
        assert (variable.key, variable.name) == (KEY, KEY)
        assert (variable.shape, variable.dtype, variable.nbytes) == ((2, 3), "int16", 12)
        assert variable.attributes == {"byte_order": "big", "memory_order": "fortran"}
        assert variable.storage
        assert (variable.storage.offset, variable.storage.length) == (128, 12)

    @pytest.mark.parametrize(
        ("descr", "dtype", "size"),
        [
            ("'<f4'", "float32", 4),
            ("'|b1'", "bool", 1),
            ("'?'", "bool", 1),
            ("'=u2'", "uint16", 2),
            ("'c16'", "complex128", 16),
            ("'float32'", "float32", 4),
            ("'<f16'", "float128", 16),
            ("'<U7'", "string", 28),
            ("'|S7'", "string", 7),
            ("'|V3'", "opaque", 3),
            ("'<M8[ns]'", "datetime64[ns]", 8),
            ("'<m8'", "timedelta64", 8),
            ("'|O'", "object", None),
            ("'|T16'", "object", None),
            ("[('a', '<f4'), ('b', '>i2', (2, 3))]", "compound", 16),
            ("[(('title', 'a'), '<f4'), ('b', '<i8', 2)]", "compound", 20),
            ("[('a', [('b', '<i2'), ('c', '|u1')]), ('d', '|S2')]", "compound", 5),
            ("[('a', '<f4'), ('b', '|O')]", "object", None),
            ("[]", "compound", 0),
        ],
    )
    def test_types(self, tmp_path: Path, descr: str, dtype: str, size: int | None) -> None:
        path = tmp_path / "a.npy"
        header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}\n"
        nothing = pickle.dumps(np.full(3, None), 4)  # the values of objects are a pickle
        path.write_bytes(written(header, nothing if size is None else bytes(3 * size)))
        variable = only(load(path))
        assert variable.dtype == dtype
        assert variable.nbytes == (None if size is None else 3 * size)

    @pytest.mark.parametrize("version", [1, 2, 3])
    def test_versions(self, tmp_path: Path, version: int) -> None:
        header = "{'descr': [('é', '<f4')], 'fortran_order': False, 'shape': (2,)}"
        encoding = "utf-8" if version == 3 else "latin1"
        path = tmp_path / "a.npy"
        path.write_bytes(written(header, bytes(8), version, encoding))
        assert only(load(path)).attributes["stored_dtype"] == "[('é', '<f4')]"

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "{}",
            "[]",
            "{'descr': '<f4', 'fortran_order': False}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': [1]}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': ('1',)}",
            f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'1,' * 65})}}",
            f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**63},)}}",
            "{'descr': '<f5', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<q9', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': 'what', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': 4, 'fortran_order': False, 'shape': (1,)}",
            "{'descr': ['<f4'], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': [('a',)], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': [('a', '<f4', (-1,))], 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\r\n",
            "{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}",
            "(" * 60_000,
        ],
    )
    def test_what_is_no_header(self, tmp_path: Path, header: str) -> None:
        path = tmp_path / "a.npy"
        path.write_bytes(written(header, bytes(100)))
        with pytest.raises(DamagedFileError, match="has no valid NumPy header") as caught:
            load(path)
        assert len(str(caught.value)) < 400

    @pytest.mark.parametrize(
        "data",
        [
            b"\x93NUMPY",
            b"\x93NUMPY\1",
            b"\x93NUMPY\1\0",
            b"\x93NUMPY\4\0" + bytes(100),
            b"\x93NUMPY\1\1v\0"
            + b"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }".ljust(118),
            b"\x93NUMPY\2\0\xff\xff\xff\xff" + bytes(100),
            b"\x93NUMPY\3\0\xff\xff\x0f\x00" + bytes(100),
        ],
    )
    def test_cut_short(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "a.npy"
        path.write_bytes(data)
        with pytest.raises(DamagedFileError):
            load(path)

    def test_too_few_and_too_many_bytes(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npy"
        whole = saved(np.ones(9, "f4"))
        path.write_bytes(whole[:-1])
        assert [note.code for note in survey(path).notes] == ["short-data"]
        with pytest.raises(DamagedFileError, match="array needs 36 bytes, and the file has 35"):
            load(path)
        path.write_bytes(whole * 2)
        assert [note.code for note in load(path).notes] == ["trailing-data"]


class TestValues:
    @pytest.mark.parametrize(
        ("band", "block"), [(32 << 20, 4 << 20), (64, 32), (100, 1000), (8, 8), (1, 1), (500, 64)]
    )
    @pytest.mark.parametrize(
        "shape", [(3, 4), (2, 3, 4), (5, 1, 7), (2, 100), (100, 2), (7, 3, 2, 5), (1, 1)]
    )
    def test_fortran_order_is_turned_in_parts(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        shape: tuple[int, ...],
        band: int,
        block: int,
    ) -> None:
        monkeypatch.setattr(npy_values, "_BAND", band)
        monkeypatch.setattr(npy_values, "_BLOCK", block)
        array = np.arange(np.prod(shape), dtype=">i4").reshape(shape)
        np.savez_compressed(tmp_path / "a.npz", w=np.asfortranarray(array))
        (tmp_path / "a.npy").write_bytes(saved(np.asfortranarray(array)))
        expected = array.astype("<i4").tobytes()
        choose = random.Random(3)
        for name in ("a.npy", "a.npz"):
            model = load(tmp_path / name)
            variable = only(model)
            assert "memory_order" in variable.attributes or 1 in shape
            assert data_of(model, variable.key) == expected
            assert model.tensors is not None
            for _ in range(5):
                start = choose.randrange(array.size)
                count = choose.randrange(array.size - start + 1)
                part = model.tensors.read(variable, start, count)
                assert part == expected[4 * start : 4 * (start + count)]

    def test_strings(self, tmp_path: Path) -> None:
        texts = np.array([["ab", "ω"], ["", "naïve"]])
        np.savez(
            tmp_path / "a.npz",
            wide=texts,
            big=texts.astype(">U5"),
            turned=np.asfortranarray(texts),
            narrow=np.char.encode(texts, "utf-8"),
            empty=np.array([], "U3"),
        )
        model = load(tmp_path / "a.npz")
        expected = [text.encode() for text in texts.ravel().tolist()]
        for key in ("wide", "big", "turned", "narrow"):
            assert values.strings(model, get(model, key)) == expected, key
        assert values.strings(model, get(model, "empty")) == []
        with pytest.raises(UnsupportedError):
            data_of(model, "wide")

    def test_more_strings_than_memory(self, tmp_path: Path) -> None:
        for descr in ("<U0", "|S1"):
            header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({1 << 40},)}}"
            (tmp_path / "a.npy").write_bytes(written(header))
            model = survey(tmp_path / "a.npy")
            with pytest.raises(UnsupportedError, match="more than fit"):
                values.strings(model, only(model))

    def test_pickles_are_never_read(self, tmp_path: Path) -> None:
        class Harm:
            def __reduce__(self) -> tuple[Any, ...]:
                return (open, (str(tmp_path / "harm"), "w"))

        np.savez(tmp_path / "a.npz", bad=np.array([Harm()], object), good=np.ones(2))
        model = load(tmp_path / "a.npz")
        bad = get(model, "bad")
        assert (bad.dtype, bad.shape, bad.nbytes) == ("object", (1,), None)
        assert [(note.code, note.subject) for note in model.notes] == [("pickled", "bad")]
        assert model.tensors is not None
        for use in (lambda: data_of(model, "bad"), lambda: values.strings(model, bad)):
            with pytest.raises(UnsupportedError, match="pickled Python objects"):
                use()
        with pytest.raises(UnsupportedError):
            values.preview(model, bad)
        assert not (tmp_path / "harm").exists()


class TestArchives:
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_facts(self, tmp_path: Path, save: Any) -> None:
        arrays = {"b.w": np.ones((2, 3), "f4"), "a": np.arange(4)}
        save(tmp_path / "m.npz", **arrays)
        model = load(tmp_path / "m.npz")
        stored = save is np.savez
        assert [(v.key, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
            ("b.w", (2, 3), "float32", 24),
            ("a", (4,), "int64", 32),
        ]
        assert model.metadata == {"compressed": not stored}
        crcs = {m.filename: m.CRC for m in zipfile.ZipFile(tmp_path / "m.npz").infolist()}
        for variable in model.variables:
            storage = variable.storage
            assert storage
            assert storage.checksum == ("crc32-npy-C128", crcs[f"{variable.key}.npy"])
            assert (storage.offset is None) != stored
            assert data_of(model, variable.key) == arrays[variable.key].tobytes()
            if storage.offset is not None:
                content = (tmp_path / storage.shard).read_bytes()
                data = content[storage.offset : storage.offset + storage.length]
                assert data == arrays[variable.key].tobytes()

    @pytest.mark.parametrize(
        ("names", "separator"),
        [(["a.b", "c"], "."), (["a/b", "c"], "/"), (["a/b.c"], "/"), (["a"], ".")],
    )
    def test_separator(self, tmp_path: Path, names: list[str], separator: str) -> None:
        arrays: dict[str, Any] = dict.fromkeys(names, np.ones(1))
        np.savez(tmp_path / "m.npz", **arrays)
        assert load(tmp_path / "m.npz").separator == separator

    def test_two_members_of_one_name(self, tmp_path: Path) -> None:
        path = tmp_path / "m.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("w.npy", saved(np.zeros(2)))
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("w.npy", saved(np.ones(3)))
        model = load(path)
        assert [(note.code, note.subject) for note in model.notes] == [("duplicate-key", "w")]
        with np.load(path) as theirs:
            assert data_of(model, "w") == theirs["w"].tobytes()

    def test_a_member_that_is_no_array(self, tmp_path: Path) -> None:
        """NumPy gives the bytes of such a member, and the arrays as ever."""
        path = tmp_path / "m.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("w.npy", saved(np.zeros(2)))
            archive.writestr("README.txt", "hello")
        model = load(path)
        assert [note.code for note in model.notes] == ["not-an-array"]
        assert [v.key for v in model.variables] == ["w"]
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("v.npy", "hello")
        with pytest.raises(DamagedFileError, match="has no NumPy header") as caught:
            load(path, input_format="npz")
        assert caught.value.path == f"{path}:v.npy"

    def test_an_array_that_does_not_fit_its_member(self, tmp_path: Path) -> None:
        path = tmp_path / "m.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("w.npy", saved(np.zeros(2))[:-1])
        with pytest.raises(DamagedFileError, match="w needs 16 bytes, and the file has 15"):
            load(path)

    def test_a_bomb_is_only_unpacked_as_far_as_wanted(self, tmp_path: Path) -> None:
        np.savez_compressed(tmp_path / "m.npz", w=np.zeros(40_000_000, "u1"))
        model = load(tmp_path / "m.npz")
        assert values.preview(model, only(model)).tolist() == [0] * 8
        chunks = [chunk.nbytes for chunk in values.chunks(model, only(model))]
        assert sum(chunks) == 40_000_000
        assert max(chunks) == values.CHUNK_BYTES

    def test_bzip2(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "m.npz", "w", zipfile.ZIP_BZIP2) as archive:
            archive.writestr("w.npy", saved(np.zeros(2)))
        with pytest.raises(UnsupportedError, match="compressed with method 12"):
            load(tmp_path / "m.npz")


@pytest.mark.parametrize("sample", ["arrays.npz", "flax_params.npz", "fortran.npy"])
def test_the_samples_are_what_numpy_says(sample: str) -> None:
    model = load(SAMPLES / sample)
    loaded = np.load(SAMPLES / sample)
    theirs = {KEY: loaded} if isinstance(loaded, np.ndarray) else loaded
    assert [v.key for v in model.variables] == list(theirs)
    for variable in model.variables:
        if variable.dtype == "object":
            with pytest.raises(ValueError, match="allow_pickle=False"):
                theirs[variable.key]
            continue
        array = theirs[variable.key]
        assert variable.shape == array.shape
        assert variable.nbytes == array.nbytes
        if BITS.get(variable.dtype):
            assert variable.dtype == array.dtype.name
            little = array.astype(array.dtype.newbyteorder("<"))
            assert data_of(model, variable.key) == little.tobytes()
        elif variable.dtype == "string":
            texts = array if array.dtype.kind == "S" else np.char.encode(array, "utf-8")
            assert values.strings(model, variable) == texts.ravel().tolist()
        else:
            with pytest.raises(ScopecliError):
                data_of(model, variable.key)


def test_a_structured_sample() -> None:
    assert np.load(SAMPLES / "structured.npy")["count"].tolist() == [[1, 2], [3, 4]]
    variable = only(load(SAMPLES / "structured.npy"))
    assert (variable.dtype, variable.shape, variable.nbytes) == ("compound", (2,), 32)
    assert variable.attributes["stored_dtype"] == "[('ω', '<f8'), ('count', '<i4', (2,))]"
