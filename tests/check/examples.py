"""What examples of expressions are made of: values that they read, the types that they should have, and formulas."""

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

SETS = {"legs": LEGS, "pair": PAIR, "feet": FEET, "bodies": BODIES, "hung": BODIES[1:]}


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
        **{key: key for key in ("stiffness", "damping", "friction", "armature")},
    }
    return {f"{name}.{key}": Read("bot", f"joint.{quantity}", names) for key, quantity in keys.items()}


def _body(name: str, names: tuple[str, ...]) -> dict[str, Read]:
    moving = ("pos", "rot", "lin_vel", "link_lin_vel", "ang_vel")
    return {f"{name}.{key}@world": Read("bot", f"body.{key}@world", names) for key in moving} | {
        f"{name}.mass": Read("bot", "body.mass", names)
    }


READS: dict[str, Read] = {
    **_joint("knee", ("knee",)),
    **_joint("slider", ("slider",)),
    **_joint("legs", LEGS),
    **_joint("pair", PAIR),
    **_body("feet", FEET),
    **_body("tip", ("leg_c",)),
    "base.mass": Read("bot", "body.mass", ("torso",)),
    "base.com": Read("bot", "body.com@body", ("torso",)),
    **{
        f"base.{key}@{frame}": Read("bot", f"root.{key}@{frame}")
        for key, frames in {
            "pos": ("world",),
            "rot": ("world",),
            "lin_vel": ("world", "body"),
            "link_lin_vel": ("world", "body"),
            "ang_vel": ("world", "body"),
            "gravity": ("body",),
        }.items()
        for frame in frames
    },
    **{f"touch[feet].{key}": Read("touch", f"wrench.{key}@joint", FEET) for key in ("force", "torque")},
    **{f"touch[tip].{key}": Read("touch", f"wrench.{key}@joint", ("leg_c",)) for key in ("force", "torque")},
    "touch.force": Read("touch", "wrench.force@joint", BODIES[1:]),
    **{
        f"base.default_{key}": Read("bot", f"root.default_{key}") for key in ("pos", "rot", "yaw", "lin_vel", "ang_vel")
    },
    "origin": Read("", "env.origin"),
    "time": Read("", "env.time"),
    "place": Read("", "env.place"),
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


def chosen(v: Values, function: Callable[[Array], Array]) -> Array:
    """A reduction over the legs that move forwards, and zero where none does; row by row."""
    rows = [row[moving] for row, moving in zip(v["legs.pos"], v["legs.vel"] > 0, strict=True)]
    return np.array([function(row) if len(row) else 0.0 for row in rows])


def mean_of_feet(v: Values, picked: Array) -> Array:
    rows = [row[mask] for row, mask in zip(v["feet.lin_vel@world"], picked, strict=True)]
    return np.array([row.mean(0) if len(row) else np.zeros(3) for row in rows])


def all_above(v: Values) -> Array:
    return np.array([(row > knee).all() or knee < 0 for row, knee in zip(v["legs.pos"], v["knee.pos"], strict=True)])
