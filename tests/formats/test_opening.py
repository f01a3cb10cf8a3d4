"""From a path to a model."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from scopecli.errors import (
    DamagedFileError,
    NotAModelError,
    PathError,
    ScopecliError,
    UnknownNameError,
    UnsupportedError,
)
from scopecli.formats import registry
from scopecli.formats.opening import load
from tests import bundles
from tests.bundles import Tensor
from tests.samples import GOOD, REFUSED, SAMPLES, SINGLE, V2, files_of, prefix_of

if TYPE_CHECKING:
    from pathlib import Path


def keys(path: str | Path) -> list[str]:
    return [v.key for v in load(path).variables]


class TestCheckpoints:
    @pytest.mark.parametrize("sample", V2)
    def test_every_way_to_name_one_opens_the_same(self, sample: str) -> None:
        """TensorFlow lists nothing for `.index`, and "bad magic number" for `.data`."""
        expected = keys(SAMPLES / prefix_of(sample))
        assert expected
        for path in [sample, *files_of(sample)]:
            if not path.endswith(".meta"):
                assert keys(SAMPLES / path) == expected, path

    def test_the_path_is_the_one_that_was_given(self) -> None:
        for path in ("tf1_gan", "tf1_gan/checkpoint", "tf1_gan/model.ckpt-200"):
            assert load(SAMPLES / path).path == str(SAMPLES / path)

    def test_a_relative_path(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(SAMPLES / "tf1_gan")
        expected = keys(SAMPLES / "tf1_gan")
        for path in (".", "checkpoint", "model.ckpt-200", "../tf1_gan/"):
            assert keys(path) == expected

    def test_a_folder_with_one_checkpoint_and_no_state_file(self, tmp_path: Path) -> None:
        bundles.write(tmp_path / "only", {"w": Tensor()})
        assert keys(tmp_path) == ["w"]

    def test_a_folder_with_several_and_no_state_file(self, tmp_path: Path) -> None:
        for i in range(7):
            bundles.write(tmp_path / f"m-{i}", {"w": Tensor()})
        with pytest.raises(
            PathError, match=r"has 7 checkpoints: m-0, m-1, m-2, m-3, m-4 and 2 more"
        ):
            load(tmp_path)

    def test_a_folder_as_hugging_face_has_them(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text("{}")
        (tmp_path / "pytorch_model.bin").write_bytes(b"not looked at")
        shutil.copy(SAMPLES / "dtypes.safetensors", tmp_path / "model.safetensors")
        assert keys(tmp_path) == keys(SAMPLES / "dtypes.safetensors")
        shutil.copy(SAMPLES / "branches.onnx", tmp_path / "model.onnx")
        with pytest.raises(PathError, match=r"has 2 checkpoints: model\.onnx, model\.safetensors"):
            load(tmp_path)

    def test_a_folder_without_a_model(self, tmp_path: Path) -> None:
        with pytest.raises(PathError, match="is an empty folder"):
            load(tmp_path)
        (tmp_path / "runs").mkdir()
        with pytest.raises(PathError, match="name a folder in it: runs"):
            load(tmp_path)
        (tmp_path / "model.h5").write_bytes(b"x")
        with pytest.raises(PathError, match=r"name a file in it: model\.h5"):
            load(tmp_path)

    def test_a_saved_model(self, tmp_path: Path) -> None:
        (tmp_path / "saved_model.pb").write_bytes(b"x")
        with pytest.raises(ScopecliError) as caught:
            load(tmp_path)
        assert "folder without a checkpoint" not in str(caught.value)

    def test_a_data_shard_alone(self) -> None:
        with pytest.raises(PathError, match="without its index") as caught:
            load(SAMPLES / "broken/lone.data-00000-of-00001")
        assert caught.value.hint == "look for lone.index"

    @pytest.mark.parametrize(
        ("there", "problem"),
        [
            (["m.data-00000-of-00001"], "has data shards and no index: m.index is missing"),
            (["m.meta"], r"has a graph \(m.meta\) and no checkpoint"),
            (["other.index"], "no such file or checkpoint"),
            ([], "no such file or checkpoint"),
        ],
    )
    def test_a_prefix_without_an_index(
        self, tmp_path: Path, there: list[str], problem: str
    ) -> None:
        for name in there:
            (tmp_path / name).write_bytes(b"x")
        with pytest.raises(PathError, match=problem) as caught:
            load(tmp_path / "m")
        assert caught.value.path == str(tmp_path / "m")

    def test_a_missing_data_shard(self) -> None:
        model = load(SAMPLES / "broken/no_data.index")
        assert len(model.variables) == 18
        assert [note.code for note in model.notes] == ["missing-shard"]

    @pytest.mark.parametrize("sample", ["broken/stale_state", "broken/stale_state_windows"])
    def test_a_stale_state_file(self, sample: str) -> None:
        model = load(SAMPLES / sample)
        assert len(model.variables) == 18
        assert [note.code for note in model.notes] == ["stale-state"]

    def test_a_state_file_of_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "checkpoint").write_text('model_checkpoint_path: "m"')
        (tmp_path / "m").write_bytes(b"x")
        with pytest.raises(ScopecliError) as caught:
            load(tmp_path)
        assert caught.value.path

    def test_an_index_under_another_name(self, tmp_path: Path) -> None:
        """Contents decide; only the shards cannot be found then."""
        shutil.copy(SAMPLES / "tf1_gan/model.ckpt-200.index", tmp_path / "download.bin")
        model = load(tmp_path / "download.bin")
        assert [v.key for v in model.variables] == keys(SAMPLES / "tf1_gan")
        assert [note.code for note in model.notes] == ["missing-shard"]


class TestContentsDecide:
    @pytest.mark.parametrize("sample", SINGLE)
    @pytest.mark.parametrize("name", ["model", "model.index", "model.h5", "model.keras", "a.txt"])
    def test_whatever_the_name(self, tmp_path: Path, sample: str, name: str) -> None:
        shutil.copy(SAMPLES / sample, tmp_path / name)
        model, expected = load(tmp_path / name), load(SAMPLES / sample)
        assert model.format == expected.format
        assert [v.key for v in model.variables] == [v.key for v in expected.variables]

    def test_the_formats_of_the_samples(self) -> None:
        expected = {
            "keras2_functional.h5": "keras-h5",
            "keras2_legacy_adam.h5": "keras-h5",
            "keras2_split_attributes.h5": "keras-h5",
            "keras2_weights.h5": "keras-h5",
            "keras3_functional.keras": "keras-v3",
            "keras3_legacy.h5": "keras-h5",
            "keras3_model.weights.h5": "keras-weights-h5",
            "plain.h5": "hdf5",
            "plain_latest.h5": "hdf5",
            "dtypes.safetensors": "safetensors",
            "sharded_safetensors": "safetensors",
            "arrays.npz": "npz",
            "flax_params.npz": "npz",
            "fortran.npy": "npy",
            "structured.npy": "npy",
            "llama.gguf": "gguf",
            "big_endian.gguf": "gguf",
            "branches.onnx": "onnx",
            "onnx_external": "onnx",
            "flax_train_state.msgpack": "flax-msgpack",
            "mobile.tflite": "tflite",
            "orbax_zarr": "orbax",
            "tf1_batchnorm": "tf-v2-checkpoint",
            "tf1_gan": "tf-v2-checkpoint",
            "tf1_partitioned": "tf-v2-checkpoint",
            "tf2_object": "tf-v2-checkpoint",
            "tf2_object_keras3": "tf-v2-checkpoint",
        }
        assert set(expected) <= set(GOOD)
        assert {sample: load(SAMPLES / sample).format for sample in expected} == expected

    @pytest.mark.parametrize("sample", sorted(REFUSED))
    def test_pickled_weights_are_refused(self, sample: str) -> None:
        with pytest.raises(ScopecliError, match="pickle"):
            load(SAMPLES / sample)

    @pytest.mark.parametrize("format_id", list(registry.BY_ID))
    def test_the_input_format_overrides(self, tmp_path: Path, format_id: str) -> None:
        """A file that is nothing is read as what it is said to be, and then found damaged."""
        path = tmp_path / "nothing"
        path.write_bytes(b"no model at all" * 10)
        with pytest.raises(ScopecliError) as caught:
            load(path, input_format=format_id)
        assert "that scopecli knows" not in str(caught.value)

    def test_a_wrong_input_format(self, tmp_path: Path) -> None:
        with pytest.raises(ScopecliError) as caught:
            load(SAMPLES / "plain.h5", input_format="torch")
        assert caught.value.hint == "it looks like hdf5: try without --input-format"
        (tmp_path / "picture").write_bytes(b"\x89PNG\r\n")
        with pytest.raises(ScopecliError) as caught:
            load(tmp_path / "picture", input_format="gguf")
        assert caught.value.hint == "it is a PNG picture"

    @pytest.mark.parametrize("path", ["plain.h5", "tf1_gan"])
    def test_an_unknown_input_format(self, path: str) -> None:
        with pytest.raises(UnknownNameError, match="known are: tf-v2-checkpoint"):
            load(SAMPLES / path, input_format="h5")

    @pytest.mark.parametrize("path", ["tf1_gan", "tf1_gan/model.ckpt-200", "tf1_saved_model"])
    def test_the_input_format_of_several_files(self, path: str) -> None:
        """It says how a file is read, and a folder or prefix is none."""
        found = load(SAMPLES / path)
        again = load(SAMPLES / path, input_format=found.format)
        assert (again.format, again.variables) == (found.format, found.variables)
        with pytest.raises(UnsupportedError, match=r"cannot be read as hdf5.*name one file"):
            load(SAMPLES / path, input_format="hdf5")


class TestWhatIsNoModel:
    @pytest.mark.parametrize(
        ("data", "kind", "problem"),
        [
            (b"", NotAModelError, "the file is empty"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
                NotAModelError,
                "Git LFS pointer.*git lfs pull",
            ),
            (b"<!DOCTYPE html><html>", NotAModelError, "web page"),
            (b"\n\n  <HTML>", NotAModelError, "web page"),
            (b"\xef\xbf\xbdHDF\r\n\x1a\n" + bytes(99), DamagedFileError, "as if it were text"),
            (b"GGUF\3\0\0\0", DamagedFileError, "needs bytes"),
            (b"GGUF\4\0\0\0", UnsupportedError, "GGUF of version 4"),
            (b"\x93NUMPY\1\0v\0", DamagedFileError, "needs 128 bytes"),
            (bytes(4) + b"TFL3", DamagedFileError, "has a list of fields"),
            ((b'\x10\0\0\0\0\0\0\0{"a":{}}        '), DamagedFileError, "no valid header"),
            (b'{"weight_map": {"a": "x.h5"}}', UnsupportedError, "index of 1 files such as x.h5"),
            (b"\x80\x02}q\0.", NotAModelError, "plain Python pickle"),
            (b"\x80\x04\x95", DamagedFileError, "ends in the middle of a pickle"),
            (b"\x1f\x8b\x08", NotAModelError, "gzip data: unpack it first"),
            (bytes(257) + b"ustar\0", NotAModelError, "tar archive"),
            (b"\x89PNG\r\n", NotAModelError, "PNG"),
            (b"%PDF-1.7", NotAModelError, "PDF"),
            (b"hello\0", NotAModelError, "starts with 'hello.*--input-format"),
            (b"\x1b[2J\n\xff", NotAModelError, r"starts with '\\x1b\[2J\\n\\xff'"),
            (bytes(5000), NotAModelError, "begins with 4096 of them: copy it again"),
            (b"cos\nsystem\n(S'true'\ntR.", NotAModelError, "pickle that would import os.system"),
            (bytes(16) + b"\6\0\0\0\x08\5\x10\4\x10\3" + bytes(48), NotAModelError, "PaddlePaddle"),
            (b"x\x9c\x03\0\0\0\0\1", NotAModelError, "zlib data: unpack it first"),
            (b"\x04\x22M\x18@@\xc0", NotAModelError, "LZ4 data: unpack it first"),
            (bytes(4) + b"ET12", NotAModelError, "ExecuTorch program"),
            (b"\3\0\0\0\2" + bytes(59) + b"\xef\xbe\xad\xde", NotAModelError, "Core ML package's"),
            (b"\x18" + bytes(22) + b"brain.Event:2", NotAModelError, "a log of TensorBoard's"),
            (b"MATLAB 5.0 MAT-file, Platform", NotAModelError, "before version 7.3: save it with"),
            (b"\n\x0e\n\5<unk>\x15\0\0\0\0\x18\2", NotAModelError, "SentencePiece"),
            (b"[PAD]\n[unused0]\n", NotAModelError, "is text, not a saved model"),
            (b'{"weightsManifest": []}', NotAModelError, "TensorFlow.js"),
            (b"(dp0\nVa\np1\nI1\ns.", NotAModelError, "plain Python pickle"),
            (b"tjgg\3\0\0\0", NotAModelError, "GGML file of before GGUF"),
            (b"Repository not found", NotAModelError, "is text, not .* 'Repository not found'"),
            ("Modèle introuvable".encode(), NotAModelError, "is text, not a saved model"),
            ("語".encode() * 2000, NotAModelError, "is text, not a saved model"),
            (b'{"error": "no"}', NotAModelError, "is JSON, and neither"),
            (b'<?xml version="1.0"?>\n<html>', NotAModelError, "web page"),
            (b'<?xml version="1.0"?>\n<net name="n">', NotAModelError, "OpenVINO"),
            (b'<?xml version="1.0"?>\n<nets>', NotAModelError, "XML document"),
            (b"\x08\4\x12\3\x0a\1x\xa2\x1f\2\x0a\0", NotAModelError, "Core ML model"),
            (b"\x12\3\x0a\1x\xa2\x1f\2\x0a\0", NotAModelError, "starts with"),  # no version
            (b"\x0a\3net\xa2\6\4\x0a\2c1\xa2\6\4\x0a\2c2", NotAModelError, "a Caffe model"),
            (b"\0\0\0\0\2\0\0\0\5\0\0\0" + bytes(99), NotAModelError, "a Darknet network"),
            (b"3 2\nthe \0\0\x80?\0\0\x80?", NotAModelError, "a file of word vectors"),
            (b"\xef\xbf\xbd\0x" * 9, NotAModelError, "changed as if it were text: copy it again"),
        ],
    )
    def test_it_is_said_what_it_is(
        self, tmp_path: Path, data: bytes, kind: type[ScopecliError], problem: str
    ) -> None:
        path = tmp_path / "thing"
        path.write_bytes(data)
        with pytest.raises(kind, match=problem) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "title"),
        [
            ("a.index", "TensorFlow V2 checkpoint"),
            ("a.h5", "Keras HDF5 model"),
            ("a.keras", "Keras"),
        ],
    )
    def test_a_name_that_promises_more(self, tmp_path: Path, name: str, title: str) -> None:
        (tmp_path / name).write_bytes(b"garbage\0")
        with pytest.raises(NotAModelError, match=f"has no {title}.* in it, whatever its name says"):
            load(tmp_path / name)


class TestPaths:
    def test_a_core_ml_package(self, tmp_path: Path) -> None:
        (tmp_path / "Data" / "com.apple.CoreML").mkdir(parents=True)
        with pytest.raises(NotAModelError, match="Core ML"):
            load(tmp_path)

    def test_a_fifo(self, tmp_path: Path) -> None:
        """Opening one would wait for ever."""
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(PathError, match="not a regular file; a model is read in place"):
            load(tmp_path / "pipe")

    def test_a_device(self) -> None:
        with pytest.raises(PathError, match="not a regular file"):
            load("/dev/zero")

    @pytest.mark.parametrize("name", ["m.index", "checkpoint"])
    def test_a_fifo_beside(self, tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / name)
        for path in (tmp_path, tmp_path / "m"):
            with pytest.raises(PathError):
                load(path)

    @pytest.mark.parametrize("target", ["link", "nowhere"])
    def test_a_link_to_nothing(self, tmp_path: Path, target: str) -> None:
        (tmp_path / "link").symlink_to(target)
        with pytest.raises(PathError, match=f"is a link to {target}, and nothing is there"):
            load(tmp_path / "link")

    @pytest.mark.parametrize("path", ["https://host/m.h5", "gs://bucket/model.ckpt", "s3://b/m"])
    def test_an_address(self, path: str) -> None:
        with pytest.raises(PathError, match="is an address, not a file; fetch it"):
            load(path)

    @pytest.mark.parametrize("path", ["-", "nul\0byte", "x" * 5000, "no/such/folder/m"])
    def test_odd_paths(self, path: str) -> None:
        with pytest.raises(PathError, match="no such file") as caught:
            load(path)
        assert caught.value.path == path

    def test_no_path_at_all(self) -> None:
        with pytest.raises(PathError, match="the path is empty"):
            load("")

    def test_a_path_through_a_file(self) -> None:
        with pytest.raises(PathError, match="no such file"):
            load(SAMPLES / "plain.h5" / "inside")

    def test_permission_denied(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        prefix = bundles.write(tmp_path / "m", {"w": Tensor()})

        def refuse(path: str) -> None:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr("io.FileIO", refuse)
        for path in (prefix, f"{prefix}.index"):
            with pytest.raises(PathError, match="cannot be opened: Permission denied"):
                load(path)

    def test_a_folder_that_cannot_be_listed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: str) -> list[str]:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr("os.listdir", refuse)
        with pytest.raises(PathError, match="cannot be listed: Permission denied"):
            load(tmp_path)

    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("tf1_gann", "tf1_gan"),
            ("tf1_gan/model.ckpt-20", "tf1_gan/model.ckpt-200"),
            ("tf1_gan/model.ckpt-200.indx", "tf1_gan/model.ckpt-200"),
            ("tf1_gan/model.ckpt", "tf1_gan/model.ckpt-200"),
            ("plain_lates.h5", "plain_latest.h5"),
        ],
    )
    def test_the_nearest_path_is_told(self, wrong: str, right: str) -> None:
        with pytest.raises(PathError) as caught:
            load(SAMPLES / wrong)
        assert caught.value.hint is not None
        assert caught.value.hint.startswith(f"did you mean {SAMPLES / right}")
        assert f"{right}." not in caught.value.hint  # the prefix is enough

    def test_nothing_near(self, tmp_path: Path) -> None:
        with pytest.raises(PathError) as caught:
            load(tmp_path / "zzz")
        assert caught.value.hint is None

    def test_bytes_that_are_not_utf8(self, tmp_path: Path) -> None:
        path = os.fsdecode(os.fsencode(tmp_path) + b"/m\xff")
        bundles.write(path, {"w": Tensor()})
        assert keys(path) == ["w"]
