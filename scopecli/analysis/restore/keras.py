"""What Keras's `load_weights` would do with a model and a file of weights.

The legacy HDF5 layout is loaded layer by layer, by position or by name (`keras/src/legacy/saving/
legacy_h5_format.py`, and the same in tf_keras). Keras 3's own layout is loaded by the place of each
object in the model, which is a class and a number (`keras/src/saving/saving_lib.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.restore.keras_legacy import by_name, by_position, layers
from scopecli.analysis.restore.keras_objects import by_path
from scopecli.analysis.restore.prediction import Attempt, extras, verdict_of, with_renames
from scopecli.errors import UnsupportedError

if TYPE_CHECKING:
    from scopecli.analysis.restore.keras_loaded import Loaded
    from scopecli.analysis.restore.prediction import FindRenames, Way
    from scopecli.model.model import Model

_LEGACY = "keras-h5"
_BY_PLACE = "keras-v3"

_CALLS: dict[Way, str] = {
    "positional": "load_weights(path)",
    "by_name": "load_weights(path, by_name=True)",
    "by_path": "load_weights(path)",
}
_NO_CONFIG = "the model's file has no configuration: its groups are taken for the model's layers"
_KERAS_1 = "Keras 2 rearranges some weights of files that Keras 1 wrote; that is not predicted"
_NAMED_FOR_PLACES = (
    "Keras 3 tells layouts by the file's name and takes this file for its own layout: it would find"
    " nothing until the file is renamed to .h5"
)
_NAMED_FOR_LAYERS = (
    "Keras 3 tells layouts by the file's name and takes this file for the legacy layout: it would"
    " find no layer until the file is renamed to .weights.h5"
)
# Adapters are merged into what is stored, scales of quantized weights come in another order.
_STORES_OTHERS = frozenset({"SpectralNormalization"})
_QUANTIZED = "QuantizedDTypePolicy"
_PLACES_SUFFIXES = (".weights.h5", ".keras")
_DRIFT = "Keras loads in the order of layers here, and does not compare names"


def attempts(model: Model, weights: Model, find_renames: FindRenames) -> tuple[Attempt, ...]:
    """What each way to load the weights would do.

    Raises:
        UnsupportedError: the files do not say enough.
    """
    if not model.variables:
        raise UnsupportedError(
            "has no weights, so their shapes are not known",
            path=model.path,
            hint="save the model with its weights",
        )
    if weights.format == _LEGACY:
        _check_stored_as_they_are(model)
        own, saved = layers(model), layers(weights)
        return (
            _attempt("positional", by_position(own, saved), model, weights, find_renames),
            _attempt("by_name", by_name(own, saved), model, weights, find_renames),
        )
    if model.format != _BY_PLACE:
        raise UnsupportedError(
            "is in the legacy layout, which does not tell where Keras 3 looks for weights",
            path=model.path,
            hint="give the model as .keras",
        )
    return (_attempt("by_path", by_path(model, weights), model, weights, find_renames),)


def _check_stored_as_they_are(model: Model) -> None:
    """Refuse a model whose file does not say which weights its layers have in memory.

    Raises:
        UnsupportedError: a layer stores other weights than it has.
    """
    for layer in model.layers if model.format == _BY_PLACE else ():
        config = layer.config
        policy = config.get("dtype")
        kind = policy.get("class_name") if isinstance(policy, dict) else ""
        if layer.class_name in _STORES_OTHERS or config.get("lora_rank") or kind == _QUANTIZED:
            raise UnsupportedError(
                "stores other weights for a layer than the layer has in memory",
                path=model.path,
                where=layer.path,
                hint="save the weights as .weights.h5, and compare those",
            )


def _attempt(
    way: Way, loaded: Loaded, model: Model, weights: Model, find_renames: FindRenames
) -> Attempt:
    notes = loaded.notes
    if any(entry.status == "drift" for entry in loaded.entries):
        notes = (*notes, _DRIFT)
    if model.metadata.get("has_config") is False:
        notes = (*notes, _NO_CONFIG)
    if weights.path.endswith(_PLACES_SUFFIXES) and weights.format == _LEGACY:
        notes = (*notes, _NAMED_FOR_PLACES)
    if not weights.path.endswith(_PLACES_SUFFIXES) and weights.format != _LEGACY:
        notes = (*notes, _NAMED_FOR_LAYERS)
    if weights.format == _LEGACY and str(weights.metadata.get("keras_version", "1"))[:1] == "1":
        notes = (*notes, _KERAS_1)
    stored = [v for v in weights.variables if v.kind == "variable"]
    entries, rules = with_renames(
        loaded.entries,
        {v.name: v for v in stored},
        {v.name: v for v in model.variables if v.kind == "variable"},
        find_renames,
        (weights.separator, model.separator),
    )
    entries += extras(stored, entries)
    verdict = verdict_of(entries, loaded.error)
    return Attempt(way, _CALLS[way], verdict, loaded.error, tuple(entries), rules, notes)
