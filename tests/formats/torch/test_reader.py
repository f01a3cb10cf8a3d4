"""PyTorch's files, put together by hand, and the samples that PyTorch wrote."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from scopecli.analysis import values
from scopecli.analysis.reuse import find_reuse
from scopecli.binary.pickle.imports import HOSTILE
from scopecli.errors import NotAModelError, PathError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load
from scopecli.formats.torch.globals import UNSAFE
from tests.commands import run_in_process
from tests.formats.torch.files import archive, listed
from tests.models import codes, get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path


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
        with pytest.raises(NotAModelError, match="is not a PyTorch file"):
            load(path, input_format="torch")
        with pytest.raises(PathError):
            load(tmp_path / "gone.pt")
