"""The operations that few programs have, in rows as those of `table.py`.

It is imported when a program asks for something that `table.py` has not got.
"""

from __future__ import annotations

_TABLE = "table_handle:resource"
_SPARSE = "input_indices:int64 input_values:T input_shape:int64"
_TWO_SPARSE = "a_indices:int64 a_values:T a_shape:int64 b_indices:int64 b_values:T b_shape:int64"

OPS: dict[str, str] = {
    **dict.fromkeys(
        [
            "UniformCandidateSampler",
            "LearnedUnigramCandidateSampler",
            "FixedUnigramCandidateSampler",
            "AllCandidateSampler",
        ],
        "true_classes:int64 -> int64 float32 float32 | nn.candidates",
    ),
    **dict.fromkeys(
        ["BesselI0", "BesselI0e", "BesselI1", "BesselI1e", "Ndtri", "Erfinv"], "x:T -> T | same"
    ),
    **dict.fromkeys(["MulNoNan", "Xlog1py"], "x:T y:T -> T | broadcast"),
    **dict.fromkeys(["Real", "Imag", "Angle", "ComplexAbs"], "input:T -> @Tout | same"),
    "Complex": "real:T imag:T -> @Tout | broadcast",
    "CumulativeLogsumexp": "x:T axis:int32 -> T | same",
    "DenseBincount": "input:T size:T weights:U -> U | rare.counts",
    "Dilation2D": "input:T filter:T -> T | rare.dilation",
    "EuclideanNorm": "input:T reduction_indices:int32 -> T | math.reduce",
    **dict.fromkeys(
        ["FractionalMaxPool", "FractionalAvgPool"], "value:T -> T int64 int64 | rare.fractional"
    ),
    **dict.fromkeys(["LowerBound", "UpperBound"], "sorted_inputs:T values:T -> @out_type | second"),
    "Lu": "input:T -> T @output_idx_type | rare.factors",
    "MatrixSquareRoot": "input:T -> T | same",
    "MatchingFiles": "pattern:string -> string | some",
    "NextAfter": "x1:T x2:T -> T | broadcast",
    "RefIdentity": "input:&T -> &T | same",
    "PrintV2": "input:string ->",
    "ParseTensor": "serialized:string -> @out_type | unknown",
    **dict.fromkeys(
        [f"{back}RFFT{axes}" for back in ("", "I") for axes in ("", "2D", "3D")],
        "input:T fft_length:int32 -> @kind | rare.transformed",
    ),
    **dict.fromkeys(["FFT3D", "IFFT3D"], "input:complex64 -> complex64 | same"),
    "SerializeTensor": "tensor:T -> string | scalar",
    "SetSize": "set_indices:int64 set_values:T set_shape:int64 -> int32 | unknown",
    **dict.fromkeys(
        [f"SparseSegment{kind}WithNumSegments" for kind in ("Sum", "Mean", "SqrtN")],
        "data:T indices:I segment_ids:J num_segments:int32 -> T | rare.segments",
    ),
    **dict.fromkeys(
        [
            "StatelessRandomNormalV2",
            "StatelessTruncatedNormalV2",
            "StatelessRandomUniformV2",
            "StatelessRandomUniformFullIntV2",
        ],
        "shape:S key:uint64 counter:uint64 alg:int32 -> @dtype | from_shape_input",
    ),
    "StatelessRandomUniformIntV2": "shape:S key:uint64 counter:uint64 alg:int32 minval:T maxval:T"
    " -> T | from_shape_input",
    "StatelessRandomGetKeyCounter": "seed:T -> uint64 uint64 | rare.key_and_counter",
    "StatelessMultinomial": "logits:T num_samples:int32 seed:S -> @output_dtype | nn.multinomial",
    **dict.fromkeys(
        [f"TensorScatter{kind}" for kind in ("Update", "Add", "Sub", "Max", "Min")],
        "tensor:T indices:I updates:T -> T | same",
    ),
    "DenseToSparseSetOperation": "set1:T set2_indices:int64 set2_values:T set2_shape:int64"
    " -> int64 T int64 | sparse.set_of_rows",
    "SparseToSparseSetOperation": "set1_indices:int64 set1_values:T set1_shape:int64"
    " set2_indices:int64 set2_values:T set2_shape:int64 -> int64 T int64 | sparse.set_of_sparse",
    "StringFormat": "inputs:[A] -> string | scalar",
    "Timestamp": " -> float64 | scalar",
    "UnravelIndex": "indices:T dims:T -> T | rare.unravelled",
    "WriteFile": "filename:string contents:string ->",
    "BlockLSTM": "seq_len_max:int64 x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T"
    " -> T T T T T T T | rare.all_steps",
    "GRUBlockCell": "x:T h_prev:T w_ru:T w_c:T b_ru:T b_c:T -> T T T T | rare.gates",
    "LSTMBlockCell": "x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T -> T T T T T T T"
    " | rare.memory",
    "IteratorFromStringHandleV2": "string_handle:string -> resource | scalar",
    "IteratorToStringHandle": "resource_handle:resource -> string | scalar",
    "Bucketize": "input:A -> int32 | same",
    "HashTableV2": " -> resource | scalar",
    "MutableHashTableV2": " -> resource | scalar",
    "InitializeTableFromTextFileV2": f"{_TABLE} filename:string ->",
    "LookupTableExportV2": f"{_TABLE} -> @Tkeys @Tvalues | sparse.exported",
    "LookupTableFindV2": f"{_TABLE} keys:A default_value:B -> B | second",
    "LookupTableImportV2": f"{_TABLE} keys:A values:B ->",
    "LookupTableInsertV2": f"{_TABLE} keys:A values:B ->",
    "LookupTableSizeV2": f"{_TABLE} -> int64 | scalar",
    "SparseAdd": f"{_TWO_SPARSE} thresh:T -> int64 T int64 | sparse.added",
    "SparseConcat": "indices:[int64] values:[T] shapes:[int64] -> int64 T int64"
    " | sparse.concatenated",
    "SparseCross": "indices:[int64] values:[A] shapes:[int64] dense_inputs:[B]"
    " -> int64 @out_type int64 | sparse.matrix",
    "SparseReorder": f"{_SPARSE} -> int64 T | sparse.in_order",
    **dict.fromkeys(
        ["SparseReduceSum", "SparseReduceMax"],
        f"{_SPARSE} reduction_axes:int32 -> T | sparse.reduced",
    ),
    **dict.fromkeys(
        ["SparseReduceSumSparse", "SparseReduceMaxSparse"],
        f"{_SPARSE} reduction_axes:int32 -> int64 T int64 | sparse.unknown",
    ),
    "SparseSlice": "indices:int64 values:T shape:int64 start:int64 size:int64 -> int64 T int64"
    " | sparse.sliced",
    "SparseSoftmax": "sp_indices:int64 sp_values:T sp_shape:int64 -> T | second",
    **dict.fromkeys(
        ["SparseSparseMaximum", "SparseSparseMinimum"],
        f"{_TWO_SPARSE} -> int64 T | sparse.united",
    ),
    "SparseTensorDenseAdd": "a_indices:I a_values:T a_shape:I b:T -> T | sparse.fourth",
}

WRAPPERS: dict[str, str] = {
    # As programs for TensorFlow 0 have it.
    "mul": "Mul x y",
    "sub": "Sub x y",
    "neg": "Neg x",
    **{
        f"tensor_scatter_{prefix}{kind}": f"TensorScatter{kind.title()} tensor indices updates"
        for kind in ("update", "add", "sub", "max", "min")
        for prefix in ("", "nd_")
    },
    "fft3d": "FFT3D input",
    "ifft3d": "IFFT3D input",
    "shape_n": "ShapeN input out_type=int32",
    "linalg.lu": "Lu input output_idx_type=int32",
    "linalg.sqrtm": "MatrixSquareRoot input",
    "matrix_square_root": "MatrixSquareRoot input",
    "unravel_index": "UnravelIndex indices dims",
    "manip.scatter_nd": "ScatterNd indices updates shape",
    "serialize_tensor": "SerializeTensor tensor",
    "parse_tensor": "ParseTensor serialized out_type=",
    "matching_files": "MatchingFiles pattern",
    "write_file": "WriteFile filename contents",
    "timestamp": "Timestamp",
    "nextafter": "NextAfter x1 x2",
}
