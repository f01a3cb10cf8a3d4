"""A zip archive as `torch.save` (since 1.6) and `torch.jit.save` write it.

Everything is below one folder: `data.pkl`, a member `data/<key>` for each storage, and `byteorder`.
TorchScript adds `code/` and `constants.pkl`, whose storages are `constants/<key>`.
https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.pickle import opcodes
from scopecli.errors import DamagedFileError, ScopecliError
from scopecli.formats.torch import tree as torch_tree
from scopecli.formats.torch.marks import PICKLE, is_pickle
from scopecli.formats.torch.members import TWICE, Members, bytes_of
from scopecli.formats.torch.tree import Found
from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.binary import zipdir
    from scopecli.binary.pickle.values import Pickle
    from scopecli.binary.source import Source

_CONSTANTS = "constants.pkl"
_OF_CODE = "constants"
_PICKLES = ".pkl"
_LARGEST_PICKLE = 1 << 28
_LARGEST_CODE = 1 << 24
_ALIGNMENT = 64  # where the file does not say another one
_LARGEST_ALIGNMENT = 0x8000


class Archive(Members):
    """The storages of an archive, by key.

    Attributes:
        pickle: what `data.pkl` holds.
        pickle_size: its bytes.
        pickle_name: the member that it is.
        alignment: of the storages in the file.
        constants: what `constants.pkl` holds; None where there is none.
        others: what the pickles hold that are read by none, or by other readers.
        byte_order: of the values.
        facts: about the file.
        notes: what readers may take for different files.
    """

    __slots__ = (
        "alignment",
        "byte_order",
        "constants",
        "facts",
        "notes",
        "others",
        "pickle",
        "pickle_name",
        "pickle_size",
    )

    def __init__(self, source: Source, members: Sequence[zipdir.Member]) -> None:
        """Read what is no storage.

        Raises:
            ScopecliError: it is no archive of PyTorch's, or damaged.
        """
        pickles = [member for member in members if member.name.endswith(_PICKLES)]
        main = [member.name for member in pickles if is_pickle(member.name)]
        super().__init__(source, members, _folder(members, main, source.name))
        self.pickle_name = self._folder + PICKLE
        self.notes = list(self._ambiguities(members, main))
        data = self.read(source, PICKLE, _LARGEST_PICKLE)
        self.pickle: Pickle = opcodes.walk(data, f"{source.name}:{PICKLE}")
        self.pickle_size = len(data)
        self.constants: Pickle | None = None
        if self.has(_CONSTANTS):
            data = self.read(source, _CONSTANTS, _LARGEST_PICKLE)
            self.constants = opcodes.walk(data, f"{source.name}:{_CONSTANTS}")
            self.pickle_size += len(data)
        self.others = list(self._others(source, pickles))
        self.byte_order = self.order(source)
        alignment = self.fact(source, ".storage_alignment")
        is_number = alignment.isdecimal() and 0 < int(alignment) <= _LARGEST_ALIGNMENT
        self.alignment = int(alignment) if is_number else _ALIGNMENT
        self.facts: dict[str, object] = {
            "container": "zip archive" if self.constants is None else "TorchScript archive",
            "version": self.fact(source, "version"),
            "byte_order": self.byte_order,
        }

    def tree(self) -> torch_tree.Tree:
        """All that the pickle holds, and the tensors that the code of TorchScript refers to.

        Raises:
            DamagedFileError: a tensor is not put together as tensors are.
        """
        if self.constants is None:
            return torch_tree.collect(self.pickle.value, self.pickle_size)
        from scopecli.formats.torch.script import Classes

        tree = torch_tree.collect(self.pickle.value, self.pickle_size, Classes(self._text))
        held = torch_tree.collect(self.constants.value, self.pickle_size)
        for path, tensor, storage, _ in held.tensors:
            name, key = f"{_OF_CODE}.{path}", f"{_OF_CODE}/{storage}"
            tree.tensors.append(Found(name, tensor, key, "constant"))
        return tree

    def pickle_bytes(self, source: Source) -> bytes:
        """The bytes of `data.pkl`.

        Raises:
            ScopecliError: they cannot be read.
        """
        return self.read(source, PICKLE, _LARGEST_PICKLE)

    def _text(self, name: str) -> bytes:
        """A file of code, where it is there and can be read."""
        if not self.has(name):
            return b""
        with self._reopen() as source:
            try:
                return self.read(source, name, _LARGEST_CODE)
            except ScopecliError:
                return b""  # what it says of tensors is not known, then

    def _ambiguities(
        self, members: Sequence[zipdir.Member], pickles: Sequence[str]
    ) -> Iterator[Note]:
        """What one reader may take in one place, and another in another."""
        yield from self.doubled(members)
        for name in dict.fromkeys(reversed(pickles)):
            if name != self.pickle_name:
                yield Note(TWICE, f"is a second {PICKLE}: PyTorch reads {self._folder}", name)

    def _others(self, source: Source, pickles: Iterable[zipdir.Member]) -> Iterator[Pickle]:
        """The pickles beside those that are read, as far as they are some."""
        read = [self._members.get(self._folder + name) for name in (PICKLE, _CONSTANTS)]
        seen = {member.header for member in read if member is not None}
        room = _LARGEST_PICKLE
        for member in pickles:
            if member.header not in seen:
                seen.add(member.header)
                try:
                    data = bytes_of(source, member, room)
                    yield opcodes.walk(data, f"{source.name}:{member.name}")
                except ScopecliError:
                    continue  # nobody can load it either
                room -= len(data)


def _folder(members: Sequence[zipdir.Member], pickles: Sequence[str], path: str) -> str:
    """The folder that everything is in: PyTorch takes that of the first member.

    Raises:
        DamagedFileError: there is no pickle in any.
    """
    if not pickles:
        raise DamagedFileError(f"has no {PICKLE}", path=path)
    first = members[0].name.partition("/")[0]
    name = f"{first}/{PICKLE}"
    return (name if name in pickles else min(pickles, key=len)).removesuffix(PICKLE)
