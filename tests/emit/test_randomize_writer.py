"""The text of randomisation: what is written, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stripe_dsl.pipeline import compile_file

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "tests" / "sim" / "tasks"

TWO = """
robot cart {
  usd "package://newton/examples/assets/cartpole_single_pendulum.usda" prim "/cartpole"
  joint slider = "slider_to_cart"
  actuator slider { implicit; damping 10 N*s/m; effort 400 N }
  bodies both = ["cart", "pole"]
}
robot ant {
  usd "package://newton/examples/assets/ant.usda"
  pose { "(front_left|right_back)_foot" 1 rad; "(front_right|left_back)_foot" -1 rad }
  bodies feet = ["front_left_foot", "right_back_foot"]
  joints legs = ".*_leg"
  actuator joints { implicit; damping 0.1 N*m*s/rad; effort 15 N*m }
}
task Two {
  robot cart
  robot ant
  sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 spaced 4 m }
  action push = effort(cart.slider) scale 100 N
  observe policy { cart.slider.pos; ant.joints.pos }
  reward per second { alive = 1.0 * not failed }
  terminate { timeout }
  randomize {
    at startup { ant.feet.friction = 0.5..1; ant.base.mass += -1..3 kg; cart.slider.damping *= log_uniform(0.5..2) }
    at reset {
      ant.feet.friction *= 0.5..1; ant.legs.damping *= 0.5..2
      gravity += +-0.1 m/s^2; ant.feet.torque.xz = +-1 N*m
    }
    every 1..2 s { ant.base.lin_vel.xy += +-1 m/s; cart.slider.vel += +-1 m/s }
  }
}
"""


@pytest.mark.parametrize("source", ["puck", "sled", "shoved", "lessons", "climbing", "two"])
def test_it_is_formatted_and_compiles(source: str, tmp_path: Path) -> None:
    path = TASKS / f"{source}.stripe"
    if source == "two":
        path = tmp_path / "two.stripe"
        path.write_text(TWO, encoding="utf-8")
    packages, problems = compile_file(path, tmp_path)
    assert not [item for item in problems if item.severity == "error"]
    (package,) = packages
    assert ("startup.py" in package.files) == (source in ("puck", "sled", "two"))
    for name, text in package.files.items():
        file = tmp_path / "written" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if name.endswith(".py"):
            compile(text, name, "exec")
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["format", "--check"], ["check"]):
        config = ["--config", str(ROOT / "pyproject.toml")]
        done = subprocess.run(
            [ruff, *command, *config, tmp_path / "written"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_what_a_recorded_step_cannot_change_is_refused(tmp_path: Path) -> None:
    packages, problems = compile_file(TASKS / "shifting.stripe", tmp_path, backends=("torch", "warp"))
    assert not packages
    assert [item.code for item in problems] == ["E0515"] * 4
    asked, problems = compile_file(TASKS / "shifting.stripe", tmp_path, backends=("torch",))
    assert not problems
    assert "env_warp.py" not in asked[0].files
    # where nobody asks, the task has what it can have
    packages, (problem,) = compile_file(TASKS / "shifting.stripe", tmp_path)
    assert (problem.code, len(problem.notes)) == ("W0011", 3)
    assert packages[0].files == asked[0].files


def test_a_task_without_it_has_nothing_of_it(tmp_path: Path) -> None:
    (package,), _ = compile_file(ROOT / "examples" / "ant.stripe", tmp_path)
    assert "startup.py" not in package.files
    for name in ("env.py", "env_warp.py"):
        assert "draw" not in package.files[name].replace("draw the state", "").replace("drawn", "")
