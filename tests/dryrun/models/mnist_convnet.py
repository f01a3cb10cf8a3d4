"""A convnet for MNIST, the way the old tutorials had it: variables by hand and name scopes."""

import tensorflow as tf


def weight_variable(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1), name="weight")


def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape), name="bias")


def conv_layer(x, size, channels, filters, name):
    with tf.name_scope(name):
        w = weight_variable([size, size, channels, filters])
        b = bias_variable([filters])
        h = tf.nn.relu(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME") + b)
        tf.summary.histogram("activations", h)
        return tf.nn.max_pool(h, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def build():
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    y_ = tf.placeholder(tf.float32, [None, 10], name="y")
    keep_prob = tf.placeholder(tf.float32, name="keep_prob")
    h = conv_layer(tf.reshape(x, [-1, 28, 28, 1]), 5, 1, 32, "conv1")
    h = conv_layer(h, 5, 32, 64, "conv2")
    with tf.name_scope("fc1"):
        w = weight_variable([7 * 7 * 64, 1024])
        b = bias_variable([1024])
        h = tf.nn.relu(tf.matmul(tf.reshape(h, [-1, 7 * 7 * 64]), w) + b)
    with tf.name_scope("dropout"):
        h = tf.nn.dropout(h, keep_prob)
    with tf.name_scope("fc2"):
        y = tf.matmul(h, weight_variable([1024, 10])) + bias_variable([10])
    with tf.name_scope("loss"):
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y))
    tf.summary.scalar("loss", loss)
    train_step = tf.train.AdamOptimizer(1e-4).minimize(loss)
    correct = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    return train_step, accuracy
