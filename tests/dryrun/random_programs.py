"""Random programs of scopes, variables and operations, the same for the same seed."""

from __future__ import annotations

from random import Random

_NAMES = ("a", "b", "A", "layer", "layer_1", "w", "a/b", "")
_VARIABLES = ("w", "b", "W", "w_1", "x/w")
_REUSE = ("", "", "", ", reuse=True", ", reuse=False", ", reuse=tf.AUTO_REUSE", ", reuse=None")
_OPTIONS = (
    "",
    "",
    "",
    ", initializer=tf.zeros_initializer()",
    ", dtype=tf.float64",
    ", use_resource=True",
    ", regularizer=lambda v: tf.nn.l2_loss(v)",
    ", partitioner=tf.fixed_size_partitioner(2)",
    ", auxiliary_name_scope=False",
)
_ARGUMENTS = (
    "",
    "",
    ", trainable=False",
    ", initializer=tf.ones_initializer()",
    ", dtype=tf.float32",
    ", use_resource=True",
    ", collections=['mine']",
    ", partitioner=tf.fixed_size_partitioner(2)",
    ", regularizer=lambda v: tf.reduce_sum(v)",
)
_OPERATIONS = (
    "tf.constant(1.0, name={name!r})",
    "tf.constant(1.0) + 1.0",
    "tf.zeros([2], name={name!r})",
    "tf.add_n([tf.ones([]), tf.ones([])])",
    "tf.identity(1.0, name={name!r})",
    "tf.no_op()",
    "show(tf.get_variable_scope().name, tf.get_variable_scope().reuse)",
    "show(tf.get_variable_scope().original_name_scope)",
    "show(tf.get_default_graph().get_name_scope())",
)
_DEPTH = 4


def random_program(seed: int) -> str:
    """A program of up to some twenty statements."""
    chance = Random(seed)
    lines = ["scopes = [tf.get_variable_scope()]", "made = []"]
    _block(chance, lines, 0, chance.randint(2, 6))
    lines += ["show([v.name for v in tf.global_variables()])", "show(len(made))"]
    return "\n".join(lines) + "\n"


def _block(chance: Random, lines: list[str], depth: int, count: int) -> None:
    for _ in range(count):
        _statement(chance, lines, depth)


def _statement(chance: Random, lines: list[str], depth: int) -> None:
    pad = "    " * depth
    kind = chance.random()
    if kind < 0.45 and depth < _DEPTH:
        lines.append(pad + _scope(chance))
        lines.append(f"{pad}    scopes.append(tf.get_variable_scope())")
        _block(chance, lines, depth + 1, chance.randint(1, 3))
    elif kind < 0.75:
        lines.append(pad + _variable(chance))
    elif kind < 0.79:
        lines.append(f"{pad}tf.get_variable_scope().reuse_variables()")
    else:
        operation = chance.choice(_OPERATIONS)
        lines.append(pad + operation.format(name=chance.choice(_NAMES[:6])))


def _scope(chance: Random) -> str:
    kind = chance.random()
    name = chance.choice(_NAMES)
    extra = chance.choice(_REUSE) + chance.choice(_OPTIONS)
    if kind < 0.5:
        return f"with tf.variable_scope({name!r}{extra}):"
    if kind < 0.65:
        return f"with tf.variable_scope(scopes[{chance.randint(0, 9)} % len(scopes)]{extra}):"
    if kind < 0.8:
        option = chance.choice(_OPTIONS)
        return f"with tf.variable_scope(None, default_name={name or 'd'!r}{option}):"
    if kind < 0.9:
        return f"with tf.name_scope({chance.choice((*_NAMES, None, 'a/', 'layer/'))!r}):"
    if kind < 0.95:
        index = chance.randint(0, 9)
        return f"with tf.name_scope(scopes[{index} % len(scopes)].original_name_scope):"
    return "with tf.control_dependencies([tf.constant(0)]):"


def _variable(chance: Random) -> str:
    name = chance.choice(_VARIABLES)
    if chance.random() < 0.7:
        shape = chance.choice(("[2]", "[2]", "[2]", "[2, 3]", "[4]", "[]"))
        call = f"tf.get_variable({name!r}, {shape}{chance.choice(_ARGUMENTS)})"
    elif chance.random() < 0.5:
        call = f"tf.Variable([1.0, 2.0], name={name!r})"
    else:
        call = chance.choice(
            (
                "tf.Variable(1.0)",
                "tf.Variable(tf.zeros([2]), trainable=False)",
                "tf.get_local_variable('l', [1])",
                "tf.train.get_or_create_global_step()",
            )
        )
    return f"made.append({call})"
