"""Poses and velocities of bodies in kernels, from the arrays that physics writes: those of centres of mass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.emit.values import Value
from stripe_dsl.emit.warp.kernel import Kernel

if TYPE_CHECKING:
    from stripe_dsl.emit.warp.leaves import Leaves

BODY_DATA = {
    "body.pos@world": ("body_link_pose_w", "wp.transform", "wp.transform_get_translation"),
    "body.rot@world": ("body_link_pose_w", "wp.transform", "wp.transform_get_rotation"),
    "body.lin_vel@world": ("body_com_vel_w", "wp.spatial_vector", "wp.spatial_top"),
    "body.ang_vel@world": ("body_com_vel_w", "wp.spatial_vector", "wp.spatial_bottom"),
    "body.mass": ("body_mass", "float", ""),
    "body.com@body": ("body_com_pos_b", "wp.vec3", ""),
}
"""Array, type and function by quantity."""

LINK_VELOCITY = "body.link_lin_vel@world"
"""It follows from the velocity of the centre of mass."""


def body_value(leaves: Leaves, kernel: Kernel, robot: str, quantity: str, place: str) -> Value:
    """A quantity of the body at ``place`` of the arrays."""
    if quantity == LINK_VELOCITY:
        arrays = ("body_com_vel_w", "body_link_pose_w")
        return Value(_link_velocity(leaves, kernel, robot, arrays, 2, (f"env, {place}", f"env, {place}")))
    data, kind, function = BODY_DATA[quantity]
    element = f"{leaves.data(kernel, robot, data, 2, kind)}[env, {place}]"
    return Value(f"{function}({element})" if function else element)


def root_velocity(leaves: Leaves, kernel: Kernel, robot: str, name: str) -> str:
    """A velocity of the base in the world: ``lin_vel``, ``link_lin_vel`` or ``ang_vel``."""
    if name == "link_lin_vel":
        return _link_velocity(leaves, kernel, robot, ("root_com_vel_w", "root_link_pose_w"), 1, ("env", "env, 0"))
    half = "wp.spatial_top" if name == "lin_vel" else "wp.spatial_bottom"
    return f"{half}({leaves.data(kernel, robot, 'root_com_vel_w', 1, 'wp.spatial_vector')}[env])"


def _link_velocity(
    leaves: Leaves, kernel: Kernel, robot: str, arrays: tuple[str, str], dims: int, places: tuple[str, str]
) -> str:
    """The velocity of the origin of a body's frame; ``places`` of velocity and pose, and of the centre of mass."""
    velocity = leaves.data(kernel, robot, arrays[0], dims, "wp.spatial_vector")
    pose = leaves.data(kernel, robot, arrays[1], dims, "wp.transform")
    com = leaves.data(kernel, robot, "body_com_pos_b", 2, "wp.vec3")
    function = kernel.helper("link_lin_vel_of")
    return f"{function}({velocity}[{places[0]}], {pose}[{places[0]}], {com}[{places[1]}])"
