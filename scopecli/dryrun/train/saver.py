"""`tf.train.Saver`: the nodes that write and read a checkpoint, and under which keys.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/saver.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import colocate_with, get_collection, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arrays import identity, placeholder_with_default
from scopecli.dryrun.ops.arrays import reshape as reshape_to
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.grouping import group, with_dependencies
from scopecli.dryrun.train.sharding import save_shards
from scopecli.dryrun.values.structures import flattened
from scopecli.dryrun.variables.collections import global_variables
from scopecli.dryrun.variables.partitioned_variable import PartitionedVariable
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.dryrun.graph.nodes import Operation, Tensor


class SaverDef:
    """What is known of a saver by name.

    Attributes:
        filename_tensor_name: where the file's name is fed in.
        save_tensor_name: the tensor that runs a save.
        restore_op_name: the node that runs a restore.
        max_to_keep: how many checkpoints are kept.
        sharded: whether each device has a file of its own.
    """

    V1, V2 = 1, 2

    def __init__(
        self, filename: str, save: str, restore: str, max_to_keep: Any, sharded: bool
    ) -> None:
        self.filename_tensor_name = filename
        self.save_tensor_name = save
        self.restore_op_name = restore
        self.max_to_keep = max_to_keep or 0
        self.sharded = sharded
        self.version = self.V2


class Entry:
    """One entry of the checkpoint.

    Attributes:
        key: its name there.
        spec: shape and slice; empty for a whole variable.
        variable: what it is of.
    """

    __slots__ = ("key", "spec", "variable")

    def __init__(self, key: str, spec: str, variable: Any) -> None:
        self.key = key
        self.spec = spec
        self.variable = variable


class Saver:
    """Saves and restores variables under keys; nothing is written or read here.

    Attributes:
        entries: what it saves, in the order of the keys.
        saver_def: the names of its nodes; None where it has none.
        restored: whether the program restores with it.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: Any = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        **_: Any,
    ) -> None:
        self._var_list = var_list
        self._name = name
        self._max_to_keep = max_to_keep
        self._allow_empty = allow_empty
        self._sharded = sharded
        self._reshape = reshape
        self.entries: list[Entry] = []
        self.saver_def: Any = saver_def
        self.restored = False
        if not defer_build and saver_def is None:
            self.build()

    def build(self) -> None:
        """Make the nodes.

        Raises:
            ValueError: there is nothing to save, or two variables have one name.
            TypeError: what is to be saved is no list.
        """
        chosen = self._var_list
        if chosen is None:
            chosen = global_variables() + get_collection(GraphKeys.SAVEABLE_OBJECTS)
        if not chosen:
            if self._allow_empty:
                return
            raise ValueError("No variables to save")
        by_key = _checked(chosen) if isinstance(chosen, dict) else _by_name(chosen)
        self.entries = [entry for key in sorted(by_key) for entry in _entries(key, by_key[key])]
        with name_scope(self._name, "save"):
            default = placeholder_with_default("model", shape=(), name="filename")
            file = placeholder_with_default(default, shape=(), name="Const")
            if self._sharded:
                shards = _by_device(self.entries)
                self.entries = [entry for shard in shards for entry in shard]  # as they are read
                saved = save_shards(file, shards, self._save_nodes)
                nodes = [self._restore_nodes(file, shard, "restore_shard") for shard in shards]
                restored = group(*nodes, name="restore_all")
            else:
                saved = self._save_nodes(file, self.entries)
                restored = self._restore_nodes(file, self.entries, "restore_all")
        self.saver_def = SaverDef(
            file.name, saved.name, restored.name, self._max_to_keep, self._sharded
        )
        get_default_graph().savers.append(self)

    @staticmethod
    def _save_nodes(file: Tensor, entries: list[Entry]) -> Tensor:
        values = [_value(entry) for entry in entries]
        keys, specs = _keys_and_specs(entries)
        return with_dependencies([apply_op("SaveV2", file, keys, specs, values)], file)

    def _restore_nodes(self, file: Tensor, entries: list[Entry], name: str) -> Operation:
        keys, specs = _keys_and_specs(entries)
        graph = get_default_graph()
        with graph.name_scope("RestoreV2") as scope:
            names = constant(keys, name="tensor_names")
            slices = constant(specs, name="shape_and_slices")
        kinds = [entry.variable.dtype.base_dtype for entry in entries]
        outputs = list(zip(kinds, map(_part_shape, entries), strict=True))
        attributes = {"dtypes": [kind.name for kind in kinds]}
        read = graph.add("RestoreV2", scope[:-1], [file, names, slices], outputs, attributes)
        done = []
        for entry, value in zip(entries, read.outputs, strict=True):
            sizes = entry.variable.shape
            reshaped = self._reshape and sizes.is_fully_defined()
            found = reshape_to(value, sizes.as_list()) if reshaped else value
            done.append(_assigned(entry, found))
        return group(*done, name=name)

    def save(self, sess: Any = None, save_path: Any = "", *_: Any, **__: Any) -> str:
        """Nothing is saved."""
        return str(save_path)

    def restore(self, *_: Any, **__: Any) -> None:
        """Nothing is restored."""
        self.restored = True

    def as_saver_def(self) -> Any:
        """The names of its nodes."""
        return self.saver_def

    def recover_last_checkpoints(self, *_: Any) -> None:
        """There are none."""

    set_last_checkpoints = set_last_checkpoints_with_time = recover_last_checkpoints

    @property
    def last_checkpoints(self) -> list[str]:
        """None."""
        return []


def _keys_and_specs(entries: list[Entry]) -> tuple[list[str], list[str]]:
    return [entry.key for entry in entries], [entry.spec for entry in entries]


def _by_device(entries: list[Entry]) -> list[list[Entry]]:
    """Entries that stand on the same device together, by its name."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.variable.device, []).append(entry)
    return [found[device] for device in sorted(found)]


def _by_name(chosen: Any) -> dict[str, Any]:
    """Variables by the keys that they get where nobody gives them; parts under the whole's name.

    Raises:
        ValueError: two have the same.
        TypeError: it is no list.
    """
    if not isinstance(chosen, (list, tuple, set)):
        raise TypeError(f"Variables to save should be passed in a dict or a list. Got {chosen}")
    found: dict[str, Any] = {}
    for variable in sorted(flattened(list(chosen)), key=lambda v: v.name):
        if not isinstance(variable, (Variable, PartitionedVariable)):
            raise TypeError(f"Variable to save is not a Variable: {variable}")
        info = None if isinstance(variable, PartitionedVariable) else _info(variable)
        if info is not None:
            found.setdefault(info.full_name, []).append(variable)
            continue
        name = variable.name if isinstance(variable, PartitionedVariable) else variable.op.name
        if name in found:
            raise ValueError(f"At least two variables have the same name: {name}")
        found[name] = variable
    return found


def _checked(chosen: dict[str, Any]) -> dict[str, Any]:
    """What a program saves under keys of its own.

    Raises:
        TypeError: it is no variable.
    """
    for value in chosen.values():
        kinds = Variable, PartitionedVariable, list, tuple
        if not isinstance(value, kinds):
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to Tensors/Variables. Not "
                f"a variable: {convert_to_tensor(value)}"
            )
    return chosen


def _info(variable: Any) -> Any:
    return variable._get_save_slice_info()  # noqa: SLF001 - TensorFlow's name for it


def _entries(key: str, value: Any) -> Iterator[Entry]:
    """The entries under a key: one, or one for each part."""
    if isinstance(value, (list, tuple, PartitionedVariable)):
        for part in value:
            yield Entry(key, _info(part).spec, part)
    else:
        yield Entry(key, "", value)


def _value(entry: Entry) -> Any:
    """What is written."""
    if entry.variable.is_resource or not entry.spec:
        return entry.variable._as_graph_element()  # noqa: SLF001 - the engine's own protocol
    return entry.variable.value()


def _part_shape(entry: Entry) -> Any:
    """The shape of what is read: known where the slice says it."""
    return entry.variable.shape.plain if entry.spec else None


def _assigned(entry: Entry, value: Tensor) -> Operation:
    """The node that sets a variable to what was read."""
    variable = entry.variable
    with colocate_with(variable.op):
        if variable.is_resource:
            return apply_op("AssignVariableOp", variable.handle, identity(value))
        return apply("Assign", variable.reference(), value, validate_shape=True).op
