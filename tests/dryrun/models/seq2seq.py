"""An encoder and a decoder that share one embedding."""

import tensorflow as tf


def embed(ids, vocabulary, size):
    with tf.variable_scope("shared", reuse=tf.AUTO_REUSE):
        table = tf.get_variable(
            "embedding", [vocabulary, size], initializer=tf.random_uniform_initializer(-0.1, 0.1)
        )
        return tf.nn.embedding_lookup(table, ids), table


def build(batch=4, steps=5, size=16, vocabulary=40):
    source = tf.placeholder(tf.int32, [batch, steps], name="source")
    target = tf.placeholder(tf.int32, [batch, steps], name="target")
    with tf.variable_scope("encoder"):
        inputs, _ = embed(source, vocabulary, size)
    with tf.variable_scope("decoder"):
        outputs, table = embed(target, vocabulary, size)
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        embed(source, vocabulary, size)
    with tf.variable_scope("encoder"):
        encoder = tf.nn.rnn_cell.GRUCell(size)
        _, state = tf.nn.static_rnn(encoder, tf.unstack(inputs, axis=1), dtype=tf.float32)
    with tf.variable_scope("decoder") as scope:
        decoder = tf.nn.rnn_cell.GRUCell(size)
        logits = []
        for step in range(steps):
            if step:
                scope.reuse_variables()
            attention = tf.layers.dense(state, size, activation=tf.tanh, name="attention")
            output, state = decoder(tf.concat([outputs[:, step], attention], 1), state)
            logits.append(tf.matmul(output, table, transpose_b=True))
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=target, logits=tf.stack(logits, axis=1)
        )
    )
    return tf.train.AdagradOptimizer(0.1).minimize(loss)
