"""The networks of `tf1_gan`, and two mistakes that are easily made with them."""

import tensorflow as tf


def dense(inputs, units, scope):
    with tf.variable_scope(scope):
        initializer = tf.random_normal_initializer(stddev=0.2)
        weights = tf.get_variable("w", [inputs.shape[-1], units], initializer=initializer)
        bias = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
        return tf.nn.bias_add(tf.matmul(inputs, weights), bias)


def generator(noise, layers=3, reuse=False):
    with tf.variable_scope("generator", reuse=reuse):
        hidden = noise
        for number in range(layers):
            hidden = tf.nn.relu(dense(hidden, 6, f"h{number}"))
        return tf.tanh(dense(hidden, 8, "out"))


def discriminator(images, reuse=False):
    with tf.variable_scope("discriminator", reuse=reuse):
        hidden = tf.nn.relu(dense(images, 6, "h0"))
        return dense(hidden, 1, "out")


def train(layers=3):
    noise = tf.placeholder(tf.float32, [4, 6], name="z")
    images = tf.placeholder(tf.float32, [4, 8], name="real_images")
    real = discriminator(images)
    fake = discriminator(generator(noise, layers), reuse=True)
    d_loss = tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))
    g_loss = tf.reduce_mean(tf.nn.softplus(-fake))
    step = tf.train.get_or_create_global_step()
    d_vars = tf.trainable_variables("discriminator")
    g_vars = tf.trainable_variables("generator")
    d_train = tf.train.AdamOptimizer().minimize(d_loss, var_list=d_vars)
    g_train = tf.train.AdamOptimizer().minimize(g_loss, var_list=g_vars, global_step=step)
    return tf.group(d_train, g_train)


def deeper():
    """A generator with a layer more than the checkpoint has."""
    return train(layers=4)


def forgotten():
    """The discriminator of the fakes is not told to reuse that of the images."""
    noise = tf.placeholder(tf.float32, [4, 6], name="z")
    images = tf.placeholder(tf.float32, [4, 8], name="real_images")
    real = discriminator(images)
    fake = discriminator(generator(noise))
    return real, fake
