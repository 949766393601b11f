"""Isaac Lab's terms by the tasks in ``tasks`` that they are compared with: where each is defined, and its arguments."""

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
class Made:
    """An argument that is made of a class of Isaac Lab: ``module:name``, and what it is given."""

    path: str
    params: dict[str, Any]


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


@dataclass(frozen=True)
class Selection:
    """A robot that some environments have: a ``SceneEntitySelectionCfg``.

    Attributes:
        joints: of the robot, in our order.
        share: of the environments that have it, the first ones.
    """

    robot: str
    joints: tuple[str, ...]
    share: float


TARGET = (3.0, 1.0, 0.0)
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
        "track_lin_vel_xy_yaw_frame_exp": Term(f"{VELOCITY}.rewards", {"command_name": "aim", "std": 0.5}),
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
        "distance_to_goal_exp_curriculum": Term(
            "isaaclab_tasks.contrib.drone_arl.mdp.rewards", {"std": 1.0, "command_name": "place"}
        ),
    },
    "termination": {
        "bad_orientation": Term(TERMINATIONS, {"limit_angle": float(np.deg2rad(20))}),
        "root_height_below_minimum": Term(TERMINATIONS, {"minimum_height": 0.27}),
        "joint_vel_out_of_limit": Term(TERMINATIONS, ROBOT),
        "joint_vel_out_of_sim_limit": Term("isaaclab_tasks.core.lift.mdp.terminations", ROBOT),
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
        "get_all_robot_link_state": Term(f"{PICK}.observations"),
        "height_scan": Term(OBSERVATIONS, {"sensor_cfg": Entity("scan"), "offset": 0.5}),
        "generated_commands": Term(OBSERVATIONS, {"command_name": "goal"}),
        "constant_obs": Term(
            "isaaclab_tasks.contrib.deploy.gear_assembly.config.rizon_4s.ros_inference_env_cfg",
            {"value": (0.02, -0.21, 0.1)},
        ),
    },
}
"""By category and name."""


CABINET = "isaaclab_tasks.core.cabinet.mdp"
STACK = "isaaclab_tasks.contrib.stack.mdp"
LIFT = "isaaclab_tasks.contrib.lift.mdp"
NIST = "isaaclab_tasks.contrib.nist"
DEPLOY = "isaaclab_tasks.contrib.deploy.mdp"
PLACE = "isaaclab_tasks.contrib.place.mdp"
MULTITASK = "isaaclab_tasks.contrib.multitask_manipulation.mdp"
ARM = {"robot_cfg": Entity("robot_arm")}
HAND = {"asset_cfg": Entity("robot_arm", bodies="hand"), "command_name": "goal"}
SLIDE = {"asset_cfg": Entity("robot_cabinet", joints="slide")}
FRAME = {"ee_frame_cfg": Entity("ee_frame")}
CUBE, GEARS_BASE = {"object_cfg": Entity("object_cube_3")}, {"asset_cfg": Entity("object_cube_2")}
GRIPPING = Selection("robot_arm", ("upper", "lower"), 0.6)
OFFSET = Made(f"{NIST}.assembly_keypoints:Offset", {"pos": (0.0, 0.02, 0.05)})
PROGRESS = Term(
    f"{NIST}.mdp.terminations",
    {
        "success_threshold": 0.102,
        "held_asset_cfg": Entity("object_cube_3"),
        "fixed_asset_cfg": Entity("object_cube_2"),
        "held_asset_offset": Made(f"{NIST}.assembly_keypoints:Offset", {}),
        "assembly_profile": Made(
            f"{NIST}.assembly_profile_cfg:AssemblyProfileCfg",
            {"segments": [Made(f"{NIST}.assembly_profile_cfg:EndPointsSegmentCfg", {})]},
        ),
    },
)
"""The termination that ``success_reward`` asks how far the assembly is; its class is called ``progress_context``."""

GEARS_KINDS = Term(f"{DEPLOY}.events", {"gear_types": ["gear_small", "gear_medium", "gear_large"]})
"""The event that terms of gears ask for the gear of an environment; its class is called ``randomize_gear_type``."""

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
        "open_drawer_bonus": Term(f"{CABINET}.rewards", {"success_threshold": 0.3, **SLIDE}),
        "multi_stage_open_drawer": Term(f"{CABINET}.rewards", SLIDE),
        "position_command_error": Term(REWARDS, HAND),
        "position_command_error_tanh": Term(REWARDS, {"std": 0.2, **HAND}),
        "orientation_command_error": Term(REWARDS, HAND),
        "object_ee_distance": Term(f"{LIFT}.rewards", {"std": 0.3, **CUBE, **FRAME}),
        "object_goal_distance": Term(
            f"{LIFT}.rewards",
            {
                "std": 0.5,
                "minimal_height": 0.25,
                "command_name": "goal",
                "success_threshold": None,
                **ARM,
                **CUBE,
            },
        ),
        "success_reward": Term(f"{NIST}.mdp.rewards"),
        "selected_joint_vel_l2": Term(f"{MULTITASK}.rewards", {"asset_cfg": GRIPPING, "max_velocity": 0.1}),
        "selected_action_rate_l2": Term(
            f"{MULTITASK}.rewards", {"task_asset_cfg": GRIPPING, "action_term_names": ("grip",)}
        ),
    },
    "observation": {
        "ee_frame_pos": Term(f"{STACK}.observations", FRAME),
        "ee_frame_quat": Term(f"{STACK}.observations", FRAME),
        "ee_frame_pose_in_base_frame": Term(f"{STACK}.observations", {**FRAME, **ARM}),
        "gripper_pos": Term(f"{STACK}.observations", ARM),
        "rel_ee_drawer_distance": Term(f"{CABINET}.observations"),
        "object_grasped": Term(f"{PLACE}.observations", {**ARM, **FRAME, **CUBE, "diff_threshold": 0.5}),
        "object_stacked": Term(
            f"{STACK}.observations",
            {
                **ARM,
                "upper_object_cfg": Entity("object_cube_2"),
                "lower_object_cfg": Entity("object_cube_1"),
                "height_diff": 0.1,
            },
        ),
        "object_obs": Term(
            f"{PICK}.observations", {"left_eef_link_name": "upper_finger", "right_eef_link_name": "lower_finger"}
        ),
        "object_poses_in_base_frame": Term(f"{PLACE}.observations", {**CUBE, **ARM}),
        "cube_positions_in_world_frame": Term(f"{STACK}.observations"),
        "cube_orientations_in_world_frame": Term(f"{STACK}.observations"),
        "cube_poses_in_base_frame": Term(f"{STACK}.observations"),
        "target_asset_pose_in_root_asset_frame": Term(
            f"{NIST}.mdp.observations",
            {
                "target_asset_cfg": Entity("object_cube_3"),
                "root_asset_cfg": Entity("robot_arm", bodies="hand"),
                "target_asset_offset": OFFSET,
            },
        ),
        "goal_quat_diff": Term(
            "isaaclab_tasks.core.reorient.mdp.observations",
            {"asset_cfg": Entity("object_cube_3"), "command_name": "twist", "make_quat_unique": True},
        ),
        "gear_shaft_pos_w": Term(
            f"{DEPLOY}.observations",
            {
                **GEARS_BASE,
                "gear_offsets": {
                    "gear_small": [0.08, 0.0, 0.0],
                    "gear_medium": [0.03, 0.0, 0.0],
                    "gear_large": [-0.03, 0.01, 0.0],
                },
            },
        ),
        "gear_shaft_quat_w": Term(f"{DEPLOY}.observations", GEARS_BASE),
        "selected_joint_pos_rel": Term(f"{MULTITASK}.observations", {"asset_cfg": GRIPPING}),
        "selected_joint_vel_rel": Term(f"{MULTITASK}.observations", {"asset_cfg": GRIPPING}),
    },
    "termination": {
        "ee_below_minimum": Term("isaaclab_tasks.core.lift.mdp.terminations", {"minimum_height": 0.45, **FRAME}),
        "cubes_stacked": Term(
            f"{STACK}.terminations",
            {"xy_threshold": 0.004, "height_diff": 0.1, "atol": 0.01, "max_lin_vel": 0.05},
        ),
        "task_done_pick_place": Term(
            "isaaclab_tasks.contrib.pick_place.mdp.terminations",
            {
                "task_link_name": "hand",
                "right_wrist_max_x": 0.17,
                "min_x": 0.2,
                "max_x": 0.4,
                "min_y": 0.3,
                "max_y": 0.5,
                "max_height": 1.0,
                "min_vel": 0.2,
            },
        ),
        "out_of_bound": Term(
            f"{NIST}.mdp.terminations",
            {
                "asset_cfg": Entity("object_cube_3"),
                "in_bound_range": {"x": (0.2975, 0.31), "y": (0.39, 0.41), "z": (0.2, 0.3)},
            },
        ),
    },
}
"""Of ``tasks/table.stripe``."""

TASKS = {"walker": WALKER, "table": TABLE}

COMMANDS = {
    "walker": {"goal": ("goal_xy", "goal_yaw"), "aim": ("aim_xy",), "place": ("place_pos",)},
    "table": {"goal": ("goal_pos", "goal_rot"), "twist": ("twist_roll", "twist_pitch", "twist_yaw")},
}
"""The buffers of an environment that hold its commands, in the order of Isaac Lab's columns."""

ACTIONS = {"walker": {"legs": 12}, "table": {"swing": 1, "grip": 2, "pull": 1}}
"""Action terms, and how many numbers each takes, in their order."""
