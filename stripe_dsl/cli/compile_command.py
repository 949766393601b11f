"""``stripec compile``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import Backend, File, Sets, TaskName, settings
from stripe_dsl.cli.report import failed, show
from stripe_dsl.cli.working import working


class Backends(StrEnum):
    """The environments that a package gets."""

    torch = "torch"
    warp = "warp"
    both = "both"


def run(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder that gets the packages.")] = Path("generated"),
    task: TaskName = None,
    set: Sets = None,
    backend: Annotated[
        Backends | None,
        typer.Option(help="The environments in the package; both where the task allows it.", show_default=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if something would change.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that were edited by hand.")] = False,
) -> None:
    """Writes one Python package for each task of the file."""
    from stripe_dsl.emit.output import changes, write
    from stripe_dsl.pipeline import compile_file

    backends = None if backend is None else tuple(Backend) if backend is Backends.both else (Backend(backend),)
    with working(f"compiling {file.name}"):
        packages, diagnostics = compile_file(
            file, out, task=task, settings=settings(set), backends=backends, bake=not check
        )
    show(diagnostics)
    if failed(diagnostics):
        raise typer.Exit(1)
    found = {package.folder: changes(package) for package in packages}
    if check:
        for folder, paths in found.items():
            for path in paths:
                typer.echo(f"would change {folder / path}")
        if any(found.values()):
            raise typer.Exit(1)
        typer.echo("up to date")
        return
    problems = write(*packages, force=force)
    show(problems)
    if problems:
        raise typer.Exit(1)
    for folder, paths in found.items():
        what = f"{len(paths)} file{'s' if len(paths) != 1 else ''} written" if paths else "up to date"
        typer.echo(f"{folder}: {what}")
