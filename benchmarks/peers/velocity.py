"""Isaac Lab's own velocity task, manager-based, with the quadruped of ``examples/quadruped_walk.stripe`` as its robot.

The configuration is upstream's for the Unitree A1 on flat ground (``UnitreeA1FlatEnvCfg``, on top of
``velocity_env_cfg.py``): its managers, its term functions and their order. That robot has the same names for its trunk
and its feet, and the generated task has the same terms with the same weights. Everything else is taken from the
generated configuration, so that the two cannot drift apart: the simulation and its solver, the robot with its
actuators, the ground, the contact sensor, the number and spacing of environments, and every range and weight.

What upstream's task has and the generated one has not is taken out: the heading command, joint limits as a reward
(weight 0 upstream), the centre of mass and a wrench of zero at resets, a velocity at resets.

What still differs, and belongs to what is compared:

- Managers call a function for each term. With the Warp front end (``ManagerBasedRLEnvWarp``) each term is a kernel
  and each manager a CUDA graph of its own on a GPU; the command stays in torch, and the host asks in every step which
  environments end. On a CPU three managers run kernel by kernel, since Warp cannot record what they do there.
- Joints are in the order of the physics back end, in the generated task in the order of their names.
- The command's own metrics count successes beside the two errors that the generated task logs.
- A robot that is told to stand has its command set to zero in every step, in the generated task when it is drawn.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium
from isaaclab.managers import SceneEntityCfg
from isaaclab_tasks.contrib.velocity.config.a1.flat_env_cfg import UnitreeA1FlatEnvCfg

from benchmarks.environments import with_isaac_labs_manager

TASK = "Peer-Velocity-Flat-Quadruped"
"""Gym id of the peer; :func:`velocity` gives its configuration."""
NOT_RECORDED_ON_CPU = ("EventManager", "ObservationManager", "RewardManager")
"""Managers of the Warp front end that Warp 1.17 cannot record on a CPU: they pass proxies of arrays to kernels, or copy
into slices. On a GPU they are recorded."""

gymnasium.register(id=TASK, entry_point="isaaclab.envs:ManagerBasedRLEnv", disable_env_checker=True)


def velocity(ours: Any) -> Any:
    """The configuration of the peer, a ``ManagerBasedRLEnvCfg``.

    Args:
        ours: The ``WalkEnvCfg`` of the generated package, its presets resolved; it is not changed.
    """
    ours = deepcopy(ours)
    peer: Any = UnitreeA1FlatEnvCfg()
    peer.decimation, peer.episode_length_s = ours.decimation, ours.episode_length_s
    peer.sim, peer.seed = ours.sim, ours.seed
    peer.sim.physics = with_isaac_labs_manager(ours.sim.physics)
    if ours.sim.device == "cpu":
        # a setting of upstream's own: 1 is Warp without recording
        peer.manager_call_max_mode = dict.fromkeys(NOT_RECORDED_ON_CPU, 1)

    scene = peer.scene
    scene.num_envs, scene.env_spacing = ours.scene.num_envs, ours.scene.env_spacing
    scene.robot, scene.contact_forces = ours.scene.robot, ours.scene.touch
    # upstream's ground and sky are files on a server
    scene.terrain, scene.sky_light = ours.scene.ground, ours.scene.light_dome

    command = peer.commands.base_velocity
    command.heading_command, command.rel_heading_envs, command.debug_vis = False, 0.0, False
    command.resampling_time_range = ours.command.goal_every
    command.rel_standing_envs = ours.command.goal_standing
    ranges = command.ranges
    ranges.lin_vel_x, ranges.lin_vel_y = ours.command.goal_x, ours.command.goal_y
    ranges.ang_vel_z, ranges.heading = ours.command.goal_yaw, None

    peer.actions.joint_pos.scale = ours.action.legs_scale

    seen, observed = peer.observations.policy, ours.observe
    seen.joint_vel.scale = observed.policy_joints_vel_scale
    for term, noise in (
        (seen.base_lin_vel, observed.policy_v_noise),
        (seen.base_ang_vel, observed.policy_w_noise),
        (seen.projected_gravity, observed.policy_base_gravity_body_noise),
        (seen.joint_pos, observed.policy_joints_pos_default_noise),
        (seen.joint_vel, observed.policy_joints_vel_noise),
    ):
        term.noise.n_min, term.noise.n_max = noise

    weights, rewards = ours.reward, peer.rewards
    for term, weight in (
        (rewards.track_lin_vel_xy_exp, weights.track_xy),
        (rewards.track_ang_vel_z_exp, weights.track_yaw),
        (rewards.lin_vel_z_l2, weights.bounce),
        (rewards.ang_vel_xy_l2, weights.wobble),
        (rewards.flat_orientation_l2, weights.level),
        (rewards.dof_torques_l2, weights.torque),
        (rewards.dof_acc_l2, weights.accel),
        (rewards.action_rate_l2, weights.jerk),
        (rewards.feet_air_time, weights.air_time),
    ):
        term.weight = weight
    rewards.track_lin_vel_xy_exp.params["std"] = weights.track_xy_std
    rewards.track_ang_vel_z_exp.params["std"] = weights.track_yaw_std
    rewards.feet_air_time.params["threshold"] = weights.air_time_target
    rewards.dof_pos_limits = None

    peer.terminations.base_contact.params["threshold"] = ours.terminate.fallen_threshold

    events, drawn = peer.events, ours.randomize
    events.base_com = events.base_external_force_torque = None
    events.physics_material.params |= {
        "static_friction_range": drawn.bodies_friction,
        "dynamic_friction_range": drawn.bodies_friction,
    }
    events.add_base_mass.params = {
        "asset_cfg": SceneEntityCfg("robot", body_names="trunk"),
        "mass_distribution_params": drawn.base_mass,
        "operation": "add",
    }
    start = ours.reset
    pose = {"x": start.base_pos_xy, "y": start.base_pos_xy, "yaw": start.base_yaw}
    events.reset_base.params |= {"pose_range": pose, "velocity_range": {}}
    events.reset_robot_joints.params["position_range"] = start.joints_pos
    events.push_robot.interval_range_s = drawn.every
    events.push_robot.params["velocity_range"] = {"x": drawn.base_lin_vel_xy, "y": drawn.base_lin_vel_xy}
    return peer
