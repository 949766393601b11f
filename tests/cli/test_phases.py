"""What ``stripec compile`` says of tasks whose control step in Warp cannot be one graph."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Stripec
from tests.cli.conftest import TASK as SWING

SAND = ROOT / "tests/sim/tasks/sand.stripe"

CONFIGURATION = """
import isaaclab.sim as sim_utils
from isaaclab.actuators import DCMotorCfg, ImplicitActuatorCfg
from isaaclab.assets import ArticulationCfg

ROBOT_CFG = ArticulationCfg(
    spawn=sim_utils.UsdFileCfg(usd_path="{usd}"),
    init_state=ArticulationCfg.InitialStateCfg(joint_pos={{".*_leg": 0.0, ".*_foot": 0.6}}),
    actuators={{"all": {actuator}(joint_names_expr=[".*"], stiffness=10.0, damping=0.5)}},
)
"""
TASK = """
robot ant { cfg "configurations:ROBOT_CFG"; joints legs = ".*_leg" }
task Stand {
  robot ant
  sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 }
  action push = effort(legs) scale 10 N*m
  observe policy { legs.pos }
  reward per second { alive = 1.0 * not failed }
  terminate { fallen = base.pos.z < 0.3 m; timeout }
}
"""


@pytest.mark.parametrize("actuator", ["DCMotorCfg", "ImplicitActuatorCfg"])
def test_explicit_actuators_are_told(stripec: Stripec, tmp_path: Path, actuator: str) -> None:
    spec = find_spec("newton")
    assert spec is not None
    assert spec.origin is not None
    usd = Path(spec.origin).parent / "examples/assets/ant.usda"
    (tmp_path / "configurations.py").write_text(CONFIGURATION.format(usd=usd, actuator=actuator))
    (tmp_path / "stand.stripe").write_text(TASK)
    path = {"PYTHONPATH": str(tmp_path)}
    done = stripec("compile", "stand.stripe", "-o", "both", env=path)
    assert done.returncode == 0, done.stderr
    assert ("W0010" in done.stderr) == (actuator == "DCMotorCfg")
    # either way the environment decides for itself when it is built
    text = (tmp_path / "both/stand/env_warp.py").read_text()
    assert "self._records = implicit" in text
    alone = stripec("compile", "stand.stripe", "-o", "torch", "--backend", "torch", env=path)
    assert alone.returncode == 0
    assert "W0010" not in alone.stderr


def test_networks_behind_the_graph_and_grains_are_told(stripec: Stripec, tmp_path: Path) -> None:
    network = 'encoder "package://newton/examples/assets/anymal_walking_policy.pt" size 4'
    seeing = SWING.replace("  observe", "  sensor eye = camera(rod) size (6, 4)\n  observe")
    seeing = seeing.replace("hinge.vel }", f"look = eye.rgb {network} }}\n  observe critic {{ policy; hinge.vel }}")
    (tmp_path / "seeing.stripe").write_text(seeing)
    done = stripec("compile", "seeing.stripe")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("W0010]") == 1, "once for both groups"
    assert "the network of `look` is torch, which no graph holds: it runs behind the recorded Warp step" in done.stderr
    done = stripec("compile", SAND, "-o", "sand")
    assert done.returncode == 0, done.stderr
    assert (
        "on a CPU no step is recorded: in each the solver of `sand` reads on the host where the grains are"
        in done.stderr
    )
    assert "W0010" not in stripec("compile", SAND, "-o", "torch", "--backend", "torch").stderr
