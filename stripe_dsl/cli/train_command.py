"""``stripec train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import (
    BackendChoice,
    Device,
    File,
    Sets,
    TaskName,
    check_folder,
    compiled,
    fail,
    need_simulator,
)

OPTIONS = {"epilog": "Settings of the task and the agent follow as env.reward.alive=2.0 or agent.seed=7."}


def run(
    file: File,
    overrides: Annotated[list[str] | None, typer.Argument(help="env.…=… and agent.…=…", show_default=False)] = None,
    task: TaskName = None,
    set: Sets = None,
    envs: Annotated[int | None, typer.Option(help="Environments.", min=1, show_default=False)] = None,
    iterations: Annotated[int | None, typer.Option(help="Iterations.", min=1, show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed.", min=0, show_default=False)] = None,
    device: Device = None,
    backend: BackendChoice = None,
    physics: Annotated[
        str | None, typer.Option(help="Physics preset, such as newton_mjwarp.", show_default=False)
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Checkpoint, or folder of a run or of runs.", show_default=False)
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="Train the student, from this trained agent.", show_default=False)
    ] = None,
    logs: Annotated[Path, typer.Option(help="Folder for runs.")] = Path("logs"),
) -> None:
    """Compiles a task and trains it with rsl_rl."""
    from stripe_dsl.runtime.train import TrainRequest, train

    check_folder(logs, "--logs")
    package = compiled(file, task, set, backend)
    need_simulator()
    where = str(file) if task is None else f"{file} --task {task}"
    result = train(
        TrainRequest(
            package=package,
            device=device,
            backend=backend,
            num_envs=envs,
            iterations=iterations,
            seed=seed,
            resume=resume,
            teacher=teacher,
            overrides=overrides or [],
            log_root=logs,
            physics=physics,
            play_command=f"stripec play {where}" + (" --student" if teacher is not None else ""),
            tune_command=f"stripec tune {where}",
        )
    )
    for problem in result.problems:
        fail(problem.message, *problem.help)
    if result.status in ("failed", "invalid"):
        raise typer.Exit(1)
