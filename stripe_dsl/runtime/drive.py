"""Actions that take robots where a training may take them: to ends, to and fro, at random."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

_HOLD = 30
"""Control steps for which a random action is held: long enough for most joints to arrive at their limits."""
_REACH = (1.0, 3.0)
"""What the patterns are multiplied with, environments taking turns: a policy's actions begin around 1, and nothing but
the task's own clip stops those that are larger."""
_SWEEP = (0.01, 0.25)
"""Cycles per control step at which a sweep begins and ends."""


class Driver:
    """Actions in patterns that the environments take turns in: each does all of them, and all are done at any time.

    The patterns are in -1..1: new at random in each step; at random and held; at random ends and held; all at the low
    end; all at the high end; zero; a sine that gets faster, each action with its own phase. Where the environment
    bounds its actions they are spread over its bounds.
    """

    def __init__(self, env: Any, steps: int, seed: int) -> None:
        """Prepare for a run.

        Args:
            env: The wrapped environment.
            steps: Control steps that will be driven; each environment has done all patterns by then.
            seed: Seed of the random patterns.
        """
        self._shape = (env.num_envs, env.num_actions)
        self._device = env.unwrapped.device
        self._generator = torch.Generator(device=self._device).manual_seed(seed)
        self._segment = max(1, math.ceil(steps / len(_PATTERNS)))
        env_ids = torch.arange(env.num_envs, device=self._device)
        self._first = env_ids % len(_PATTERNS)
        reach = torch.tensor(_REACH, device=self._device)[env_ids // len(_PATTERNS) % len(_REACH)]
        space = env.unwrapped.single_action_space
        low, high = (torch.as_tensor(end, device=self._device).flatten() for end in (space.low, space.high))
        bounded = bool(torch.isfinite(low).all() and torch.isfinite(high).all())
        self._middle = (low + high) / 2 if bounded else torch.zeros_like(low)
        self._span = (high - low) / 2 if bounded else reach.unsqueeze(1)
        self._held = torch.zeros(self._shape, device=self._device)
        self._phase = 2 * math.pi * torch.rand(self._shape, generator=self._generator, device=self._device)
        self._step = 0

    def actions(self) -> torch.Tensor:
        """The actions of the next control step, shape (num_envs, num_actions)."""
        if self._step % min(_HOLD, self._segment) == 0:
            self._held = self._random()
        progress = self._step % self._segment
        patterns = torch.stack([pattern(self, progress) for pattern in _PATTERNS])
        turn = (self._first + self._step // self._segment) % len(_PATTERNS)
        self._step += 1
        chosen = patterns[turn, torch.arange(self._shape[0], device=self._device)]
        return self._middle + self._span * chosen

    def _random(self) -> torch.Tensor:
        return 2 * torch.rand(self._shape, generator=self._generator, device=self._device) - 1

    def _all(self, value: float) -> torch.Tensor:
        return torch.full(self._shape, value, device=self._device)

    def _sweep(self, step: int) -> torch.Tensor:
        slow, fast = _SWEEP
        cycles = slow * step + (fast - slow) * step**2 / (2 * self._segment)
        return torch.sin(self._phase + 2 * math.pi * cycles)


_PATTERNS: tuple[Callable[[Driver, int], torch.Tensor], ...] = (
    lambda driver, step: driver._random(),
    lambda driver, step: driver._held,
    lambda driver, step: torch.sign(driver._held),
    lambda driver, step: driver._all(-1.0),
    lambda driver, step: driver._all(1.0),
    lambda driver, step: driver._all(0.0),
    lambda driver, step: driver._sweep(step),
)
