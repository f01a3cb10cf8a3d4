"""Tables of keys and values: `tf.lookup`, and what `tf.contrib.lookup` makes of it.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/lookup_ops.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, init_scope, name_scope
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import size
from scopecli.dryrun.ops.indexing import where_v2
from scopecli.dryrun.values.dtypes import as_dtype, int64, string

__getattr__ = attributes(__name__, {})


class TextFileIndex:
    """What of a line of a text file is a key or a value."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class KeyValueTensorInitializer:
    """Keys and values that stand in tensors.

    Attributes:
        key_dtype: type of the keys.
        value_dtype: type of the values.
    """

    def __init__(
        self,
        keys: Any,
        values: Any,
        key_dtype: Any = None,
        value_dtype: Any = None,
        name: Any = None,
    ) -> None:
        self._keys = convert_to_tensor(keys, key_dtype, name="keys")
        self._values = convert_to_tensor(values, value_dtype, name="values")
        self._name = name or "key_value_init"
        self.key_dtype, self.value_dtype = self._keys.dtype, self._values.dtype

    def initialize(self, table: Any) -> Any:
        """Fill a table."""
        with name_scope(self._name):
            op = apply_op("LookupTableImportV2", table.resource_handle, self._keys, self._values)
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, op)
        return op


class TextFileInitializer:
    """Keys and values that stand in a text file.

    Attributes:
        key_dtype: type of the keys.
        value_dtype: type of the values.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: Any,
        value_dtype: Any,
        value_index: Any,
        vocab_size: Any = None,
        delimiter: str = "\t",
        name: Any = None,
        value_index_offset: int = 0,
    ) -> None:
        if isinstance(filename, str) and not filename:
            raise ValueError("`filename` argument required for tf.lookup.TextFileInitializer")
        self.key_dtype, self.value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)
        self._name = name
        with init_scope():
            self._filename = convert_to_tensor(filename, string, name="asset_path")

    def initialize(self, table: Any) -> Any:
        """Fill a table."""
        with name_scope(self._name, "text_file_init"):
            op = apply_op("InitializeTableFromTextFileV2", table.resource_handle, self._filename)
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, op)
        if self._filename.op.type == "Const":
            add_to_collection(GraphKeys.ASSET_FILEPATHS, self._filename)
        return op


class _Table:
    """A table that is in the graph.

    Attributes:
        default_value: for keys that it has not got.
        resource_handle: the table.
        key_dtype: type of the keys.
        value_dtype: type of the values.
    """

    default_value: Any
    resource_handle: Any
    key_dtype: Any
    value_dtype: Any

    @property
    def name(self) -> str:
        """The last part of its node's name."""
        return self.resource_handle.op.name.rpartition("/")[2]  # type: ignore[no-any-return]

    def size(self, name: Any = None) -> Any:
        """How many keys there are."""
        with name_scope(name, f"{self.name}_Size"):
            return apply("LookupTableSizeV2", self.resource_handle)

    def lookup(self, keys: Any, name: Any = None) -> Any:
        """The values of keys.

        Raises:
            TypeError: the keys have another type.
        """
        if keys.dtype.base_dtype != self.key_dtype:
            raise TypeError(
                f"Dtype of argument `keys` must be {self.key_dtype}, received: {keys.dtype}"
            )
        wanted = keys.values if hasattr(keys, "is_sparse") else keys
        with name_scope(name, self._lookup_name()):
            inputs = self.resource_handle, wanted, self.default_value
            found = apply("LookupTableFindV2", *inputs)
        return keys.with_values(found) if wanted is not keys else found

    def _lookup_name(self) -> str:
        return f"{self.name}_Lookup"

    def export(self, name: Any = None) -> Any:
        """All keys and their values."""
        with name_scope(name, f"{self.name}_Export"):
            kinds = {"Tkeys": self.key_dtype, "Tvalues": self.value_dtype}
            return tuple(apply_op("LookupTableExportV2", self.resource_handle, **kinds).outputs)


class StaticHashTable(_Table):
    """A table that is filled once.

    Attributes:
        initializer: what fills it.
    """

    def __init__(self, initializer: Any, default_value: Any, name: Any = None, **_: Any) -> None:
        self.key_dtype, self.value_dtype = initializer.key_dtype, initializer.value_dtype
        self.default_value = convert_to_tensor(default_value, self.value_dtype)
        with init_scope():
            self.resource_handle = apply("HashTableV2", name=name or "hash_table")
        self.initializer = self.init = initializer.initialize(self)


HashTable = StaticHashTable


class MutableHashTable(_Table):
    """A table that changes while it is used."""

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, name: Any = None, **_: Any
    ) -> None:
        self.key_dtype, self.value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)
        self.default_value = convert_to_tensor(default_value, self.value_dtype)
        self.resource_handle = apply("MutableHashTableV2", name=name or "MutableHashTable")

    def insert(self, keys: Any, values: Any, name: Any = None) -> Any:
        """Put keys in."""
        with name_scope(name, f"{self.name}_lookup_table_insert"):
            keys = convert_to_tensor(keys, self.key_dtype, name="keys")
            values = convert_to_tensor(values, self.value_dtype, name="values")
            return apply_op("LookupTableInsertV2", self.resource_handle, keys, values)

    def _lookup_name(self) -> str:
        return f"{self.name}_lookup_table_find"


class IdTableWithHashBuckets:
    """A table with numbers beyond its own for the keys that it has not got."""

    def __init__(
        self,
        table: Any,
        num_oov_buckets: int,
        hasher_spec: Any = None,
        name: Any = None,
        key_dtype: Any = None,
    ) -> None:
        self._table = table
        self._buckets = num_oov_buckets
        self.name = name or (table.name if table else "hash_bucket")
        self.key_dtype = key_dtype or (table.key_dtype if table else string)
        self.initializer = self.init = table.initializer if table else None

    def size(self, name: Any = None) -> Any:
        """How many numbers there are."""
        with name_scope(name, f"{self.name}_Size"):
            own: Any = self._table.size() if self._table else convert_to_tensor(0, int64)
            return own + self._buckets

    def lookup(self, keys: Any, name: Any = None) -> Any:
        """The numbers of keys."""
        values = keys.values if hasattr(keys, "is_sparse") else keys
        if self._table and self._table.key_dtype.base_dtype == int64:
            values = cast(values, int64)
        with name_scope(name, f"{self.name}_Lookup"):
            texts = values if values.dtype.name == "string" else apply("AsString", values)
            found: Any = apply("StringToHashBucketFast", texts, name="hash_bucket")
            if self._table:
                ids = self._table.lookup(values)
                found = add(found, self._table.size())
                known = apply("NotEqual", ids, self._table.default_value)
                found = where_v2(known, ids, found)
        return (
            keys.with_values(found) if values is not keys and hasattr(keys, "is_sparse") else found
        )


def index_table_from_tensor(
    vocabulary_list: Any,
    num_oov_buckets: int = 0,
    default_value: Any = -1,
    hasher_spec: Any = None,
    dtype: Any = string,
    name: Any = None,
    mapping: Any = None,
) -> Any:
    """The numbers of words in a list.

    Raises:
        ValueError: there is no list, or it is of something else.
    """
    words = mapping if vocabulary_list is None else vocabulary_list
    if words is None:
        raise ValueError("`vocabulary_list` must be specified.")
    _check_buckets(num_oov_buckets)
    with name_scope(name, "string_to_index"):
        keys = convert_to_tensor(words)
        if keys.dtype.is_integer != dtype.is_integer:
            wanted = "integer" if dtype.is_integer else "non-integer"
            raise ValueError(f"Invalid `dtype`: Expected {wanted}, got {keys.dtype}.")
        values = cast(range_(size(keys)), int64)
        with name_scope(None, "hash_table"):
            if keys.dtype.is_integer:
                keys = cast(keys, int64)
            filled = KeyValueTensorInitializer(keys, values, keys.dtype, int64, name="table_init")
            table = StaticHashTable(filled, default_value)
        return _with_buckets(table, num_oov_buckets, dtype)


def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: Any = None,
    default_value: Any = -1,
    hasher_spec: Any = None,
    key_dtype: Any = string,
    name: Any = None,
    **_: Any,
) -> Any:
    """The numbers of the lines of a file.

    Raises:
        ValueError: there is no file.
    """
    if vocabulary_file is None or vocabulary_file == "":
        raise ValueError("`vocabulary_file` must be specified and must not be empty.")
    _check_buckets(num_oov_buckets)
    with name_scope(name, "string_to_index"):
        with name_scope(None, "hash_table"):
            kind = int64 if key_dtype.is_integer else key_dtype
            index = TextFileIndex.WHOLE_LINE, int64, TextFileIndex.LINE_NUMBER
            filled = TextFileInitializer(vocabulary_file, kind, *index, name="table_init")
            table = StaticHashTable(filled, default_value)
        return _with_buckets(table, num_oov_buckets, key_dtype)


def _check_buckets(count: int) -> None:
    if count < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {count}.")


def _with_buckets(table: Any, count: int, dtype: Any) -> Any:
    return IdTableWithHashBuckets(table, count, key_dtype=dtype) if count else table


def index_to_string_table_from_tensor(
    vocabulary_list: Any, default_value: Any = "UNK", name: Any = None, mapping: Any = None
) -> StaticHashTable:
    """The words of numbers.

    Raises:
        ValueError: there are no words.
    """
    words = mapping if vocabulary_list is None else vocabulary_list
    if words is None:
        raise ValueError("`vocabulary_list` argument must be specified.")
    with name_scope(name, "index_to_string"):
        words = convert_to_tensor(words, string)
        keys = cast(range_(size(words)), int64)
        filled = KeyValueTensorInitializer(keys, words, int64, string, name="table_init")
        return StaticHashTable(filled, default_value)


def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: Any = None,
    default_value: Any = "UNK",
    name: Any = None,
    **_: Any,
) -> StaticHashTable:
    """The lines of a file, by their numbers.

    Raises:
        ValueError: there is no file.
    """
    if vocabulary_file is None or vocabulary_file == "":
        raise ValueError("`vocabulary_file` argument must be specified.")
    with name_scope(name, "index_to_string"):
        index = TextFileIndex.LINE_NUMBER, string, TextFileIndex.WHOLE_LINE
        filled = TextFileInitializer(vocabulary_file, int64, *index, name="table_init")
        return StaticHashTable(filled, default_value)
