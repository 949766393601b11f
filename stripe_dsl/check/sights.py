"""What cameras are asked for: ``eye[cube].mask`` is where the picture shows the cube."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.values import Base, BodySet, RobotValue, Sight, describe
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Axis, Type
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering
    from stripe_dsl.ir.scene import Scene  # only scenes with a terrain need it


def seen(low: Lowering, expr: ast.Index) -> tuple[str, ...]:
    """Semantic classes of the things in brackets; none after a mistake."""
    labels: list[str] = []
    for item in expr.items:
        if isinstance(item, ast.Name) and item.id == "ground":
            if not low.scope.grounds and low.scope.scene is not None:
                message = "tiles are a ground without a class that a picture could show"
                low.report.error("E0309", message, item.span, "ask for robots and objects")
                return ()
            if not low.scope.grounds:
                low.report.error("E0214", "the scene has no ground to be seen", item.span, "add `ground plane` to it")
                return ()
            labels += low.scope.grounds
            continue
        thing = low.value(item)
        match thing:
            case None:
                return ()
            case RobotValue(name=name) | Base(robot=name, single=True):
                labels.append(name)
            case BodySet(robot=name) | Base(robot=name):
                message = f"pictures tell a whole robot from other things, and not {describe(thing)}"
                low.report.error("E0309", message, item.span, f"write `{name}`")
                return ()
            case _:
                message = f"a camera is asked for a robot, an object or `ground`, not for {describe(thing)}"
                low.report.error("E0309", message, item.span, "as in `eye[cube].mask`")
                return ()
    return tuple(dict.fromkeys(labels))


def labels_of_ground(scene: Scene) -> tuple[str, ...]:
    """Semantic classes of a terrain; tiles have none."""
    terrain = scene.terrain
    if terrain.tiles is not None:
        return ()
    return tuple(dict.fromkeys([terrain.surface.label, *(item.surface.label for item in terrain.classes)]))


def mask(low: Lowering, sight: Sight, type: Type, span: Span) -> Node:
    """Whether pixels see one of some things."""
    camera = sight.sensor.camera
    assert camera is not None
    pixels = Axis("pixel", sight.sensor.name, tuple(map(str, range(camera.pixels))), sight.sensor.name)
    type = replace(type, axis=pixels)
    masks = [low.reading.read(sight.sensor.name, "camera.mask", (label,), type, span) for label in sight.labels]
    while len(masks) > 1:
        masks[:2] = [low.graph.add("or", masks[:2], type=type, span=span)]
    return masks[0]
