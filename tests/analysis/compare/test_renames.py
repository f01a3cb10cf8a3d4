"""Variables that have another name in the other model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.analysis.compare.renames import Renames, Rule, find_renames
from scopecli.model.variable import Checksum, StoredAt, Variable
from tests.analysis.models import var

if TYPE_CHECKING:
    from collections.abc import Iterable

Shape = tuple[int | None, ...]


def named(*variables: Variable | str) -> dict[str, Variable]:
    made = [var(v) if isinstance(v, str) else v for v in variables]
    return {variable.name: variable for variable in made}


def summed(name: str, crc: int, shape: Shape = (2, 3)) -> Variable:
    return var(name, shape, storage=StoredAt("data", 0, 24, Checksum("crc32c-masked", crc)))


def network(*layers: str, leaves: Iterable[str] = ("kernel", "bias")) -> dict[str, Variable]:
    """Layers of one shape each, with a bias that is as wide."""
    shapes: dict[str, Shape] = {}
    for number, layer in enumerate(layers):
        for leaf in leaves:
            width = 8 + number
            shapes[f"{layer}/{leaf}"] = (width,) if leaf == "bias" else (4, width)
    return {name: var(name, shape) for name, shape in shapes.items()}


def moved(found: Renames) -> dict[str, str]:
    return {pair.old: pair.new for pair in found.pairs}


def test_nothing_is_looked_for_where_every_name_has_a_partner() -> None:
    assert find_renames(named("a", "b"), named("a", "b", "c")) == Renames()


def test_a_scope_that_moved_is_one_rule() -> None:
    old = network("encoder/a", "encoder/b")
    new = {f"bert/{name}": var(f"bert/{name}", v.shape) for name, v in old.items()}
    found = find_renames(old, new)
    assert found.rules == (Rule("*", "bert/*", 4),)
    assert moved(found) == {name: f"bert/{name}" for name in old}
    assert {pair.by for pair in found.pairs} == {"rule"}


def test_a_rule_says_no_more_than_is_true() -> None:
    old = network("encoder/a", "encoder/b", "decoder/a")
    new = {
        (f"bert/{name}" if name.startswith("encoder/") else name): variable
        for name, variable in old.items()
    }
    assert find_renames(old, new).rules == (Rule("encoder/*", "bert/encoder/*", 4),)


def test_a_wrapper_that_is_gone() -> None:
    old = {f"module.{n}.weight": var(f"module.{n}.weight", (n, 2)) for n in range(3)}
    new = {name.removeprefix("module."): v for name, v in old.items()}
    assert find_renames(old, new, (".", ".")).rules == (Rule("module.*", "*", 3),)


def test_a_leaf_that_has_another_name() -> None:
    old, new = network("a", "b", leaves=["kernel"]), network("a", "b", leaves=["weights"])
    assert find_renames(old, new).rules == (Rule("*/kernel", "*/weights", 2),)


def test_a_part_in_the_middle_takes_slots_along() -> None:
    old = network("a", "b", "c", leaves=["kernel", "kernel/Adam"])
    new = {name.replace("kernel", "weights"): v for name, v in old.items()}
    found = find_renames(old, new)
    assert found.rules == (Rule("kernel", "weights", 6),)
    assert moved(found) == {name: name.replace("kernel", "weights") for name in old}


def test_prefix_and_suffix_at_once() -> None:
    old, new = named(*_sized("net/{}/w")), named(*_sized("top/inner/{}/weights"))
    assert find_renames(old, new).rules == (Rule("net/*/w", "top/inner/*/weights", 3),)


def _sized(pattern: str) -> list[Variable]:
    return [var(pattern.format(name), (len(name), 2)) for name in ("a", "bb", "ccc")]


def test_two_rules_the_larger_one_first() -> None:
    old = network("left/a", "right/a", "right/b")
    new = {
        name.replace("left", "l").replace("right", "r"): variable for name, variable in old.items()
    }
    assert find_renames(old, new).rules == (Rule("right/*", "r/*", 4), Rule("left/*", "l/*", 2))


def test_equal_checksums_pair_what_names_would_not() -> None:
    found = find_renames(named(summed("one", 11)), named(summed("zwei", 11), summed("drei", 12)))
    assert [(pair.old, pair.new, pair.by) for pair in found.pairs] == [("one", "zwei", "checksum")]


def test_checksums_decide_what_a_rule_could_not() -> None:
    """Two layers of one shape, swapped on the way: names say nothing, contents do."""
    old = named(summed("d1/w", 1), summed("d1/b", 2), summed("d2/w", 3), summed("d2/b", 4))
    new = named(summed("x/w", 3), summed("x/b", 4), summed("y/w", 1), summed("y/b", 2))
    found = find_renames(old, new)
    assert moved(found) == {"d1/w": "y/w", "d1/b": "y/b", "d2/w": "x/w", "d2/b": "x/b"}
    assert {pair.by for pair in found.pairs} == {"checksum"}
    assert found.ambiguous == ()


def test_contents_that_are_there_twice_pair_nothing() -> None:
    """Two biases of zeros are equal, and that means nothing."""
    old = named(summed("a/one", 5), summed("kept", 5))
    new = named(summed("b/zwei", 5), summed("kept", 5))
    assert find_renames(old, new).pairs == ()


def test_a_rule_and_checksums_agree() -> None:
    old = named(summed("a/w", 1), summed("a/b", 9), summed("a/c", 9))
    new = named(summed("z/w", 1), summed("z/b", 9), summed("z/c", 9))
    found = find_renames(old, new)
    assert [(pair.old, pair.new, pair.by) for pair in found.pairs] == [
        ("a/b", "z/b", "rule"),
        ("a/c", "z/c", "rule"),
        ("a/w", "z/w", "checksum"),
    ]
    assert found.rules == (Rule("a/*", "z/*", 3),)


def test_ambiguity_is_said_and_not_decided() -> None:
    old = named("left/w", "left/b")
    new = named("qqq/w", "qqq/b", "zzz/w", "zzz/b")
    found = find_renames(old, new)
    assert found.pairs == ()
    (case,) = found.ambiguous
    assert set(case.old) == {"left/w", "left/b"}
    assert set(case.new) == {"qqq/w", "qqq/b", "zzz/w", "zzz/b"}


def test_similar_names_pair_what_is_left() -> None:
    (pair,) = find_renames(named("output_layer"), named("output_layers")).pairs
    assert (pair.new, pair.by) == ("output_layers", "name")
    assert pair.similarity == pytest.approx(0.96, abs=0.01)


def test_names_that_are_not_similar_pair_nothing() -> None:
    found = find_renames(named("abc"), named("xyz"))
    assert (found.pairs, found.ambiguous) == ((), ())


def test_equally_similar_names_are_ambiguous() -> None:
    (case,) = find_renames(named("head"), named("head_1", "head_2")).ambiguous
    assert (case.old, set(case.new)) == (("head",), {"head_1", "head_2"})


def test_a_clear_pair_comes_before_an_ambiguous_one() -> None:
    """`head_l` is as near to one new name as to the other, of which `heads_left` takes one."""
    found = find_renames(named("head_l", "heads_left"), named("head_left", "head_r"))
    assert moved(found) == {"heads_left": "head_left"}
    assert [(case.old, case.new) for case in found.ambiguous] == [(("head_l",), ("head_r",))]


@given(*[st.sets(st.text("ab_", min_size=6, max_size=8), min_size=1, max_size=6)] * 2)
def test_no_name_has_two_partners(old: set[str], new: set[str]) -> None:
    found = find_renames(named(*sorted(old)), named(*sorted(new)))
    assert len(moved(found)) == len({pair.new for pair in found.pairs}) == len(found.pairs)


def test_another_shape_is_another_variable() -> None:
    assert find_renames(named(var("head", (2,))), named(var("heads", (3,)))).pairs == ()


def test_a_slot_is_not_its_variable() -> None:
    """Where both files tell which is which."""
    old = named(var("a/w", kind="slot"), var("b/w", kind="slot"))
    new = named("x/a/w", "x/b/w", var("other", (9,), kind="slot"))
    assert find_renames(old, new).pairs == ()
    assert len(find_renames(old, named("x/a/w", "x/b/w")).pairs) == 2


def test_numbered_layers_of_tensorflow_are_parts_of_pytorch() -> None:
    """`layer_1` and `layer.1`, of a dozen that have equal shapes, as BERT's."""
    layers = [f"encoder/layer_{n}/{leaf}" for n in range(12) for leaf in ("kernel", "bias")]
    old = named(*(var(name, (4, 4) if name.endswith("kernel") else (4,)) for name in layers))
    words = {"layer_": "layer.", "/": ".", "kernel": "weight"}
    moves = dict(zip(layers, layers, strict=True))
    for word, other in words.items():
        moves = {name: new.replace(word, other) for name, new in moves.items()}
    new = {moves[name]: v._replace(key=moves[name], name=moves[name]) for name, v in old.items()}
    found = find_renames(old, new, ("/", "."))
    assert moved(found) == moves
    assert found.rules == (Rule("*", "*", 24),)
    found = find_renames({**old, **named(var("head/w", (7,)))}, new, ("/", "."))
    assert found.rules == (Rule("encoder/layer_*", "encoder.layer.*", 24),)


def test_transposed_weights_follow_a_rule() -> None:
    old = named(var("a/w", (3, 3, 2, 4)), var("b/w", (8, 4)))
    new = named(var("m.a.w", (4, 2, 3, 3)), var("m.b.w", (4, 8)))
    assert find_renames(old, new, ("/", ".")).rules == (Rule("*", "m.*", 2),)


def test_the_words_of_two_frameworks() -> None:
    old = named(var("net/a/kernel", (8, 4)), var("net/b/gamma", (4,)), var("net/b/beta", (4,)))
    new = named(var("a.weight", (4, 8)), var("b.weight", (4,)), var("b.bias", (4,)))
    found = find_renames(old, new, ("/", "."))
    assert found.rules == (Rule("net/*", "*", 3),)
    assert found.words == (("beta", "bias"), ("gamma", "weight"), ("kernel", "weight"))
    assert moved(found)["net/b/gamma"] == "b.weight"


def test_many_names_that_nothing_explains_are_not_compared_one_by_one() -> None:
    old = named(*(f"{n:03d}" for n in range(200)))
    new = named(*(f"x{n:03d}y" for n in range(200, 400)))
    assert find_renames(old, new).not_compared == 200 * 200


@given(
    st.sets(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=3).map("/".join),
        min_size=2,
        max_size=12,
    ),
    st.sampled_from(["top", "x/y", "e"]),
)
def test_a_common_prefix_is_always_found(names: set[str], prefix: str) -> None:
    old = named(*(var(name, (n + 1,)) for n, name in enumerate(sorted(names))))
    new = {f"{prefix}/{name}": variable for name, variable in old.items()}
    assert not old.keys() & new.keys()
    assert moved(find_renames(old, new)) == {name: f"{prefix}/{name}" for name in names}
