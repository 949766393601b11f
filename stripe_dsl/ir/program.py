"""A checked task: everything a back end needs, with nothing left to decide about its meaning.

All numbers are in SI units (m, kg, s, rad). Every expression is a node of one shared graph.
Records are equal only to themselves and have no ``repr``: compiling those methods would slow each start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.observations import Encoder, Group, Observation
from stripe_dsl.ir.randomize import NOTHING_DRAWN, Randomize
from stripe_dsl.ir.robots import Robot
from stripe_dsl.ir.types import Type
from stripe_dsl.source import Span
from stripe_dsl.units import Dimension

if TYPE_CHECKING:  # what a task lacks is not loaded
    from stripe_dsl.ir.agent import Train
    from stripe_dsl.ir.curriculum import Level, Schedule
    from stripe_dsl.ir.objects import CableObject, GrainsObject, RigidObject, SoftObject
    from stripe_dsl.ir.reach import Reach
    from stripe_dsl.ir.scene import Scene
    from stripe_dsl.ir.sensors import Sensor

type Value = float | int | bool | tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tunable:
    """A number that a user may change without compiling again: a field of the environment's cfg.

    Attributes:
        group: the nested cfg it lives in (``reward``, ``terminate``, ``reset``, ``randomize``, ``observe``, ``action``,
            ``let``, ``param``).
        name: the field; Hydra reaches it as ``env.<group>.<name>``.
        value: default, in SI units; a pair for a range.
        dim: its dimension.
        doc: one line for the field's docstring.
        span: where the number stands.
    """

    group: str
    name: str
    value: Value
    dim: Dimension
    doc: str
    span: Span | None = None

    @property
    def path(self) -> str:
        """Key in cfg and in ``tunable`` nodes."""
        return f"{self.group}.{self.name}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Light:
    """A light; ``kind`` is ``dome`` or ``distant``, ``rotation`` a quaternion (x, y, z, w). Its power is
    ``intensity * 2^exposure``."""

    kind: str
    intensity: float
    exposure: float
    color: tuple[float, float, float]
    rotation: tuple[float, float, float, float]
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ground:
    """A ground plane with its friction coefficients and restitution (dimensionless)."""

    static_friction: float
    dynamic_friction: float
    restitution: float
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sim:
    """Time and size. ``physics_dt`` [s], ``episode`` [s], ``spacing`` [m], ``gravity`` [m/s^2] in the world frame.

    ``njmax`` and ``nconmax`` are the solver's constraint and contact buffers per environment; ``None`` leaves
    Isaac Lab's default.
    """

    physics_dt: float
    decimation: int
    episode: float
    num_envs: int
    spacing: float
    gravity: tuple[float, float, float]
    njmax: int | None
    nconmax: int | None
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Action:
    """One action term: what the agent's numbers do to some joints or bodies.

    Attributes:
        kind: which target of the joints is written: ``effort``, ``position`` or ``velocity``; ``wrench`` where forces
            act on bodies, at their centres of mass, in every physics step.
        joints: joints written, in order.
        bodies: bodies on which forces act, in order.
        axis: direction of the forces in the frames of the bodies, where the command has one number for each body;
            empty where it has three of a force [N] and three of a torque [N*m], on one body.
        world: whether that force and torque are given in the world, and not in the body's frame.
        raw: the agent's own numbers, a read of ``action.<name>``.
        command: what is written [N, N*m, rad, …], one value for each joint or body, or a single one for a single one.
        form: the word that the file writes: ``position``, ``relative_position``, ``binary`` …
        settings: what it says beside, by key: a node, or the path of a tunable. The command holds all of it.
        each_step: the command reads the present state, and is computed anew before each physics step.
        remembers: the command reads ``target.<name>``, the one before; that is the joints' position after a reset.
        goals: what the command is to reach, by the name of the part: values that are computed once, when a control step
            begins, and that the command reads as ``goal.<name>.<part>``.
        named: parts of goals and command that generated code gives a name.
        delay: path of the tunable that holds the time [s] after which the agent's numbers are read in the command, or
            a pair between which it is drawn for each episode; empty where it is none. Numbers from before the episode
            are zero. It is a whole number of physics steps.
    """

    name: str
    kind: str
    robot: str
    joints: tuple[str, ...]
    raw: Node
    command: Node
    form: str
    settings: Mapping[str, Node | str]
    each_step: bool = False
    remembers: bool = False
    delay: str = ""
    bodies: tuple[str, ...] = ()
    axis: tuple[float, float, float] | tuple[()] = ()
    world: bool = False
    goals: tuple[tuple[str, Node], ...] = ()
    named: tuple[tuple[str, Node], ...] = ()
    span: Span | None = None

    @property
    def width(self) -> int:
        """Columns among the actions."""
        return self.raw.type.width


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reward:
    """One term: ``weight * value`` (times the control step where ``per_second``)."""

    name: str
    weight: str
    value: Node
    per_second: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Termination:
    """A condition that ends the episode; its time is ``Program.timeout``.

    Attributes:
        truncates: the episode ends without a failure, and its return is bootstrapped, as after a timeout.
    """

    name: str
    value: Node
    truncates: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reset:
    """What a state is set to when an episode begins.

    Attributes:
        quantity: ``joint.pos``, ``joint.vel``, ``root.pos``, ``root.rot``, ``root.lin_vel``, ``root.ang_vel``.
        joints: joints written, in order; empty for root quantities.
        parts: vector parts written (``"xy"``); empty for all.
        value: new value; ``uniform`` nodes draw anew for every environment and element.
    """

    robot: str
    quantity: str
    joints: tuple[str, ...]
    parts: str
    value: Node
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Let:
    """A named value; the back ends keep the name. ``source`` is the value as it is written in the file."""

    name: str
    value: Node
    span: Span | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class State:
    """Memory of each environment: a value that lasts from one control step to the next.

    Two moments change it. After the physics, before the terminations, it becomes ``update``. After the resets, before
    the observations, it becomes ``initial`` in environments whose episode has just begun, and where ``renew`` holds.
    In both, ``old`` nodes are its value before, and ``state`` nodes of others their value after that moment.

    Attributes:
        name: attribute of its ``state`` and ``old`` nodes; one of its own in the program.
        type: shape, unit and frame.
        source: how the file says it (``since(contact)``), for comments.
        initial: what it begins with; may draw. Nothing in it is ``prev`` but of an action.
        update: its next value; ``None`` where the physics leaves it as it is.
        renew: condition; ``None`` where only a new episode renews it.
        group: what it is renewed together with: states of a group with one ``renew`` are drawn at once.
        early: resets read it, so it becomes ``initial`` before these; that reads nothing of the simulation then.
    """

    name: str
    type: Type
    source: str
    initial: Node
    update: Node | None = None
    renew: Node | None = None
    group: str = ""
    span: Span | None = None
    early: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Metric:
    """A number that is logged when an episode ends: ``Metrics/<name>`` is its mean over the episodes that end.

    Attributes:
        value: evaluated with the rewards of the last step.
    """

    name: str
    value: Node
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Program:
    """One task, ready to emit.

    Attributes:
        name: the task as written (``Cartpole``); the gym id is ``Stripe-<name>``.
        package: Python package to write (``cartpole``).
        source_name: file that defines the task, for comments in the generated code.
        doc: the comment above the task, or its name.
        terminations: failures first, then what truncates.
        states: those that terms need, each behind those that it reads.
        ground: a plane without end; ``None`` where there is none, or where ``scene`` has a terrain.
        soft: objects that can be deformed.
        cables: chains of segments, which the same solver moves.
        grains: heaps of grains.
        scene: the scene, where it has a terrain. Its frame is the environments'; ``sim.spacing`` is 0 then.
    """

    name: str
    package: str
    source_name: str
    doc: str
    sim: Sim
    robots: tuple[Robot, ...]
    objects: tuple[RigidObject, ...]
    sensors: tuple[Sensor, ...]
    ground: Ground | None
    lights: tuple[Light, ...]
    actions: tuple[Action, ...]
    lets: tuple[Let, ...]
    groups: tuple[Group, ...]
    rewards: tuple[Reward, ...]
    terminations: tuple[Termination, ...]
    timeout: bool
    resets: tuple[Reset, ...]
    train: Train
    tunables: tuple[Tunable, ...]
    states: tuple[State, ...] = ()
    metrics: tuple[Metric, ...] = ()
    span: Span | None = None
    randomize: Randomize = NOTHING_DRAWN
    curriculum: tuple[Schedule, ...] = ()
    level: Level | None = None
    scene: Scene | None = None
    soft: tuple[SoftObject, ...] = ()
    cables: tuple[CableObject, ...] = ()
    grains: tuple[GrainsObject, ...] = ()
    reaches: tuple[Reach, ...] = ()

    @property
    def own_robots(self) -> tuple[Robot, ...]:
        """Robots that the task names; behind them stand those that layers of its scene are made of."""
        return tuple(robot for robot in self.robots if not robot.baked)

    @property
    def names(self) -> dict[int, str]:
        """Names of values by node id: those that the file gives, and those of parts of commands."""
        named = [(name, node) for item in (*self.actions, *self.reaches) for name, node in item.named]
        return {node.id: name for name, node in [*named, *((let.name, let.value) for let in self.lets)]}

    @property
    def encoded(self) -> list[tuple[Group, Observation, Encoder]]:
        """Pictures that networks make numbers of."""
        return [
            (group, item, item.encoder) for group in self.groups for item in group.items if item.encoder is not None
        ]

    @property
    def failures(self) -> int:
        """How many of the terminations are failures."""
        return sum(not term.truncates for term in self.terminations)

    @property
    def ending(self) -> list[Node]:
        """What is evaluated after the physics: updates of states, terminations, rewards, metrics, what moves levels."""
        updates = [state.update for state in self.states if state.update is not None]
        terms = [term.value for term in (*self.terminations, *self.rewards, *self.metrics)]
        return [*updates, *terms, *(self.level.conditions.values() if self.level is not None else ())]

    @property
    def observing(self) -> list[Node]:
        """What is evaluated after the resets: what states are set to, and observations."""
        return [*self.renewing, *(item.value for group in self.groups for item in group.items)]

    @property
    def renewing(self) -> list[Node]:
        """When states are set anew, and to what."""
        states = [state for state in self.states if not state.early]
        return [node for state in states for node in (state.renew, state.initial) if node is not None]

    @property
    def level_is_row(self) -> bool:
        """Whether an environment stands on a tile of the row that its level says."""
        tiles = self.scene.terrain.tiles if self.scene is not None else None
        return self.level is not None and tiles is not None and tiles.curriculum

    def tunable(self, path: str) -> Tunable:
        """The tunable with this path."""
        return next(item for item in self.tunables if item.path == path)
