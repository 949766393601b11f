"""What rsl_rl's log and ours say of the episodes that ended, gathered on the device and read once an iteration."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

import torch
from rsl_rl.utils.logger import Logger

from stripe_dsl.runtime.progress import Iteration

_EPISODE_WINDOW = 100
"""Episodes that a mean is taken over, as rsl_rl does."""


class EpisodeLog:
    """Means over the last episodes of what the environment logs when episodes end (``extras["log"]``).

    Args:
        window: Episodes that the means are taken over, rounded up to whole iterations; None takes all.
    """

    def __init__(self, window: int | None = _EPISODE_WINDOW) -> None:
        self._window = window
        self._iterations: deque[tuple[int, dict[str, float]]] = deque()
        self._episodes = 0
        self._sums: dict[str, float] = {}
        self._pending: list[tuple[Mapping[str, torch.Tensor | float], torch.Tensor]] = []

    def add(self, log: Mapping[str, torch.Tensor | float], ended: torch.Tensor) -> None:
        """Take the log of a step; nothing waits for the device.

        Args:
            log: Numbers that stay as they are, means over the episodes that ended in the step. Where none did, it is
                that of an earlier step and does not count.
            ended: Which environments' episodes count, shape (num_envs,).
        """
        if log:
            self._pending.append((log, ended))

    def settle(self) -> None:
        """Sum up what was taken, which waits for the device."""
        pending, self._pending = self._pending, []
        for keys, entries in groupby(pending, key=lambda entry: tuple(entry[0])):
            logs, ended = zip(*entries, strict=True)
            counts = torch.stack(ended).bool().sum(dim=1, keepdim=True)
            numbers = [_number(value, counts.device) for log in logs for value in log.values()]
            values = torch.stack(numbers).reshape(len(logs), len(keys))
            totals = torch.where(counts > 0, values.double() * counts, 0.0).sum(dim=0)
            episodes, *sums = torch.cat((counts.sum(dim=0), totals)).tolist()
            self._episodes += int(episodes)
            if episodes:
                self._sums |= {key: self._sums.get(key, 0.0) + total for key, total in zip(keys, sums, strict=True)}

    def forget(self) -> None:
        """Drop what was taken and not summed up."""
        self._pending.clear()

    def present_means(self) -> dict[str, float]:
        """The mean of each entry over the episodes since the last iteration was closed; empty if none ended."""
        self.settle()
        return {key: total / self._episodes for key, total in self._sums.items()}

    def end_iteration(self) -> None:
        """Close an iteration, and drop those that lie behind the window."""
        self.settle()
        self._iterations.append((self._episodes, self._sums))
        self._episodes, self._sums = 0, {}
        total = sum(episodes for episodes, _ in self._iterations)
        if self._window is None:
            return
        while len(self._iterations) > 1 and total - self._iterations[0][0] >= self._window:
            total -= self._iterations.popleft()[0]

    def means(self) -> dict[str, float]:
        """The mean of each entry over the window."""
        self.settle()
        sums: dict[str, float] = {}
        weights: dict[str, int] = {}
        for episodes, entries in [*self._iterations, (self._episodes, self._sums)]:
            for key, value in entries.items():
                sums[key] = sums.get(key, 0.0) + value
                weights[key] = weights.get(key, 0) + episodes
        return {key: value / weights[key] for key, value in sums.items()}


def _number(value: torch.Tensor | float, device: torch.device) -> torch.Tensor:
    """An entry of a log as a tensor without dimensions."""
    tensor = torch.as_tensor(value, dtype=torch.float32, device=device)
    return tensor if tensor.ndim == 0 else tensor.mean()


class ReportingLogger(Logger):
    """rsl_rl's logger (TensorBoard and text), which also tells :attr:`on_iteration` about each iteration.

    rsl_rl looks in every step which episodes ended, and so waits for the device in every step. This one keeps what the
    steps returned and looks when the iteration is logged; returns and lengths of episodes come out the same. What the
    environment logs is logged as the mean over the episodes of the iteration.
    """

    on_iteration: Callable[[Iteration], None] | None = None
    max_episode_length = 0

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.episodes = EpisodeLog()
        self.last: Iteration | None = None
        self._first_time = 0.0
        self._steps: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._running = torch.zeros(2, self.num_envs, device=self.device)
        """Return and length of the running episodes."""

    def process_env_step(
        self, rewards: torch.Tensor, dones: torch.Tensor, extras: dict, intrinsic_rewards: torch.Tensor | None = None
    ) -> None:
        """Take a step; rewards (num_envs,), dones (num_envs,) and the log in ``extras`` must stay as they are."""
        self.episodes.add(extras.get("log", {}), dones)
        if intrinsic_rewards is None:
            self._steps.append((rewards, dones))
        else:  # random network distillation: rsl_rl keeps more sums
            super().process_env_step(rewards, dones, {}, intrinsic_rewards)

    def forget_iteration(self) -> None:
        """Drop the steps since the last iteration."""
        self._steps.clear()
        self.episodes.forget()

    def _finish_episodes(self) -> None:
        """Put returns and lengths of the episodes that ended in this iteration where rsl_rl's log takes them from."""
        steps, self._steps = self._steps, []
        if not steps:
            return
        rewards = torch.stack([rewards for rewards, _ in steps])
        dones = torch.stack([dones for _, dones in steps]).bool()
        history = torch.stack((rewards, torch.ones_like(rewards)), dim=-1).transpose(1, 2)
        for step, ended in zip(history, dones, strict=True):
            self._running += step
            step.copy_(self._running)
            self._running.masked_fill_(ended, 0.0)
        ended = history.transpose(1, 2)[dones]
        for total, length in ended[-_EPISODE_WINDOW:].tolist():
            self.rewbuffer.append(total)
            self.lenbuffer.append(length)

    def log(
        self,
        it: int,
        start_it: int,
        total_it: int,
        collect_time: float,
        learn_time: float,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Log an iteration as rsl_rl does, then report it."""
        self._finish_episodes()
        means = self.episodes.present_means()
        self.ep_extras = [means] if means else []
        super().log(it, start_it, total_it, collect_time, learn_time, *args, **kwargs)
        self.episodes.end_iteration()
        done, total = it + 1 - start_it, total_it - start_it
        steps = self.cfg["num_steps_per_env"] * self.num_envs
        if done == 1:
            self._first_time = self.tot_time
        self.last = Iteration(
            index=done,
            total=total,
            mean_reward=statistics.mean(self.rewbuffer) if self.rewbuffer else None,
            mean_episode_length=statistics.mean(self.lenbuffer) if self.lenbuffer else None,
            max_episode_length=self.max_episode_length,
            steps_per_second=steps / (collect_time + learn_time),
            seconds_left=self._mean_time(done) * (total - done),
        )
        if self.on_iteration is not None:
            self.on_iteration(self.last)

    def _mean_time(self, done: int) -> float:
        """Seconds of an iteration. The first, in which most kernels are compiled, counts only while it is alone."""
        return self.tot_time if done == 1 else (self.tot_time - self._first_time) / (done - 1)

    @property
    def mean_steps_per_second(self) -> float:
        """Control steps of all environments per second of training, the compilation of kernels left out."""
        if self.last is None:
            return 0.0
        return self.cfg["num_steps_per_env"] * self.num_envs / max(self._mean_time(self.last.index), 1e-9)
