"""The configuration classes: what ``env_cfg.py`` holds, as data for its template."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PurePath

from stripe_dsl.emit.actuators import ActuatorText, actuator_text, file_text
from stripe_dsl.emit.identifiers import literal, remark, safe_identifier
from stripe_dsl.emit.naming import Names, entity_attributes
from stripe_dsl.emit.scenes import Place, placed
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.objects import CableObject, GrainsObject, ObjectFile, RigidObject, SoftObject
from stripe_dsl.ir.program import Program, Sim, Tunable
from stripe_dsl.ir.robots import Robot
from stripe_dsl.robots.primitives import ShapeKind
from stripe_dsl.source import Span

GROUPS = {
    "param": ("ParamCfg", "Parameters of the task."),
    "let": ("LetCfg", "Numbers in the values that the task names."),
    "state": ("StateCfg", "Numbers in what states begin with and become."),
    "command": ("CommandCfg", "Ranges of the commands, which are drawn uniformly, and when they are drawn anew."),
    "action": ("ActionCfg", "How actions become commands."),
    "observe": ("ObserveCfg", "Scales, bounds and noise of the observations."),
    "reward": ("RewardCfg", "Weights of the reward terms. Those per second are multiplied by the control step."),
    "terminate": ("TerminateCfg", "Thresholds of the terminations."),
    "reset": ("ResetCfg", "Ranges that a new episode is drawn from, uniformly."),
    "curriculum": ("CurriculumCfg", "What settings become as training goes on, and in which control steps."),
    "randomize": ("RandomizeCfg", "What properties of the robots and of the world are drawn from."),
}
"""Nested classes, in order: name and docstring."""


@dataclass(frozen=True, slots=True)
class FieldText:
    """One field of a configuration class."""

    name: str
    annotation: str
    value: str
    doc: str


@dataclass
class GroupText:
    """One nested configuration class."""

    key: str
    class_name: str
    doc: str
    origin: str
    fields: list[FieldText] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RobotText:
    """One articulation of the scene, as source texts.

    Attributes:
        key: field of the scene's class.
        prim: name of its prim.
        path: expression for the path of its USD file; empty for an Isaac Lab cfg.
        cfg: name of the Isaac Lab cfg it is made from; empty for a file.
        senses_contacts: whether contacts of its bodies are sensed, which PhysX has to be told.
        actuators: its groups.
        place: where it starts, if :attr:`placed`.
    """

    key: str
    prim: str
    path: str
    robot: Robot
    origin: str
    place: Place
    cfg: str = ""
    senses_contacts: bool = False
    actuators: tuple[ActuatorText, ...] = ()

    @property
    def placed(self) -> bool:
        """Whether the file says where the robot starts, or in which pose."""
        return self.robot.placed


def groups(program: Program) -> list[GroupText]:
    """The nested classes that hold the tunable numbers."""
    out: list[GroupText] = []
    for key, (class_name, doc) in GROUPS.items():
        members = [item for item in program.tunables if item.group == key]
        if members:
            spans = [item.span for item in members if item.span is not None]
            first = min(spans, key=lambda span: span.start) if spans else None
            if key == "reset" and any(node.op == "gaussian" for node in walk(item.value for item in program.resets)):
                doc = doc.removesuffix(", uniformly.") + "."
            group = GroupText(key, class_name, doc, origin(first))
            group.fields = [_field(item, program) for item in members]
            out.append(group)
    return out


def _field(item: Tunable, program: Program) -> FieldText:
    if isinstance(item.value, tuple):
        annotation = f"tuple[{', '.join(['float'] * len(item.value))}]"
        value = literal(tuple(float(part) for part in item.value))
    else:
        annotation, value = "float", literal(float(item.value))
    unit = "" if item.dim.is_none else f" [{item.dim}]"
    doc = item.doc.replace("`", "``").rstrip(".")
    reward = next((term for term in program.rewards if term.weight == item.path), None)
    if reward is not None:
        doc += ", per second" if reward.per_second else ", once a step"
    return FieldText(safe_identifier(item.name), annotation, value, f"{doc}{unit}.")


@dataclass(frozen=True, slots=True)
class ObjectText:
    """One rigid object of the scene, as source texts.

    Attributes:
        key: field of the scene's class.
        prim: name of its prim.
        spawner: the configuration that spawns it.
        fields: its own fields, with their values.
        color: red, green, blue in 0..1; empty for the renderer's choice.
    """

    key: str
    prim: str
    spawner: str
    fields: tuple[tuple[str, str], ...]
    color: str
    item: RigidObject
    origin: str
    place: Place


def objects(program: Program, assets: Path) -> list[ObjectText]:
    """The rigid objects, under the keys that the environment class uses."""
    keys, prims = entity_attributes(program), prim_names(program)
    out: list[ObjectText] = []
    for item in program.objects:
        place = placed(program, item.position, item.rotation, at_spawn=item.at_spawn)
        spawner, fields, color = _file_spawner(item.file, assets) if item.file is not None else _spawner(item)
        out.append(
            ObjectText(keys[item.name], prims[item.name], spawner, fields, color, item, origin(item.span), place)
        )
    return out


@dataclass(frozen=True, slots=True)
class SoftText:
    """One object of the scene that can be deformed, as source texts.

    Attributes:
        key: field of the scene's class.
        prim: name of its prim.
    """

    key: str
    prim: str
    item: SoftObject
    origin: str


def soft_objects(program: Program) -> list[SoftText]:
    """The objects that can be deformed, under the keys that the environment class uses."""
    keys, prims = entity_attributes(program), prim_names(program)
    return [SoftText(keys[item.name], prims[item.name], item, origin(item.span)) for item in program.soft]


@dataclass(frozen=True, slots=True)
class CableText:
    """One cable of the scene, as source texts.

    Attributes:
        key: field of the scene's class.
        prim: name of its prim.
        color: red, green, blue in 0..1; empty for the renderer's choice.
    """

    key: str
    prim: str
    item: CableObject
    color: str
    origin: str


def cables(program: Program) -> list[CableText]:
    """The cables, under the keys that the environment class uses."""
    keys, prims = entity_attributes(program), prim_names(program)
    return [
        CableText(keys[item.name], prims[item.name], item, _color(item.color), origin(item.span))
        for item in program.cables
    ]


@dataclass(frozen=True, slots=True)
class GrainsText:
    """One object of grains of the scene, as source texts.

    Attributes:
        key: field of the scene's class.
        prim: name of its prim.
        color: red, green, blue in 0..1; empty for Isaac Lab's.
        places: expressions of the coordinates of grain ``(i, j, k)``, about the middle of all.
    """

    key: str
    prim: str
    item: GrainsObject
    color: str
    places: tuple[str, ...]
    origin: str


def grains(program: Program) -> list[GrainsText]:
    """The grains, under the keys that the environment class uses."""
    keys, prims = entity_attributes(program), prim_names(program)
    out: list[GrainsText] = []
    for item in program.grains:
        places = tuple(
            f"{literal(item.spacing)} * ({index} - {literal((count - 1) / 2)})"
            for index, count in zip("ijk", item.counts, strict=True)
        )
        key, prim = keys[item.name], prims[item.name]
        out.append(GrainsText(key, prim, item, _color(item.color), places, origin(item.span)))
    return out


def _color(color: tuple[float, float, float] | None) -> str:
    return literal(tuple(round(part, 4) for part in color)) if color else ""


@dataclass(frozen=True, slots=True)
class CouplerText:
    """What Newton's coupler needs to know beside its solvers.

    Attributes:
        bodies: patterns of the robots and rigid objects.
        felt: those of them that touch things.
        cables: patterns of the cables.
        iterations: of the solver that moves what bends, in a step of its own.
        voxel: edge of a cell of the grid that moves grains [m]; ``None`` where there are none.
        stiffness: of the contacts of points [N/m]; ``None`` where there are no points.
    """

    bodies: tuple[str, ...]
    felt: tuple[str, ...]
    cables: tuple[str, ...]
    iterations: int
    stiffness: float | None
    voxel: float | None


def coupler(program: Program) -> CouplerText | None:
    """How rigid things meet cables, grains and what can be deformed; ``None`` where there is none of these."""
    if not program.soft and not program.cables and not program.grains:
        return None
    prims = prim_names(program)

    def pattern(name: str) -> str:
        return f"/World/envs/env_[^/]+/{prims[name]}"

    # a robot that could not be read has no shapes in its model: it has some
    felt = [robot.name for robot in program.robots if robot.model.collision_shapes != 0]
    felt += [item.name for item in program.objects]
    bodies = [item.name for item in (*program.robots, *program.objects)]
    return CouplerText(
        tuple(map(pattern, bodies)),
        tuple(map(pattern, felt)),
        tuple(pattern(item.name) for item in program.cables),
        10 if program.cables else 5,  # a pull has to get from one end of a chain to the other
        max((item.stiffness for item in program.soft), default=None),
        2 * program.grains[0].spacing if program.grains else None,  # eight grains in a cell, as in upstream's tasks
    )


def _spawner(item: RigidObject) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """The configuration that spawns a primitive, its own fields, and its colour."""
    shape = item.shape
    assert shape is not None
    sizes: dict[str, object] = {"size": shape.size} if shape.kind is ShapeKind.BOX else {"radius": shape.radius}
    if shape.kind in (ShapeKind.CAPSULE, ShapeKind.CYLINDER):
        sizes |= {"height": shape.length, "axis": shape.axis.upper()}
    name = "CuboidCfg" if shape.kind is ShapeKind.BOX else f"{str(shape.kind).title()}Cfg"
    fields = tuple((key, literal(value)) for key, value in sizes.items())
    return f"sim_utils.{name}", fields, _color(shape.color)


def _file_spawner(file: ObjectFile, assets: Path) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """The configuration that spawns a file, its own fields, and no colour."""
    fields = [("usd_path", file_text(file.reference, file.source, assets))]
    if file.prim is not None:
        fields.append(("usd_prim", literal(file.prim)))
    if file.scale != (1.0, 1.0, 1.0):
        fields.append(("scale", literal(file.scale)))
    return "UsdPrimCfg" if file.prim is not None else "sim_utils.UsdFileCfg", tuple(fields), ""


def prim_names(program: Program) -> dict[str, str]:
    """Names of the prims of robots and objects, which differ in more than upper and lower case."""
    names = Names(["Sensors"])
    out: dict[str, str] = {}
    for item in (*program.robots, *program.objects, *program.soft, *program.cables, *program.grains):
        title = "".join(part.title() for part in item.name.split("_"))
        out[item.name] = names.unique("Robot" if item in program.own_robots and len(program.own_robots) == 1 else title)
    return out


def robots(program: Program, keys: dict[str, str], assets: Path) -> list[RobotText]:
    """The articulations, under the keys that the environment class uses."""
    out: list[RobotText] = []
    prims = prim_names(program)
    for robot in program.robots:
        key, prim = keys[robot.name], prims[robot.name]
        cfg = robot.cfg_reference.partition(":")[2]
        path = "" if cfg else robot_path(robot, assets)
        senses = any(sensor.kind == "contacts" and sensor.robot == robot.name for sensor in program.sensors)
        actuators = tuple(actuator_text(actuator, program.sim.physics_dt, assets) for actuator in robot.actuators)
        place = placed(program, robot.position, robot.rotation, at_spawn=robot.at_spawn)
        out.append(RobotText(key, prim, path, robot, origin(robot.span), place, cfg, senses, actuators))
    return out


def robot_path(robot: Robot, assets: Path) -> str:
    """Source text of the path of a robot's file; ``assets`` is the folder that relative paths start in."""
    if robot.written or robot.baked:
        return f"asset({literal(robot.baked or f'{robot.name}.usda')})"
    return file_text(robot.reference, robot.model.source, assets)


def period(sim: Sim) -> str:
    """``1 / 120`` where the physics rate is a whole number, else the time step."""
    rate = Fraction(1 / sim.physics_dt).limit_denominator(1000)
    if rate.denominator == 1 and abs(1 / rate.numerator - sim.physics_dt) < 1e-12:
        return f"1 / {rate.numerator}"
    return literal(sim.physics_dt)


def origin(span: Span | None) -> str:
    """``cartpole.stripe:28``; the file's own name, so that output does not depend on where it was compiled."""
    return f"{remark(PurePath(span.source.name).name)}:{span.line}" if span is not None else ""
