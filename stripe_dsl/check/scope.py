"""What names mean in the expressions of one task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_dsl.check.values import (
    Base,
    BodySet,
    CommandValue,
    Episode,
    JointSet,
    RobotValue,
    SensorValue,
    SoftValue,
)
from stripe_dsl.ir.types import Type
from stripe_dsl.robots.model import RobotModel
from stripe_dsl.source import SourceFile
from stripe_dsl.spec.document import StateSpec
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.units import Dimension

if TYPE_CHECKING:
    from stripe_dsl.ir.scene import Scene  # only scenes with a terrain need it


@dataclass(frozen=True, slots=True)
class ActionValue:
    """An action term as expressions see it: the agent's own numbers, before scale and offset.

    Attributes:
        type: of these numbers; one a joint for most.
        dim: of the command that they become.
    """

    name: str
    type: Type
    dim: Dimension


type Entity = RobotValue | JointSet | BodySet | Base | SoftValue | SensorValue | CommandValue | Episode


@dataclass
class Scope:
    """Names of one task, and which of them were used.

    Attributes:
        unknown_sets: names of sets whose patterns matched nothing: reported once already, never again.
        incomplete: something that the task refers to is not there, which was reported: no name can be called unknown.
        explicit: joints whose actuators are not implicit, by robot.
        learned: joints whose actuators are networks, by robot.
        grounds: semantic classes of what is stood on.
        module: the file of the task.
        modules: every file that was read, by its source.
        overridden: what the file says for the parameters that ``--set`` changes.
        places: names of the scene: zones, layers, water, maps, ``ground`` and ``solid``.
        scene: that the task stands in, where it has a terrain.
        layers: of that scene, whose things have joints: all things of one together.
    """

    params: dict[str, Expression] = field(default_factory=dict)
    lets: dict[Text, Expression] = field(default_factory=dict)
    robots: dict[str, RobotValue] = field(default_factory=dict)
    objects: dict[str, Base] = field(default_factory=dict)
    soft: dict[str, SoftValue] = field(default_factory=dict)
    sensors: dict[str, SensorValue] = field(default_factory=dict)
    actions: dict[str, ActionValue] = field(default_factory=dict)
    terminations: dict[Text, Expression] = field(default_factory=dict)
    states: dict[Text, StateSpec] = field(default_factory=dict)
    commands: dict[str, CommandValue] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    unknown_sets: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    incomplete: bool = False
    explicit: dict[str, tuple[str, ...]] = field(default_factory=dict)
    learned: dict[str, tuple[str, ...]] = field(default_factory=dict)
    grounds: tuple[str, ...] = ()
    module: Module | None = None
    modules: dict[SourceFile, Module] = field(default_factory=dict)
    overridden: dict[str, Expression] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)
    scene: Scene | None = None
    layers: dict[str, RobotValue] = field(default_factory=dict)

    def of_file(self, name: str, module: Module) -> bool:
        """Whether a parameter of the task is the one that a file defines."""
        own = module.document.param.get(Text(name))
        return own is not None and own in (self.params.get(name), self.overridden.get(name))

    def entity(self, name: str) -> Entity | None:
        """A robot, a set, a sensor or the episode by name. Sets of the only robot need no prefix."""
        if name in self.robots:
            return self.robots[name]
        if name in self.objects:
            return self.objects[name]
        if name in self.soft:
            return self.soft[name]
        if name in self.sensors:
            return self.sensors[name]
        if name in self.commands:
            return self.commands[name]
        if name == "episode":
            return Episode()
        if len(self.robots) == 1:
            robot = next(iter(self.robots.values()))
            found = self.member(robot, name)
            if found is not None:
                return found
        return self.layers.get(name)

    def model(self, name: str) -> RobotModel:
        """Of a robot, or of a layer whose things have joints."""
        return (self.robots | self.layers)[name].model

    def qualified(self, entity: str, frame: str) -> str:
        """``body`` or ``heading`` of the only robot; of others with their name before it, so that they do not mix."""
        alone = len(self.robots) == 1 and entity in self.robots
        return f"{entity}.{frame}" if frame in ("body", "heading") and not alone else frame

    def member(self, robot: RobotValue, name: str) -> JointSet | BodySet | Base | None:
        """A named set of a robot, its ``joints``, ``bodies`` or ``base``."""
        if name in robot.sets:
            self.used.add(f"{robot.name}.{name}")
            return robot.sets[name]
        alone = len(self.robots) == 1 and robot.name in self.robots
        label = name if alone else f"{robot.name}.{name}"
        if name == "joints":
            return JointSet(robot.name, robot.model, robot.model.joint_names, label)
        if name == "bodies":
            return BodySet(robot.name, robot.model, robot.model.body_names, label)
        if name == "base":
            return Base(robot.name, robot.model, label)
        if robot.name in self.layers:  # one of the things of a layer
            if name in robot.model.joint_names:
                return JointSet(robot.name, robot.model, (name,), label, single=True)
            if name in robot.model.body_names:
                return BodySet(robot.name, robot.model, (name,), label, single=True)
        return None

    def known_names(self) -> list[str]:
        """Every name that an expression may use, for suggestions."""
        names = [*self.lets, *self.states, *self.commands, *self.actions, *self.params, *self.sensors]
        names += [*self.robots, *self.objects, *self.soft, *self.terminations]
        if len(self.robots) == 1:
            names += next(iter(self.robots.values())).sets
            names += ["joints", "bodies", "base"]
        return [*names, "failed", "episode", "pi"]
