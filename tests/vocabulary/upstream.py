"""Calls of Isaac Lab's own terms on a live environment, for the names in ``tasks``; in the simulator's process.

The functions are written for manager-based environments. What they take from a manager is handed to them as these
would: the raw action and the one before, the terminations of the step, the commands that the environment has drawn.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

from tests.sim.recorder import Array

from .counterparts import ACTIONS, COMMANDS, GEARS_KINDS, PROGRESS, TASKS, Entity, Made, Selection, Term
from .events import EVENTS, RESETS, SHARE, WIDTHS, Event


class Environment:
    """An environment with what managers would have of it."""

    def __init__(self, env: Any) -> None:
        import torch

        self._env = env
        self.task = type(env.cfg).__name__.removesuffix("EnvCfg").lower()
        self.table = TASKS[self.task]
        self.scene = Scene(env.scene)
        self.began = False
        self.extras: dict[str, Any] = {}
        self.action_manager = SimpleNamespace(
            action=env.actions,
            prev_action=torch.zeros_like(env.actions),
            total_action_dim=env.actions.shape[1],
            active_terms=list(ACTIONS[self.task]),
            action_term_dim=list(ACTIONS[self.task].values()),
        )
        self.command_manager = Commands(env, COMMANDS[self.task])
        self.termination_manager = Terminations(env)
        self.curriculum_manager = SimpleNamespace(_term_cfgs=[])
        self.survival: Any = survival(self)
        self.terms: dict[str, Any] = {}
        self.remembering: list[Any] = []
        for terms in self.table.values():
            for name, term in terms.items():
                self.terms[name] = self.made(name, term)
        if self.task == "table":
            self.terms["randomize_gear_type"] = self.made("randomize_gear_type", GEARS_KINDS)
            self.terms["progress_context"] = self.made("progress_context", PROGRESS)
            self.termination_manager.progress = self.remembering[-1]

    def look(self) -> None:
        """Brings up to date what terms ask other terms for."""
        if self.task == "table":
            self._gear_type_manager._current_gear_type_indices[:] = tensor(self._env, "gear")[:, 0].long()
            self.terms["progress_context"]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)

    def call(self, name: str, term: Term) -> Array:
        """The value of a term now."""
        value = self.terms[name]()
        return np.array((value * self._env.step_dt if term.times_dt else value).float().cpu())

    def made(self, name: str, term: Term) -> Any:
        """A function without arguments, for a term that is a function or a class."""
        from isaaclab.managers import EventTermCfg, RewardTermCfg, TerminationTermCfg

        params = {key: self.argument(value) for key, value in term.params.items()}
        function: Any = getattr(importlib.import_module(term.module), name)
        if isinstance(function, type):
            cfg: Any = RewardTermCfg(func=function, params=params, weight=1.0)
            if term.module.endswith("terminations"):
                cfg = TerminationTermCfg(func=function, params=params)
            elif term.module.endswith("events"):
                cfg = EventTermCfg(func=function, mode="reset", params=params)
            function = function(cfg, self)
            self.remembering.append(function)
        return lambda: function(self, **params)

    def argument(self, value: Any) -> Any:
        """An argument as Isaac Lab takes it."""
        if not isinstance(value, Selection):
            return resolved(value, self._env)
        import torch
        from isaaclab.managers import SceneEntityCfg
        from isaaclab_tasks.contrib.multitask_manipulation.selection_utils import SceneEntitySelectionCfg

        cfg = SceneEntitySelectionCfg(value.robot, joint_names=list(value.joints), preserve_order=True)
        SceneEntityCfg.resolve(cfg, self._env.scene)
        cfg.env_ids = torch.arange(round(value.share * self._env.num_envs))
        cfg.instance_ids = torch.full((self._env.num_envs,), -1)
        cfg.instance_ids[cfg.env_ids] = cfg.env_ids
        cfg.name = f"{value.robot} of some"
        self.scene.views[cfg.name] = Rows(self._env.scene[value.robot], cfg.env_ids)
        return cfg

    def forget(self, env_ids: Any) -> None:
        """Resets the terms that remember."""
        for term in self.remembering:
            term.reset(env_ids)
        self.action_manager.prev_action[env_ids] = 0.0


def survival(seen: Environment) -> Any:
    """A term whose reward is nothing, and which logs the share of the episodes that lasted when some end."""
    from isaaclab.envs.mdp.rewards import survival_success_rate
    from isaaclab.managers import RewardTermCfg

    term: Any = survival_success_rate
    return term(RewardTermCfg(func=term, weight=0.0), seen)


def resolved(value: Any, env: Any) -> Any:
    """An argument as Isaac Lab takes it."""
    from isaaclab.managers import SceneEntityCfg

    if isinstance(value, Made):
        module, _, name = value.path.partition(":")
        made = getattr(importlib.import_module(module), name)
        return made(**{key: resolved(item, env) for key, item in value.params.items()})
    if isinstance(value, list):
        return [resolved(item, env) for item in value]
    if not isinstance(value, Entity):
        return value
    patterns = {"joint_names": value.joints, "body_names": value.bodies}
    parts: dict[str, Any] = {key: [pattern] for key, pattern in patterns.items() if pattern}
    entity = SceneEntityCfg(value.name, **parts)
    entity.resolve(env.scene)
    return entity


ALIASES = {"robot": "robot_arm", "object": "object_cube_1", "cabinet": "robot_cabinet"}
ALIASES |= {name: f"object_{name}" for name in ("cube_1", "cube_2", "cube_3")}
ALIASES |= {"factory_gear_base": "object_board"}
ALIASES |= {f"factory_gear_{size}": f"object_{size}" for size in ("small", "medium", "large")}
"""What terms expect in a scene, by its name in the generated one."""


class Scene:
    """A scene in which the robot, the object and the frames of manipulation tasks have the names that terms expect."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self.views: dict[str, Rows] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scene, name)

    def __getitem__(self, name: str) -> Any:
        if name in self.views:
            return self.views[name]
        known = self._scene.keys()
        return self._scene[name if name in known else ALIASES[name]]


class Rows:
    """A robot as it would be if only some environments held it: its data have a row for each of these."""

    def __init__(self, asset: Any, env_ids: Any) -> None:
        self._data, self._env_ids = asset.data, env_ids
        self.data = self

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(torch=getattr(self._data, name).torch[self._env_ids])


def tensor(env: Any, name: str) -> Any:
    """A buffer of an environment of either back end, with a row for each environment."""
    import torch
    import warp

    value = getattr(env, f"_{name}")
    value = value if isinstance(value, torch.Tensor) else warp.to_torch(value)
    return value.reshape(env.num_envs, -1)


class Commands:
    """The commands that an environment has drawn, in the columns of Isaac Lab's."""

    def __init__(self, env: Any, buffers: dict[str, tuple[str, ...]]) -> None:
        self._env, self._buffers = env, buffers

    def get_command(self, name: str) -> Any:
        import torch

        return torch.cat([tensor(self._env, buffer) for buffer in self._buffers[name]], dim=1)

    def get_term(self, name: str) -> Any:
        import torch
        from isaaclab.utils.math import quat_from_euler_xyz

        if name == "typing":  # one keyboard in each environment
            keyboard = self._env.scene["object_cube_3"]
            instances = torch.arange(self._env.num_envs, device=self._env.device).unsqueeze(1)
            return SimpleNamespace(keyboard=keyboard, keyboard_instance_ids=instances)
        return SimpleNamespace(quat_command_w=quat_from_euler_xyz(*self.get_command(name).unbind(dim=1)))


class Terminations:
    """What the terminations of this step say."""

    progress: Any = None
    """A term of its class, where others ask what it has found."""

    def __init__(self, env: Any) -> None:
        self._env = env

    def get_term_cfg(self, name: str) -> Any:
        return SimpleNamespace(func=self.progress)

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

    @property
    def ended(self) -> Any:
        return self._all().any(dim=1)

    def find_terms(self, names: list[str]) -> list[str]:
        return names

    def get_term(self, name: str) -> Any:
        return self._column(name)


_ENVIRONMENTS: dict[int, Environment] = {}


def environment(env: Any) -> Environment:
    """The environment with its managers, the same one at each call."""
    if id(env) not in _ENVIRONMENTS:
        _ENVIRONMENTS[id(env)] = Environment(env)
    return _ENVIRONMENTS[id(env)]


def add_frames(env_cfg: Any) -> None:
    """Isaac Lab's frame transformers, and what is said of the gripper, which manipulation terms read."""
    from isaaclab.sensors import FrameTransformerCfg

    env_cfg.gripper_joint_names, env_cfg.gripper_open_val, env_cfg.gripper_threshold = ["upper", "lower"], 0.0, 0.005
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
    seen.look()
    found = {}
    for category in ("reward", "termination"):
        for name, term in seen.table[category].items():
            found[f"{category} {name}"] = seen.call(name, term)
    # a manager resets its terms before the environment forgets how the episodes ended
    seen.survival.reset(seen.termination_manager.ended.nonzero().flatten())
    found["survival_success_rate"] = np.array(seen.extras["log"]["Metrics/success_rate"].cpu())
    return found


def after(env: Any) -> dict[str, Array]:
    """Observations, after resets."""
    import torch

    seen = environment(env)
    look_at_frames(env)
    seen.look()
    found = {f"observation {name}": seen.call(name, term) for name, term in seen.table["observation"].items()}
    if seen.task == "table":
        found["gear"] = np.array(tensor(env, "gear")[:, 0].cpu())
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
    import sys

    import torch

    seen, found = environment(env), {}
    for path, value in RESETS[seen.task].items():
        group, _, name = path.rpartition(".")
        setattr(getattr(env.cfg, group or "reset"), name, (value, value))
    env.cfg.hand_grasp_width = env.cfg.hand_close_width = WIDTHS
    made = sys.modules[type(env).__module__]
    for group in ("reset", "state"):
        if hasattr(made, f"{group.title()}Settings"):  # what kernels read of the cfg
            struct = getattr(made, f"{group.title()}Settings")
            setattr(env, f"_{group}", made.settings(struct, getattr(env.cfg, group)))
    env.reset()
    seen.look()
    for side in ("ours", "theirs"):
        if side == "theirs":
            if "set_default_joint_pose" in EVENTS[seen.task]:
                for robot in env.scene.articulations.values():
                    robot.data.default_joint_pos.torch.zero_()
            with patch("isaaclab.utils.math.sample_uniform", at_share), patch("torch.rand", share):
                for name, event in EVENTS[seen.task].items():
                    call_event(seen, name, event)
        for asset, item in (env.scene.articulations | env.scene.rigid_objects).items():
            for name in ("joint_pos", "joint_vel", "root_link_pose_w", "root_link_vel_w"):
                if hasattr(item.data, name):
                    found[f"{side} {asset} {name}"] = getattr(item.data, name).torch.clone()
    if seen.task == "table":
        found["gears"] = torch.stack([gears_of(seen) for _ in range(20)])
    return found


def gears_of(seen: Environment) -> Any:
    """Kinds of gear that Isaac Lab's event draws, one for each environment."""
    import torch

    seen._gear_type_manager(seen, torch.arange(seen.num_envs), **GEARS_KINDS.params)
    return seen._gear_type_manager._current_gear_type_indices.clone()


def at_share(lower: Any, upper: Any, size: Any, device: Any) -> Any:
    """In place of a uniform draw: the same share of every range."""
    import torch

    return torch.as_tensor(lower + SHARE * (upper - lower), dtype=torch.float32, device=device).expand(size)


def share(*size: Any, device: Any) -> Any:
    """In place of ``torch.rand``."""
    import torch

    return torch.full(size[0] if isinstance(size[0], tuple) else size, SHARE, device=device)


def call_event(seen: Environment, name: str, event: Event) -> None:
    """Calls an event of Isaac Lab for every environment."""
    import torch
    from isaaclab.managers import EventTermCfg

    function = getattr(importlib.import_module(event.module), name)
    params = {key: resolved(value, seen) for key, value in event.params.items()}
    if event.chain:
        params["terms"] = {link: event_cfg(seen, link) for link in event.chain}
    if isinstance(function, type):
        function = function(EventTermCfg(func=function, mode="reset", params=params), seen)
    function(seen, torch.arange(seen.num_envs, device=seen.device), **params)


def event_cfg(seen: Environment, name: str) -> Any:
    """An event as others take it for an argument."""
    from isaaclab.managers import EventTermCfg

    event = EVENTS[seen.task][name]
    params = {key: resolved(value, seen) for key, value in event.params.items()}
    return EventTermCfg(func=getattr(importlib.import_module(event.module), name), mode="reset", params=params)
