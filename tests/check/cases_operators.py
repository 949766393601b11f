"""Operators by example, each beside a formula that knows nothing of the compiler."""

from __future__ import annotations

import numpy as np

from .examples import Case, chosen, flag, length, mean_of_feet, number, vec3

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
