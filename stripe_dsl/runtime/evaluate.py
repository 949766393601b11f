"""Measuring a policy over whole episodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from stripe_dsl.runtime.episodes import EpisodeLog
from stripe_dsl.runtime.finite import CheckedVecEnv
from stripe_dsl.runtime.terms import split_log

_LOOK = 20
"""Control steps between two looks at the device; in between nothing waits for it."""


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
    after_step: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Run a policy until each environment has played ``rounds`` episodes, or for some simulated time.

    Args:
        env: The environment, just reset.
        policy: From observations by group to actions, shape (num_envs, num_actions); ``reset(dones)`` clears the memory
            of a recurrent one.
        rounds: Episodes of each environment; what an environment plays beyond is not counted.
        seconds: Simulated seconds; if given, every episode that ends within them counts.
        report: Called with a line about the progress now and then.
        after_step: Called after each control step.
    """
    device = env.unwrapped.device
    returns = torch.zeros(env.num_envs, device=device)
    lengths = torch.zeros(env.num_envs, device=device)
    played = torch.zeros(env.num_envs, dtype=torch.long, device=device)
    total = torch.zeros(3, dtype=torch.float64, device=device)  # returns, lengths, number of the episodes that count
    log = EpisodeLog(window=None)
    if seconds is None:
        steps, goal = rounds * int(env.max_episode_length), rounds * env.num_envs
    else:
        steps, goal = max(1, round(seconds / env.unwrapped.step_dt)), None
    interrupted = False
    observations = env.get_observations()
    env.check_every(_LOOK)
    try:
        for step in range(steps):
            with torch.inference_mode():
                observations, rewards, dones, extras = env.step(policy(observations))
                policy.reset(dones)
            after_step()
            ended = dones.bool()
            counted = ended if goal is None else ended & (played < rounds)
            returns += rewards
            lengths += 1
            total += torch.stack((returns * counted, lengths * counted, counted)).double().sum(dim=1)
            log.add(extras.get("log", {}), counted)
            played += ended
            returns.masked_fill_(ended, 0.0)
            lengths.masked_fill_(ended, 0.0)
            if step % _LOOK == 0:
                log.settle()
                episodes = int(total[2])
                # where a video is drawn, or an episode is long, steps show that it goes on
                done = f"{step} of {steps} steps"
                report(f"{episodes} of {goal} episodes, {done} at most" if goal is not None else done)
                if goal is not None and episodes >= goal:
                    break
        env.check()
    except KeyboardInterrupt:
        interrupted = True
    episodes = int(total[2])
    mean_reward, mean_length = (total[:2] / episodes).tolist() if episodes else (None, None)
    rewards_by_term, terminations = split_log(log.means())
    return Evaluation(episodes, mean_reward, mean_length, rewards_by_term, terminations, interrupted)
