"""Two towers with one set of weights."""

import tensorflow as tf


class Siamese:
    def __init__(self, margin=5.0):
        self.x1 = tf.placeholder(tf.float32, [None, 784])
        self.x2 = tf.placeholder(tf.float32, [None, 784])
        self.y = tf.placeholder(tf.float32, [None])
        with tf.variable_scope("siamese") as scope:
            self.o1 = self.network(self.x1)
            scope.reuse_variables()
            self.o2 = self.network(self.x2)
        self.loss = self.contrastive(margin)

    def network(self, x):
        x = tf.nn.relu(self.fc_layer(x, 256, "fc1"))
        x = tf.nn.relu(self.fc_layer(x, 256, "fc2"))
        return self.fc_layer(x, 2, "fc3")

    def fc_layer(self, bottom, n_weight, name):
        n_prev_weight = bottom.get_shape()[1]
        initer = tf.truncated_normal_initializer(stddev=0.01)
        w = tf.get_variable(
            name + "W", dtype=tf.float32, shape=[n_prev_weight, n_weight], initializer=initer
        )
        b = tf.get_variable(
            name + "b",
            dtype=tf.float32,
            initializer=tf.constant(0.01, shape=[n_weight], dtype=tf.float32),
        )
        return tf.nn.bias_add(tf.matmul(bottom, w), b)

    def contrastive(self, margin):
        same = self.y
        different = tf.subtract(1.0, self.y, name="1-yi")
        distance2 = tf.reduce_sum(tf.pow(tf.subtract(self.o1, self.o2), 2), 1)
        distance = tf.sqrt(distance2 + 1e-6, name="distance")
        pos = tf.multiply(same, distance2, name="yi_x_distance2")
        gap = tf.maximum(tf.subtract(tf.constant(margin), distance), 0)
        neg = tf.multiply(different, tf.pow(gap, 2), name="Nyi_x_C-distance_2")
        return tf.reduce_mean(tf.add(pos, neg, name="losses"), name="loss")


def build():
    net = Siamese()
    return tf.train.GradientDescentOptimizer(0.01).minimize(net.loss)
