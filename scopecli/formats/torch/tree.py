"""The tensors and facts that a PyTorch pickle holds, under the names that they have there.

A name is the keys and indices that lead to a tensor, joined with `.`. A module's tensors have the
names that `state_dict()` gives them: those of its parameters and buffers, and its submodules'.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from scopecli.binary.pickle.values import Global, Object
from scopecli.errors import DamagedFileError, ScopecliError
from scopecli.formats.torch.script import CLASSES
from scopecli.formats.torch.tensors import path_of, tensor
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.formats.torch.script import Classes
    from scopecli.formats.torch.tensors import Tensor
    from scopecli.model.variable import Kind

SEPARATOR = "."

Child = tuple[str, object, "Kind"]

STATE, _GROUPS, _MEMBERS = "state", "param_groups", "params"
_MODULE = frozenset({"_parameters", "_buffers", "_modules"})
_DICTIONARIES = frozenset(
    {
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
        "builtins.dict",
        "__builtin__.dict",
    }
)
_LISTS = frozenset(
    f"{module}.{name}"
    for module in ("builtins", "__builtin__")
    for name in ("set", "frozenset", "list", "tuple")
)
_TAGGED = frozenset(  # how TorchScript writes lists and dictionaries of tensors
    f"torch.jit._pickle.{name}" for name in ("build_tensorlist", "restore_type_tag")
)
_ENCODE = "_codecs.encode"
_SCRIPT_OBJECT = "torch.ScriptObject"
_SCALARS = frozenset({str, int, float, bool})

_DEEPEST = 200
_MOST_FACTS = 64
_MOST_ITEMS = 16
_LONGEST_TEXT = 200
_MOST_GROUPS = 32
# Containers that are in several places are shown in each, which may be more than memory has.
_NAME_BYTES = 64
_SOME_BYTES = 1 << 20


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


class _Open(NamedTuple):
    """A container that is being looked into: which one, and what is still to come."""

    address: int
    children: Iterator[Child]


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
    room = _NAME_BYTES * size + _SOME_BYTES
    opened = [_Open(0, iter([("", root, "variable")]))]
    inside: set[int] = {0}
    seen: set[int] = set()
    while opened:
        for path, value, kind in opened[-1].children:
            room -= len(path) + 1
            if type(value) in _SCALARS:
                _fact(tree.facts, path, value)
                continue
            found = value if type(value) is Found else _found(path, value, kind)
            if found is not None:
                tree.tensors.append(found)
                continue
            address = id(value)
            if address in inside or (address in seen and not _is_shown_again(value)):
                continue
            if len(opened) > _DEEPEST or room < 0:
                raise DamagedFileError(
                    "nests its containers deeper than any model", where=path[:_LONGEST_TEXT]
                )
            inside.add(address)
            seen.add(address)
            children = _children(value, path, kind, tree, classes)
            opened.append(_Open(address, children))
            break
        else:
            inside.remove(opened.pop().address)
    return tree


def _found(path: str, value: object, kind: Kind) -> Found | None:
    """The tensor that a symbol stands for; None where it is something else."""
    try:
        placed = tensor(value)
    except ScopecliError as error:
        error.where = path[:_LONGEST_TEXT]
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
    state = _state(value)
    if state is not None and state.keys() >= _MODULE:
        return _of_module(state, path, kind)
    pairs = mapping(value)
    if pairs is not None:
        if is_optimizer(pairs):
            return _of_optimizer(pairs, path, tree)
        return _named(path, pairs.items(), kind)
    items = sequence(value)
    if items is None:
        return _named(path, _given(value) if state is None else state.items(), kind)
    if all(type(item) in _SCALARS for item in items):
        _facts_of_list(tree.facts, path, items)
        return iter(())
    return _named(path, enumerate(items), kind)


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
        for child in _named(path, pairs.items() if part != "_buffers" else kept, kind):
            if child[1] is not None:  # which stands for one that is left out
                yield _in_module(*child)
    packed = ((key, _packed(item)) for key, item in state.items() if type(item) is Object)
    yield from _named(path, ((key, item) for key, item in packed if item is not None), kind)


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
        yield from _named(path, enumerate(module.state), "constant")
        return
    members = classes.of(module.function) if type(module.function) is Global else None
    for key, item in (mapping(module.state) or {}).items():
        name = joined(path, key)
        if path_of(item).startswith(CLASSES):
            yield name, item, kind
        elif members is not None and type(key) is str and members.has(key):
            yield _in_module(name, item, kind)
        elif type(item) not in _SCALARS:  # which are the settings of every layer
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
                yield from _named(joined(name, number), entries, "bookkeeping")
        elif key == STATE:
            for parameter, state in (mapping(value) or {}).items():
                for entry, item in (mapping(state) or {}).items():
                    kind: Kind = "bookkeeping" if entry == "step" else "slot"
                    if type(item) not in _SCALARS:
                        yield joined(joined(name, parameter), entry), item, kind
        else:
            yield name, value, "bookkeeping"


def _groups(path: str, groups: Iterable[object]) -> Iterator[dict[str, object]]:
    for number, group in enumerate(groups):
        settings: dict[str, object] = {}
        entries = mapping(group) or {}
        for key, value in entries.items():
            if type(value) in _SCALARS:
                _fact(settings, _text(key), value)
            elif key != _MEMBERS:
                items = sequence(value)
                if items is not None and all(type(item) in _SCALARS for item in items):
                    _facts_of_list(settings, _text(key), items)
        yield {
            "name": joined(path, number),
            "variables": len(sequence(entries.get(_MEMBERS)) or ()),
            "hyperparameters": settings,
        }


def _named(path: str, pairs: Iterable[tuple[object, object]], kind: Kind) -> Iterator[Child]:
    start = path + SEPARATOR if path else ""
    for key, value in pairs:
        yield start + (key if type(key) is str else _text(key)), value, kind


def joined(path: str, key: object) -> str:
    """The name of what is under a key in something that has a name."""
    return f"{path}{SEPARATOR}{_text(key)}" if path else _text(key)


def _text(key: object) -> str:
    if type(key) is str:
        return key
    if type(key) is tuple:
        return SEPARATOR.join(map(_text, key))
    if type(key) is bytes:
        return key.decode("utf-8", "replace")
    if type(key) is not Object:
        return str(key)
    path, given = path_of(key), key.arguments
    is_bytes = path == _ENCODE and given and type(given[0]) is str  # as protocol 2 writes them
    return str(given[0]) if is_bytes else path


def mapping(value: object) -> Mapping[object, object] | None:
    """A dictionary of any class; None for anything else."""
    if type(value) is dict:
        return value
    if type(value) is not Object or not (value.entries or path_of(value) in _DICTIONARIES):
        return None
    given = value.arguments[0] if value.arguments else None
    if type(given) is dict:
        return given | value.entries
    pairs = given if type(given) is list else []  # Python 2 gave an OrderedDict its items so
    return {key: item for key, item in map(_pair, pairs) if type(key) is str} | value.entries


def _pair(value: object) -> tuple[object, object]:
    if isinstance(value, list | tuple) and len(value) == 2:
        return value[0], value[1]
    return None, None


def sequence(value: object) -> list[object] | tuple[object, ...] | None:
    """A list, tuple or set of any class; None for anything else."""
    if isinstance(value, list | tuple):
        return value
    if type(value) is not Object:
        return None
    if value.members:
        return value.members
    if path_of(value) not in _LISTS:
        return None
    given = value.arguments[0] if value.arguments else ()
    return given if isinstance(given, list | tuple) else ()


def _state(value: object) -> Mapping[object, object] | None:
    """The attributes of an object; of a class with slots, those and the ones in its dictionary."""
    if type(value) is not Object:
        return None
    state = value.state
    if type(state) is not tuple or len(state) != 2:
        return mapping(state)
    own, slots = map(mapping, state)
    return own if slots is None else {**(own or {}), **slots}


def _is_shown_again(value: object) -> bool:
    """Whether it stands for what is in it: a dictionary, a list, a module, but no other object."""
    state = _state(value)
    return state is None or state.keys() >= _MODULE


# Facts.


def _fact(facts: dict[str, object], path: str, value: object) -> None:
    if len(facts) >= _MOST_FACTS:
        return
    if isinstance(value, str):
        value = value if len(value) <= _LONGEST_TEXT else f"a text of {len(value)} characters"
    elif isinstance(value, float) and not isfinite(value):
        value = str(value)
    facts[path] = value


def _facts_of_list(
    facts: dict[str, object], path: str, items: list[object] | tuple[object, ...]
) -> None:
    if len(items) > _MOST_ITEMS:
        _fact(facts, path, f"{len(items)} values")
    elif items and len(facts) < _MOST_FACTS:
        listed: dict[str, object] = {}
        for number, item in enumerate(items):
            _fact(listed, str(number), item)
        facts[path] = tuple(listed.values())
