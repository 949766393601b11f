"""The environments that are compared: generated and hand-written, with the torch and the Warp front end.

Everything that could differ beside the environment's own code is made equal: upstream's tasks get the physics settings
of the generated ones, local stand-ins for their remote assets, and the generated agent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Task:
    """Gym ids of a generated task and of its counterpart in Isaac Lab; ``example`` is the source file's stem."""

    example: str
    ours: str
    upstream: str


TASKS = {
    "cartpole": Task("cartpole", "Stripe-Cartpole", "Isaac-Cartpole-Direct"),
    "ant": Task("ant", "Stripe-Ant", "Isaac-Ant-Direct"),
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
    from isaaclab.utils import to_dict
    from isaaclab_tasks.utils import resolve_task_config

    from stripe_dsl.runtime.config import load_config
    from stripe_dsl.runtime.register import register_package
    from tests.sim.differential import physics_overrides

    names = TASKS[task]
    register_package(ROOT / "generated" / names.example)
    config, problems = load_config(names.ours, device=device, num_envs=envs, seed=0)
    if config is None:
        raise RuntimeError("; ".join(problem.message for problem in problems))
    side, _, front_end = variant.partition("_")
    warp = front_end == "warp"
    if side == "ours":
        spec = gymnasium.spec(names.ours)
        if warp and "warp_entry_point" not in (spec.kwargs or {}):
            raise RuntimeError(f"generated/{names.example} has no Warp environment")
        return Configuration(names.ours, warp, config.env, config.agent)
    physics = json.loads(json.dumps(to_dict(config.env.sim.physics), default=repr))
    env: Any = resolve_task_config(names.upstream, None, overrides=physics_overrides(physics))[0]
    settings = json.loads(json.dumps(to_dict(env.sim.physics), default=repr))
    if settings != physics:
        raise RuntimeError(f"upstream's physics settings differ: {settings} instead of {physics}")
    env.scene.num_envs, env.sim.device, env.seed = envs, device, config.env.seed
    return Configuration(names.upstream, warp, env, config.agent)


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
