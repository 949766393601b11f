"""What a name in an expression may stand for, beside a number: sets of joints and bodies, sensors, actions, ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.sensors import CameraSettings, ContactSettings, RaySettings, SensorSettings
from stripe_dsl.ir.types import Axis
from stripe_dsl.robots.model import RobotModel


@dataclass(frozen=True, slots=True)
class JointSet:
    """Joints of one robot. ``single`` for ``joint name = …``: its quantities are numbers, not lists."""

    robot: str
    model: RobotModel
    names: tuple[str, ...]
    label: str
    single: bool = False

    @property
    def axis(self) -> Axis | None:
        """The set that lists of its quantities run over."""
        return None if self.single else Axis("joint", self.robot, self.names, self.label)


@dataclass(frozen=True, slots=True)
class BodySet:
    """Bodies of one robot."""

    robot: str
    model: RobotModel
    names: tuple[str, ...]
    label: str
    single: bool = False

    @property
    def axis(self) -> Axis | None:
        """The set that lists of its quantities run over."""
        return None if self.single else Axis("body", self.robot, self.names, self.label)


@dataclass(frozen=True, slots=True)
class Base:
    """The root body of a robot, or a rigid object.

    Attributes:
        single: it is an object, which is all that there is of it.
    """

    robot: str
    model: RobotModel
    label: str
    single: bool = False


@dataclass(frozen=True, slots=True)
class RobotValue:
    """A robot of the task and its named sets."""

    name: str
    model: RobotModel
    sets: dict[str, JointSet | BodySet]


@dataclass(frozen=True, slots=True)
class SensorValue:
    """A sensor of the task.

    Attributes:
        robot: the robot that carries it.
        bodies: the bodies that it can be read at; the one that carries it, where it measures with rays.
        settings: those of its kind.
    """

    name: str
    kind: str
    robot: str
    bodies: BodySet
    settings: SensorSettings | None = None

    @property
    def camera(self) -> CameraSettings | None:
        """The settings of a camera."""
        return self.settings if isinstance(self.settings, CameraSettings) else None

    @property
    def contacts(self) -> ContactSettings | None:
        """The settings of a sensor of contacts."""
        return self.settings if isinstance(self.settings, ContactSettings) else None

    @property
    def rays(self) -> RaySettings | None:
        """The settings of a sensor that measures with rays."""
        return self.settings if isinstance(self.settings, RaySettings) else None


@dataclass(frozen=True, slots=True)
class SensorReading:
    """``sensor[bodies]``: the sensor at some bodies."""

    sensor: SensorValue
    bodies: BodySet


@dataclass(frozen=True, slots=True)
class Sight:
    """``camera[things]``: what a camera sees of some things.

    Attributes:
        labels: semantic classes of the things.
    """

    sensor: SensorValue
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SoftValue:
    """An object that can be deformed, with its points."""

    name: str
    points: int

    @property
    def axis(self) -> Axis:
        """The set that its points are."""
        return Axis("point", self.name, tuple(map(str, range(self.points))), self.name)


@dataclass(frozen=True, slots=True)
class CableValue(SoftValue):
    """A cable; its points are the middles of its segments."""


@dataclass(frozen=True, slots=True)
class GrainsValue(SoftValue):
    """A heap of grains, which are its points."""


@dataclass(frozen=True, slots=True)
class CommandValue:
    """A command of the task, or a part of its scene: of the kind ``zone``, ``layer``, ``water``, ``map``, ``ground`` or
    ``solid``.

    Attributes:
        fields: what can be read of it.
        whole: fields that stand for it in an observation.
    """

    name: str
    kind: str
    fields: dict[str, Node]
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """The running episode (``episode.time``)."""


@dataclass(frozen=True, slots=True)
class RangeValue:
    """``low..high``, both of one unit."""

    low: Node
    high: Node


PLACES = ("zone", "layer", "water", "map", "ground", "solid", "place")
"""Kinds of parts of a scene."""

type Value = (
    Node
    | JointSet
    | BodySet
    | Base
    | RobotValue
    | SensorValue
    | SensorReading
    | Sight
    | SoftValue
    | CommandValue
    | Episode
    | RangeValue
)


def parts_of(node: Node) -> Iterator[Node]:
    """A node and all that it is made of, each once."""
    stack, seen = [node], set()
    while stack:
        item = stack.pop()
        if item.id not in seen:
            seen.add(item.id)
            yield item
            stack.extend(item.args)


CHANGING = (*DRAWS, "state", "old", "sample")
"""Operators whose values are not those of their operands alone."""


def varies(node: Node) -> bool:
    """Whether a value depends on anything but numbers and parameters."""
    return any(item.read is not None or item.op in CHANGING for item in parts_of(node))


def describe(value: Value) -> str:
    """Words for a message."""
    match value:
        case Node():
            return value.type.describe()
        case JointSet():
            return f"the joint `{value.label}`" if value.single else f"the joints `{value.label}`"
        case BodySet():
            return f"the body `{value.label}`" if value.single else f"the bodies `{value.label}`"
        case Base():
            return f"the object `{value.robot}`" if value.single else f"the base of `{value.robot}`"
        case RobotValue():
            return f"the robot `{value.name}`"
        case SensorValue() | SensorReading():
            return "a sensor"
        case CableValue():
            return f"the cable `{value.name}`"
        case GrainsValue():
            return f"the grains `{value.name}`"
        case SoftValue():
            return f"the deformable object `{value.name}`"
        case Sight():
            return f"what `{value.sensor.name}` sees of {' and '.join(f'`{label}`' for label in value.labels)}"
        case CommandValue():
            return f"the {value.kind if value.kind in PLACES else 'command'} `{value.name}`"
        case Episode():
            return "the episode"
        case RangeValue():
            return "a range"
