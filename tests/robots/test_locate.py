from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stripe_dsl.robots import RobotFileError, RobotUnavailableError
from stripe_dsl.robots.locate import package_folder, resolve


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that must not be imported, with a robot in it."""
    folder = tmp_path / "site" / "robot_zoo"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "models" / "biped.usda").write_text("#usda 1.0\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def failure(reference: str, relative_to: Path | None = None) -> RobotFileError:
    with pytest.raises(RobotFileError) as caught:
        resolve(reference, relative_to)
    return caught.value


def test_in_a_package_that_is_not_imported(package: Path) -> None:
    assert resolve("package://robot_zoo/models/biped.usda") == package / "models" / "biped.usda"
    assert "robot_zoo" not in sys.modules


def test_relative_to_the_stripe_file_or_its_folder(tmp_path: Path) -> None:
    (tmp_path / "robots").mkdir()
    robot = tmp_path / "robots" / "arm.urdf"
    robot.write_text("<robot/>")
    stripe = tmp_path / "tasks" / "reach.stripe"
    stripe.parent.mkdir()
    stripe.write_text("")
    assert resolve("../robots/arm.urdf", stripe) == robot
    assert resolve("robots/arm.urdf", tmp_path) == robot
    assert resolve(str(robot), stripe) == robot


def test_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "arm.urdf").write_text("<robot/>")
    monkeypatch.chdir(tmp_path)
    assert resolve("arm.urdf") == tmp_path / "arm.urdf"


def test_in_the_asset_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    robot = tmp_path / "Isaac" / "Robots" / "ant.usd"
    robot.parent.mkdir(parents=True)
    robot.write_text("")
    monkeypatch.setenv("ISAACSIM_ASSET_ROOT", f"{tmp_path}/")
    assert resolve("isaacsim://Isaac/Robots/ant.usd") == robot
    assert failure("isaacsim://Isaac/Robot/ant.usd").hint == 'did you mean "isaacsim://Isaac/Robots/ant.usd"?'


def test_without_an_asset_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ISAACSIM_ASSET_ROOT", raising=False)
    unset = failure("isaacsim://Isaac/Robots/ant.usd")
    assert isinstance(unset, RobotUnavailableError)
    assert unset.reason == "ISAACSIM_ASSET_ROOT is not set"
    monkeypatch.setenv("ISAACSIM_ASSET_ROOT", "omniverse://server/assets")
    assert isinstance(failure("isaacsim://Isaac/Robots/ant.usd"), RobotUnavailableError)
    monkeypatch.setenv("ISAACSIM_ASSET_ROOT", str(tmp_path / "nowhere"))
    gone = failure("isaacsim://Isaac/Robots/ant.usd")
    assert not isinstance(gone, RobotUnavailableError)
    assert "not a folder" in gone.reason


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("package://robot_zoo/models/bipde.usda", 'did you mean "package://robot_zoo/models/biped.usda"?'),
        ("package://robot_zoo/model/biped.usda", 'did you mean "package://robot_zoo/models/biped.usda"?'),
        ("package://robot_zoo/models/biped.usd", 'did you mean "package://robot_zoo/models/biped.usda"?'),
        ("package://robot_zo/models/biped.usda", 'did you mean "robot_zoo"?'),
        ("package://robot-zoo/models/biped.usda", "packages go by their import name here: package://robot_zoo/…"),
        ("package://robot_zoo/models", "it holds biped.usda"),
        ("package://robot_zoo", "write package://<package>/<path of the file in it>"),
        ("package://some_absent_thing/x.usd", "pip install some-absent-thing"),
        ("pakage://robot_zoo/models/biped.usda", "use package://<package>/…, isaacsim://Isaac/… or a path"),
    ],
)
def test_what_to_do_about_a_wrong_reference(package: Path, reference: str, hint: str) -> None:
    assert failure(reference).hint == hint


@pytest.mark.parametrize(
    "reference", ["", "  ", "package://robot_zoo/../robot_zoo/models/biped.usda", "package:///etc/hosts"]
)
def test_references_that_lead_nowhere(package: Path, reference: str) -> None:
    assert failure(reference).reason


def test_remote_files_are_not_here() -> None:
    assert isinstance(failure("omniverse://server/robot.usd"), RobotUnavailableError)


def test_a_module_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_a_module.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RobotFileError):
        package_folder("only_a_module")
