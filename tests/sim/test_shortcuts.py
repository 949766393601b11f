"""What the torch environments leave out, put off or compile for speed changes no number.

One worker process steps each task several times with the same actions: as generated, with what is left out put back,
and compiled by ``torch.compile``.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from stripe_dsl.pipeline import check_file
from tests.forks import run

from .recorder import Run, record
from .replay import assert_replayed

pytestmark = [pytest.mark.sim, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
TASKS = {
    "cartpole": ROOT / "examples" / "cartpole.stripe",
    "turtle": ROOT / "tests" / "sim" / "tasks" / "turtle.stripe",
    "memory": ROOT / "tests" / "sim" / "tasks" / "memory.stripe",
}
STEPS, ENVS = 90, 12
DERIVED = (
    "root_link_pose_w",
    "root_com_pose_w",
    "root_link_vel_w",
    "root_com_vel_w",
    "root_lin_vel_b",
    "root_ang_vel_b",
    "root_com_lin_vel_b",
    "projected_gravity_b",
    "heading_w",
    "body_link_pose_w",
    "body_com_pose_w",
    "body_link_vel_w",
    "body_com_vel_w",
)
"""What Isaac Lab computes from the state when it is asked, and then keeps until it is marked as out of date."""

NEEDS_COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler of C++")

type Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Array]]:
    """Arrays by ``task/variant`` and name."""
    folder = tmp_path_factory.mktemp("shortcuts")
    compiled = ["--compile"] if shutil.which("g++") else []
    status = run(main, ["--out", folder, *compiled], log=folder / "log", timeout=580)
    assert status == 0, (folder / "log").read_text()[-6000:]
    return {f"{file.parent.name}/{file.stem}": dict(np.load(file)) for file in sorted(folder.glob("*/*.npz"))}


def same(ours: dict[str, Array], theirs: dict[str, Array], *names: str) -> None:
    for name in names:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


ANSWERS = ("policy", "reward", "terminated", "truncated")


def test_a_base_that_is_fixed_keeps_its_pose(runs: dict[str, dict[str, Array]]) -> None:
    """Resets do not write it, and writing it changes no bit: neither of the pose nor of what follows."""
    run = runs["cartpole/generated"]
    pose = run["root_link_pose_w"]
    assert np.ptp(run["origins"], axis=0).max() > 3, "the environments are apart"
    np.testing.assert_array_equal(pose, np.broadcast_to(run["placed"], pose.shape))
    assert not run["root_com_vel_w"].any()
    assert not run["root_link_vel_w"].any()
    assert (run["terminated"] | run["truncated"]).sum() > 2 * ENVS
    same(run, runs["cartpole/placed"], *ANSWERS, *DERIVED)


@pytest.mark.parametrize("task", ["cartpole", "turtle", "memory"])
def test_nothing_is_read_that_is_out_of_date(task: str, runs: dict[str, dict[str, Array]]) -> None:
    """What Isaac Lab has computed after a step with resets is what it computes when it has to do it anew."""
    run = runs[f"{task}/generated"]
    assert (run["terminated"] | run["truncated"]).sum() > 2 * ENVS
    for name in DERIVED:
        np.testing.assert_array_equal(run[name], run[f"{name} anew"], err_msg=name)
    # and with a robot that moves it differs from step to step
    assert (np.diff(run["body_link_pose_w"], axis=0) != 0).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("task", ["cartpole", "turtle", "memory"])
def test_a_log_that_is_kept_does_not_change(task: str, runs: dict[str, dict[str, Array]]) -> None:
    """Loggers keep the dictionary of each step, and read the values at the end of an iteration."""
    run = runs[f"{task}/generated"]
    np.testing.assert_array_equal(run["log at the end"], run["log"])
    ended = (run["terminated"] | run["truncated"]).any(axis=1)
    assert (np.diff(run["log"], axis=0) != 0).any(axis=1).sum() > 0.9 * ended.sum(), "it is another one each time"


@NEEDS_COMPILER
@pytest.mark.parametrize("task", ["cartpole", "turtle"])
def test_compiled_methods_answer_alike(task: str, runs: dict[str, dict[str, Array]]) -> None:
    ours, theirs = runs[f"{task}/compiled"], runs[f"{task}/generated"]
    same(ours, theirs, "terminated", "truncated", "root_link_pose_w", "body_link_pose_w")
    for name in ("policy", "reward", "log"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=2e-5, err_msg=name)
    # one for each method that is worth it: terminations of both tasks and the cartpole's observations are small
    assert ours["graphs"] == {"cartpole": 1, "turtle": 2}[task]
    assert theirs["graphs"] == 0


@NEEDS_COMPILER
def test_compiled_methods_remember(tmp_path: Path) -> None:
    """What ``prev`` refers to is kept over the steps, with observations that are made twice in a step."""
    (program,) = check_file(TASKS["memory"]).programs
    run = Run(steps=100, num_envs=16, overrides=["compile=true", "compute_final_obs=true"])
    recording = record(TASKS["memory"], tmp_path, {"compiled": run})["compiled"]
    assert_replayed(program, recording, absolute=1e-5, loose={})
    assert recording.fresh[1:].sum() > 2 * 16


# ---- in the worker ----------------------------------------------------------------------------------------------


def placing(env_class: Any) -> Any:
    """The environment, with resets that write the pose and velocity of the base."""

    class Placing(env_class):
        def _reset_idx(self, env_ids: Any) -> None:
            super()._reset_idx(env_ids)
            pose = self.robot.data.default_root_pose.torch[env_ids]
            pose[:, :3] += self.scene.env_origins[env_ids]
            velocity = self.robot.data.default_root_vel.torch[env_ids]
            self.robot.write_root_pose_to_sim_index(root_pose=pose, env_ids=env_ids)
            self.robot.write_root_velocity_to_sim_index(root_velocity=velocity, env_ids=env_ids)

    return Placing


def step_through(env: Any) -> dict[str, Array]:
    """Step with random actions, and write down everything after each step."""
    import torch

    rows: dict[str, list[Array]] = {}
    logs: list[dict[str, Any]] = []

    def keep(name: str, value: Any) -> None:
        rows.setdefault(name, []).append(np.array(value.torch if hasattr(value, "torch") else value))

    def note(observations: dict[str, Any]) -> None:
        data = env.robot.data
        keep("policy", observations["policy"])
        for name in DERIVED:
            keep(name, getattr(data, name))
        data._reset_pose(env_ids=env.robot._ALL_INDICES)
        data._reset_velocity(env_ids=env.robot._ALL_INDICES)
        for name in DERIVED:
            keep(f"{name} anew", getattr(data, name))

    torch.manual_seed(5)
    data = env.robot.data
    placed = data.default_root_pose.torch.clone()
    placed[:, :3] += env.scene.env_origins
    keep("root_link_pose_w", data.root_link_pose_w)
    keep("root_link_pose_w anew", data.root_link_pose_w)
    note(env.reset()[0])
    env.episode_length_buf[:] = torch.randint(0, int(env.max_episode_length), (ENVS,))
    generator = torch.Generator().manual_seed(7)
    for _ in range(STEPS):
        action = 2 * torch.rand(ENVS, env.cfg.action_space, generator=generator) - 1
        observations, reward, terminated, truncated, extras = env.step(action)
        note(observations)
        keep("reward", reward)
        keep("terminated", terminated)
        keep("truncated", truncated)
        logs.append(extras["log"])
        keep("log", [float(value) for value in extras["log"].values()])
    found = {name: np.stack(values) for name, values in rows.items()}
    found["log at the end"] = np.array([[float(value) for value in log.values()] for log in logs])
    return found | {"placed": np.array(placed), "origins": np.array(env.scene.env_origins)}


def main(argv: Sequence[str] | None = None) -> None:
    """Step every variant of every task."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args(argv)

    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import check_file, compile_file

    folder = Path(tempfile.mkdtemp())
    sys.path.insert(0, str(folder))
    import torch
    from isaaclab.app import launch_simulation
    from isaaclab_tasks.utils import resolve_task_config

    for task, source in TASKS.items():
        packages, _ = compile_file(source, folder, backends=("torch",))
        write(*packages)
        (program,) = check_file(source).programs
        importlib.import_module(program.package)
        generated = getattr(importlib.import_module(f"{program.package}.env"), f"{program.name}Env")
        variants = {"generated": generated}
        variants |= {"placed": placing(generated)} if task == "cartpole" else {}
        variants |= {"compiled": generated} if args.compile and task != "memory" else {}
        for variant, env_class in variants.items():
            overrides = ["env.episode_length_s=0.6", f"env.compile={variant == 'compiled'}"]
            cfg = resolve_task_config(f"Stripe-{program.name}", None, overrides=overrides)[0]
            cfg.scene.num_envs, cfg.sim.device, cfg.seed = ENVS, "cpu", 3
            torch._dynamo.utils.counters.clear()
            with launch_simulation(cfg, {"device": "cpu", "visualizer": ["none"]}):
                env = env_class(cfg=cfg)
                found = step_through(env)
                env.close()
            found["graphs"] = np.array(torch._dynamo.utils.counters["stats"]["unique_graphs"])
            (args.out / task).mkdir(exist_ok=True)
            np.savez(args.out / task / f"{variant}.npz", **found)
