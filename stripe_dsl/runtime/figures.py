"""Robots that stand in a picture of a scene as an episode begins, without Isaac Lab."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

type Heights = Callable[[Any], Any]
"""Heights of the ground [m], shape (n,), at points of the scene, shape (n, 2)."""


@dataclass(frozen=True)
class Figure:
    """A robot in its default pose.

    Attributes:
        source: path of its USD file, or the text of one.
        root: prim that holds it.
        position: of its root in the scene, above the ground [m].
        rotation: quaternion (x, y, z, w).
        joint_pos: joint positions by pattern [rad or m].
        corners: spheres about the corners of what collides, by body: x, y, z in its frame, and a radius [m]; none of a
            robot that is fixed to the world.
        stands: whether the position is above the ground, and not the scene's own.
    """

    source: Path | str
    root: str
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    joint_pos: tuple[tuple[str, float], ...]
    corners: Mapping[str, Sequence[tuple[float, float, float, float]]]
    stands: bool = True


def stand(builder: Any, figure: Figure, heights: Heights) -> dict[str, int]:
    """Adds a figure to a Newton ``ModelBuilder``, at its height above the ground; its bodies by name."""
    import numpy as np
    import warp as wp
    from pxr import Sdf, Usd

    if isinstance(figure.source, str):
        layer: Any = Sdf.Layer.CreateAnonymous(".usda")
        layer.ImportFromString(figure.source)
        source: Any = Usd.Stage.Open(layer)
    else:
        source = str(figure.source)
    x, y, z = figure.position
    z += float(heights(np.array([[x, y]]))[0]) if figure.stands else 0.0
    pose = wp.transform(wp.vec3(x, y, z), wp.quat(*figure.rotation))
    made = builder.add_usd(source, root_path=figure.root, xform=pose, override_root_xform=True)
    for path, joint in made["path_joint_map"].items():
        name, start = path.rpartition("/")[2], builder.joint_q_start[joint]
        for pattern, value in figure.joint_pos:
            if re.fullmatch(pattern, name):
                builder.joint_q[start] = value
    return {path.rpartition("/")[2]: body for path, body in made["path_body_map"].items()}


def lift(poses: Any, figure: Figure, bodies: Mapping[str, int], heights: Heights) -> None:
    """Lifts the bodies of a figure until none of its shapes is below the ground, as a reset does.

    Args:
        poses: of all bodies of the model, position [m] and quaternion (x, y, z, w), shape (n, 7); changed in place.
    """
    import numpy as np

    depth = 0.0
    for name, corners in figure.corners.items():
        if name not in bodies:
            continue
        pose, table = poses[bodies[name]], np.asarray(corners)
        axis, w = pose[3:6], pose[6]
        cross = 2 * np.cross(axis, table[:, :3])
        points = pose[:3] + table[:, :3] + w * cross + np.cross(axis, cross)
        depth = max(depth, float((heights(points[:, :2]) + table[:, 3] - points[:, 2]).max()))
    for body in bodies.values():
        poses[body, 2] += depth
