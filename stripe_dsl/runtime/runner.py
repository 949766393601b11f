"""rsl_rl's runner with eyes: it checks every step for NaN and infinity, reports iterations, keeps the best policy."""

from __future__ import annotations

import json
import statistics
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper
from rsl_rl.runners import OnPolicyRunner
from rsl_rl.utils.logger import Logger

from stripe_dsl.runtime.checkpoints import BEST
from stripe_dsl.runtime.problem import Problem, ProblemError
from stripe_dsl.runtime.progress import Iteration

_EPISODE_WINDOW = 100
"""Episodes that a mean is taken over, as rsl_rl does."""


class NonFiniteError(ProblemError):
    """The environment returned NaN or infinity; the problem names the term."""


class CheckedVecEnv(RslRlVecEnvWrapper):
    """The usual wrapper for rsl_rl, which stops with the term's name at the first non-finite reward or observation.

    rsl_rl has a check of its own, which only says that there is a NaN somewhere and lets infinity through.
    """

    _steps = 0

    def step(self, actions: torch.Tensor) -> tuple[Any, torch.Tensor, torch.Tensor, dict]:
        """Step all environments.

        Args:
            actions: Shape (num_envs, num_actions).

        Returns:
            Observations by group, rewards (num_envs,), dones (num_envs,) as integers, extras.

        Raises:
            NonFiniteError: If a reward or an observation is not finite.
        """
        observations, rewards, dones, extras = super().step(actions)
        self._steps += 1
        # One flag on the device, read once: a check per tensor would wait for the GPU several times a step.
        sums = [rewards.sum(), *(group.sum() for group in observations.values())]
        if not torch.isfinite(torch.stack([total.float() for total in sums])).all():
            problem = describe_non_finite(self.unwrapped, observations, rewards, self._steps)
            if problem is not None:
                raise NonFiniteError(problem)
        return observations, rewards, dones, extras


def _column_names(module: Any, group: str) -> list[str]:
    """What each column of an observation group is called, from the manifest of the generated package."""
    try:
        manifest = json.loads(Path(module.__file__).with_name("manifest.json").read_text(encoding="utf-8"))
        entries = manifest["observations"][group]
        return [entry["name"] for entry in entries for _ in range(*entry["columns"])]
    except (AttributeError, OSError, ValueError, KeyError, TypeError):
        return []


def describe_non_finite(
    env: Any, observations: Mapping[str, torch.Tensor], rewards: torch.Tensor, step: int
) -> Problem | None:
    """Which term of which environment is not finite, or None when everything is.

    Args:
        env: The unwrapped environment. A generated one keeps ``_episode_sums``, shape (num_envs, reward terms), in the
            order of its module's ``REWARD_TERMS``; the columns of an observation group are named by the
            ``manifest.json`` beside the module. What is missing is described by its number.
        observations: Shape (num_envs, columns) by group.
        rewards: Shape (num_envs,).
        step: Number of the control step, for the message.
    """
    module = sys.modules.get(type(env).__module__)
    found: list[str] = []
    bad_envs = torch.zeros_like(rewards, dtype=torch.bool)
    bad_rewards = ~torch.isfinite(rewards)
    if bad_rewards.any():
        bad_envs |= bad_rewards
        names = _bad_reward_terms(env, getattr(module, "REWARD_TERMS", ()))
        found.append(_plural("the reward term", names) if names else "the reward")
    for group, values in observations.items():
        bad = ~torch.isfinite(values).reshape(len(values), -1)
        if not bad.any():
            continue
        bad_envs |= bad.any(dim=1)
        columns = torch.nonzero(bad.any(dim=0)).flatten().tolist()
        known = _column_names(module, group)
        names = [known[i] if i < len(known) else f"column {i}" for i in columns]
        found.append(f"{_plural('the observation', names)} of the group {group}")
    if not found:
        return None
    ids = torch.nonzero(bad_envs).flatten().tolist()
    where = f"environment {ids[0]}" if len(ids) == 1 else f"{len(ids)} environments, the first is {ids[0]}"
    return Problem(
        f"{' and '.join(found)} became NaN or infinite at control step {step} ({where})",
        (
            "usual causes: a division by zero, the root or logarithm of a negative number, an exploding simulation",
            "if the simulation explodes, try a smaller physics step, weaker actuators, or a limit on the actions",
        ),
    )


def _bad_reward_terms(env: Any, terms: tuple[str, ...]) -> list[str]:
    sums = getattr(env, "_episode_sums", None)
    if isinstance(sums, Mapping):
        names = [name for name, total in sums.items() if not torch.isfinite(total).all()]
    elif isinstance(sums, torch.Tensor) and sums.ndim == 2 and sums.shape[1] == len(terms):
        finite = torch.isfinite(sums).all(dim=0).tolist()
        names = [name for name, good in zip(terms, finite, strict=True) if not good]
    else:
        names = []
    if names:
        return names
    # A term of an environment that was reset in this step is gone from the sums, but it went into the log.
    prefix = "Episode_Reward/"
    log = getattr(env, "extras", {}).get("log", {})
    entries = {key: value for key, value in log.items() if key.startswith(prefix)}
    return [key.removeprefix(prefix) for key, value in entries.items() if not torch.isfinite(torch.as_tensor(value))]


def _plural(noun: str, names: list[str]) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else f"{noun}s {', '.join(names)}"


class EpisodeLog:
    """Means over the last episodes of what the environment logs when episodes end (``extras["log"]``).

    Args:
        window: Episodes that the means are taken over, rounded up to whole iterations; None takes all.
    """

    def __init__(self, window: int | None = _EPISODE_WINDOW) -> None:
        self._window = window
        self._iterations: deque[tuple[int, dict[str, torch.Tensor]]] = deque()
        self._episodes = 0
        self._sums: dict[str, torch.Tensor] = {}

    def add(self, log: Mapping[str, Any], episodes: int) -> None:
        """Take the log of a step in which ``episodes`` episodes ended; its values are means over these."""
        if episodes == 0:  # the dictionary is that of an earlier step
            return
        self._episodes += episodes
        for key, value in log.items():
            total = torch.as_tensor(value, dtype=torch.float32).mean() * episodes
            self._sums[key] = self._sums[key] + total if key in self._sums else total

    def end_iteration(self) -> None:
        """Close an iteration, and drop those that lie behind the window."""
        self._iterations.append((self._episodes, self._sums))
        self._episodes, self._sums = 0, {}
        total = sum(episodes for episodes, _ in self._iterations)
        if self._window is None:
            return
        while len(self._iterations) > 1 and total - self._iterations[0][0] >= self._window:
            total -= self._iterations.popleft()[0]

    def means(self) -> dict[str, float]:
        """The mean of each entry over the window."""
        sums: dict[str, float] = {}
        weights: dict[str, int] = {}
        for episodes, entries in [*self._iterations, (self._episodes, self._sums)]:
            for key, value in entries.items():
                sums[key] = sums.get(key, 0.0) + float(value)
                weights[key] = weights.get(key, 0) + episodes
        return {key: value / weights[key] for key, value in sums.items()}


class ReportingLogger(Logger):
    """rsl_rl's logger (TensorBoard and text), which also tells :attr:`on_iteration` about each iteration."""

    on_iteration: Callable[[Iteration], None] | None = None
    max_episode_length = 0

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.episodes = EpisodeLog()
        self.last: Iteration | None = None
        self._first_time = 0.0

    def process_env_step(
        self, rewards: torch.Tensor, dones: torch.Tensor, extras: dict, intrinsic_rewards: torch.Tensor | None = None
    ) -> None:
        super().process_env_step(rewards, dones, extras, intrinsic_rewards)
        if "log" in extras:
            self.episodes.add(extras["log"], int(dones.sum()))

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


class ReportingRunner(OnPolicyRunner):
    """rsl_rl's on-policy runner with the logger above and a best checkpoint."""

    logger: ReportingLogger

    def __init__(
        self,
        env: CheckedVecEnv,
        train_cfg: dict,
        log_dir: str | None = None,
        device: str = "cpu",
        on_iteration: Callable[[Iteration], None] | None = None,
    ) -> None:
        """Build the algorithm and the logger.

        Args:
            env: The wrapped environment.
            train_cfg: The agent's configuration as a dictionary.
            log_dir: The run's folder; None when nothing is trained.
            device: Where the networks are.
            on_iteration: Called after each iteration.
        """
        # CheckedVecEnv names the term, which rsl_rl's own check cannot.
        super().__init__(env, train_cfg | {"check_for_nan": False}, log_dir=log_dir, device=device)
        plain = self.logger
        self.logger = ReportingLogger(
            log_dir=log_dir,
            cfg=self.cfg,
            env_cfg=plain.env_cfg,
            num_envs=plain.num_envs,
            is_distributed=self.is_distributed,
            gpu_world_size=self.gpu_world_size,
            gpu_global_rank=self.gpu_global_rank,
            device=self.device,
        )
        self.logger.max_episode_length = int(env.max_episode_length)
        self.logger.on_iteration = self._after_iteration
        self._on_iteration = on_iteration
        self.start_iteration = 0
        self.best_reward: float | None = None
        self.best_length: float | None = None

    def _after_iteration(self, iteration: Iteration) -> None:
        self._keep_best(iteration)
        if self._on_iteration is not None:
            self._on_iteration(iteration)

    def _keep_best(self, iteration: Iteration) -> None:
        # Episodes begin at a random time, so the first that end are short: their sums say nothing (with negative
        # rewards they even look best). A mean counts once every environment had the time of a whole episode.
        steps = iteration.index * self.cfg["num_steps_per_env"]
        if iteration.mean_reward is None or self.logger.log_dir is None or steps < iteration.max_episode_length:
            return
        if self.best_reward is not None and iteration.mean_reward <= self.best_reward:
            return
        self.best_reward, self.best_length = iteration.mean_reward, iteration.mean_episode_length
        infos = {"mean_reward": iteration.mean_reward, "mean_episode_length": iteration.mean_episode_length}
        self.save(str(Path(self.logger.log_dir) / BEST), infos=infos)

    @property
    def completed(self) -> int:
        """Iterations that this run completed."""
        # rsl_rl counts an iteration before it logs it, and Ctrl-C may come in between.
        return 0 if self.logger.last is None else self.current_learning_iteration + 1 - self.start_iteration

    def learn(self, num_learning_iterations: int, init_at_random_ep_len: bool = False) -> None:
        """Train; the first iteration has the number that the loaded checkpoint ended with, or 0."""
        self.start_iteration = self.current_learning_iteration
        super().learn(num_learning_iterations, init_at_random_ep_len)

    def save_now(self) -> Path:
        """Save the present policy as ``model_<iteration>.pt`` in the run's folder, and return the file."""
        assert self.logger.log_dir is not None
        path = Path(self.logger.log_dir) / f"model_{self.current_learning_iteration}.pt"
        self.save(str(path))
        return path
