"""Where the layers of a Keras model go when names change, and their weights with them.

A name in a Keras file is that of a layer, of a model around it, or of a weight in it. A layer has
its name within its model, so that a rename can change it, and cannot put it into another model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError
from scopecli.model.names import scope_of
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SPACE = "layers"


class LayerMoves:
    """Old and new paths of the layers of one file, and of what is in them.

    Attributes:
        path: the file, for errors.
        new: the new path of each layer.
    """

    def __init__(
        self,
        path: str,
        parents: Mapping[str, str],
        weights: Iterable[str],
        moves: Mapping[str, str],
    ) -> None:
        """Find out where the layers go.

        Args:
            path: the file.
            parents: for the path of each layer, that of what it is in; outer ones first.
            weights: paths of all weights.
            moves: what was asked for: layers end with `/`.

        Raises:
            UnsupportedError: a layer would leave its model, or take another's name.
        """
        self.path = path
        self._parents = parents
        self._moves = moves
        self.new: dict[str, str] = {}
        agreed = self._agreed(weights)
        for layer, parent in parents.items():
            own = layer.removeprefix(f"{parent}/") if parent else layer
            along = f"{self.new[parent]}/{own}" if parent in self.new else layer
            told = moves.get(f"{layer}/", "").removesuffix("/") or agreed.get(layer)
            self.new[layer] = told or along
        self._check()

    def renamed(self) -> dict[str, str]:
        """For the path of each layer whose own name changes, the new one."""
        pairs = ((layer, self.own_name(layer)) for layer in self.new)
        return {layer: new for layer, (old, new) in pairs if old != new}

    def own_name(self, layer: str) -> tuple[str, str]:
        """A layer's name within its model, before and after."""
        parent = self._parents[layer]
        if parent not in self.new:
            return layer, self.new[layer]
        return layer[len(parent) + 1 :], self.new[layer][len(self.new[parent]) + 1 :]

    def home(self, path: str) -> str:
        """The innermost layer that a path is in; empty where it is in none."""
        return home(path, self.new)

    def scope(self, path: str) -> str:
        """A layer's new path, or that of a scope in one."""
        if path in self.new:
            return self.new[path]
        layer = self.home(path)
        return self.new[layer] + path[len(layer) :] if layer else path

    def weight(self, path: str) -> str:
        """A weight's new path.

        Raises:
            UnsupportedError: it would leave its layer.
        """
        layer = self.home(path)
        new = self._moves.get(path, self.scope(path))
        if layer and not new.startswith(f"{self.new[layer]}/"):
            raise UnsupportedError(
                f"a weight belongs to its layer {layer}, and cannot become {new} without it",
                path=self.path,
                where=path,
                hint=f"move the whole layer: {layer}/=NEW/",
            )
        return new

    def _agreed(self, weights: Iterable[str]) -> dict[str, str]:
        """Layers that were not named, and of whose weights all go to one other."""
        wanted: dict[str, set[str]] = {}
        for path in weights:
            new = self._moves.get(path, path)
            layer = home(path, self._parents)
            while layer:
                within = path[len(layer) :].count("/")
                wanted.setdefault(layer, set()).add(new.rsplit("/", within)[0])
                layer = self._parents[layer]
        return {
            layer: target
            for layer, targets in wanted.items()
            for target in targets
            if len(targets) == 1 and target != layer
        }

    def _check(self) -> None:
        taken: dict[str, str] = {}
        for layer, new in self.new.items():
            other = taken.setdefault(new, layer)
            if other != layer:
                raise UnsupportedError(
                    f"the layers {other} and {layer} would both be {new}", path=self.path
                )
        for layer, new in self.new.items():
            parent = self.new.get(self._parents[layer], "")
            if parent and not new.startswith(f"{parent}/"):
                raise UnsupportedError(
                    f"the layer {layer} is a part of {self._parents[layer]}, and cannot become"
                    f" {new}",
                    path=self.path,
                    hint="a rename changes names, and not what a model is made of",
                )
            if new == layer:
                continue
            around = scope_of(new, "/")
            while around and around != parent:
                if around in taken:
                    raise UnsupportedError(
                        f"the layer {layer} is not in {taken[around]}, and cannot become {new}",
                        path=self.path,
                        hint="a rename changes names, and not what a model is made of",
                    )
                around = scope_of(around, "/")


def home(path: str, layers: Mapping[str, str]) -> str:
    """The innermost of some layers that a path is in; empty where it is in none."""
    scope = scope_of(path, "/")
    while scope and scope not in layers:
        scope = scope_of(scope, "/")
    return scope


def subjects(parents: Mapping[str, str]) -> Iterator[Subject]:
    """The layers, as names that can change."""
    for layer, parent in parents.items():
        yield Subject(f"{layer}/", "layer", f"{parent}/" if parent else "", SPACE)


def check_keras_3(names: Mapping[str, str], path: str) -> None:
    """Hold new names of layers against what Keras 3 loads.

    Raises:
        UnsupportedError: one has a `/`.
    """
    for layer, name in names.items():
        if "/" in name:
            raise UnsupportedError(
                f"the layer {layer} cannot be called {name}: Keras 3 allows no / in a layer's name",
                path=path,
            )
