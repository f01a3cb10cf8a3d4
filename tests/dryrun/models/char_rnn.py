"""A character model: two layers of LSTM, unrolled by hand."""

import tensorflow as tf


def build(batch=4, steps=5, size=16, vocabulary=30, layers=2):
    inputs = tf.placeholder(tf.int32, [batch, steps], name="inputs")
    targets = tf.placeholder(tf.int32, [batch, steps], name="targets")
    cells = [tf.nn.rnn_cell.BasicLSTMCell(size) for _ in range(layers)]
    cell = tf.nn.rnn_cell.MultiRNNCell(cells, state_is_tuple=True)
    state = cell.zero_state(batch, tf.float32)
    with tf.variable_scope("rnnlm"):
        softmax_w = tf.get_variable("softmax_w", [size, vocabulary])
        softmax_b = tf.get_variable("softmax_b", [vocabulary])
        embedding = tf.get_variable("embedding", [vocabulary, size])
        embedded = tf.nn.embedding_lookup(embedding, inputs)
    outputs = []
    with tf.variable_scope("decoder"):
        for step in range(steps):
            if step > 0:
                tf.get_variable_scope().reuse_variables()
            output, state = cell(embedded[:, step, :], state)
            outputs.append(output)
    output = tf.reshape(tf.concat(outputs, 1), [-1, size])
    logits = tf.matmul(output, softmax_w) + softmax_b
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(targets, [-1]), logits=logits
    )
    cost = tf.reduce_sum(loss) / batch / steps
    lr = tf.Variable(0.0, trainable=False, name="learning_rate")
    tvars = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(cost, tvars), 5.0)
    optimizer = tf.train.AdamOptimizer(lr)
    return optimizer.apply_gradients(zip(grads, tvars))
