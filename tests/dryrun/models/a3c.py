"""An actor-critic with one network for all and a copy for each worker."""

import tensorflow as tf


class Network:
    def __init__(self, scope, state_size=4, actions=3, trainer=None):
        with tf.variable_scope(scope):
            self.inputs = tf.placeholder(tf.float32, [None, state_size], name="inputs")
            hidden = tf.layers.dense(self.inputs, 32, tf.nn.elu, name="hidden")
            cell = tf.nn.rnn_cell.BasicLSTMCell(16, state_is_tuple=True)
            c = tf.placeholder(tf.float32, [1, cell.state_size.c], name="c")
            h = tf.placeholder(tf.float32, [1, cell.state_size.h], name="h")
            state = tf.nn.rnn_cell.LSTMStateTuple(c, h)
            self.output, self.state = cell(hidden[:1], state)
            self.policy = tf.layers.dense(self.output, actions, tf.nn.softmax, name="policy")
            self.value = tf.layers.dense(self.output, 1, name="value")
            if scope != "global":
                self.train(scope, actions, trainer)

    def train(self, scope, actions, trainer):
        taken = tf.placeholder(tf.int32, [None], name="actions")
        target = tf.placeholder(tf.float32, [None], name="target_v")
        advantages = tf.placeholder(tf.float32, [None], name="advantages")
        onehot = tf.one_hot(taken, actions, dtype=tf.float32)
        responsible = tf.reduce_sum(self.policy * onehot, [1])
        value_loss = 0.5 * tf.reduce_sum(tf.square(target - tf.reshape(self.value, [-1])))
        entropy = -tf.reduce_sum(self.policy * tf.log(self.policy))
        policy_loss = -tf.reduce_sum(tf.log(responsible) * advantages)
        loss = 0.5 * value_loss + policy_loss - entropy * 0.01
        local_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope)
        gradients = tf.gradients(loss, local_vars)
        grads, _ = tf.clip_by_global_norm(gradients, 40.0)
        global_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, "global")
        self.apply_grads = trainer.apply_gradients(zip(grads, global_vars))
        pairs = zip(global_vars, local_vars)
        self.sync = tf.group(*[local.assign(shared) for shared, local in pairs])


def build(workers=3):
    tf.Variable(0, dtype=tf.int32, name="global_episodes", trainable=False)
    trainer = tf.train.RMSPropOptimizer(learning_rate=1e-4)
    Network("global")
    return [Network("worker_%d" % i, trainer=trainer).apply_grads for i in range(workers)]
