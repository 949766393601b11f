"""Isaac Lab's rewards of the Spot that walks, which the showcase has, beside its own; runs in the worker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from .recorder import Array

PENALTIES = ("base_motion", "base_orientation", "joint_torques")
PAIRS = (("FL_foot", "RR_foot"), ("FR_foot", "RL_foot"))
UPPER = [".*_hip_joint", ".*_thigh_joint"]


class Managers:
    """What Isaac Lab's functions ask managers for: the action and the one before it, and the command."""

    def __init__(self, env: Any) -> None:
        import torch
        from isaaclab.managers import RewardTermCfg, SceneEntityCfg
        from isaaclab_tasks.contrib.velocity.config.spot import mdp as rewards

        mdp: Any = rewards  # which says that it wants an environment of managers
        self._env = env
        self.scene = env.scene
        self.num_envs, self.device, self.step_dt = env.num_envs, env.device, env.step_dt
        self.action_manager = SimpleNamespace(action=env.actions, prev_action=torch.zeros_like(env.actions))
        self.command_manager = SimpleNamespace(get_command=self.command)

        robot, feet = SceneEntityCfg("robot"), SceneEntityCfg("robot", body_names=[".*_foot"])
        touch = SceneEntityCfg("touch", body_names=[".*_foot"])
        for entity in (robot, feet, touch):
            entity.resolve(env.scene)
        gait = {
            "std": 0.1,
            "max_err": 0.2,
            "velocity_threshold": 0.5,
            "synced_feet_pair_names": PAIRS,
            "asset_cfg": robot,
            "sensor_cfg": touch,
        }
        in_gait = mdp.GaitReward(RewardTermCfg(func=mdp.GaitReward, params=gait, weight=1.0), self)
        self.terms = {
            "air_time": lambda: mdp.air_time_reward(self, robot, touch, 0.3, 0.5),
            "base_angular_velocity": lambda: mdp.base_angular_velocity_reward(self, robot, 2.0),
            "base_linear_velocity": lambda: mdp.base_linear_velocity_reward(self, robot, 1.0, 1.0, 0.5),
            "foot_clearance": lambda: mdp.foot_clearance_reward(self, feet, 0.1, 0.05, 2.0),
            "gait": lambda: in_gait(self, **gait),
            "action_smoothness": lambda: mdp.action_smoothness_penalty(self),
            "air_time_variance": lambda: mdp.air_time_variance_penalty(self, touch),
            "foot_slip": lambda: mdp.foot_slip_penalty(self, feet, touch, 1.0),
            "joint_pos": lambda: mdp.joint_position_penalty(self, robot, 5.0, 0.5),
            # Isaac Lab's configuration asks for hips and thighs, and its functions take all joints
            "joint_acc": lambda: mdp.joint_acceleration_penalty(self.with_joints("joint_acc"), robot),
            "joint_vel": lambda: mdp.joint_velocity_penalty(self.with_joints("joint_vel"), robot),
            **{name: self.penalty(getattr(mdp, f"{name}_penalty"), robot) for name in PENALTIES},
        }

    def command(self, name: str) -> Any:
        """The velocity that is asked for, in the columns of Isaac Lab's."""
        import torch

        return torch.cat([self._env._goal_xy, self._env._goal_yaw[:, None]], dim=1)

    def penalty(self, function: Any, robot: Any) -> Any:
        """A term without settings."""
        return lambda: function(self, robot)

    def with_joints(self, name: str) -> Any:
        """An environment whose robot has the upper joints alone, of what is called ``name``."""
        robot = self._env.scene["robot"]
        values = getattr(robot.data, name).torch[:, robot.find_joints(UPPER)[0]]
        data = SimpleNamespace(**{name: SimpleNamespace(torch=values)})
        return SimpleNamespace(scene={"robot": SimpleNamespace(data=data)})


def rewards(env: Any) -> dict[str, Array]:
    """Isaac Lab's rewards of the step by name, without their weights."""
    seen: Managers = env.__dict__.setdefault("_spot_managers", None) or Managers(env)
    env._spot_managers = seen
    seen.action_manager.action = env.actions
    # how the step before ended is still there; an episode begins with no action before its first
    seen.action_manager.prev_action[env.reset_terminated | env.reset_time_outs] = 0.0
    found = {name: np.array(term().float().cpu()) for name, term in seen.terms.items()}
    seen.action_manager.prev_action = env.actions.clone()
    return found
