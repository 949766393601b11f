"""From the words in a ``.stripe`` file to a file on this machine, without importing anything."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from stripe_dsl.robots.errors import RobotFileError, RobotUnavailableError
from stripe_dsl.robots.match import suggest

PACKAGE_SCHEME = "package://"
ISAACSIM_SCHEME = "isaacsim://"
ASSET_ROOT_VARIABLE = "ISAACSIM_ASSET_ROOT"

# What to install when the import name is not the name of the distribution.
_DISTRIBUTIONS = {
    "isaaclab_assets": "isaaclab",
    "isaaclab_tasks": "isaaclab",
    "example_robot_data": "example-robot-data",
    "dm_control": "dm-control",
    "gymnasium_robotics": "gymnasium-robotics",
    "robot_descriptions": "robot-descriptions",
    "mujoco_playground": "playground",
}


def resolve(reference: str, relative_to: Path | None = None) -> Path:
    """Find the file that ``reference`` names.

    Accepted forms: ``package://newton/examples/assets/ant.usda`` (inside an installed Python package, by its import
    name), ``isaacsim://Isaac/Robots/…`` (below the folder in ``ISAACSIM_ASSET_ROOT``), an absolute path (``~`` is
    understood) and a path relative to the folder of the file it stands in.

    Args:
        reference: as written.
        relative_to: the ``.stripe`` file, or its folder; ``None`` for the working directory.

    Raises:
        RobotUnavailableError: for ``isaacsim://`` when ``ISAACSIM_ASSET_ROOT`` is unset or names a remote place.
        RobotFileError: if there is no such file.
    """
    if not reference.strip():
        raise RobotFileError("the file name is empty", code="E0601")
    if reference.startswith(PACKAGE_SCHEME):
        return _in_package(reference)
    if reference.startswith(ISAACSIM_SCHEME):
        return _below(asset_root(), reference.removeprefix(ISAACSIM_SCHEME), reference)
    scheme, separator, _ = reference.partition("://")
    if separator and scheme.isalnum():
        if scheme.lower() in ("http", "https", "omniverse", "s3"):
            raise RobotUnavailableError(
                f'"{reference}" is on another machine',
                "download it and give its path, so that its joints can be checked",
            )
        raise RobotFileError(
            f'"{scheme}://" is not understood',
            f"use {PACKAGE_SCHEME}<package>/…, {ISAACSIM_SCHEME}Isaac/… or a path",
            "E0601",
        )
    path = Path(reference).expanduser()
    if not path.is_absolute():
        folder = Path.cwd()
        if relative_to is not None:
            folder = relative_to if relative_to.is_dir() else relative_to.parent
        path = folder / path
    return _existing(Path(os.path.normpath(path)), reference)


def asset_root() -> Path:
    """The local folder in ``ISAACSIM_ASSET_ROOT``.

    Raises:
        RobotUnavailableError: if the variable is unset or names a remote place.
        RobotFileError: if it names a folder that is not there.
    """
    value = os.environ.get(ASSET_ROOT_VARIABLE, "").rstrip("/\\")
    if not value:
        raise RobotUnavailableError(
            f"{ASSET_ROOT_VARIABLE} is not set",
            f"set it to a folder with Isaac Sim's assets (Isaac/Robots/… in it): export {ASSET_ROOT_VARIABLE}=<folder>",
        )
    if "://" in value:
        raise RobotUnavailableError(f'{ASSET_ROOT_VARIABLE} is "{value}", which is not a folder on this machine')
    root = Path(value).expanduser()
    if not root.is_dir():
        raise RobotFileError(f'{ASSET_ROOT_VARIABLE} is "{value}", which is not a folder', code="E0607")
    return root


def package_folder(name: str) -> Path:
    """Folder of an installed top-level package, found without importing it.

    Raises:
        RobotFileError: if no such package is installed.
    """
    try:
        spec = find_spec(name) if name.isidentifier() else None
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    underscored = name.replace("-", "_").replace(".", "_")
    if underscored != name and underscored.isidentifier() and find_spec(underscored) is not None:
        raise RobotFileError(
            f'no Python package "{name}" is installed',
            f"packages go by their import name here: {PACKAGE_SCHEME}{underscored}/…",
            "E0603",
        )
    close = suggest(name, _installed(), n=1)
    if close:
        raise RobotFileError(f'no Python package "{name}" is installed', f'did you mean "{close[0]}"?', "E0603")
    distribution = _DISTRIBUTIONS.get(underscored, name.replace("_", "-"))
    raise RobotFileError(f'no Python package "{name}" is installed', f"pip install {distribution}", "E0603")


def _installed() -> list[str]:
    """Import names of the installed packages."""
    folders = [Path(entry) for entry in sys.path if entry and Path(entry).is_dir()]
    names = (entry.name for folder in folders for entry in folder.iterdir() if (entry / "__init__.py").is_file())
    return sorted(set(names))


def _in_package(reference: str) -> Path:
    name, _, inside = reference.removeprefix(PACKAGE_SCHEME).partition("/")
    if not name or not inside:
        raise RobotFileError(
            f'"{reference}" names no file', f"write {PACKAGE_SCHEME}<package>/<path of the file in it>", "E0601"
        )
    return _below(package_folder(name), inside, reference)


def _below(root: Path, inside: str, reference: str) -> Path:
    parts = PurePosixPath(inside).parts
    if ".." in parts or PurePosixPath(inside).is_absolute():
        raise RobotFileError(f'"{reference}" leaves the folder it starts in', code="E0601")
    return _existing(root.joinpath(*parts), reference)


def _existing(path: Path, reference: str) -> Path:
    if path.is_file():
        return path
    if path.is_dir():
        files = sorted(entry.name for entry in path.iterdir() if entry.suffix in ROBOT_SUFFIXES)
        listed = ", ".join(files[:4])
        raise RobotFileError(f'"{reference}" is a folder', f"it holds {listed}" if listed else None, "E0601")
    raise RobotFileError(f'there is no file "{reference}"', _nearest(path, reference), "E0601")


ROBOT_SUFFIXES = (".usd", ".usda", ".usdc", ".usdz", ".urdf", ".xml", ".mjcf")


def _nearest(path: Path, reference: str) -> str | None:
    """Which part of a path is wrong, and what it may have meant."""
    missing = path
    while not missing.parent.is_dir():
        if missing.parent == missing:
            return None
        missing = missing.parent
    try:
        entries = sorted(entry.name for entry in missing.parent.iterdir() if not entry.name.startswith("."))
    except OSError:
        return None
    close = suggest(missing.name, entries, n=1)
    if not close and missing == path:
        # The stem may be right and the ending wrong.
        close = [name for name in entries if Path(name).stem == path.stem][:1]
    if not close:
        return f'there is no "{missing.name}" in "{missing.parent}"' if missing != path else None
    tail = path.relative_to(missing).as_posix()
    written = reference.replace("\\", "/")
    wrong = missing.name if tail == "." else f"{missing.name}/{tail}"
    if written.endswith(wrong):
        right = close[0] if tail == "." else f"{close[0]}/{tail}"
        return f'did you mean "{written[: -len(wrong)]}{right}"?'
    return f'did you mean "{close[0]}"?'
