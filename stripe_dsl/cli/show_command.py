"""``stripec show``."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi, radians
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stripe_dsl.cli.common import Device, File, Sets, chosen_scene, fail, need_simulator, settings
from stripe_dsl.cli.report import failed, show
from stripe_dsl.cli.working import working

if TYPE_CHECKING:
    from stripe_dsl.ir.program import Program
    from stripe_dsl.ir.scene import Scene
    from stripe_dsl.runtime.figures import Figure
    from stripe_dsl.scene.bake import Baked


def run(
    file: File,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A .png, .jpg or .webp; <scene>.png.", show_default=False)
    ] = None,
    scene: Annotated[str | None, typer.Option("--scene", help="One scene of the file.", show_default=False)] = None,
    task: Annotated[
        str | None, typer.Option("--task", "-t", help="The scene of a task, with its robots.", show_default=False)
    ] = None,
    set: Sets = None,
    variant: Annotated[int, typer.Option(help="Which of its variants.", min=0)] = 0,
    spawn: Annotated[bool, typer.Option("--spawn", help="From behind the spawn, not from above all.")] = False,
    azimuth: Annotated[float, typer.Option(help="Where the camera stands, from east to north, in degrees.")] = 235.0,
    elevation: Annotated[
        float, typer.Option(help="How high it stands above the horizon, in degrees.", min=1, max=89)
    ] = 35.0,
    width: Annotated[int, typer.Option(help="In pixels.", min=16, max=4096)] = 960,
    height: Annotated[int, typer.Option(help="In pixels.", min=16, max=4096)] = 640,
    device: Device = None,
) -> None:
    """Draws a scene in 3D, without a display: all that is seen of it, and with `--task` the robots in it."""
    program = None
    if task is None:
        wanted = chosen_scene(file, scene, settings(set))
    elif scene is not None:
        raise fail(f"the task `{task}` has a scene of its own", f"leave `--scene` out, or write `--set scene={scene}`")
    else:
        program, wanted = _of_task(file, task, settings(set))
    out = Path(f"{wanted.name}.png") if out is None else out
    if out.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise fail(f"a picture cannot be written as `{out.name}`", "name the file *.png, *.jpg or *.webp")
    if variant >= wanted.variants:
        raise fail(f"`{wanted.name}` has no variant {variant}", f"it has {wanted.variants}, counted from 0")
    if wanted.terrain.tiles is not None:
        raise fail(f"`{wanted.name}` is made of Isaac Lab's own tiles", "they are made when a task of it starts")
    need_simulator()
    from stripe_dsl.pipeline import baked_scene
    from stripe_dsl.runtime.launch import choose_device
    from stripe_dsl.runtime.problem import Problem

    where = choose_device(device)
    if isinstance(where, Problem):
        raise fail(where.message, *where.help)
    with working(f"baking {wanted.name}"):
        baked, diagnostics = baked_scene(wanted)
    show(diagnostics)
    if baked is None or failed(diagnostics):
        raise typer.Exit(1)
    from functools import partial

    import numpy as np
    from PIL import Image

    from stripe_dsl.runtime.show import View, picture, seen_points
    from stripe_dsl.scene.grid import Grid
    from stripe_dsl.scene.surface import heights_at

    stage = baked.folder / baked.stages[variant]
    table = np.frombuffer((baked.folder / baked.heights).read_bytes(), "<f4").reshape(baked.shape)[variant]
    ground = partial(heights_at, table.astype(np.float64), Grid(wanted.size, baked.cell))
    if spawn:
        x, y = wanted.spawn.at
        view = View((x, y, float(ground(np.array([[x, y]]))[0]) + 0.5), wanted.spawn.yaw + pi, radians(12), 6.0)
    else:
        view = View.of_all(seen_points(stage), radians(azimuth), radians(elevation), width / height)
    robots = _jointed(wanted, baked, variant) + (_figures(program) if program is not None else [])
    with working(f"drawing {out.name}"):
        frame = picture(stage, view, (width, height), _sun(wanted), where, robots, ground)
    try:
        Image.fromarray(frame).save(out)
    except OSError as problem:
        raise fail(f"cannot write `{out}`: {problem.strerror}") from None
    typer.echo(str(out))


def _of_task(file: Path, task: str, given: Mapping[str, str]) -> tuple[Program, Scene]:
    """A task of a file, with its robots as USD, and the scene that it stands in."""
    from stripe_dsl.pipeline import check_file, with_stages

    checked = check_file(file, task=task, settings=given)
    show(checked.diagnostics)
    if checked.failed:
        raise typer.Exit(1)
    program, diagnostics = with_stages(checked.programs[0])
    show(diagnostics)
    if failed(diagnostics):
        raise typer.Exit(1)
    if program.scene is None:
        raise fail(f"the task `{task}` stands in no scene with a terrain", "`stripec play --video` shows its robots")
    return program, program.scene


def _figures(program: Program) -> list[Figure]:
    """The robots of a task where an episode begins; says so where a file is on another computer."""
    from stripe_dsl.emit.outlines import robot_corners
    from stripe_dsl.emit.scenes import placed
    from stripe_dsl.robots.author import robot_usda
    from stripe_dsl.runtime.figures import Figure

    found: list[Figure] = []
    for robot in program.own_robots:
        path = Path(robot.model.source)
        if robot.written:
            source: Path | str = robot_usda(robot.primitives) if robot.primitives is not None else robot.stage
        elif robot.model.format == "usd" and path.is_file():
            source = path
        else:
            typer.echo(f"warning: the file of robot `{robot.name}` is not on this computer; it is left out", err=True)
            continue
        place = placed(program, robot.position, robot.rotation, at_spawn=robot.at_spawn)
        corners = {} if robot.model.fixed_base else robot_corners(robot)
        root = robot.model.prim or "/"
        found.append(Figure(source, root, place.position, place.rotation, robot.joint_pos, corners))
    return found


def _jointed(scene: Scene, baked: Baked, variant: int) -> list[Figure]:
    """Things of the scene that have joints, in their default poses."""
    from stripe_dsl.robots.repeated import any_copy
    from stripe_dsl.runtime.figures import Figure

    base = Path(baked.stages[variant]).stem
    return [
        Figure(
            baked.folder / layer.articulation(base),
            "/",
            (0.0, 0.0, 0.0),
            (0.0, 0.0, 0.0, 1.0),
            tuple((any_copy(pattern), value) for pattern, value in layer.robot.joint_pos),
            {},
            stands=False,
        )
        for layer in scene.layers
        if layer.robot is not None
    ]


def _sun(scene: Scene) -> tuple[float, float, float] | None:
    """The direction in which light falls from the first sun of a scene: what it calls -z."""
    for light in scene.lights:
        if light.kind == "distant":
            x, y, z, w = light.rotation
            return -2 * (x * z + w * y), -2 * (y * z - w * x), -(1 - 2 * (x * x + y * y))
    return None
