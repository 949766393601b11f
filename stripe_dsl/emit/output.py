"""Writing a generated package: atomically, and never over a file that someone edited by hand.

``manifest.json`` in the package lists its files with their hashes, so that an edited file is known.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.emit.manifest import digest, manifest, manifest_text
from stripe_dsl.emit.package import BACKENDS, package_files
from stripe_dsl.ir.program import Program
from stripe_dsl.text import and_list

if TYPE_CHECKING:
    from stripe_dsl.scene.bake import Baked

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Package:
    """A package ready to be written.

    Attributes:
        task: name of the task, as the file has it.
        folder: where it goes.
        files: contents by path in the folder, the manifest included.
        baked: files of a scene by path in the folder: where their contents are now. They are made of numbers that
            computers round differently, so neither the manifest nor a repository holds them: the manifest has the
            hash of what they depend on.
    """

    task: str
    folder: Path
    files: Mapping[str, str]
    baked: Mapping[str, Path] = field(default_factory=dict)


def render(
    program: Program,
    out: Path,
    sources: Mapping[str, str],
    backends: Sequence[str] = BACKENDS,
    baked: Baked | None = None,
) -> Package:
    """The package of a program below ``out``.

    Args:
        sources: texts that the program was compiled from, by file name; their hashes go into the manifest.
        backends: which environments to write.
        baked: the files of the program's scene, where it has a terrain; without them the package lacks these files.
    """
    folder = out / program.package
    files = package_files(program, folder, backends)
    scene = None
    if program.scene is not None and program.scene.terrain.tiles is None:
        from stripe_dsl.scene.bake import described

        scene = described(program.scene)
    text = manifest_text(manifest(program, files, sources, scene))
    stages = {f"assets/{name}": baked.folder / name for name in baked.files} if baked is not None else {}
    return Package(program.name, folder, {**files, MANIFEST: text}, stages)


def changes(package: Package) -> list[str]:
    """Files whose contents on disk are not those of the package."""
    out = [path for path, text in package.files.items() if _read(package.folder / path) != text.encode()]
    return sorted(out + _stale(package))


def edited(package: Package) -> list[str]:
    """Files on disk that were changed by hand since they were generated: neither as recorded nor as they will be.

    One that this compile no longer makes counts too: it would be removed.
    """
    recorded = _recorded(package.folder)
    out: list[str] = []
    for path, text in package.files.items():
        present = _read(package.folder / path)
        if present is None or present == text.encode() or path == MANIFEST:
            continue
        if path not in recorded or digest(present) != recorded[path]:
            out.append(path)
    out += [path for path in _stale(package) if digest(_read(package.folder / path) or b"") != recorded[path]]
    return sorted(out)


def write(*packages: Package, force: bool = False) -> list[Diagnostic]:
    """Writes what differs, all of it or nothing.

    Nothing is written where a file of any of the packages was edited by hand, unless ``force``. Every new file is
    complete on disk before the first one takes its place.
    """
    touched = [] if force else [str(package.folder / path) for package in packages for path in edited(package)]
    if touched:
        message = f"{and_list(touched, 4)} {'was' if len(touched) == 1 else 'were'} edited by hand"
        helps = ("move the change to the .stripe file or to a subclass, or overwrite it with `--force`",)
        return [Diagnostic("E0608", message, helps=helps)]
    staged: list[tuple[str, Path]] = []
    try:
        for package in packages:
            for path in changes(package):
                if path in package.files:
                    staged.append((_stage(package.folder / path, package.files[path]), package.folder / path))
            for path, source in package.baked.items():
                target = package.folder / path
                if not (target.is_file() and filecmp.cmp(source, target, shallow=False)):
                    staged.append((_stage(target, source), target))
        stale = [package.folder / path for package in packages for path in _stale(package)]
        while staged:
            os.replace(*staged[0])
            staged.pop(0)
        for path in stale:
            path.unlink()
    except OSError as problem:
        where = problem.filename2 or problem.filename or packages[0].folder
        return [Diagnostic("E0609", f"cannot write `{where}`: {problem.strerror}")]
    finally:
        for name, _ in staged:
            Path(name).unlink(missing_ok=True)
    return []


def _stale(package: Package) -> list[str]:
    """Files that an earlier compile wrote and this one does not."""
    recorded = [path for path in _recorded(package.folder) if path not in package.files and _safe(path)]
    return [path for path in recorded if _read(package.folder / path) is not None]


def _safe(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts


def _recorded(folder: Path) -> dict[str, str]:
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {str(path): str(digest) for path, digest in files.items()} if isinstance(files, dict) else {}


def _read(path: Path) -> bytes | None:
    """Contents of a file; ``None`` where there is none, nothing where it may not be read."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError:
        return b""


def _stage(path: Path, content: str | Path) -> str:
    """Writes a text, or what a file holds, beside its place under another name, and returns that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        if isinstance(content, Path):
            os.close(handle)
            shutil.copyfile(content, name)
        else:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
        os.chmod(name, 0o644)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return name
