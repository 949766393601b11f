"""Watching a run for NaN and infinity without waiting for the device, and keeping what each step returned."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import warp as wp
from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper

from stripe_dsl.runtime.problem import Problem, ProblemError
from stripe_dsl.runtime.terms import REWARD_GROUP


class NonFiniteError(ProblemError):
    """The environment returned NaN or infinity; the problem names the term."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a step leaves on the device for a later look: 0 where all was finite, NaN elsewhere.

    Attributes:
        columns: For the reward, each reward term's sum over the episode and each column of the observations, over the
            environments.
        envs: For each environment, over the columns.
        actions: Over all actions that the step was taken with, shape ().
        log: What the environment logged, by key; it stays as it is.
    """

    columns: torch.Tensor
    envs: torch.Tensor
    actions: torch.Tensor
    log: Mapping[str, Any]


class CheckedVecEnv(RslRlVecEnvWrapper):
    """The usual wrapper for rsl_rl, which stops with the term's name at the first non-finite reward or observation.

    rsl_rl has a check of its own, which only says that there is a NaN somewhere, lets infinity through, and waits for
    the device several times a step. This one leaves a mark on the device and looks at the marks of many steps at once:
    see :meth:`check_every`.

    What a step returns stays as it is, also where the environment writes every step into the same memory: rewards are
    copies, and logs are as environments make them.
    """

    def __init__(self, env: Any, clip_actions: float | None = None) -> None:
        super().__init__(env, clip_actions)
        self._steps = 0
        self._interval = 1
        self._seen: list[_Seen] = []
        self._widths: dict[str, int] = {}
        self._terms = tuple(getattr(sys.modules.get(type(self.unwrapped).__module__), "REWARD_TERMS", ()))
        self._in_warp: tuple[wp.array, torch.Tensor] | None = None

    def check_every(self, steps: int) -> None:
        """Look at the marks once in so many steps, counted from now; what was not looked at yet is looked at first.

        The step that completes them raises. So an algorithm that learns from ``steps`` steps at a time never learns
        from NaN.
        """
        self.check()
        self._interval = steps

    def check(self) -> None:
        """Wait for the device and look at the marks since the last look.

        Raises:
            NonFiniteError: If a reward or an observation was not finite; it describes the first step with such a value.
        """
        seen, self._seen = self._seen, []
        if not seen:
            return
        finite = torch.isfinite(torch.stack([step.columns for step in seen])).all(dim=1)
        if finite.all():
            return
        first = finite.tolist().index(False)
        step = self._steps - len(seen) + first + 1
        terms = self._terms if self._term_sums().shape[1] else ()
        raise NonFiniteError(describe_non_finite(seen[first], terms, self._columns(), step))

    def step(self, actions: torch.Tensor) -> tuple[Any, torch.Tensor, torch.Tensor, dict]:
        """Step all environments.

        Args:
            actions: Shape (num_envs, num_actions).

        Returns:
            Observations by group, rewards (num_envs,), dones (num_envs,) as integers, extras.

        Raises:
            NonFiniteError: If a reward or an observation was not finite in this step or in one since the last look.
        """
        observations, rewards, dones, extras = super().step(actions)
        self._steps += 1
        rewards = rewards.clone()
        self._widths = {group: values[0].numel() for group, values in observations.items()}
        groups = [group.flatten(1) for group in observations.values()]
        parts = [rewards.unsqueeze(1), self._term_sums(), *groups]
        # zero times a finite number is 0, and NaN otherwise: sums of these cannot overflow
        marks = torch.cat(parts, dim=1) * 0.0
        self._seen.append(_Seen(marks.sum(dim=0), marks.sum(dim=1), (actions * 0.0).sum(), extras.get("log", {})))
        if len(self._seen) >= self._interval:
            self.check()
        return observations, rewards, dones, extras

    def _term_sums(self) -> torch.Tensor:
        """Sums of the reward terms over the running episodes, shape (num_envs, terms); no columns if there are none.

        A generated environment keeps them as ``_episode_sums``, a tensor or an array of Warp, in the order of its
        module's ``REWARD_TERMS``.
        """
        sums: Any = getattr(self.unwrapped, "_episode_sums", None)
        if isinstance(sums, wp.array):
            if self._in_warp is None or self._in_warp[0] is not sums:
                self._in_warp = (sums, wp.to_torch(sums))
            sums = self._in_warp[1]
        if isinstance(sums, torch.Tensor) and sums.shape == (self.num_envs, len(self._terms)):
            return sums
        return torch.empty(self.num_envs, 0, device=self.device)

    def _columns(self) -> dict[str, list[str]]:
        """What each column of the observations is called, by group.

        The ``manifest.json`` of a generated package tells; what it does not tell is called by its number.
        """
        module = sys.modules.get(type(self.unwrapped).__module__)
        try:
            path = Path(str(getattr(module, "__file__", ""))).with_name("manifest.json")
            entries = json.loads(path.read_text(encoding="utf-8"))["observations"]
            known = {
                group: [item["name"] for item in entries[group] for _ in range(*item["columns"])] for group in entries
            }
        except (AttributeError, OSError, ValueError, KeyError, TypeError):
            known = {}
        numbered = {group: [f"column {i}" for i in range(width)] for group, width in self._widths.items()}
        return numbered | {group: names for group, names in known.items() if len(names) == self._widths.get(group)}


def describe_non_finite(seen: _Seen, terms: Sequence[str], columns: Mapping[str, Sequence[str]], step: int) -> Problem:
    """Which term of which environment was not finite.

    Args:
        seen: The marks of the step: the reward, then ``terms``, then ``columns``.
        terms: Names of the reward terms; empty if their sums are not known.
        columns: Names of the columns of each observation group.
        step: Number of the control step.
    """
    ids = seen.envs.isnan().nonzero().flatten().tolist()
    where = f"environment {ids[0]}" if len(ids) == 1 else f"{len(ids)} environments, the first is {ids[0]}"
    end = f"became NaN or infinite at control step {step} ({where})"
    if step > 1 and seen.actions.isnan():  # all was finite in the step before, so the networks are not
        return Problem(f"the actions of the policy {end}", ("the training diverged: try a smaller learning rate",))
    bad = seen.columns.isnan().tolist()
    found: list[str] = []
    start = 1 + len(terms)
    if any(bad[:start]):
        names = [name for name, is_bad in zip(terms, bad[1:start], strict=True) if is_bad] or _logged_terms(seen.log)
        found.append(_plural("the reward term", names) if names else "the reward")
    for group, labels in columns.items():
        # a list has several columns of one name
        names = list(dict.fromkeys(name for column, name in enumerate(labels, start) if bad[column]))
        if names:
            found.append(f"{_plural('the observation', names)} of the group {group}")
        start += len(labels)
    return Problem(
        f"{' and '.join(found)} {end}",
        (
            "usual causes: a division by zero, the root or logarithm of a negative number, an exploding simulation",
            "if the simulation explodes, try a smaller physics step, weaker actuators, or a limit on the actions",
        ),
    )


def _logged_terms(log: Mapping[str, Any]) -> list[str]:
    """The terms of environments that were reset in the step: they are gone from the sums, and in the log."""
    prefix = f"{REWARD_GROUP}/"
    entries = {key.removeprefix(prefix): value for key, value in log.items() if key.startswith(prefix)}
    return [name for name, value in entries.items() if not torch.isfinite(value)]


def _plural(noun: str, names: list[str]) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else f"{noun}s {', '.join(names)}"
