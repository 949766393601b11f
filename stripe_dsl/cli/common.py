"""What the commands share: their arguments, reading ``--set``, compiling for a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stripe_dsl.cli.report import failed, show
from stripe_dsl.cli.working import working

if TYPE_CHECKING:
    from stripe_dsl.ir.scene import Scene
    from stripe_dsl.source import SourceFile


class Backend(StrEnum):
    """What an environment is written in."""

    torch = "torch"
    warp = "warp"


File = Annotated[Path, typer.Argument(help="A .stripe or .stripe.yaml file.", show_default=False)]
TaskName = Annotated[str | None, typer.Option("--task", "-t", help="One task of the file.", show_default=False)]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="name=value of a parameter, or scene=<name or file>; repeat it.", show_default=False),
]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda or cuda:<n>; the GPU where there is one.", show_default=False)
]
BackendChoice = Annotated[
    Backend | None,
    typer.Option(
        "--backend", help="torch or warp; Warp where physics and task allow it, else torch.", show_default=False
    ),
]


def fail(message: str, *helps: str) -> typer.Exit:
    """Prints a mistake that has no place in a file, and gives the exit to raise."""
    typer.echo(f"error: {message}", err=True)
    for help in helps:
        typer.echo(f"  help: {help}", err=True)
    return typer.Exit(1)


def settings(items: Sequence[str] | None) -> dict[str, str]:
    """``name=value`` pairs of ``--set``."""
    out: dict[str, str] = {}
    for item in items or ():
        name, equals, value = item.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise fail(f"`--set {item}` is not of the form name=value", "as in `--set density=300/ha`")
        out[name.strip()] = value.strip()
    return out


def chosen_scene(file: Path, name: str | None, given: Mapping[str, str]) -> Scene:
    """A scene of a file that has a terrain; the only one where none is named. Shows the mistakes of the file."""
    from stripe_dsl.pipeline import check_file
    from stripe_dsl.text import and_list, did_you_mean

    checked = check_file(file, settings=given)
    show(checked.diagnostics)
    if checked.failed:
        raise typer.Exit(1)
    scenes = {scene.name: scene for scene in checked.scenes}
    if not scenes:
        help = "add `scene name { size 50 m x 50 m; terrain ground { } }`"
        raise fail(f"`{file}` defines no scene with a terrain", help)
    if name is None and len(scenes) > 1:
        raise fail(f"`{file}` defines {and_list(list(scenes))}", f"choose one, as in `--scene {next(iter(scenes))}`")
    if name is not None and name not in scenes:
        raise fail(f"there is no scene `{name}` in `{file}`", *did_you_mean(name, list(scenes), listing=True))
    return scenes[name] if name is not None else next(iter(scenes.values()))


def source_of(file: Path) -> SourceFile | None:
    """A file that is read on its own, without what it imports; says so where it cannot be read."""
    from stripe_dsl.source import read_source

    try:
        return read_source(file)
    except UnicodeDecodeError:
        fail(f"`{file}` is not UTF-8 text")
    except OSError as problem:
        fail(f"cannot read `{file}`: {problem.strerror}")
    return None


def replace_text(file: Path, text: str) -> bool:
    """Gives a file a new text, so that it is there whole or as it was; says so where that cannot be done.

    A link stays a link, and the file keeps its permissions.
    """
    import tempfile

    target = file.resolve()
    staged: str | None = None
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, staged = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        os.chmod(staged, mode)
        os.replace(staged, target)
    except OSError as problem:
        fail(f"cannot write `{file}`: {problem.strerror}")
        if staged is not None:
            Path(staged).unlink(missing_ok=True)
        return False
    return True


def check_folder(folder: Path, option: str) -> None:
    """Refuses a folder for results that cannot be one, before anything slow starts."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise fail(f"`{option} {folder}` cannot be a folder: `{place}` is a file")
    if not os.access(place, os.W_OK | os.X_OK):
        raise fail(f"`{option} {folder}` cannot be written: no permission for `{place}`")


def need_simulator() -> None:
    """Refuses what runs tasks where Isaac Lab is not installed: the compiler does without it."""
    from importlib.metadata import PackageNotFoundError, version

    for name in ("isaaclab", "rsl-rl-lib"):
        try:
            version(name)
        except PackageNotFoundError:
            raise fail(
                f"this needs Isaac Lab, and {name} is not installed",
                'install the extra "sim": `pip install "stripe-dsl[sim]"`, or `uv sync --extra sim` in the repository',
            ) from None


def compiled(file: Path, task: str | None, sets: Sequence[str] | None, backend: Backend | None = None) -> Path:
    """Compiles one task for a run and gives the folder of its package; an already compiled package is taken as it is.

    Packages of runs stand in ``.stripec`` of the working directory, apart from what ``stripec compile`` writes, and are
    overwritten freely. They hold the environment of ``backend``, or all that the task can have where it is
    ``None``.
    """
    if file.is_dir():
        if sets:
            raise fail("`--set` needs the .stripe file", "a compiled package takes `env.x=…` overrides")
        return file
    from stripe_dsl.diagnostics import Diagnostic
    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import compile_file
    from stripe_dsl.text import and_list

    backends = None if backend is None else (backend,)
    given = settings(sets)
    with working(f"compiling {file.name}"):
        packages, diagnostics = compile_file(file, Path(".stripec"), task=task, settings=given, backends=backends)
    if failed(diagnostics):
        show(diagnostics)
        raise typer.Exit(1)
    if len(packages) != 1:
        names = and_list([package.task for package in packages])
        message = f"`{file}` defines {len(packages)} tasks: {names}"
        show([Diagnostic("E0222", message, helps=(f"choose one, as in `--task {packages[0].task}`",))])
        raise typer.Exit(1)
    diagnostics = [*diagnostics, *write(packages[0], force=True)]
    show(diagnostics)
    if failed(diagnostics):
        raise typer.Exit(1)
    return packages[0].folder
