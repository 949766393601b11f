"""``stripec convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import File, fail, replace_text, source_of
from stripe_dsl.cli.report import failed, show


def run(
    file: File,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; printed where absent.", show_default=False)
    ] = None,
) -> None:
    """Turns a .stripe file into YAML, and a .stripe.yaml file into the language. Comments are lost."""
    from stripe_dsl.spec.modules import YAML_SUFFIXES, read
    from stripe_dsl.spec.write import to_stripe, to_yaml

    yaml = file.name.endswith(YAML_SUFFIXES)
    if out is not None and yaml == out.name.endswith(YAML_SUFFIXES) and not out.is_dir():
        what, suffix = ("the language", ".stripe") if yaml else ("YAML", ".stripe.yaml")
        raise fail(f"`{out}` is no name for {what}", f"name it *{suffix}")
    source = source_of(file)
    if source is None:
        raise typer.Exit(1)
    document, diagnostics = read(source)
    show(diagnostics)
    if failed(diagnostics):
        raise typer.Exit(1)
    text = to_stripe(document) if yaml else to_yaml(document)
    if out is None:
        typer.echo(text, nl=False)
    elif not replace_text(out, text):
        raise typer.Exit(1)
