"""Agents beyond a plain network, trained and played for a few iterations in the real Isaac Lab, on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from stripe_dsl.emit.output import write
from stripe_dsl.pipeline import compile_file
from stripe_dsl.runtime.play import PlayRequest, play
from stripe_dsl.runtime.train import TrainRequest, TrainResult, train

pytestmark = [pytest.mark.sim, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
RECURRENT = """
  observe critic { policy without noise; slider.acc }
  train ppo { steps 16; actor gru 24 16 elu normalize; critic lstm 24 lstm 24 16 elu normalize }
"""
CURIOUS = """
  observe critic { policy without noise; slider.acc }
  train ppo {
    steps 16; actor 32 elu normalize; sees { actor critic }
    symmetry { loss 0.5; augment }
    rnd { weight 20; fade 16..32; final 1; sees policy critic; predictor 16 8; target 8; outputs 3; normalize reward }
    distill { student lstm 16 16 elu; steps 30; epochs 4; gradient 5; rate 5e-3; loss huber }
  }
"""


def package(folder: Path, name: str, body: str) -> Path:
    """A cartpole with other agents."""
    source = folder / f"{name}.stripe"
    source.write_text(
        f'import "{ROOT}/examples/cartpole.stripe" as base\ntask {name} extends base.Cartpole {{{body}}}\n'
    )
    packages, diagnostics = compile_file(source, folder)
    assert [item for item in diagnostics if item.severity == "error"] == []
    assert write(*packages) == []
    return packages[0].folder


def run(folder: Path, **fields: Any) -> TrainResult:
    defaults = {"device": "cpu", "num_envs": 16, "iterations": 3, "log_root": folder / "logs"}
    result = train(TrainRequest(**(defaults | fields)))
    assert result.problems == ()
    assert result.status == "done"
    return result


def checkpoint(result: TrainResult) -> dict[str, Any]:
    assert result.checkpoint is not None
    return torch.load(result.checkpoint, weights_only=False)


def scalars(result: TrainResult) -> dict[str, list[float]]:
    """What TensorBoard shows, by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(result.run_dir))
    events.Reload()
    return {tag: [event.value for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainResult]:
    folder = tmp_path_factory.mktemp("recurrent")
    made = package(folder, "Recurrent", RECURRENT)
    return made, run(folder, package=made)


def test_recurrent_networks_are_as_asked_for(recurrent: tuple[Path, TrainResult]) -> None:
    saved = checkpoint(recurrent[1])
    actor, critic = saved["actor_state_dict"], saved["critic_state_dict"]
    assert actor["rnn.rnn.weight_hh_l0"].shape == (3 * 24, 24), "a GRU has three gates"
    assert "rnn.rnn.weight_hh_l1" not in actor
    assert critic["rnn.rnn.weight_hh_l1"].shape == (4 * 24, 24), "an LSTM has four, and there are two layers"
    assert actor["rnn.rnn.weight_ih_l0"].shape[1] == 4
    assert critic["rnn.rnn.weight_ih_l0"].shape[1] == 5


def test_observations_are_normalised(recurrent: tuple[Path, TrainResult]) -> None:
    """With what was seen in 16 environments and 3 iterations of 16 steps."""
    saved = checkpoint(recurrent[1])
    for network, width in (("actor", 4), ("critic", 5)):
        state = {
            key.rpartition(".")[2]: value for key, value in saved[f"{network}_state_dict"].items() if "norm" in key
        }
        assert int(state["count"]) == 16 * 16 * 3
        assert state["_mean"].shape[-1] == width
        assert not torch.allclose(state["_std"], torch.ones(1))


def test_a_recurrent_policy_is_played_and_exported(recurrent: tuple[Path, TrainResult], tmp_path: Path) -> None:
    import onnx

    made, trained = recurrent
    assert trained.run_dir is not None
    request = PlayRequest(package=made, device="cpu", num_envs=4, checkpoint=str(trained.run_dir), log_root=tmp_path)
    played = play(request)
    assert (played.status, played.problems) == ("done", ())
    assert played.episodes == 4
    policy, graph = played.exported
    memory = torch.jit.load(policy)
    first, second = memory(torch.ones(1, 4)), memory(torch.ones(1, 4))
    assert not torch.equal(first, second), "it remembers"
    memory.reset()
    torch.testing.assert_close(memory(torch.ones(1, 4)), first)
    inside = onnx.load(str(graph)).graph
    assert [item.name for item in inside.input] == ["obs", "h_in"]
    assert [item.name for item in inside.output] == ["actions", "h_out"]


@pytest.fixture(scope="module")
def curious(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, TrainResult]:
    folder = tmp_path_factory.mktemp("curious")
    made = package(folder, "Curious", CURIOUS)
    return folder, made, run(folder, package=made)


def test_curiosity_is_rewarded(curious: tuple[Path, Path, TrainResult]) -> None:
    saved = checkpoint(curious[2])
    rnd = saved["rnd_state_dict"]
    assert rnd["predictor.0.weight"].shape == (16, 4 + 5), "it sees both groups"
    assert rnd["target.0.weight"].shape == (8, 9)
    assert rnd["predictor.4.weight"].shape == (3, 8)
    shown = scalars(curious[2])
    assert all(value > 0 for value in shown["Loss/rnd"])
    # the weight is per second of 60 steps, and goes to 1 in the second iteration
    assert shown["Rnd/weight"] == pytest.approx([20 / 60, 1.0, 1.0], rel=0.1)


def test_the_mirror_image_is_learnt_from(curious: tuple[Path, Path, TrainResult]) -> None:
    losses = scalars(curious[2])["Loss/symmetry"]
    assert len(losses) == 3
    assert all(loss > 0 for loss in losses)


def test_a_student_learns_from_the_actor(curious: tuple[Path, Path, TrainResult]) -> None:
    folder, made, teacher = curious
    assert teacher.run_dir is not None
    student = run(folder, package=made, teacher=teacher.run_dir, iterations=12)
    saved = checkpoint(student)
    taught = checkpoint(teacher)["actor_state_dict"]
    assert taught["mlp.0.weight"].shape[1] == 5, "the teacher sees what the critic sees"
    torch.testing.assert_close(saved["teacher_state_dict"]["mlp.0.weight"], taught["mlp.0.weight"])
    assert saved["student_state_dict"]["rnn.rnn.weight_ih_l0"].shape == (4 * 16, 4)
    losses = scalars(student)["Loss/behavior"]
    assert len(losses) == 12
    # at first neither does much, then the student goes where the teacher would not
    assert losses[-1] < 0.5 * max(losses)
    played = play(
        PlayRequest(package=made, device="cpu", num_envs=4, student=True, log_root=folder / "logs", seconds=0.5)
    )
    assert (played.status, played.problems) == ("done", ())
    assert played.checkpoint == student.checkpoint
    assert [path.name for path in played.exported] == ["policy.pt", "policy.onnx"]


def test_a_package_without_a_student(recurrent: tuple[Path, TrainResult], tmp_path: Path) -> None:
    made, trained = recurrent
    result = train(TrainRequest(package=made, device="cpu", teacher=trained.run_dir, log_root=tmp_path))
    assert result.status == "invalid"
    assert "no student" in result.problems[0].message
