"""Training a generated package with rsl_rl's PPO.

The run's folder is that of ``isaaclab train`` (``logs/rsl_rl/<experiment>/<time>/`` with ``model_*.pt``,
``params/*.yaml``, ``run.json`` and TensorBoard events), so ``isaaclab play`` works on it. Added are ``best.pt`` and
``console.log``, which holds everything that Isaac Lab and its libraries wrote.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stripe_dsl.runtime.checkpoints import BEST, last_checkpoint, no_checkpoint
from stripe_dsl.runtime.console import OutputCapture
from stripe_dsl.runtime.launch import prepare_process
from stripe_dsl.runtime.problem import PackageError, Problem
from stripe_dsl.runtime.progress import Display, Iteration
from stripe_dsl.runtime.register import AGENT, STUDENT
from stripe_dsl.runtime.session import check_request, load_checkpoint, open_session
from stripe_dsl.runtime.summary import print_training, report_failure
from stripe_dsl.runtime.terms import is_solved, split_log

if TYPE_CHECKING:
    from stripe_dsl.runtime.config import RunConfig
    from stripe_dsl.runtime.finite import CheckedVecEnv
    from stripe_dsl.runtime.runner import ReportingRunner

Status = Literal["done", "interrupted", "failed", "invalid"]


@dataclass(frozen=True)
class TrainRequest:
    """What to train, and how.

    Attributes:
        package: Folder of the generated package.
        task_id: Gym id; None if the package registers only one.
        device: ``cpu``, ``cuda`` or ``cuda:<n>``; None takes the first GPU, else the CPU.
        num_envs: Number of environments; None takes the task's, limited on a CPU.
        iterations: Number of iterations; None takes the agent's. When resuming, they come on top.
        seed: Seed; None takes the agent's.
        resume: Checkpoint to go on from, or the folder of a run, whose last checkpoint is taken.
        teacher: Checkpoint of the actor that a student learns from, or the folder of its run; None trains the agent.
        overrides: ``env.x.y=value`` and ``agent.z=value``.
        log_root: The folder that gets ``rsl_rl/<experiment>/<time>/``.
        physics: Name of a physics preset of the task; None takes its default.
        backend: ``torch`` or ``warp``; None takes Warp if the package has it and the physics is Newton, else torch.
        play_command: What the summary tells the user to type; None says ``stripec play <package>``. If there is a best
            checkpoint, ``--checkpoint best`` is added.
        tune_command: What the user is told to type when a buffer was full; None says ``stripec tune <package>``.
    """

    package: Path
    task_id: str | None = None
    device: str | None = None
    num_envs: int | None = None
    iterations: int | None = None
    seed: int | None = None
    resume: Path | None = None
    teacher: Path | None = None
    overrides: list[str] = field(default_factory=list)
    log_root: Path = Path("logs")
    physics: str | None = None
    backend: str | None = None
    play_command: str | None = None
    tune_command: str | None = None

    @property
    def agent(self) -> str:
        """Entry point of the configuration: that of the agent or of a student."""
        return AGENT if self.teacher is None else STUDENT


@dataclass(frozen=True)
class TrainResult:
    """What came of a training.

    Attributes:
        status: ``done``; ``interrupted`` by Ctrl-C; ``failed`` while running; ``invalid`` when the request was wrong
            and nothing was started.
        problems: Why it failed or is invalid.
        task_id: The gym id.
        run_dir: The run's folder, or None if it was not reached.
        checkpoint: The last checkpoint.
        best_checkpoint: The checkpoint with the highest mean reward.
        device: Where it ran.
        backend: The back end that it ran on, ``torch`` or ``warp``.
        num_envs: Number of environments.
        iterations: Iterations that were completed.
        mean_reward: Mean return of the last 100 episodes.
        mean_episode_length: Their mean length in control steps.
        max_episode_length: Length at which an episode is cut, in control steps.
        rewards: Mean reward per second of each term over the last episodes.
        terminations: Share of the episodes that ended for each reason, in 0..1.
        solved: Whether the task can end early, and yet all of the last 100 episodes had their full length, either at
            the end of the training or when the best checkpoint was saved.
        seconds: Duration of the training without the start.
        steps_per_second: Control steps of all environments per second, the first iteration (kernels) left out.
    """

    status: Status
    problems: tuple[Problem, ...] = ()
    task_id: str | None = None
    run_dir: Path | None = None
    checkpoint: Path | None = None
    best_checkpoint: Path | None = None
    device: str | None = None
    backend: str | None = None
    num_envs: int | None = None
    iterations: int = 0
    mean_reward: float | None = None
    mean_episode_length: float | None = None
    max_episode_length: int | None = None
    rewards: dict[str, float] = field(default_factory=dict)
    terminations: dict[str, float] = field(default_factory=dict)
    solved: bool = False
    seconds: float = 0.0
    steps_per_second: float = 0.0


def train(request: TrainRequest) -> TrainResult:
    """Train, showing the progress on standard output, and return what came of it.

    A wrong request is answered before Isaac Lab is imported where that can be done, and always before the simulator
    starts. Nothing that goes wrong is raised: see :attr:`TrainResult.status`. The caller prints the problems; the
    progress, the summary and the end of the log of a failed run are printed here.
    """
    problems = check_train_request(request)
    if problems:
        return TrainResult("invalid", tuple(problems))
    prepare_process()
    with OutputCapture() as output, Display(output.stream) as display:
        try:
            result = _train(request, output, display)
        except KeyboardInterrupt:
            result = TrainResult("interrupted")
        except PackageError as error:
            result = TrainResult("invalid", (error.problem,))
        except Exception as error:
            result = TrainResult("failed", (report_failure(error, display, output),))
        display.close()
        if result.run_dir is not None:
            print_training(display.console, result, request)
    return result


def check_train_request(request: TrainRequest) -> list[Problem]:
    """What is wrong with a request as far as can be seen without Isaac Lab."""
    problems = check_request(request)
    for checkpoint in (request.resume, request.teacher):
        if checkpoint is not None and last_checkpoint(checkpoint) is None:
            problems.append(no_checkpoint(checkpoint))
    if request.iterations is not None and request.iterations < 1:
        problems.append(Problem(f"the number of iterations must be at least 1, not {request.iterations}"))
    return problems


def _train(request: TrainRequest, output: OutputCapture, display: Display) -> TrainResult:
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(open_session(request, display, iterations=request.iterations))
        if isinstance(session, list):
            return TrainResult("invalid", tuple(session))
        config, task_id = session.config, session.task_id
        run_dir = _run_folder(request.log_root, config.agent)
        output.move_to(run_dir / "console.log")
        partial = TrainResult(
            "failed",
            task_id=task_id,
            run_dir=run_dir,
            device=session.device,
            backend=session.choice.backend,
            num_envs=config.env.scene.num_envs,
        )
        try:
            env = stack.enter_context(session.environment(run_dir))
            return _learn(request, display, env, config, partial)
        except KeyboardInterrupt:
            return replace(partial, status="interrupted")
        except Exception as error:
            return replace(partial, problems=(report_failure(error, display, output),))


def _learn(
    request: TrainRequest, display: Display, env: CheckedVecEnv, config: RunConfig, partial: TrainResult
) -> TrainResult:
    from isaaclab.utils import to_dict
    from isaaclab_rl.entrypoints.common import dump_train_configs, scoped_torch_backend_flags, write_run_manifest

    from stripe_dsl.runtime.buffers import watch_buffers
    from stripe_dsl.runtime.finite import NonFiniteError
    from stripe_dsl.runtime.runner import ReportingRunner

    agent, run_dir = config.agent, partial.run_dir
    assert run_dir is not None
    assert partial.task_id is not None
    write_run_manifest(str(run_dir), library="rsl_rl", task=partial.task_id, metadata={"agent": request.agent})
    dump_train_configs(str(run_dir), config.env, agent)
    check_buffers = watch_buffers(display, request.package, request.tune_command)

    def report(iteration: Iteration) -> None:
        display.iteration(iteration)
        check_buffers()

    runner = ReportingRunner(env, to_dict(agent), str(run_dir), agent.device, on_iteration=report)
    for start in (request.teacher, request.resume):
        if start is not None:
            checkpoint = last_checkpoint(start)
            assert checkpoint is not None  # checked with the request
            problem = load_checkpoint(runner, checkpoint, agent.device)
            if problem is not None:
                return replace(partial, problems=(problem,))
    display.phase("training")
    started = time.monotonic()
    problems: tuple[Problem, ...] = ()
    status: Status = "done"
    with scoped_torch_backend_flags(
        cuda_matmul_allow_tf32=True, cudnn_allow_tf32=True, cudnn_deterministic=False, cudnn_benchmark=True
    ):
        try:
            runner.learn(agent.max_iterations, init_at_random_ep_len=agent.init_at_random_ep_len)
        except KeyboardInterrupt:
            status = "interrupted"
        except NonFiniteError as error:
            status, problems = "failed", (error.problem,)
    check_buffers()  # those of an iteration that did not end, of which they may be the reason
    if status != "done" and runner.logger.last is not None:
        runner.save_now()
    getattr(runner.logger.writer, "flush", lambda: None)()  # TensorBoard's events of an interrupted run
    return _result(runner, replace(partial, status=status, problems=problems), time.monotonic() - started)


def _result(runner: ReportingRunner, partial: TrainResult, seconds: float) -> TrainResult:
    assert partial.run_dir is not None
    last = runner.logger.last
    rewards, terminations = split_log(runner.logger.episodes.means())
    length, full = (last.mean_episode_length, last.max_episode_length) if last is not None else (None, None)
    best = partial.run_dir / BEST
    return replace(
        partial,
        checkpoint=last_checkpoint(partial.run_dir),
        best_checkpoint=best if best.exists() else None,
        iterations=runner.completed,
        mean_reward=last.mean_reward if last is not None else None,
        mean_episode_length=length,
        max_episode_length=full,
        rewards=rewards,
        terminations=terminations,
        solved=any(is_solved(mean, full, terminations) for mean in (length, runner.best_length)),
        seconds=seconds,
        steps_per_second=runner.logger.mean_steps_per_second,
    )


def _run_folder(log_root: Path, agent: Any) -> Path:
    name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S") + (f"_{agent.run_name}" if agent.run_name else "")
    parent = log_root.absolute() / "rsl_rl" / agent.experiment_name
    folder = parent / name
    suffix = 1
    while folder.exists():  # two runs in one second
        folder = parent / f"{name}_{suffix}"
        suffix += 1
    folder.mkdir(parents=True)
    return folder
