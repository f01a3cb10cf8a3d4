"""What fires on each sample, looked at by hand: a page of the findings on well-formed files.

The transcripts in `tests/golden` have the words; this has the reasons. An error here is either
explained as true, or a false alarm.
"""

from __future__ import annotations

from collections import Counter

import pytest

import scopecli
from tests.samples import GOOD, SAMPLES

FIRES = {
    "branches.onnx": "H804*2",  # this, and two others, have a tensor of every type
    "dtypes.safetensors": "H804",
    # A discriminator that was made twice, of which one is trained: what S202 is for.
    "graphs/gan_twins.meta": "S202 S201 T301",
    "graphs/import_scope.meta": "G404 G406",  # imported into a scope, with its own saver
    "graphs/no_scope.meta": "N101 S203 S205*2",  # `Net` after `net`; two weights without a use
    "graphs/twins.meta": "S201",  # a network that was made twice, and both are trained
    "graphs/update_ops.meta": "T302 T305",  # penalties of a bias and of a moving mean
    "keras2_functional.h5": "O504",  # these were saved with their optimizers
    "keras2_legacy_adam.h5": "O504",
    "keras3_functional.keras": "O504",
    "keras3_legacy.h5": "O504",
    "pairs/slot_dropped": "O501",  # for which the pair is there
    "pairs/torch_names.npz": "N105",  # with the names that DataParallel gives
    "tf1_averages": "G405*3",  # its saver restores averages into the variables
    "tf1_gan": "S203*2",  # the discriminator is reused, as it should be
    "torch_hostile.pt": "F711",  # True: it imports `system`.
    "torch_tensors.pt": "H804",
}
# In addition, where values are read.
FIRES_ON_VALUES = {
    # True: two tensors of a type for scales hold its NaN. One array is stored in many ways.
    "branches.onnx": "H803*2 F710*20",
    "onnx_external": "F710*4",  # its layers are copies of the first
    "torch_tensors.pt": "F710*2",  # views of a copy of another tensor
}


def codes(sample: str, *, values: bool) -> Counter[str]:
    found = scopecli.validate(SAMPLES / sample, values=values)
    return Counter(finding.code for finding in found)


def expected(text: str) -> Counter[str]:
    pairs = (word.partition("*") for word in text.split())
    return Counter({code: int(count or 1) for code, _, count in pairs})


@pytest.mark.parametrize("sample", GOOD)
def test_what_fires(sample: str) -> None:
    plain = expected(FIRES.get(sample, ""))
    assert codes(sample, values=False) == plain
    assert codes(sample, values=True) == plain + expected(FIRES_ON_VALUES.get(sample, ""))


def test_the_samples_are_there() -> None:
    assert {*FIRES, *FIRES_ON_VALUES} <= set(GOOD)
