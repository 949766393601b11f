"""Calls of Isaac Lab's own terms on a live environment, for the names in ``tasks``; in the simulator's process.

The functions are written for manager-based environments. What they take from a manager is handed to them as these
would: the raw action and the one before, the terminations of the step, a constant command.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.sim.recorder import Array

MDP = "isaaclab.envs.mdp"
LOCOMOTION = "isaaclab_tasks.core.locomotion.mdp"
VELOCITY = "isaaclab_tasks.core.velocity.mdp"
LEGS = "isaaclab_tasks.contrib.dr_legs.mdp"
PICK = "isaaclab_tasks.contrib.pick_place.mdp"


@dataclass(frozen=True)
class Entity:
    """A robot or sensor, with some of its joints or bodies: a ``SceneEntityCfg``."""

    name: str = "robot"
    joints: str | None = None
    bodies: str | None = None


@dataclass(frozen=True)
class Event:
    """An upstream event of a reset.

    Attributes:
        targets: lines of `reset` that say the same.
        params: its arguments, with ranges of one number.
    """

    targets: tuple[str, ...]
    params: dict[str, Any]
    module: str = f"{MDP}.events"


@dataclass(frozen=True)
class Term:
    """An upstream term.

    Attributes:
        module: that defines it.
        params: its arguments.
        times_dt: the term is compared times the control step: ours is added once, upstream's is integrated.
    """

    module: str
    params: dict[str, Any] = field(default_factory=dict)
    times_dt: bool = False


TARGET = (3.0, 1.0, 0.0)
COMMAND = (0.5, 0.2, 0.3)
POSE = (0.3, 0.1, 0.4, 0.0, 0.0, 0.6, 0.8)
ROBOT = {"asset_cfg": Entity()}
HIPS = {"asset_cfg": Entity(joints=".*_hip_joint")}
TRACKED = {"command_name": "goal", "std": 0.5}
REWARDS, OBSERVATIONS, TERMINATIONS = f"{MDP}.rewards", f"{MDP}.observations", f"{MDP}.terminations"
FEET = {"sensor_cfg": Entity("touch", bodies=".*_foot")}
STEPS = {"command_name": "goal", **FEET}
GEARS = {"gear_ratio": {".*": 15.0}, **ROBOT}

WALKER: dict[str, dict[str, Term]] = {
    "reward": {
        "is_alive": Term(REWARDS),
        "is_terminated": Term(REWARDS),
        "is_terminated_term": Term(REWARDS, {"term_keys": ["bad_orientation", "root_height_below_minimum"]}),
        "terminated_penalty": Term(REWARDS, times_dt=True),
        "lin_vel_z_l2": Term(REWARDS),
        "ang_vel_xy_l2": Term(REWARDS),
        "flat_orientation_l2": Term(REWARDS),
        "base_height_l2": Term(REWARDS, {"target_height": 0.3}),
        "joint_torques_l2": Term(REWARDS, ROBOT),
        "joint_vel_l1": Term(REWARDS, ROBOT),
        "joint_vel_l2": Term(REWARDS, ROBOT),
        "joint_acc_l2": Term(REWARDS, ROBOT),
        "joint_deviation_l1": Term(REWARDS, HIPS),
        "joint_pos_target_l2": Term(REWARDS, {"target": 0.8, "asset_cfg": Entity(joints=".*_thigh_joint")}),
        "joint_pos_limits": Term(REWARDS, ROBOT),
        "joint_vel_limits": Term(REWARDS, {"soft_ratio": 0.1, **ROBOT}),
        "action_rate_l2": Term(REWARDS),
        "action_l2": Term(REWARDS),
        "track_lin_vel_xy_exp": Term(REWARDS, TRACKED),
        "track_ang_vel_z_exp": Term(REWARDS, TRACKED),
        "track_lin_vel_xy_yaw_frame_exp": Term(f"{VELOCITY}.rewards", TRACKED),
        "track_ang_vel_z_world_exp": Term(f"{VELOCITY}.rewards", TRACKED),
        "progress_reward": Term(f"{LOCOMOTION}.rewards", {"target_pos": TARGET}, times_dt=True),
        "upright_posture_bonus": Term(f"{LOCOMOTION}.rewards", {"threshold": 0.99}),
        "move_to_target_bonus": Term(f"{LOCOMOTION}.rewards", {"threshold": 0.8, "target_pos": TARGET}),
        "power_consumption": Term(f"{LOCOMOTION}.rewards", GEARS),
        "joint_pos_limits_penalty_ratio": Term(f"{LOCOMOTION}.rewards", {"threshold": 0.5, **GEARS}),
        "ActionRate2L2": Term(f"{LEGS}.rewards"),
        "joint_pd_command_l2": Term(f"{LEGS}.rewards", {"stiffness": 5.0, "damping": 0.2, **ROBOT}),
        "undesired_contacts": Term(REWARDS, {"threshold": 1.0, **FEET}),
        "desired_contacts": Term(REWARDS, {"threshold": 1.0, **FEET}),
        "contact_forces": Term(REWARDS, {"threshold": 20.0, **FEET}),
        "feet_air_time": Term(f"{VELOCITY}.rewards", {"threshold": 0.1, **STEPS}),
        "feet_air_time_positive_biped": Term(f"{VELOCITY}.rewards", {"threshold": 0.05, **STEPS}),
        "feet_air_time_variance": Term(f"{VELOCITY}.rewards", {"max_time": 0.08, **STEPS}),
        "feet_slide": Term(f"{VELOCITY}.rewards", {"asset_cfg": Entity(bodies=".*_foot"), **FEET}),
    },
    "termination": {
        "bad_orientation": Term(TERMINATIONS, {"limit_angle": float(np.deg2rad(20))}),
        "root_height_below_minimum": Term(TERMINATIONS, {"minimum_height": 0.27}),
        "joint_vel_out_of_limit": Term(TERMINATIONS, ROBOT),
        "joint_vel_out_of_manual_limit": Term(TERMINATIONS, {"max_velocity": 25.0, **ROBOT}),
        "joint_pos_out_of_limit": Term(TERMINATIONS, {"asset_cfg": Entity(joints=".*_calf_joint")}),
        "joint_pos_out_of_manual_limit": Term(TERMINATIONS, {"bounds": (-0.5, 0.4), **HIPS}),
        "illegal_contact": Term(TERMINATIONS, {"threshold": 120.0, **FEET}),
        "time_out": Term(TERMINATIONS),
    },
    "observation": {
        **{name: Term(OBSERVATIONS) for name in ("base_pos_z", "base_lin_vel", "base_ang_vel", "projected_gravity")},
        **{name: Term(OBSERVATIONS) for name in ("root_pos_w", "root_quat_w", "root_lin_vel_w", "root_ang_vel_w")},
        **{name: Term(OBSERVATIONS, ROBOT) for name in ("joint_pos", "joint_pos_rel", "joint_vel", "joint_vel_rel")},
        "joint_pos_limit_normalized": Term(OBSERVATIONS, ROBOT),
        "last_action": Term(OBSERVATIONS),
        "body_pose_w": Term(OBSERVATIONS, {"asset_cfg": Entity(bodies="trunk")}),
        "body_incoming_wrench": Term(OBSERVATIONS, {"sensor_cfg": Entity("wrench", bodies=".*_foot")}),
        "fingertip_vel": Term("isaaclab_tasks.core.reorient.mdp.observations", {"asset_cfg": Entity(bodies=".*_foot")}),
        "base_up_proj": Term(f"{LOCOMOTION}.observations"),
        "base_yaw_roll": Term(f"{LOCOMOTION}.observations"),
        "base_angle_to_target": Term(f"{LOCOMOTION}.observations", {"target_pos": TARGET}),
        "base_heading_proj": Term(f"{LOCOMOTION}.observations", {"target_pos": TARGET}),
        "get_eef_pos": Term(f"{PICK}.observations", {"link_name": "trunk"}),
        "get_eef_quat": Term(f"{PICK}.observations", {"link_name": "trunk"}),
        "get_robot_joint_state": Term(f"{PICK}.observations", {"joint_names": [".*_hip_joint"]}),
    },
}
"""By category and name."""


CABINET = "isaaclab_tasks.core.cabinet.mdp"
STACK = "isaaclab_tasks.contrib.stack.mdp"
ARM = {"robot_cfg": Entity("robot_arm")}
HAND = {"asset_cfg": Entity("robot_arm", bodies="hand"), "command_name": "pose"}
FRAME = {"ee_frame_cfg": Entity("ee_frame")}
TABLE: dict[str, dict[str, Term]] = {
    "reward": {
        "approach_ee_handle": Term(f"{CABINET}.rewards", {"threshold": 0.4}),
        "align_grasp_around_handle": Term(f"{CABINET}.rewards"),
        "approach_gripper_handle": Term(f"{CABINET}.rewards"),
        "grasp_handle": Term(
            f"{CABINET}.rewards",
            {"threshold": 0.4, "open_joint_pos": 0.04, "asset_cfg": Entity("robot_arm", joints="upper|lower")},
        ),
        "align_ee_handle": Term(f"{CABINET}.rewards"),
        "open_drawer_bonus": Term(
            f"{CABINET}.rewards", {"success_threshold": 0.3, "asset_cfg": Entity("robot_cabinet", joints="slide")}
        ),
        "multi_stage_open_drawer": Term(f"{CABINET}.rewards", {"asset_cfg": Entity("robot_cabinet", joints="slide")}),
        "position_command_error": Term(REWARDS, HAND),
        "position_command_error_tanh": Term(REWARDS, {"std": 0.2, **HAND}),
        "orientation_command_error": Term(REWARDS, HAND),
    },
    "observation": {
        "ee_frame_pos": Term(f"{STACK}.observations", FRAME),
        "ee_frame_quat": Term(f"{STACK}.observations", FRAME),
        "ee_frame_pose_in_base_frame": Term(f"{STACK}.observations", {**FRAME, **ARM}),
        "gripper_pos": Term(f"{STACK}.observations", ARM),
        "rel_ee_drawer_distance": Term(f"{CABINET}.observations"),
    },
    "termination": {
        "ee_below_minimum": Term("isaaclab_tasks.core.lift.mdp.terminations", {"minimum_height": 0.45, **FRAME}),
    },
}
"""Of ``tasks/table.stripe``."""

TASKS = {"walker": WALKER, "table": TABLE}

RESETS = {
    "hips_pos": 0.25,
    "hips_vel": -2.0,
    "thighs_pos": 1.1,
    "base_pos_xy": 0.3,
    "base_yaw": 0.7,
    "base_lin_vel": 0.5,
    "base_ang_vel": -1.5,
}
"""What the ranges of the task's resets are narrowed to, so that the two sides draw the same."""

THIGHS = {"asset_cfg": Entity(joints=".*_thigh_joint")}
EVENTS: dict[str, Event] = {
    "reset_scene_to_default": Event((), {}),
    "reset_joints_by_offset": Event(
        ("hips.pos", "hips.vel"), {"position_range": (0.25, 0.25), "velocity_range": (-2.0, -2.0), **HIPS}
    ),
    "reset_joints_by_scale": Event(
        ("thighs.pos",), {"position_range": (1.1, 1.1), "velocity_range": (1.0, 1.0), **THIGHS}
    ),
    "reset_root_state_uniform": Event(
        ("base.pos.xy", "base.yaw", "base.lin_vel", "base.ang_vel"),
        {
            "pose_range": {"x": (0.3, 0.3), "y": (0.3, 0.3), "yaw": (0.7, 0.7)},
            "velocity_range": {
                **dict.fromkeys(("x", "y", "z"), (0.5, 0.5)),
                **dict.fromkeys(("roll", "pitch", "yaw"), (-1.5, -1.5)),
            },
        },
    ),
}
"""By name, in the order in which they are called: the first one puts everything back."""


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
