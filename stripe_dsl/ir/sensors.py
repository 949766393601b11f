"""Sensors of a checked task: where they sit and how they measure. All numbers are in SI units.

Which readings a task uses follows from the ``read`` nodes of its expressions; a back end turns on what they need.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, degrees, pi, prod

from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sensor:
    """A sensor in the scene.

    Attributes:
        name: key in the scene, and the entity of its ``read`` nodes.
        kind: ``joint_wrench``, ``contacts``, ``height_scan``, ``lidar``, ``imu`` or ``camera``.
        robot: the robot that carries it.
        bodies: the bodies that it measures, or the one that carries it; empty for all.
        settings: what its kind adds; ``None`` for a kind without any.
    """

    name: str
    kind: str
    robot: str
    bodies: tuple[str, ...] = ()
    settings: SensorSettings | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ContactSettings:
    """Contacts of the bodies of a robot.

    Attributes:
        history: physics steps whose forces are kept; ``None``: as many as a reading needs.
        threshold: normal force above which a body touches something [N]; ``None``: any.
        partner: what has to be touched; ``None``: anything.
    """

    history: int | None
    threshold: float | None
    partner: Partner | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """What contacts are filtered by.

    Attributes:
        owner: a robot or an object; empty for a part of the scene.
        bodies: of the robot; empty for all.
        part: of the scene: ``ground``, ``solid`` (all that stands there), a class of the ground or a layer by its name.
    """

    owner: str
    bodies: tuple[str, ...] = ()
    part: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MountSettings:
    """Where an inertial sensor sits: position [m] and rotation, quaternion (x, y, z, w), in the body's frame."""

    at: tuple[float, float, float]
    facing: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CameraSettings:
    """A pinhole camera with square pixels that looks along the x axis of its frame, with z up in the picture.

    Attributes:
        at: position in the body's frame [m].
        facing: rotation in the body's frame, quaternion (x, y, z, w).
        columns: pixels beside each other.
        rows: pixels above each other.
        fov: horizontal angle of what it sees [rad].
        reach: depth of pixels that see nothing, and beyond which nothing is seen [m].
    """

    at: tuple[float, float, float]
    facing: tuple[float, float, float, float]
    columns: int
    rows: int
    fov: float
    reach: float

    @property
    def pixels(self) -> int:
        """Of one picture; row by row from the top left."""
        return self.columns * self.rows


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RaySettings:
    """Rays from a body to what does not move.

    Attributes:
        pattern: a ``grid`` of rays that point down and turn with the body's heading, or those of a ``lidar``, which
            turn with the body.
        at: where they begin, in the frame of the pattern [m].
        facing: rotation of a lidar in the body's frame, quaternion (x, y, z, w).
        size: of a grid, length and width [m].
        spacing: between the rays of a grid [m].
        channels: rays of a lidar above each other.
        vertical: range of their elevation [rad].
        horizontal: range of their azimuth [rad].
        step: between rays beside each other [rad].
        reach: distance beyond which nothing is hit [m]; ``None``: none.
    """

    pattern: str
    at: tuple[float, float, float]
    facing: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    size: tuple[float, float] = (1.6, 1.0)
    spacing: float = 0.1
    channels: int = 1
    vertical: tuple[float, float] = (0.0, 0.0)
    horizontal: tuple[float, float] = (-pi, pi)
    step: float = pi / 18
    reach: float | None = None

    @property
    def rays(self) -> int:
        """Number of rays, counted as Isaac Lab's ``grid_pattern`` and ``lidar_pattern`` do."""
        if self.pattern == "grid":
            return prod(ceil((edge + 1e-9) / self.spacing) for edge in self.size)
        low, high = map(in_degrees, self.horizontal)
        around = abs(abs(low - high) - 360.0) < 1e-6
        return self.channels * (ceil((high - low) / in_degrees(self.step)) + (0 if around else 1))


type SensorSettings = ContactSettings | RaySettings | MountSettings | CameraSettings
"""What the kinds of sensors add."""


def in_degrees(angle: float) -> float:
    """An angle [rad] in degrees, without what rounding adds to 15 degrees."""
    return round(degrees(angle), 9)
