"""``stripec play``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import BackendChoice, Device, File, Sets, TaskName, compiled, fail, need_simulator

OPTIONS = {"epilog": "Settings of the task follow as env.episode_length_s=10."}


def run(
    file: File,
    overrides: Annotated[list[str] | None, typer.Argument(help="env.…=… and agent.…=…", show_default=False)] = None,
    task: TaskName = None,
    set: Sets = None,
    checkpoint: Annotated[
        str, typer.Option(help="latest, best, a checkpoint, or the folder of a run or of runs.")
    ] = "latest",
    envs: Annotated[int | None, typer.Option(help="Environments.", min=1, show_default=False)] = None,
    episodes: Annotated[int | None, typer.Option(help="Episodes.", min=1, show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed.", min=0, show_default=False)] = None,
    device: Device = None,
    backend: BackendChoice = None,
    physics: Annotated[str | None, typer.Option(help="Physics preset.", show_default=False)] = None,
    video: Annotated[
        Path | None, typer.Option(help="A video of the first environment: *.gif, *.webp or *.png.", show_default=False)
    ] = None,
    student: Annotated[bool, typer.Option("--student", help="Play the student.")] = False,
    export: Annotated[bool, typer.Option(help="Write policy.pt and policy.onnx beside the checkpoint.")] = True,
    logs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("logs"),
) -> None:
    """Runs a trained policy and reports its reward, episode length and terms."""
    from stripe_dsl.runtime.play import PlayRequest, play

    package = compiled(file, task, set, backend)
    need_simulator()
    result = play(
        PlayRequest(
            package=package,
            checkpoint=checkpoint,
            device=device,
            backend=backend,
            num_envs=envs,
            episodes=episodes,
            seed=seed,
            overrides=overrides or [],
            log_root=logs,
            physics=physics,
            video=video,
            student=student,
            export=export,
            tune_command=f"stripec tune {file}" + (f" --task {task}" if task else ""),
        )
    )
    for problem in result.problems:
        fail(problem.message, *problem.help)
    if result.status in ("failed", "invalid"):
        raise typer.Exit(1)
