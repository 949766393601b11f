"""``stripec show``."""

from __future__ import annotations

from math import pi, radians
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stripe_dsl.cli.common import Device, File, Sets, chosen_scene, fail, need_simulator, settings
from stripe_dsl.cli.report import failed, show
from stripe_dsl.cli.working import working

if TYPE_CHECKING:
    from stripe_dsl.ir.scene import Scene


def run(
    file: File,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A .png, .jpg or .webp; <scene>.png.", show_default=False)
    ] = None,
    scene: Annotated[str | None, typer.Option("--scene", help="One scene of the file.", show_default=False)] = None,
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
    """Draws a scene in 3D, without a display: all that is seen of it, and no robot."""
    wanted = chosen_scene(file, scene, settings(set))
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
    import numpy as np
    from PIL import Image

    from stripe_dsl.runtime.show import View, picture, seen_points

    stage = baked.folder / baked.stages[variant]
    if spawn:
        x, y = wanted.spawn.at
        heights = np.frombuffer((baked.folder / baked.heights).read_bytes(), "<f4").reshape(baked.shape)[variant]
        row, column = (round(value / baked.cell) for value in (y, x))
        view = View((x, y, float(heights[row, column]) + 0.5), wanted.spawn.yaw + pi, radians(12), 6.0)
    else:
        view = View.of_all(seen_points(stage), radians(azimuth), radians(elevation), width / height)
    with working(f"drawing {out.name}"):
        frame = picture(stage, view, (width, height), _sun(wanted), where)
    try:
        Image.fromarray(frame).save(out)
    except OSError as problem:
        raise fail(f"cannot write `{out}`: {problem.strerror}") from None
    typer.echo(str(out))


def _sun(scene: Scene) -> tuple[float, float, float] | None:
    """The direction in which light falls from the first sun of a scene: what it calls -z."""
    for light in scene.lights:
        if light.kind == "distant":
            x, y, z, w = light.rotation
            return -2 * (x * z + w * y), -2 * (y * z - w * x), -(1 - 2 * (x * x + y * y))
    return None
