"""Headers with a length before them, which is made right again; and what stands behind a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.mutators.documents import document
from tests.fuzz.mutators.texts import tokens

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.mutators import Mutator


def safetensors(data: bytes, random: Random) -> bytes:
    """A header that is changed as JSON, with its length right again."""
    size = int.from_bytes(data[:8], "little")
    header = document(data[8 : 8 + size], random)
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


def npy(data: bytes, random: Random) -> bytes:
    """A header that is changed as text, with its length right again."""
    width = 2 if data[6:7] == b"\1" else 4
    start = 8 + width
    end = start + int.from_bytes(data[8:start], "little")
    header = tokens(data[start:end], random)[: 2 ** (8 * width) - 1]
    return data[:8] + len(header).to_bytes(width, "little") + header + data[end:]


def lines(mutator: Mutator) -> Mutator:
    """Change what stands behind the first line."""

    def mutate(data: bytes, random: Random) -> bytes:
        head, _, rest = data.partition(b"\n")
        if random.random() < 0.1:
            return tokens(head, random) + b"\n" + rest
        return head + b"\n" + mutator(rest, random)

    return mutate
