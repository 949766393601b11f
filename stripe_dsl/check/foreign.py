"""How functions of other languages are written here: ``square(x)``, ``torch.clamp(x, 0, 1)``, ``True``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MODULES = frozenset(("torch", "math", "np", "numpy", "wp", "warp", "jnp", "math_utils", "torch_utils"))
"""Modules of Python whose functions stand alone here."""

VALUES = {
    "self": "leave it out: a task's names stand alone",
    "env": "leave it out: a task's names stand alone",
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `none` to remove what a task inherits",
    "dt": "the control step is `episode.step`",
    "step_dt": "the control step is `episode.step`",
    "root": "write `base`",
    "random": "a draw is a range, `low..high`; an angle all around is `any`",
    "base_lin_vel": "write `base.lin_vel@body`",
    "base_ang_vel": "write `base.ang_vel@body`",
    "projected_gravity": "write `base.gravity@body`",
    "joint_pos": "write `joints.pos`",
    "joint_vel": "write `joints.vel`",
    "joint_pos_rel": "write `joints.pos - default`",
    "joint_vel_rel": "write `joints.vel`",
    "root_pos_w": "write `base.pos`",
    "root_quat_w": "write `base.rot`",
    "last_action": "write `prev(…)` of the action",
    "actions": "write `prev(…)` of the action",
    "generated_commands": "name the command",
    "velocity_commands": "name the command",
    "time_out": "write `timeout`",
    **dict.fromkeys(("env_id", "env_ids"), "where an environment stands among all, 0 to 1, is `episode.place`"),
    "num_envs": "an expression speaks of one environment; their number is `envs` of `sim`",
}
"""What names of Python and of Isaac Lab's environments are here."""

FIELDS = {
    **dict.fromkeys(("torque", "torques", "force", "applied_torque"), "effort"),
    **dict.fromkeys(("quat", "quaternion", "orientation"), "rot"),
    **dict.fromkeys(("height", "z"), "pos.z"),
    "angle": "pos",
    "speed": "vel",
    "rpy": "roll",
    "projected_gravity": "gravity",
    "limits": "lower",
}
"""What quantities are called here, by what others call them."""


def field_of(name: str, table: Mapping[str, object]) -> tuple[str, ...]:
    """What to write for a quantity that is called otherwise elsewhere, where the thing has it."""
    own = FIELDS.get(name, "")
    return (f"write `{own}`",) if own.partition(".")[0] in table else ()


_FUNCTIONS = {
    "noise": "noise stands behind an observation: `v noise +-0.1 m/s`",
    **dict.fromkeys(("square", "sqr"), "write `x^2`"),
    **dict.fromkeys(("pow", "power"), "write `a^b`"),
    **dict.fromkeys(("uniform", "rand", "random", "sample_uniform", "uniform_"), "a draw is a range, `low..high`"),
    **dict.fromkeys(("normal", "randn"), "write `gaussian(mean, deviation)`"),
    **dict.fromkeys(("clamp", "saturate"), "write `clip(x, low, high)`"),
    **dict.fromkeys(("relu",), "write `max(x, 0)`"),
    **dict.fromkeys(("length", "magnitude", "l2_norm"), "write `|v|`"),
    **dict.fromkeys(("normalize", "normalise", "normalized"), "write `unit(v)`"),
    **dict.fromkeys(("wrap_to_pi", "wrap_angle", "normalize_angle"), "write `wrap(angle)`"),
    **dict.fromkeys(("last", "previous", "last_action"), "write `prev(x)`"),
    **dict.fromkeys(("arctan2",), "write `atan2(y, x)`"),
    **dict.fromkeys(("arcsin",), "write `asin(x)`"),
    **dict.fromkeys(("arccos",), "write `acos(x)`"),
    **dict.fromkeys(("arctan",), "write `atan(x)`"),
    **dict.fromkeys(("std", "stddev"), "write `sqrt(variance(x))`"),
    **dict.fromkeys(("var",), "write `variance(x)`"),
    **dict.fromkeys(("ln",), "write `log(x)`"),
    **dict.fromkeys(("deg2rad", "radians"), "give the number its unit, as in `45 deg`"),
    **dict.fromkeys(("where", "select"), "write `a if condition else b`"),
    **dict.fromkeys(("lerp",), "write `a + (b - a) * t`"),
    **dict.fromkeys(("linalg_norm", "vector_norm"), "write `|v|`"),
    **dict.fromkeys(("quat_error_magnitude", "quat_diff_angle"), "write `angle_between(a, b)`"),
    **dict.fromkeys(("quat_mul", "quat_multiply"), "write `compose(a, b)`"),
    **dict.fromkeys(("quat_inv", "quat_conjugate"), "write `inverse(rot)`"),
    **dict.fromkeys(("quat_rotate", "quat_apply"), "write `rotate(rot, v)`"),
    **dict.fromkeys(("quat_rotate_inverse", "quat_apply_inverse"), "write `rotate_back(rot, v)`"),
    **dict.fromkeys(("len",), "write `count(conditions)`, or the number itself"),
    **dict.fromkeys(("round",), "write `floor(x + 0.5)`"),
    **dict.fromkeys(("exponential",), "write `exp(x)`"),
}


def function_help(name: str, builtin: Iterable[str]) -> tuple[str, ...]:
    """What to write for a function of another language; nothing where it is none that is known."""
    if name in _FUNCTIONS:
        return (_FUNCTIONS[name],)
    return (f"write `{name}(…)`",) if name in builtin else ()
