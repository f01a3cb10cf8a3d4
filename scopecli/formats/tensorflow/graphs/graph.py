"""A graph in a file: where its parts are, and how they become a model.

A GraphDef is a graph alone; a MetaGraphDef has one inside, with collections, signatures and a
saver; a SavedModel has several of those. This module reads all three from the places of the parts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, VARINT, numbers, signed64
from scopecli.formats.tensorflow.graphs import collections as tf_collections
from scopecli.formats.tensorflow.graphs import saver
from scopecli.formats.tensorflow.graphs import variables as tf_variables
from scopecli.formats.tensorflow.graphs.layout import GraphDef, MetaGraph
from scopecli.formats.tensorflow.graphs.nodes import NodeTable
from scopecli.formats.tensorflow.tensor import ConstantTensors
from scopecli.model.graph import Graph, Versions
from scopecli.model.model import File, Model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.binary.window import Window
    from scopecli.formats.tensorflow.graphs.collections import Collections
    from scopecli.model.graph import Function, Saved, Saver, Signature
    from scopecli.model.model import Note

    Span = tuple[int, int]


_INFO = {
    MetaGraph.INFO_TENSORFLOW_VERSION: "tensorflow_version",
    MetaGraph.INFO_GIT_VERSION: "tensorflow_git_version",
    MetaGraph.INFO_META_VERSION: "meta_graph_version",
}


class GraphFile:
    """The parts of a graph, each read when it is first asked for; `Parts` of a `Graph`.

    Attributes:
        window: the file.
        spans: where the parts are, by their number in MetaGraphDef.
    """

    __slots__ = ("_collections", "_functions", "_nodes", "_others", "_variables", "spans", "window")

    def __init__(self, window: Window, spans: Mapping[int, list[Span]]) -> None:
        self.window = window
        self.spans = spans
        self._nodes: NodeTable | None = None
        self._others: list[tuple[int, int, int, int]] = []
        self._variables: dict[str, int] | None = None
        self._collections: Collections | None = None
        self._functions: list[Function] | None = None

    def nodes(self) -> NodeTable:
        """The nodes of the main graph."""
        if self._nodes is None:
            nodes = NodeTable(self.window)
            for start, end in self.spans.get(MetaGraph.GRAPH, ()):
                self._others += nodes.scan(start, end, GraphDef.NODE)
            self._nodes = nodes
        return self._nodes

    def variables(self) -> dict[str, int]:
        """The nodes of variables, by name."""
        if self._variables is None:
            self._variables = tf_variables.names(self.nodes())
        return self._variables

    def collections(self) -> Collections:
        """The collections."""
        if self._collections is None:
            spans = self.spans.get(MetaGraph.COLLECTION, ())
            known = frozenset(self.variables())
            self._collections = tf_collections.read(self.window, spans, known)
        return self._collections

    def functions(self) -> Sequence[Function]:
        """The function library."""
        if self._functions is None:
            from scopecli.formats.tensorflow.graphs import functions as tf_functions

            self.nodes()
            libraries = [
                (a, b)
                for field, kind, a, b in self._others
                if field == GraphDef.LIBRARY and kind == BYTES
            ]
            self._functions = tf_functions.functions(self.window, libraries)
        return self._functions

    def signatures(self) -> Sequence[Signature]:
        """The signatures."""
        from scopecli.formats.tensorflow.graphs import functions as tf_functions

        spans = self.spans.get(MetaGraph.SIGNATURE, ())
        return tf_functions.signatures(self.window, spans)

    def saved(self) -> list[Saved]:
        """What the saver that the file names writes."""
        return saver.saved(self.nodes(), self._saver_names(), self.variables(), self._by_name)

    def savers(self) -> tuple[Saver | None, Sequence[Saver]]:
        """The saver that the file names, and the stale ones beside it."""
        return saver.savers(self.nodes(), self._saver_names(), self.variables(), self._by_name)

    def versions(self) -> Versions:
        """The versions of writer and readers."""
        self.nodes()
        producer = oldest = 0
        bad: list[int] = []
        for field, kind, a, b in self._others:
            if field == GraphDef.VERSION and kind == VARINT:
                producer = producer or signed64(a)
            elif field == GraphDef.VERSIONS and kind == BYTES:
                for part, part_kind, value, end in self.window.fields(a, b):
                    if part == 1 and part_kind == VARINT:
                        producer = signed64(value)
                    elif part == 2 and part_kind == VARINT:
                        oldest = signed64(value)
                    elif part == 3:
                        data = self.window.read(value, end) if part_kind == BYTES else b""
                        first, last = (0, len(data)) if part_kind == BYTES else (value, 0)
                        bad += numbers(data, part_kind, first, last)
        return Versions(producer, oldest, tuple(bad))

    def info(self) -> dict[str, object]:
        """What the file says of its writer."""
        texts = {
            field: self.window.text(a, b)
            for start, end in self.spans.get(MetaGraph.INFO, ())
            for field, kind, a, b in self.window.fields(start, end)
            if kind == BYTES and field in _INFO
        }
        versions = self.versions()
        found: dict[str, object] = {name: texts.get(n) for n, name in _INFO.items() if texts.get(n)}
        if self.tags():
            found["tags"] = self.tags()
        return {**found, "producer": versions.producer, "min_consumer": versions.min_consumer}

    def tags(self) -> list[str]:
        """The tags that tell the graphs of a SavedModel apart."""
        return [
            self.window.text(a, b)
            for start, end in self.spans.get(MetaGraph.INFO, ())
            for field, kind, a, b in self.window.fields(start, end)
            if kind == BYTES and field == MetaGraph.INFO_TAGS
        ]

    def _saver_names(self) -> saver.SaverNames:
        return saver.SaverNames(self.window, self.spans.get(MetaGraph.SAVER, ()))

    def _by_name(self) -> dict[str, Function]:
        return {function.name: function for function in self.functions()}


def parts_of(window: Window, start: int, end: int) -> dict[int, list[Span]]:
    """Where the parts of a MetaGraphDef are, by number.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    spans: dict[int, list[Span]] = {}
    for field, kind, a, b in window.fields(start, end):
        if kind == BYTES:
            spans.setdefault(field, []).append((a, b))
    return spans


def model(path: str, format_id: str, file: GraphFile) -> Model:
    """The model that a graph is.

    Raises:
        ScopecliError: the graph is damaged.
    """
    notes: list[Note] = []
    collections = file.collections()
    saved = file.saved()
    by_variable = {entry.variable: entry for entry in saved if entry.variable}
    variables, optimizers = tf_variables.of_graph(file.nodes(), collections, by_variable, notes)
    metadata: dict[str, object] = {**file.info(), "nodes": len(file.nodes())}
    if file.functions():
        metadata["functions"] = len(file.functions())
    if file.signatures():
        metadata["signatures"] = [signature.key for signature in file.signatures()]
    if saved:
        metadata["saver_keys"] = len(saved)
    if optimizers.found:
        metadata["optimizer"] = optimizers.found
    return Model(
        path=path,
        format=format_id,
        variables=variables,
        metadata=metadata,
        collections=collections.by_key,
        notes=notes,
        files=(File(file.window.path, os.path.getsize(file.window.path), "graph"),),
        tensors=ConstantTensors(),
        graph=Graph(file),
    )
