"""The environments that are compared: generated and Isaac Lab's own, with the torch and the Warp front end.

Everything that could differ beside the environment's own code is made equal: upstream's tasks get the physics settings
of the generated ones, local stand-ins for their remote assets, and the generated agent. Cartpole and ant are written by
hand upstream, as direct environments. The quadruped is upstream's manager-based velocity task with our robot:
``peers/velocity.py`` says what it takes over and what differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Task:
    """A generated task and its counterpart in Isaac Lab.

    Attributes:
        example: Stem of the source file.
        package: Folder in ``generated/``.
        ours: Gym id of the generated task.
        upstream: Gym id of the task of Isaac Lab, or None where ``peers/velocity.py`` makes one.
    """

    example: str
    package: str
    ours: str
    upstream: str | None


TASKS = {
    "cartpole": Task("cartpole", "cartpole", "Stripe-Cartpole", "Isaac-Cartpole-Direct"),
    "ant": Task("ant", "ant", "Stripe-Ant", "Isaac-Ant-Direct"),
    "quadruped": Task("quadruped_walk", "walk", "Stripe-Walk", None),
}
VARIANTS = {
    "ours_torch": "generated torch",
    "ours_warp": "generated Warp",
    "upstream_torch": "upstream torch",
    "upstream_warp": "upstream Warp",
}
"""The sides of the comparison, and what they are called in tables."""


@dataclass
class Configuration:
    """What an environment is built from; ``agent`` is that of the generated task on both sides."""

    task_id: str
    warp: bool
    env: Any
    agent: Any


def configuration(task: str, variant: str, device: str, envs: int) -> Configuration:
    """Register the task and load its configuration.

    Args:
        task: A key of :data:`TASKS`.
        variant: A key of :data:`VARIANTS`.
        device: ``cpu`` or ``cuda:<n>``.
        envs: Number of environments.

    Raises:
        RuntimeError: If the generated package has no Warp environment and that is asked for.
    """
    import gymnasium

    from stripe_dsl.runtime.config import load_config
    from stripe_dsl.runtime.register import register_package

    names = TASKS[task]
    register_package(ROOT / "generated" / names.package)
    config, problems = load_config(names.ours, device=device, num_envs=envs, seed=0)
    if config is None:
        raise RuntimeError("; ".join(problem.message for problem in problems))
    side, _, front_end = variant.partition("_")
    warp = front_end == "warp"
    if side == "ours":
        spec = gymnasium.spec(names.ours)
        if warp and "warp_entry_point" not in (spec.kwargs or {}):
            raise RuntimeError(f"generated/{names.package} has no Warp environment")
        return Configuration(names.ours, warp, config.env, config.agent)
    if names.upstream is None:
        from benchmarks.peers.velocity import TASK, velocity

        return Configuration(TASK, warp, velocity(config.env), config.agent)
    env = upstream(names.upstream, config.env.sim.physics)
    env.scene.num_envs, env.sim.device, env.seed = envs, device, config.env.seed
    return Configuration(names.upstream, warp, env, config.agent)


def with_isaac_labs_manager(physics: Any) -> Any:
    """A copy of physics settings without the generated package's manager, which records the physics on a CPU."""
    from isaaclab_newton.physics import MJWarpSolverCfg

    physics = deepcopy(physics)
    physics.class_type = physics.solver_cfg.class_type = MJWarpSolverCfg().class_type
    return physics


def upstream(task_id: str, physics: Any) -> Any:
    """The configuration of a task of Isaac Lab with other physics settings.

    Raises:
        RuntimeError: If the settings cannot be made the same.
    """
    from isaaclab.utils import to_dict
    from isaaclab_tasks.utils import resolve_task_config

    from tests.sim.differential import physics_overrides

    wanted = json.loads(json.dumps(to_dict(with_isaac_labs_manager(physics)), default=repr))
    env: Any = resolve_task_config(task_id, None, overrides=physics_overrides(wanted))[0]
    settings = json.loads(json.dumps(to_dict(env.sim.physics), default=repr))
    if settings != wanted:
        raise RuntimeError(f"upstream's physics settings differ: {settings} instead of {wanted}")
    return env


@contextmanager
def built(config: Configuration) -> Iterator[Any]:
    """Launch the simulator and build the environment, which is not reset yet; both are closed at the end."""
    import gymnasium

    from stripe_dsl.runtime.launch import simulation

    with simulation(config.env, config.env.sim.device):
        if config.warp:
            from isaaclab_experimental.envs.frontend import WarpFrontend

            env = WarpFrontend.build_env(config.env, config.task_id)
        else:
            env = gymnasium.make(config.task_id, cfg=config.env)
        try:
            yield env.unwrapped
        finally:
            env.close()
