"""Write an HDF5 file with h5py: `python -m tests.bench.write_hdf5 FILE COUNT hdf5|latest|keras`."""

from __future__ import annotations

import sys
from itertools import groupby

import h5py
import numpy as np

from tests.bench.tensors import hdf5_tensors, keras_tensors


def main(path: str, number: int, kind: str) -> None:
    """Write so many small datasets, plain ones or the weights of a Keras model."""
    libver = "latest" if kind == "latest" else "earliest"
    with h5py.File(path, "w", libver=libver) as file:
        if kind == "keras":
            _write_keras(file, number)
        else:
            for tensor in hdf5_tensors(number):
                file.create_dataset(tensor.name, data=np.zeros(tensor.shape, tensor.dtype))


def _write_keras(file: h5py.File, number: int) -> None:
    """Keras 2's layout of weights: names are in attributes of the root and of each layer."""
    layers: list[bytes] = []
    for layer, members in groupby(keras_tensors(number), lambda t: t.name.partition("/")[0]):
        layers.append(layer.encode())
        names: list[bytes] = []
        for tensor in members:
            name = tensor.name.partition("/")[2]
            names.append(name.encode())
            data = np.zeros(tensor.shape, tensor.dtype)
            file.create_dataset(f"{layer}/{name}", data=data)
        file[layer].attrs["weight_names"] = np.array(names)
    file.attrs["layer_names"] = np.array(layers)
    file.attrs["backend"] = "tensorflow"
    file.attrs["keras_version"] = "2.15.0"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
