"""The log of episodes, gathered on the device: the same numbers as rsl_rl's own, without a look in every step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from rsl_rl.modules.distribution import GaussianDistribution
from rsl_rl.utils.logger import Logger

from stripe_dsl.runtime.episodes import EpisodeLog, ReportingLogger
from stripe_dsl.runtime.runner import QueuedGaussian
from tests.runtime.looks import Looks

pytestmark = pytest.mark.sim  # rsl_rl and Isaac Lab are imported; nothing is simulated

ENVS, STEPS = 7, 12
CFG: dict[str, Any] = {"algorithm": {}, "num_steps_per_env": STEPS}
ARGUMENTS: dict[str, Any] = {
    "log_dir": None,
    "cfg": CFG,
    "env_cfg": {},
    "num_envs": ENVS,
    "is_distributed": False,
    "gpu_world_size": 1,
    "gpu_global_rank": 0,
    "device": "cpu",
}


class Scalars:
    """A writer that keeps what is logged."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def add_scalar(self, key: str, value: Any, step: int) -> None:
        self.values.setdefault(key, []).append(float(value))


def steps(seed: int, count: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, dict[str, Any]]]:
    """Rewards, dones and extras of random steps. The log is a new one where an episode ends, else that of before."""
    generator = torch.Generator().manual_seed(seed)
    log: dict[str, torch.Tensor] = {}
    for _ in range(count):
        rewards = torch.randn(ENVS, generator=generator)
        dones = (torch.rand(ENVS, generator=generator) < 0.15).long()
        if dones.any():
            log = {"Episode_Reward/a": torch.rand((), generator=generator), "Episode_Termination/b": torch.tensor(1.0)}
        yield rewards, dones, {"log": log} if log else {}


def log_iteration(logger: Logger, index: int) -> None:
    logger.log(
        it=index,
        start_it=0,
        total_it=99,
        collect_time=1.0,
        learn_time=1.0,
        loss_dict={},
        learning_rate=1e-3,
        action_std=torch.ones(1),
        rnd_weight=None,
    )


@pytest.mark.parametrize("seed", range(5))
def test_returns_and_lengths_are_those_of_rsl_rl(seed: int) -> None:
    ours, theirs = ReportingLogger(**ARGUMENTS), Logger(**ARGUMENTS)
    scalars = Scalars()
    ours.writer = theirs.writer = scalars  # type: ignore[assignment]
    for iteration in range(12):  # more than a hundred episodes, so that the oldest fall out
        for rewards, dones, extras in steps(100 * seed + iteration, STEPS):
            ours.process_env_step(rewards, dones, extras)
            theirs.process_env_step(rewards, dones, extras)
        log_iteration(ours, iteration)
        assert list(ours.lenbuffer) == list(theirs.lenbuffer)
        assert list(ours.rewbuffer) == pytest.approx(list(theirs.rewbuffer), abs=1e-5)
    assert len(ours.lenbuffer) == 100
    assert scalars.values["Train/mean_episode_length"][-1] == pytest.approx(sum(theirs.lenbuffer) / 100)


def test_the_log_of_an_iteration_is_the_mean_over_its_episodes() -> None:
    logger, scalars = ReportingLogger(**ARGUMENTS), Scalars()
    logger.writer = scalars  # type: ignore[assignment]
    total = episodes = 0.0
    for rewards, dones, extras in steps(3, STEPS):
        logger.process_env_step(rewards, dones, extras)
        ended = int(dones.sum())
        total += ended * float(extras.get("log", {}).get("Episode_Reward/a", 0.0))
        episodes += ended
    log_iteration(logger, 0)
    assert scalars.values["Episode_Reward/a"] == pytest.approx([total / episodes])
    assert logger.episodes.means()["Episode_Reward/a"] == pytest.approx(total / episodes)
    # an iteration in which no episode ends logs none, whatever an earlier step left
    _, _, extras = next(step for step in steps(3, STEPS) if step[2])
    for _ in range(STEPS):
        logger.process_env_step(torch.zeros(ENVS), torch.zeros(ENVS, dtype=torch.long), extras)
    log_iteration(logger, 1)
    assert len(scalars.values["Episode_Reward/a"]) == 1
    assert logger.episodes.means()["Episode_Reward/a"] == pytest.approx(total / episodes)


def test_no_step_waits_for_the_device() -> None:
    logger = ReportingLogger(**ARGUMENTS)
    logger.writer = Scalars()  # type: ignore[assignment]
    prepared = list(steps(1, STEPS))
    with Looks() as looks:
        for rewards, dones, extras in prepared:
            logger.process_env_step(rewards, dones, extras)
    assert looks.found == []
    with Looks() as looks:
        log_iteration(logger, 0)
    assert looks.found, "the iteration is where it looks"
    # the watch itself works: rsl_rl's own logger waits in each step
    theirs = Logger(**ARGUMENTS)
    theirs.writer = Scalars()  # type: ignore[assignment]
    with Looks() as looks:
        for rewards, dones, extras in prepared:
            theirs.process_env_step(rewards, dones, extras)
    assert len(looks.found) >= STEPS


def test_the_means_forget_what_lies_behind_the_window() -> None:
    log = EpisodeLog(window=10)
    one = torch.ones(5, dtype=torch.bool)
    for value in (1.0, 2.0, 3.0, 4.0):  # five episodes each: the last ten are those of 3 and 4
        log.add({"x": torch.tensor(value)}, one)
        log.end_iteration()
    assert log.means() == {"x": 3.5}
    log.add({"x": torch.tensor(100.0)}, torch.zeros(5, dtype=torch.bool))
    log.add({"x": torch.tensor(float("nan"))}, torch.zeros(5, dtype=torch.bool))
    assert log.means() == {"x": 3.5}, "where no episode ended there is nothing to count"
    log.add({"x": torch.tensor(7.0)}, one)
    assert log.present_means() == {"x": 7.0}
    log.add({"x": torch.tensor(8.0)}, one)
    log.forget()
    assert log.present_means() == {"x": 7.0}


@pytest.mark.parametrize("std_type", ["scalar", "log"])
def test_samples_are_those_of_rsl_rl(std_type: str) -> None:
    ours, theirs = (kind(3, init_std=0.7, std_type=std_type) for kind in (QueuedGaussian, GaussianDistribution))
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    mean = torch.randn(50, 3)
    samples = []
    for distribution in (ours, theirs):
        distribution.update(mean)
        torch.manual_seed(5)
        samples.append(distribution.sample())
    assert torch.equal(*samples)
    assert not samples[0].requires_grad


def test_a_log_may_hold_numbers_and_tensors() -> None:
    log = {"a": torch.tensor(1.0), "b": torch.tensor([1.0, 2.0]), "c": 3, "d": 0.5}
    episodes = EpisodeLog()
    for _ in range(2):
        episodes.add(log, torch.tensor([True, False]))
    assert episodes.means() == pytest.approx({"a": 1.0, "b": 1.5, "c": 3.0, "d": 0.5})
