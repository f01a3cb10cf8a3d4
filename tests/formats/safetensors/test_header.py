"""What a header of safetensors may say, and what it may not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load, survey
from scopecli.formats.safetensors import header as safetensors_header
from scopecli.formats.some_notes import MOST
from scopecli.model.dtypes import BITS
from scopecli.model.variable import StoredAt
from tests.formats.safetensors.files import entry, write
from tests.models import codes, get

if TYPE_CHECKING:
    from pathlib import Path


_SECOND = '"b":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}'


def test_entries_in_the_headers_order(tmp_path: Path) -> None:
    header = {
        "__metadata__": {"format": "pt", "by": "hand"},
        "b.w": entry(4, 28, "F32", [2, 3]),
        "a": entry(0, 4, "I32", []),
    }
    path = write(tmp_path / "m.safetensors", header, bytes(28))
    model = load(path)
    start = path.stat().st_size - 28
    assert [(v.key, v.name, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
        ("b.w", "b.w", (2, 3), "float32", 24),
        ("a", "a", (), "int32", 4),
    ]
    assert model.variables[0].storage == StoredAt("m.safetensors", start + 4, 24)
    assert (model.format, model.separator) == ("safetensors", ".")
    assert model.metadata == {"format": "pt", "by": "hand"}
    assert list(model.notes) == []


@pytest.mark.parametrize("dtype", sorted(safetensors_header.DTYPES))
def test_every_dtype(tmp_path: Path, dtype: str) -> None:
    canonical = safetensors_header.DTYPES[dtype]
    size = 8 * BITS[canonical] // 8
    model = load(write(tmp_path / "m", {"w": entry(0, size, dtype, [8])}, bytes(size)))
    (variable,) = model.variables
    assert (variable.dtype, variable.nbytes) == (canonical, size)
    if dtype.startswith("F6_"):
        with pytest.raises(UnsupportedError, match="float6"):
            values.preview(model, variable)
    else:
        assert values.preview(model, variable).shape == (8,)


def test_an_unknown_dtype_is_named(tmp_path: Path) -> None:
    model = load(write(tmp_path / "m", {"w": entry(0, 3, "F3", [8])}, bytes(3)))
    (variable,) = model.variables
    assert (variable.dtype, variable.nbytes) == ("dtype F3", None)
    with pytest.raises(UnsupportedError):
        values.preview(model, variable)


class TestHeaders:
    @pytest.mark.parametrize(
        "header",
        [
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}   ',
            ' {"a": {"shape": [2], "dtype": "U8", "data_offsets": [0, 2]}}\n',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"more":{"x":[1]}}}',
            '{"\\u0061":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"__metadata__":null}',
            '{"__metadata__":{},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
        ],
    )
    def test_ways_to_write_the_same(self, tmp_path: Path, header: str) -> None:
        model = load(write(tmp_path / "m", header, b"\1\2"))
        assert [(v.key, v.shape, v.dtype) for v in model.variables] == [("a", (2,), "uint8")]
        assert model.metadata == {}
        assert values.preview(model, model.variables[0]).tolist() == [1, 2]

    @pytest.mark.parametrize(
        "header",
        [
            '{"__metadata__":{"a":"{}"},"w":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
            '{"__metadata__":{"a":"{}"}, "w":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
            '{"w":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"__metadata__":{"a":"{}"}}',
        ],
    )
    def test_metadata_with_braces(self, tmp_path: Path, header: str) -> None:
        assert load(write(tmp_path / "m", header, b"\0")).metadata == {"a": "{}"}

    def test_no_tensors(self, tmp_path: Path) -> None:
        assert list(load(write(tmp_path / "m", "{}")).variables) == []

    @pytest.mark.parametrize(
        "header",
        [
            "{",
            "{]",
            '{"a":1}',
            '{"a":[]}',
            '{"a":{}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}',
            '{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}, }',
            '{"dtype":"U8","shape":[2],"data_offsets":[0,2]}',
            '{"__metadata__":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
            '{"a":{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}}',
            '{"a":{"dtype":[],"shape":[2],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"b":1}',
            '{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}' + ',"b":1}',
            '{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}' + _SECOND,
            '{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8 U8","shape":[2],"data_offsets":[0,2]}}',
            f'{{"a":{{"dtype":"{"U" * 50}","shape":[2],"data_offsets":[0,2]}}}}',
            f'{{"{"a" * 5000}":1}}',
            f'{{"a":{{"dtype":"U8","shape":[{"-" + "9" * 4000}],"data_offsets":[0,2]}}}}',
            '{"a":{"dtype":"U8","shape":[,2],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[02],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[true,2],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":2,"data_offsets":[0,2]}}',
            '{"a":{"dtype":8,"shape":[2],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2,4]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,99999999999999999999]}}',
            '{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,2]}}',
            '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2.5]}}',
            f'{{"a":{{"dtype":"U8","shape":[{"1," * 99}1],"data_offsets":[0,1]}}}}',
            '{"\\ud800":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
            '{"__metadata__":{"a":1}}',
            '{"__metadata__":[]}',
            f'{{"a":{"9" * 5000}}}',
            '{"a":' + "[" * 200_000,
            '{"a":' * 200_000,
            b'{"\xff":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
        ],
    )
    def test_what_is_no_header(self, tmp_path: Path, header: str | bytes) -> None:
        path = write(tmp_path / "m", header, b"\1\2")
        with pytest.raises(DamagedFileError, match="has no valid header") as caught:
            survey(path)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500

    def test_a_header_that_memory_has_no_room_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(tmp_path / "m", ' {"a": ' + "[[]," * 100)

        def no_room(*_: object, **__: object) -> None:
            raise MemoryError

        monkeypatch.setattr("json.loads", no_room)
        with pytest.raises(DamagedFileError, match="nested too deep, or too large"):
            load(path)

    @pytest.mark.parametrize("length", [0, 1, 60, 100_000_000, 100_000_001, 2**63, 2**64 - 1])
    def test_lengths(self, tmp_path: Path, length: int) -> None:
        path = tmp_path / "m.safetensors"
        path.write_bytes(length.to_bytes(8, "little") + b'{"a":{}}')
        with pytest.raises(ScopecliError):
            load(path)
        with pytest.raises(DamagedFileError):
            load(path, input_format="safetensors")

    @given(
        st.lists(
            st.tuples(
                st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
                st.sampled_from(sorted(safetensors_header.DTYPES)),
                st.lists(st.integers(0, 3), max_size=3),
                st.integers(0, 40),
                st.integers(0, 40),
            ),
            max_size=5,
        )
    )
    def test_both_ways_to_read_it_agree(
        self, entries: list[tuple[str, str, list[int], int, int]]
    ) -> None:
        """As the library writes it, and in any other form of JSON."""
        pairs = [
            (name, entry(low, low + more, dtype, shape))
            for name, dtype, shape, low, more in entries
        ]
        # As the library writes it, as `json.dumps` does, and as neither.
        texts = (
            comma.join(
                f"{json.dumps(k)}{colon}{json.dumps(v, separators=(comma, colon))}"
                for k, v in pairs
            )
            for comma, colon in ((",", ":"), (", ", ": "), (" ,  ", " :"))
        )
        first, *others = (contents(f"{{{text}}}  ") for text in texts)
        assert others == [first, first]


def contents(text: str) -> object:
    """What is in a header, or what is wrong with it."""
    try:
        return safetensors_header._contents(text, 8, "m")
    except ValueError as error:
        return str(error)


class TestLayouts:
    """What the library refuses, and `survey` notes."""

    @pytest.mark.parametrize(
        ("header", "size", "expected"),
        [
            ({"a": entry(0, 4), "b": entry(4, 6)}, 6, []),
            ({"a": entry(4, 6), "b": entry(0, 4)}, 6, []),
            ({"a": entry(0, 0), "b": entry(0, 4), "c": entry(4, 4)}, 4, []),
            ({"a": entry(1, 4)}, 4, [("hole", "a")]),
            ({"a": entry(0, 4), "b": entry(6, 8)}, 8, [("hole", "b")]),
            ({"a": entry(0, 4)}, 7, [("hole", "")]),
            ({"a": entry(0, 4), "b": entry(2, 6)}, 6, [("overlap", "b")]),
            ({"a": entry(0, 4), "b": entry(0, 4)}, 4, [("overlap", "b")]),
            ({"a": entry(0, 9), "b": entry(2, 3), "c": entry(9, 10)}, 10, [("overlap", "b")]),
            ({"a": entry(0, 4, "U8", [3])}, 4, [("size-mismatch", "a")]),
            ({"a": entry(0, 4, "F4", [10])}, 4, [("size-mismatch", "a")]),
            ({"a": entry(0, 4), "b": entry(4, 8)}, 6, [("short-data", "b")]),
            ({"a": entry(0, 4), "b": entry(4, 8)}, 0, [("short-data", "a"), ("short-data", "b")]),
        ],
    )
    def test_offsets(
        self, tmp_path: Path, header: dict[str, Any], size: int, expected: list[tuple[str, str]]
    ) -> None:
        path = write(tmp_path / "m", header, bytes(size))
        model = survey(path)
        assert codes(model) == expected
        assert [v.key for v in model.variables] == list(header)
        if not expected:
            assert load(path)._replace(tensors=None) == model._replace(tensors=None)
            return
        with pytest.raises(DamagedFileError, match=model.notes[0].message) as caught:
            load(path)
        assert caught.value.path == str(path)

    def test_values_that_the_file_does_not_have(self, tmp_path: Path) -> None:
        header = {"a": entry(0, 4), "b": entry(4, 8), "c": entry(8, 10, "U8", [4])}
        model = survey(write(tmp_path / "m", header, bytes(range(9))))
        assert values.preview(model, get(model, "a")).tolist() == [0, 1, 2, 3]
        for key in ("c", "c"):
            with pytest.raises(DamagedFileError):
                values.preview(model, get(model, key))

    def test_of_duplicate_keys_the_last_counts(self, tmp_path: Path) -> None:
        first, last = (
            f'"w":{{"dtype":"U8","shape":{shape},"data_offsets":[0,3]}}'
            for shape in ("[3]", "[1,3]")
        )
        model = load(write(tmp_path / "m", f"{{{first},{last}}}", b"\1\2\3"))
        assert [v.shape for v in model.variables] == [(1, 3)]
        (note,) = model.notes
        assert note == (
            "duplicate-key",
            "is in the header 2 times: the last one counts",
            "w",
        )

    def test_data_that_only_the_first_of_two_has(self, tmp_path: Path) -> None:
        first, last = (
            f'"w":{{"dtype":"U8","shape":[2],"data_offsets":[{low},{low + 2}]}}' for low in (0, 2)
        )
        path = write(tmp_path / "m", f"{{{first},{last}}}", b"\1\2\3\4")
        model = survey(path)
        assert codes(model) == [("duplicate-key", "w"), ("hole", "w")]
        assert values.preview(model, model.variables[0]).tolist() == [3, 4]
        with pytest.raises(DamagedFileError, match="w starts 2 bytes behind"):
            load(path)

    def test_notes_are_not_endless(self, tmp_path: Path) -> None:
        header = {f"t{i:03d}": entry(2 * i, 2 * i + 1) for i in range(1, MOST + 50)}
        model = survey(write(tmp_path / "m", header, bytes(2 * MOST + 99)))
        assert len(model.notes) == MOST + 1
        assert model.notes[-1].message == "49 more entries have notes like these"


class TestFourBits:
    def test_the_first_element_is_in_the_low_half(self, tmp_path: Path) -> None:
        model = load(write(tmp_path / "m", {"w": entry(0, 3, "F4", [2, 3])}, b"\x21\x43\x65"))
        (variable,) = model.variables
        assert values.preview(model, variable).astype("f4").tolist() == [0.5, 1, 1.5, 2, 3, 4]
        assert model.tensors is not None
        for start in range(6):
            for count in range(6 - start):
                expected = bytes(range(1, 7))[start : start + count]
                assert model.tensors.read(variable, start, count) == expected
