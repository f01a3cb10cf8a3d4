"""The rules of `rename` on the command line: arguments and options, in the order given.

The first rule that matches wins, so the order of arguments and options among each other matters,
which Click does not tell: it collects the values of each parameter apart. So the command line is
parsed a second time, argument by argument, and the rules that each step finds are put in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scopecli.analysis.rename.rules import Rule

_ARGUMENT = "words"
_VERBATIM = "--"


class RulesCommand(click.Command):
    """A command that gets `rules`, a list of `Rule` in the order of the command line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as any command, then put the rules in order."""
        given = list(args)
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            rules = [
                rule for name, text in self._in_order(ctx, given) for rule in _RULES[name](text)
            ]
            if not rules:
                raise click.UsageError("no rule given: say what to rename, as in old=new", ctx)
            ctx.params["rules"] = rules
        return rest

    def _in_order(self, ctx: click.Context, args: list[str]) -> Iterator[tuple[str, str]]:
        """Parameter and text of each rule; the first argument is the path, not a rule."""
        end = args.index(_VERBATIM) if _VERBATIM in args else len(args)
        rest, verbatim = args[:end], args[end + 1 :]
        parser = self.make_parser(ctx)
        parser.allow_interspersed_args = False
        has_path = False
        while rest:
            # Options up to the next argument, that argument, and all that is behind it.
            values, _, order = parser.parse_args(rest)
            texts = {name: iter(v) for name, v in values.items() if isinstance(v, list)}
            for parameter in order:
                name = parameter.name or ""
                if name in _RULES and name != _ARGUMENT:
                    yield name, next(texts.get(name, iter(())), "")
            argument, behind = values.get("path"), values.get(_ARGUMENT)
            if isinstance(argument, str):
                if has_path:
                    yield _ARGUMENT, argument
                has_path = True
            rest = list(behind) if isinstance(behind, tuple) else []
        for argument in verbatim if has_path else verbatim[1:]:
            yield _ARGUMENT, argument


def rule_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`RULE...` and the options that are rules; the command gets none of them but `rules`."""
    decorators = (
        click.argument(_ARGUMENT, metavar="[OLD=NEW]...", nargs=-1, expose_value=False),
        _option("--regex", "PATTERN=REPL", "Replace what a Python regular expression matches."),
        _option("--strip-prefix", "PREFIX", "Remove this from the beginning of names."),
        _option("--add-prefix", "PREFIX", "Put this before every name."),
        _option("--map", "FILE", "Read old and new names from JSON, CSV or TOML.", "map_file"),
        _option("--drop", "GLOB", "Drop what matches (* crosses scopes)."),
        click.option(
            "--drop-slots",
            is_flag=True,
            expose_value=False,
            help="Drop the state that optimizers keep for each variable.",
        ),
    )
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def _option(
    flag: str, metavar: str, text: str, *name: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        flag, *name, metavar=metavar, multiple=True, expose_value=False, help=f"{text} Repeatable."
    )


def _word(text: str) -> Iterable[Rule]:
    from scopecli.analysis.rename.rules import replacement

    return [replacement(text)]


def _regex(text: str) -> Iterable[Rule]:
    from scopecli.analysis.rename.rules import substitution

    return [substitution(text)]


def _strip(text: str) -> Iterable[Rule]:
    from scopecli.analysis.rename.rules import StripPrefix

    return [StripPrefix(text)]


def _add(text: str) -> Iterable[Rule]:
    from scopecli.analysis.rename.rules import AddPrefix

    return [AddPrefix(text)]


def _map(text: str) -> Iterable[Rule]:
    from scopecli.analysis.rename.rules import Replace
    from scopecli.formats import rename_map

    return [Replace(old, new) for old, new in rename_map.read(text).items()]


def _drop(text: str) -> Iterable[Rule]:
    from scopecli.analysis.rename.rules import Drop

    return [Drop(text)]


def _drop_slots(_text: str) -> Iterable[Rule]:
    from scopecli.analysis.rename.rules import DropSlots

    return [DropSlots()]


_RULES: dict[str, Callable[[str], Iterable[Rule]]] = {
    _ARGUMENT: _word,
    "regex": _regex,
    "strip_prefix": _strip,
    "add_prefix": _add,
    "map_file": _map,
    "drop": _drop,
    "drop_slots": _drop_slots,
}
