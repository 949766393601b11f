"""``stripec bake``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stripe_dsl.cli.common import File, Sets, chosen_scene, fail, settings
from stripe_dsl.cli.report import failed, show
from stripe_dsl.cli.working import working


def run(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder that gets the files.")] = Path("baked"),
    scene: Annotated[str | None, typer.Option("--scene", help="One scene of the file.", show_default=False)] = None,
    set: Sets = None,
    glb: Annotated[bool, typer.Option("--glb", help="Write what is seen as glTF, too.")] = False,
) -> None:
    """Writes a scene without a task: a USD stage for each variant, and its placements as a table."""
    from time import perf_counter

    from stripe_dsl.pipeline import baked_scene

    wanted = chosen_scene(file, scene, settings(set))
    if wanted.terrain.tiles is not None:
        raise fail(f"`{wanted.name}` is made of Isaac Lab's own tiles", "they are made when a task of it starts")
    begin = perf_counter()
    with working(f"baking {wanted.name}"):
        baked, diagnostics = baked_scene(wanted)
    show(diagnostics)
    if baked is None or failed(diagnostics):
        raise typer.Exit(1)
    import shutil

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in baked.files:
            shutil.copyfile(baked.folder / name, out / name)
            typer.echo(f"{out / name}: {_size((out / name).stat().st_size)}")
        if glb:
            from stripe_dsl.scene.export import write_glb

            for name in baked.stages:
                target = (out / name).with_suffix(".glb")
                with working(f"writing {target.name}"):
                    write_glb(out / name, target)
                typer.echo(f"{target}: {_size(target.stat().st_size)}")
    except OSError as problem:
        raise fail(f"cannot write `{problem.filename or out}`: {problem.strerror}") from None
    for line in baked.told:
        typer.echo(f"  {line}")
    typer.echo(f"baked in {perf_counter() - begin:.1f} s" if baked.fresh else "up to date, from the cache")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
