"""Object-based checkpoints, and Keras 2 and 3."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

from makers.sample import FIXED_DATE, SEED, sample
from makers.tensorflow1 import V2_DATA, V2_INDEX, V2_STATE

if TYPE_CHECKING:
    from pathlib import Path


def keras_2() -> Any:
    """Give Keras 2 (tf_keras), seeded."""
    import tf_keras

    tf_keras.utils.set_random_seed(SEED)
    return tf_keras


def keras_3() -> Any:
    """Give Keras 3 on TensorFlow, seeded."""
    import keras

    keras.utils.set_random_seed(SEED)
    return keras


def tower(keras: Any) -> Any:
    """Give a subclassed model: a list, a dictionary and one layer with two names."""

    class Tower(keras.Model):  # type: ignore[misc]
        """A stem, numbered blocks and named heads."""

        def __init__(self) -> None:
            super().__init__(name="tower")
            self.stem = keras.layers.Dense(4, name="stem")
            self.same_stem = self.stem
            self.blocks = [keras.layers.Dense(4, name=f"block_{n}") for n in range(3)]
            self.heads = {"left/right": keras.layers.Dense(1, name="head")}

        def call(self, inputs: Any) -> Any:
            """Run the stem, the blocks and the head."""
            hidden = self.stem(inputs)
            for block in self.blocks:
                hidden = block(hidden)
            return self.heads["left/right"](hidden)

    return Tower()


def train_one_step(model: Any, optimizer: Any, input_shape: tuple[int, ...]) -> None:
    """Compile the model, which has one output, and train it on one small fixed batch."""
    import numpy as np

    random = np.random.RandomState(SEED)
    inputs = random.rand(4, *input_shape).astype("float32")
    targets = random.rand(4, 1).astype("float32")
    # Keras 3 cannot load its own .h5 where the loss is given as "mse".
    model.compile(optimizer=optimizer, loss="mean_squared_error", jit_compile=False)
    model.fit(inputs, targets, batch_size=4, epochs=1, shuffle=False, verbose=0)


def save_object_checkpoint(folder: Path, model: Any, optimizer: Any) -> None:
    """Train a step and save model and optimizer as an object-based checkpoint."""
    import tensorflow as tf

    train_one_step(model, optimizer, (3,))
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
    checkpoint.save(str(folder / "ckpt"))


@sample(
    "tf2_object",
    "tensorflow-cpu",
    "tf_keras",
    files={
        "tf2_object/checkpoint": V2_STATE,
        "tf2_object/ckpt-1.data-00000-of-00001": V2_DATA,
        "tf2_object/ckpt-1.index": f"{V2_INDEX}, keyed by object path",
    },
)
def make_tf2_object(out: Path) -> None:
    """tf.train.Checkpoint of a Keras 2 model and the Adam that most TF2 files were made with.

    A subclassed model with a list (`blocks/0`), a dictionary key that needs escaping
    (`heads/left.Sright`), and one layer under two attributes (stored once); the optimizer is
    legacy.Adam, whose moments are `.OPTIMIZER_SLOT` keys below their variable.
    """
    keras = keras_2()
    save_object_checkpoint(out / "tf2_object", tower(keras), keras.optimizers.legacy.Adam(0.01))


@sample(
    "tf2_object_keras3",
    "tensorflow-cpu",
    "keras",
    files={
        "tf2_object_keras3/checkpoint": V2_STATE,
        "tf2_object_keras3/ckpt-1.data-00000-of-00001": V2_DATA,
        "tf2_object_keras3/ckpt-1.index": f"{V2_INDEX}, keyed by object path",
    },
)
def make_tf2_object_keras3(out: Path) -> None:
    """tf.train.Checkpoint of the same model and Adam in Keras 3.

    The optimizer's variables are numbered (`optimizer/_variables/N`, learning rate and
    iterations also by name), and layers in a list or dictionary are reached only through it
    (`optimizer/_trainable_variables/N`). The full names in the object graph are not unique:
    every kernel is `tower/kernel`.
    """
    keras = keras_3()
    save_object_checkpoint(out / "tf2_object_keras3", tower(keras), keras.optimizers.Adam(0.01))


def functional_model(keras: Any, *, recurrent: bool = False) -> Any:
    """Give a functional model with every kind of nesting that changes names in a file.

    ``recurrent`` adds a Bidirectional wrapper, which doubles the size of the file.
    """
    layers = keras.layers
    codes = keras.Input((4,), name="codes")
    hidden = layers.Dense(4, activation="relu", name="encoder_dense")(codes)
    hidden = layers.BatchNormalization(momentum=0.9, name="encoder_norm")(hidden)
    encoder = keras.Model(codes, hidden, name="encoder")

    sequence = keras.Input((3, 2), name="sequence")
    steps = layers.TimeDistributed(layers.Dense(4, name="step_dense"), name="per_step")(sequence)
    if recurrent:
        # The default initializer needs a QR decomposition: its last bits vary by machine.
        cell = layers.LSTM(2, recurrent_initializer="glorot_uniform", name="lstm")
        summary = layers.Bidirectional(cell, name="both_ways")(steps)
    else:
        summary = layers.GlobalAveragePooling1D(name="average")(steps)
    shared = layers.Dense(4, activation="tanh", name="shared")
    twice = shared(shared(encoder(summary)))
    frozen = layers.Dense(4, name="frozen", trainable=False)(twice)
    penalty = keras.regularizers.L2(0.001)
    score = layers.Dense(1, kernel_regularizer=penalty, name="score")(frozen)
    return keras.Model(sequence, score, name="functional")


@sample(
    "keras2_functional.h5",
    "tf_keras",
    "h5py",
    files={"keras2_functional.h5": "whole model: configuration, weights, optimizer"},
)
def make_keras2_functional(out: Path) -> None:
    """model.save() of a Keras 2 functional model, compiled with Adam and trained one step.

    A nested model used as a layer (`encoder`), a layer called twice (`shared`), batch
    normalization, a frozen layer, a kernel regularizer, TimeDistributed and Bidirectional
    wrappers; `optimizer_weights` of the newer Adam (`Adam/m/...`, `Adam/v/...`).
    """
    keras = keras_2()
    model = functional_model(keras, recurrent=True)
    train_one_step(model, keras.optimizers.Adam(0.01), (3, 2))
    model.save(out / "keras2_functional.h5")


@sample(
    "keras2_legacy_adam.h5",
    "tf_keras",
    "h5py",
    files={"keras2_legacy_adam.h5": "whole model: configuration, weights, optimizer"},
)
def make_keras2_legacy_adam(out: Path) -> None:
    """A small Keras 2 model saved with legacy.Adam, as files from before 2023 are.

    The optimizer's names turn the other way round (`Adam/hidden/kernel/m:0`) and all the
    first moments come before all the second ones.
    """
    keras = keras_2()
    model = keras.Sequential(
        [
            keras.layers.Dense(4, activation="relu", input_shape=(3,), name="hidden"),
            keras.layers.Dense(1, name="score"),
        ],
        name="small",
    )
    train_one_step(model, keras.optimizers.legacy.Adam(0.01), (3,))
    model.save(out / "keras2_legacy_adam.h5")


@sample(
    "keras2_weights.h5",
    "tf_keras",
    "h5py",
    files={"keras2_weights.h5": "weights only: layer_names and weight_names at the root"},
)
def make_keras2_weights(out: Path) -> None:
    """save_weights() of a Keras 2 Sequential with six identical Dense blocks.

    No configuration: layers and their order are only in the attributes. The blocks can be
    folded to one line.
    """
    keras = keras_2()
    model = keras.Sequential(name="stack")
    model.add(keras.Input((4,)))
    for number in range(6):
        model.add(keras.layers.Dense(4, activation="relu", name=f"block_{number}"))
    model.add(keras.layers.Dense(1, name="score"))
    model.save_weights(out / "keras2_weights.h5")


@sample(
    "keras2_split_attributes.h5",
    "tf_keras",
    "h5py",
    files={"keras2_split_attributes.h5": "weights only, with attributes in several pieces"},
)
def make_keras2_split_attributes(out: Path) -> None:
    """Weights whose name lists are too big for one HDF5 attribute, so Keras splits them.

    `layer_names0`, `layer_names1` at the root and `weight_names0`, `weight_names1` in
    `tower`. Keras counts fixed-width strings, so one very long name per list is enough; the
    pieces are fixed-width strings where a whole list is of variable width.
    """
    keras = keras_2()
    long_name = "conv_" + "x".join(str(1000 + n) for n in range(560))
    inner = keras.Sequential([keras.Input((1,))], name="tower")
    for name in [f"fc_{n:02d}" for n in range(11)] + [long_name]:
        inner.add(keras.layers.Dense(1, name=name))
    model = keras.Sequential([keras.Input((1,)), inner], name="outer")
    for name in [f"act_{n:02d}" for n in range(22)] + [long_name]:
        model.add(keras.layers.Activation("linear", name=name))
    model.save_weights(out / "keras2_split_attributes.h5")


def keras3_trained() -> Any:
    """Give the functional model in Keras 3, trained one step with Adam."""
    keras = keras_3()
    model = functional_model(keras)
    train_one_step(model, keras.optimizers.Adam(0.01), (3, 2))
    return model


def normalize_keras_zip(path: Path) -> None:
    """Rewrite a .keras so that it does not depend on when and where it was saved.

    Keras writes the time of saving into the zip directory and metadata.json, and memory
    addresses as ``shared_object_id`` into config.json. The members, their order and how they
    are stored stay as Keras wrote them.
    """
    with zipfile.ZipFile(path) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for old, content in members:
            info = zipfile.ZipInfo(old.filename)
            info.compress_type = old.compress_type
            info.external_attr = old.external_attr
            # Keras opens the .npz member so that it may outgrow 4 GiB, which shows in its header.
            with archive.open(info, "w", force_zip64=old.filename.endswith(".npz")) as member:
                member.write(normalize_member(old.filename, content))


def normalize_member(name: str, content: bytes) -> bytes:
    """Replace the date in metadata.json and the memory addresses in config.json."""
    if name == "metadata.json":
        document = json.loads(content) | {"date_saved": FIXED_DATE}
        return json.dumps(document).encode()
    if name == "config.json":
        return renumber_shared_objects(content.decode()).encode()
    return content


def renumber_shared_objects(config: str) -> str:
    """Replace the memory addresses in a Keras 3 configuration by 1, 2, 3, ..."""
    numbers: dict[str, int] = {}

    def renumber(match: re.Match[str]) -> str:
        number = numbers.setdefault(match[2], len(numbers) + 1)
        return f"{match[1]}{number}"

    return re.sub(r'("shared_object_id": )(\d+)', renumber, config)


@sample(
    "keras3_functional.keras",
    "keras",
    "h5py",
    files={"keras3_functional.keras": "zip of metadata.json, config.json, model.weights.h5"},
)
def make_keras3_functional(out: Path) -> None:
    """model.save() of the functional model in Keras 3, trained one step with Adam.

    Weights lie at class name and index (`layers/dense_1/vars/0`); the layer's own name is the
    attribute `name` of `vars`. Dates and memory addresses are normalised after saving.
    """
    path = out / "keras3_functional.keras"
    keras3_trained().save(path)
    normalize_keras_zip(path)


@sample(
    "keras3_npz.keras",
    "keras",
    "numpy",
    files={"keras3_npz.keras": "zip of metadata.json, config.json, model.weights.npz"},
)
def make_keras3_npz(out: Path) -> None:
    """The same model in a .keras whose weights are an .npz.

    Keras 3 has this only as an internal option. Each member of the .npz is a pickled
    dictionary in an object array, so it must be refused or read without unpickling; the
    Keras that wrote it does not load it either.
    """
    from keras.src.saving import saving_lib

    path = out / "keras3_npz.keras"
    model = keras3_trained()
    with path.open("wb") as file:
        saving_lib._save_model_to_fileobj(model, file, weights_format="npz")  # noqa: SLF001
    normalize_keras_zip(path)


@sample(
    "keras3_model.weights.h5",
    "keras",
    "h5py",
    files={"keras3_model.weights.h5": "weights and optimizer state, no configuration"},
)
def make_keras3_weights(out: Path) -> None:
    """save_weights() of the same model in Keras 3: the file that a .keras holds inside."""
    keras3_trained().save_weights(out / "keras3_model.weights.h5")


@sample(
    "keras3_legacy.h5",
    "keras",
    "h5py",
    files={"keras3_legacy.h5": "whole model in the old layout: configuration, weights, optimizer"},
)
def make_keras3_legacy(out: Path) -> None:
    """model.save('x.h5') of the same model in Keras 3: the Keras 2 layout with other names.

    Weight names have no `:0`, a wrapped layer keeps its own name below the wrapper's
    (`per_step/step_dense/kernel`), and the optimizer flattens `/` to `_`
    (`adam/per_step_step_dense_kernel_momentum`).
    """
    keras3_trained().save(out / "keras3_legacy.h5")
