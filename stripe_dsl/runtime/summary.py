"""What a run prints when it ends."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stripe_dsl.runtime.console import OutputCapture
from stripe_dsl.runtime.problem import Problem, ProblemError
from stripe_dsl.runtime.progress import Display, format_count, format_seconds

if TYPE_CHECKING:
    from stripe_dsl.runtime.play import PlayResult
    from stripe_dsl.runtime.train import TrainRequest, TrainResult


def print_training(console: Console, result: TrainResult, request: TrainRequest) -> None:
    """Print how a training ended, its reward terms and terminations, and what to do next."""
    verb = {"interrupted": "interrupted after", "failed": "stopped after"}.get(result.status, "trained")
    speed = f"{format_count(result.steps_per_second)} steps/s with {result.num_envs} environments on {result.device}"
    console.print(Text(f"{verb} {result.iterations} iterations in {format_seconds(result.seconds)}, {speed}"))
    if result.mean_reward is not None and result.mean_episode_length is not None:
        length = f"{result.mean_episode_length:.1f} of {result.max_episode_length} steps"
        console.print(Text(f"mean reward {result.mean_reward:.3f}, mean episode length {length}"))
    if result.solved:
        full = f"a hundred episodes in a row reached their full length of {result.max_episode_length} steps"
        console.print(Text(f"solved: {full}", style="bold green"))  # the best policy, if not the last
    print_terms(console, result.rewards, result.terminations)
    if result.checkpoint is not None:
        console.print(Text(f"checkpoint  {short_path(result.checkpoint)}"))
    if result.best_checkpoint is not None:
        console.print(Text(f"best policy {short_path(result.best_checkpoint)}"))
    if result.checkpoint is not None:
        command = request.play_command or f"stripec play {short_path(request.package)}"
        command += " --checkpoint best" if result.best_checkpoint is not None else ""
        console.print(Text.assemble("play it with  ", (command, "bold")))


def print_playing(console: Console, result: PlayResult) -> None:
    """Print how a policy did, its reward terms and terminations, and where it was exported to."""
    if result.checkpoint is not None:
        console.print(Text(f"played {short_path(result.checkpoint)} in {result.num_envs} environments"))
    if result.mean_reward is not None and result.mean_episode_length is not None:
        length = f"{result.mean_episode_length:.1f} of {result.max_episode_length} steps"
        console.print(
            Text(f"mean reward {result.mean_reward:.3f}, mean length {length} over {result.episodes} episodes")
        )
    else:
        console.print(Text("no episode ended"))
    print_terms(console, result.rewards, result.terminations)
    if result.exported:
        console.print(Text(f"exported {', '.join(short_path(path) for path in result.exported)}"))
    if result.video is not None:
        console.print(Text(f"video {short_path(result.video)}"))


def print_terms(console: Console, rewards: dict[str, float], terminations: dict[str, float]) -> None:
    """Print the reward terms and the terminations of the last episodes as a table; nothing if none were logged."""
    if not rewards and not terminations:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    if rewards:
        table.add_column("reward per second")
        table.add_column("", justify="right")
    if terminations:
        table.add_column("episodes ended by")
        table.add_column("", justify="right")
    left = [(name, f"{value:.4f}") for name, value in rewards.items()]
    if len(left) > 1:
        left.append(("sum", f"{sum(rewards.values()):.4f}"))
    right = [(name, f"{value:.1%}") for name, value in terminations.items()]
    for row in range(max(len(left), len(right))):
        cells: list[str] = []
        for column, shown in ((left, rewards), (right, terminations)):
            if shown:
                cells += column[row] if row < len(column) else ("", "")
        table.add_row(*cells)
    console.print(table)


def report_failure(error: Exception, display: Display, output: OutputCapture) -> Problem:
    """Turn what a run raised into a problem; show the end of the log if it is not one that explains itself."""
    if isinstance(error, ProblemError):
        return error.problem
    traceback.print_exception(error)  # into the log
    output.keep()
    display.close()
    display.print(Text(f"the end of {short_path(output.path)}:", style="bold"), Text(output.tail(), style="dim"))
    return Problem(f"{type(error).__name__}: {error}", (f"the whole log is {short_path(output.path)}",))


def short_path(path: Path) -> str:
    """The path from the working directory if it is below it, else the whole path."""
    try:
        return str(path.relative_to(os.getcwd()))
    except ValueError:
        return str(path)
