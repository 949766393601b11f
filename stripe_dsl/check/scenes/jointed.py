"""Layers of things with joints: gates, doors and saplings, each a robot that is fixed to the ground, made of links or
from a file.

All things of such a layer are one articulation of each environment, under the name of the layer, as if the task had a
robot more: its joints can be read, reset and randomised. Joints and bodies of each name become a set, in the order of
the things, so their number has to be known before anything is placed.
"""

from __future__ import annotations

from dataclasses import replace
from math import hypot, pi
from typing import TYPE_CHECKING

from stripe_dsl.check.robots import RobotCheck
from stripe_dsl.check.scenes.unfit import too_many
from stripe_dsl.check.values import BodySet, JointSet, RobotValue
from stripe_dsl.ir.assets import Asset, Part
from stripe_dsl.ir.scene import LOOSE, Layer, Scene
from stripe_dsl.robots import RobotFileError
from stripe_dsl.robots.mechanism import Pose
from stripe_dsl.robots.primitives import PrimitiveShape, ShapeKind, model_of
from stripe_dsl.robots.repeated import any_copy, copies, repeated
from stripe_dsl.robots.rotations import quaternion
from stripe_dsl.source import Span
from stripe_dsl.spec.scene import LayerBlock
from stripe_dsl.spec.values import Text

if TYPE_CHECKING:
    from stripe_dsl.check.constants import Settings
    from stripe_dsl.check.report import Reporter
    from stripe_dsl.check.scope import Scope
    from stripe_dsl.ir.robots import Actuator, Gain, Robot
    from stripe_dsl.spec.modules import Module

INSTEAD = "name it in the task, as a robot without actions: `robot door = doors.door at (3, 4, 0) m`"
LINKS = ("mass", "friction", "restitution", "collide", "solid", "soft", "visual")
"""Keys of layers that links say for themselves."""
OF_ALL = ("joints", "bodies", "base")
"""Names that mean all joints and bodies of a robot, or its root."""


def jointed_asset(name: Text, module: Module, settings: Settings, span: Span | None) -> tuple[Asset, Robot] | None:
    """A robot of a file as what a layer repeats; ``None`` after a mistake was reported.

    Args:
        module: the file that defines it.
        span: where the layer names it.
    """
    spec = module.document.robot[name]
    if spec.cfg is not None:
        message = f"robot `{name}` is a cfg, whose actuators are those of one robot and not of the copies of a layer"
        help = 'name the file that it spawns, as in `usd "door.usd"`, with the actuators that it needs'
        settings.report.error("E0616", message, span, help, INSTEAD)
        return None
    scope = settings.lowering.scope
    found = RobotCheck(name, spec, module, settings, scope, driven=False).run()
    if found is None:
        return None
    robot = found[1]
    if not robot.model.fixed_base:
        message = f"robot `{name}` stands free, and what a layer repeats is fixed to the ground"
        help = "write `fixed` into the link that is its base"
        if not spec.link:
            help = "write `fixed` into its block" if spec.usd is None else "give its file a fixed joint to the world"
        settings.report.error("E0616", message, span, help, INSTEAD)
        return None
    if robot.primitives is None:
        several = next((joint.name for joint in robot.model.joints if ":" in joint.name), None)
        if several is not None:
            message = f"robot `{name}` has a joint of several degrees of freedom, `{several.partition(':')[0]}`"
            settings.report.error("E0616", message, span, "let it be several joints", INSTEAD)
            return None
        return Asset(name=str(name), label=str(name), robot=robot, span=span), robot
    parts = []
    x, y, z, w = robot.rotation
    place = Pose(robot.position, (w, x, y, z))
    for body in robot.primitives.bodies:
        frame = place * Pose(body.position, quaternion(body.rotation))
        parts += [_part(shape, frame) for shape in body.shapes]
    reach = max(hypot(part.at[0], part.at[1]) + _reach(part) for part in parts)
    top = max(part.at[2] + _reach(part) for part in parts)
    asset = Asset(name=str(name), label=str(name), parts=tuple(parts), radius=reach, height=max(top, 0.0), span=span)
    return asset, robot


def _part(shape: PrimitiveShape, frame: Pose) -> Part:
    turn = {"x": (0.0, pi / 2, 0.0), "y": (-pi / 2, 0.0, 0.0), "z": (0.0, 0.0, 0.0)}[shape.axis]
    pose = frame * Pose(shape.position, quaternion(shape.rotation)) * Pose(rotation=quaternion(turn))
    if shape.kind in (ShapeKind.BOX, ShapeKind.SPHERE):
        pose = frame * Pose(shape.position, quaternion(shape.rotation))
    w, x, y, z = pose.rotation
    return Part(
        kind=str(shape.kind),
        size=shape.size,
        radius=shape.radius,
        height=shape.length,
        at=pose.position,
        rotation=(x, y, z, w),
        color=shape.color or (0.5, 0.5, 0.5),
        collides=shape.collides,
    )


def _reach(part: Part) -> float:
    """Radius of the sphere that holds a part."""
    if part.kind == "box":
        return hypot(*part.size) / 2
    caps = part.radius if part.kind == "capsule" else 0.0
    return part.radius if part.kind == "sphere" else hypot(part.radius - caps, part.height / 2) + caps


def jointed_layer(layer: Layer, spec: LayerBlock, robots: list[Robot], report: Reporter) -> Layer:
    """A layer of ``kind articulation``, with what it cannot be reported.

    Args:
        robots: that its assets are; others are none.
    """
    where = spec.kind.span if spec.kind is not None else spec.span
    if layer.kind not in ("place", "scatter"):
        help = "write `scatter` or `place`"
        report.error("E0309", f"things of `{layer.kind}` have no joints", where, help)
        return layer
    (species,) = layer.species
    if len(species.choices) != 1 or len(robots) != 1:
        message = "a layer of articulations repeats one robot of the file"
        help = "as in `assets gate`, where `robot gate { … }` has links and joints"
        report.error("E0309", message, where, help, *(["give each its own layer"] if len(robots) > 1 else []))
        return layer
    for key in LINKS:
        value = getattr(spec, key, None)
        if value:
            span = getattr(value, "span", None) or spec.span
            what = "links" if robots[0].primitives is not None else "bodies"
            report.error("E0309", f"the {what} of `{robots[0].name}` say what they are, not `{key}` of the layer", span)
    if species.pose.scale != (1.0, 1.0) or species.pose.tint != (0.0, 0.0):
        message = "what has joints keeps its size and its colour"
        report.error("E0309", message, spec.pose.span if spec.pose else where, "remove `scale` and `tint`")
    if layer.best_effort:
        message = "how many things with joints there are is known when the task is checked"
        report.error("E0309", message, where, "remove `best effort`")
    count = layer.number
    if count is None or count < 1:
        message = "how many things with joints there are is known when the task is checked"
        report.error("E0309", message, where, "write a whole number, as in `count 6`")
        return layer
    if count > LOOSE:
        report.error("E0616", too_many(count, layer.name), where, f"ask for at most {LOOSE}")
        return layer
    robot = robots[0]
    if robot.primitives is None:
        from stripe_dsl.robots.copied import read_copies  # USD, for files alone

        try:
            model = read_copies(robot.model, count)
        except RobotFileError as problem:
            helps = (problem.hint,) if problem.hint else ()
            report.error("E0610", problem.reason, robot.span, *helps)
            return layer
        for warning in model.warnings:
            report.error("W0016", f"robot `{robot.name}`: {warning}", robot.span)
    else:
        model = model_of(repeated(robot.primitives, layer.name, count))
    return replace(layer, robot=robot, together=model)


def layer_robots(scene: Scene, scope: Scope, report: Reporter) -> list[Robot]:
    """The articulations of a scene as robots of the task; each becomes a name that expressions may read."""
    out: list[Robot] = []
    for layer in scene.layers:
        if layer.robot is None:
            continue
        if layer.name in scope.robots or layer.name in scope.objects:
            message = f"the layer `{layer.name}` of the scene `{scene.name}` is called as something of the task is"
            report.error("E0202", message, layer.span, "rename one of them")
            continue
        value, robot = _together(layer, layer.robot, scene)
        scope.layers[layer.name] = value
        scope.learned[layer.name], scope.explicit[layer.name] = robot.learned, robot.explicit
        out.append(robot)
    return out


def _together(layer: Layer, one: Robot, scene: Scene) -> tuple[RobotValue, Robot]:
    """All things of a layer as one robot."""
    count, model = layer.number, layer.together
    assert count is not None
    assert model is not None
    sets: dict[str, JointSet | BodySet] = {}
    joints = set(one.model.joint_names)
    every = (*one.model.body_names, *one.model.joint_names)
    named = {name: (name,) for name in every if name not in OF_ALL} | dict(one.sets)
    for name, members in named.items():
        make = JointSet if set(members) <= joints else BodySet
        each = [copies(member, count) for member in members]
        sets[name] = make(layer.name, model, tuple(item for thing in zip(*each, strict=True) for item in thing), name)
    robot = replace(
        one,
        name=layer.name,
        model=model,
        primitives=None,
        reference="",
        prim=None,
        position=(0.0, 0.0, 0.0),
        rotation=(0.0, 0.0, 0.0, 1.0),
        joint_pos=tuple((any_copy(pattern), value) for pattern, value in one.joint_pos),
        actuators=tuple(_of_all(actuator) for actuator in one.actuators),
        sets=tuple((name, item.names) for name, item in sets.items()),
        span=layer.span,
        baked=layer.articulation(scene.name),
    )
    return RobotValue(layer.name, model, sets), robot


def _of_all(actuator: Actuator) -> Actuator:
    """An actuator for the joints of all copies."""

    def gain(value: Gain | None) -> Gain | None:
        return tuple((any_copy(name), one) for name, one in value) if isinstance(value, tuple) else value

    return replace(
        actuator,
        joint_patterns=tuple(map(any_copy, actuator.joint_patterns)),
        stiffness=gain(actuator.stiffness),
        damping=gain(actuator.damping),
        effort_limit=gain(actuator.effort_limit),
        velocity_limit=gain(actuator.velocity_limit),
        armature=gain(actuator.armature),
        friction=gain(actuator.friction),
        viscous_friction=gain(actuator.viscous_friction),
        saturation=gain(actuator.saturation),
    )
