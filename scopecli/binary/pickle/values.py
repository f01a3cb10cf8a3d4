"""What the walk over a pickle leaves: plain values, and symbols for everything else.

Numbers, texts, tuples, lists and dictionaries are Python's own; a set is a list. Whatever the
pickle would import, call or make is only written down.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Global:
    """Something that the pickle would import.

    Attributes:
        module: where from; `?` where the pickle computes it.
        name: what; with dots where it is inside a class.
        path: both, joined with a dot.
    """

    __slots__ = ("module", "name", "path")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name
        self.path = f"{module}.{name}"

    def __repr__(self) -> str:
        return f"Global({self.path!r})"


class Object:
    """What a call would give.

    Attributes:
        function: what would be called: a `Global`, most often.
        arguments: what it would be called with.
        state: what would be set on the result; None where nothing is.
        entries: what would be put into it by key.
        members: what would be appended to it.
    """

    __slots__ = ("arguments", "entries", "function", "members", "state")

    def __init__(self, function: object, arguments: tuple[object, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.state: object = None
        self.entries: dict[object, object] = {}
        self.members: list[object] = []

    def __repr__(self) -> str:
        return f"Object({self.function!r})"


class Persistent:
    """Something that is kept outside of the pickle, which only has an identifier of it."""

    __slots__ = ("id",)

    def __init__(self, identifier: object) -> None:
        self.id = identifier


class Form:
    """What the tensors of one type, shape and size have in common.

    Attributes:
        taken: gets the symbols out of the memo.
        symbols: what they were, the function in front.
        tag: what kind of thing is kept outside: `storage`.
        kind: class of the storage.
        device: where it was.
        hooks: what would be called to make the dictionary of its hooks.
        elements: how many the storage has.
        offset: of the first that is meant.
        shape: of the tensor.
        strides: in elements.
        flag: whether a gradient is needed.
        places: finds the numbers in the memo in the operations, behind the key of the storage.
        length: of these operations.
    """

    __slots__ = (
        "device",
        "elements",
        "flag",
        "hooks",
        "kind",
        "length",
        "offset",
        "places",
        "shape",
        "strides",
        "symbols",
        "tag",
        "taken",
    )

    def __init__(
        self,
        taken: Callable[[Mapping[int, object]], object],
        symbols: tuple[object, ...],
        counts: tuple[int, int],
        sizes: tuple[tuple[int, ...], tuple[int, ...]],
        flag: bool,  # noqa: FBT001 - a value out of the file
        layout: Struct,
    ) -> None:
        self.taken = taken
        self.symbols = symbols
        _, self.tag, self.kind, self.device, self.hooks = symbols
        self.elements, self.offset = counts
        self.shape, self.strides = sizes
        self.flag = flag
        self.places = layout.unpack_from
        self.length = layout.size

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled with the format of its layout, which is all of it that can be."""
        layout: Struct = self.places.__self__  # type: ignore[attr-defined]
        counts, sizes = (self.elements, self.offset), (self.shape, self.strides)
        return _made_form, ((self.taken, self.symbols, counts, sizes, self.flag), layout.format)


def _made_form(others: tuple[Any, Any, Any, Any, bool], layout: str) -> Form:
    return Form(*others, Struct(layout))


class View:
    """A tensor: what `torch._utils._rebuild_tensor_v2` would make of a storage.

    A file may have thousands, so this stands for the `Object` that any other call is.

    Attributes:
        form: the arguments but for the key.
        key: of the storage.
    """

    __slots__ = ("form", "key")

    def __init__(self, form: Form, key: str) -> None:
        self.form = form
        self.key = key

    @property
    def id(self) -> tuple[object, ...]:
        """The identifier of its storage, which is kept outside of the pickle."""
        form = self.form
        return form.tag, form.kind, self.key, form.device, form.elements


class Parts:
    """What the memo has of a view: its parts, which are made once something asks for one."""

    __slots__ = ("_made", "_places", "_view")
    COUNT = 6

    def __init__(self, view: View, places: tuple[int, ...]) -> None:
        self._view = view
        self._places = places
        self._made: dict[int, object] | None = None

    def at(self, index: int) -> object:
        """The part with a number in the memo."""
        if self._made is None:
            form, identifier = self._view.form, self._view.id
            hooks = Object(form.hooks, ())
            storage = Persistent(identifier)
            arguments = storage, form.offset, form.shape, form.strides, form.flag, hooks
            parts = self._view.key, identifier, form.shape, form.strides, hooks, arguments
            self._made = dict(zip(self._places, parts, strict=True))
        return self._made[index]


class Pickle(NamedTuple):
    """One pickle.

    Attributes:
        value: what it holds.
        imports: everything that it would import, in order, each once.
        kept_outside: everything that it only names.
        end: offset behind its last operation.
    """

    value: object
    imports: tuple[Global, ...]
    kept_outside: list[Persistent | View]
    end: int
