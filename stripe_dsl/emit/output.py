"""Writing a generated package: atomically, and never over a file that someone edited by hand.

``manifest.json`` in the package lists its files with their hashes, so that an edited file is known, and the layout of
actions and observations, so that a policy can be deployed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.emit.torch.package import package_files
from stripe_dsl.ir.program import Program
from stripe_dsl.text import and_list

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Package:
    """A package ready to be written.

    Attributes:
        folder: where it goes.
        files: contents by path in the folder, the manifest included.
    """

    folder: Path
    files: Mapping[str, str]


def render(program: Program, out: Path, sources: Mapping[str, str]) -> Package:
    """The package of a program below ``out``.

    Args:
        sources: texts that the program was compiled from, by file name; their hashes go into the manifest.
    """
    folder = out / program.package
    files = package_files(program, folder)
    manifest = _manifest(program, files, sources)
    return Package(folder, {**files, MANIFEST: json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"})


def _manifest(program: Program, files: Mapping[str, str], sources: Mapping[str, str]) -> dict[str, Any]:
    start = 0
    actions = []
    for action in program.actions:
        actions.append(
            {
                "name": action.name,
                "kind": action.kind,
                "columns": [start, start + len(action.joints)],
                "joints": action.joints,
            }
        )
        start += len(action.joints)
    observations: dict[str, Any] = {}
    for group in program.groups:
        entries, column = [], 0
        for item in group.items:
            width = item.value.type.width
            entries.append({"name": item.name, "columns": [column, column + width], "unit": str(item.value.type.dim)})
            column += width
        observations[group.name] = entries
    return {
        "task": f"Stripe-{program.name}",
        "control_rate_hz": round(1 / (program.sim.physics_dt * program.sim.decimation), 9),
        "actions": actions,
        "observations": observations,
        "sources": {name: _hash(text) for name, text in sorted(sources.items())},
        "files": {path: _hash(text) for path, text in sorted(files.items())},
    }


def changes(package: Package) -> list[str]:
    """Files whose contents on disk are not those of the package."""
    out = [path for path, text in package.files.items() if _read(package.folder / path) != text]
    return sorted(out + _stale(package))


def edited(package: Package) -> list[str]:
    """Files on disk that were changed by hand since they were generated: neither as recorded nor as they will be."""
    recorded = _recorded(package.folder)
    out: list[str] = []
    for path in package.files:
        present = _read(package.folder / path)
        if present is None or present == package.files[path] or path == MANIFEST:
            continue
        if path not in recorded or _hash(present) != recorded[path]:
            out.append(path)
    return sorted(out)


def write(package: Package, *, force: bool = False) -> list[Diagnostic]:
    """Writes what differs. Nothing at all is written where a file was edited by hand, unless ``force``."""
    touched = [] if force else edited(package)
    if touched:
        verb = "was" if len(touched) == 1 else "were"
        message = f"{and_list([str(package.folder / path) for path in touched], 4)} {verb} edited by hand"
        helps = ("move the change to the .stripe file or to a subclass, or overwrite it with `--force`",)
        return [Diagnostic("E0608", message, helps=helps)]
    try:
        for path in changes(package):
            if path in package.files:
                _replace(package.folder / path, package.files[path])
        for path in _stale(package):
            (package.folder / path).unlink()
    except OSError as problem:
        return [Diagnostic("E0609", f"cannot write `{problem.filename or package.folder}`: {problem.strerror}")]
    return []


def _stale(package: Package) -> list[str]:
    """Files that an earlier compile wrote and this one does not."""
    recorded = _recorded(package.folder)
    return [
        path
        for path, digest in recorded.items()
        if path not in package.files and _safe(path) and _hash(_read(package.folder / path) or "") == digest
    ]


def _safe(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts


def _recorded(folder: Path) -> dict[str, str]:
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {str(path): str(digest) for path, digest in files.items()} if isinstance(files, dict) else {}


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _replace(path: Path, text: str) -> None:
    """Writes a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
