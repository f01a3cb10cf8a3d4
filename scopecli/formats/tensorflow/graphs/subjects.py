"""The names of a graph that a rename can change, and which goes with which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire_edit
from scopecli.binary.window import BLOCK
from scopecli.formats.tensorflow import slots as tf_slots
from scopecli.formats.tensorflow.graphs import names as tf_graph_names
from scopecli.formats.tensorflow.graphs import optimizers, saver
from scopecli.formats.tensorflow.graphs import variables as tf_variables
from scopecli.model.records import NamedTuple
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.binary.protobuf.wire_edit import Meaning, Patch
    from scopecli.binary.window import Window
    from scopecli.formats.tensorflow.graphs.graph import GraphFile
    from scopecli.formats.tensorflow.graphs.names import Changes

_OWNERS = ("slot_of", "average_of", "partition_of")


class Part(NamedTuple):
    """One graph of a file.

    Attributes:
        start: first byte of its message.
        end: the byte behind the last.
        message: what it is: `GraphDef` or `MetaGraphDef`.
        file: reads it.
    """

    start: int
    end: int
    message: str
    file: GraphFile


def edits(window: Window, part: Part, changes: Changes, whole: int) -> list[Patch]:
    """What changes in one graph where each kind of text is changed so, as `wire_edit.edits` has it.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    meaning = _meaning(part, changes)
    return wire_edit.edits(window, part.start, part.end, part.message, meaning, whole)


def _meaning(part: Part, changes: Changes) -> Meaning:
    collections = {
        key
        for key, collection in part.file.collections().by_key.items()
        if collection.kind == "variables"
    }
    keys = saver.key_constants(part.file.nodes())
    return tf_graph_names.meaning(changes, keys, collections)


def of_part(window: Window, part: Part, mark: str) -> Iterator[Subject]:
    """The names of one graph, each kind in a space of its own; `mark` tells graphs apart.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    found: dict[str, dict[str, None]] = {kind: {} for kind in tf_graph_names.NAMES}
    edits(window, part, tf_graph_names.collecting(found), BLOCK)
    roles = _roles(part, found)
    around = _Around(roles)
    for space, names in found.items():
        for name in names:
            kind, owner = roles.get(name) or (space, around.owner(name))
            yield Subject(name, kind, owner if owner != name else "", space + mark)


def _roles(part: Part, found: Mapping[str, dict[str, None]]) -> dict[str, tuple[str, str]]:
    """Kind and owner of what is more than a node or a key of any other name."""
    file = part.file
    nodes, variables = file.nodes(), file.variables()
    saved = {entry.variable: entry for entry in file.saved() if entry.variable}
    if not variables:
        constants = nodes.with_ops(frozenset({"Const"}))
        return {nodes.names[index]: ("constant", "") for index in constants}
    described = tf_variables.describe(
        variables, file.collections(), optimizers.read(nodes, variables)
    )
    roles = {}
    for name in variables:
        _, kind, attributes = described.get(name, (name, "variable", {}))
        partition = tf_variables.definition_attributes(name, file.collections())
        entry = saved.get(name)
        if entry is not None and entry.spec:
            partition["partition_of"] = entry.key
        roles[name] = _role(kind, {**partition, **attributes})
    keys = [key for key in found["key"] if key not in roles]
    for key, kind, attributes in tf_slots.describe([*keys, *roles])[: len(keys)]:
        if attributes or kind != "variable":
            roles[key] = _role(kind, attributes)
    return roles


def _role(kind: str, attributes: Mapping[str, object]) -> tuple[str, str]:
    owner = next((str(attributes[key]) for key in _OWNERS if key in attributes), "")
    return "average" if "average_of" in attributes else kind, owner


class _Around:
    """Finds the variable that a name is inside of: `w/read` and `w/Initializer/zeros` are w's."""

    def __init__(self, roles: Mapping[str, object]) -> None:
        self._roles = roles
        self._known = {"": ""}

    def owner(self, name: str) -> str:
        """The nearest variable around a name; empty where there is none."""
        scopes = []
        scope = name.rpartition("/")[0]
        while scope not in self._known and scope not in self._roles:
            scopes.append(scope)
            scope = scope.rpartition("/")[0]
        found = scope if scope in self._roles else self._known[scope]
        self._known.update(dict.fromkeys(scopes, found))
        return found
