"""NaN and infinity in a running cartpole, in torch and in Warp: found late, told exactly, and never learnt from."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from isaaclab.utils import to_dict

from stripe_dsl.emit.output import write
from stripe_dsl.pipeline import compile_file
from stripe_dsl.runtime.finite import CheckedVecEnv, NonFiniteError
from stripe_dsl.runtime.play import PlayRequest
from stripe_dsl.runtime.progress import Display, Iteration
from stripe_dsl.runtime.runner import ReportingRunner
from stripe_dsl.runtime.session import Session, open_session
from tests.gpu import GPU
from tests.runtime.looks import Looks

pytestmark = [pytest.mark.sim, pytest.mark.slow]
CARTPOLE = Path(__file__).parents[2] / "examples" / "cartpole.stripe"
STEPS = 8
"""Steps between two looks."""
backends = pytest.mark.parametrize("backend", ["torch", "warp"])


@contextlib.contextmanager
def cartpole(out: Path, backend: str, *overrides: str, device: str = "cpu") -> Iterator[tuple[Session, CheckedVecEnv]]:
    packages, _ = compile_file(CARTPOLE, out)
    assert write(*packages) == []
    request = PlayRequest(packages[0].folder, device=device, num_envs=4, backend=backend, overrides=list(overrides))
    with (
        Display(io.StringIO()) as display,
        open_session(request, display) as session,
        contextlib.ExitStack() as stack,
    ):
        assert isinstance(session, Session), session
        yield session, stack.enter_context(session.environment(out))


@contextlib.contextmanager
def never_waiting() -> Iterator[None]:
    """Fails where torch waits for the GPU, or would, where the test is tried on a CPU."""
    if GPU == "cpu":
        with Looks() as looks:
            yield
        assert looks.found == []
        return
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@backends
def test_a_term_of_an_episode_that_ended_is_named(tmp_path: Path, backend: str) -> None:
    # so large a weight that a reward overflows where the cart is very fast; it is then off the track as well
    with cartpole(tmp_path, backend, "env.reward.cart_vel=-1e38") as (_, env):
        actions = torch.zeros(4, 1)
        env.check_every(STEPS)
        with Looks() as looks:
            for _ in range(3):
                env.step(actions)
        if backend == "warp":  # in torch, Isaac Lab itself looks which environments to reset
            assert looks.found == []
        robot = env.unwrapped.scene["robot"]
        robot.data.joint_vel.torch[1, robot.find_joints("slider_to_cart")[0][0]] = 1e6
        _, rewards, dones, extras = env.step(actions)
        kept = {"rewards": rewards, **extras["log"]}
        before = {name: value.clone() for name, value in kept.items()}
        assert dones.tolist() == [0, 1, 0, 0]
        assert rewards.isinf().tolist() == [False, True, False, False]
        for _ in range(STEPS - 5):
            env.step(actions)
        assert all(torch.equal(value, before[name]) for name, value in kept.items()), "what a step gave stays"
        with pytest.raises(NonFiniteError) as caught:
            env.step(actions)
        assert caught.value.problem.message == (
            "the reward term cart_vel became NaN or infinite at control step 4 (environment 1)"
        )
        env.check()  # looked at once, and no more


def test_actions_that_are_not_finite_are_the_policys(tmp_path: Path) -> None:
    with cartpole(tmp_path, "torch") as (_, env):
        env.step(torch.zeros(4, 1))
        with pytest.raises(NonFiniteError) as caught:
            env.step(torch.full((4, 1), float("nan")))
        message = caught.value.problem.message
        assert message == (
            "the actions of the policy became NaN or infinite at control step 2 (4 environments, the first is 0)"
        )
        assert "learning rate" in caught.value.problem.help[0]


@pytest.mark.gpu
def test_a_rollout_on_a_gpu_never_waits(tmp_path: Path) -> None:
    with cartpole(tmp_path, "warp", f"agent.num_steps_per_env={STEPS}", device=GPU) as (session, env):
        runner = ReportingRunner(env, to_dict(session.config.agent), str(tmp_path), GPU)
        runner.learn(2)  # what is recorded and allocated once is there now
        env.check_every(STEPS)
        observations = env.get_observations()
        with torch.inference_mode(), never_waiting():
            for _ in range(STEPS - 1):
                actions = runner.alg.act(observations)
                observations, rewards, dones, extras = env.step(actions)
                runner.alg.process_env_step(observations, rewards, dones, extras)
                runner.logger.process_env_step(rewards, dones, extras)


@backends
def test_nothing_is_learnt_from_nan(tmp_path: Path, backend: str) -> None:
    with cartpole(tmp_path, backend, f"agent.num_steps_per_env={STEPS}") as (session, env):
        robot = env.unwrapped.scene["robot"]
        pole = robot.find_joints("cart_to_pole")[0][0]
        learnt: list[dict[str, torch.Tensor]] = []

        def after(iteration: Iteration) -> None:
            learnt.append({name: value.clone() for name, value in runner.alg.actor.state_dict().items()})
            if iteration.index == 2:
                robot.data.joint_vel.torch[2:, pole] = float("nan")

        runner = ReportingRunner(env, to_dict(session.config.agent), str(tmp_path), "cpu", on_iteration=after)
        with pytest.raises(NonFiniteError) as caught:
            runner.learn(5)
        message = caught.value.problem.message
        assert "pole_vel" in message.partition(" and ")[0]
        assert "the observations slider_pos, pole_pos, slider_vel, pole_vel of the group policy" in message
        assert message.endswith(f"at control step {2 * STEPS + 1} (2 environments, the first is 2)")
        assert runner.completed == 2
        after_nan = runner.alg.actor.state_dict()
        assert all(torch.equal(learnt[-1][name], value) for name, value in after_nan.items())
        assert any(not torch.equal(learnt[0][name], value) for name, value in after_nan.items()), "it did learn before"
        assert all(torch.isfinite(torch.tensor(list(runner.logger.episodes.means().values()))))
