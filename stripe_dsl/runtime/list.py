"""Listing the tasks of generated packages, with neither a simulator nor torch."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from stripe_dsl.runtime.problem import PackageError, Problem
from stripe_dsl.runtime.register import find_packages, package_backends, register_package, search_roots


@dataclass(frozen=True)
class Task:
    """A registered task.

    Attributes:
        task_id: The gym id.
        package: The folder of the generated package.
        env: The environment class as ``module:Class``.
        env_cfg: The environment's configuration class as ``module:Class``.
        backends: The back ends that it has an environment for, ``torch`` before ``warp``.
        agents: The learning libraries that the package configures, such as ``rsl_rl``.
        summary: The first line of the package's docstring, or an empty string.
    """

    task_id: str
    package: Path
    env: str
    env_cfg: str
    backends: tuple[str, ...]
    agents: tuple[str, ...]
    summary: str


def list_tasks(roots: list[Path] | None = None) -> tuple[list[Task], list[Problem]]:
    """The tasks of the generated packages under ``roots``, in the order of their ids.

    Args:
        roots: Folders that are packages or hold packages; by default those that ``isaaclab train`` would search
            (``STRIPE_TASKS``, else ``generated`` in the working directory).

    Returns:
        The tasks, and one problem for each package that cannot be used.
    """
    tasks: list[Task] = []
    problems: list[Problem] = []
    for package in [found for root in roots or search_roots() for found in find_packages(root)]:
        try:
            task_ids = register_package(package)
        except PackageError as error:
            problems.append(error.problem)
            continue
        docstring = sys.modules[package.resolve().name].__doc__ or ""
        summary = docstring.strip().partition("\n")[0]
        tasks += [_describe(task_id, package, summary) for task_id in task_ids]
    return sorted(tasks, key=lambda task: task.task_id), problems


def _describe(task_id: str, package: Path, summary: str) -> Task:
    from gymnasium.envs.registration import registry

    spec = registry[task_id]
    suffix = "_cfg_entry_point"
    agents = sorted(key.removesuffix(suffix) for key in spec.kwargs if key.endswith(suffix))
    return Task(
        task_id=task_id,
        package=package,
        env=str(spec.entry_point),
        env_cfg=str(spec.kwargs.get("env_cfg_entry_point", "")),
        backends=package_backends(package),
        agents=tuple(agent for agent in agents if agent != "env"),
        summary=summary,
    )
