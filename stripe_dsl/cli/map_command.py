"""``stripec map``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import File, Sets, chosen_scene, fail, settings
from stripe_dsl.cli.report import failed, show
from stripe_dsl.cli.working import working


def run(
    file: File,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A .png or .svg; <scene>.png.", show_default=False)
    ] = None,
    scene: Annotated[str | None, typer.Option("--scene", help="One scene of the file.", show_default=False)] = None,
    set: Sets = None,
    variant: Annotated[int, typer.Option(help="Which of its variants.", min=0)] = 0,
    height: Annotated[
        Path | None, typer.Option("--height", help="Write the heights, too: a .png of 16 bits.", show_default=False)
    ] = None,
) -> None:
    """Draws maps of a scene: height, slope, water, moisture, what suits each layer, what stands where, and its maps."""
    wanted = chosen_scene(file, scene, settings(set))
    out = Path(f"{wanted.name}.png") if out is None else out
    if out.suffix.lower() not in (".png", ".svg"):
        raise fail(f"maps cannot be written as `{out.name}`", "name the file *.png or *.svg")
    if height is not None and height.suffix.lower() != ".png":
        raise fail(f"heights cannot be written as `{height.name}`", "name the file *.png")
    if variant >= wanted.variants:
        raise fail(f"`{wanted.name}` has no variant {variant}", f"it has {wanted.variants}, counted from 0")
    if wanted.terrain.tiles is not None:
        raise fail(f"`{wanted.name}` is made of Isaac Lab's own tiles", "they are made when a task of it starts")
    from stripe_dsl.scene.files import AssetFileError
    from stripe_dsl.scene.made import make
    from stripe_dsl.scene.measure import broken_asset, measure

    try:
        with working(f"making {wanted.name}"):
            made, diagnostics = make(wanted, variant, measure)
    except AssetFileError as problem:
        made, diagnostics = None, [broken_asset(problem, wanted)]
    show(diagnostics)
    if made is not None:
        from stripe_dsl.scene.overview import overview
        from stripe_dsl.scene.picture import draw
        from stripe_dsl.scene.rasters import write_heights

        for line in made.layout.text().splitlines():
            typer.echo(f"  {line}")
        target = out
        try:
            with working(f"drawing {out.name}"):
                draw(overview(made.layout, made.maps), out)
            typer.echo(str(out))
            if height is not None:
                target = height
                low, high = write_heights(made.layout.ground.height, height)
                typer.echo(f'{height}: {low:.3f}..{high:.3f} m, `heightmap "{height.name}" height {high - low:.4g} m`')
        except OSError as problem:
            raise fail(f"cannot write `{target}`: {problem.strerror}") from None
    if failed(diagnostics):
        raise typer.Exit(1)
