"""Measuring Newton's buffers in the real Isaac Lab, on the CPU, and the warning of a training in which one was full."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from stripe_dsl.runtime.buffers import with_margin
from stripe_dsl.runtime.play import PlayRequest, play
from stripe_dsl.runtime.train import TrainRequest, TrainResult, train
from stripe_dsl.runtime.tune import Buffer, TuneRequest, TuneResult, print_tuning, tune
from tests.gpu import GPU
from tests.runtime.packages import cartpole

GENERATED = Path(__file__).parents[2] / "generated"
ANT = GENERATED / "ant"
SOLVER = "env.sim.physics.solver_cfg"
simulated = [pytest.mark.sim, pytest.mark.slow]


def sizes(constraints: int, contacts: int) -> list[str]:
    return [f"{SOLVER}.njmax={constraints}", f"{SOLVER}.nconmax={contacts}"]


@pytest.fixture(scope="module")
def tuned() -> TuneResult:
    """The ant with buffers that are far too small, driven through each pattern for almost a second."""
    request = TuneRequest(ANT, device="cpu", num_envs=28, steps=350, seed=1, overrides=sizes(4, 2))
    result = tune(request)
    assert result.problems == ()
    return result


def train_ant(log_root: Path, *overrides: str) -> TrainResult:
    fields = {"num_envs": 16, "iterations": 2, "seed": 1, "log_root": log_root, "overrides": list(overrides)}
    return train(TrainRequest(ANT, device="cpu", **fields))  # type: ignore[arg-type]


def warnings_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if "warning" in line]


class TestAnt:
    pytestmark = simulated

    def test_all_solver_steps_are_counted(self, tuned: TuneResult) -> None:
        assert (tuned.status, tuned.device, tuned.num_envs, tuned.steps) == ("done", "cpu", 28, 350)
        assert tuned.counts is not None
        # two physics steps in a control step
        assert tuned.counts.solver_steps + tuned.counts.left_out == 2 * 350 * 28

    def test_small_buffers_are_told(self, tuned: TuneResult) -> None:
        assert tuned.rows is not None
        assert tuned.contacts is not None
        assert (tuned.rows.present, tuned.contacts.present) == (4, 2)
        # the ant lands on its feet, each of which has a contact, and each contact that touches has four rows
        assert tuned.rows.most >= 8
        assert tuned.contacts.most >= 4
        assert (tuned.rows.verdict, tuned.contacts.verdict) == ("too small", "too small")

    def test_the_proposal_has_a_margin(self, tuned: TuneResult) -> None:
        for buffer in (tuned.rows, tuned.contacts):
            assert buffer is not None
            assert buffer.usual <= buffer.most < buffer.proposed
            assert replace(buffer, present=buffer.proposed).verdict == "fits"

    def test_the_iterations_are_those_of_the_solver(self, tuned: TuneResult) -> None:
        assert tuned.counts is not None
        assert (tuned.iterations, tuned.ls_iterations) == (100, 50)
        assert 1 < tuned.counts.iterations.most < 100
        assert tuned.counts.unsolved == 0

    def test_a_training_with_the_proposal_does_not_overflow(
        self, tuned: TuneResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert tuned.rows is not None
        assert tuned.contacts is not None
        result = train_ant(tmp_path, *sizes(tuned.rows.proposed, tuned.contacts.proposed))
        assert (result.status, result.problems) == ("done", ())
        assert warnings_in(capsys.readouterr().out) == []
        assert result.run_dir is not None
        log = (result.run_dir / "console.log").read_text()  # what the solver itself says
        assert "overflow" not in log
        assert "exceeded MJWarp limit" not in log

    def test_a_training_with_small_buffers_warns_once(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        # 16 environments stand on 34 contacts when they begin
        result = train_ant(tmp_path, *sizes(4, 1))
        assert result.status == "done"
        (line,) = warnings_in(capsys.readouterr().out)
        assert "constraint rows in one environment, with room for 4" in line
        assert "contacts in 16 environments, with room for 16" in line
        assert "`stripec tune " in line
        words = line.replace(";", " ").replace("`", " ").split()
        assert int(words[words.index("constraints") + 1]) >= 10
        request = PlayRequest(ANT, device="cpu", num_envs=4, seconds=0.5, log_root=tmp_path, export=False)
        assert play(request).status == "done"
        assert warnings_in(capsys.readouterr().out) == []
        asked = replace(request, tune_command="stripec tune ant.stripe", overrides=sizes(100, 1))
        assert play(asked).status == "done"
        (line,) = warnings_in(capsys.readouterr().out)
        assert "`stripec tune ant.stripe`" in line
        assert "contacts in 4 environments, with room for 4" in line
        assert "constraint" not in line


@pytest.mark.sim
@pytest.mark.slow
def test_a_robot_that_touches_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """In Warp, whose steps are recorded after the first: what is launched between the solver's steps is, too."""
    result = tune(TuneRequest(GENERATED / "cartpole", device="cpu", backend="warp", num_envs=7, steps=14, seed=1))
    assert (result.status, result.problems) == ("done", ())
    assert result.counts is not None
    assert result.contacts is not None
    assert result.counts.solver_steps == 2 * 14 * 7
    assert (result.contacts.most, result.contacts.proposed, result.contacts.verdict) == (0, 1, "too large")
    text = capsys.readouterr().out
    assert "write in the task  sim { … constraints " in text
    assert "contacts 1 }" in text


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_graphs_of_a_gpu_count_every_step(backend: str) -> None:
    result = tune(TuneRequest(ANT, device=GPU, backend=backend, num_envs=140, steps=70, seed=1))
    assert (result.status, result.problems) == ("done", ())
    assert result.counts is not None
    assert result.counts.solver_steps + result.counts.left_out == 2 * 70 * 140
    assert result.counts.rows.most >= 8
    assert result.counts.iterations.most > 1


@pytest.mark.sim
def test_wild_environments_do_not_count() -> None:
    """The kernels themselves: NaN is wild, and the ground's world -1 is no environment."""
    import warp as wp

    from stripe_dsl.runtime.buffers import WILD
    from stripe_dsl.runtime.counters import LEFT_OUT, ROWS, add_to_histogram, mark_wild

    with wp.ScopedDevice("cpu"):
        body_qd = wp.array(np.diag([1.0, WILD + 1, np.nan, WILD + 1])[:, [0, 1, 2, 3, 0, 0]], dtype=wp.spatial_vector)
        wild = wp.zeros(4, dtype=wp.int32)
        wp.launch(mark_wild, 4, [body_qd, wp.array([0, 1, 2, -1], dtype=wp.int32), WILD], [wild])
        assert wild.numpy().tolist() == [0, 1, 1, 0]  # the last body turns quickly, and stands in no environment
        histograms = wp.zeros((3, 8), dtype=wp.int64)
        peaks = wp.zeros(5, dtype=wp.int32)
        values = wp.array([3, 5, 6, 100], dtype=wp.int32)
        wp.launch(add_to_histogram, 4, [values, wild, ROWS], [histograms, peaks])
        assert histograms.numpy()[ROWS].tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
        assert (peaks.numpy()[ROWS], peaks.numpy()[LEFT_OUT]) == (100, 2)


@pytest.mark.sim
def test_every_environment_does_every_pattern() -> None:
    import torch
    from gymnasium.spaces import Box

    from stripe_dsl.runtime.drive import Driver

    class Env:
        num_envs, num_actions, device = 14, 12, "cpu"
        single_action_space = Box(-np.inf, np.inf, (12,))

        @property
        def unwrapped(self) -> Env:
            return self

    driver = Driver(Env(), steps=140, seed=1)
    actions = torch.stack([driver.actions() for _ in range(140)])
    assert actions.abs().amax(dim=(0, 2)).tolist() == [1.0] * 7 + [3.0] * 7
    segments = actions.reshape(7, 20, 14, 12)[:, :, :7]
    for pattern in (-1.0, 1.0, 0.0):
        still = (segments == pattern).all(dim=3).all(dim=1)  # by segment and environment
        assert still.sum(dim=0).tolist() == [1] * 7
        assert still.sum(dim=1).tolist() == [1] * 7
    bounded = Env()
    bounded.single_action_space = Box(-2.0, 4.0, (12,))
    driver = Driver(bounded, steps=140, seed=1)
    actions = torch.stack([driver.actions() for _ in range(140)])
    assert (actions.min(), actions.max()) == (-2.0, 4.0)


@pytest.mark.parametrize(
    ("present", "verdict"), [(None, "fits"), (11, "too small"), (12, "fits"), (30, "fits"), (31, "too large")]
)
def test_verdicts(present: int | None, verdict: str) -> None:
    assert Buffer(present, most=10, usual=9, needed=12, proposed=15).verdict == verdict


@pytest.mark.sim  # the counts are of a module that imports Warp; nothing is simulated
@pytest.mark.parametrize("unsolved", [0, 3])
def test_the_proposal_is_what_to_write(unsolved: int) -> None:
    """The keys of the language for both buffers, and an override for the iterations: with a quarter on top of what the
    solver took, or twice the limit where that was reached."""
    from stripe_dsl.runtime.tally import Counts, Spread

    counts = Counts(Spread(30, 22), Spread(9, 7), Spread(16, 11), 70, 1000, 0, unsolved, unsearched=2)
    rows, contacts = Buffer(60, 30, 22, 30, 38), Buffer(4, 9, 7, 9, 12)
    names = {"task_id": "Stripe-Ant", "device": "cpu", "num_envs": 14, "steps": 50, "seconds": 1.0}
    result = TuneResult("done", **names, counts=counts, rows=rows, contacts=contacts, iterations=100, ls_iterations=50)
    console = Console(file=io.StringIO(), width=200)
    print_tuning(console, result)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    found = {line.split("  ")[0].strip(): line.split() for line in text.splitlines()}
    assert found["constraint rows"][2:] == ["30", "22", "60", "38", "fits"]
    assert found["contacts"][1:] == ["9", "7", "4", "12", "too", "small"]
    assert text.rstrip().endswith("write in the task  sim { … constraints 38; contacts 12 }")
    limit = 200 if unsolved else with_margin(16)
    assert found["solver iterations"][2:6] == ["16", "11", "100", str(limit)]
    assert f"{SOLVER}.iterations={limit}" in text
    assert ("did not converge in 3 environments" in text) == bool(unsolved)
    assert f"{SOLVER}.ls_iterations=100" in text


def test_mistakes_are_answered_before_the_simulator(tmp_path: Path) -> None:
    def problems(**fields: object) -> list[str]:
        result = tune(TuneRequest(**({"package": cartpole()} | fields)))  # type: ignore[arg-type]
        assert (result.status, result.counts) == ("invalid", None)
        return [problem.message for problem in result.problems]

    assert problems(package=tmp_path)[0].endswith("is not a generated package")
    assert problems(steps=0) == ["the number of steps must be at least 1, not 0"]
    assert problems(num_envs=0) == ["the number of environments must be at least 1, not 0"]
    assert problems(overrides=["env.rewad.alive=1"]) == ["env has no field 'rewad'"]


@pytest.mark.sim
@pytest.mark.slow
def test_an_engine_without_these_buffers() -> None:
    result = tune(TuneRequest(cartpole(), device="cpu", physics="ovphysx"))
    assert result.status == "invalid"
    assert result.problems[0].message == "OvPhysxCfg has no buffers to tune"
