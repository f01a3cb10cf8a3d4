"""What rules are given: a model, its reference, and what is worth computing only once."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError
from scopecli.model.names import MAX_DEPTH, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from scopecli.analysis.dataflow import Readers
    from scopecli.analysis.diff import Diff
    from scopecli.analysis.restore.prediction import Prediction
    from scopecli.analysis.reuse import ReuseReport
    from scopecli.analysis.training import Training
    from scopecli.analysis.wiring import Wiring
    from scopecli.errors import ScopecliError
    from scopecli.model.graph import Graph
    from scopecli.model.model import Model, Note
    from scopecli.model.variable import Variable

    # Given a number of bytes and a label, shows progress; gives a function for each step's bytes.
    Progress = Callable[[int, str], AbstractContextManager[Callable[[int], None]]]

# Formats that have their graph in a file beside them.
CHECKPOINTS = frozenset({"tf-v1-checkpoint", "tf-v2-checkpoint"})

# Graphs of operations into which a model was converted. Names are those of operations there, and
# wide integers are shapes, axes and paddings, not weights.
CONVERTED = frozenset({"onnx", "tflite"})
_NO_WEIGHTS = frozenset({"bool", "int32", "int64", "uint32", "uint64"})
_OF_KERAS = frozenset({"keras-h5", "keras-v3", "keras-weights-h5"})
# Formats that hold tensors and nothing else: if a TensorFlow checkpoint was converted to one, only
# names tell what is optimizer state.
_PLAIN = frozenset({"hdf5", "npz", "safetensors"})
# The best that compression can do: a tensor that claims to be larger by more is not read.
_MOST_UNPACKED = 1032


@contextmanager
def no_progress(_length: int, _label: str) -> Iterator[Callable[[int], None]]:
    """Shows nothing."""
    yield lambda _: None


class Context:
    """One model, as rules see it. Everything that takes time is computed when first asked for.

    Attributes:
        model: as it was opened.
        reference: the model of `--against`, which the model should be like.
        together: with `--together`, the models before it that are to be loaded with it.
        reads_values: whether tensors may be read (`--values`).
        damage: the error with which the file cannot be opened; the model is then empty.
        progress: shows the progress of rules that read tensors.
    """

    def __init__(
        self,
        model: Model,
        *,
        reference: Model | None = None,
        together: Sequence[Model] = (),
        reads_values: bool = False,
        damage: ScopecliError | None = None,
        progress: Progress = no_progress,
    ) -> None:
        self.model = model
        self.reference = reference
        self.together = together
        self.reads_values = reads_values
        self.damage = damage
        self.progress = progress

    def notes(self, *codes: str) -> Iterator[Note]:
        """The reader's notes with these codes."""
        return (note for note in self.model.notes if note.code in codes)

    # The variables, by their names.

    @cached_property
    def own(self) -> Sequence[Variable]:
        """The model's own variables: no optimizer state, no averages, no constants."""
        return own_variables(self.model)

    @cached_property
    def by_path(self) -> Mapping[str, Variable]:
        """The model's own variables by their place in the scope tree."""
        return {variable.path: variable for variable in self.own}

    @cached_property
    def scopes(self) -> Mapping[str, Sequence[Variable]]:
        """The own variables directly in each scope, for scopes that have some."""
        separator = self.model.separator
        found: dict[str, list[Variable]] = {}
        for path, variable in self.by_path.items():
            scope = scope_of(path, separator)
            if scope in found:
                found[scope].append(variable)
            else:
                found[scope] = [variable]
        return found

    @cached_property
    def inner_scopes(self) -> Mapping[str, Sequence[str]]:
        """The paths of the scopes directly in each scope, for scopes that have some.

        Scopes deeper than in any model are left out: their paths would fill the memory.
        """
        separator = self.model.separator
        found: dict[str, list[str]] = {}
        known = {""}
        for scope in self.scopes:
            if scope.count(separator) > MAX_DEPTH:
                continue
            while scope not in known:
                known.add(scope)
                parent = scope_of(scope, separator)
                found.setdefault(parent, []).append(scope)
                scope = parent  # noqa: PLW2901 - up to the first scope that is known
        return found

    @cached_property
    def finds_by_object(self) -> bool:
        """Whether a restore finds variables by their place among objects, as in TensorFlow 2.

        Names, and the numbers behind them, then mean nothing.
        """
        return any("object_path" in variable.attributes for variable in self.model.variables)

    # The graph.

    @cached_property
    def graph_model(self) -> Model | None:
        """The model with the graph's variables; for a checkpoint, that of its `.meta`."""
        if self.model.graph is None:
            return None
        beside = [file.path for file in self.model.files if file.role == "graph"]
        if not beside or self.model.format not in CHECKPOINTS:
            return self.model
        from scopecli.formats.opening import load

        return load(beside[0])

    @property
    def graph(self) -> Graph:
        """The graph, for rules that need one."""
        assert self.model.graph is not None  # noqa: S101 - such rules run only where it is there
        return self.model.graph

    @cached_property
    def graph_variables(self) -> Mapping[str, Variable]:
        """The variables of the graph, by the names of their nodes."""
        found = self.graph_model.variables if self.graph_model is not None else ()
        return {variable.key: variable for variable in found if variable.kind != "constant"}

    def collections(self, *wanted: str) -> Mapping[str, Sequence[str]]:
        """The graph's collections of these kinds or with these keys, and their members.

        Here, members of kind `variables` are the names of nodes.
        """
        found = self.graph_model.collections if self.graph_model is not None else {}
        return {
            key: collection.members
            for key, collection in found.items()
            if collection.kind in wanted or key in wanted
        }

    @property
    def update_ops(self) -> Sequence[str]:
        """The collection of what is to run with each training step."""
        return self.collections("update_ops").get("update_ops", ())

    @cached_property
    def wiring(self) -> Wiring:
        """Which node feeds which."""
        from scopecli.analysis.wiring import Wiring

        return Wiring(self.graph)

    @cached_property
    def training(self) -> Training:
        """What the optimizers do, and what writes variables."""
        from scopecli.analysis.training import Training

        return Training(self.graph, self.wiring)

    @cached_property
    def readers(self) -> Readers:
        """The operations that compute with each variable."""
        from scopecli.analysis.dataflow import Readers

        return Readers(self.graph)

    @cached_property
    def reuse(self) -> ReuseReport:
        """Which scopes were entered again, and which only look alike."""
        from scopecli.analysis.reuse import reuse_of

        return reuse_of(self.graph_variables.values(), self.readers)

    # The numbers.

    @cached_property
    def step(self) -> int | None:
        """How many steps the model was trained for; None where nothing tells."""
        from scopecli.analysis.steps import training_step

        return training_step(self.model)

    @cached_property
    def _most_bytes(self) -> int:
        return _MOST_UNPACKED * sum(file.size or 0 for file in self.model.files)

    def may_read(self, variable: Variable) -> bool:
        """Whether a tensor's values may be read, and its file can hold that many."""
        if not self.reads_values or self.model.tensors is None:
            return False
        return not self.model.files or (variable.nbytes or 0) <= self._most_bytes

    def holds_only(self, variable: Variable, value: int) -> bool:
        """Whether all elements of a variable are this number, as far as values may be read."""
        from scopecli.analysis import constants

        known = constants.stored(variable, value)
        if known is None and self.may_read(variable):
            known = constants.read(self.model, variable, value)
        return known is True

    # The reference.

    @cached_property
    def _restored(self) -> tuple[Prediction, Model] | None:
        from scopecli.analysis.compare.renames import find_renames
        from scopecli.analysis.restore.predict import predict

        pairs = []
        if self.reference is not None:
            pairs = [(self.reference, self.model), (self.model, self.reference)]
        if self.model.format in CHECKPOINTS and self.graph_model is not None:
            pairs.append((self.graph_model, self.model))
        for graph, checkpoint in pairs:
            try:
                return predict(graph, checkpoint, find_renames), checkpoint
            except UnsupportedError:
                continue
        return None

    @property
    def restoration(self) -> Prediction | None:
        """What restoring the model into the reference, or into the graph beside it, would do.

        If the model is the graph and the reference the checkpoint, it is the other way round.
        """
        return self._restored[0] if self._restored else None

    @property
    def restored(self) -> Model | None:
        """The checkpoint of that prediction."""
        return self._restored[1] if self._restored else None

    @cached_property
    def drift(self) -> Diff | None:
        """What changed from the reference to the model; None where the two need not be the same.

        A checkpoint need not have all that a graph has: there the question is what it restores. So
        it is with two formats of Keras, each of which names weights and optimizer state otherwise.
        """
        if self.reference is None:
            return None
        both = self.reference, self.model
        graphs = [model for model in both if model.format not in CHECKPOINTS]
        if len(graphs) == 1 and graphs[0].graph is not None:
            return None
        formats = {model.format for model in both}
        if len(formats) > 1 and formats <= _OF_KERAS:
            return None
        from dataclasses import replace

        from scopecli.analysis.diff import diff

        found = diff(self.reference, self.model)
        # `tree` leaves out what the framework keeps for itself, and so does a lock.
        own = [
            entry
            for entry in found.entries
            if all(one is None or one.kind != "bookkeeping" for one in (entry.old, entry.new))
        ]
        return replace(found, entries=own)


def own_variables(model: Model) -> list[Variable]:
    """A model's own variables: no optimizer state, no averages, no constants."""
    variables = [
        variable
        for variable in model.variables
        if variable.kind == "variable" and "average_of" not in variable.attributes
    ]
    if model.format in CONVERTED:
        return [variable for variable in variables if variable.dtype not in _NO_WEIGHTS]
    if model.format not in _PLAIN or model.separator != "/":
        return variables
    from scopecli.formats.tensorflow import slots as tf_slots

    described = tf_slots.describe([variable.name for variable in variables])
    return [
        variable
        for variable, (_, kind, attributes) in zip(variables, described, strict=True)
        if kind == "variable" and "average_of" not in attributes
    ]
