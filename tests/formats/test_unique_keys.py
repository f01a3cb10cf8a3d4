"""Keys for names that are there more than once."""

from __future__ import annotations

import pytest

from scopecli.formats.unique_keys import unique


@pytest.mark.parametrize(
    ("names", "keys", "repeated"),
    [
        ([], [], []),
        (["a", "b"], ["a", "b"], []),
        (["a", "a", "a"], ["a", "a#2", "a#3"], ["a"]),
        (["a#2", "a", "a"], ["a#2", "a", "a#3"], ["a"]),
        (["a", "a", "a#2"], ["a", "a#2", "a#2#2"], ["a", "a#2"]),
    ],
)
def test_unique(names: list[str], keys: list[str], repeated: list[str]) -> None:
    assert unique(names) == (keys, repeated)
