"""`scopecli rules`."""

from __future__ import annotations

import click

from scopecli.cli.options import completed_by, output_options

_EPILOG = """\b
Examples:
  scopecli rules
  scopecli rules N103
  scopecli rules --format json T | jq '.rules[].why'
"""


@click.command("rules", epilog=_EPILOG)
@click.argument("codes", metavar="[CODE]...", nargs=-1, shell_complete=completed_by("codes"))
@output_options("terminal", "json")
def command(*, codes: tuple[str, ...], output_format: str, color: str) -> None:
    """Show the rules of `validate`: a table of all, or the pages of each CODE.

    A CODE may also be the beginning of codes (N for all rules about names), or a rule's name.
    """
    from scopecli.render import output
    from scopecli.render import rules as pages
    from scopecli.rules import registry
    from scopecli.rules.selection import Selection, parse

    chosen = Selection(select=parse(codes)) if codes else Selection()
    rules = [registry.rule(code) for code in sorted(chosen.codes(""))]
    target = output.detect(color)
    if output_format == "json":
        output.write(pages.document(rules))
    elif codes:
        for rule in rules:
            output.write_lines(pages.page_lines(rule), target)
    else:
        output.write_lines(pages.table_lines(rules), target)
