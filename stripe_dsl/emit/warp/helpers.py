"""Small functions that generated Warp modules define where they use them: what Warp lacks or does otherwise."""

from __future__ import annotations

HELPERS: dict[str, str] = {
    "square": """
@wp.func
def square(x: float) -> float:
    return x * x
""",
    "sign": '''
@wp.func
def sign(x: float) -> float:
    """Return -1, 0 or 1, nan for nan; ``wp.sign`` gives 1 for 0."""
    return wp.where(x > 0.0, 1.0, wp.where(x < 0.0, -1.0, x))
''',
    "minimum": '''
@wp.func
def minimum(a: float, b: float) -> float:
    """Return the smaller number, nan where one is nan; ``wp.min`` takes the other one."""
    return wp.where(a < b or wp.isnan(a), a, b)
''',
    "maximum": '''
@wp.func
def maximum(a: float, b: float) -> float:
    """Return the larger number, nan where one is nan; ``wp.max`` takes the other one."""
    return wp.where(a > b or wp.isnan(a), a, b)
''',
    "clip": '''
@wp.func
def clip(x: float, low: float, high: float) -> float:
    """Return the number of low .. high that is next to x, nan for nan; ``wp.clamp`` gives a bound."""
    return minimum(maximum(x, low), high)
''',
    "asin": '''
@wp.func
def asin(x: float) -> float:
    """Return the arc sine, nan outside -1 .. 1, where ``wp.asin`` clamps."""
    return wp.where(wp.abs(x) <= 1.0, wp.asin(x), wp.nan)
''',
    "acos": '''
@wp.func
def acos(x: float) -> float:
    """Return the arc cosine, nan outside -1 .. 1, where ``wp.acos`` clamps."""
    return wp.where(wp.abs(x) <= 1.0, wp.acos(x), wp.nan)
''',
    "remainder": '''
@wp.func
def remainder(a: float, b: float) -> float:
    """Return a - b * floor(a / b), which has the sign of b."""
    rest = wp.mod(a, b)
    return wp.where((rest < 0.0 and b > 0.0) or (rest > 0.0 and b < 0.0), rest + b, rest)
''',
    "wrap_to_pi": '''
@wp.func
def wrap_to_pi(angle: float) -> float:
    """Return the equal angle in (-pi, pi] [rad]; odd negative multiples of pi stay -pi."""
    turned = remainder(angle + wp.pi, 2.0 * wp.pi)
    return wp.where(turned == 0.0 and angle > 0.0, wp.pi, turned - wp.pi)
''',
    "link_lin_vel_of": '''
@wp.func
def link_lin_vel_of(com_vel: wp.spatial_vector, link_pose: wp.transform, com: wp.vec3) -> wp.vec3:
    """Return the velocity of the origin of a body's frame [m/s], in the world; ``com`` is in the body's frame [m]."""
    lever = wp.quat_rotate(wp.transform_get_rotation(link_pose), com)
    return wp.spatial_top(com_vel) - wp.cross(wp.spatial_bottom(com_vel), lever)
''',
    "unit": '''
@wp.func
def unit(v: Any):
    """Return the direction of a vector, zero for the zero vector."""
    return v / maximum(wp.length(v), 1.0e-9)
''',
    "roll_of": '''
@wp.func
def roll_of(q: wp.quat) -> float:
    """Return the angle about x [rad] of the extrinsic xyz angles."""
    return wp.atan2(2.0 * (q[3] * q[0] + q[1] * q[2]), 1.0 - 2.0 * (q[0] * q[0] + q[1] * q[1]))
''',
    "pitch_of": '''
@wp.func
def pitch_of(q: wp.quat) -> float:
    """Return the angle about y [rad] of the extrinsic xyz angles."""
    return wp.asin(2.0 * (q[3] * q[1] - q[2] * q[0]))
''',
    "yaw_of": '''
@wp.func
def yaw_of(q: wp.quat) -> float:
    """Return the angle about z [rad] of the extrinsic xyz angles."""
    return wp.atan2(2.0 * (q[3] * q[2] + q[0] * q[1]), 1.0 - 2.0 * (q[1] * q[1] + q[2] * q[2]))
''',
    "angle_between": '''
@wp.func
def angle_between(a: wp.quat, b: wp.quat) -> float:
    """Return the angle of the rotation from one to the other [rad], the short way round."""
    turn = wp.quat_inverse(a) * b
    return 2.0 * wp.atan2(wp.length(wp.vec3(turn[0], turn[1], turn[2])), wp.abs(turn[3]))
''',
    "rotation_vector": '''
@wp.func
def rotation_vector(q: wp.quat) -> wp.vec3:
    """Return the axis of a rotation times its angle [rad], the short way round."""
    axis = wp.vec3(q[0], q[1], q[2])
    sine = wp.length(axis)
    if sine < 1.0e-9:
        return wp.where(q[3] < 0.0, -2.0, 2.0) * axis
    if q[3] < 0.0:
        return axis * (2.0 * wp.atan2(-sine, -q[3]) / sine)
    return axis * (2.0 * wp.atan2(sine, q[3]) / sine)
''',
    "quat_about": '''
@wp.func
def quat_about(v: wp.vec3) -> wp.quat:
    """Return the rotation about a vector by its length [rad]."""
    half = 0.5 * wp.length(v)
    axis = wp.sin(half) * unit(v)
    return wp.quat(axis[0], axis[1], axis[2], wp.cos(half))
''',
    "damped_solution": '''
@wp.func
def damped_solution(square: Any, error: Any, damping: float):
    """Return y with (square + damping^2) y = error, by Cholesky's decomposition of a symmetric matrix."""
    lower = square
    y = error
    for i in range(len(error)):
        for j in range(i + 1):
            rest = lower[i, j]
            for k in range(j):
                rest -= lower[i, k] * lower[j, k]
            if i == j:
                lower[i, i] = wp.sqrt(rest + damping * damping)
            else:
                lower[i, j] = rest / lower[j, j]
    for i in range(len(error)):
        for k in range(i):
            y[i] -= lower[i, k] * y[k]
        y[i] = y[i] / lower[i, i]
    for step in range(len(error)):
        i = len(error) - 1 - step
        for k in range(i + 1, len(error)):
            y[i] -= lower[k, i] * y[k]
        y[i] = y[i] / lower[i, i]
    return y
''',
    "quat_unique": '''
@wp.func
def quat_unique(q: wp.quat) -> wp.quat:
    """Return the quaternion of the same rotation with w >= 0."""
    return wp.where(q[3] < 0.0, -q, q)
''',
    "yaw_only": '''
@wp.func
def yaw_only(q: wp.quat) -> wp.quat:
    """Return the rotation about world z with the same heading."""
    half = 0.5 * yaw_of(q)
    return wp.quat(0.0, 0.0, wp.sin(half), wp.cos(half))
''',
    "move_history": '''
@wp.func
def move_history(group: wp.array2d(dtype=float), env: int, start: int, width: int, steps: int):
    """Move the values of an entry to where those of the step before were; the newest stay."""
    for i in range(width * (steps - 1)):
        group[env, start + i] = group[env, start + width + i]
''',
    "fill_history": '''
@wp.func
def fill_history(group: wp.array2d(dtype=float), env: int, start: int, width: int, steps: int):
    """Put the newest values of an entry in the place of all others."""
    for i in range(width * (steps - 1)):
        group[env, start + i] = group[env, start + width * (steps - 1) + i % width]
''',
    "quat_from_rpy": '''
@wp.func
def quat_from_rpy(roll: float, pitch: float, yaw: float) -> wp.quat:
    """Return the rotation about the fixed axes x by roll, then y by pitch, then z by yaw."""
    about_x = wp.quat_from_axis_angle(wp.vec3(1.0, 0.0, 0.0), roll)
    about_y = wp.quat_from_axis_angle(wp.vec3(0.0, 1.0, 0.0), pitch)
    about_z = wp.quat_from_axis_angle(wp.vec3(0.0, 0.0, 1.0), yaw)
    return about_z * about_y * about_x
''',
    "column_of": '''
@wp.func
def column_of(jacobian: wp.array4d(dtype=float), env: int, row: int, joint: int) -> wp.spatial_vector:
    """Return what a unit of a joint's velocity does to a body: its linear and its angular velocity."""
    linear = wp.vec3(jacobian[env, row, 0, joint], jacobian[env, row, 1, joint], jacobian[env, row, 2, joint])
    angular = wp.vec3(jacobian[env, row, 3, joint], jacobian[env, row, 4, joint], jacobian[env, row, 5, joint])
    return wp.spatial_vector(linear, angular)
''',
    "peak_force": '''
@wp.func
def peak_force(history: wp.array3d(dtype=wp.vec3), env: int, body: int) -> float:
    """Return the largest force on a body over the physics steps that its sensor remembers [N]."""
    peak = wp.float32(0.0)
    for step in range(history.shape[1]):
        peak = wp.max(peak, wp.length(history[env, step, body]))
    return peak
''',
    "partner_force": '''
@wp.func
def partner_force(matrix: wp.array3d(dtype=wp.vec3), env: int, body: int) -> wp.vec3:
    """Return the force of all partners on a body [N]."""
    force = wp.vec3(0.0)
    for partner in range(matrix.shape[2]):
        force += matrix[env, body, partner]
    return force
''',
    "peak_partner_force": '''
@wp.func
def peak_partner_force(history: wp.array4d(dtype=wp.vec3), env: int, body: int) -> float:
    """Return the largest force of all partners on a body over the physics steps that its sensor remembers [N]."""
    peak = wp.float32(0.0)
    for step in range(history.shape[1]):
        force = wp.vec3(0.0)
        for partner in range(history.shape[3]):
            force += history[env, step, body, partner]
        peak = wp.max(peak, wp.length(force))
    return peak
''',
    "middle_of": '''
@wp.func
def middle_of(points: wp.array2d(dtype=wp.vec3), env: int) -> wp.vec3:
    """Return the mean of the points of an environment."""
    total = wp.vec3()
    for i in range(points.shape[1]):
        total += points[env, i]
    return total / float(points.shape[1])
''',
    "middle_of_segments": '''
@wp.func
def middle_of_segments(segments: wp.array2d(dtype=wp.transform), env: int) -> wp.vec3:
    """Return the mean of the positions of the segments of an environment."""
    total = wp.vec3()
    for i in range(segments.shape[1]):
        total += wp.transform_get_translation(segments[env, i])
    return total / float(segments.shape[1])
''',
    "color_of": '''
@wp.func
def color_of(picture: wp.array3d(dtype=wp.uint8), env: int, pixel: int) -> wp.vec3:
    """Return red, green and blue of a pixel, 0 to 1."""
    red, green, blue = picture[env, pixel, 0], picture[env, pixel, 1], picture[env, pixel, 2]
    return wp.vec3(float(red), float(green), float(blue)) / 255.0
''',
    "vector_of": '''
@wp.func
def vector_of(picture: wp.array3d(dtype=float), env: int, pixel: int) -> wp.vec3:
    """Return the three numbers of a pixel."""
    return wp.vec3(picture[env, pixel, 0], picture[env, pixel, 1], picture[env, pixel, 2])
''',
    "is_within": '''
@wp.func
def is_within(time: float, longest: float) -> bool:
    """Return whether a clock has been running for no longer than ``longest`` [s]; one that stands is at zero."""
    return time > 0.0 and time < longest
''',
}
"""Source text by name, in the order in which a module defines them."""

NEEDS = {
    "clip": ("minimum", "maximum"),
    "wrap_to_pi": ("remainder",),
    "unit": ("maximum",),
    "quat_about": ("unit",),
    "yaw_only": ("yaw_of",),
}
"""Functions that a function calls."""


def helper_sources(names: set[str]) -> list[str]:
    """The functions of these names and those that they call, in an order in which they can be defined."""
    wanted = names | {other for name in names for other in NEEDS.get(name, ())}
    return [text.strip("\n") for name, text in HELPERS.items() if name in wanted]
