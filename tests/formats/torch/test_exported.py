"""The archives of `torch.export`, put together by hand."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from scopecli.analysis import values
from scopecli.binary.pickle.imports import HOSTILE
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.opening import load
from tests.formats.torch.files import FOUR, archive, listed, written
from tests.models import codes, get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model


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
            (b"{", "is not valid JSON"),
            (b"[" * 100_000, "is not valid JSON"),
            (b"[]", "names no tensors"),
            (b'{"config": []}', "names no tensors"),
            (payload([5], [1]), "needs 20 bytes of storage"),
            (payload([2], [1], path_name="weight_9"), "is missing"),
            (payload([2], [1], path_name=3), "a tensor without a place"),
            (payload([2], []), "1 dimensions and 0 strides"),
            (payload([-1], [1]), "a size that is out of range"),
            (payload([2], [1], meta={"sizes": 3}), "a shape that is not one of whole numbers"),
            (payload([2], [1], meta={"sizes": [{"as_expr": "s0"}]}), "a size that is out of range"),
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
