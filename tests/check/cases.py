"""Every function and operator of the language by example, each beside a formula that knows nothing of the compiler.

The formulas are NumPy, or Isaac Lab's own function where it has one (in double precision, through ``upstream``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from isaaclab.utils import math as isaaclab_math

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.reference import Array
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.units import parse_unit

from .bench import BODIES, FEET, LEGS, PAIR

SETS = {"legs": LEGS, "pair": PAIR, "feet": FEET, "bodies": BODIES}


def _joint(name: str, names: tuple[str, ...]) -> dict[str, Read]:
    keys = {
        "pos": "pos",
        "vel": "vel",
        "acc": "acc",
        "effort": "effort",
        "default": "default_pos",
        "default_vel": "default_vel",
        "lower": "lower",
        "upper": "upper",
        "vel_limit": "vel_limit",
    }
    return {f"{name}.{key}": Read("bot", f"joint.{quantity}", names) for key, quantity in keys.items()}


def _body(name: str, names: tuple[str, ...]) -> dict[str, Read]:
    return {
        f"{name}.{key}@world": Read("bot", f"body.{key}@world", names) for key in ("pos", "rot", "lin_vel", "ang_vel")
    }


READS: dict[str, Read] = {
    **_joint("knee", ("knee",)),
    **_joint("slider", ("slider",)),
    **_joint("legs", LEGS),
    **_joint("pair", PAIR),
    **_body("feet", FEET),
    **_body("tip", ("leg_c",)),
    **{
        f"base.{key}@{frame}": Read("bot", f"root.{key}@{frame}")
        for key, frames in {
            "pos": ("world",),
            "rot": ("world",),
            "lin_vel": ("world", "body"),
            "ang_vel": ("world", "body"),
            "gravity": ("world", "body"),
        }.items()
        for frame in frames
    },
    **{f"touch[feet].{key}": Read("touch", f"wrench.{key}@joint", FEET) for key in ("force", "torque")},
    **{f"touch[tip].{key}": Read("touch", f"wrench.{key}@joint", ("leg_c",)) for key in ("force", "torque")},
    "touch.force": Read("touch", "wrench.force@joint", BODIES),
    "origin": Read("", "env.origin"),
    "time": Read("", "env.time"),
    "drive": Read("", "action.drive"),
    "push": Read("", "action.push"),
    "failed": Read("", "env.failed"),
    "timeout": Read("", "env.timeout"),
    "fallen": Read("", "term.fallen"),
}
"""What formulas may ask for, by the name that they use."""


@dataclass(frozen=True)
class Values:
    """What one environment reads, for formulas: ``v["knee.pos"]`` is ``(N,)``."""

    reads: Mapping[Read, Array]
    num_envs: int

    def __getitem__(self, name: str) -> Array:
        return self.reads[READS[name]]

    def rotation(self, name: str = "base.rot@world") -> Array:
        """Rotation matrices ``(..., 3, 3)`` of a quaternion (x, y, z, w)."""
        x, y, z, w = np.moveaxis(self[name], -1, 0)
        rows = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
        return np.moveaxis(np.array(rows), (0, 1), (-2, -1))

    def heading(self) -> Array:
        """Rotation matrices about the vertical, with the yaw of the base."""
        rotation = self.rotation()
        yaw = np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
        zero, one = np.zeros_like(yaw), np.ones_like(yaw)
        rows = [[np.cos(yaw), -np.sin(yaw), zero], [np.sin(yaw), np.cos(yaw), zero], [zero, zero, one]]
        return np.moveaxis(np.array(rows), (0, 1), (-2, -1))

    def all(self, value: float) -> Array:
        """The same number for every environment."""
        return np.full(self.num_envs, value)


type Formula = Callable[[Values], Array]


@dataclass(frozen=True)
class Case:
    """One expression.

    Attributes:
        text: as written.
        type: what the checker has to infer.
        formula: its value from what is read.
        phase: ``observe``, or ``reward`` for what is known only there.
        turn: angles; values are compared up to full turns.
    """

    text: str
    type: Type
    formula: Formula
    phase: str = "observe"
    turn: bool = False


def upstream(name: str, *args: Array, **options: float) -> Array:
    """A function of ``isaaclab.utils.math``."""
    tensors = [torch.from_numpy(np.ascontiguousarray(arg)) for arg in args]
    return getattr(isaaclab_math, name)(*tensors, **options).numpy()


def number(unit: str = "", over: str = "", kind: Kind = Kind.FLOAT, frame: str | None = None) -> Type:
    """A number, or a list of them over a named set."""
    from stripe_dsl.ir.types import Axis

    dim = parse_unit(unit).dimension if unit else Type().dim
    names = SETS.get(over)
    axis = Axis("joint" if over in ("legs", "pair") else "body", "bot", names, over) if names is not None else None
    return Type(kind, axis, dim, frame)


def flag(over: str = "") -> Type:
    """A condition or a list of them."""
    return number("", over, Kind.BOOL)


def vec3(unit: str = "", frame: str | None = None, over: str = "") -> Type:
    """A vector of three."""
    return number(unit, over, Kind.VEC3, frame)


def vec2(unit: str = "", frame: str | None = None, over: str = "") -> Type:
    """A vector of two."""
    return number(unit, over, Kind.VEC2, frame)


def rotation(over: str = "") -> Type:
    """A rotation."""
    return number("", over, Kind.QUAT, "world")


def turned(matrix: Array, vector: Array) -> Array:
    """``matrix @ vector`` for every environment."""
    return np.einsum("nij,nj->ni", matrix, vector)


def back(matrix: Array, vector: Array) -> Array:
    """``matrix.T @ vector`` for every environment."""
    return np.einsum("nji,nj->ni", matrix, vector)


def length(value: Array) -> Array:
    return np.sqrt((value * value).sum(-1))


def python_mod(a: Array, b: Array) -> Array:
    """Python's own ``%``, number by number."""
    return np.vectorize(lambda x, y: x % y if y else np.nan, otypes=[np.float64])(a, b)


ARITHMETIC = [
    Case("knee.pos + 0.5 rad", number("rad"), lambda v: v["knee.pos"] + 0.5),
    Case("knee.pos - 30 deg", number("rad"), lambda v: v["knee.pos"] - np.pi / 6),
    Case("1 rad - knee.pos - 2 rad", number("rad"), lambda v: -1 - v["knee.pos"]),
    Case("1 rad - (knee.pos - 2 rad)", number("rad"), lambda v: 3 - v["knee.pos"]),
    Case("-knee.pos", number("rad"), lambda v: -v["knee.pos"]),
    Case("-legs.pos - -legs.vel * 1 s", number("rad", "legs"), lambda v: v["legs.vel"] - v["legs.pos"]),
    Case("knee.pos * knee.vel", number("rad^2/s"), lambda v: v["knee.pos"] * v["knee.vel"]),
    Case("slider.vel / knee.vel", number("m/rad"), lambda v: v["slider.vel"] / v["knee.vel"]),
    Case("1 m / slider.pos / 4", number(), lambda v: 0.25 / v["slider.pos"]),
    Case("1 m / (slider.pos / 4)", number(), lambda v: 1 / (v["slider.pos"] / 4)),
    Case("knee.vel^2", number("(rad/s)^2"), lambda v: v["knee.vel"] * v["knee.vel"]),
    Case("-knee.vel^2", number("(rad/s)^2"), lambda v: -(v["knee.vel"] * v["knee.vel"])),
    Case("knee.vel^3", number("rad^3/s^3"), lambda v: v["knee.vel"] * v["knee.vel"] * v["knee.vel"]),
    Case("slider.pos^-1", number("/m"), lambda v: 1 / v["slider.pos"]),
    Case("slider.pos^0.5", number("m^0.5"), lambda v: np.sqrt(v["slider.pos"])),
    Case("(slider.pos^2)^0.5", number("m"), lambda v: np.abs(v["slider.pos"])),
    Case("2 * legs.pos + knee.pos", number("rad", "legs"), lambda v: 2 * v["legs.pos"] + v["knee.pos"][:, None]),
    Case("knee.vel * (slider.pos > 0 m)", number("rad/s"), lambda v: v["knee.vel"] * (v["slider.pos"] > 0)),
    Case("2 * (legs.pos > 0.75 rad)", number("", "legs"), lambda v: 2.0 * (v["legs.pos"] > 0.75)),
    Case("30 % * knee.vel", number("rad/s"), lambda v: 0.3 * v["knee.vel"]),
    Case("knee.pos + limit", number("rad"), lambda v: v["knee.pos"] + 0.75),
    Case("cos(pi + knee.pos)", number(), lambda v: -np.cos(v["knee.pos"])),
    Case("1 + 0 * knee.pos / 1 rad", number(), lambda v: 1 + 0 * v["knee.pos"]),
]

COMPARISONS = [
    Case("knee.pos < 0.75 rad", flag(), lambda v: v["knee.pos"] < 0.75),
    Case("knee.pos <= 0.75 rad", flag(), lambda v: v["knee.pos"] <= 0.75),
    Case("knee.pos > limit", flag(), lambda v: v["knee.pos"] > 0.75),
    Case("knee.pos >= 0.75 rad", flag(), lambda v: v["knee.pos"] >= 0.75),
    Case("knee.pos == 0.75 rad", flag(), lambda v: v["knee.pos"] == 0.75),
    Case("knee.pos != 0", flag(), lambda v: v["knee.pos"] != 0),
    Case("legs.pos > knee.pos", flag("legs"), lambda v: v["legs.pos"] > v["knee.pos"][:, None]),
    Case("(knee.pos > 0) == (slider.pos > 0)", flag(), lambda v: (v["knee.pos"] > 0) == (v["slider.pos"] > 0)),
    Case(
        "(knee.pos > 0) != (legs.pos > 0)", flag("legs"), lambda v: (v["knee.pos"] > 0)[:, None] != (v["legs.pos"] > 0)
    ),
    Case("(knee.pos > 0) and (slider.pos > 0)", flag(), lambda v: (v["knee.pos"] > 0) & (v["slider.pos"] > 0)),
    Case("knee.pos > 0 or slider.pos > 0 m", flag(), lambda v: (v["knee.pos"] > 0) | (v["slider.pos"] > 0)),
    Case("not knee.pos > 0", flag(), lambda v: ~(v["knee.pos"] > 0)),
    Case(
        "not knee.pos > 0 and legs.pos > 0 or slider.pos < 0",
        flag("legs"),
        lambda v: (~(v["knee.pos"] > 0)[:, None] & (v["legs.pos"] > 0)) | (v["slider.pos"] < 0)[:, None],
    ),
    Case("true and knee.pos > 0", flag(), lambda v: v["knee.pos"] > 0),
    Case("(knee.pos > 0) == false", flag(), lambda v: ~(v["knee.pos"] > 0)),
]

NORMS = [
    Case("|knee.pos|", number("rad"), lambda v: np.abs(v["knee.pos"])),
    Case(
        "|knee.pos - |slider.pos| * 1 rad/m|", number("rad"), lambda v: np.abs(v["knee.pos"] - np.abs(v["slider.pos"]))
    ),
    Case("|legs.pos|", number("rad"), lambda v: length(v["legs.pos"])),
    Case("|legs.vel|^2", number("(rad/s)^2"), lambda v: (v["legs.vel"] ** 2).sum(-1)),
    Case("|base.lin_vel@body|", number("m/s"), lambda v: length(v["base.lin_vel@body"])),
    Case("|base.lin_vel@body.xy|^2", number("m^2/s^2"), lambda v: (v["base.lin_vel@body"][:, :2] ** 2).sum(-1)),
    Case("|feet.lin_vel@world|", number("m/s", "feet"), lambda v: length(v["feet.lin_vel@world"])),
    Case("||feet.lin_vel@world||", number("m/s"), lambda v: length(length(v["feet.lin_vel@world"]))),
    Case("norm(feet.lin_vel@world)", number("m/s", "feet"), lambda v: length(v["feet.lin_vel@world"])),
    Case("norm(legs.pos)", number("rad"), lambda v: length(v["legs.pos"])),
    Case("norm(knee.pos)", number("rad"), lambda v: np.abs(v["knee.pos"])),
]

CHOICES = [
    Case("knee.pos if slider.pos > 0", number("rad"), lambda v: np.where(v["slider.pos"] > 0, v["knee.pos"], 0)),
    Case(
        "knee.pos if slider.pos > 0 else knee.vel * 1 s",
        number("rad"),
        lambda v: np.where(v["slider.pos"] > 0, v["knee.pos"], v["knee.vel"]),
    ),
    Case(
        "1 if knee.pos > 1 rad else 2 if knee.pos > 0 else 3",
        number(),
        lambda v: np.where(v["knee.pos"] > 1, 1.0, np.where(v["knee.pos"] > 0, 2.0, 3.0)),
    ),
    Case(
        "legs.pos if knee.pos > 0 else knee.pos",
        number("rad", "legs"),
        lambda v: np.where((v["knee.pos"] > 0)[:, None], v["legs.pos"], v["knee.pos"][:, None]),
    ),
    Case(
        "base.lin_vel@body if knee.pos > 0",
        vec3("m/s", "body"),
        lambda v: np.where((v["knee.pos"] > 0)[:, None], v["base.lin_vel@body"], 0),
    ),
    Case(
        "knee.pos > 1 rad if slider.pos > 0",
        flag(),
        lambda v: np.where(v["slider.pos"] > 0, v["knee.pos"] > 1, False),
    ),
    Case(
        "(knee.pos > 1 rad) if slider.pos > 0 else 0.5",
        number(),
        lambda v: np.where(v["slider.pos"] > 0, v["knee.pos"] > 1, 0.5),
    ),
    Case(
        "legs.pos where legs.vel > 0",
        number("rad", "legs"),
        lambda v: np.where(v["legs.vel"] > 0, v["legs.pos"], 0),
    ),
    Case("sum(legs.pos where legs.vel > 0)", number("rad"), lambda v: (v["legs.pos"] * (v["legs.vel"] > 0)).sum(-1)),
    Case("sum(1 where legs.vel > 0)", number(), lambda v: (v["legs.vel"] > 0).sum(-1).astype(float)),
    Case(
        "sum(legs.pos where knee.vel > 0)",
        number("rad"),
        lambda v: np.where(v["knee.vel"] > 0, v["legs.pos"].sum(-1), 0),
    ),
    Case("mean(legs.pos where legs.vel > 0)", number("rad"), lambda v: chosen(v, np.mean)),
    Case("min(legs.pos where legs.vel > 0)", number("rad"), lambda v: chosen(v, np.min)),
    Case("max(legs.pos where legs.vel > 0)", number("rad"), lambda v: chosen(v, np.max)),
    Case(
        "mean(legs.pos where knee.vel > 0)",
        number("rad"),
        lambda v: np.where(v["knee.vel"] > 0, v["legs.pos"].mean(-1), 0),
    ),
    Case(
        "min(legs.pos where knee.vel > 0)",
        number("rad"),
        lambda v: np.where(v["knee.vel"] > 0, v["legs.pos"].min(-1), 0),
    ),
    Case(
        "max(-(1 rad/s) where legs.pos > knee.pos)",
        number("rad/s"),
        lambda v: -(v["legs.pos"] > v["knee.pos"][:, None]).any(-1).astype(float),
    ),
    Case(
        "mean(feet.lin_vel@world where feet.pos.z > 0 m)",
        vec3("m/s", "world"),
        lambda v: mean_of_feet(v, (v["feet.pos@world"] - v["origin"][:, None])[..., 2] > 0),
    ),
    Case(
        "mean(feet.lin_vel@world where knee.pos > 0)",
        vec3("m/s", "world"),
        lambda v: mean_of_feet(v, np.repeat((v["knee.pos"] > 0)[:, None], 2, 1)),
    ),
    Case(
        "sum(base.lin_vel@world where feet.pos.z > 0 m)",
        vec3("m/s", "world"),
        lambda v: (v["feet.pos@world"][..., 2] > v["origin"][:, None, 2]).sum(-1)[:, None] * v["base.lin_vel@world"],
    ),
    Case(
        "sum(legs.pos where legs.vel > 0 and knee.pos > 0 rad)",
        number("rad"),
        lambda v: (v["legs.pos"] * ((v["legs.vel"] > 0) & (v["knee.pos"] > 0)[:, None])).sum(-1),
    ),
]


def chosen(v: Values, function: Callable[[Array], Array]) -> Array:
    """A reduction over the legs that move forwards, and zero where none does; row by row."""
    rows = [row[moving] for row, moving in zip(v["legs.pos"], v["legs.vel"] > 0, strict=True)]
    return np.array([function(row) if len(row) else 0.0 for row in rows])


def mean_of_feet(v: Values, picked: Array) -> Array:
    rows = [row[mask] for row, mask in zip(v["feet.lin_vel@world"], picked, strict=True)]
    return np.array([row.mean(0) if len(row) else np.zeros(3) for row in rows])


FUNCTIONS = [
    Case("sum(legs.pos)", number("rad"), lambda v: v["legs.pos"].sum(-1)),
    Case("sum(feet.lin_vel@world)", vec3("m/s", "world"), lambda v: v["feet.lin_vel@world"].sum(1)),
    Case("mean(legs.vel)", number("rad/s"), lambda v: v["legs.vel"].mean(-1)),
    Case("mean(feet.pos@world.xy)", vec2("m", "world"), lambda v: v["feet.pos@world"][..., :2].mean(1)),
    Case("min(legs.pos)", number("rad"), lambda v: v["legs.pos"].min(-1)),
    Case("min(legs.pos, 0.75 rad)", number("rad", "legs"), lambda v: np.minimum(v["legs.pos"], 0.75)),
    Case("min(0, knee.pos)", number("rad"), lambda v: np.minimum(v["knee.pos"], 0)),
    Case("min(knee.pos, legs.pos)", number("rad", "legs"), lambda v: np.minimum(v["knee.pos"][:, None], v["legs.pos"])),
    Case("max(legs.pos)", number("rad"), lambda v: v["legs.pos"].max(-1)),
    Case("max(knee.pos, -45 deg)", number("rad"), lambda v: np.maximum(v["knee.pos"], -np.pi / 4)),
    Case("max(1 rad, limit) * knee.pos", number("rad^2"), lambda v: v["knee.pos"]),
    Case("any(legs.pos > 0.75 rad)", flag(), lambda v: (v["legs.pos"] > 0.75).any(-1)),
    Case("all(legs.pos > knee.pos or knee.pos < 0)", flag(), lambda v: all_above(v)),
    Case("count(legs.pos > 0.75 rad)", number(), lambda v: (v["legs.pos"] > 0.75).sum(-1).astype(float)),
    Case("abs(legs.pos)", number("rad", "legs"), lambda v: np.abs(v["legs.pos"])),
    Case("abs(-1.5) * knee.pos", number("rad"), lambda v: 1.5 * v["knee.pos"]),
    Case("sign(slider.pos)", number(), lambda v: np.sign(v["slider.pos"])),
    Case("sign(limit) * knee.pos", number("rad"), lambda v: v["knee.pos"]),
    Case("floor(legs.pos)", number("rad", "legs"), lambda v: np.floor(v["legs.pos"])),
    Case("ceil(slider.pos)", number("m"), lambda v: np.ceil(v["slider.pos"])),
    Case("floor(2.5) * knee.pos + ceil(2.5) * knee.pos", number("rad"), lambda v: 5 * v["knee.pos"]),
    Case("sqrt(slider.pos)", number("m^0.5"), lambda v: np.sqrt(v["slider.pos"])),
    Case("sqrt(4 m^2) * knee.pos", number("m*rad"), lambda v: 2 * v["knee.pos"]),
    Case("exp(knee.pos / 1 rad)", number(), lambda v: np.exp(v["knee.pos"])),
    Case(
        "exp(-|base.lin_vel@body.xy|^2 / (0.5 m/s)^2)",
        number(),
        lambda v: np.exp(-4 * (v["base.lin_vel@body"][:, :2] ** 2).sum(-1)),
    ),
    Case("log(slider.pos / 1 m)", number(), lambda v: np.log(v["slider.pos"])),
    Case("tanh(legs.pos / 2 rad)", number("", "legs"), lambda v: np.tanh(v["legs.pos"] / 2)),
    Case("sin(knee.pos)", number(), lambda v: np.sin(v["knee.pos"])),
    Case("cos(legs.pos)", number("", "legs"), lambda v: np.cos(v["legs.pos"])),
    Case("tan(knee.pos)", number(), lambda v: np.tan(v["knee.pos"])),
    Case("sin(30 deg) * slider.pos", number("m"), lambda v: v["slider.pos"] / 2),
    Case("wrap(knee.pos)", number("rad"), lambda v: upstream("wrap_to_pi", v["knee.pos"]), turn=True),
    Case("|wrap(knee.pos)| <= pi", flag(), lambda v: np.ones(v.num_envs, bool)),
    Case("wrap(400 deg) * slider.pos", number("m*rad"), lambda v: np.deg2rad(40) * v["slider.pos"]),
    Case("asin(slider.pos / 1 m)", number("rad"), lambda v: np.arcsin(v["slider.pos"])),
    Case("acos(slider.pos / 1 m)", number("rad"), lambda v: np.arccos(v["slider.pos"])),
    Case("atan(legs.pos / 1 rad)", number("rad", "legs"), lambda v: np.arctan(v["legs.pos"])),
    Case(
        "atan2(slider.pos, 1 m)",
        number("rad"),
        lambda v: np.angle(1 + 1j * v["slider.pos"]),
    ),
    Case(
        "atan2(knee.pos, legs.pos)",
        number("rad", "legs"),
        lambda v: np.arctan2(v["knee.pos"][:, None], v["legs.pos"]),
    ),
    Case("mod(knee.pos, 0.75 rad)", number("rad"), lambda v: python_mod(v["knee.pos"], np.float64(0.75))),
    Case("mod(legs.pos, knee.pos)", number("rad", "legs"), lambda v: python_mod(v["legs.pos"], v["knee.pos"][:, None])),
    Case("mod(-3 rad, 2 rad) * slider.pos", number("m*rad"), lambda v: v["slider.pos"]),
    Case("clip(knee.pos, -1 rad, 0.75 rad)", number("rad"), lambda v: np.clip(v["knee.pos"], -1, 0.75)),
    Case("clip(knee.pos, -1..0.75 rad)", number("rad"), lambda v: np.clip(v["knee.pos"], -1, 0.75)),
    Case("clip(legs.pos, +-0.75 rad)", number("rad", "legs"), lambda v: np.clip(v["legs.pos"], -0.75, 0.75)),
    Case("clip(knee.pos, 0, limit)", number("rad"), lambda v: np.clip(v["knee.pos"], 0, 0.75)),
    Case("clip(knee.pos, 0..limit)", number("rad"), lambda v: np.clip(v["knee.pos"], 0, 0.75)),
    Case("clip(0, knee.pos, 5 rad)", number("rad"), lambda v: np.minimum(np.maximum(v["knee.pos"], 0), 5)),
    Case(
        "clip(legs.pos, legs.lower, legs.upper)",
        number("rad", "legs"),
        lambda v: np.minimum(np.maximum(v["legs.pos"], v["legs.lower"]), v["legs.upper"]),
    ),
    Case(
        "clip(knee.pos, legs.lower, 1 rad)",
        number("rad", "legs"),
        lambda v: np.minimum(np.maximum(v["knee.pos"][:, None], v["legs.lower"]), 1),
    ),
    Case(
        "clip(base.lin_vel@body, +-0.75 m/s)",
        vec3("m/s", "body"),
        lambda v: np.clip(v["base.lin_vel@body"], -0.75, 0.75),
    ),
    Case(
        "rescale(legs.pos, legs.lower, legs.upper)",
        number("", "legs"),
        lambda v: upstream("scale_transform", v["legs.pos"], v["legs.lower"], v["legs.upper"]),
    ),
    Case("rescale(knee.pos, -2 rad, 4 rad)", number(), lambda v: (v["knee.pos"] - 1) / 3),
    Case("rescale(slider.pos, 0, 2 m)", number(), lambda v: v["slider.pos"] - 1),
    Case(
        "dot(base.lin_vel@body, base.ang_vel@body)",
        number("m*rad/s^2"),
        lambda v: (v["base.lin_vel@body"] * v["base.ang_vel@body"]).sum(-1),
    ),
    Case(
        "dot(base.lin_vel@body.xy, (3, -4) m/s)",
        number("m^2/s^2"),
        lambda v: v["base.lin_vel@body"][:, :2] @ [3.0, -4.0],
    ),
    Case(
        "dot(feet.lin_vel@world, base.lin_vel@world)",
        number("m^2/s^2", "feet"),
        lambda v: np.einsum("nai,ni->na", v["feet.lin_vel@world"], v["base.lin_vel@world"]),
    ),
    Case(
        "cross(base.ang_vel@body, base.lin_vel@body)",
        vec3("m*rad/s^2", "body"),
        lambda v: np.cross(v["base.ang_vel@body"], v["base.lin_vel@body"]),
    ),
    Case(
        "cross((0, 0, 1), feet.lin_vel@world)",
        vec3("m/s", "world", "feet"),
        lambda v: np.cross(np.array([0.0, 0.0, 1.0]), v["feet.lin_vel@world"]),
    ),
    Case("unit(base.lin_vel@body)", vec3("", "body"), lambda v: upstream("normalize", v["base.lin_vel@body"])),
    Case("unit(goal) * slider.pos", vec2("m"), lambda v: v["slider.pos"][:, None] * [0.6, -0.8]),
    Case(
        "unit(feet.lin_vel@world.xy)",
        vec2("", "world", "feet"),
        lambda v: upstream("normalize", v["feet.lin_vel@world"][..., :2]),
    ),
]


def all_above(v: Values) -> Array:
    return np.array([(row > knee).all() or knee < 0 for row, knee in zip(v["legs.pos"], v["knee.pos"], strict=True)])


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
    Case("base.gravity@world", vec3("", "world"), lambda v: v["base.gravity@world"]),
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
    Case("feet.pos", vec3("m", "env", "feet"), lambda v: v["feet.pos@world"] - v["origin"][:, None]),
    Case("feet.pos@world", vec3("m", "world", "feet"), lambda v: v["feet.pos@world"]),
    Case("feet.rot", rotation("feet"), lambda v: v["feet.rot@world"]),
    Case("feet.ang_vel@world", vec3("rad/s", "world", "feet"), lambda v: v["feet.ang_vel@world"]),
    Case("tip.pos@env.z", number("m"), lambda v: v["tip.pos@world"][:, 2] - v["origin"][:, 2]),
    Case("tip.rot", rotation(), lambda v: v["tip.rot@world"]),
    Case("touch[feet].force", vec3("N", "joint", "feet"), lambda v: v["touch[feet].force"]),
    Case("touch[feet].torque@joint", vec3("N*m", "joint", "feet"), lambda v: v["touch[feet].torque"]),
    Case("touch[tip].force", vec3("N", "joint"), lambda v: v["touch[tip].force"]),
    Case("touch.force", vec3("N", "joint", "bodies"), lambda v: v["touch.force"]),
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
    Case("pair.upper - pair.pos", number("rad", "pair"), lambda v: v["pair.upper"] - v["pair.pos"]),
    Case("episode.time", number("s"), lambda v: v["time"]),
]

IN_REWARDS = [
    Case("2 * failed", number(), lambda v: 2.0 * v["failed"], "reward"),
    Case("1 * not failed", number(), lambda v: 1.0 * ~v["failed"], "reward"),
    Case("3 * (timeout and not fallen)", number(), lambda v: 3.0 * (v["timeout"] & ~v["fallen"]), "reward"),
    Case("-0.5 * |drive|^2", number(), lambda v: -0.5 * (v["drive"] ** 2).sum(-1), "reward"),
    Case(
        "0.5 * sum(abs(drive * legs.vel))",
        number("rad/s"),
        lambda v: 0.5 * np.abs(v["drive"] * v["legs.vel"]).sum(-1),
        "reward",
    ),
    Case("2 * push * slider.vel", number("m/s"), lambda v: 2 * v["push"] * v["slider.vel"], "reward"),
    Case(
        "0.1 * knee.vel if push > 0.5",
        number("rad/s"),
        lambda v: 0.1 * np.where(v["push"] > 0.5, v["knee.vel"], 0),
        "reward",
    ),
    Case("2 /m * slider.pos", number("m"), lambda v: 2 * v["slider.pos"], "reward"),
    Case("knee.pos / 2 rad", number(), lambda v: v["knee.pos"] / 2, "reward"),
    Case("2 / (1 + |push|)", number(), lambda v: 2 / (1 + np.abs(v["push"])), "reward"),
    Case("clip(push, -0.5..0.25)", number(), lambda v: np.clip(v["push"], -0.5, 0.25), "reward"),
    Case("-push", number(), lambda v: -v["push"], "reward"),
    Case("-(2 * push) + 1", number(), lambda v: 1 - 2 * v["push"], "reward"),
    Case("dot((2.5, -1.5), (push, 1))", number(), lambda v: 2.5 * v["push"] - 1.5, "reward"),
]

CASES = [
    *ARITHMETIC,
    *COMPARISONS,
    *NORMS,
    *CHOICES,
    *FUNCTIONS,
    *VECTORS,
    *FRAMES,
    *READINGS,
    *IN_REWARDS,
]
