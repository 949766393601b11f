"""``stripec check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import Format, Sets, TaskName, failed, settings, show


def run(
    files: Annotated[list[Path], typer.Argument(help="Files to check.", show_default=False)],
    task: TaskName = None,
    set: Sets = None,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.text,
) -> None:
    """Reports every mistake in the files; exits with 1 where there is an error."""
    from stripe_dsl.diagnostics import sort_diagnostics
    from stripe_dsl.pipeline import check_file

    given = settings(set)
    found = sort_diagnostics(item for file in files for item in check_file(file, task=task, settings=given).diagnostics)
    show(found, format)
    if failed(found):
        raise typer.Exit(1)
    if format is Format.text:
        typer.echo(f"{len(files)} file{'s' if len(files) != 1 else ''} checked, no errors")
