"""A multilayer perceptron with batch normalization that is switched by a placeholder."""

import tensorflow as tf


def dense_batch_relu(x, units, phase, scope):
    with tf.variable_scope(scope):
        h1 = tf.layers.dense(
            x, units, name="dense", use_bias=False, kernel_initializer=tf.initializers.he_normal()
        )
        h2 = tf.layers.batch_normalization(h1, center=True, scale=True, training=phase, name="bn")
        return tf.nn.relu(h2, "relu")


def build():
    x = tf.placeholder(tf.float32, (None, 784), name="x")
    y = tf.placeholder(tf.float32, (None, 10), name="y")
    phase = tf.placeholder(tf.bool, name="phase")
    phase.set_shape([])
    h1 = dense_batch_relu(x, 100, phase, "layer1")
    h2 = dense_batch_relu(h1, 100, phase, "layer2")
    logits = tf.layers.dense(h2, 10, name="logits")
    with tf.name_scope("accuracy"):
        correct = tf.equal(tf.argmax(y, 1), tf.argmax(logits, 1))
        accuracy = tf.reduce_mean(tf.cast(correct, "float32"))
    with tf.name_scope("loss"):
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=y))
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(update_ops):
        train_step = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss)
    averages = tf.train.ExponentialMovingAverage(0.99)
    with tf.control_dependencies([train_step]):
        return averages.apply(tf.trainable_variables()), accuracy
