"""Files of installed packages: imported by the package's name, with what they name beside themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_dsl.pipeline import check_source, compile_file
from stripe_dsl.source import SourceFile

BLOCK = """#usda 1.0
(
  defaultPrim = "block"
  metersPerUnit = 1
  upAxis = "Z"
)
def Cube "block" ( prepend apiSchemas = ["PhysicsRigidBodyAPI", "PhysicsCollisionAPI", "PhysicsMassAPI"] )
{ double size = 0.2
  float physics:mass = 1
}
"""
PARTS = """
import "scenes/hills.stripe" as hills
object block { usd "../files/block.usda"; spawn at (1, 0, 0.2) m }
robot cart {
  link body { box (0.3, 0.2, 0.1) m; mass 1 kg }
  link wheel { sphere radius 5 cm; mass 0.1 kg; at (0, 0.15, 0) m }
  joint axle { type revolute; parent body; child wheel; axis y }
  actuator axle { implicit; effort 5 N*m }
}
"""
HILLS = "scene hills { size 9 m x 9 m; terrain ground { incline 2 deg } }\n"
TASK = """
import "package://field_zoo/parts/parts.stripe" as zoo
import "package://field_zoo/parts/scenes/hills.stripe" as places
task Roll {
  robot zoo.cart
  object block = zoo.block
  scene places.hills
  sim { physics 100 Hz; control 50 Hz; episode 5 s; envs 16 }
  action drive = effort(axle) scale 1 N*m
  observe policy { axle.vel; block.pos }
  reward per second { alive = 1.0 }
  terminate { timeout }
}
"""


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that must not be imported."""
    folder = tmp_path / "site" / "field_zoo"
    for name, text in {
        "__init__.py": "raise RuntimeError('imported')\n",
        "parts/parts.stripe": PARTS,
        "parts/scenes/hills.stripe": HILLS,
        "files/block.usda": BLOCK,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def test_scenes_robots_and_objects_of_a_package(zoo: Path, tmp_path: Path) -> None:
    """The generated code asks for the package, and not for where it lies on this machine."""
    (tmp_path / "roll.stripe").write_text(TASK)
    (package,), diagnostics = compile_file(tmp_path / "roll.stripe", tmp_path / "out", bake=False)
    assert not [item for item in diagnostics if item.severity == "error"], diagnostics
    cfg = package.files["env_cfg.py"]
    assert 'usd_path=package_file("field_zoo", "files/block.usda")' in cfg
    for name, text in package.files.items():
        assert str(zoo) not in text and "site/" not in text, name


@pytest.mark.parametrize(
    ("reference", "code", "message", "help"),
    [
        (
            "package://feild_zoo/parts/parts.stripe",
            "E0603",
            'no Python package "feild_zoo"',
            'did you mean "field_zoo"?',
        ),
        ("package://field_zoo/parts/part.stripe", "E0601", "there is no file", "parts/parts.stripe"),
        ("package://field_zoo", "E0601", "names no file", "package://<package>/"),
        ("package://field_zoo/../x.stripe", "E0601", "leaves the folder", ""),
    ],
)
def test_what_is_not_there(zoo: Path, reference: str, code: str, message: str, help: str) -> None:
    text = TASK.replace("package://field_zoo/parts/parts.stripe", reference)
    (found,) = check_source(SourceFile("roll.stripe", text)).diagnostics
    assert (found.code, found.span is not None and found.span.line) == (code, 2)
    assert message in found.message
    assert help in " ".join(found.helps)


def test_mistakes_in_it_are_shown_by_its_reference(zoo: Path) -> None:
    (zoo / "parts/scenes/hills.stripe").write_text(HILLS.replace("2 deg", "2 m"))
    (found,) = check_source(SourceFile("roll.stripe", TASK)).diagnostics
    assert found.span is not None
    assert (found.code, found.span.source.name) == ("E0403", "package://field_zoo/parts/scenes/hills.stripe")
