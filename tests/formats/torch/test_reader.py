"""PyTorch's files, put together by hand, and the samples that PyTorch wrote."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from scopecli.analysis import values
from scopecli.analysis.reuse import find_reuse
from scopecli.errors import (
    DamagedFileError,
    NotAModelError,
    PathError,
    ScopecliError,
    UnsupportedError,
)
from scopecli.formats.opening import load, survey
from scopecli.formats.torch.globals import HOSTILE, UNSAFE
from tests.commands import run_in_process
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

ORDERED = b"ccollections\nOrderedDict\n"
MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
VERSION = b"\x80\x02M\xe9\x03."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def number(value: int) -> bytes:
    return b"I%d\n" % value


def numbers(*items: int) -> bytes:
    return b"(" + b"".join(map(number, items)) + b"t"


def stored(key: str, elements: int, kind: str = "Float") -> bytes:
    parts = (text("storage"), b"ctorch\n%sStorage\n" % kind.encode(), text(key), text("cpu"))
    return b"(" + b"".join(parts) + number(elements) + b"tQ"


def tensor(storage: bytes, *shape: int, strides: tuple[int, ...] = (1,), offset: int = 0) -> bytes:
    view = number(offset) + numbers(*shape) + numbers(*strides)
    hooks = ORDERED + b")R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + view + b"\x89" + hooks + b"tR"


def dictionary(**entries: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def archive(path: Path, pickle: bytes, /, order: str = "little", **storages: Any) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("m/data.pkl", b"\x80\x02" + pickle + b".")
        file.writestr("m/byteorder", order)
        file.writestr("m/version", "3\n")
        for key, data in storages.items():
            file.writestr(f"m/data/{key.removeprefix('s')}", data)
    return path


def written(path: Path, members: list[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members:
            file.writestr(name, data)


def stream(path: Path, pickle: bytes, **storages: tuple[int, bytes]) -> Path:
    keys = b"](" + b"".join(text(key) for key in storages) + b"e"
    runs = b"".join(n.to_bytes(8, "little") + data for n, data in storages.values())
    parts = [MAGIC, VERSION, b"\x80\x02}.", b"\x80\x02" + pickle + b".", b"\x80\x02" + keys + b"."]
    path.write_bytes(b"".join(parts) + runs)
    return path


def get(model: Model, key: str) -> Variable:
    return next(v for v in model.variables if v.key == key)


def listed(model: Model, key: str) -> Any:
    return next(values.chunks(model, get(model, key))).tolist()


def codes(model: Model) -> list[tuple[str, str]]:
    return [(note.code, note.subject) for note in model.notes]


FOUR = b"".join(x.to_bytes(4, "little") for x in range(4))
FOUR_BIG = b"".join(x.to_bytes(4, "big") for x in range(4))


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


class TestStreams:
    def test_storages_in_their_order(self, tmp_path: Path) -> None:
        pickle = dictionary(
            a=tensor(stored("x", 4, "Int"), 4), b=tensor(stored("y", 2, "Short"), 2)
        )
        path = stream(tmp_path / "m.pth", pickle, y=(2, b"\7\0\5\0"), x=(4, FOUR))
        model = load(path)
        assert listed(model, "a") == [0, 1, 2, 3]
        assert listed(model, "b") == [7, 5]
        assert model.metadata["container"] == "legacy stream"
        assert get(model, "a").storage
        assert path.read_bytes().index(FOUR) == get(model, "a").storage.offset  # type: ignore[union-attr]

    def test_a_view_of_a_part(self, tmp_path: Path) -> None:
        """Files of the first versions have storages that are parts of others."""
        whole = stored("x", 4, "Int").removesuffix(b"tQ")
        part = whole + b"(" + text("v") + number(1) + number(2) + b"ttQ"
        path = stream(tmp_path / "m.pth", dictionary(w=tensor(part, 2)), x=(4, FOUR))
        assert listed(load(path), "w") == [1, 2]

    def test_pickles_longer_than_what_is_read_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from scopecli.formats.torch import stream as torch_stream

        pickle = dictionary(**{f"w{n}": tensor(stored("x", 4, "Int"), 4) for n in range(50)})
        path = stream(tmp_path / "m.pth", pickle, x=(4, FOUR))
        monkeypatch.setattr(torch_stream, "_FIRST_READ", 64)
        model = load(path)
        assert len(model.variables) == 50
        assert listed(model, "w49") == [0, 1, 2, 3]

    @pytest.mark.parametrize("cut", [1, 12, 20, 60])
    def test_cut_short(self, tmp_path: Path, cut: int) -> None:
        pickle = dictionary(w=tensor(stored("x", 4, "Int"), 4))
        path = stream(tmp_path / "m.pth", pickle, x=(4, FOUR))
        path.write_bytes(path.read_bytes()[:-cut])
        with pytest.raises(DamagedFileError):
            load(path)

    def test_every_pickle_counts(self, tmp_path: Path) -> None:
        path = stream(tmp_path / "m.pth", b"}")
        machine = b"\x80\x02}."
        path.write_bytes(path.read_bytes().replace(machine, b"\x80\x02cos\nsystem\n0}.", 1))
        assert codes(load(path)) == [(HOSTILE, "os.system")]

    def test_another_protocol(self, tmp_path: Path) -> None:
        path = stream(tmp_path / "m.pth", b"}")
        path.write_bytes(path.read_bytes().replace(VERSION, b"\x80\x02M\xea\x03."))
        with pytest.raises(DamagedFileError, match="does not have the pickles"):
            load(path)


class TestSamples:
    def test_a_checkpoint(self) -> None:
        model = load(SAMPLES / "torch_checkpoint.pt")
        slot = get(model, "optimizer.state.0.exp_avg")
        assert (slot.kind, slot.attributes["slot_name"]) == ("slot", "exp_avg")
        assert get(model, "optimizer.state.0.step").kind == "bookkeeping"
        head = get(model, "state_dict.head.weight")
        assert head.attributes["aliases"] == ("state_dict.embed.weight",)
        facts = model.metadata
        assert (facts["epoch"], facts["global_step"]) == (3, 1200)
        assert facts["hyper_parameters.name"] == "small"
        assert facts["hyper_parameters.layers"] == (8, 8)
        optimizer: Any = facts["optimizer"]
        (group,) = optimizer
        assert (group["name"], group["variables"]) == ("optimizer.param_groups.0", 11)
        assert group["hyperparameters"]["lr"] == 0.01
        assert list(model.notes) == []

    def test_a_module(self) -> None:
        model = load(SAMPLES / "torch_module.pt")
        assert [(v.key, v.trainable) for v in model.variables] == [
            ("0.weight", True),
            ("0.bias", True),
            ("2.weight", True),
            ("2.bias", True),
            ("2.running_mean", False),
            ("2.running_var", False),
            ("2.num_batches_tracked", False),
            ("3.weight", True),
            ("3.bias", False),
        ]
        assert {note.code for note in model.notes} == {UNSAFE}

    def test_a_script(self) -> None:
        model = load(SAMPLES / "torch_script.pt")
        assert [(v.key, v.kind) for v in model.variables] == [
            ("dense.weight", "variable"),
            ("dense.bias", "variable"),
            ("constants.0", "constant"),
        ]
        assert list(model.notes) == []
        assert "dense.training" not in model.metadata

    def test_what_has_no_values(self) -> None:
        model = load(SAMPLES / "torch_tensors.pt")
        layouts = {
            v.key: v.attributes["layout"] for v in model.variables if "layout" in v.attributes
        }
        assert layouts == {
            "others.meta": "meta",
            "others.sparse": "sparse_coo",
            "others.rows": "sparse_csr",
            "others.nested": "nested",
        }
        assert get(model, "others.nested").shape == (2, None)
        for key, layout in layouts.items():
            with pytest.raises(UnsupportedError, match=f"type {layout}"):
                values.preview(model, get(model, key))

    def test_views(self) -> None:
        model = load(SAMPLES / "torch_tensors.pt")
        assert listed(model, "views.transposed")[:3] == [-4.0, 0.0, 4.0]
        assert listed(model, "views.part") == [0.0, 2.0, 4.0, 6.0]
        assert listed(model, "views.repeated") == [-4.0, -3.0, -2.0, -1.0] * 2
        assert listed(model, "views.conjugate")[0] == complex(-4, 3)
        assert listed(model, "views.negative")[0] == 3.0

    def test_a_distributed_checkpoint(self) -> None:
        for path in ("torch_distributed", "torch_distributed/.metadata"):
            model = load(SAMPLES / path)
            assert get(model, "model.0.weight").shape == (3, 4)
            assert get(model, "optimizer.state.0.momentum_buffer").kind == "slot"
            assert [os.path.basename(file.path) for file in model.files] == [
                ".metadata",
                "__0_0.distcp",
            ]
            with pytest.raises(UnsupportedError, match="has no values"):
                values.preview(model, model.variables[0])


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


def program(path: Path, weights: str, constants: str = '{"config": {}}') -> Path:
    """An archive of torch.export's, with one storage."""
    folder = "m/data/{0}/model_{0}_config.json".format
    members = [
        ("m/data/weights/weight_0", FOUR),
        (folder("weights"), weights.encode()),
        (folder("constants"), constants.encode()),
        ("m/archive_format", b"pt2"),
    ]
    written(path, [(name, data) for name, data in members if data])
    return path


def payload(shape: list[int], strides: list[int], offset: int = 0, **others: Any) -> dict[str, Any]:
    """What a program says of a tensor of int32."""
    meta = {
        "dtype": 4,
        "sizes": [{"as_int": size} for size in shape],
        "strides": [{"as_int": stride} for stride in strides],
        "storage_offset": {"as_int": offset},
        "requires_grad": True,
        "layout": 7,
    }
    said = {"path_name": "weight_0", "is_param": True, "use_pickle": False}
    return {**said, "tensor_meta": {**meta, **others.pop("meta", {})}, **others}


class TestPrograms:
    def load(self, path: Path, **tensors: object) -> Model:
        return load(program(path, json.dumps({"config": tensors})))

    def test_the_sample(self) -> None:
        model = load(SAMPLES / "torch_export.pt2")
        assert [(v.key, v.kind, v.trainable) for v in model.variables] == [
            ("scale", "variable", False),
            ("turned", "variable", True),
            ("embed.weight", "variable", True),
            ("head.weight", "variable", True),
            ("steps", "variable", False),
            ("lifted_tensor_0", "constant", None),
            ("cache", "constant", None),
        ]
        assert get(model, "head.weight").attributes == {"aliases": ("embed.weight",)}
        assert listed(model, "turned")[:4] == [0.0, 5.0, 10.0, 15.0]
        assert listed(model, "steps") == [3]
        assert "collections.OrderedDict" in str(model.metadata["globals"])

    def test_views_of_a_storage(self, tmp_path: Path) -> None:
        model = self.load(
            tmp_path / "m.pt2",
            turned=payload([2, 2], [1, 2]),
            part=payload([2], [2], 1),
            object=payload([], [], tensor_meta=None),
            subclass=payload([2], [1], use_pickle=True),
            rows=payload([2], [1], meta={"layout": 2}),
            new=payload([2], [1], meta={"dtype": 99}),
            odd=payload([2], [1], meta={"dtype": [], "layout": {}}),
        )
        assert [(v.key, v.shape, v.dtype) for v in model.variables] == [
            ("turned", (2, 2), "int32"),
            ("part", (2,), "int32"),
            ("subclass", (2,), "int32"),
            ("rows", (2,), "int32"),
            ("new", (2,), "unknown"),
            ("odd", (2,), "unknown"),
        ]
        assert listed(model, "turned") == [0, 2, 1, 3]
        assert listed(model, "part") == [1, 3]
        assert codes(model) == [("not-a-tensor", "object")]
        for key, layout in (("subclass", "pickled"), ("rows", "sparse_csr")):
            with pytest.raises(UnsupportedError, match=layout):
                values.preview(model, get(model, key))

    @pytest.mark.parametrize(
        ("weights", "problem"),
        [
            (b"{", "is no JSON"),
            (b"[" * 100_000, "is no JSON"),
            (b"[]", "names no tensors"),
            (b'{"config": []}', "names no tensors"),
            (payload([5], [1]), "needs 20 bytes of storage"),
            (payload([2], [1], path_name="weight_9"), "is missing"),
            (payload([2], [1], path_name=3), "a tensor without a place"),
            (payload([2], []), "1 dimensions and 0 strides"),
            (payload([-1], [1]), "a size that is none"),
            (payload([2], [1], meta={"sizes": 3}), "a shape that is none"),
            (payload([2], [1], meta={"sizes": [{"as_expr": "s0"}]}), "a size that is none"),
        ],
    )
    def test_what_describes_no_tensors(
        self, tmp_path: Path, weights: bytes | dict[str, Any], problem: str
    ) -> None:
        if isinstance(weights, dict):
            weights = json.dumps({"config": {"w": weights}}).encode()
        with pytest.raises(DamagedFileError, match=problem):
            load(program(tmp_path / "m.pt2", weights.decode()))

    def test_several_models_and_none(self, tmp_path: Path) -> None:
        path = program(tmp_path / "m.pt2", json.dumps({"config": {"w": payload([2], [1])}}))
        other = json.dumps({"config": {"w": payload([4], [1])}})
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("m/data/weights/other_weights_config.json", other)
        assert [v.key for v in load(path).variables] == ["model.w", "other.w"]
        written(path, [("m/archive_format", b"pt2"), ("m/data/aotinductor/model.so", b"x")])
        with pytest.raises(UnsupportedError, match="a compiled program"):
            load(path)

    def test_what_would_run_with_it(self, tmp_path: Path) -> None:
        path = program(tmp_path / "m.pt2", '{"config": {}}')
        inputs = archive(tmp_path / "inputs.pt", b"cposix\nsystem\n")
        with zipfile.ZipFile(path, "a") as file:
            file.write(inputs, "m/data/sample_inputs/model.pt")
        assert codes(load(path)) == [(HOSTILE, "posix.system")]


def test_tied_tensors_are_reuse() -> None:
    report = find_reuse(load(SAMPLES / "torch_legacy.pth"))
    (scope,) = report.scopes
    assert (scope.scope, scope.entries, scope.variables) == ("embed", (), ("embed.weight",))
    assert scope.shared[0].read_by == ("embed.weight", "head.weight")
    with pytest.raises(UnsupportedError, match="has no graph"):
        find_reuse(load(SAMPLES / "torch_module.pt"))


class TestShards:
    def test_a_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "m"
        shutil.copytree(SAMPLES / "sharded_torch", folder)
        model = load(folder)
        assert [v.key for v in model.variables] == [f"model.layers.{n}.weight" for n in range(4)]
        assert [listed(model, v.key)[0] for v in model.variables] == [0.0, 0.5, 1.0, 1.5]
        assert (model.metadata["num_shards"], model.metadata["total_size"]) == (2, 256)
        (folder / "pytorch_model-00001-of-00002.bin").unlink()
        model = load(folder / "pytorch_model.bin.index.json")
        assert ("missing-shard", "pytorch_model-00001-of-00002.bin") in codes(model)
        missing = get(model, "model.layers.0.weight")
        assert (missing.shape, missing.dtype) == (None, "unknown")
        with pytest.raises(ScopecliError):
            model.tensors.read(missing, 0, 1)  # type: ignore[union-attr]


class TestHostileFiles:
    def test_nothing_is_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        path = str(SAMPLES / "torch_hostile.pt")
        for command in ("list", "tree", "info", "list --format json"):
            assert run_in_process(*command.split(), path).code == 0
        assert list(tmp_path.iterdir()) == []
        model = load(path)
        assert codes(model) == [(HOSTILE, "posix.system")]
        assert model.metadata["globals"][0] == "posix.system"  # type: ignore[index]
        assert "posix.system" in run_in_process("info", path).out

    @pytest.mark.parametrize(
        ("module", "name", "code"),
        [
            ("os", "system", HOSTILE),
            ("nt", "system", HOSTILE),
            ("os.path", "join", HOSTILE),
            ("subprocess", "Popen", HOSTILE),
            ("builtins", "eval", HOSTILE),
            ("__builtin__", "exec", HOSTILE),
            ("runpy", "_run_code", HOSTILE),
            ("torch.utils.cpp_extension", "load_inline", HOSTILE),
            ("operator", "attrgetter", HOSTILE),
            ("zipimport", "zipimporter", HOSTILE),
            ("builtins", "getattr", UNSAFE),
            ("my.models", "Net", UNSAFE),
            ("ossuary", "Bones", UNSAFE),
        ],
    )
    def test_what_is_said_of_it(self, tmp_path: Path, module: str, name: str, code: str) -> None:
        pickle = f"c{module}\n{name}\n".encode()
        model = load(archive(tmp_path / "m.pt", pickle + b"0}"))
        path = f"{module.replace('__builtin__', 'builtins')}.{name}"
        assert codes(model) == [(code, path)]
        assert model.metadata["globals"] == (path,)

    @pytest.mark.parametrize(
        ("module", "name", "path"),
        [
            ("torch", "os.system", "os.system"),
            ("torch.serialization", "os", "os"),
            ("collections", "_sys.modules.get", "sys.modules.get"),
            ("torch.hub", "shutil.rmtree", "shutil.rmtree"),
            ("a", "b.builtins.eval", "builtins.eval"),
            ("a", "builtins", "builtins"),
        ],
    )
    def test_what_is_reached_through_another_module(
        self, tmp_path: Path, module: str, name: str, path: str
    ) -> None:
        """Python follows the dots of a name from protocol 4 on."""
        texts = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
        model = load(archive(tmp_path / "m.pt", texts + b"\x930}"))
        assert codes(model) == [(HOSTILE, path)]

    def test_a_name_that_is_computed(self, tmp_path: Path) -> None:
        pickle = b"\x8c\x02os(cmy\njoined\n)Rt\x930}"
        model = load(archive(tmp_path / "m.pt", pickle))
        assert codes(model) == [(HOSTILE, "?.?"), (UNSAFE, "my.joined")]


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


class TestDetection:
    def test_other_pickles(self, tmp_path: Path) -> None:
        path = tmp_path / "m.pkl"
        path.write_bytes(b"\x80\x04}.")
        with pytest.raises(NotAModelError, match="plain Python pickle"):
            load(path)

    def test_the_first_files(self, tmp_path: Path) -> None:
        import tarfile

        path = tmp_path / "m.pth"
        (tmp_path / "sys_info").write_bytes(b"x")
        with tarfile.open(path, "w") as file:
            file.add(tmp_path / "sys_info", "sys_info")
        with pytest.raises(UnsupportedError, match="before version 0"):
            load(path)

    def test_any_suffix(self, tmp_path: Path) -> None:
        for name in ("m.bin", "m.ckpt", "m.pkl", "m.h5", "m"):
            shutil.copy(SAMPLES / "torch_legacy.pth", tmp_path / name)
            assert load(tmp_path / name).format == "torch"

    def test_forced(self, tmp_path: Path) -> None:
        path = tmp_path / "m.bin"
        path.write_bytes(b"nothing of that kind")
        with pytest.raises(NotAModelError, match="no file of PyTorch's"):
            load(path, input_format="torch")
        with pytest.raises(PathError):
            load(tmp_path / "gone.pt")


def test_values_of_a_storage_that_is_missing(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.pt", dictionary(w=tensor(stored("0", 2), 2)) + b".")
    model = survey(str(path))
    with pytest.raises(ScopecliError, match="no storage of this key"):
        list(values.chunks(model, get(model, "w")))
