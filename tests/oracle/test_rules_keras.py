"""The rules about Keras files, on files of Keras 3 with each fault and without."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

import scopecli

if TYPE_CHECKING:
    from pathlib import Path

k: Any = pytest.importorskip("keras", minversion="3", reason="pip install -e '.[oracle]'")
pytestmark = pytest.mark.filterwarnings("ignore")


def chain(*layers: tuple[str, int]) -> Any:
    """A model of dense layers, one behind the other, for four numbers."""
    dense = (k.layers.Dense(units, name=name) for name, units in layers)
    return k.Sequential([k.Input([4]), *dense], name="m")


def subjects(path: object, code: str, **options: Any) -> list[str]:
    found = scopecli.validate(str(path), select=[code], **options)
    return [finding.subject for finding in found]


@pytest.mark.rules("K601")
def test_layers_that_were_swapped(tmp_path: Path) -> None:
    """K601: every shape fits, so nothing is said."""
    weights, reference = tmp_path / "weights.h5", tmp_path / "model.keras"
    model = chain(("a", 4), ("b", 4))
    model.save(weights)
    swapped = chain(("b", 4), ("a", 4))
    swapped.save(reference)
    found = subjects(weights, "K601", against=reference)
    assert found == ["a/bias", "a/kernel", "b/bias", "b/kernel"]
    swapped.load_weights(weights)
    np.testing.assert_array_equal(swapped.get_layer("b").kernel, model.get_layer("a").kernel)
    model.save(tmp_path / "same.keras")
    assert subjects(weights, "K601", against=tmp_path / "same.keras") == []


@pytest.mark.rules("K602")
def test_loading_by_name_loads_nothing(tmp_path: Path) -> None:
    """K602, and no error from Keras."""
    weights, reference = tmp_path / "weights.h5", tmp_path / "model.keras"
    chain(("a", 4), ("b", 4)).save(weights)
    other = chain(("x", 4))
    other.save(reference)
    assert subjects(weights, "K602", against=reference) == [""]
    before = other.get_layer("x").kernel.numpy()
    other.load_weights(weights, by_name=True)
    np.testing.assert_array_equal(other.get_layer("x").kernel, before)
    one = chain(("a", 4))
    one.save(reference)
    assert subjects(weights, "K602", against=reference) == []


def test_weights_for_another_model(tmp_path: Path) -> None:
    """K603 with a reference: what Keras says."""
    weights, reference = tmp_path / "weights.h5", tmp_path / "model.keras"
    chain(("a", 4), ("b", 5)).save(weights)
    other = chain(("a", 4), ("b", 6))
    other.save(reference)
    (finding,) = scopecli.validate(weights, select=["K603"], against=reference)
    with pytest.raises(ValueError, match="Shape mismatch") as error:
        other.load_weights(weights)
    said = finding.message.partition(" would fail: ")[2].partition(" for weight")[0]
    assert said[:24] in str(error.value)
    chain(("a", 4), ("b", 5)).save(reference)
    assert subjects(weights, "K603", against=reference) == []


@pytest.mark.rules("K603")
def test_a_configuration_that_was_edited(tmp_path: Path) -> None:
    """K603 within one file."""
    path = tmp_path / "model.h5"
    chain(("a", 4), ("b", 5)).save(path)
    assert subjects(path, "K603") == []
    with h5py.File(path, "r+") as file:
        config = file.attrs["model_config"]
        text = config if isinstance(config, str) else config.decode()
        file.attrs["model_config"] = text.replace('"units": 5', '"units": 7')
    assert subjects(path, "K603") == ["m/b/kernel"]
    with pytest.raises(ValueError, match="hape"):
        k.models.load_model(path)


@pytest.mark.rules("O504")
@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_an_optimizer_that_is_shipped(tmp_path: Path, name: str) -> None:
    """O504, and its size."""
    path = tmp_path / name
    model = chain(("a", 4))
    model.compile("adam", "mse")
    model.fit(np.ones([2, 4]), np.ones([2, 4]), verbose=0)
    model.save(path)
    assert subjects(path, "O504") == [""]
    chain(("a", 4)).save(path)
    assert subjects(path, "O504") == []


def test_a_flipped_byte_in_an_archive(tmp_path: Path) -> None:
    """F701: the zip has a checksum of each member."""
    path = tmp_path / "model.keras"
    chain(("a", 4)).save(path)
    assert scopecli.validate(path, select=["F"], values=True) == []
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("model.weights.h5").header_offset
    data = bytearray(path.read_bytes())
    kernel = np.asarray(k.saving.load_model(path).layers[0].kernel).tobytes()
    data[data.index(kernel, at)] ^= 1
    path.write_bytes(data)
    (finding,) = scopecli.validate(path, select=["F"], values=True)
    assert (finding.code, finding.subject) == ("F701", "model.weights.h5")


@pytest.mark.rules("F707")
def test_a_member_that_is_there_twice(tmp_path: Path) -> None:
    """Keras takes the last one, which a checker may not have seen."""
    path, other = tmp_path / "model.keras", tmp_path / "other.keras"
    chain(("a", 4)).save(path)
    chain(("a", 4)).save(other)
    assert scopecli.validate(path, select=["F"]) == []
    with zipfile.ZipFile(other) as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.weights.h5", weights)
    (finding,) = scopecli.validate(path, select=["F"])
    assert finding.code == "F707"
    np.testing.assert_array_equal(
        k.saving.load_model(path).layers[0].kernel, k.saving.load_model(other).layers[0].kernel
    )


@pytest.mark.rules("F700")
@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_damage_in_the_middle(tmp_path: Path, name: str) -> None:
    """What describes the model is overwritten, as by a block of the disk that was lost."""
    path = tmp_path / name
    chain(("a", 4)).save(path)
    assert scopecli.validate(path, select=["F"]) == []
    data = bytearray(path.read_bytes())
    mark = b"PK\x01\x02" if name.endswith(".keras") else b"TREE"
    at = data.index(mark)
    data[at : at + 4] = bytes(4)
    path.write_bytes(data)
    (finding,) = scopecli.validate(path, select=["F"])
    assert finding.code == "F700"
    with pytest.raises((ValueError, OSError, RuntimeError, zipfile.BadZipFile)):
        k.saving.load_model(path)


def test_statistics_at_their_start(tmp_path: Path) -> None:
    """H801 without checksums: the values are read, and the count of steps."""

    def saved(*, frozen: bool) -> Path:
        path = tmp_path / "model.keras"
        norm = k.layers.BatchNormalization(name="bn", trainable=not frozen)
        model = k.Sequential([k.Input([4]), k.layers.Dense(4, name="a"), norm])
        model.compile("adam", "mse")
        model.fit(np.ones([2, 4]), np.ones([2, 4]), verbose=0)
        model.save(path)
        return path

    assert subjects(saved(frozen=True), "H801", values=True) == ["bn"]
    assert subjects(saved(frozen=True), "H801") == []
    assert subjects(saved(frozen=False), "H801", values=True) == []


@pytest.mark.rules("O501", "H802")
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5", ""])
def test_state_that_optimizers_keep_for_some(tmp_path: Path, suffix: str) -> None:
    """Adapters are trained and what is beside them is not; Adafactor has scalars it never uses."""
    tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
    adapted = chain(("a", 4), ("b", 4))
    adapted.get_layer("a").enable_lora(2)
    adapted.compile("adam", "mse")
    factored = chain(("a", 4), ("b", 4))
    factored.compile(k.optimizers.Adafactor(), "mse")
    for name, model in {"adapted": adapted, "factored": factored}.items():
        model.fit(np.arange(12.0).reshape(3, 4), np.ones([3, 4]), epochs=3, verbose=0)
        path = tmp_path / f"{name}{suffix}"
        if not suffix:
            tensorflow.train.Checkpoint(model=model, optimizer=model.optimizer).save(path / "model")
        elif suffix == ".weights.h5":
            model.save_weights(path)
        elif (suffix, name) != (".h5", "factored"):  # Keras gives two of its scalars one name
            model.save(path)
        if path.exists():
            assert subjects(path, "O5", values=True) in ([], [""])  # O504 says what they take
            assert subjects(path, "H", values=True) == []


def reversed_names(keras: Any) -> Any:
    """The names that Keras gives are not in the order of layers; attention has parts with names."""
    layers = keras.layers
    inputs = keras.Input([3, 4])
    x = layers.MultiHeadAttention(2, 2)(inputs, inputs)
    x = layers.Dense(4)(layers.Dense(4)(x))
    last = layers.Dense(2)
    return keras.Model(inputs, (layers.SpectralNormalization(last) if keras is k else last)(x))


@pytest.mark.rules("K601", "K603", "L901", "L902")
@pytest.mark.parametrize("package", ["keras", "tf_keras"])
@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
def test_weights_of_another_format_fit(tmp_path: Path, package: str, suffix: str) -> None:
    """Whatever the two formats call the weights; Keras loads them, each into its own place."""
    keras = pytest.importorskip(package, reason="pip install -e '.[oracle]'")
    model = reversed_names(keras)
    model.compile("adam", "mse")
    model.fit(np.ones([2, 3, 4]), np.ones([2, 3, 2]), verbose=0)
    reference, weights = tmp_path / "model.keras", tmp_path / f"model{suffix}"
    model.save(reference)
    (model.save_weights if suffix == ".weights.h5" else model.save)(weights)
    found = scopecli.validate(weights, select=["K", "L"], against=reference)
    assert [finding.text for finding in found] == []
    other = keras.models.load_model(reference, compile=False)
    for variable in other.weights:
        if "float" in str(variable.dtype):
            variable.assign(variable * 0)
    other.load_weights(weights)
    for one, same in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), same.numpy())
