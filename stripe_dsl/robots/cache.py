"""Robot models that were read before, by the content of their files.

One JSON file an entry, named after the hash of the robot file, the prim and the reader's version. An entry also lists
the other files the robot is composed of (USD layers, included MJCF) with their hashes, relative to the robot file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from stripe_dsl.robots.model import RobotModel

CACHE_VARIABLE = "STRIPEC_CACHE"

# Raise it when a reader learns to see more, or sees something differently.
READER_VERSION = 4


def cache_folder() -> Path:
    """Folder of the user's cache: ``$STRIPEC_CACHE``, or what the platform has for it. It may not exist yet."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "stripec"


def entry_path(content: bytes, suffix: str, prim: str | None, variants: Mapping[str, str]) -> Path:
    """Where the model read from a file of this content is kept."""
    key = sha256(content)
    key.update(repr((suffix, prim, sorted(variants.items()), READER_VERSION)).encode())
    return cache_folder() / "robots" / f"{key.hexdigest()}.json"


def load(entry: Path, path: Path) -> RobotModel | None:
    """The cached model as one of the file at ``path``, if the entry is there, whole, and no part of it has changed.

    Files of one content share an entry: it may have been read from another one, which may be gone.
    """
    try:
        head, _, body = entry.read_text(encoding="utf-8").partition("\n")
        for name, digest in json.loads(head).items():
            if _digest(path.parent / name) != digest:
                return None
        model = RobotModel.from_json(body)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        # Whatever is wrong with an entry, reading the robot again mends it.
        return None
    return model if model.source == str(path) else replace(model, source=str(path))


def store(entry: Path, model: RobotModel, path: Path, parts: Sequence[Path]) -> None:
    """Keep a model. A cache that cannot be written to is no reason to fail."""
    try:
        digests = {os.path.relpath(part, path.parent): _digest(part) for part in parts}
        text = json.dumps(digests) + "\n" + model.to_json()
        entry.parent.mkdir(parents=True, exist_ok=True)
        partial = entry.with_name(f"{entry.name}.{os.getpid()}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(entry)
    except (OSError, ValueError):
        return


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
