"""What stood in `tf.contrib` and has no oracle any more: the variables that checkpoints hold."""

from __future__ import annotations

from typing import Any

import pytest

import scopecli.dryrun as tf
from scopecli.dryrun.graph.default import forget_graphs

rnn, seq2seq, legacy = tf.contrib.rnn, tf.contrib.seq2seq, tf.contrib.legacy_seq2seq


@pytest.fixture(autouse=True)
def _empty_graph() -> None:
    forget_graphs()
    tf.disable_resource_variables()


def variables() -> dict[str, list[int]]:
    return {v.op.name: v.shape.as_list() for v in tf.trainable_variables()}


def unknown() -> list[str]:
    return [subject for subject, _ in tf.get_default_graph().opaque]


def cell(units: int = 4) -> Any:
    return rnn.BasicLSTMCell(units)


NORMS = {
    f"{gate}/{part}": [4]
    for gate in ("input", "transform", "forget", "output", "state")
    for part in ("gamma", "beta")
}
CELLS: dict[str, tuple[Any, dict[str, list[int]]]] = {
    "layer_norm_basic_lstm_cell": (
        lambda: rnn.LayerNormBasicLSTMCell(4, dropout_keep_prob=0.5),
        {"kernel": [7, 16], **NORMS},
    ),
    "attention_cell_wrapper": (
        lambda: rnn.AttentionCellWrapper(cell(), attn_length=3),
        {
            "kernel": [7, 3],
            "bias": [3],
            "basic_lstm_cell/kernel": [7, 16],
            "basic_lstm_cell/bias": [16],
            "attention/attn_w": [1, 1, 4, 4],
            "attention/attn_v": [4],
            "attention/kernel": [8, 4],
            "attention/bias": [4],
            "attn_output_projection/kernel": [8, 4],
            "attn_output_projection/bias": [4],
        },
    ),
    "ugrnn_cell": (lambda: rnn.UGRNNCell(4), {"kernel": [7, 8], "bias": [8]}),
    "nas_cell": (
        lambda: rnn.NASCell(4, num_proj=2, use_bias=True),
        {
            "recurrent_kernel": [2, 32],
            "kernel": [3, 32],
            "bias": [32],
            "projection_weights": [4, 2],
        },
    ),
    "coupled_input_forget_gate_lstm_cell": (
        lambda: rnn.CoupledInputForgetGateLSTMCell(4, use_peepholes=True),
        {"kernel": [7, 12], "bias": [12], "w_f_diag": [4], "w_o_diag": [4]},
    ),
    "lstm_cell": (
        lambda: rnn.LSTMBlockCell(4, use_peephole=True),
        {"kernel": [7, 16], "bias": [16], "w_i_diag": [4], "w_f_diag": [4], "w_o_diag": [4]},
    ),
    "gru_cell": (
        lambda: rnn.GRUBlockCell(4),
        {"w_ru": [7, 8], "b_ru": [8], "w_c": [7, 4], "b_c": [4]},
    ),
    "output_projection_wrapper": (
        lambda: rnn.OutputProjectionWrapper(cell(), 5),
        {
            "basic_lstm_cell/kernel": [7, 16],
            "basic_lstm_cell/bias": [16],
            "kernel": [4, 5],
            "bias": [5],
        },
    ),
    "input_projection_wrapper": (
        lambda: rnn.InputProjectionWrapper(cell(), 5),
        {
            "kernel": [3, 5],
            "bias": [5],
            "basic_lstm_cell/kernel": [9, 16],
            "basic_lstm_cell/bias": [16],
        },
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_have_the_variables_of_their_checkpoints(name: str) -> None:
    make, wanted = CELLS[name]
    made = make()
    inputs = tf.placeholder(tf.float32, [None, 5, 3])
    outputs, state = tf.nn.dynamic_rnn(made, inputs, dtype=tf.float32)
    assert variables() == {f"rnn/{name}/{key}": sizes for key, sizes in wanted.items()}
    assert outputs.shape.as_list() == [None, 5, made.output_size]
    assert len(tf.nest.flatten(state)) == len(tf.nest.flatten(made.state_size))
    assert unknown() == []


def test_the_second_gru_block_has_the_variables_of_a_gru_cell() -> None:
    inputs = tf.placeholder(tf.float32, [None, 5, 3])
    tf.nn.dynamic_rnn(rnn.GRUBlockCellV2(4), inputs, dtype=tf.float32, scope="block")
    tf.nn.dynamic_rnn(rnn.GRUCell(4), inputs, dtype=tf.float32, scope="plain")
    found = variables()
    block = {k.removeprefix("block/"): v for k, v in found.items() if k.startswith("block")}
    plain = {k.removeprefix("plain/"): v for k, v in found.items() if k.startswith("plain")}
    assert block == plain


def test_a_memory_of_pictures() -> None:
    pictures = tf.placeholder(tf.float32, [2, 5, 8, 8, 3])
    made = rnn.ConvLSTMCell(2, [8, 8, 3], output_channels=6, kernel_shape=[3, 3])
    outputs, _ = tf.nn.dynamic_rnn(made, pictures, dtype=tf.float32)
    assert variables() == {
        "rnn/conv_lstm_cell/kernel": [3, 3, 9, 24],
        "rnn/conv_lstm_cell/biases": [24],
    }
    assert outputs.shape.as_list() == [2, 5, 8, 8, 6]


def test_all_steps_as_one_operation() -> None:
    steps = tf.placeholder(tf.float32, [5, None, 3])
    outputs, (c, h) = rnn.LSTMBlockFusedCell(4)(steps, dtype=tf.float32)
    assert variables() == {"lstm_fused_cell/kernel": [7, 16], "lstm_fused_cell/bias": [16]}
    shapes = [tensor.shape.as_list() for tensor in (outputs, c, h)]
    assert shapes == [[5, None, 4], [None, 4], [None, 4]]


def test_layers_that_look_from_both_ends() -> None:
    inputs = tf.placeholder(tf.float32, [None, 5, 3])
    cells = [[cell(), cell()], [cell(), cell()]]
    outputs, front, back = rnn.stack_bidirectional_dynamic_rnn(*cells, inputs, dtype=tf.float32)
    assert outputs.shape.as_list() == [None, 5, 8]
    assert (len(front), len(back)) == (2, 2)
    assert variables() == {
        f"stack_bidirectional_rnn/cell_{layer}/bidirectional_rnn/{side}/basic_lstm_cell/{key}": v
        for layer, rows in ((0, 7), (1, 12))
        for side in ("fw", "bw")
        for key, v in (("kernel", [rows, 16]), ("bias", [16]))
    }


ATTENTION: dict[str, tuple[Any, dict[str, list[int]], list[int]]] = {
    "bahdanau": (
        lambda memory, lengths: seq2seq.BahdanauAttention(6, memory, lengths, normalize=True),
        {
            "bahdanau_attention/query_layer/kernel": [4, 6],
            "bahdanau_attention/attention_v": [6],
            "bahdanau_attention/attention_g": [],
            "bahdanau_attention/attention_b": [6],
        },
        [4, 6],
    ),
    "luong": (
        lambda memory, lengths: seq2seq.LuongAttention(4, memory, lengths, scale=True),
        {"luong_attention/attention_g": []},
        [4, 4],
    ),
}


@pytest.mark.parametrize("kind", ATTENTION)
def test_a_translation_with_attention(kind: str) -> None:
    mechanism, own, memory_layer = ATTENTION[kind]
    x, y = tf.placeholder(tf.int32, [None, None]), tf.placeholder(tf.int32, [None, None])
    x_lengths, y_lengths = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
    table = tf.get_variable("embedding", [100, 8])
    with tf.variable_scope("encoder"):
        rows = tf.nn.embedding_lookup(table, x)
        memory, state = tf.nn.dynamic_rnn(cell(), rows, x_lengths, dtype=tf.float32)
    attends = seq2seq.AttentionWrapper(
        cell(), mechanism(memory, x_lengths), attention_layer_size=5, alignment_history=True
    )
    start = attends.zero_state(tf.shape(x)[0], tf.float32).clone(cell_state=state)
    helper = seq2seq.TrainingHelper(tf.nn.embedding_lookup(table, y), y_lengths)
    decoder = seq2seq.BasicDecoder(attends, helper, start, tf.layers.Dense(100))
    outputs, last, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=20)
    weights = tf.sequence_mask(y_lengths, dtype=tf.float32)
    loss = seq2seq.sequence_loss(outputs.rnn_output, y, weights)
    tf.train.AdamOptimizer().minimize(loss)
    assert variables() == {
        "embedding": [100, 8],
        "encoder/rnn/basic_lstm_cell/kernel": [12, 16],
        "encoder/rnn/basic_lstm_cell/bias": [16],
        "memory_layer/kernel": memory_layer,
        "decoder/attention_wrapper/basic_lstm_cell/kernel": [17, 16],
        "decoder/attention_wrapper/basic_lstm_cell/bias": [16],
        **{f"decoder/attention_wrapper/{key}": sizes for key, sizes in own.items()},
        "decoder/attention_wrapper/attention_layer/kernel": [8, 5],
        "decoder/dense/kernel": [5, 100],
        "decoder/dense/bias": [100],
    }
    shapes = [t.shape.as_list() for t in (*outputs, lengths, loss, last.attention)]
    assert shapes == [[None, None, 100], [None, None], [None], [], [None, 5]]
    assert last.alignment_history.stack().shape.rank == 3
    assert unknown() == []


@pytest.mark.parametrize("by_chance", [False, True])
def test_what_was_chosen_is_given_again(by_chance: bool) -> None:
    table = tf.get_variable("embedding", [100, 8])
    made = cell()
    kind = seq2seq.SampleEmbeddingHelper if by_chance else seq2seq.GreedyEmbeddingHelper
    helper = kind(table, tf.fill([3], 1), 2)
    state = made.zero_state(3, tf.float32)
    decoder = seq2seq.BasicDecoder(made, helper, state, tf.layers.Dense(100, name="projection"))
    outputs, _, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=9, scope="translate")
    assert [name for name in variables() if name.startswith("translate")] == [
        "translate/basic_lstm_cell/kernel",
        "translate/basic_lstm_cell/bias",
        "translate/projection/kernel",
        "translate/projection/bias",
    ]
    assert outputs.sample_id.shape.as_list() == [None, None]


def test_a_search_shares_the_variables_of_training() -> None:
    table = tf.get_variable("embedding", [100, 8])
    made, layer = cell(), tf.layers.Dense(100, name="projection")
    inputs = tf.placeholder(tf.float32, [3, 7, 8])
    helper = seq2seq.TrainingHelper(inputs, tf.fill([3], 7))
    state = made.zero_state(3, tf.float32)
    seq2seq.dynamic_decode(seq2seq.BasicDecoder(made, helper, state, layer), scope="decode")
    before = variables()
    beams = seq2seq.tile_batch(state, 5)
    search = seq2seq.BeamSearchDecoder(made, table, tf.fill([3], 1), 2, beams, 5, layer)
    with tf.variable_scope("decode", reuse=True) as scope:
        found, _, _ = seq2seq.dynamic_decode(search, maximum_iterations=9, scope=scope)
    assert variables() == before
    assert found.predicted_ids.shape.as_list() == [None, None, 5]


def test_sequences_as_lists_of_steps() -> None:
    made = rnn.MultiRNNCell([cell(), cell()])
    steps = [tf.placeholder(tf.float32, [2, 3]) for _ in range(3)]
    targets = [tf.placeholder(tf.int32, [2]) for _ in range(3)]
    outputs, _ = legacy.rnn_decoder(steps, made.zero_state(2, tf.float32), made, scope="rnnlm")
    loss = legacy.sequence_loss_by_example(outputs, targets, [tf.ones([2])] * 3)
    assert loss.op.name == "sequence_loss_by_example/truediv"
    total = legacy.sequence_loss(outputs, targets, [tf.ones([2])] * 3)
    assert (total.op.name, total.shape.as_list()) == ("sequence_loss/truediv", [])
    assert list(variables()) == [
        f"rnnlm/multi_rnn_cell/cell_{number}/basic_lstm_cell/{key}"
        for number in (0, 1)
        for key in ("kernel", "bias")
    ]
