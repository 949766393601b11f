"""Files that scenes read: rasters, meshes and assets, found from the file that names them."""

from __future__ import annotations

import glob
from pathlib import Path

from stripe_dsl.check.constants import Settings
from stripe_dsl.ir.terrain import File
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.locate import resolve
from stripe_dsl.source import Span
from stripe_dsl.text import and_list, close_names

RASTERS = (".png", ".tif", ".tiff", ".npy")
MESHES = (".obj", ".stl", ".ply", ".glb", ".gltf")
STAGES = (".usd", ".usda", ".usdc", ".usdz")


def find_files(settings: Settings, written: str, span: Span, endings: tuple[str, ...], *, several: bool) -> list[File]:
    """The files that a name or a pattern means, sorted; none after a mistake was reported.

    Args:
        several: ``*``, ``?`` and ``[]`` are patterns.
    """
    report = settings.report
    if not written.strip():
        report.error("E0601", "the name of a file is empty", span)
        return []
    folder = span.source.path.parent if span.source.path is not None else Path.cwd()
    ending = Path(written).suffix.lower()
    if ending not in endings:
        message = f'"{written}" has none of the endings that are read here'
        report.error("E0602", message, span, f"known endings: {', '.join(endings)}")
        return []
    if "://" in written:
        try:
            return [File(written, resolve(written, folder))]
        except RobotFileError as problem:
            report.error("E0601", problem.reason, span, *((problem.hint,) if problem.hint else ()))
            return []
    if several and glob.has_magic(written):
        paths = sorted(Path(item) for item in glob.glob(str(folder / written)))
        if not paths:
            report.error("E0601", f"no file matches `{written}`", span, *_nearby(folder / written))
        return [File(_written(path, folder), path) for path in paths]
    path = folder / written
    if not path.is_file():
        report.error("E0601", f"there is no file `{written}`", span, *_nearby(path))
        return []
    return [File(written, path)]


def _written(path: Path, folder: Path) -> str:
    """A file that a pattern found, as it would be named itself."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _nearby(path: Path) -> tuple[str, ...]:
    """What is beside a file that is not there."""
    if not path.parent.is_dir():
        return (f"the folder `{path.parent.name}` does not exist either",)
    names = sorted(item.name for item in path.parent.iterdir() if item.suffix.lower() in (*RASTERS, *MESHES, *STAGES))
    close = close_names(path.name, names)
    if close:
        return (f"did you mean `{close[0]}`?",)
    return (f"beside it are {and_list(names[:5])}",) if names else ()
