"""A Click group that imports a command's module only when that command runs."""

from __future__ import annotations

from importlib import import_module

import click

# Name and summary of each command; its module in this package has the same name.
COMMANDS = {
    "tree": "Show the scope tree of a saved model.",
    "list": "List variables, one a line.",
    "info": "Summarize a file: format, versions, sizes, counts.",
    "collections": "Show the collections of a graph or model.",
    "reuse": "Show which scopes were entered again, and what they share.",
    "diff": "Show what changed between two saved models.",
    "rename": "Rename variables and scopes in a checkpoint, graph or model.",
    "show": "Show all that is known of a variable, and its values.",
    "stats": "Show statistics of values by scope.",
    "validate": "Check saved models with lint rules, for CI; also called lint.",
    "rules": "Show the rules of validate.",
    "dryrun": "Show which variables a TensorFlow 1 program would create.",
}

ALIASES = {"lint": "validate"}


class LazyGroup(click.Group):
    """The commands of `COMMANDS`; the program's help page imports none of them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`help COMMAND` is `COMMAND --help`, as it is of git."""
        if args[:1] == ["help"]:
            args = [*args[1:2], "--help"]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or say which name is nearest."""
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:
            from scopecli.cli.mistakes import no_such_command

            raise click.UsageError(no_such_command(cmd_name, COMMANDS), ctx)
        command = import_module(f"scopecli.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - the table is ours
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands in help, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
