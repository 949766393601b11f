"""Randomised properties, read where the solver reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .worker import array


def properties(env: Any) -> dict[str, Any]:
    """Properties of the robot's bodies, shapes and joints in every environment, from MuJoCo's own model.

    Gravity is Newton's: in torch MuJoCo learns of it at the next step.

    Returns:
        Arrays of shape (num_envs, ...).
    """
    from isaaclab_newton.physics import NewtonManager

    newton: Any = NewtonManager
    data, model = env.scene["robot"].data, newton._solver.mjw_model
    found = {
        "mass": model.body_mass.numpy()[:, 1:],
        "inertia": data.body_inertia.torch.cpu().numpy(),
        "moments": model.body_inertia.numpy()[:, 1:],
        "com": model.body_ipos.numpy()[:, 1:],
        "friction": model.geom_friction.numpy()[..., 0],
        "gravity": newton.get_model().gravity.numpy()[: env.num_envs],
        "mujoco_gravity": model.opt.gravity.numpy(),
        "stiffness": model.actuator_gainprm.numpy()[..., 0],
        "damping": data.joint_damping.torch.cpu().numpy(),
        "mujoco_damping": -model.actuator_biasprm.numpy()[..., 2],
        "joint_friction": model.dof_frictionloss.numpy(),
        "armature": model.dof_armature.numpy(),
        "limits": model.jnt_range.numpy(),
        "soft_limits": data.soft_joint_pos_limits.torch.cpu().numpy(),
    }
    if hasattr(env, "_time_left"):
        found["time_left"] = array(env._time_left)
    return {name: np.array(value) for name, value in found.items()}


def physx_properties(env: Any) -> dict[str, Any]:
    """The same from the arrays of PhysX, with the names of :func:`properties` where it has the quantity.

    Returns:
        Arrays of shape (num_envs, ...); the first column of ``friction`` stands for the ground.
    """
    view = env.scene["robot"].root_view
    found = {
        "mass": view.get_attribute("articulation_body_mass"),
        "inertia": view.get_attribute("articulation_body_inertia"),
        "com": view.get_attribute("articulation_body_com_pose"),
        "materials": view.get_attribute("articulation_shape_friction_and_restitution"),
        "stiffness": view.get_attribute("articulation_dof_stiffness"),
        "damping": view.get_attribute("articulation_dof_damping"),
        "joint_friction": view.get_attribute("articulation_dof_friction_properties"),
        "armature": view.get_attribute("articulation_dof_armature"),
        "limits": view.get_attribute("articulation_dof_limit"),
    }
    arrays = {name: np.array(value.numpy()) for name, value in found.items()}
    arrays["moments"] = arrays["inertia"][..., ::4]
    arrays["com"] = arrays["com"][..., :3]
    arrays["friction"] = np.pad(arrays["materials"][..., 1], ((0, 0), (1, 0)))
    arrays["joint_friction_at_rest"] = arrays["joint_friction"][..., 0]
    arrays["joint_friction"] = arrays["joint_friction"][..., 1]
    if hasattr(env, "_time_left"):
        arrays["time_left"] = array(env._time_left)
    return arrays


def time_left(env: Any) -> dict[str, Any]:
    """Time until the next change of each interval, ``(num_envs, intervals)`` [s]."""
    return {"time_left": array(env._time_left)}


def wrenches(env: Any) -> dict[str, Any]:
    """Forces and torques on the bodies, in the frames of these."""
    own = "_robot" * hasattr(env, "_robot_forces")
    return {name: array(getattr(env, f"{own}_{name}")) for name in ("forces", "torques")}
