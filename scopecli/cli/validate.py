"""`scopecli validate`, also called `scopecli lint`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from scopecli.cli.options import (
    ANY_PATH,
    codes_option,
    for_each_path,
    output_options,
    paths_argument,
    survey_options,
)
from scopecli.errors import EXIT_FOUND, EXIT_OK
from scopecli.model.finding import SEVERITIES

if TYPE_CHECKING:
    from scopecli.cli.options import Load
    from scopecli.model.finding import Severity

_EPILOG = """\b
Examples:
  scopecli validate model.ckpt-2000
  scopecli validate --select N,S --fail-on warning 'checkpoints/*.index'
  scopecli validate --format github model.keras
  scopecli validate --format sarif --output scopecli.sarif model.ckpt-2000.meta
  scopecli validate --write-baseline known.json model.h5
  scopecli validate --baseline known.json model.h5

\b
Settings come from scopecli.toml, or [tool.scopecli] in pyproject.toml, in this folder or above:
  select = ["ALL"]
  ignore = ["N104"]
  fail-on = "warning"
  per-path-ignores = { "exports/*" = ["S", "T"] }
"""

# What a report is for whose name ends so; a format that is given is taken at its word.
_SUFFIXES = {".json": "json", ".sarif": "sarif", ".xml": "junit"}
_FORMATS = ("terminal", "concise", "json", "sarif", "github", "gitlab", "junit")


@click.command("validate", epilog=_EPILOG)
@paths_argument
@codes_option("--select", "Only these rules: codes or beginnings of codes, as N1,T; or ALL.")
@codes_option("--ignore", "Leave out these rules.")
@codes_option("--extend-select", "These rules in addition to those of the settings.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="The least severity that ends with exit code 1 (default: error).",
)
@click.option("--values", is_flag=True, help="Read tensors too, for the rules about numbers.")
@click.option("--together", is_flag=True, help="Check, too, whether all PATHs fit into one graph.")
@click.option(
    "--against",
    metavar="REFERENCE",
    type=ANY_PATH,
    help="Check each PATH against this model, or against the `tree --format json` of one.",
)
@output_options(*_FORMATS)
@click.option("-o", "--output", metavar="FILE", type=ANY_PATH, help="Write to a file instead.")
@click.option(
    "--baseline", metavar="FILE", type=ANY_PATH, help="Leave out the findings that FILE knows."
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    type=ANY_PATH,
    help="Record all findings in FILE as known, and end with exit code 0.",
)
@click.option("--exit-zero", is_flag=True, help="End with exit code 0 whatever is found.")
@survey_options
@click.pass_context
def command(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    extend_select: tuple[str, ...],
    fail_on: Severity | None,
    values: bool,
    together: bool,
    against: str | None,
    output_format: str,
    color: str,
    output: str | None,
    baseline: str | None,
    write_baseline: str | None,
    exit_zero: bool,
    survey: Load,
) -> None:
    """Check each PATH with the lint rules, for name collisions, reuse conflicts and broken graphs.

    `scopecli rules` lists the rules. A PATH may be a pattern, as 'runs/*/model.ckpt-*.index'.
    `lint` is the same command. Exit codes: 0 nothing found, 1 findings, 2 it could not be done.
    """
    from scopecli.cli.progress import progress_bar
    from scopecli.render import report_output
    from scopecli.render.reports import Report
    from scopecli.rules import baseline as baselines
    from scopecli.rules import settings
    from scopecli.rules.run import Run, expanded

    wanted = _SUFFIXES.get(os.path.splitext(output or "")[1])
    if wanted and context.get_parameter_source("output_format") is ParameterSource.DEFAULT:
        raise click.UsageError(f"{output} would be text for people: say --format {wanted}", context)
    project = settings.find(".")
    selection = project.selection.changed(select, ignore, extend_select)
    known_in = baseline or project.baseline if write_baseline is None else ""
    known = baselines.read(known_in) if known_in else []
    run = Run(
        survey,
        selection,
        reference=survey(against) if against is not None else None,
        reads_values=values,
        together=[] if together else None,
        progress=progress_bar,
    )
    code = for_each_path(expanded(paths), run.check)
    new = baselines.new(run.findings, known, baselines.folder_of(known_in))
    fewer = len(run.findings) - len(new)
    report = Report(run.paths, new, fewer, fail_on or project.fail_on)
    if write_baseline is not None:
        text = baselines.text_of(run.findings, baselines.folder_of(write_baseline))
        report_output.write_file(write_baseline, [text], run.files)
        report = report._replace(findings=(), known=len(run.findings))
    report_output.write(report, output_format, color, output, run.files)
    found = EXIT_FOUND if report.failed and not exit_zero else EXIT_OK
    context.exit(code or found)
