"""Records against the named tuples of `typing`, which they stand for."""

from __future__ import annotations

import copy
import pickle
from typing import Any
from typing import NamedTuple as TypingNamedTuple

import pytest

from scopecli.model.model import Note, Reuse


class Real(TypingNamedTuple):
    code: str
    message: str
    subject: str = ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("a", "b"), {}),
        (("a",), {"message": "b"}),
        ((), {"message": "b", "code": "a", "subject": "c"}),
        (("a",), {}),
        (("a", "b", "c", "d"), {}),
        (("a", "b"), {"unknown": 1}),
        (("a", "b"), {"code": "c"}),
    ],
)
def test_a_record_is_made_as_a_named_tuple_is(
    arguments: tuple[str, ...], named: dict[str, Any]
) -> None:
    assert made(Note, arguments, named) == made(Real, arguments, named)


def made(kind: Any, arguments: tuple[str, ...], named: dict[str, Any]) -> str:
    try:
        return repr(kind(*arguments, **named)).replace(kind.__name__, "")
    except TypeError as error:
        return str(error).replace(kind.__name__, "")


def test_a_record_is_a_tuple_that_cannot_be_changed() -> None:
    note = Note("a", "b")
    assert note == ("a", "b", "")
    assert hash(note) == hash(("a", "b", ""))
    with pytest.raises(AttributeError):
        note.code = "c"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        note.other = "c"  # type: ignore[attr-defined]


def test_a_record_is_replaced_copied_and_matched_by_its_fields() -> None:
    note = Note("a", "b")
    assert note._replace(subject="c") == Note("a", "b", "c")
    assert note._asdict() == {"code": "a", "message": "b", "subject": ""}
    assert copy.deepcopy(note) == pickle.loads(pickle.dumps(note)) == note
    assert type(copy.copy(note)) is Note
    with pytest.raises(ValueError, match="unexpected field"):
        note._replace(unknown=1)  # type: ignore[call-arg]
    match note:
        case Note(code, message=message):
            assert (code, message) == ("a", "b")


def test_records_with_as_many_fields_have_their_own_names() -> None:
    assert Reuse(scope="a", entries=("b",)) == ("a", ("b",))
    assert Note._fields == ("code", "message", "subject")
    assert Reuse._fields == ("scope", "entries")
