"""Isaac Lab's events by the tasks in ``tasks`` that they are compared with: which lines say the same, and arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .counterparts import DEPLOY, HIPS, MDP, NIST, STACK, Entity


@dataclass(frozen=True)
class Event:
    """An upstream event of a reset.

    Attributes:
        targets: lines of `reset` that say the same.
        params: its arguments, with ranges of one number.
        module: that defines it.
        chain: events of the same task that are its arguments ``terms``.
        states: those that the lines share.
        line: of the task, where it is not in `reset` that the same is said.
    """

    targets: tuple[str, ...]
    params: dict[str, Any]
    module: str = f"{MDP}.events"
    chain: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    line: str = ""


SHARE = 0.3
"""What Isaac Lab draws in the events that cannot be narrowed to one number: this share of the range."""

RESETS: dict[str, dict[str, float]] = {
    "walker": {
        "hips_pos": 0.25,
        "hips_vel": -2.0,
        "thighs_pos": 1.1,
        "base_pos_xy": 0.3,
        "base_rot_roll": 0.2,
        "base_rot_pitch": -0.3,
        "base_rot_yaw": 0.7,
        "base_lin_vel": 0.5,
        "base_ang_vel": -1.5,
    },
    "table": {
        "cabinet_slide_pos": SHARE,
        "cabinet_slide_vel": -0.08,
        "arm_swing_pos": 0.0,
        "cube_1_yaw": 0.0,
        "cube_2_pos_x": 0.301,
        "cube_2_pos_y": 0.402,
        "cube_2_yaw": 2.0,
        "cube_3_pos_xy": 0.002,
        "cube_3_yaw": 0.7,
        "cube_3_lin_vel": 0.05,
        "cube_3_ang_vel": -0.6,
        **{"state.shift_x_range": 0.01, "state.shift_y_range": -0.02, "state.shift_z_range": 0.015},
        **{"state.lean_roll_range": 0.05, "state.lean_pitch_range": -0.04, "state.lean_yaw_range": 0.5},
        **{"state.glide_x_range": 0.03, "state.glide_y_range": -0.04},
        **{"state.nudge_x_range": 0.004, "state.nudge_y_range": -0.003, "state.nudge_z_range": 0.012},
        "state.askew_range": 0.08,
    },
}
"""What ranges of the tasks' resets, and of other groups by path, are narrowed to, so that both sides draw the same."""

THIGHS = {"asset_cfg": Entity(joints=".*_thigh_joint")}
WALKER_EVENTS: dict[str, Event] = {
    "reset_scene_to_default": Event((), {}),
    "reset_joints_by_offset": Event(
        ("hips.pos", "hips.vel"), {"position_range": (0.25, 0.25), "velocity_range": (-2.0, -2.0), **HIPS}
    ),
    "reset_joints_by_scale": Event(
        ("thighs.pos",), {"position_range": (1.1, 1.1), "velocity_range": (1.0, 1.0), **THIGHS}
    ),
    "reset_root_state_uniform": Event(
        ("base.pos.xy", "base.rot", "base.lin_vel", "base.ang_vel"),
        {
            "pose_range": {
                **{"x": (0.3, 0.3), "y": (0.3, 0.3)},
                **{"roll": (0.2, 0.2), "pitch": (-0.3, -0.3), "yaw": (0.7, 0.7)},
            },
            "velocity_range": {
                **dict.fromkeys(("x", "y", "z"), (0.5, 0.5)),
                **dict.fromkeys(("roll", "pitch", "yaw"), (-1.5, -1.5)),
            },
        },
    ),
    "ChainedResetTerms": Event(
        ("hips.pos", "hips.vel", "thighs.pos"),
        {},
        f"{NIST}.utils.event_combinators",
        ("reset_joints_by_offset", "reset_joints_by_scale"),
    ),
}
TABLE_EVENTS: dict[str, Event] = {
    "set_default_joint_pose": Event(
        (),
        {"default_pose": [0.05], "asset_cfg": Entity("robot_cabinet")},
        f"{STACK}.stack_events",
        line="robot cabinet { pose { slide 5 cm } }",
    ),
    "reset_scene_to_default": Event((), {}),
    "reset_reorient_hand": Event(
        ("cabinet.slide.pos", "cabinet.slide.vel"),
        {"joint_position_noise": 0.2, "joint_velocity_noise": 0.2, "robot_cfg": Entity("robot_cabinet")},
        "isaaclab_tasks.core.reorient.mdp.events",
    ),
    "randomize_object_pose": Event(
        ("cube_2.pos.x", "cube_2.pos.y", "cube_2.pos.z", "cube_2.yaw"),
        {
            "asset_cfgs": [Entity("object_cube_2")],
            "pose_range": {"x": (0.301, 0.301), "y": (0.402, 0.402), "z": (0.15, 0.15), "yaw": (2.0, 2.0)},
        },
        f"{STACK}.stack_events",
    ),
    "reset_keyboard_root_state_uniform": Event(
        ("cube_3.pos.xy", "cube_3.yaw", "cube_3.lin_vel", "cube_3.ang_vel"),
        {
            "command_name": "typing",
            "pose_range": {"x": (0.002, 0.002), "y": (0.002, 0.002), "yaw": (0.7, 0.7)},
            "velocity_range": {
                **dict.fromkeys(("x", "y", "z"), (0.05, 0.05)),
                **dict.fromkeys(("roll", "pitch", "yaw"), (-0.6, -0.6)),
            },
        },
        "isaaclab_tasks.contrib.keyboard.mdp.events",
    ),
}
GEARS_SET = ("board", "small", "medium", "large")
TABLE_EVENTS["randomize_gears_and_base_pose"] = Event(
    tuple(f"{name}.{what}" for name in GEARS_SET for what in ("pos", "rot", "lin_vel")),
    {
        "pose_range": {
            **{"x": (0.01, 0.01), "y": (-0.02, -0.02), "z": (0.015, 0.015)},
            **{"roll": (0.05, 0.05), "pitch": (-0.04, -0.04), "yaw": (0.5, 0.5)},
        },
        "velocity_range": {"x": (0.03, 0.03), "y": (-0.04, -0.04)},
        "gear_pos_range": {"x": (0.004, 0.004), "y": (-0.003, -0.003), "z": (0.012, 0.012)},
    },
    f"{DEPLOY}.events",
    states=("gear", "shift", "lean", "glide", "nudge"),
)
GEAR_KINDS = ("gear_small", "gear_medium", "gear_large")
WIDTHS = dict.fromkeys(GEAR_KINDS, 0.0)
"""What a hand opens for each gear; the grasper has none."""
TABLE_EVENTS["set_robot_to_grasp_pose"] = Event(
    ("grasper.joints.pos",),
    {
        "robot_asset_cfg": Entity("robot_grasper"),
        "max_iterations": 12,
        "gear_offsets_grasp": {kind: [0.0, 0.0, 0.3] for kind in GEAR_KINDS},
        "end_effector_body_name": "fore",
        "num_arm_joints": 2,
        "grasp_rot_offset": [0.5, 0.0, 0.0, 0.8660254],
        "gripper_joint_setter_func": lambda joint_pos, rows, fingers, width: None,
    },
    f"{DEPLOY}.events",
    states=("gear",),
)
TABLE_EVENTS["reset_tray_with_random_rotation"] = Event(
    ("tray.rot", *(f"trocar_{number}.{what}" for number in (1, 2) for what in ("pos", "rot"))),
    {
        "tray_cfg": Entity("object_tray"),
        "trocar_1_cfg": Entity("object_trocar_1"),
        "trocar_2_cfg": Entity("object_trocar_2"),
        "rotation_range": (float(np.rad2deg(0.08)), float(np.rad2deg(0.08))),
    },
    "isaaclab_tasks.contrib.assemble_trocar.mdp.events",
    states=("askew",),
)
EVENTS = {"walker": WALKER_EVENTS, "table": TABLE_EVENTS}
"""By task and name, in the order in which they are called: what says where everything begins, what puts it there, and
what moves a part of it."""
