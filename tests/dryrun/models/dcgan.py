"""A deep convolutional GAN: a generator and a discriminator that is called twice."""

import tensorflow as tf


def linear(x, size, name):
    with tf.variable_scope(name):
        w = tf.get_variable(
            "w", [x.get_shape()[-1], size], initializer=tf.random_normal_initializer(stddev=0.02)
        )
        b = tf.get_variable("b", [size], initializer=tf.constant_initializer(0.0))
        return tf.matmul(x, w) + b


def conv2d(x, filters, name):
    with tf.variable_scope(name):
        w = tf.get_variable(
            "w",
            [5, 5, x.get_shape()[-1], filters],
            initializer=tf.truncated_normal_initializer(stddev=0.02),
        )
        b = tf.get_variable("b", [filters], initializer=tf.constant_initializer(0.0))
        return tf.nn.bias_add(tf.nn.conv2d(x, w, strides=[1, 2, 2, 1], padding="SAME"), b)


def deconv2d(x, output_shape, name):
    with tf.variable_scope(name):
        w = tf.get_variable(
            "w",
            [5, 5, output_shape[-1], x.get_shape()[-1]],
            initializer=tf.random_normal_initializer(stddev=0.02),
        )
        h = tf.nn.conv2d_transpose(x, w, output_shape=output_shape, strides=[1, 2, 2, 1])
        b = tf.get_variable("b", [output_shape[-1]], initializer=tf.constant_initializer(0.0))
        return tf.reshape(tf.nn.bias_add(h, b), h.get_shape())


def batch_norm(x, name, train=True):
    return tf.layers.batch_normalization(x, momentum=0.9, training=train, name=name)


def generator(z, batch, train=True, reuse=False):
    with tf.variable_scope("generator", reuse=reuse):
        h = tf.reshape(linear(z, 4 * 4 * 64, "h0_lin"), [batch, 4, 4, 64])
        h = tf.nn.relu(batch_norm(h, "bn0", train))
        h = tf.nn.relu(batch_norm(deconv2d(h, [batch, 8, 8, 32], "h1"), "bn1", train))
        return tf.nn.tanh(deconv2d(h, [batch, 16, 16, 3], "h2"))


def discriminator(image, batch, reuse=False):
    with tf.variable_scope("discriminator") as scope:
        if reuse:
            scope.reuse_variables()
        h = tf.nn.leaky_relu(conv2d(image, 32, "h0_conv"))
        h = tf.nn.leaky_relu(batch_norm(conv2d(h, 64, "h1_conv"), "bn1"))
        logits = linear(tf.reshape(h, [batch, 4 * 4 * 64]), 1, "h2_lin")
        return tf.nn.sigmoid(logits), logits


def build(batch=8):
    z = tf.placeholder(tf.float32, [batch, 100], name="z")
    images = tf.placeholder(tf.float32, [batch, 16, 16, 3], name="real_images")
    fake = generator(z, batch)
    _, real_logits = discriminator(images, batch)
    _, fake_logits = discriminator(fake, batch, reuse=True)
    generator(z, batch, train=False, reuse=True)

    def loss(logits, truth):
        labels = tf.ones_like(logits) if truth else tf.zeros_like(logits)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)
        return tf.reduce_mean(entropy)

    d_loss = loss(real_logits, True) + loss(fake_logits, False)
    g_loss = loss(fake_logits, True)
    d_vars = [v for v in tf.trainable_variables() if "discriminator" in v.name]
    g_vars = [v for v in tf.trainable_variables() if "generator" in v.name]
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        d_optim = tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(d_loss, var_list=d_vars)
        g_optim = tf.train.AdamOptimizer(2e-4, beta1=0.5).minimize(g_loss, var_list=g_vars)
    return d_optim, g_optim
