"""Two runs of one task, side by side."""

from __future__ import annotations

import numpy as np

from stripe_dsl.emit.naming import tunable_path
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.program import Program

from .recorder import Array, Recording


def without_chance(program: Program) -> list[str]:
    """Overrides after which nothing is drawn: each range of a reset, a state, a delay, a command or a randomisation is
    one number in it, a normal draw its mean, what has a chance is certain, noise is zero, and so is bias, or one
    number.

    A turn about the vertical is none: the back ends round the product of two rotations differently, and contacts
    magnify a difference in the last bit.
    """
    values = {item.path: item.value for item in program.tunables}
    overrides = {}
    drawn = [(reset.value, reset.quantity in ("root.yaw", "root.rot")) for reset in program.resets]
    drawn += [(state.initial, False) for state in program.states if not state.group]
    for value, turns in drawn:
        for draw in [node for node in walk([value]) if node.op in DRAWS]:
            for path in {tunable_path(node.attr)[0] for node in walk([draw]) if node.op == "tunable"}:
                low, high = values[path]  # type: ignore[misc]
                number = 0.0 if turns else low + 0.3 * (high - low)
                overrides[path] = f"[{low},0.0]" if draw.op == "gaussian" else f"[{number},{number}]"
    for item in program.tunables:
        is_delay = item.group == "action" and item.path.endswith("_delay")
        if (item.group in ("command", "randomize") or is_delay) and isinstance(item.value, tuple):
            low, high = item.value
            overrides[item.path] = f"[{low + 0.3 * (high - low)},{low + 0.3 * (high - low)}]"
        elif item.path.endswith(("_standing", "_heading_share")):
            overrides[item.path] = "0.0"
        elif item.path.endswith("_chance"):
            overrides[item.path] = "1.0"
    for group in program.groups:
        for item in group.items:
            if item.noise is not None:
                overrides[item.noise.tunable] = "[0.0,0.0]" if item.noise.kind == "uniform" else "0.0"
            if item.bias is not None:
                overrides[item.bias.tunable] = "[0.07,0.07]" if item.bias.kind == "uniform" else "0.0"
    return [f"{path}={value}" for path, value in overrides.items()]


def assert_same_run(ours: Recording, theirs: Recording) -> None:
    """Assert that two runs agree in every bit of what can be seen from outside, for as long as both last."""
    steps = min(len(ours.reward), len(theirs.reward))
    names = ("actions", "reward", "terminated", "truncated")
    pairs = {name: (getattr(ours, name)[:steps], getattr(theirs, name)[:steps]) for name in names}
    for table in ("groups", "states", "at_observation", "probes"):
        mine, other = getattr(ours, table), getattr(theirs, table)
        assert mine.keys() == other.keys()
        pairs |= {f"{table} {name}": (mine[name][: steps + 1], other[name][: steps + 1]) for name in mine}
    for name, (mine, other) in pairs.items():
        np.testing.assert_array_equal(mine, other, err_msg=name)
    assert ours.log[:steps] == theirs.log[:steps]


def assert_up_to_date(recording: Recording) -> None:
    """Assert that what Isaac Lab derives from a robot's state when it is asked belongs to the state of that moment."""
    robots = {name.split("/")[0] for name in recording.states if "/" in name}
    for robot in robots:
        of = {name: recording.states[f"{robot}/{name}"] for name in DERIVED}
        quat = of["root_link_pose_w"][..., 3:]
        for derived, vector in (
            ("root_com_lin_vel_b", of["root_com_vel_w"][..., :3]),
            ("root_com_ang_vel_b", of["root_com_vel_w"][..., 3:]),
            ("projected_gravity_b", np.broadcast_to([0.0, 0.0, -1.0], quat[..., :3].shape)),
        ):
            np.testing.assert_allclose(of[derived], turned_back(quat, vector), rtol=1e-4, atol=1e-4, err_msg=derived)


DERIVED = ("root_link_pose_w", "root_com_vel_w", "root_com_lin_vel_b", "root_com_ang_vel_b", "projected_gravity_b")


def turned_back(quat: Array, vector: Array) -> Array:
    """A vector of the world in the frame of rotations (x, y, z, w)."""
    axis, w = quat[..., :3], quat[..., 3:]
    cross = 2 * np.cross(axis, vector)
    return vector - w * cross + np.cross(axis, cross)


def distance(ours: Array, theirs: Array) -> float:
    """The largest difference of two empirical distributions, over what chance leaves once in ten thousand times."""
    ours, theirs = np.sort(ours.ravel()), np.sort(theirs.ravel())
    places = np.concatenate([ours, theirs])
    apart = abs(
        np.searchsorted(ours, places, side="right") / ours.size
        - np.searchsorted(theirs, places, side="right") / theirs.size
    ).max()
    return float(apart / (2.225 * np.sqrt(1 / ours.size + 1 / theirs.size)))
