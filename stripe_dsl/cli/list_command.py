"""``stripec list``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import fail, need_simulator


def run(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Packages, or folders of packages.", show_default=False)
    ] = None,
) -> None:
    """Lists the tasks of compiled packages: by default those in $STRIPE_TASKS, or else in ./generated."""
    from stripe_dsl.runtime.list import list_tasks

    missing = [folder for folder in folders or () if not folder.is_dir()]
    for folder in missing:
        fail(f"there is no folder `{folder}`")
    if missing:
        raise typer.Exit(1)
    need_simulator()
    tasks, problems = list_tasks(folders or None)
    names = max((len(task.task_id) for task in tasks), default=0)
    backends = max((len(", ".join(task.backends)) for task in tasks), default=0)
    for task in tasks:
        typer.echo(f"{task.task_id:<{names}}  {', '.join(task.backends):<{backends}}  {task.summary}")
    for problem in problems:
        fail(problem.message, *problem.help)
    if problems:
        raise typer.Exit(1)
    if not tasks:
        typer.echo("no compiled tasks here; `stripec compile file.stripe` makes some")
