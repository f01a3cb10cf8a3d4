"""PyTorch's archives, those of TorchScript too, put together by hand."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from scopecli.analysis import values
from scopecli.binary.pickle.imports import HOSTILE
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load, survey
from tests.formats.torch.files import (
    FOUR,
    FOUR_BIG,
    archive,
    dictionary,
    listed,
    number,
    stored,
    tensor,
    text,
    written,
)
from tests.models import codes, get

if TYPE_CHECKING:
    from pathlib import Path


class TestArchives:
    def test_views_of_one_storage(self, tmp_path: Path) -> None:
        held = stored("0", 4, "Int")
        pickle = dictionary(
            w=tensor(held, 2, 2, strides=(2, 1)),
            tied=tensor(held, 2, 2, strides=(2, 1)),
            turned=tensor(held, 2, 2, strides=(1, 2)),
            part=tensor(held, 2, strides=(2,), offset=1),
        )
        model = load(archive(tmp_path / "m.pt", pickle, s0=FOUR))
        assert [(v.key, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
            ("w", (2, 2), "int32", 16),
            ("tied", (2, 2), "int32", 16),
            ("turned", (2, 2), "int32", 16),
            ("part", (2,), "int32", 8),
        ]
        assert [listed(model, key) for key in ("w", "turned", "part")] == [
            [0, 1, 2, 3],
            [0, 2, 1, 3],
            [1, 3],
        ]
        assert get(model, "w").attributes == {"aliases": ("tied",)}
        assert get(model, "turned").attributes == {"memory_order": "fortran"}
        assert [v.storage.checksum is None for v in model.variables if v.storage] == [
            False,
            False,
            True,
            True,
        ]
        assert (model.format, model.separator) == ("torch", ".")

    def test_big_endian(self, tmp_path: Path) -> None:
        pickle = dictionary(w=tensor(stored("0", 4, "Int"), 4))
        model = load(archive(tmp_path / "m.pt", pickle, "big", s0=FOUR_BIG))
        (variable,) = model.variables
        assert listed(model, "w") == [0, 1, 2, 3]
        assert variable.attributes == {"byte_order": "big"}
        assert variable.storage
        assert variable.storage.checksum
        assert variable.storage.checksum.kind == "crc32-big"

    def test_an_unknown_byte_order(self, tmp_path: Path) -> None:
        with pytest.raises(DamagedFileError, match="byte order 'middle'"):
            load(archive(tmp_path / "m.pt", b"}", "middle"))

    def test_compressed_members(self, tmp_path: Path) -> None:
        plain = archive(tmp_path / "m.pt", dictionary(w=tensor(stored("0", 4, "Int"), 4)), s0=FOUR)
        packed = tmp_path / "packed.pt"
        with (
            zipfile.ZipFile(plain) as given,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out,
        ):
            for name in given.namelist():
                out.writestr(name, given.read(name))
        model = load(packed)
        assert listed(model, "w") == [0, 1, 2, 3]
        assert model.variables[0].storage
        assert model.variables[0].storage.offset is None

    def test_names(self, tmp_path: Path) -> None:
        one = tensor(stored("0", 1), 1)
        inner = dictionary(b=one) + b"0"
        pickle = (
            b"}("
            + text("a") + dictionary(b=one)
            + text("a.b") + one
            + number(5) + b"](" + one + dictionary(x=one) + b"e"
            + b"u"
        )  # fmt: skip
        model = load(archive(tmp_path / "m.pt", pickle, s0=bytes(4)))
        assert inner
        assert [v.key for v in model.variables] == ["a.b", "a.b (2)", "5.0", "5.1.x"]
        assert codes(model) == [("repeated-name", "a.b (2)")]
        assert {v.name for v in model.variables} == {"a.b", "5.0", "5.1.x"}

    def test_a_tensor_alone(self, tmp_path: Path) -> None:
        model = load(archive(tmp_path / "m.pt", tensor(stored("0", 1), 1), s0=bytes(4)))
        assert [v.key for v in model.variables] == ["tensor"]

    def test_containers_in_themselves(self, tmp_path: Path) -> None:
        pickle = b"}q\0(" + text("w") + tensor(stored("0", 1), 1) + text("self") + b"h\0u"
        model = load(archive(tmp_path / "m.pt", pickle, s0=bytes(4)))
        assert [v.key for v in model.variables] == ["w"]

    def test_containers_shared_without_end(self, tmp_path: Path) -> None:
        pickle = b"]" + tensor(stored("0", 1), 1) + b"a"
        for level in range(60):
            put, got = b"q" + bytes([level]), b"h" + bytes([level])
            pickle += put + b"0](" + got + got + b"e"
        with pytest.raises(DamagedFileError, match="nests its containers"):
            load(archive(tmp_path / "m.pt", pickle, s0=bytes(4)))

    def test_deep_nesting(self, tmp_path: Path) -> None:
        with pytest.raises(DamagedFileError, match="nests its containers"):
            load(archive(tmp_path / "m.pt", b"]" * 5000 + b"a" * 4999))
        wrapped = tensor(stored("0", 1), 1)
        for _ in range(20):
            wrapped = b"ctorch._utils\n_rebuild_parameter\n(" + wrapped + b"\x88" + b"NtR"
        with pytest.raises(DamagedFileError, match="too often"):
            load(archive(tmp_path / "m.pt", wrapped, s0=bytes(4)))

    @pytest.mark.parametrize(
        "pickle",
        [
            tensor(b"N", 1),
            tensor(stored("0", -1), 1),
            tensor(stored("0", 1), -1),
            tensor(stored("0", 1), 1, 1),
            tensor(stored("0", 1), 1, offset=-1),
            tensor(stored("0", 1), *[1] * 65, strides=(1,) * 65),
            b"ctorch._utils\n_rebuild_tensor_v2\n)R",
            b"ctorch._utils\n_rebuild_sparse_tensor\n(NNtR",
            b"ctorch._utils\n_rebuild_nested_tensor\n(NNtR",
            b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n(NNtR",
        ],
    )
    def test_no_tensors(self, tmp_path: Path, pickle: bytes) -> None:
        path = archive(tmp_path / "m.pt", dictionary(bad=pickle), s0=bytes(4))
        with pytest.raises(DamagedFileError) as caught:
            load(path)
        assert caught.value.where == "bad"
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize(
        ("held", "words"),
        [({"s1": FOUR}, "storage '0' is missing"), ({"s0": FOUR[:12]}, "needs 16 bytes")],
    )
    def test_storages_that_are_short(
        self, tmp_path: Path, held: dict[str, bytes], words: str
    ) -> None:
        path = archive(tmp_path / "m.pt", dictionary(w=tensor(stored("0", 4), 4)), "little", **held)
        with pytest.raises(DamagedFileError, match=words):
            load(path)
        assert codes(survey(path)) == [("short-data", "w")]

    def test_a_shape_beyond_all_bounds(self, tmp_path: Path) -> None:
        huge = tensor(stored("0", 4), 2**62, 2**62, strides=(2**62, 1))
        path = archive(tmp_path / "m.pt", dictionary(w=huge), s0=FOUR)
        with pytest.raises(DamagedFileError, match="needs"):
            load(path)
        repeated = tensor(stored("0", 4), 2**40, 2, strides=(0, 1))
        model = load(archive(tmp_path / "m.pt", dictionary(w=repeated), s0=FOUR))
        assert values.preview(model, model.variables[0]).shape == (8,)

    def test_facts_that_are_called_like_ours(self, tmp_path: Path) -> None:
        pickle = dictionary(
            version=number(7), layers=number(2), step=number(9), rate=b"G\x7f\xf0" + bytes(6)
        )
        facts = load(archive(tmp_path / "m.pt", pickle)).metadata
        assert (facts["version"], facts["checkpoint.version"]) == ("3", 7)
        assert (facts["checkpoint.layers"], facts["step"], facts["rate"]) == (2, 9, "inf")


def script(path: Path, code: dict[str, str], state: bytes) -> Path:
    """An archive of TorchScript's with one module, of the class `__torch__.Net`."""
    members = [("m/data.pkl", b"\x80\x02c__torch__\nNet\n)\x81" + state + b"b.")]
    members += [("m/constants.pkl", b"\x80\x02)."), *((f"m/data/{n}", FOUR) for n in range(4))]
    written(path, members + [(f"m/code/{name}", text.encode()) for name, text in code.items()])
    return path


class TestScripts:
    CLASS = 'class Net(Module):\n  __parameters__ = ["w", "0", ]\n  __buffers__ = ["seen", ]\n'
    TENSORS = ("w", "0", "seen", "plain")

    def roles(self, path: Path) -> list[tuple[str, str, bool | None]]:
        return [(v.key, v.kind, v.trainable) for v in load(path).variables]

    def state(self, **others: bytes) -> bytes:
        held = (tensor(stored(str(n), 4), 4) for n in range(4))
        return dictionary(**dict(zip(self.TENSORS, held, strict=True)), **others)

    def test_what_is_in_no_state_dict_is_a_constant(self, tmp_path: Path) -> None:
        one = tensor(stored("0", 4), 2, offset=2)
        tagged = b"ctorch.jit._pickle\nrestore_type_tag\n(" + dictionary(a=one) + text("D") + b"tR"
        several = b"ctorch.jit._pickle\nbuild_tensorlist\n(](" + one + b"etR"
        packed = b"c__torch__.torch.classes.quantized\nPacked\n)\x81(" + one + one + b"tb"
        state = self.state(d=tagged, l=several, p=packed, training=b"\x88", n=text("x"))
        assert self.roles(script(tmp_path / "m.pt", {"__torch__.py": self.CLASS}, state)) == [
            ("w", "variable", False),
            ("0", "variable", False),
            ("seen", "variable", False),
            ("plain", "constant", None),
            *((key, "constant", None) for key in ("d.a", "l.0", "p.0", "p.1")),
        ]

    @pytest.mark.parametrize(
        ("code", "kinds"),
        [
            # Before version 1.6, nothing said which are buffers.
            ({"__torch__.py": CLASS.replace("  __buffers__", "  #")}, ["variable"] * 4),
            ({"__torch__.py": "class Other(Module):\n  __parameters__ = []\n"}, ["constant"] * 4),
            ({"__torch__.py": "class Net(NamedTuple):\n"}, ["constant"] * 4),
            ({}, ["variable"] * 4),
        ],
    )
    def test_classes_that_say_less(
        self, tmp_path: Path, code: dict[str, str], kinds: list[str]
    ) -> None:
        path = script(tmp_path / "m.pt", code, self.state())
        assert [kind for _, kind, _ in self.roles(path)] == kinds


class TestAmbiguousArchives:
    """What one reader takes for one file, and another for another."""

    EVIL = b"\x80\x02cos\nsystem\n0}."

    def test_something_in_front_of_the_archive(self, tmp_path: Path) -> None:
        """PyTorch counts offsets from the start of the file, most others from the archive's."""
        one = archive(tmp_path / "m.pt", b"}").read_bytes()
        (tmp_path / "m.pt").write_bytes(one + one)
        with pytest.raises(UnsupportedError, match=f"has {len(one)} bytes in front of its archive"):
            load(tmp_path / "m.pt")

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_two_members_of_one_name(self, tmp_path: Path) -> None:
        for first in (True, False):
            path = archive(tmp_path / "m.pt", b"}")
            with zipfile.ZipFile(path) as plain:
                good = [(name, plain.read(name)) for name in plain.namelist()]
            evil = ("m/data.pkl", self.EVIL)
            written(path, [evil, *good] if first else [*good, evil])
            assert codes(load(path)) == [("duplicate-member", "m/data.pkl"), (HOSTILE, "os.system")]

    @pytest.mark.parametrize("name", ["a/data.pkl", "m/more/other.pkl"])
    def test_another_pickle(self, tmp_path: Path, name: str) -> None:
        path = archive(tmp_path / "m.pt", dictionary(w=tensor(stored("0", 4), 4)), s0=bytes(16))
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(name, self.EVIL)
        model = load(path)
        assert [variable.key for variable in model.variables] == ["w"]  # of the first folder
        assert codes(model)[-1] == (HOSTILE, "os.system")
        assert (("duplicate-member", name) in codes(model)) == name.endswith("data.pkl")

    def test_other_pickles_that_are_none(self, tmp_path: Path) -> None:
        path = archive(tmp_path / "m.pt", b"}")
        with zipfile.ZipFile(path, "a") as file:
            file.writestr("m/other.pkl", b"no pickle")
            file.writestr("m/classes.pkl", b"\x80\x02cmy.models\nNet\n.")
        assert codes(load(path)) == []


def test_values_of_a_storage_that_is_missing(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.pt", dictionary(w=tensor(stored("0", 2), 2)) + b".")
    model = survey(str(path))
    with pytest.raises(ScopecliError, match="no storage of this key"):
        list(values.chunks(model, get(model, "w")))
