"""Grammar-aware mutations: a valid document, one field of which is changed.

libFuzzer changes bytes, and most of what it makes is refused at the first length that no longer
fits. These know where the lengths, counts, offsets and names of a format are. Each is a function of
the document and a source of chance.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Mutator = Callable[[bytes, Random], bytes]
