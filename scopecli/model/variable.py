"""One entry of a saved model: a variable, an optimizer slot, a constant or bookkeeping."""

from __future__ import annotations

from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Storage(Protocol):
        """Where a tensor's bytes are. A reader may decode the fields when they are asked for."""

        @property
        def shard(self) -> str:
            """Base name of the file that holds the bytes."""

        @property
        def offset(self) -> int | None:
            """First byte in that file; None where the bytes are not one plain run."""

        @property
        def length(self) -> int:
            """Bytes in the file, which compression may have made fewer than the tensor's own."""

        @property
        def checksum(self) -> Checksum | None:
            """The stored checksum, or None where the format has none."""


Kind = Literal["variable", "slot", "constant", "bookkeeping"]

# A slot is one variable's optimizer state (`dense/kernel/Adam`). Bookkeeping is what the framework
# keeps for itself: object graph, save counter, the optimizer's own scalars.
KINDS: tuple[Kind, ...] = ("variable", "slot", "constant", "bookkeeping")

PARAMETER_KINDS = frozenset({"variable", "constant"})

NO_ATTRIBUTES: Mapping[str, object] = MappingProxyType({})


class Checksum(NamedTuple):
    """A checksum that the file stores for a tensor.

    Attributes:
        kind: the algorithm and what it covers, such as `crc32c-masked`; only checksums of one
            kind can be compared.
        value: the stored number.
    """

    kind: str
    value: int


class StoredAt(NamedTuple):
    """A `Storage` whose fields are known at once."""

    shard: str
    offset: int | None
    length: int
    checksum: Checksum | None = None


class Slice(NamedTuple):
    """One part of a partitioned tensor.

    Attributes:
        starts: first index on each axis.
        lengths: extent on each axis.
        storage: where the part's bytes are; None where the file does not have them.
    """

    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    storage: Storage | None

    @property
    def spec(self) -> str:
        """The part as TensorFlow writes it: `start,length` an axis, joined with `:`."""
        return ":".join(f"{a},{n}" for a, n in zip(self.starts, self.lengths, strict=True))


class Variable(NamedTuple):
    """One named tensor of a saved model.

    A NamedTuple and not a frozen dataclass: as immutable and as small, and three times as quick to
    make, which is a fifth of the time that listing 100,000 variables may take.

    Attributes:
        key: the address in the file, unique in it.
        name: what the framework calls it (`dense/kernel`), without `:0`; need not be unique.
        shape: in the framework's order; a dimension may be None, and so may the whole (no rank).
        dtype: canonical name, see `scopecli.model.dtypes`.
        nbytes: size of the tensor in bytes, uncompressed; None where it cannot be known.
        kind: what the entry is for.
        trainable: True or False as the file says; None where it does not.
        storage: where the bytes are, where that is known.
        attributes: what else is known; the keys are listed in `ATTRIBUTES`.
    """

    key: str
    name: str
    shape: tuple[int | None, ...] | None
    dtype: str
    nbytes: int | None
    kind: Kind = "variable"
    trainable: bool | None = None
    storage: Storage | None = None
    attributes: Mapping[str, object] = NO_ATTRIBUTES

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without a read-only mapping, which cannot be."""
        return Variable, (*self[:-1], dict(self.attributes))

    @property
    def params(self) -> int:
        """Number of elements; 0 where a dimension is unknown."""
        if self.shape is None or None in self.shape:
            return 0
        return prod(self.shape)  # type: ignore[arg-type]

    @property
    def is_parameter(self) -> bool:
        """Whether its elements count as the model's parameters: no state, no averaged copy."""
        return self.kind in PARAMETER_KINDS and "average_of" not in self.attributes

    @property
    def path(self) -> str:
        """Where it stands in the scope tree: its name, unless the file nests it deeper."""
        if not self.attributes:
            return self.name
        path = self.attributes.get("path")
        return path if isinstance(path, str) else self.name


ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "path": "place in the scope tree, where a nested model puts it deeper than its name says",
        "layer": "the layer that owns it, as a path of layer names",
        "layer_class": "class of that layer",
        "slot_of": "key of the variable whose optimizer state this is",
        "slot_name": "which state: Adam, momentum, v, ...",
        "average_of": "key of the variable that this one averages",
        "evidence": "how kind and owner are known: `graph`, `object graph`, `config`, or the guess"
        " `name pattern`",
        "object_path": "path in the object graph, unescaped",
        "slices": "the parts of a partitioned tensor",
        "byte_order": "`big` where the file holds the values big-endian",
        "stored_dtype": "the file's own type, where it says more than the canonical name",
        "memory_order": "`fortran` where the file has the first index vary fastest",
        "layout": "what a tensor is made of, where that is no plain run of values: `sparse_coo`,"
        " `sparse_csr`, `nested`, `meta` (nothing), ...",
        "external": "the values are in another file, which is not opened",
        "sparse": "how many elements of a sparse tensor the file holds; all others are zero",
        "quantization": "how the numbers stand for others: scales, zero points, and along which"
        " dimension where there are several",
        "aliases": "other paths in the file to the same tensor",
        "op": "the operation that holds a graph's variable",
        "shared_name": "what a graph's variable is called in a session, where the node is not",
        "initializer": "node of a graph that computes the initial value",
        "checkpoint_key": "key that a graph's saver has for the variable, where it is not its name",
        "graph_variable": "node of the graph that the entry was saved from, where not the key",
        "partition_of": "full name of the partitioned variable that this is a part of",
        "slice": "shape of that variable and the part of it: `10 4 0,4:0,4`",
    }
)
