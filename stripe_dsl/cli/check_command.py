"""``stripec check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import Sets, TaskName, settings
from stripe_dsl.cli.report import Format, check


def run(
    files: Annotated[list[Path], typer.Argument(help="Files to check.", show_default=False)],
    task: TaskName = None,
    set: Sets = None,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.text,
) -> None:
    """Reports every mistake in the files; exits with 1 where there is an error."""
    raise typer.Exit(check(files, task, settings(set), format))
