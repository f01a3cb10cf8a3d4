"""Numbers, shapes and remarks in words, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from scopecli.errors import ScopecliError
from scopecli.model.names import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scopecli.model.graph import Node
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

Words = TypeVar("Words")

_THOUSAND = 1000
_MOST_ITEMS = 8
_TOO_LARGE = 10**300  # near what a float can hold; only damaged files have such numbers
_COUNT_UNITS = ("", "k", "M", "G", "T", "P", "E")
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def count(number: int) -> str:
    """A count in three figures: `549`, `1.23M`."""
    return _scaled(number, _COUNT_UNITS, "")


def size(number: int | None) -> str:
    """A size in three figures, in units of 1000 bytes: `732 B`, `4.9 MB`; `?` where unknown."""
    return "?" if number is None else _scaled(number, _BYTE_UNITS, " ")


def _scaled(number: int, units: tuple[str, ...], gap: str) -> str:
    if number < _THOUSAND:
        return f"{number}{gap}{units[0]}"
    value, unit = float(min(number, _TOO_LARGE)), 0
    # 999.5 would be rounded to four figures, so it takes the next unit.
    while value >= 999.5 and unit < len(units) - 1:
        value /= _THOUSAND
        unit += 1
    figures = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{figures}f}{gap}{units[unit]}"


def plural(number: int, noun: str) -> str:
    """`1 slot`, `2 slots`, `2 entries`."""
    return f"{number} {_noun(number, noun)}"


def counted(number: int, noun: str) -> str:
    """As `plural`, with the number in three figures: `1 parameter`, `1.23M parameters`."""
    return f"{count(number)} {_noun(number, noun)}"


def _noun(number: int, noun: str) -> str:
    if number == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def shape(dims: tuple[int | None, ...] | None) -> str:
    """A shape as Python writes it, with `?` for a dimension that is unknown."""
    if dims is None:
        return "no shape"
    inside = ", ".join("?" if dim is None else str(dim) for dim in dims)
    return f"({inside},)" if len(dims) == 1 else f"({inside})"


# Words for collections; empty for those that other marks tell already.
_COLLECTION_WORDS = {
    "variables": "",
    "trainable_variables": "",
    "non_trainable_variables": "",
    "regularization_losses": "regularized",
    "moving_average_variables": "moving average",
}


# The attributes that `marks` looks at.
_MARKED = frozenset({"average_of", "slices", "byte_order", "external"})


class Remembered(Generic[Words]):
    """A function of variables whose results are remembered for variables that are alike.

    That is, for equal shape, dtype, size, kind, trainable flag and collections: a model of a
    hundred thousand variables has some dozens of such cases.
    """

    def __init__(
        self, model: Model, function: Callable[[Variable, tuple[str, ...]], Words]
    ) -> None:
        self._function = function
        self._collections = model.collections_of()
        self._known: dict[tuple[object, ...], Words] = {}

    def __call__(self, variable: Variable) -> Words:
        """The words for a variable."""
        case: tuple[object, ...] = variable[2:7]
        collections: tuple[str, ...] = ()
        if self._collections:
            collections = self._collections.get(variable.key, ())
            case = (*case, collections)
        attributes = variable.attributes
        if attributes and not _MARKED.isdisjoint(attributes):
            case = (variable.key,)
        words = self._known.get(case)
        if words is None:
            words = self._known[case] = self._function(variable, collections)
        return words


def marks(variable: Variable, collections: tuple[str, ...]) -> list[str]:
    """Remarks on a variable beyond shape and type."""
    words: list[str] = []
    if variable.kind != "variable":
        words.append(variable.kind)
    if "average_of" in variable.attributes:
        words.append("average")
    if variable.trainable is not None and variable.kind == "variable":
        words.append("trainable" if variable.trainable else "not trainable")
    for key in collections:
        word = _COLLECTION_WORDS.get(key, printable(key))
        if word:
            words.append(word)
    slices = variable.attributes.get("slices")
    if isinstance(slices, tuple):
        words.append(plural(len(slices), "part"))
    if variable.attributes.get("byte_order") == "big":
        words.append("big-endian")
    if variable.attributes.get("external"):
        words.append("external")
    return words


def sparkline(counts: Sequence[int], bars: str) -> str:
    """Counts as bars; an interval that is not empty always has one."""
    most = max(counts)
    scale = len(bars) - 1
    return "".join(" " if not count else bars[round(count / most * scale)] for count in counts)


def attribute_text(node: Node, name: str) -> str:
    """An attribute of a node as text, which says so if it cannot be decoded."""
    try:
        value = node.attributes[name]
    except ScopecliError as error:
        return f"damaged: {error.problem}"
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, tuple):
        return shape(value)
    if isinstance(value, list):
        rest = len(value) - _MOST_ITEMS
        texts = [
            item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else str(item)
            for item in value[:_MOST_ITEMS]
        ]
        return f"[{', '.join(texts)}{f' and {rest} more' if rest > 0 else ''}]"
    return str(value)
