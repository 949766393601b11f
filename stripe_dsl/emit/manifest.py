"""``manifest.json``: what a policy needs to be run elsewhere, without the source and without the package's code.

``docs/manifest.md`` describes it. Everything is in SI units, and is what the file says: a run that was trained with
other values (``env.action.drive_scale=3``) has them in its ``params/env.yaml``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from stripe_dsl.ir.agent import Train
from stripe_dsl.ir.graph import Node, Read, walk
from stripe_dsl.ir.observations import Group
from stripe_dsl.ir.program import Action, Program
from stripe_dsl.ir.reference import Inputs, evaluate
from stripe_dsl.ir.robots import Actuator, Gain, Robot
from stripe_dsl.ir.sensors import CameraSettings, Sensor
from stripe_dsl.robots.model import RobotJoint

VERSION = 1
"""Of the layout of the manifest; a change that a reader would notice raises it."""

ACTION_SETTINGS = (
    "clip", "scale", "position_scale", "rotation_scale", "offset", "limit", "smooth", "open", "close", "damping",
    "gain", "delay",
)  # fmt: skip
"""Keys of an action in the order in which they work."""

WIDTH = 160
"""Characters up to which a list or a mapping stands on one line: names of joints are to be read beside each other."""


def manifest(
    program: Program,
    files: Mapping[str, str],
    sources: Mapping[str, str],
    scene: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The manifest as data.

    Args:
        files: contents of the package's files by path.
        sources: texts that the program was compiled from, by file name.
        scene: the baked scene: its name, the hash of what it depends on, its files.
    """
    actions, start = [], 0
    for action in program.actions:
        actions.append(_action(program, action, start))
        start += action.width
    cameras = [_camera(sensor) for sensor in program.sensors if sensor.kind == "camera"]
    return {
        "manifest": VERSION,
        "task": f"Stripe-{program.name}",
        "description": program.doc,
        "physics_rate_hz": round(1 / program.sim.physics_dt, 9),
        "control_rate_hz": round(1 / (program.sim.physics_dt * program.sim.decimation), 9),
        "episode_s": program.sim.episode,
        "seed": program.train.seed,
        "policy": _policy(program.train),
        "robots": [_robot(robot) for robot in program.robots],
        **({"cameras": cameras} if cameras else {}),
        "actions": actions,
        "observations": {group.name: _entries(program, group) for group in program.groups},
        "definitions": {let.name: let.source for let in program.lets if let.source},
        "parameters": {
            item.name: list(item.value) if isinstance(item.value, tuple) else item.value
            for item in program.tunables
            if item.group == "param"
        },
        **({"scene": dict(scene)} if scene is not None else {}),
        "sources": {name: digest(text) for name, text in sorted(sources.items())},
        "files": {path: digest(text) for path, text in sorted(files.items())},
    }


def manifest_text(data: Mapping[str, Any]) -> str:
    """The manifest as the text of its file: indented, with what is short on one line."""
    return _dump(data, 0, 0) + "\n"


def digest(text: str | bytes) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def _policy(train: Train) -> dict[str, Any]:
    """What the actor sees, and what it remembers."""
    policy: dict[str, Any] = {"sees": train.actor_sees}
    if train.actor.recurrent:
        policy["recurrent"] = {
            "kind": train.actor.recurrent,
            "size": train.actor.recurrent_size,
            "layers": train.actor.recurrent_layers,
        }
    return policy


def _camera(sensor: Sensor) -> dict[str, Any]:
    """Where a camera sits, and its lens."""
    settings = sensor.settings
    assert isinstance(settings, CameraSettings)
    return {
        "name": sensor.name,
        "robot": sensor.robot,
        "body": sensor.bodies[0],
        "position": settings.at,
        "rotation_xyzw": settings.facing,
        "size": [settings.columns, settings.rows],
        "fov": settings.fov,
        "reach": settings.reach,
    }


def _robot(robot: Robot) -> dict[str, Any]:
    joints = robot.model.joints
    defaults = _default_positions(robot)
    return {
        "name": robot.name,
        "joints": [joint.name for joint in joints],
        "units": [_unit(joint) for joint in joints],
        "default_joint_pos": [defaults[joint.name] for joint in joints] if defaults is not None else None,
        "joint_pos_limits": [[_finite(joint.lower), _finite(joint.upper)] for joint in joints],
        "actuators": [_actuator(robot, actuator) for actuator in robot.actuators],
    }


def _by_joint(value: Gain, names: list[str]) -> float | list[float]:
    """One number, or one for each joint of the group."""
    if not isinstance(value, tuple):
        return value
    return [next(number for text, number in value if re.fullmatch(text, name)) for name in names]


def _actuator(robot: Robot, actuator: Actuator) -> dict[str, Any]:
    names = [
        name for name in robot.model.joint_names if any(re.fullmatch(text, name) for text in actuator.joint_patterns)
    ]
    gains = {
        "stiffness": _by_joint(actuator.stiffness or 0.0, names),
        "damping": _by_joint(actuator.damping or 0.0, names),
    }
    limits = {
        "effort_limit": actuator.effort_limit,
        "velocity_limit": actuator.velocity_limit,
        "saturation": actuator.saturation,
        "armature": actuator.armature,
        "friction": actuator.friction,
        "viscous_friction": actuator.viscous_friction,
    }
    given: dict[str, Any] = {key: _by_joint(value, names) for key, value in limits.items() if value is not None}
    if actuator.delay:
        given["delay"] = actuator.delay
    if actuator.effort_at:
        given["effort_at"] = [list(pair) for pair in actuator.effort_at]
    return {"name": actuator.name, "kind": actuator.kind, "joints": names, **gains, **given}


def _action(program: Program, action: Action, start: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": action.name,
        "columns": [start, start + action.width],
        "kind": action.kind,
        "unit": str(action.command.type.dim),
        "robot": action.robot,
    }
    if action.kind == "wrench":
        entry |= {"bodies": action.bodies, "frame": "world" if action.world else "body"}
        members = action.raw.type.axis.names if action.raw.type.axis is not None else ()
        entry |= {"axis": action.axis} if action.axis else {"members": members}
    else:
        entry["joints"] = action.joints
    if action.goals and action.raw.type.axis is not None:
        entry |= {"bodies": action.bodies, "members": action.raw.type.axis.names}
    if action.form != action.kind:
        entry["form"] = action.form
    said = {
        key: _tunable(program, value) if isinstance(value, str) else _numbers(program, value)
        for key, value in action.settings.items()
    }
    if action.form == action.kind:
        said = {"scale": 1.0, "offset": 0.0, **said}
    return entry | {key: said[key] for key in ACTION_SETTINGS if key in said}


def _entries(program: Program, group: Group) -> list[dict[str, Any]]:
    items, picture = group.items, group.picture
    entries, column = [], 0
    for item in items:
        type = item.value.type
        entry: dict[str, Any] = {"name": item.name, "columns": [column, column + item.width], "value": item.source}
        entry["unit"] = str(type.dim) if item.encoder is None else "1"
        if type.frame is not None and item.encoder is None:
            entry["frame"] = type.frame
        if item.encoder is not None:
            entry["encoder"] = {"network": item.encoder.reference, "picture": [*item.encoder.picture], "runs": "torch"}
        elif type.axis is not None and picture is None:
            entry["members"] = type.axis.names
        if picture is not None:
            entry["picture"] = [type.components, *picture]
        for key, noise in (("noise", item.noise), ("bias", item.bias)):
            if noise is not None:
                entry[key] = {noise.kind: _tunable(program, noise.tunable)}
        for key, path in (("clip", item.clip), ("scale", item.scale)):
            if path is not None:
                entry[key] = _tunable(program, path)
        if item.history > 1:
            entry["history"] = item.history
        entries.append(entry)
        column += item.width
    return entries


def _tunable(program: Program, path: str) -> Any:
    value = program.tunable(path).value
    return list(value) if isinstance(value, tuple) else value


def _numbers(program: Program, node: Node) -> list[float] | float | None:
    """What a value that is known before the simulation is, one number or one for each joint; ``None`` for others."""
    reads: dict[Read, Any] = {}
    for each in walk([node]):
        if each.read is not None:
            value = _constant(program, each.read)
            if value is None:
                return None
            reads[each.read] = np.array([value if each.type.axis is not None else value[0]])
        elif each.op in ("prev", "state"):
            return None
    tunables: Any = {item.path: item.value for item in program.tunables}
    (found,) = evaluate([node], Inputs(reads, tunables, dt=program.sim.physics_dt * program.sim.decimation), 1)
    numbers = [float(number) for number in np.ravel(found[0])]
    if not all(map(isfinite, numbers)):
        return None
    return numbers[0] if len(set(numbers)) == 1 else numbers


def _constant(program: Program, read: Read) -> list[float] | None:
    """Defaults and limits of joints, where the files of the robot say them."""
    robot = next((robot for robot in program.robots if robot.name == read.entity), None)
    if robot is None:
        return None
    if read.quantity == "joint.default_pos":
        defaults = _default_positions(robot)
        return [defaults[name] for name in read.names] if defaults is not None else None
    if read.quantity in ("joint.lower", "joint.upper") and not robot.cfg_reference:
        # soft limits are those of the file, unless a cfg of Isaac Lab narrows them
        return [getattr(robot.model.joint(name), read.quantity.removeprefix("joint.")) for name in read.names]
    return None


def _default_positions(robot: Robot) -> dict[str, float] | None:
    """Default joint positions by name [rad or m]; ``None`` where a cfg of Isaac Lab does not say them literally."""
    patterns = dict(robot.joint_pos)
    if robot.cfg_reference and not robot.placed:
        from stripe_dsl.robots.isaaclab_cfg import read_cfg

        cfg = read_cfg(robot.cfg_reference)
        if cfg.joint_pos is None or not cfg.complete:
            return None
        patterns = dict(cfg.joint_pos)
    out = dict.fromkeys(robot.model.joint_names, 0.0)
    for pattern, value in patterns.items():
        out |= {name: float(value) for name in out if re.fullmatch(pattern, name)}
    return out


def _unit(joint: RobotJoint) -> str:
    return "rad" if joint.type.is_angular else "m"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _dump(value: Any, indent: int, taken: int) -> str:
    """JSON; ``taken`` columns of the line stand before the value."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, Mapping | list | tuple) or not value or (indent and len(flat) + taken <= WIDTH):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, Mapping):
        keys = [f"{json.dumps(key, ensure_ascii=False)}: " for key in value]
        inside = [
            f"{pad}{key}{_dump(item, indent + 2, indent + 3 + len(key))}"
            for key, item in zip(keys, value.values(), strict=True)
        ]
        opening, closing = "{}"
    else:
        inside = [f"{pad}{_dump(item, indent + 2, indent + 3)}" for item in value]
        opening, closing = "[]"
    return f"{opening}\n" + ",\n".join(inside) + f"\n{' ' * indent}{closing}"
