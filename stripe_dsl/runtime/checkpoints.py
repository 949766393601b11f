"""Finding checkpoints in the folders of runs."""

from __future__ import annotations

import re
from pathlib import Path

from stripe_dsl.runtime.problem import Problem

BEST = "best.pt"
"""The policy with the highest mean reward so far. Its name must not match ``model_.*.pt``: upstream's ``latest`` takes
the last name that does, and ``model_best.pt`` sorts behind every number."""
_NUMBERED = re.compile(r"model_(\d+)\.pt")


def last_checkpoint(path: Path) -> Path | None:
    """The checkpoint itself, or the one with the highest number in a run's folder, or in the newest run of a folder of
    runs, whose names are their times; None if there is none."""
    if path.is_file():
        return path
    numbered = {int(match[1]): file for file in path.glob("model_*.pt") if (match := _NUMBERED.fullmatch(file.name))}
    if numbered:
        return numbered[max(numbered)]
    runs = sorted((folder for folder in path.glob("*") if any(folder.glob("model_*.pt"))), reverse=True)
    return next((found for run in runs if (found := last_checkpoint(run)) is not None), None)


def no_checkpoint(path: Path) -> Problem:
    """What to say of a path at which there is none."""
    missing = f"{path} holds no checkpoint" if path.is_dir() else f"there is no checkpoint {path}"
    return Problem(missing, ("a checkpoint is a file, the folder of a run, or a folder of runs: its newest",))


def find_checkpoint(selector: str, log_folder: Path, task_id: str, agent: str) -> Path | Problem:
    """Resolve a selector; needs Isaac Lab, no simulator.

    Args:
        selector: ``latest`` (the last checkpoint of the newest run of the task), ``best`` (that run's policy with the
            highest mean reward, or its last checkpoint if it was too short to have one), or a path to a checkpoint, to
            the folder of a run or to a folder of runs.
        log_folder: The folder that holds the runs of the experiment.
        task_id: The gym id that the run must have trained.
        agent: The entry point of the agent's configuration that it must have been trained with.

    Returns:
        The checkpoint, or what is wrong.
    """
    if selector not in ("latest", "best"):
        path = Path(selector).expanduser()
        found = last_checkpoint(path) if path.exists() else None
        return found if found is not None else no_checkpoint(path)
    from isaaclab_rl.entrypoints.common import resolve_checkpoint_selector

    pattern = r"model_\d+\.pt" if selector == "latest" else rf"model_\d+\.pt|{re.escape(BEST)}"
    try:
        path = resolve_checkpoint_selector(
            str(log_folder),
            selector,
            library="rsl_rl",
            task=task_id,
            checkpoint_pattern=pattern,
            preferred_checkpoint_pattern=re.escape(BEST),
            metadata={"agent": agent},
        )
    except ValueError:
        return Problem(f"no run of {task_id} has a checkpoint in {log_folder}", ("train first: stripec train <file>",))
    return Path(path)
