"""``stripec tune``."""

from __future__ import annotations

from typing import Annotated

import typer

from stripe_dsl.cli.common import Device, File, Sets, TaskName, compiled, fail, need_simulator

OPTIONS = {"epilog": "Settings of the task follow as env.episode_length_s=10."}


def run(
    file: File,
    overrides: Annotated[list[str] | None, typer.Argument(help="env.…=… and agent.…=…", show_default=False)] = None,
    task: TaskName = None,
    set: Sets = None,
    envs: Annotated[int | None, typer.Option(help="Environments.", min=1, show_default=False)] = None,
    steps: Annotated[int, typer.Option(help="Control steps.", min=1)] = 1000,
    seed: Annotated[int | None, typer.Option(help="Seed.", min=0, show_default=False)] = None,
    device: Device = None,
    physics: Annotated[str | None, typer.Option(help="Physics preset.", show_default=False)] = None,
) -> None:
    """Measures how many contacts and constraint rows a task needs, and proposes the keys of its sim block."""
    from stripe_dsl.runtime.tune import TuneRequest, tune

    package = compiled(file, task, set)
    need_simulator()
    result = tune(
        TuneRequest(
            package=package,
            device=device,
            num_envs=envs,
            steps=steps,
            seed=seed,
            overrides=overrides or [],
            physics=physics,
        )
    )
    for problem in result.problems:
        fail(problem.message, *problem.help)
    if result.status in ("failed", "invalid"):
        raise typer.Exit(1)
