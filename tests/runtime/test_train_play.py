"""Training and playing the compiled cartpole in the real Isaac Lab, on the CPU."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from stripe_dsl.runtime.kernels import KNOWN
from stripe_dsl.runtime.play import PlayRequest, PlayResult, play
from stripe_dsl.runtime.train import TrainRequest, TrainResult, train
from tests.runtime.packages import cartpole

pytestmark = [pytest.mark.sim, pytest.mark.slow]
TERMS = {"alive", "failed", "pole_pos", "cart_vel", "pole_vel"}


def run_train(log_root: Path, **fields: object) -> TrainResult:
    defaults = {"package": cartpole(), "device": "cpu", "num_envs": 16, "iterations": 2, "log_root": log_root}
    return train(TrainRequest(**(defaults | fields)))  # type: ignore[arg-type]


def run_play(log_root: Path, **fields: object) -> PlayResult:
    defaults = {"package": cartpole(), "device": "cpu", "num_envs": 8, "log_root": log_root, "export": False}
    return play(PlayRequest(**(defaults | fields)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def trained(logs: Path) -> TrainResult:
    """A run of 256 steps: enough that the last hundred episodes, of half a second each, were whole."""
    overrides = ["env.episode_length_s=0.5", "env.reward.alive=2", "env.terminate.off_track_threshold=100"]
    result = run_train(logs, iterations=16, seed=3, overrides=overrides)
    assert result.problems == ()
    return result


def test_a_run_leaves_what_upstream_leaves(trained: TrainResult, logs: Path) -> None:
    assert trained.status == "done"
    assert trained.iterations == 16
    assert (trained.num_envs, trained.device) == (16, "cpu")
    run = trained.run_dir
    assert run is not None
    assert run.parent == logs / "rsl_rl" / "cartpole"
    assert trained.checkpoint == run / "model_15.pt"
    assert (run / "model_0.pt").is_file()
    assert trained.best_checkpoint == run / "best.pt"
    assert (run / "best.pt").is_file()
    assert list(run.glob("events.out.tfevents.*"))
    assert json.loads((run / "run.json").read_text())["task"] == trained.task_id
    assert "Learning iteration 15/16" in (run / "console.log").read_text()
    agent = yaml.unsafe_load((run / "params" / "agent.yaml").read_text())
    assert (agent["max_iterations"], agent["seed"], agent["device"]) == (16, 3, "cpu")
    env = yaml.unsafe_load((run / "params" / "env.yaml").read_text())
    assert env["reward"]["alive"] == 2.0
    assert env["scene"]["num_envs"] == 16
    assert env["seed"] == 3


def test_a_run_reports_its_terms(trained: TrainResult) -> None:
    assert set(trained.rewards) == TERMS
    assert set(trained.terminations) == {"off_track", "timeout"}
    assert trained.max_episode_length == 30
    # the track is too long to be left in half a second, so every episode ends by its timeout and none fails
    assert trained.mean_episode_length == 30
    assert trained.terminations["off_track"] == 0.0
    assert trained.solved
    assert trained.mean_reward is not None
    # with no failure a term of two per second gives two per second
    assert trained.rewards["alive"] == pytest.approx(2.0, rel=0.05)


def test_playing_counts_whole_episodes(trained: TrainResult, logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_play(logs, overrides=["env.episode_length_s=0.5"], episodes=10, export=True)
    assert result.problems == ()
    assert result.status == "done"
    assert result.checkpoint == trained.checkpoint
    assert result.episodes == 16  # ten rounded up to two in each of the eight environments
    assert result.mean_episode_length == 30
    assert set(result.rewards) == TERMS
    text = capsys.readouterr().out
    assert "over 16 episodes" in text
    assert "pole_pos" in text
    assert "Module " not in text  # Warp's chatter is in the log

    import onnx
    import torch

    assert trained.run_dir is not None
    assert result.exported == tuple(trained.run_dir / "exported" / name for name in ("policy.pt", "policy.onnx"))
    assert torch.jit.load(result.exported[0])(torch.zeros(1, 4)).shape == (1, 1)
    onnx.checker.check_model(str(result.exported[1]))


def test_a_video_shows_the_robot_on_its_ground(trained: TrainResult, logs: Path, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "films" / "pole.gif"
    result = run_play(logs, num_envs=None, overrides=["env.episode_length_s=0.5"], video=path)
    assert result.problems == ()
    assert (result.num_envs, result.video) == (1, path)
    with Image.open(path) as film:
        # a frame every second control step of 1/60 s
        assert (film.n_frames, film.size) == (15, (480, 320))  # type: ignore[attr-defined]
        first = np.asarray(film.convert("RGB"), np.int16)
        film.seek(14)
        last = np.asarray(film.convert("RGB"), np.int16)
    sky = (first == first[0, 0]).all(axis=-1)
    assert sky[:20, :100].all()
    # the lower half is the ground: two greys in a checkerboard
    assert not sky[-1].any()
    assert len(np.unique(first[-1].reshape(-1, 3), axis=0)) > 1
    # the pole moved, and it did so in the middle of the picture, since the camera follows it
    moved = np.argwhere(np.abs(first - last).max(axis=-1) > 60)
    assert len(moved) > 50
    assert 120 < np.median(moved[:, 1]) < 360


def test_a_video_has_a_format_that_is_known(tmp_path: Path) -> None:
    result = run_play(tmp_path, video=tmp_path / "pole.mp4")
    assert (result.status, result.problems[0].message) == ("invalid", "a video cannot be written as `pole.mp4`")


def test_what_one_back_end_learnt_the_other_plays(
    trained: TrainResult, logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained.backend == "warp", "the physics is Newton"
    result = run_play(logs, overrides=["env.episode_length_s=0.5", "env.reward.alive=2"], backend="torch")
    assert result.problems == ()
    assert (result.status, result.backend) == ("done", "torch")
    assert result.checkpoint == trained.checkpoint
    assert result.mean_episode_length == 30
    assert result.rewards["alive"] == pytest.approx(2.0, rel=0.05)
    assert "back end torch, as asked for" in capsys.readouterr().out


def test_choosing_a_checkpoint(trained: TrainResult, logs: Path) -> None:
    short = ["env.episode_length_s=0.5"]
    assert run_play(logs, checkpoint="best", overrides=short).checkpoint == trained.best_checkpoint
    assert run_play(logs, checkpoint=str(trained.run_dir), seconds=0.2).checkpoint == trained.checkpoint
    assert run_play(logs, checkpoint=str(trained.run_dir.parent), seconds=0.2).checkpoint == trained.checkpoint
    missing = run_play(logs, checkpoint="nowhere.pt")
    assert (missing.status, missing.problems[0].message) == ("invalid", "there is no checkpoint nowhere.pt")
    empty = run_play(logs / "empty")
    assert empty.status == "invalid"
    assert "has a checkpoint in" in empty.problems[0].message


def test_a_checkpoint_of_another_network_is_a_problem(trained: TrainResult, logs: Path) -> None:
    result = run_play(logs, overrides=["agent.actor.hidden_dims=[8]"])
    assert result.status == "invalid"
    assert "cannot be loaded" in result.problems[0].message


def test_resuming_goes_on_counting(trained: TrainResult, logs: Path) -> None:
    result = run_train(logs, resume=trained.run_dir)
    assert result.problems == ()
    assert result.checkpoint is not None
    assert result.checkpoint.name == "model_16.pt"


def test_a_term_that_is_not_finite_is_named(tmp_path: Path) -> None:
    result = run_train(tmp_path, overrides=["env.reward.pole_vel=1e999"])
    assert result.status == "failed"
    (problem,) = result.problems
    assert problem.message.startswith("the reward term pole_vel became NaN or infinite at control step 1 ")


def test_mistakes_are_answered_before_the_simulator(tmp_path: Path) -> None:
    def problems(**fields: object) -> list[str]:
        result = run_train(tmp_path, **fields)
        assert result.status == "invalid"
        assert not list(tmp_path.iterdir())  # no run was begun
        return [problem.message for problem in result.problems]

    assert problems(overrides=["env.rewad.alive=1", "agent.max_iteration=3"]) == [
        "env has no field 'rewad'",
        "agent has no field 'max_iteration'",
    ]
    assert problems(overrides=["env.reward.alive=abc"]) == ["env.reward.alive takes a number, not 'abc'"]
    assert problems(overrides=["env.scene.robot.actuators.slder.damping=1"]) == [
        "env.scene.robot.actuators has no field 'slder'"
    ]
    assert problems(physics="newton_mjwrap")[0].endswith("has no physics preset 'newton_mjwrap'")
    assert problems(task_id="Stripe-Cartpol") == ["there is no task Stripe-Cartpol"]
    assert problems(device="cuda:99") == ["there is no device 'cuda:99'"]
    assert problems(device="gpu") == ["there is no device 'gpu'"]
    assert problems(package=tmp_path / "nowhere")[0].endswith("is not a generated package")
    assert problems(num_envs=0) == ["the number of environments must be at least 1, not 0"]


INTERRUPT = """
from pathlib import Path
from stripe_dsl.runtime.train import TrainRequest, train
result = train(TrainRequest(Path({package!r}), device="cpu", num_envs=16, iterations=100000, log_root=Path("logs")))
print("result", result.status, result.checkpoint.name, result.iterations, result.problems)
"""


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """What a run that was interrupted printed, and its folder; a process of its own."""
    folder = tmp_path_factory.mktemp("interrupted")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    code = INTERRUPT.format(package=str(cartpole().resolve()))
    command = [sys.executable, "-u", "-c", code]
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("  1/100000"):
                time.sleep(1.0)
                process.send_signal(signal.SIGINT)
                break
        lines += process.stdout.readlines()
    assert process.returncode == 0, lines
    return lines, next((folder / "logs" / "rsl_rl" / "cartpole").iterdir())


def test_ctrl_c_saves_a_checkpoint(interrupted: tuple[list[str], Path]) -> None:
    lines, run = interrupted
    result = lines[-1].split()
    assert result[:2] == ["result", "interrupted"]
    assert result[2] == f"model_{int(result[3]) - 1}.pt"
    assert result[4] == "()"
    assert (run / result[2]).is_file()


def test_known_kernels_are_those_of_the_run(interrupted: tuple[list[str], Path]) -> None:
    """A module that is loaded twice was compiled for nothing the first time."""
    loads = re.findall(r"^Module (\S+) ", (interrupted[1] / "console.log").read_text(), re.MULTILINE)
    assert [loads.count(name) for name in KNOWN] == [1] * len(KNOWN)
