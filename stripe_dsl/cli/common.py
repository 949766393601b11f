"""What the commands share: their arguments, reading ``--set``, compiling for a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.report import failed, show

File = Annotated[Path, typer.Argument(help="A .stripe or .stripe.yaml file.", show_default=False)]
TaskName = Annotated[str | None, typer.Option("--task", "-t", help="One task of the file.", show_default=False)]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="name=value of a parameter; repeat it.", show_default=False)
]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda or cuda:<n>; the GPU where there is one.", show_default=False)
]


def fail(message: str, *helps: str) -> typer.Exit:
    """Prints a mistake that has no place in a file, and gives the exit to raise."""
    typer.echo(f"error: {message}", err=True)
    for help in helps:
        typer.echo(f"  help: {help}", err=True)
    return typer.Exit(1)


def settings(items: Sequence[str] | None) -> dict[str, str]:
    """``name=value`` pairs of ``--set``."""
    out: dict[str, str] = {}
    for item in items or ():
        name, equals, value = item.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise fail(f"`--set {item}` is not of the form name=value", "as in `--set density=300/ha`")
        out[name.strip()] = value.strip()
    return out


def compiled(file: Path, task: str | None, sets: Sequence[str] | None) -> Path:
    """Compiles one task for a run and gives the folder of its package; an already compiled package is taken as it is.

    Packages of runs stand in ``.stripec`` of the working directory, apart from what ``stripec compile`` writes, and are
    overwritten freely.
    """
    if file.is_dir():
        if sets:
            raise fail("`--set` needs the .stripe file", "a compiled package takes `env.x=…` overrides")
        return file
    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import compile_file

    packages, diagnostics = compile_file(file, Path(".stripec"), task=task, settings=settings(sets))
    if failed(diagnostics):
        show(diagnostics)
        raise typer.Exit(1)
    if len(packages) != 1:
        names = ", ".join(package.folder.name for package in packages)
        raise fail(f"`{file}` defines {len(packages)} tasks ({names})", "choose one with `--task`")
    diagnostics = [*diagnostics, *write(packages[0], force=True)]
    show(diagnostics)
    if failed(diagnostics):
        raise typer.Exit(1)
    return packages[0].folder
