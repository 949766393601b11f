"""Isaac Lab's own terms that those of ``tasks`` are compared with, and what they are called with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

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
