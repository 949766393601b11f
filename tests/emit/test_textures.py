"""Textures: the package has a function for each, and of what draws only what its environments use."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_dsl.emit.output import render, write
from stripe_dsl.pipeline import check_file

from .warp_run import ruff

ROOT = Path(__file__).parents[2]
ANT = (ROOT / "examples" / "ant.stripe").read_text().partition("task Ant")[0]


def package(folder: Path, lines: str, backends: tuple[str, ...]) -> dict[str, str]:
    """The files of a task that draws something, written below a folder."""
    for color in ("red", "blue"):
        (folder / f"{color}.ppm").write_text("P3 1 1 255\n200 30 30\n")
    (folder / "seen.stripe").write_text(
        f"""{ANT}
object cup {{ box (0.1, 0.1, 0.1) m; mass 1 kg; spawn at (1, 0, 0.05) m }}
task Seen {{
  robot ant
  object cup
  sim {{ physics 120 Hz; control 30 Hz; episode 5 s; envs 64 }}
  sensor eye = camera(base) size (6, 4)
  action drive = effort(joints) scale 1 N*m
  observe policy {{ joints.pos }}
  observe pixels {{ eye.rgb }}
  reward per second {{ alive = 1.0 }}
  terminate {{ timeout }}
  randomize {{ {lines} }}
}}
"""
    )
    checked = check_file(folder / "seen.stripe")
    assert not checked.failed, checked.diagnostics
    made = render(checked.programs[0], folder / "out", checked.sources, backends)
    assert not write(made)
    return dict(made.files)


@pytest.mark.parametrize(
    ("lines", "backends", "draws"),
    [
        ('at startup { cup.texture = pictures("red.ppm", "blue.ppm") }', ("warp",), True),
        ('at reset { bodies.texture = pictures("red.ppm"); cup.texture = pictures("red.ppm") }', ("warp",), False),
        ('at reset { base.texture = pictures("red.ppm", width = 2 m); base.mass += +-1 kg }', ("torch",), True),
    ],
)
def test_only_what_is_used_is_there(tmp_path: Path, lines: str, backends: tuple[str, ...], *, draws: bool) -> None:
    files = package(tmp_path, lines, backends)
    assert ("def draw(" in files["textures.py"]) == ("import torch" in files["textures.py"]) == draws
    folder = str(tmp_path / "out/seen")
    assert ruff("check", "--select", "F,E741", "--ignore", "F401", folder) == (0, "All checks passed!\n")
    assert ruff("format", "--check", "--quiet", folder) == (0, "")


def test_pictures_are_found_from_the_package(tmp_path: Path) -> None:
    """Relative to its assets; the width is a field of the cfg, and bodies are found where a robot has them."""
    files = package(tmp_path, 'at reset { bodies.texture = pictures("red.ppm", width = 30 cm) }', ("torch", "warp"))
    assert '[asset("../../../red.ppm")]' in files["textures.py"]
    assert "Robot/(.*/)?front_left_foot" in files["textures.py"]
    assert "    bodies_texture_width: float = 0.3\n" in files["env_cfg.py"]
    for name in ("env.py", "env_warp.py"):
        assert "bodies_texture(self.scene, self.cfg.randomize.bodies_texture_width)" in files[name]
