"""Vectors, frames and everything that can be read, by example."""

from __future__ import annotations

from functools import partial

import numpy as np

from .examples import Array, Case, Values, back, flag, length, number, rotation, turned, upstream, vec2, vec3

QUARTER = np.array([0.0, 0.0, 0.5**0.5, 0.5**0.5])


def apart(a: Array, b: Array) -> Array:
    """Angle between two rotations, from the chords of their quaternions: exact where it is 0 and where it is pi."""
    chords = np.sort([length(a - b), length(a + b)], axis=0)
    return 4 * np.arctan2(chords[0], chords[1])


def _from_base(v: Values, *, name: str, frame: str) -> Array:
    """A quantity of the feet in the axes of the base; positions as seen from it."""
    vectors = v[f"feet.{name}@world"] - (v["base.pos@world"][:, None] if name == "pos" else 0.0)
    return np.einsum("nji,naj->nai", v.rotation() if frame == "body" else v.heading(), vectors)


VECTORS = [
    *(
        Case(
            f"base.lin_vel@body.{letters}",
            vec2("m/s", "body") if len(letters) == 2 else number("m/s"),
            lambda v, letters=letters: np.squeeze(
                v["base.lin_vel@body"][:, ["xyz".index(letter) for letter in letters]]
            ).reshape((v.num_envs, 2) if len(letters) == 2 else (v.num_envs,)),
        )
        for letters in ("x", "y", "z", "xy", "xz", "yz")
    ),
    Case("feet.lin_vel@world.xz", vec2("m/s", "world", "feet"), lambda v: v["feet.lin_vel@world"][..., [0, 2]]),
    Case("feet.lin_vel@world.yz.y", number("m/s", "feet"), lambda v: v["feet.lin_vel@world"][..., 2]),
    Case("base.lin_vel@body.xy.xy", vec2("m/s", "body"), lambda v: v["base.lin_vel@body"][:, :2]),
    Case(
        "(knee.pos, 2 * knee.pos, 0)",
        vec3("rad"),
        lambda v: np.stack([v["knee.pos"], 2 * v["knee.pos"], 0 * v["knee.pos"]], -1),
    ),
    Case("(1 m, slider.pos)", vec2("m"), lambda v: np.stack([v.all(1.0), v["slider.pos"]], -1)),
    Case(
        "goal - base.pos.xy",
        vec2("m", "world"),
        lambda v: np.array([3.0, -4.0]) - (v["base.pos@world"] - v["origin"])[:, :2],
    ),
    Case("base.pos.xy - goal", vec2("m", "world"), lambda v: (v["base.pos@world"] - v["origin"])[:, :2] - [3.0, -4.0]),
    Case("base.pos + (0, 0, 1) m", vec3("m", "env"), lambda v: v["base.pos@world"] - v["origin"] + [0.0, 0.0, 1.0]),
    Case(
        "feet.pos - base.pos", vec3("m", "world", "feet"), lambda v: v["feet.pos@world"] - v["base.pos@world"][:, None]
    ),
    Case("2 * base.lin_vel@body / 1 m", vec3("/s", "body"), lambda v: 2 * v["base.lin_vel@body"]),
    Case(
        "feet.lin_vel@world * slider.pos",
        vec3("m^2/s", "world", "feet"),
        lambda v: v["feet.lin_vel@world"] * v["slider.pos"][:, None, None],
    ),
    Case(
        "feet.lin_vel@world * |feet.lin_vel@world|",
        vec3("m^2/s^2", "world", "feet"),
        lambda v: v["feet.lin_vel@world"] * length(v["feet.lin_vel@world"])[..., None],
    ),
    Case(
        "base.lin_vel@world * feet.lin_vel@world.z",
        vec3("m^2/s^2", "world", "feet"),
        lambda v: v["base.lin_vel@world"][:, None, :] * v["feet.lin_vel@world"][..., 2:],
    ),
    Case("-feet.lin_vel@world", vec3("m/s", "world", "feet"), lambda v: -v["feet.lin_vel@world"]),
]

FRAMES = [
    Case("base.pos", vec3("m", "env"), lambda v: v["base.pos@world"] - v["origin"]),
    Case("base.pos@env", vec3("m", "env"), lambda v: v["base.pos@world"] - v["origin"]),
    Case("base.pos@world", vec3("m", "world"), lambda v: v["base.pos@world"]),
    Case("base.rot", rotation(), lambda v: v["base.rot@world"]),
    Case("base.rot@world", rotation(), lambda v: v["base.rot@world"]),
    Case("base.lin_vel@world", vec3("m/s", "world"), lambda v: v["base.lin_vel@world"]),
    Case("base.lin_vel@heading", vec3("m/s", "heading"), lambda v: back(v.heading(), v["base.lin_vel@world"])),
    Case("base.ang_vel@body", vec3("rad/s", "body"), lambda v: v["base.ang_vel@body"]),
    Case("base.ang_vel@world", vec3("rad/s", "world"), lambda v: v["base.ang_vel@world"]),
    Case("base.ang_vel@heading", vec3("rad/s", "heading"), lambda v: back(v.heading(), v["base.ang_vel@world"])),
    Case("base.gravity", vec3("", "body"), lambda v: v["base.gravity@body"]),
    Case("base.gravity@world", vec3("", "world"), lambda v: turned(v.rotation(), v["base.gravity@body"])),
    Case("base.forward", vec3("", "world"), lambda v: v.rotation()[:, :, 0]),
    Case("base.forward@heading", vec3("", "heading"), lambda v: back(v.heading(), v.rotation()[:, :, 0])),
    Case("base.up", vec3("", "world"), lambda v: v.rotation()[:, :, 2]),
    Case(
        "base.yaw",
        number("rad"),
        lambda v: np.arctan2(v.rotation()[:, 1, 0], v.rotation()[:, 0, 0]),
        turn=True,
    ),
    Case("base.pitch", number("rad"), lambda v: -np.arcsin(np.clip(v.rotation()[:, 2, 0], -1, 1))),
    Case(
        "base.roll",
        number("rad"),
        lambda v: np.arctan2(v.rotation()[:, 2, 1], v.rotation()[:, 2, 2]),
        turn=True,
    ),
    Case("base.lin_vel@world@body", vec3("m/s", "body"), lambda v: back(v.rotation(), v["base.lin_vel@world"])),
    Case(
        "(2 * base.lin_vel@body)@world",
        vec3("m/s", "world"),
        lambda v: 2 * turned(v.rotation(), v["base.lin_vel@body"]),
    ),
    Case(
        "(-base.lin_vel@body)@heading",
        vec3("m/s", "heading"),
        lambda v: -back(v.heading(), turned(v.rotation(), v["base.lin_vel@body"])),
    ),
    Case(
        "(base.lin_vel@heading)@body",
        vec3("m/s", "body"),
        lambda v: back(v.rotation(), v["base.lin_vel@world"]),
    ),
    Case(
        "(feet.pos - base.pos)@body",
        vec3("m", "body", "feet"),
        lambda v: np.einsum("nji,naj->nai", v.rotation(), v["feet.pos@world"] - v["base.pos@world"][:, None]),
    ),
    Case(
        "feet.lin_vel@world@heading",
        vec3("m/s", "heading", "feet"),
        lambda v: np.einsum("nji,naj->nai", v.heading(), v["feet.lin_vel@world"]),
    ),
    *(
        Case(f"feet.{name}@{frame}", vec3(unit, frame, "feet"), partial(_from_base, name=name, frame=frame))
        for name, unit in {"pos": "m", "lin_vel": "m/s", "link_lin_vel": "m/s", "ang_vel": "rad/s"}.items()
        for frame in ("body", "heading")
    ),
    Case(
        "feet.pos@world - base.pos@world",
        vec3("m", "world", "feet"),
        lambda v: v["feet.pos@world"] - v["base.pos@world"][:, None],
    ),
    Case("feet.pos", vec3("m", "env", "feet"), lambda v: v["feet.pos@world"] - v["origin"][:, None]),
    Case("feet.pos@world", vec3("m", "world", "feet"), lambda v: v["feet.pos@world"]),
    Case("feet.rot", rotation("feet"), lambda v: v["feet.rot@world"]),
    Case("feet.link_lin_vel@world", vec3("m/s", "world", "feet"), lambda v: v["feet.link_lin_vel@world"]),
    Case("tip.link_lin_vel@world.z", number("m/s"), lambda v: v["tip.link_lin_vel@world"][:, 2]),
    Case("base.link_lin_vel@world", vec3("m/s", "world"), lambda v: v["base.link_lin_vel@world"]),
    Case("base.link_lin_vel@body", vec3("m/s", "body"), lambda v: v["base.link_lin_vel@body"]),
    Case(
        "base.link_lin_vel@heading", vec3("m/s", "heading"), lambda v: back(v.heading(), v["base.link_lin_vel@world"])
    ),
    Case("feet.ang_vel@world", vec3("rad/s", "world", "feet"), lambda v: v["feet.ang_vel@world"]),
    Case("tip.pos@env.z", number("m"), lambda v: v["tip.pos@world"][:, 2] - v["origin"][:, 2]),
    Case("tip.rot", rotation(), lambda v: v["tip.rot@world"]),
    Case("(2 * legs.vel)[pair]", number("rad/s", "pair"), lambda v: 2 * v["legs.vel"][:, [2, 0]]),
    Case("legs.pos[knee]", number("rad"), lambda v: v["legs.pos"][:, 1]),
    Case("legs.pos[legs]", number("rad", "legs"), lambda v: v["legs.pos"]),
    Case("sum(legs.pos[knee, pair])", number("rad"), lambda v: v["legs.pos"].sum(axis=1)),
    Case("(legs.pos > legs.vel * 1 s)[knee]", flag(), lambda v: (v["legs.pos"] > v["legs.vel"])[:, 1]),
    Case("touch[feet].force", vec3("N", "joint", "feet"), lambda v: v["touch[feet].force"]),
    Case("touch[feet].torque@joint", vec3("N*m", "joint", "feet"), lambda v: v["touch[feet].torque"]),
    Case("touch[tip].force", vec3("N", "joint"), lambda v: v["touch[tip].force"]),
    Case("touch.force", vec3("N", "joint", "hung"), lambda v: v["touch.force"]),
]

ROTATIONS = [
    Case(
        "rotate(base.rot, base.lin_vel@body)",
        vec3("m/s", "world"),
        lambda v: turned(v.rotation(), v["base.lin_vel@body"]),
    ),
    Case(
        "rotate(feet.rot, (0, 0, 2) m)", vec3("m", "world", "feet"), lambda v: 2 * v.rotation("feet.rot@world")[..., 2]
    ),
    Case("rotate(tip.rot, (1, 0, 0))", vec3("", "world"), lambda v: v.rotation("tip.rot@world")[..., 0]),
    Case(
        "rotate_back(base.rot, base.lin_vel@world)",
        vec3("m/s", "body"),
        lambda v: back(v.rotation(), v["base.lin_vel@world"]),
    ),
    Case(
        "rotate_back(tip.rot, tip.pos - base.pos)",
        vec3("m"),
        lambda v: back(v.rotation("tip.rot@world"), v["tip.pos@world"] - v["base.pos@world"]),
    ),
    Case(
        "rotate_back(feet.rot, feet.lin_vel@world)",
        vec3("m/s", None, "feet"),
        lambda v: np.einsum("naji,naj->nai", v.rotation("feet.rot@world"), v["feet.lin_vel@world"]),
    ),
    Case(
        "compose(inverse(base.rot), tip.rot)",
        rotation(),
        lambda v: upstream("quat_mul", upstream("quat_conjugate", v["base.rot@world"]), v["tip.rot@world"]),
    ),
    Case(
        "compose(feet.rot, inverse(feet.rot))",
        rotation("feet"),
        lambda v: np.zeros_like(v["feet.rot@world"]) + [0.0, 0.0, 0.0, 1.0],
    ),
    Case(
        "rpy(knee.pos, 0, base.yaw)",
        rotation(),
        lambda v: upstream(
            "quat_from_euler_xyz",
            v["knee.pos"],
            0 * v["knee.pos"],
            np.arctan2(v.rotation()[:, 1, 0], v.rotation()[:, 0, 0]),
        ),
    ),
    Case("angle_between(base.rot, rpy(0, 0, 90 deg))", number("rad"), lambda v: apart(v["base.rot@world"], QUARTER)),
    Case("unique(base.rot)", rotation(), lambda v: upstream("quat_unique", v["base.rot@world"])),
    Case("unique(feet.rot)", rotation("feet"), lambda v: upstream("quat_unique", v["feet.rot@world"])),
    Case(
        "angle_between(base.rot, tip.rot)",
        number("rad"),
        lambda v: apart(v["base.rot@world"], v["tip.rot@world"]),
    ),
    Case("angle_between(feet.rot, feet.rot)", number("rad", "feet"), lambda v: 0 * v["feet.rot@world"][..., 0]),
]

READINGS = [
    Case("legs.acc", number("rad/s^2", "legs"), lambda v: v["legs.acc"]),
    Case("slider.acc", number("m/s^2"), lambda v: v["slider.acc"]),
    Case("legs.effort", number("N*m", "legs"), lambda v: v["legs.effort"]),
    Case("slider.effort", number("N"), lambda v: v["slider.effort"]),
    Case("legs.default", number("rad", "legs"), lambda v: v["legs.default"]),
    Case("legs.pos - default", number("rad", "legs"), lambda v: v["legs.pos"] - v["legs.default"]),
    Case("default - knee.vel", number("rad/s"), lambda v: v["knee.default_vel"] - v["knee.vel"]),
    Case("pair.vel / pair.vel_limit", number("", "pair"), lambda v: v["pair.vel"] / v["pair.vel_limit"]),
    Case("slider.vel_limit", number("m/s"), lambda v: v["slider.vel_limit"]),
    Case("legs.stiffness", number("N*m/rad", "legs"), lambda v: v["legs.stiffness"]),
    Case("slider.damping", number("N*s/m"), lambda v: v["slider.damping"]),
    Case("pair.damping", number("N*m*s/rad", "pair"), lambda v: v["pair.damping"]),
    Case("legs.friction", number("N*m", "legs"), lambda v: v["legs.friction"]),
    Case("knee.armature", number("kg*m^2"), lambda v: v["knee.armature"]),
    Case("slider.armature", number("kg"), lambda v: v["slider.armature"]),
    Case("base.mass", number("kg"), lambda v: v["base.mass"]),
    Case("tip.mass / base.mass", number(), lambda v: v["tip.mass"] / v["base.mass"]),
    Case("feet.mass", number("kg", "feet"), lambda v: v["feet.mass"]),
    Case("base.com.z", number("m"), lambda v: v["base.com"][..., 2]),
    Case(
        "dot(base.com@body, base.gravity@body)",
        number("m"),
        lambda v: (v["base.com"] * v["base.gravity@body"]).sum(axis=-1),
    ),
    Case("pair.upper - pair.pos", number("rad", "pair"), lambda v: v["pair.upper"] - v["pair.pos"]),
    Case("episode.time", number("s"), lambda v: v["time"]),
    Case("episode.step", number("s"), lambda v: v.all(1 / 30)),
    Case(
        "base.pos@world.z if episode.place < 50 %",
        number("m"),
        lambda v: np.where(v["place"] < 0.5, v["base.pos@world"][:, 2], 0.0),
    ),
    Case("floor(3 * episode.place)", number(), lambda v: np.floor(3 * v["place"])),
]
