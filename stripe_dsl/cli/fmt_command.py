"""``stripec fmt``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import replace_text, source_of
from stripe_dsl.cli.report import failed, show


def run(
    files: Annotated[list[Path], typer.Argument(help="Files to format.", show_default=False)],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if something would change.")
    ] = False,
) -> None:
    """Formats .stripe files in place. A file with syntax errors is left as it is."""
    from stripe_dsl.syntax.format import format_source
    from stripe_dsl.syntax.parser import parse_file

    wrong = False
    for file in files:
        source = source_of(file)
        if source is None:
            wrong = True
            continue
        _, diagnostics = parse_file(source)
        if failed(diagnostics):
            show(diagnostics)
            wrong = True
            continue
        text = format_source(source.text)
        if text == source.text:
            continue
        if check:
            wrong = True
            typer.echo(f"would format {file}")
        elif replace_text(file, text):
            typer.echo(f"formatted {file}")
        else:
            wrong = True
    if wrong:
        raise typer.Exit(1)
