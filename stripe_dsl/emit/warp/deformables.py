"""How kernels read what bends: points of deformable objects and segments of cables, where Newton keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.emit.naming import word
from stripe_dsl.emit.values import Value
from stripe_dsl.emit.warp.kernel import Kernel

if TYPE_CHECKING:
    from stripe_dsl.emit.warp.leaves import Leaves

POINTS = {"soft.points@world": "particle_q", "soft.velocities@world": "particle_qd"}
SEGMENTS = {
    "cable.points@world": ("body_q", "wp.transform_get_translation"),
    "cable.rotations@world": ("body_q", "wp.transform_get_rotation"),
    "cable.velocities@world": ("body_qd", "wp.spatial_top"),
    "cable.ang_velocities@world": ("body_qd", "wp.spatial_bottom"),
}
"""Newton's array of all bodies, and what of its elements."""
QUANTITIES = (*POINTS, *SEGMENTS)

BODIES = {"body_q": "wp.transform", "body_qd": "wp.spatial_vector"}
"""What the arrays of bodies hold."""


def reading(leaves: Leaves, kernel: Kernel, entity: str, quantity: str, place: str) -> Value:
    """A quantity of one point or segment of an environment."""
    if quantity in POINTS:
        return Value(f"{points_of(leaves, kernel, entity, POINTS[quantity])}[env, {place}]")
    name, part = SEGMENTS[quantity]
    return Value(f"{part}({segment(leaves, kernel, entity, name, place)})")


def points_of(leaves: Leaves, kernel: Kernel, entity: str, name: str, state: int = 0) -> str:
    """The argument that holds what one of Newton's two states keeps of the points of a deformable object."""
    text = f"points_of(self.{leaves.entities[entity]}, NewtonManager.get_state_{state}().{name})"
    wish = f"{word(entity)}_{'points' if name == 'particle_q' else 'velocities'}{'_next' * state}"
    return kernel.parameter(leaves.module.attribute(text, wish), "wp.array2d(dtype=wp.vec3)", wish)


def segment(leaves: Leaves, kernel: Kernel, entity: str, name: str, place: str, state: int = 0) -> str:
    """What one of Newton's two states keeps of a segment of a cable; Newton has all bodies in one array."""
    text, wish = f"NewtonManager.get_state_{state}().{name}", f"{name}{'_next' * state}"
    bodies = kernel.parameter(leaves.module.attribute(text, wish), f"wp.array(dtype={BODIES[name]})", wish)
    wish = f"{word(entity)}_segments"
    host = leaves.module.attribute(f"segments_of(self.{leaves.entities[entity]})", wish)
    return f"{bodies}[{kernel.parameter(host, 'wp.array2d(dtype=int)', wish)}[env, {place}]]"
