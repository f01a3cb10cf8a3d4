"""A residual network with slim and arg scopes."""

import tensorflow as tf
from tensorflow.contrib import slim

BLOCKS = {14: (1, 1, 1, 1), 26: (2, 2, 2, 2), 50: (3, 4, 6, 3)}


def resnet_arg_scope(weight_decay=1e-4, is_training=True):
    batch_norm_params = {"decay": 0.997, "epsilon": 1e-5, "scale": True, "is_training": is_training}
    with (
        slim.arg_scope(
            [slim.conv2d],
            weights_regularizer=slim.l2_regularizer(weight_decay),
            weights_initializer=slim.variance_scaling_initializer(),
            activation_fn=tf.nn.relu,
            normalizer_fn=slim.batch_norm,
            normalizer_params=batch_norm_params,
        ),
        slim.arg_scope([slim.batch_norm], **batch_norm_params),
    ):
        with slim.arg_scope([slim.max_pool2d], padding="SAME") as arg_sc:
            return arg_sc


def bottleneck(inputs, depth, depth_bottleneck, stride, scope=None):
    with tf.variable_scope(scope, "bottleneck", [inputs]):
        if depth == inputs.get_shape()[-1].value:
            shortcut = inputs if stride == 1 else slim.max_pool2d(inputs, [1, 1], stride=stride)
        else:
            shortcut = slim.conv2d(
                inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut"
            )
        residual = slim.conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = slim.conv2d(residual, depth_bottleneck, 3, stride=stride, scope="conv2")
        residual = slim.conv2d(residual, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        return tf.nn.relu(shortcut + residual)


def resnet(inputs, layers, num_classes, reuse=None, scope="resnet_v1"):
    with tf.variable_scope(scope, "resnet_v1", [inputs], reuse=reuse):
        net = slim.conv2d(inputs, 64, 7, stride=2, scope="conv1")
        net = slim.max_pool2d(net, [3, 3], stride=2, scope="pool1")
        for number, units in enumerate(BLOCKS[layers]):
            with tf.variable_scope("block%d" % (number + 1), values=[net]):
                base = 64 * 2**number
                for unit in range(units):
                    with tf.variable_scope("unit_%d" % (unit + 1), values=[net]):
                        stride = 2 if unit == 0 and number else 1
                        net = bottleneck(net, base * 4, base, stride, scope="bottleneck_v1")
        net = tf.reduce_mean(net, [1, 2], name="pool5", keepdims=True)
        net = slim.conv2d(
            net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="logits"
        )
        return tf.squeeze(net, [1, 2], name="SpatialSqueeze")


def forward(layers=50, num_classes=1000):
    images = tf.placeholder(tf.float32, [None, 224, 224, 3], name="images")
    with slim.arg_scope(resnet_arg_scope()):
        return resnet(images, layers, num_classes)


def build(layers=26, num_classes=10):
    images = tf.placeholder(tf.float32, [None, 64, 64, 3], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    with slim.arg_scope(resnet_arg_scope()):
        logits = resnet(images, layers, num_classes)
    tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
    total_loss = tf.losses.get_total_loss()
    global_step = tf.train.get_or_create_global_step()
    learning_rate = tf.train.exponential_decay(0.1, global_step, 1000, 0.94, staircase=True)
    optimizer = tf.train.MomentumOptimizer(learning_rate, 0.9)
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(update_ops):
        return optimizer.minimize(total_loss, global_step=global_step)
