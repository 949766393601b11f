"""What a scene may hold, and not with the task that has it."""

from __future__ import annotations

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.scene import LOOSE, Layer, Scene, most_bodies


def unfit(program: Program) -> list[Diagnostic]:
    """Layers that cannot be bodies of each environment, and robots that tiles give no height."""
    scene = program.scene
    if scene is None:
        return []
    found = [item for layer in scene.layers if not layer.stands for item in _not_loose(layer, scene)]
    return found + [
        Diagnostic(
            "E0616",
            f"robot `{robot.name}` is fixed to the world, and each tile of `{scene.name}` has a height of its own",
            robot.span,
            helps=("put it on `ground plane`, or write the terrain with `fractal`, `steps` and the like",),
        )
        for robot in program.robots
        if robot.model.fixed_base and scene.terrain.tiles is not None
    ]


def _not_loose(layer: Layer, scene: Scene) -> list[Diagnostic]:
    """Why the things of a layer cannot be bodies of each environment."""
    if scene.variants > 1:
        what = "can be pushed" if layer.movable else "has joints"
        message = f"`{layer.name}` {what}, and the simulator has the same bodies in all environments"
        helps = ("write `shared` for `variants`: environments do not touch each other's things",)
        return [Diagnostic("E0616", message, layer.span, helps=helps)]
    count = most_bodies(layer, scene)
    if count > LOOSE:
        message = too_many(count, layer.name)
        helps = (f"ask for at most {LOOSE}, as in `count {LOOSE}`, or leave `kind rigid` out",)
        return [Diagnostic("E0616", message, layer.span, helps=helps)]
    return []


def too_many(count: int, layer: str) -> str:
    """What is said of a layer with more bodies than an environment may have."""
    return f"each environment has its own bodies: {count} of `{layer}` are more than {LOOSE}"
