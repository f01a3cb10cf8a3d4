"""The frameworks: exact versions, and a virtual environment that has them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTHON = (3, 11)

# Everything that has a say in the bytes of a file is pinned, not only what is imported here.
PINS = (
    "tensorflow-cpu==2.21.0",
    "keras==3.15.1",
    "h5py==3.14.0",
    "numpy==2.4.6",
    "ml_dtypes==0.6.0",
    "protobuf==7.36.2",
    "safetensors==0.8.0",
    "gguf==0.19.0",
    "torch==2.13.0",  # any build of it: the bytes are the same
    "onnx==1.23.2",
    "jax==0.10.2",
    "flax==0.12.8",
    "msgpack==1.2.4",
    "optax==0.2.8",
    "orbax-checkpoint==0.12.8",
    "tensorstore==0.1.86",
)
# tf_keras asks for the package "tensorflow", which tensorflow-cpu already provides under
# another name; installing it without its dependencies saves a second copy of TensorFlow.
PINS_WITHOUT_DEPENDENCIES = ("tf_keras==2.21.0",)
# A framework that needs an older NumPy than the others has an environment of its own.
PINS_OF_MXNET = ("mxnet==1.9.1", "numpy==1.23.5")

ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_USE_LEGACY_KERAS": "1",
}


def cache_folder() -> Path:
    """Give the folder under the user's cache where the virtual environment lives."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "scopecli-samples"


def base_python() -> str:
    """Find a Python of the pinned version."""
    if sys.version_info[:2] == PYTHON:
        return sys.executable
    name = ".".join(str(part) for part in PYTHON)
    found = shutil.which(f"python{name}")
    if found is None:
        raise SystemExit(f"the samples need Python {name}, which is not on the PATH")
    return found


def pinned_python(
    folder: Path,
    packages: Iterable[str] = PINS,
    without_dependencies: Iterable[str] = PINS_WITHOUT_DEPENDENCIES,
) -> Path:
    """Give the Python of a virtual environment, making it if it is not there or is old."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "pins.txt"
    pins = "\n".join([*packages, *without_dependencies])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == pins:
        return python
    if not stamp.exists() and folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} holds something else: remove it or choose another --venv")
    subprocess.run([base_python(), "-m", "venv", "--clear", str(folder)], check=True)
    stamp.write_text("unfinished", encoding="utf-8")
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *packages], check=True)
    if without_dependencies:
        subprocess.run([*pip, "--no-deps", *without_dependencies], check=True)
    # The pins are written last, so that an interrupted installation is started again.
    stamp.write_text(pins, encoding="utf-8")
    return python


def warn_about_versions() -> None:
    """Say on stderr which installed packages differ from the pins."""
    for pin in PINS + PINS_WITHOUT_DEPENDENCIES:
        package, _, wanted = pin.partition("==")
        try:
            installed = metadata.version(package)
        except metadata.PackageNotFoundError:
            installed = "not installed"
        if installed.partition("+")[0] != wanted:  # `2.13.0+cpu` is a build of 2.13.0
            print(f"{package} is {installed}, the pin is {wanted}", file=sys.stderr)
