"""The programs that are measured: which are installed here, and which versions they have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from tests.bench.files import UnavailableError

_TF_VERSION = "import tensorflow; print(tensorflow.__version__)"
_TORCH_VERSION = "import torch; print(torch.__version__)"
_PACKAGES = (
    "click",
    "rich",
    "numpy",
    "h5py",
    "ckptkit",
    "gguf-inspect",
    "onnx",
    "safetensors",
)


class Tools:
    """What a benchmark can call here.

    Attributes:
        python: the interpreter that scopecli is installed for.
        scopecli: the console script beside it, as users run it.
    """

    def __init__(self, tf_python: str | None = None, torch_python: str | None = None) -> None:
        self.python = sys.executable
        self.scopecli = os.path.join(os.path.dirname(sys.executable), "scopecli")
        self._tf_python = tf_python or (sys.executable if find_spec("tensorflow") else None)
        self._torch_python = torch_python or (sys.executable if find_spec("torch") else None)

    def program(self, name: str) -> str:
        """What runs a writer, or what scopecli is held against: its path.

        Raises:
            UnavailableError: it is not installed.
        """
        programs = {
            "python": lambda: self.python,
            "scopecli": lambda: self.scopecli,
            "tensorflow": self.tensorflow,
            "torch": self.torch,
            "h5ls": self.h5ls,
            "h5diff": self.h5diff,
            "ckptkit": self.ckptkit,
            "gguf-inspect": self.gguf_inspect,
            "shell": self.shell,
        }
        return programs[name]()

    def tensorflow(self) -> str:
        """The interpreter that has TensorFlow.

        Raises:
            UnavailableError: there is none.
        """
        if self._tf_python is None or not self.tensorflow_version:
            raise UnavailableError("no TensorFlow: name an interpreter with --tf-python")
        return self._tf_python

    def torch(self) -> str:
        """The interpreter that has PyTorch.

        Raises:
            UnavailableError: there is none.
        """
        if self._torch_python is None or not self.torch_version:
            raise UnavailableError("no PyTorch: name an interpreter with --torch-python")
        return self._torch_python

    def h5ls(self) -> str:
        """The HDF5 tools' h5ls.

        Raises:
            UnavailableError: it is not installed.
        """
        return _installed("h5ls", "the HDF5 tools")

    def h5diff(self) -> str:
        """The HDF5 tools' h5diff.

        Raises:
            UnavailableError: it is not installed.
        """
        return _installed("h5diff", "the HDF5 tools")

    def ckptkit(self) -> str:
        """A Python package with a command of that name.

        Raises:
            UnavailableError: it is not installed.
        """
        return self._beside("ckptkit")

    def gguf_inspect(self) -> str:
        """A Python package with a command of that name.

        Raises:
            UnavailableError: it is not installed.
        """
        return self._beside("gguf-inspect")

    def shell(self) -> str:
        """A POSIX shell.

        Raises:
            UnavailableError: it is not installed.
        """
        return _installed("sh", "one")

    def _beside(self, program: str) -> str:
        """A command that belongs to the interpreter, or is on the path."""
        beside = os.path.join(os.path.dirname(self.python), program)
        return beside if os.path.isfile(beside) else _installed(program, "its Python package")

    @cached_property
    def tensorflow_version(self) -> str:
        """Its version; empty where it cannot be imported."""
        return _output(self._tf_python, "-c", _TF_VERSION) if self._tf_python else ""

    @cached_property
    def torch_version(self) -> str:
        """Its version; empty where it cannot be imported."""
        return _output(self._torch_python, "-c", _TORCH_VERSION) if self._torch_python else ""

    def versions(self) -> dict[str, str]:
        """What there is, by name."""
        found = {name: _package(name) for name in _PACKAGES}
        found["tensorflow"] = self.tensorflow_version
        found["torch"] = self.torch_version
        found["h5ls"] = _output("h5ls", "--version").rpartition(" ")[2]
        return {name: number for name, number in found.items() if number}


def _installed(program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise UnavailableError(f"no {program}: install {package}")
    return found


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _output(*command: str) -> str:
    """The last word line of a program's output; empty where it cannot be run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return (done.stdout.strip().splitlines() or [""])[-1]
