"""Measuring a policy over whole episodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from stripe_dsl.runtime.runner import CheckedVecEnv, EpisodeLog
from stripe_dsl.runtime.terms import split_log


@dataclass(frozen=True)
class Evaluation:
    """What a policy did.

    Attributes:
        episodes: Episodes that ended and were counted.
        mean_reward: Their mean return, or None if none ended.
        mean_length: Their mean length in control steps, or None.
        rewards: Mean reward per second of each term.
        terminations: Share of the episodes that ended for each reason, in 0..1.
        interrupted: Whether Ctrl-C ended it.
    """

    episodes: int
    mean_reward: float | None
    mean_length: float | None
    rewards: dict[str, float]
    terminations: dict[str, float]
    interrupted: bool


def evaluate(
    env: CheckedVecEnv,
    policy: Any,
    *,
    rounds: int = 1,
    seconds: float | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> Evaluation:
    """Run a policy until each environment has played ``rounds`` episodes, or for some simulated time.

    Args:
        env: The environment, just reset.
        policy: From observations by group to actions, shape (num_envs, num_actions); ``reset(dones)`` clears the memory
            of a recurrent one.
        rounds: Episodes of each environment; what an environment plays beyond is not counted.
        seconds: Simulated seconds; if given, every episode that ends within them counts.
        report: Called with a line about the progress now and then.
    """
    device = env.unwrapped.device
    returns = torch.zeros(env.num_envs, device=device)
    lengths = torch.zeros(env.num_envs, device=device)
    played = torch.zeros(env.num_envs, dtype=torch.long, device=device)
    total = torch.zeros(2, dtype=torch.float64, device=device)  # sums of returns and lengths
    log = EpisodeLog(window=None)
    if seconds is None:
        steps, goal = rounds * int(env.max_episode_length), rounds * env.num_envs
    else:
        steps, goal = max(1, round(seconds / env.unwrapped.step_dt)), None
    episodes, interrupted = 0, False
    observations = env.get_observations()
    try:
        for step in range(steps):
            with torch.inference_mode():
                observations, rewards, dones, extras = env.step(policy(observations))
                policy.reset(dones)
            returns += rewards
            lengths += 1
            counted = dones.bool() if goal is None else dones.bool() & (played < rounds)
            ended = int(counted.sum())
            if ended:
                total += torch.stack((returns[counted].double().sum(), lengths[counted].double().sum()))
                episodes += ended
                log.add(extras.get("log", {}), ended)
            played += dones.bool()
            returns[dones.bool()] = 0.0
            lengths[dones.bool()] = 0.0
            if goal is not None and episodes >= goal:
                break
            if step % 20 == 0:
                report(f"{episodes} of {goal} episodes" if goal is not None else f"{step} of {steps} steps")
    except KeyboardInterrupt:
        interrupted = True
    mean_reward, mean_length = (total / episodes).tolist() if episodes else (None, None)
    rewards_by_term, terminations = split_log(log.means())
    return Evaluation(episodes, mean_reward, mean_length, rewards_by_term, terminations, interrupted)
