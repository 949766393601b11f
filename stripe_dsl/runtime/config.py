"""The configuration of a run: the package's cfg objects, with presets and overrides applied."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import Any

from stripe_dsl.runtime.overrides import apply_overrides, check_overrides, closest
from stripe_dsl.runtime.physics import PRESETS, no_preset
from stripe_dsl.runtime.problem import Problem
from stripe_dsl.runtime.register import AGENT

CPU_ENVS = 512
"""Environments on a CPU unless the user says how many: a task made for a GPU asks for thousands, and on a CPU each
iteration would take that much longer without learning more."""


@dataclass
class RunConfig:
    """What a run is made of.

    Attributes:
        env: The environment's configuration (a ``DirectRLEnvCfg``), presets resolved.
        agent: The runner's configuration (an ``RslRlBaseRunnerCfg``).
    """

    env: Any
    agent: Any


def load_config(
    task_id: str,
    agent: str = AGENT,
    *,
    device: str,
    physics: str | None = None,
    num_envs: int | None = None,
    iterations: int | None = None,
    seed: int | None = None,
    overrides: list[str] | None = None,
    play: bool = False,
) -> tuple[RunConfig | None, list[Problem]]:
    """Load the configuration of a registered task; imports Isaac Lab, starts no simulator.

    Args:
        task_id: A registered gym id.
        agent: Entry point of the agent's configuration.
        device: Where to simulate and learn.
        physics: Name of a physics preset of the task, or None for its default.
        num_envs: Number of environments; by default the task's, on a CPU at most :data:`CPU_ENVS`.
        iterations: Number of training iterations, or None for the agent's.
        seed: Seed of the environment and the agent, or None for the agent's.
        overrides: ``env.x.y=value`` and ``agent.z=value``; they win over everything else.
        play: Whether to apply what the configuration changes for playing.

    Returns:
        The configuration, or None and what is wrong with the request.
    """
    from isaaclab_rl.rsl_rl import handle_deprecated_rsl_rl_cfg
    from isaaclab_tasks.utils import resolve_task_config

    selectors, problems = _physics_selector(task_id, physics)
    if problems:
        return None, problems
    env_cfg: Any
    agent_cfg: Any
    env_cfg, agent_cfg = resolve_task_config(task_id, agent, play_mode=play, overrides=selectors)
    env_cfg.sim.device = device
    agent_cfg.device = device
    if num_envs is not None:
        env_cfg.scene.num_envs = num_envs
    elif device == "cpu":
        env_cfg.scene.num_envs = min(env_cfg.scene.num_envs, CPU_ENVS)
    if iterations is not None:
        agent_cfg.max_iterations = iterations
    if seed is not None:
        agent_cfg.seed = seed
    roots = {"env": env_cfg, "agent": agent_cfg}
    assignments, problems = check_overrides(overrides or [], roots)
    if problems:
        return None, problems
    apply_overrides(assignments, roots)
    if not any((assignment.root, assignment.path) == ("env", ("seed",)) for assignment in assignments):
        env_cfg.seed = agent_cfg.seed  # upstream's training does the same, so one seed says it all
    # Drops the fields of older rsl_rl versions, which the installed one would refuse.
    agent_cfg = handle_deprecated_rsl_rl_cfg(agent_cfg, importlib.metadata.version("rsl-rl-lib"))
    return RunConfig(env_cfg, agent_cfg), []


def _physics_selector(task_id: str, physics: str | None) -> tuple[list[str], list[Problem]]:
    if physics is None:
        return [], []
    from isaaclab_tasks.utils.preset_cli import enumerate_task_presets
    from isaaclab_tasks.utils.preset_target import PresetTarget

    presets = enumerate_task_presets(task_id)
    names = presets[PresetTarget.PHYSICS] if presets is not None else []
    if physics in names:
        return [f"physics={physics}"], []
    if names and physics in PRESETS:
        return [], [no_preset(task_id)]
    if not names:
        return [], [Problem(f"the task {task_id} has no physics presets")]
    hints = (*closest(physics, names), f"physics presets of {task_id}: {', '.join(names)}")
    return [], [Problem(f"the task {task_id} has no physics preset {physics!r}", hints)]
