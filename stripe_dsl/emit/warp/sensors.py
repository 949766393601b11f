"""How generated kernels read sensors."""

from __future__ import annotations

from stripe_dsl.emit.data import FORCES, PARTNERS, TIMES, WHOLE, WRENCHES
from stripe_dsl.emit.values import Value
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.module import Module

PICTURES = {
    "camera.depth": ('data.output["depth"].warp.reshape((self.num_envs, -1))', "wp.array2d(dtype=float)", ""),
    "camera.rgb": (
        'data.output["rgba"].warp.reshape((self.num_envs, -1, 4))',
        "wp.array3d(dtype=wp.uint8)",
        "color_of",
    ),
    "camera.normals@world": (
        'data.output["normals"].warp.reshape((self.num_envs, -1, 3))',
        "wp.array3d(dtype=float)",
        "vector_of",
    ),
}
"""What a camera sees, pixel by pixel: its array, the type of that, and the function that makes a vector of a pixel."""

TRANSITIONS = {"contact.landed": "current_contact_time", "contact.lifted": "current_air_time"}


def reading(module: Module, kernel: Kernel, sensor: str, quantity: str, place: str) -> Value:
    """A quantity of a sensor at one body, or of one ray.

    Args:
        sensor: attribute of the sensor.
        place: index of the body among those of the sensor, or of the ray; empty for what there is once.
    """

    def array(field: str, annotation: str) -> str:
        host = module.attribute(f"self.{sensor}.data.{field}.warp", f"{sensor}_{field}")
        return kernel.parameter(host, annotation, f"{sensor}_{field}")

    if quantity in PICTURES:
        text, annotation, function = PICTURES[quantity]
        wish = f"{sensor}_{quantity.partition('.')[2].partition('@')[0]}"
        picture = kernel.parameter(module.attribute(f"self.{sensor}.{text}", wish), annotation, wish)
        return Value(f"{kernel.helper(function)}({picture}, env, {place})" if function else f"{picture}[env, {place}]")
    if quantity in WHOLE and not place:
        return Value(f"{array(WHOLE[quantity], 'wp.array(dtype=wp.vec3)')}[env]")
    if quantity in WRENCHES or quantity in FORCES or quantity in WHOLE:
        field = WRENCHES.get(quantity) or FORCES.get(quantity) or WHOLE[quantity]
        return Value(f"{array(field, 'wp.array2d(dtype=wp.vec3)')}[env, {place}]")
    if quantity == "contact.peak":
        history = array("net_normal_forces_w_history", "wp.array3d(dtype=wp.vec3)")
        return Value(f"{kernel.helper('peak_force')}({history}, env, {place})")
    if quantity in PARTNERS:
        matrix = array(PARTNERS[quantity], "wp.array3d(dtype=wp.vec3)")
        return Value(f"{kernel.helper('partner_force')}({matrix}, env, {place})")
    if quantity == "partner.peak":
        history = array("normal_force_matrix_w_history", "wp.array4d(dtype=wp.vec3)")
        return Value(f"{kernel.helper('peak_partner_force')}({history}, env, {place})")
    if quantity in TIMES:
        return Value(f"{array(TIMES[quantity], 'wp.array2d(dtype=float)')}[env, {place}]")
    time = array(TRANSITIONS[quantity], "wp.array2d(dtype=float)")
    # half a physics step more, since times are sums of physics steps: the tolerance of Isaac Lab
    longest = kernel.parameter("self.step_dt + 0.5 * self.physics_dt", "float", "since_last_step")
    return Value(f"{kernel.helper('is_within')}({time}[env, {place}], {longest})")
