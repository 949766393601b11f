from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from math import pi
from pathlib import Path

import pytest

from stripe_dsl.robots import RobotFileError, RobotUnavailableError, load_robot
from stripe_dsl.robots.isaaclab_cfg import read_cfg
from tests.robots.test_usd import ARM, stage

MODULE = """
import math
import isaaclab.sim as sim_utils
from isaaclab.actuators import DCMotorCfg, ImplicitActuatorCfg
from isaaclab.assets import ArticulationCfg
from isaaclab.utils import clone, replace
from isaaclab.utils.assets import ISAACLAB_NUCLEUS_DIR
from .parts import LEGS, FOLDER

raise RuntimeError("imported")

SCALE = 2
ARM_CFG = ArticulationCfg(
    spawn=sim_utils.UsdFileCfg(usd_path=f"{ISAACLAB_NUCLEUS_DIR}/{FOLDER}/robot.usda"),
    init_state=ArticulationCfg.InitialStateCfg(pos=(0.0, 0.0, 0.6), joint_pos={"elbow": -math.pi / 2}),
    actuators={"arm": LEGS, "hand": ImplicitActuatorCfg(joint_names_expr=[".*"], stiffness=SCALE * 10.0, damping=None)},
)
STIFF_CFG = clone(ARM_CFG)
for name in ("arm", "hand"):
    STIFF_CFG.actuators[name].stiffness = 99.0
LONG_CFG = replace(ARM_CFG, soft_joint_pos_limit_factor=0.9)
LONG_CFG.spawn.variants = {"Reach": "long"}
LONG_CFG.spawn.fix_root_link = True
LONGER_CFG = LONG_CFG.replace(actuators={})
COPIED_CFG = LONG_CFG.copy()
ODD_CFG = clone(ARM_CFG)
ODD_CFG.spawn.usd_path = some_function()
EDITED_CFG = clone(ARM_CFG)
edit(EDITED_CFG)
BUILT_CFG = build()
NUMBER = 3
BARE_CFG = ArticulationCfg(spawn=sim_utils.UsdFileCfg(usd_path="/abs/robot.usda"), actuators={})
"""
PARTS = """
from isaaclab.actuators import DCMotorCfg
FOLDER: str = "Arms"
LEGS = DCMotorCfg(joint_names_expr=["elbow"], stiffness={".*": 40.0})
"""


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of cfgs that must not be imported, and an asset root with the robot."""
    folder = tmp_path / "site" / "zoo_assets"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from somewhere import lazy\nlazy()\n")
    (folder / "__init__.pyi").write_text("from .robots import ARM_CFG\n")
    (folder / "robots.py").write_text(MODULE)
    (folder / "parts.py").write_text(PARTS)
    (folder / "broken.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    assets = tmp_path / "assets" / "Isaac" / "IsaacLab" / "Arms"
    assets.mkdir(parents=True)
    stage(assets, ARM)
    monkeypatch.delenv("ISAACSIM_ASSET_ROOT", raising=False)
    return tmp_path / "assets"


def failure(reference: str) -> RobotFileError:
    with pytest.raises(RobotFileError) as caught:
        load_robot(reference)
    return caught.value


def test_what_a_cfg_says(zoo: Path) -> None:
    cfg = read_cfg("zoo_assets.robots:ARM_CFG")
    assert cfg.asset == "isaacsim://Isaac/IsaacLab/Arms/robot.usda"
    assert cfg.joint_pos == {"elbow": -pi / 2}
    assert (cfg.pos, cfg.rot) == ((0.0, 0.0, 0.6), (0.0, 0.0, 0.0, 1.0))
    assert cfg.actuators is not None
    arm, hand = cfg.actuators
    assert (arm.name, arm.type, arm.joint_names) == ("arm", "DCMotorCfg", ("elbow",))
    assert arm.values == {"stiffness": {".*": 40.0}}
    assert (hand.type, hand.values) == ("ImplicitActuatorCfg", {"stiffness": 20.0, "damping": None})
    assert cfg.complete
    assert "zoo_assets" not in sys.modules


def test_copies_and_changes(zoo: Path) -> None:
    stiff = read_cfg("zoo_assets.robots:STIFF_CFG")
    assert stiff.actuators is not None
    assert [actuator.values["stiffness"] for actuator in stiff.actuators] == [99.0, 99.0]
    for name in ("LONG_CFG", "LONGER_CFG", "COPIED_CFG"):
        cfg = read_cfg(f"zoo_assets.robots:{name}")
        assert cfg.variants == {"Reach": "long"}
        assert cfg.fix_root_link is True
    assert read_cfg("zoo_assets.robots:LONGER_CFG").actuators == ()
    original = read_cfg("zoo_assets.robots:ARM_CFG")
    assert original.variants == {}
    assert original.actuators is not None
    assert original.actuators[0].values == {"stiffness": {".*": 40.0}}


def test_the_robot_behind_a_cfg(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISAACSIM_ASSET_ROOT", str(zoo))
    assert load_robot("zoo_assets.robots:ARM_CFG").joint_names == ("elbow",)
    assert load_robot("zoo_assets:ARM_CFG").joint_names == ("elbow",)
    assert load_robot("zoo_assets.robots:LONG_CFG").joint_names == ("elbow", "slide")


def test_names_that_cannot_be_known(zoo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    error = failure("zoo_assets.robots:ARM_CFG")
    assert isinstance(error, RobotUnavailableError)
    assert "ISAACSIM_ASSET_ROOT is not set" in error.reason
    monkeypatch.setenv("ISAACSIM_ASSET_ROOT", str(tmp_path))
    error = failure("zoo_assets.robots:ARM_CFG")
    assert isinstance(error, RobotUnavailableError)
    assert "which ISAACSIM_ASSET_ROOT does not hold" in error.reason
    for name in ("ODD_CFG", "BUILT_CFG"):
        error = failure(f"zoo_assets.robots:{name}")
        assert isinstance(error, RobotUnavailableError)
        assert "cannot be told from its source" in error.reason


def test_changes_that_are_not_understood(zoo: Path) -> None:
    assert not read_cfg("zoo_assets.robots:EDITED_CFG").complete
    bare = read_cfg("zoo_assets.robots:BARE_CFG")
    assert (bare.joint_pos, bare.pos, bare.actuators) == ({".*": 0.0}, (0.0, 0.0, 0.0), ())


@pytest.mark.parametrize(
    ("reference", "reason", "hint"),
    [
        ("zoo_assets.robots:ARN_CFG", 'has no "ARN_CFG"', "zoo_assets.robots:ARM_CFG"),
        ("zoo_assets.robot:ARM_CFG", 'no Python module "zoo_assets.robot"', 'did you mean "zoo_assets.robots"?'),
        ("zoo_asets.robots:ARM_CFG", 'no Python package "zoo_asets"', 'did you mean "zoo_assets"?'),
        ("zoo_assets.robots:LEGS", "is of class DCMotorCfg", "the module has ARM_CFG"),
        ("zoo_assets.robots:NUMBER", "is of class int", "the module has ARM_CFG"),
        ("zoo_assets.broken:ARM_CFG", '"broken.py" is not valid Python (line 1)', None),
        ("zoo_assets.robots:BARE_CFG", 'no file "/abs/robot.usda"', None),
    ],
)
def test_mistakes(zoo: Path, reference: str, reason: str, hint: str | None) -> None:
    error = failure(reference)
    assert not isinstance(error, RobotUnavailableError)
    assert reason in error.reason
    assert hint is None or hint in (error.hint or "")


def test_isaac_labs_own(packaged: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    packaged("isaaclab_assets/robots/anymal.py")
    monkeypatch.delenv("ISAACSIM_ASSET_ROOT", raising=False)
    anymal = read_cfg("isaaclab_assets.robots.anymal:ANYMAL_C_CFG")
    assert anymal.asset == "isaacsim://Isaac/IsaacLab/Robots/ANYbotics/ANYmal-C/anymal_c.usd"
    assert anymal.joint_pos is not None
    assert anymal.joint_pos[".*F_HFE"] == 0.4
    assert anymal.actuators is not None
    assert anymal.actuators[0].joint_names == (".*HAA", ".*HFE", ".*KFE")
    assert (
        read_cfg("isaaclab_assets:CARTPOLE_CFG").asset
        == "isaacsim://Isaac/IsaacLab/Robots/Classic/Cartpole/cartpole.usd"
    )
    assert isinstance(failure("isaaclab_assets.robots.dr_legs:DR_LEGS_IMPLICIT_PD_CFG"), RobotUnavailableError)


def test_nothing_heavy_is_imported(packaged: Callable[[str], Path]) -> None:
    packaged("isaaclab_assets/robots/anymal.py")
    program = """
import sys
from stripe_dsl.robots.isaaclab_cfg import read_cfg
assert read_cfg("isaaclab_assets.robots.anymal:ANYMAL_C_CFG").asset
print([name for name in ("isaaclab_assets", "isaaclab", "torch", "pxr", "numpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.sim
@pytest.mark.slow
def test_every_cfg_of_isaac_lab_reads_as_python_reads_it(packaged: Callable[[str], Path], tmp_path: Path) -> None:
    """What the source says is compared with what importing the modules gives."""
    packaged("isaaclab_assets/robots/anymal.py")
    program = """
import importlib, json, pkgutil, sys
import isaaclab_assets.robots as robots
from isaaclab.assets import ArticulationCfg
from isaaclab.utils.assets import NEWTON_ASSET_DIR, NUCLEUS_ASSET_ROOT_DIR
found = {}
for info in pkgutil.iter_modules(robots.__path__):
    module = importlib.import_module(f"isaaclab_assets.robots.{info.name}")
    for name, cfg in vars(module).items():
        if isinstance(cfg, ArticulationCfg) and not name.startswith("_"):
            path = cfg.spawn.usd_path.replace(NUCLEUS_ASSET_ROOT_DIR + "/", "isaacsim://")
            path = path.replace(NEWTON_ASSET_DIR + "/", "newton-assets://")
            actuators = {key: [type(one).__name__, one.joint_names_expr] for key, one in cfg.actuators.items()
                         if hasattr(one, "joint_names_expr")}
            found[f"{module.__name__}:{name}"] = [path, cfg.init_state.joint_pos, list(cfg.init_state.pos), actuators]
json.dump(found, open(sys.argv[1], "w"))
"""
    report = tmp_path / "cfgs.json"
    subprocess.run([sys.executable, "-c", program, str(report)], check=True, capture_output=True, timeout=300)
    truth = json.loads(report.read_text())
    assert len(truth) > 40
    for reference, (path, joint_pos, pos, actuators) in truth.items():
        cfg = read_cfg(reference)
        assert (reference, cfg.asset) == (reference, path)
        assert (reference, cfg.joint_pos) == (reference, joint_pos)
        assert (reference, list(cfg.pos or ())) == (reference, pos)
        for actuator in cfg.actuators or ():
            if actuator.joint_names is not None and actuator.name in actuators:
                kind, names = actuators[actuator.name]
                assert (reference, actuator.type, list(actuator.joint_names)) == (
                    reference,
                    kind,
                    [names] if isinstance(names, str) else list(names),
                )
