"""Calls of Isaac Lab's own terms on a live environment, for the names in ``tasks``; in the simulator's process.

The functions are written for manager-based environments. What they take from a manager is handed to them as these
would: the raw action and the one before, the terminations of the step, a constant command.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.sim.recorder import Array
from tests.vocabulary.counterparts import COMMAND, EVENTS, POSE, TASKS, Entity, Term


class Environment:
    """An environment with what managers would have of it."""

    def __init__(self, env: Any) -> None:
        import torch

        self._env = env
        self.table = TASKS[type(env.cfg).__name__.removesuffix("EnvCfg").lower()]
        self.scene = Scene(env.scene)
        self.began = False
        self.extras: dict[str, Any] = {}
        self.action_manager = SimpleNamespace(
            action=env.actions, prev_action=torch.zeros_like(env.actions), total_action_dim=env.actions.shape[1]
        )
        self.command_manager = Commands(env)
        self.termination_manager = Terminations(env)
        self.terms: dict[str, Any] = {}
        self.remembering: list[Any] = []
        for terms in self.table.values():
            for name, term in terms.items():
                self.terms[name] = self.made(name, term)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)

    def call(self, name: str, term: Term) -> Array:
        """The value of a term now."""
        value = self.terms[name]()
        return np.array((value * self._env.step_dt if term.times_dt else value).float().cpu())

    def made(self, name: str, term: Term) -> Any:
        """A function without arguments, for a term that is a function or a class."""
        from isaaclab.managers import RewardTermCfg, TerminationTermCfg

        params = {key: resolved(value, self._env) for key, value in term.params.items()}
        function = getattr(importlib.import_module(term.module), name)
        if isinstance(function, type):
            terminates = term.module.endswith("terminations")
            cfg = TerminationTermCfg(func=function, params=params) if terminates else None
            function = function(cfg or RewardTermCfg(func=function, params=params, weight=1.0), self)
            self.remembering.append(function)
        return lambda: function(self, **params)

    def forget(self, env_ids: Any) -> None:
        """Resets the terms that remember."""
        for term in self.remembering:
            term.reset(env_ids)
        self.action_manager.prev_action[env_ids] = 0.0


def resolved(value: Any, env: Any) -> Any:
    """An argument as Isaac Lab takes it."""
    from isaaclab.managers import SceneEntityCfg

    if not isinstance(value, Entity):
        return value
    parts: dict[str, Any] = {"joint_names": value.joints, "body_names": value.bodies}
    entity = SceneEntityCfg(value.name, **{key: [pattern] for key, pattern in parts.items() if pattern})
    entity.resolve(env.scene)
    return entity


ALIASES = {"robot": "robot_arm", "object": "cube_1", "cabinet": "robot_cabinet"}
"""What terms expect in a scene, by its name in the generated one."""


class Scene:
    """A scene in which the robot, the object and the frames of manipulation tasks have the names that terms expect."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scene, name)

    def __getitem__(self, name: str) -> Any:
        known = self._scene.keys()
        return self._scene[name if name in known else ALIASES[name]]


class Commands:
    """Constant commands: velocities, and a pose of seven numbers."""

    def __init__(self, env: Any) -> None:
        import torch

        self._env, self._numbers = env, {"goal": COMMAND, "pose": POSE}
        self._made = {name: torch.tensor(numbers, device=env.device) for name, numbers in self._numbers.items()}

    def get_command(self, name: str) -> Any:
        return self._made[name].expand(self._env.num_envs, -1)

    def get_term(self, name: str) -> Any:
        return SimpleNamespace(quat_command_w=self.get_command(name)[:, 3:])


class Terminations:
    """What the terminations of this step say."""

    def __init__(self, env: Any) -> None:
        self._env = env

    def _column(self, name: str) -> Any:
        import sys

        names = sys.modules[type(self._env).__module__].TERMINATION_TERMS
        return self._all()[:, list(names).index(name)]

    def _all(self) -> Any:
        import torch
        import warp

        value = self._env._terminations
        return value if isinstance(value, torch.Tensor) else warp.to_torch(value)

    @property
    def time_outs(self) -> Any:
        return self._column("timeout")

    @property
    def terminated(self) -> Any:
        return self._all()[:, :-1].any(dim=1)

    def find_terms(self, names: list[str]) -> list[str]:
        return names

    def get_term(self, name: str) -> Any:
        return self._column(name)


_ENVIRONMENTS: dict[int, Environment] = {}


def environment(env: Any) -> Environment:
    """The environment with its managers, the same one at each call."""
    return _ENVIRONMENTS.setdefault(id(env), Environment(env))


def add_frames(env_cfg: Any) -> None:
    """Isaac Lab's frame transformers, and the name of the gripper's joints, which manipulation terms read."""
    from isaaclab.sensors import FrameTransformerCfg

    env_cfg.gripper_joint_names = ["upper", "lower"]
    scene = env_cfg.scene
    for name, robot, base, bodies in (
        ("ee_frame", scene.robot_arm, "stand", ("hand", "upper_finger", "lower_finger")),
        ("cabinet_frame", scene.robot_cabinet, "case", ("drawer",)),
    ):
        frames = [FrameTransformerCfg.FrameCfg(prim_path=f"{robot.prim_path}/{body}", name=body) for body in bodies]
        setattr(scene, name, FrameTransformerCfg(prim_path=f"{robot.prim_path}/{base}", target_frames=frames))


def look_at_frames(env: Any) -> None:
    """Brings the frame transformers up to date: after a reset they would wait for the next physics step."""
    from isaaclab_newton.physics import NewtonManager

    names = [name for name in env.scene.sensors if name.endswith("_frame")]
    for sensor in NewtonManager._newton_frame_transform_sensors if names else ():
        sensor.update(NewtonManager.get_state_0())
    for name in names:
        env.scene.sensors[name].update(0.0, force_recompute=True)


def between(env: Any) -> dict[str, Array]:
    """Rewards and terminations, after the physics and before resets."""
    seen = environment(env)
    seen.action_manager.action = env.actions
    look_at_frames(env)
    found = {}
    for category in ("reward", "termination"):
        for name, term in seen.table[category].items():
            found[f"{category} {name}"] = seen.call(name, term)
    return found


def after(env: Any) -> dict[str, Array]:
    """Observations, after resets."""
    import torch

    seen = environment(env)
    look_at_frames(env)
    found = {f"observation {name}": seen.call(name, term) for name, term in seen.table["observation"].items()}
    seen.action_manager.prev_action = env.actions.clone()
    ended = [
        flag if isinstance(flag, torch.Tensor) else flag.numpy() for flag in (env.reset_terminated, env.reset_time_outs)
    ]
    fresh = torch.as_tensor(ended[0]) | torch.as_tensor(ended[1])
    seen.forget((fresh if seen.began else torch.ones_like(fresh)).nonzero().flatten())
    seen.began = True
    return found


def resets(env: Any) -> dict[str, Any]:
    """The state that our reset leaves, and the one after the events of Isaac Lab. Runs at the end."""
    import torch
    from isaaclab.managers import EventTermCfg

    data, seen, found = env.scene["robot"].data, environment(env), {}
    env.reset()
    for side in ("ours", "theirs"):
        if side == "theirs":
            for name, event in EVENTS.items():
                function = getattr(importlib.import_module(event.module), name)
                params = {key: resolved(value, env) for key, value in event.params.items()}
                if isinstance(function, type):
                    function = function(EventTermCfg(func=function, mode="reset", params=params), seen)
                function(seen, torch.arange(env.num_envs, device=env.device), **params)
        for name in ("joint_pos", "joint_vel", "root_link_pose_w", "root_link_vel_w"):
            found[f"{side} {name}"] = getattr(data, name).torch.clone()
    return found
