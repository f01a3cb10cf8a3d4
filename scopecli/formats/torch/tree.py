"""The tensors and facts that a PyTorch pickle holds, under the names that they have there.

A name is the keys and indices that lead to a tensor, joined with `.`. A module's tensors have the
names that `state_dict()` gives them: those of its parameters and buffers, and its submodules'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.pickle import contents
from scopecli.binary.pickle.contents import (
    LONGEST_TEXT,
    SCALARS,
    attributes,
    joined,
    mapping,
    named,
    note_fact,
    note_facts,
    path_of,
    sequence,
)
from scopecli.binary.pickle.values import Global, Object, View
from scopecli.errors import ScopecliError
from scopecli.formats.torch.marks import CLASSES
from scopecli.formats.torch.tensors import tensor
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.binary.pickle.contents import Child
    from scopecli.formats.torch.script import Classes
    from scopecli.formats.torch.tensors import Tensor
    from scopecli.model.variable import Kind

STATE, _GROUPS, _MEMBERS = "state", "param_groups", "params"
_MODULE = frozenset({"_parameters", "_buffers", "_modules"})
_TAGGED = frozenset(  # how TorchScript writes lists and dictionaries of tensors
    f"torch.jit._pickle.{name}" for name in ("build_tensorlist", "restore_type_tag")
)
_SCRIPT_OBJECT = "torch.ScriptObject"
_MOST_GROUPS = 32


class Found(NamedTuple):
    """One tensor.

    Attributes:
        path: its name, empty for a file that is one tensor.
        tensor: what is known of it.
        storage: key of its storage; empty where it has none of its own.
        kind: slot and bookkeeping in the state of an optimizer, else variable.
    """

    path: str
    tensor: Tensor
    storage: str
    kind: Kind


class Tree(NamedTuple):
    """What is in a pickle.

    Attributes:
        tensors: in order.
        facts: numbers and texts beside them, by path; JSON values only.
        optimizers: a row for each group of parameters, as `Model.metadata` has it.
    """

    tensors: list[Found]
    facts: dict[str, object]
    optimizers: list[dict[str, object]]


def collect(root: object, size: int, classes: Classes | None = None) -> Tree:
    """Everything below the root.

    Args:
        root: what the pickle holds.
        size: bytes of the pickle, by which the names that come out of it are bounded.
        classes: those of a TorchScript archive.

    Raises:
        DamagedFileError: a tensor is not put together as tensors are, or it nests without end.
    """
    tree = Tree([], {}, [])
    contents.walk(root, size, _Collector(tree, classes))
    return tree


class _Collector:
    """Puts what a walk comes to into a tree."""

    __slots__ = ("_classes", "_put", "_tree")

    def __init__(self, tree: Tree, classes: Classes | None) -> None:
        self._tree = tree
        self._put = tree.tensors.append
        self._classes = classes

    def takes(self, path: str, value: object, kind: Kind) -> bool:
        """Whether it is a number, a text or a tensor."""
        if type(value) is View:  # as nearly all are: it saves a call
            self._put(tuple.__new__(Found, (path, *tensor(value), kind)))  # type: ignore[misc]
            return True
        if type(value) in SCALARS:
            note_fact(self._tree.facts, path, value)
            return True
        found = value if type(value) is Found else _found(path, value, kind)
        if found is None:
            return False
        self._put(found)
        return True

    def children(self, path: str, value: object, kind: Kind) -> Iterator[Child]:
        """What is inside of anything else."""
        return _children(value, path, kind, self._tree, self._classes)

    def is_shown_again(self, value: object) -> bool:
        """Whether it stands for what is in it: a dictionary, a list, a module, no other object."""
        state = attributes(value)
        return state is None or state.keys() >= _MODULE


def _found(path: str, value: object, kind: Kind) -> Found | None:
    """The tensor that a symbol stands for; None where it is something else."""
    try:
        placed = tensor(value)
    except ScopecliError as error:
        error.where = path[:LONGEST_TEXT]
        raise
    if placed is None:
        return None
    fields = (path, *placed, kind)
    return tuple.__new__(Found, fields)  # what `Found(...)` comes to, without the call in between


def _children(
    value: object, path: str, kind: Kind, tree: Tree, classes: Classes | None
) -> Iterator[Child]:
    """What is inside, with names and kinds."""
    if classes is not None and type(value) is Object and path_of(value).startswith(CLASSES):
        return _of_script(value, path, kind, classes)
    state = attributes(value)
    if state is not None and state.keys() >= _MODULE:
        return _of_module(state, path, kind)
    pairs = mapping(value)
    if pairs is not None:
        if is_optimizer(pairs):
            return _of_optimizer(pairs, path, tree)
        return named(path, pairs.items(), kind)
    items = sequence(value)
    if items is None:
        return named(path, _given(value) if state is None else state.items(), kind)
    if all(type(item) in SCALARS for item in items):
        note_facts(tree.facts, path, items)
        return iter(())
    return named(path, enumerate(items), kind)


def _given(value: object) -> Iterator[tuple[object, object]]:
    """The tensors that something is made with: the fields of a named tuple."""
    arguments = value.arguments if type(value) is Object else ()
    return ((number, item) for number, item in enumerate(arguments) if tensor(item))


def _of_module(state: Mapping[object, object], path: str, kind: Kind) -> Iterator[Child]:
    """What `state_dict()` has of a module: parameters, persistent buffers, submodules."""
    transient = set(map(str, sequence(state.get("_non_persistent_buffers_set")) or ()))
    for part in ("_parameters", "_buffers", "_modules"):
        pairs = mapping(state[part]) or {}
        kept = ((key, item) for key, item in pairs.items() if str(key) not in transient)
        for child in named(path, pairs.items() if part != "_buffers" else kept, kind):
            if child[1] is not None:  # which stands for one that is left out
                yield _in_module(*child)
    packed = ((key, _packed(item)) for key, item in state.items() if type(item) is Object)
    yield from named(path, ((key, item) for key, item in packed if item is not None), kind)


def _packed(value: Object) -> object:
    """What quantized layers have instead of parameters: an object of C++, pickled as tensors."""
    state = value.state
    if type(state) is not tuple or not state or path_of(value) != _SCRIPT_OBJECT:
        return None
    held: object = state[0]
    return held


def _in_module(path: str, value: object, kind: Kind) -> Child:
    """A parameter or buffer: that it needs a gradient is always said, so the others need none."""
    found = _found(path, value, kind)
    if found is None:
        return path, value, kind
    if found.tensor.trainable is None:
        found = found._replace(tensor=found.tensor._replace(trainable=False))
    return path, found, kind


def _of_script(module: Object, path: str, kind: Kind, classes: Classes) -> Iterator[Child]:
    """What an object of TorchScript has; what `state_dict()` leaves out is a constant."""
    if type(module.state) is tuple:  # packed numbers of C++, as quantized layers have them
        yield from named(path, enumerate(module.state), "constant")
        return
    members = classes.of(module.function) if type(module.function) is Global else None
    for key, item in (mapping(module.state) or {}).items():
        name = joined(path, key)
        if path_of(item).startswith(CLASSES):
            yield name, item, kind
        elif members is not None and type(key) is str and members.has(key):
            yield _in_module(name, item, kind)
        elif type(item) not in SCALARS:  # which are the settings of every layer
            yield name, _untagged(item), "constant"


def _untagged(value: object) -> object:
    tagged = type(value) is Object and value.arguments and path_of(value) in _TAGGED
    return value.arguments[0] if tagged and type(value) is Object else value


def is_optimizer(pairs: Mapping[object, object]) -> bool:
    """Whether a dictionary is what an optimizer's `state_dict()` gives."""
    return mapping(pairs.get(STATE)) is not None and sequence(pairs.get(_GROUPS)) is not None


def _of_optimizer(pairs: Mapping[object, object], path: str, tree: Tree) -> Iterator[Child]:
    """The state of each parameter, of which the steps that were made are no slot."""
    for key, value in pairs.items():
        name = joined(path, key)
        if key == _GROUPS:
            groups = sequence(value) or []
            tree.optimizers.extend(_groups(name, groups[:_MOST_GROUPS]))
            for number, group in enumerate(groups):
                entries = [(k, v) for k, v in (mapping(group) or {}).items() if tensor(v)]
                yield from named(joined(name, number), entries, "bookkeeping")
        elif key == STATE:
            for parameter, state in (mapping(value) or {}).items():
                for entry, item in (mapping(state) or {}).items():
                    kind: Kind = "bookkeeping" if entry == "step" else "slot"
                    if type(item) not in SCALARS:
                        yield joined(joined(name, parameter), entry), item, kind
        else:
            yield name, value, "bookkeeping"


def _groups(path: str, groups: Iterable[object]) -> Iterator[dict[str, object]]:
    for number, group in enumerate(groups):
        settings: dict[str, object] = {}
        entries = mapping(group) or {}
        for key, value in entries.items():
            if type(value) in SCALARS:
                note_fact(settings, joined("", key), value)
            elif key != _MEMBERS:
                items = sequence(value)
                if items is not None and all(type(item) in SCALARS for item in items):
                    note_facts(settings, joined("", key), items)
        yield {
            "name": joined(path, number),
            "variables": len(sequence(entries.get(_MEMBERS)) or ()),
            "hyperparameters": settings,
        }
