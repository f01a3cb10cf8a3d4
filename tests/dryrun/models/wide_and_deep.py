"""A wide linear part and a deep part over partitioned embeddings."""

import tensorflow as tf

COLUMNS = (("user", 1000, 16), ("item", 500, 8), ("city", 7, 4))


def build(hidden=(32, 16)):
    dense = tf.placeholder(tf.float32, [None, 13], name="dense")
    label = tf.placeholder(tf.float32, [None, 1], name="label")
    ids = {name: tf.placeholder(tf.int64, [None], name=name) for name, _, _ in COLUMNS}
    partitioner = tf.min_max_variable_partitioner(max_partitions=3, min_slice_size=4 << 10)
    with tf.variable_scope("deep"):
        with tf.variable_scope("input_layer", partitioner=partitioner):
            embedded = []
            for name, size, dimension in COLUMNS:
                with tf.variable_scope(name + "_embedding"):
                    table = tf.get_variable(
                        "embedding_weights",
                        [size, dimension],
                        initializer=tf.truncated_normal_initializer(stddev=0.1),
                    )
                    embedded.append(tf.nn.embedding_lookup(table, ids[name], "div"))
        net = tf.concat([dense] + embedded, 1)
        for number, units in enumerate(hidden):
            with tf.variable_scope("hiddenlayer_%d" % number, values=[net]):
                net = tf.layers.dense(net, units, activation=tf.nn.relu, name="dense")
        deep = tf.layers.dense(net, 1, name="logits")
    with tf.variable_scope("wide", partitioner=tf.fixed_size_partitioner(2)):
        wide = []
        for name, size, _ in COLUMNS:
            weights = tf.get_variable(name, [size, 1], initializer=tf.zeros_initializer())
            wide.append(tf.nn.embedding_lookup(weights, ids[name]))
        bias = tf.get_variable("bias", [1], initializer=tf.zeros_initializer(), partitioner=None)
        wide = tf.add_n(wide) + tf.convert_to_tensor(bias)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=deep + wide))
    step = tf.train.get_or_create_global_step()
    train_deep = tf.train.AdagradOptimizer(0.05).minimize(
        loss, var_list=tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, "deep")
    )
    train_wide = tf.train.FtrlOptimizer(0.1).minimize(
        loss, var_list=tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, "wide")
    )
    with tf.control_dependencies([train_deep, train_wide]):
        return tf.assign_add(step, 1)
