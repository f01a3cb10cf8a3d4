"""A saved model: its variables, collections and what its reader noticed."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from scopecli.model.collection import Collection
    from scopecli.model.graph import Graph
    from scopecli.model.layer import Layer
    from scopecli.model.variable import Variable

    class TensorReader(Protocol):
        """Reads values, a run of elements at a time, so that memory stays bounded.

        One thread at a time may read, and in order is quickest: some unpack a stream. A reader
        with a true attribute `shared` may be read by several threads at once.
        """

        def read(self, variable: Variable, start: int, count: int) -> bytes:
            """The bytes of elements `start` to `start + count`, in C order, little-endian.

            Raises:
                ScopecliError: the values are missing, damaged, or not of a fixed size.
            """

        def strings(self, variable: Variable) -> Sequence[bytes]:
            """All elements of a string tensor in C order.

            Raises:
                ScopecliError: the values are missing or damaged.
            """


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Note(NamedTuple):
    """An oddity that the reader tolerated.

    Attributes:
        code: a stable word for programs: `missing-shard`, `stale-state`, ...
        message: one line for people; reads on from the subject.
        subject: the file, key or name concerned; empty for the whole file.
    """

    code: str
    message: str
    subject: str = ""


class File(NamedTuple):
    """One file that the model is made of.

    Attributes:
        path: as it can be opened.
        size: in bytes; None where the file is missing.
        role: `index`, `data`, `model`, ...
    """

    path: str
    size: int | None
    role: str


class Reuse(NamedTuple):
    """A scope that was entered, or a layer that was called, more than once.

    Attributes:
        scope: path of the scope in the tree.
        entries: what entered it, one an entry: name scopes (`d/`, `d_1/`) or, for Keras, the
            model and inputs of each call.
    """

    scope: str
    entries: tuple[str, ...]


class LayerWeights(NamedTuple):
    """A layer as Keras saves weights from it and loads them into it.

    Attributes:
        name: its name in the model; empty for the weights that are the model's own.
        weights: keys of its variables in Keras's order, trainable ones first.
    """

    name: str
    weights: tuple[str, ...]


class Model(NamedTuple):
    """A saved model in memory. Structure only: values are read when asked for.

    A NamedTuple for the same reason that `Variable` is one, and because to import `dataclasses`
    and define one class with it takes a tenth of the time that a small listing may take.

    Attributes:
        path: as the user gave it.
        format: format id, see `scopecli.formats.registry`.
        variables: every entry of the file, in the file's order.
        separator: what splits a name into scopes.
        metadata: facts about the whole file (framework version, shards, ...), JSON values only.
        collections: by key.
        reuse: scopes that are used more than once, where the file says so.
        layer_weights: the top-level layers of a Keras model in its order, those without weights
            too; empty where the file does not list them.
        notes: oddities that were tolerated.
        files: the files that it is made of.
        tensors: reads values; None where the file has none.
        graph: the computation graph, in the file or beside it; None where there is none.
        layers: as the file's own description of the model has them.
    """

    path: str
    format: str
    variables: Sequence[Variable]
    separator: str = "/"
    metadata: Mapping[str, object] = _NOTHING
    collections: Mapping[str, Collection] = _NOTHING
    reuse: Sequence[Reuse] = ()
    layer_weights: Sequence[LayerWeights] = ()
    notes: Sequence[Note] = ()
    files: Sequence[File] = ()
    tensors: TensorReader | None = None
    graph: Graph | None = None
    layers: Sequence[Layer] = ()

    def __repr__(self) -> str:
        """In one line: of a large model, a notebook would show megabytes."""
        return f"<Model {self.path!r}: {self.format}, {len(self.variables)} variables>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without read-only mappings, which cannot be."""
        fields = (dict(x) if isinstance(x, MappingProxyType) else x for x in self)
        return Model, tuple(fields)

    def collections_of(self) -> dict[str, tuple[str, ...]]:
        """For each variable key, the collections that it is in, in the model's order."""
        found: dict[str, tuple[str, ...]] = {}
        for collection in self.collections.values():
            if collection.kind == "variables":
                own = (collection.key,)
                for key in dict.fromkeys(collection.members):
                    found[key] = found[key] + own if key in found else own
        return found
