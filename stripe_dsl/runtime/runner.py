"""rsl_rl's runner with eyes: it stops before it learns from NaN, reports iterations, and keeps the best policy."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import torch
from rsl_rl.modules.distribution import GaussianDistribution
from rsl_rl.runners import OnPolicyRunner

from stripe_dsl.runtime.checkpoints import BEST
from stripe_dsl.runtime.episodes import ReportingLogger
from stripe_dsl.runtime.finite import CheckedVecEnv, NonFiniteError
from stripe_dsl.runtime.progress import Iteration


class QueuedGaussian(GaussianDistribution):
    """rsl_rl's distribution of actions, which is sampled without waiting for the device.

    ``torch.normal`` reads the device twice a call, to see that no standard deviation is negative. The samples are the
    same, and so are the parameters in a checkpoint.
    """

    def sample(self) -> torch.Tensor:
        """Actions, shape (num_envs, num_actions)."""
        with torch.no_grad():
            return torch.randn_like(self.mean).mul_(self.std).add_(self.mean)


class ReportingRunner(OnPolicyRunner):
    """rsl_rl's on-policy runner with a logger of our own and a best checkpoint; its rollouts wait for no device."""

    env: CheckedVecEnv
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
        train_cfg = copy.deepcopy(train_cfg) | {"check_for_nan": False}
        for network in ("actor", "student"):
            distribution = train_cfg.get(network, {}).get("distribution_cfg") or {}
            if distribution.get("class_name") == GaussianDistribution.__name__:
                distribution["class_name"] = f"{QueuedGaussian.__module__}:{QueuedGaussian.__name__}"
        super().__init__(env, train_cfg, log_dir=log_dir, device=device)
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
        """Train; the first iteration has the number that the loaded checkpoint ended with, or 0.

        Raises:
            NonFiniteError: If the environment returned NaN or infinity; the networks have not learnt from it.
        """
        self.start_iteration = self.current_learning_iteration
        # an iteration steps as often as this and learns then: the last of its steps looks at all of them
        self.env.check_every(self.cfg["num_steps_per_env"])
        try:
            super().learn(num_learning_iterations, init_at_random_ep_len)
        except NonFiniteError:
            self.logger.forget_iteration()
            raise

    def save_now(self) -> Path:
        """Save the present policy as ``model_<iteration>.pt`` in the run's folder, and return the file."""
        assert self.logger.log_dir is not None
        path = Path(self.logger.log_dir) / f"model_{self.current_learning_iteration}.pt"
        self.save(str(path))
        return path
