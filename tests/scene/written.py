"""Scenes of the tests, written in the language."""

from __future__ import annotations

from pathlib import Path

from stripe_dsl.ir.scene import Scene
from stripe_dsl.pipeline import check_file


def scene_of(folder: Path, terrain: str, rest: str = "", size: str = "20 m x 10 m") -> Scene:
    """The scene ``s`` with that terrain; files are those of the folder."""
    path = folder / "s.stripe"
    path.write_text(f"scene s {{\n  size {size}\n  seed 7\n  terrain ground {{\n{terrain}\n  }}\n{rest}\n}}\n")
    checked = check_file(path)
    assert not checked.diagnostics, [item.message for item in checked.diagnostics]
    return checked.scenes[0]
