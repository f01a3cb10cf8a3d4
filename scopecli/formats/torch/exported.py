"""A program as `torch.export.save` writes it since PyTorch 2.8 (`.pt2`).

A zip archive of `models/<name>.json`, the graph; `data/weights/` with a member for each storage and
`<name>_weights_config.json`, which says of every parameter and buffer in which it is; and
`data/constants/`, the same of what is in no `state_dict()`.
https://github.com/pytorch/pytorch/blob/main/torch/export/pt2_archive/_package.py
"""

from __future__ import annotations

import json
import re
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.binary import zipdir
from scopecli.binary.pickle.values import Pickle
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.torch import members as torch_members
from scopecli.formats.torch.archive import Archive
from scopecli.formats.torch.members import Members
from scopecli.formats.torch.tensors import Stored, Tensor, numbers
from scopecli.formats.torch.tree import Found, Tree
from scopecli.formats.torch.types import TYPES, ElementType
from scopecli.model.model import Note
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.binary.pickle.values import Global
    from scopecli.binary.source import Source
    from scopecli.binary.zipdir import Member
    from scopecli.model.variable import Kind

# `ScalarType` and `Layout` of torch/_export/serde/schema.py.
_ELEMENTS: Mapping[int, ElementType] = MappingProxyType(
    {
        number: TYPES[f"torch.{name}"]
        for number, name in {
            1: "uint8",
            2: "int8",
            3: "int16",
            4: "int32",
            5: "int64",
            6: "float16",
            7: "float32",
            8: "float64",
            9: "complex32",
            10: "complex64",
            11: "complex128",
            12: "bool",
            13: "bfloat16",
            28: "uint16",
            29: "float8_e4m3fn",
            30: "float8_e5m2",
            31: "float8_e4m3fnuz",
            32: "float8_e5m2fnuz",
            33: "float8_e8m0fnu",
            34: "uint32",
            35: "uint64",
        }.items()
    }
)
_LAYOUTS = MappingProxyType(
    {1: "sparse_coo", 2: "sparse_csr", 3: "sparse_csc", 4: "sparse_bsr", 5: "sparse_bsc"}
)
_STRIDED = 7
_PICKLED = "pickled"
_UNKNOWN = ElementType("unknown", 0)

_CONFIG = re.compile(r"data/(?:weights/(.+)_weights|constants/(.+)_constants)_config\.json")
_INPUTS = ".pt"
_LARGEST_CONFIG = 1 << 27


class _Config(NamedTuple):
    """Where a model's tensors are.

    Attributes:
        model: what it is called in the archive.
        folder: of the storages.
        kind: what the tensors are.
        payloads: by name, what is said of each.
    """

    model: str
    folder: str
    kind: Kind
    payloads: Mapping[str, object]


class Exported(Members):
    """The storages of a program, by their paths.

    Attributes:
        pickle: nothing, but for what those would import that PyTorch loads with a program: its
            sample inputs, and objects among its tensors.
        constants: nor here.
        others: nor here.
        byte_order: of the values.
        facts: about the file.
        notes: oddities.
    """

    __slots__ = ("_configs", "byte_order", "constants", "facts", "notes", "others", "pickle")

    def __init__(self, source: Source, members: Sequence[Member]) -> None:
        """Read what is said of the tensors.

        Raises:
            ScopecliError: it is damaged, or has no tensors with names.
        """
        super().__init__(source, members, members[0].name.partition("/")[0] + "/")
        self.constants: Pickle | None = None
        self.others: list[Pickle] = []
        self.notes = list(self.doubled(members))
        self.byte_order = self.order(source)
        self.facts: dict[str, object] = {
            "container": "torch.export program",
            "version": self.fact(source, "archive_version"),
            "byte_order": self.byte_order,
        }
        self._configs = sorted(
            self._read_configs(source), key=lambda config: config.kind == "constant"
        )
        if not self._configs:
            raise UnsupportedError(
                "is a compiled program of PyTorch's, without the names of its weights",
                path=source.name,
            )

        self.pickle = Pickle(None, tuple(self._imports(source)), [], 0)

    def tree(self) -> Tree:
        """All tensors, those of several models with the model's name in front.

        Raises:
            DamagedFileError: what is said of a tensor is no description of one.
        """
        several = len({config.model for config in self._configs}) > 1
        tree = Tree([], {}, [])
        for config in self._configs:
            start = f"{config.model}." if several else ""
            for name, payload in config.payloads.items():
                found = self._found_of(start + name, config, payload)
                if found is not None:
                    tree.tensors.append(found)
        return tree

    def _read_configs(self, source: Source) -> Iterator[_Config]:
        for name in reversed(self._members):  # so in the order of the archive
            inner = name.removeprefix(self._folder)
            match = _CONFIG.fullmatch(inner) if inner != name else None
            if match is None:
                continue
            try:
                document = json.loads(self.read(source, inner, _LARGEST_CONFIG))
            except (ValueError, RecursionError, MemoryError) as error:
                raise DamagedFileError("is not valid JSON", path=source.name, where=name) from error
            payloads = document.get("config") if isinstance(document, dict) else None
            if not isinstance(payloads, dict):
                raise DamagedFileError("names no tensors", path=source.name, where=name)
            weights, others = match.groups()
            folder = inner.rpartition("/")[0]
            kind: Kind = "constant" if weights is None else "variable"
            yield _Config(weights or others, folder, kind, payloads)

    def _imports(self, source: Source) -> Iterator[Global]:
        """What the files of `torch.save` in the archive would import, where they can be read."""
        wanted = {name for name in self._members if name.endswith(_INPUTS)}
        for config in self._configs:
            for payload in config.payloads.values():
                said = _fields(payload)
                if said.get("use_pickle") is True:
                    wanted.add(f"{self._folder}{config.folder}/{said.get('path_name')}")
        found = {member.header: member for member in map(self._members.get, wanted) if member}
        for member in found.values():
            try:
                window = zipdir.open_member(source, member)
                inner = Archive(window, torch_members.listed(window))
            except ScopecliError:
                continue  # PyTorch cannot load it either
            for pickle in (inner.pickle, *inner.others):
                yield from pickle.imports

    def _found_of(self, name: str, config: _Config, payload: object) -> Found | None:
        """A tensor; None for an object of another kind, which has no shape."""
        said = _fields(payload)
        meta = said.get("tensor_meta")
        if meta is None:
            self.notes.append(Note("not-a-tensor", "is an object, not a tensor", name))
            return None
        path = said.get("path_name")
        if type(path) is not str:
            raise DamagedFileError("has a tensor without a place", where=name)
        key = f"{config.folder}/{path}"
        tensor = _tensor(_fields(meta), self.size(key), is_pickled=said.get("use_pickle") is True)
        if config.kind == "variable":
            needed = said.get("is_param") is True and _fields(meta).get("requires_grad") is True
            tensor = tensor._replace(trainable=needed)
        return Found(name, tensor, key if tensor.stored else "", config.kind)


def _tensor(meta: Mapping[str, object], there: int | None, *, is_pickled: bool) -> Tensor:
    """A tensor as a `TensorMeta` says, in a storage of so many bytes."""
    element = _ELEMENTS.get(_code(meta.get("dtype")), _UNKNOWN)
    shape = numbers(_known(meta.get("sizes")))
    layout = _code(meta.get("layout"))
    nbytes = prod(shape) * element.size if element.size else there
    if is_pickled or layout != _STRIDED:
        kind = _PICKLED if is_pickled else _LAYOUTS.get(layout, f"layout {layout}")
        return Tensor(element, shape, nbytes=nbytes, layout=kind)
    strides = numbers(_known(meta.get("strides")))
    (offset,) = numbers(_known([meta.get("storage_offset")]))
    if len(shape) != len(strides):
        raise DamagedFileError(f"has {len(shape)} dimensions and {len(strides)} strides")
    return Tensor(element, shape, strides, offset, Stored(there or 0, element), nbytes)


def _code(value: object) -> int:
    """A number of an enumeration, in all of which 0 is what is not known."""
    return value if type(value) is int else 0


def _fields(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _known(values: object) -> list[object] | None:
    """Numbers, each of which is `{"as_int": ...}`; weights have no others."""
    return [_fields(value).get("as_int") for value in values] if isinstance(values, list) else None
