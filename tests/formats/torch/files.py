"""PyTorch's files, put together by hand."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from scopecli.analysis import values
from tests.models import get

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model


ORDERED = b"ccollections\nOrderedDict\n"
MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
VERSION = b"\x80\x02M\xe9\x03."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def number(value: int) -> bytes:
    return b"I%d\n" % value


def numbers(*items: int) -> bytes:
    return b"(" + b"".join(map(number, items)) + b"t"


def stored(key: str, elements: int, kind: str = "Float") -> bytes:
    parts = (text("storage"), b"ctorch\n%sStorage\n" % kind.encode(), text(key), text("cpu"))
    return b"(" + b"".join(parts) + number(elements) + b"tQ"


def tensor(storage: bytes, *shape: int, strides: tuple[int, ...] = (1,), offset: int = 0) -> bytes:
    view = number(offset) + numbers(*shape) + numbers(*strides)
    hooks = ORDERED + b")R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + view + b"\x89" + hooks + b"tR"


def dictionary(**entries: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def archive(path: Path, pickle: bytes, /, order: str = "little", **storages: Any) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("m/data.pkl", b"\x80\x02" + pickle + b".")
        file.writestr("m/byteorder", order)
        file.writestr("m/version", "3\n")
        for key, data in storages.items():
            file.writestr(f"m/data/{key.removeprefix('s')}", data)
    return path


def written(path: Path, members: list[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members:
            file.writestr(name, data)


def stream(path: Path, pickle: bytes, **storages: tuple[int, bytes]) -> Path:
    keys = b"](" + b"".join(text(key) for key in storages) + b"e"
    runs = b"".join(n.to_bytes(8, "little") + data for n, data in storages.values())
    parts = [MAGIC, VERSION, b"\x80\x02}.", b"\x80\x02" + pickle + b".", b"\x80\x02" + keys + b"."]
    path.write_bytes(b"".join(parts) + runs)
    return path


def listed(model: Model, key: str) -> Any:
    return next(values.chunks(model, get(model, key))).tolist()


FOUR = b"".join(x.to_bytes(4, "little") for x in range(4))
FOUR_BIG = b"".join(x.to_bytes(4, "big") for x in range(4))
