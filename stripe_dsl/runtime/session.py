"""What training and playing have in common: the package, its configuration, the simulator, the environment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from stripe_dsl.runtime.backend import Choice, check_backend, choose_backend
from stripe_dsl.runtime.kernels import compile_known, kernel_report
from stripe_dsl.runtime.launch import choose_device, simulation
from stripe_dsl.runtime.overrides import closest
from stripe_dsl.runtime.physics import check_physics
from stripe_dsl.runtime.problem import Problem
from stripe_dsl.runtime.progress import Display
from stripe_dsl.runtime.register import STUDENT, has_student, is_package, register_package
from stripe_dsl.runtime.static_names import check_names

if TYPE_CHECKING:
    import gymnasium
    from rsl_rl.runners import OnPolicyRunner

    from stripe_dsl.runtime.config import RunConfig
    from stripe_dsl.runtime.finite import CheckedVecEnv


class Request(Protocol):
    """The part of a request that both have."""

    @property
    def package(self) -> Path: ...
    @property
    def task_id(self) -> str | None: ...
    @property
    def device(self) -> str | None: ...
    @property
    def num_envs(self) -> int | None: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def overrides(self) -> list[str]: ...
    @property
    def physics(self) -> str | None: ...
    @property
    def backend(self) -> str | None: ...
    @property
    def agent(self) -> str: ...


def check_request(request: Request) -> list[Problem]:
    """What is wrong with a request as far as can be seen without Isaac Lab."""
    problems: list[Problem] = []
    if not is_package(request.package):
        hint = "compile one: stripec compile <file>"
        problems.append(Problem(f"{request.package} is not a generated package", (hint,)))
    elif (problem := check_backend(request.package, request.backend)) is not None:
        problems.append(problem)
    elif request.agent == STUDENT and not has_student(request.package):
        hint = "say how it learns: `train ppo { distill { student 128 128 elu } }`"
        problems.append(Problem(f"the package {request.package.name} has no student to distil into", (hint,)))
    if request.num_envs is not None and request.num_envs < 1:
        problems.append(Problem(f"the number of environments must be at least 1, not {request.num_envs}"))
    return problems or check_names(request.package, request.overrides, request.agent)


def load_checkpoint(runner: OnPolicyRunner, checkpoint: Path, device: str) -> Problem | None:
    """Load the networks, the optimizer and the iteration; says what is wrong if the file does not fit the task."""
    try:
        runner.load(str(checkpoint), map_location=device)
    except Exception as error:  # torch raises whatever unpickling does
        print(f"{type(error).__name__}: {error}")  # the log has the shapes
        return Problem(
            f"{checkpoint} cannot be loaded: it is damaged, or of a task with other observations, actions or networks",
            (f"{type(error).__name__}: {str(error).partition(chr(10))[0]}",),
        )
    return None


@dataclass
class Session:
    """A registered task with its configuration, before the simulator starts."""

    task_id: str
    device: str
    config: RunConfig
    display: Display
    choice: Choice

    @contextlib.contextmanager
    def environment(self, log_dir: Path) -> Iterator[CheckedVecEnv]:
        """Launch the simulator and build the environment; both are closed at the end.

        Args:
            log_dir: The run's folder.

        Yields:
            The environment, wrapped for rsl_rl and reset.
        """
        from isaaclab_rl.entrypoints.common import close_env

        from stripe_dsl.runtime.finite import CheckedVecEnv

        self.config.env.log_dir = str(log_dir)
        envs = self.config.env.scene.num_envs
        self.display.phase(f"building {envs} environment{'s' if envs != 1 else ''} on {self.device}")
        self.display.print(Text(str(self.choice)))
        with kernel_report(self.display.detail), simulation(self.config.env, self.device):
            if self.choice.newton:
                compile_known(self.device)
            env = self._build()
            try:
                # The wrapper resets the environment, which compiles the kernels that are left.
                yield CheckedVecEnv(env, clip_actions=self.config.agent.clip_actions)  # type: ignore[arg-type]
            finally:
                close_env(env)

    def _build(self) -> gymnasium.Env:
        """As ``isaaclab train`` does with ``--frontend torch`` or ``--frontend warp``."""
        if self.choice.backend == "warp":
            from isaaclab_experimental.envs.frontend import WarpFrontend

            return WarpFrontend.build_env(self.config.env, self.task_id)
        import gymnasium

        return gymnasium.make(self.task_id, cfg=self.config.env)


@contextlib.contextmanager
def open_session(
    request: Request, display: Display, *, iterations: int | None = None, play: bool = False
) -> Iterator[Session | list[Problem]]:
    """Register the package and load its configuration; yields the problems if the request is wrong."""
    display.phase("importing Isaac Lab")
    task_id = _task_id(request)
    if isinstance(task_id, Problem):
        yield [task_id]
        return
    device = choose_device(request.device)
    if isinstance(device, Problem):
        yield [device]
        return
    from stripe_dsl.runtime.config import load_config

    with kernel_report(display.detail):
        config, problems = load_config(
            task_id,
            request.agent,
            device=device,
            physics=request.physics,
            num_envs=request.num_envs,
            iterations=iterations,
            seed=request.seed,
            overrides=request.overrides,
            play=play,
        )
    if config is None:
        yield problems
        return
    choice = choose_backend(request.package, request.backend, config.env, device)
    if not isinstance(choice, Problem):
        choice = check_physics(config.env, request.package) or choice
    yield [choice] if isinstance(choice, Problem) else Session(task_id, device, config, display, choice)


def _task_id(request: Request) -> str | Problem:
    task_ids = register_package(request.package)
    if request.task_id is None and len(task_ids) == 1:
        return task_ids[0]
    if request.task_id in task_ids:
        return request.task_id
    known = f"{request.package.name} registers {', '.join(task_ids)}"
    if request.task_id is None:
        return Problem("the package registers several tasks, name one", (known,))
    return Problem(f"there is no task {request.task_id}", (*closest(request.task_id, task_ids), known))
