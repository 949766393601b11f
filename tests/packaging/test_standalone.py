"""Generated packages install, register and step where ``stripe_dsl`` cannot be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stripe_dsl.emit.output import write
from stripe_dsl.pipeline import compile_file

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "generated" / name for name in ("cartpole", "showcase")]
"""The smallest package, and one with sensors, commands and pushes. What others import is read in test_generated.py."""
SCENE = ROOT / "tests" / "sim" / "tasks" / "loose.stripe"

BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "stripe_dsl":
            raise ImportError("stripe_dsl is blocked")

sys.meta_path.insert(0, Blocked())
try:
    import stripe_dsl
except ImportError:
    pass
else:
    raise SystemExit("the block does not work")
"""

STEP = """
from importlib import import_module

import warp as wp

wp.config.enable_backward = False  # as Isaac Lab's own commands have it

import gymnasium as gym
import torch
from isaaclab.app import launch_simulation
from isaaclab_tasks.utils import resolve_task_config

for package in sys.argv[1:]:
    import_module(package)
    task = "Stripe-" + package.title()
    cfg, agent = resolve_task_config(task, "rsl_rl_cfg_entry_point", overrides=[])
    cfg.scene.num_envs, cfg.sim.device, cfg.seed = 3, "cpu", 1
    with launch_simulation(cfg, {"device": "cpu", "visualizer": ["none"]}):
        env = gym.make(task, cfg=cfg)
        observations, _ = env.reset()
        for _ in range(5):
            observations, reward, terminated, truncated, _ = env.step(torch.zeros(3, cfg.action_space))
            assert observations["policy"].shape == (3, cfg.observation_space)
            assert torch.isfinite(observations["policy"]).all() and torch.isfinite(reward).all()
            assert reward.shape == terminated.shape == truncated.shape == (3,)
        spread = float(observations["policy"].std(dim=0).max())
        print("steps", package, int(env.unwrapped.common_step_counter), spread, flush=True)
        env.close()
assert not [name for name in sys.modules if name.partition(".")[0] == "stripe_dsl"]
"""

REGISTERED = """
from importlib.metadata import entry_points

found = {point.name: point for point in entry_points(group="isaaclab.tasks") if point.value == sys.argv[1]}
found[sys.argv[1]].load()
import gymnasium as gym

spec = gym.spec(sys.argv[2])
print(spec.kwargs["env_cfg_entry_point"])
"""


def run(code: str, *args: str | Path, cwd: Path, path: Path | None = None, timeout: int = 300) -> str:
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    if path is not None:
        env["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, "-c", BLOCK + code, *map(str, args)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_an_installed_package_registers_its_task(package: Path, tmp_path: Path) -> None:
    """``pip install ./generated/cartpole`` is enough for ``isaaclab train --task``, which reads the entry points."""
    copy = tmp_path / "source" / package.name
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = copy / path.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    target = tmp_path / "target"
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", target, copy]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if "No module named uv" in done.stderr:
        command = ["uv", *command[3:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (target / package.name).iterdir()} >= {"__init__.py", "env.py", "agents", "assets"}
    for asset in package.glob("assets/*.usda"):
        assert (target / package.name / "assets" / asset.name).read_bytes() == asset.read_bytes()
    task = "Stripe-" + package.name.title()
    out = run(REGISTERED, package.name, task, cwd=tmp_path, path=target)
    assert out.split()[-1].startswith(f"{package.name}.env_cfg:")


@pytest.mark.sim
@pytest.mark.slow
def test_packages_step_where_the_compiler_cannot_be_imported(tmp_path: Path) -> None:
    """Those of the examples, and a copy of one with a scene: its stage, its heights and what can be pushed."""
    packages, _ = compile_file(SCENE, tmp_path / "compiled")
    write(*packages)
    (tmp_path / "compiled").rename(tmp_path / "copied")
    folders = [str(ROOT / "generated"), str(tmp_path / "copied")]
    names = ["cartpole", "showcase", "loose"]
    out = run(STEP, *names, cwd=tmp_path, path=Path(os.pathsep.join(folders)))
    rows = [line.split() for line in out.splitlines() if line.startswith("steps ")]
    assert [(row[1], int(row[2])) for row in rows] == [(name, 5) for name in names]
    assert all(float(row[3]) > 0 for row in rows[:2]), "the environments began in different states"
