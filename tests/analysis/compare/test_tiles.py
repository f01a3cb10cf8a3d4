"""Tensors with their axes in another order."""

from __future__ import annotations

from itertools import permutations
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopecli.analysis.compare.tensors import compare
from scopecli.analysis.compare.tiles import Tile, place, read_tile, tiles
from tests.analysis.compare.pairs import difference
from tests.analysis.models import kept


@settings(max_examples=80)
@given(
    hnp.array_shapes(min_dims=1, max_dims=4, max_side=7).flatmap(
        lambda shape: st.tuples(
            st.just(shape), st.permutations(range(len(shape))), st.integers(1, 60)
        )
    )
)
def test_tiles_cover_a_tensor_once(drawn: tuple[tuple[int, ...], list[int], int]) -> None:
    shape, axes, limit = drawn
    array = np.arange(prod(shape)).reshape(shape)
    turned = array.transpose(axes).copy()
    seen = np.zeros(shape, int)
    for tile in tiles(shape, axes, limit):
        assert prod(tile.extents) <= limit
        index = tuple(slice(s, s + n) for s, n in zip(*tile, strict=True))
        seen[index] += 1
        for source, part, wanted in (
            (array, tile, array[index]),
            (turned, tile.transposed(axes), array[index].transpose(axes)),
        ):
            flat = source.reshape(-1)
            found = read_tile(
                lambda start, count, flat=flat: flat[start : start + count].tobytes(),  # type: ignore[misc]
                flat.dtype,
                source.shape,
                part,
            )
            np.testing.assert_array_equal(found, wanted)
        assert [place(tile, shape, i) for i in range(prod(tile.extents))] == array[
            index
        ].ravel().tolist()
    assert (seen == 1).all()


def test_runs_of_a_large_tile_are_long_on_both_sides() -> None:
    for shape in ((20_000, 20_000), (1_000_000, 64), (64, 1_000_000), (3, 3, 8_000, 8_000)):
        axes = tuple(reversed(range(len(shape))))
        tile = next(iter(tiles(shape, axes, 1 << 21)))
        for extents, full in (
            (tile.extents, shape),
            (tile.transposed(axes).extents, shape[::-1]),
        ):
            run = 1
            for extent, size in zip(reversed(extents), reversed(full), strict=True):
                run *= extent
                if extent < size:
                    break
            assert run >= 1000


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_a_transposed_tensor(small_parts: None, axes: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).normal(size=(7, 5, 11)).astype("f4")
    y = x.transpose(axes).copy()
    assert difference(x, y, axes=axes).same
    index = (5, 2, 9)
    y[tuple(index[axis] for axis in axes)] += 1
    found = difference(x, y, axes=axes)
    assert (found.differing, found.first, found.elements) == (1, index, x.size)
    assert found.max_abs == pytest.approx(1)
    y[:] = y[::-1]
    expected = difference(x, y.transpose(np.argsort(axes)))
    turned = difference(x, y, axes=axes)
    assert turned.differing == expected.differing
    assert turned.first == expected.first
    assert turned.rms == pytest.approx(expected.rms)
    assert turned.cosine == pytest.approx(expected.cosine)


def test_a_transposed_tensor_of_another_dtype() -> None:
    x = np.arange(12).reshape(3, 4)
    found = difference(x, x.T, ("int8", "float64"), axes=(1, 0))
    assert (found.same, found.compared_as) == (True, "float64")


def test_a_large_transposed_tensor_is_read_in_parts_and_once() -> None:
    a = kept(np.zeros((3000, 2000)))
    b = kept(np.zeros((2000, 3000)))
    assert compare(a.model, a.variable, b.model, b.variable, axes=(1, 0)).same
    for memory in (a.memory, b.memory):
        assert sum(count for _, count in memory.asked) == 6_000_000
        assert len(memory.asked) < 6_000_000 / 500


def test_a_tile_is_turned_with_its_tensor() -> None:
    assert Tile((1, 2, 3), (4, 5, 6)).transposed((2, 0, 1)) == Tile((3, 1, 2), (6, 4, 5))
