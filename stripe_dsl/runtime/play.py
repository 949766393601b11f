"""Playing a trained policy: how well it does, and exporting it for use elsewhere."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stripe_dsl.runtime.checkpoints import find_checkpoint
from stripe_dsl.runtime.console import OutputCapture
from stripe_dsl.runtime.launch import prepare_process
from stripe_dsl.runtime.problem import PackageError, Problem
from stripe_dsl.runtime.progress import Display
from stripe_dsl.runtime.register import AGENT, STUDENT
from stripe_dsl.runtime.session import Session, check_request, load_checkpoint, open_session
from stripe_dsl.runtime.summary import print_playing, report_failure
from stripe_dsl.runtime.video import Video, check_video, prepare_video

if TYPE_CHECKING:
    from rsl_rl.runners import OnPolicyRunner

    from stripe_dsl.runtime.finite import CheckedVecEnv

PLAY_ENVS = 64
"""Environments unless the user says how many."""


@dataclass(frozen=True)
class PlayRequest:
    """What to play.

    Attributes:
        package: Folder of the generated package.
        task_id: Gym id; None if the package registers only one.
        checkpoint: ``latest``, ``best``, a checkpoint, or the folder of a run.
        device: ``cpu``, ``cuda`` or ``cuda:<n>``; None takes the first GPU, else the CPU.
        num_envs: Number of environments.
        episodes: Episodes to play, rounded up to a multiple of the environments: each environment plays as many, so
            that short episodes do not count more often than long ones. None plays one in each.
        seconds: Simulated seconds to play instead of a number of episodes.
        seed: Seed; None takes the agent's.
        overrides: ``env.x.y=value`` and ``agent.z=value``.
        log_root: The folder that holds ``rsl_rl/<experiment>/<time>/``.
        physics: Name of a physics preset of the task; None takes its default.
        backend: ``torch`` or ``warp``; None takes Warp if the package has it and the physics is Newton, else torch.
        video: A file for a video of the first environment; then there is one environment unless the user says more.
        student: Whether to play a student that learnt from the agent.
        export: Whether to write ``exported/policy.pt`` and ``exported/policy.onnx`` beside the checkpoint.
        tune_command: What the user is told to type when a buffer was full; None says ``stripec tune <package>``.
    """

    package: Path
    task_id: str | None = None
    checkpoint: str = "latest"
    device: str | None = None
    num_envs: int | None = None
    episodes: int | None = None
    seconds: float | None = None
    seed: int | None = None
    overrides: list[str] = field(default_factory=list)
    log_root: Path = Path("logs")
    physics: str | None = None
    backend: str | None = None
    video: Path | None = None
    student: bool = False
    export: bool = True
    tune_command: str | None = None

    @property
    def agent(self) -> str:
        """Entry point of the configuration: that of the agent or of a student."""
        return STUDENT if self.student else AGENT


@dataclass(frozen=True)
class PlayResult:
    """What came of playing.

    Attributes:
        status: As for training: ``done``, ``interrupted``, ``failed`` or ``invalid``.
        problems: Why it failed or is invalid.
        task_id: The gym id.
        checkpoint: The checkpoint that was played.
        exported: The files that were exported.
        video: The video that was written.
        device: Where it ran.
        backend: The back end that it ran on, ``torch`` or ``warp``.
        num_envs: Number of environments.
        episodes: Episodes that were played to their end.
        mean_reward: Mean return of these episodes.
        mean_episode_length: Their mean length in control steps.
        max_episode_length: Length at which an episode is cut, in control steps.
        rewards: Mean reward per second of each term.
        terminations: Share of the episodes that ended for each reason, in 0..1.
    """

    status: Literal["done", "interrupted", "failed", "invalid"]
    problems: tuple[Problem, ...] = ()
    task_id: str | None = None
    checkpoint: Path | None = None
    exported: tuple[Path, ...] = ()
    video: Path | None = None
    device: str | None = None
    backend: str | None = None
    num_envs: int | None = None
    episodes: int = 0
    mean_reward: float | None = None
    mean_episode_length: float | None = None
    max_episode_length: int | None = None
    rewards: dict[str, float] = field(default_factory=dict)
    terminations: dict[str, float] = field(default_factory=dict)


def play(request: PlayRequest) -> PlayResult:
    """Play a checkpoint with the mean action of its policy, print how well it does, and export it.

    Nothing that goes wrong is raised; the caller prints the problems.
    """
    problems = check_play_request(request)
    if problems:
        return PlayResult("invalid", tuple(problems))
    prepare_process()
    with OutputCapture() as output, Display(output.stream) as display:
        try:
            result = _play(request, display)
        except KeyboardInterrupt:
            result = PlayResult("interrupted")
        except PackageError as error:
            result = PlayResult("invalid", (error.problem,))
        except Exception as error:
            result = PlayResult("failed", (report_failure(error, display, output),))
        display.close()
        if result.mean_reward is not None or result.exported:
            print_playing(display.console, result)
    return result


def check_play_request(request: PlayRequest) -> list[Problem]:
    """What is wrong with a request as far as can be seen without Isaac Lab."""
    problems = check_request(request)
    if request.checkpoint not in ("latest", "best"):
        found = find_checkpoint(request.checkpoint, request.log_root, "", "")
        problems += [found] if isinstance(found, Problem) else []
    if request.episodes is not None and request.seconds is not None:
        problems.append(Problem("play a number of episodes or of seconds, not both"))
    problems += check_video(request.video) if request.video is not None else []
    for name, value in (("episodes", request.episodes), ("seconds", request.seconds)):
        if value is not None and value <= 0:
            problems.append(Problem(f"the number of {name} must be positive, not {value}"))
    return problems


def _play(request: PlayRequest, display: Display) -> PlayResult:
    with contextlib.ExitStack() as stack:
        limited = replace(request, num_envs=request.num_envs or (PLAY_ENVS if request.video is None else 1))
        session = stack.enter_context(open_session(limited, display, play=True))
        if isinstance(session, list):
            return PlayResult("invalid", tuple(session))
        if request.video is not None:
            prepare_video(session.config.env)
        log_folder = request.log_root.absolute() / "rsl_rl" / session.config.agent.experiment_name
        checkpoint = find_checkpoint(request.checkpoint, log_folder, session.task_id, request.agent)
        if isinstance(checkpoint, Problem):
            return PlayResult("invalid", (checkpoint,))
        env = stack.enter_context(session.environment(checkpoint.parent))
        return _run_policy(request, session, env, checkpoint)


def _run_policy(request: PlayRequest, session: Session, env: CheckedVecEnv, checkpoint: Path) -> PlayResult:
    from isaaclab.utils import to_dict
    from rsl_rl.runners import OnPolicyRunner

    from stripe_dsl.runtime.buffers import watch_buffers
    from stripe_dsl.runtime.evaluate import evaluate

    agent, display = session.config.agent, session.display
    result = PlayResult(
        "done",
        task_id=session.task_id,
        checkpoint=checkpoint,
        device=session.device,
        backend=session.choice.backend,
        num_envs=env.num_envs,
    )
    runner = OnPolicyRunner(env, to_dict(agent), log_dir=None, device=agent.device)
    problem = load_checkpoint(runner, checkpoint, agent.device)
    if problem is not None:
        return replace(result, status="invalid", problems=(problem,))
    if request.export:
        display.phase("exporting the policy")
        result = replace(result, exported=export_policy(runner, checkpoint.parent / "exported"))
    display.phase("playing")
    check_buffers = watch_buffers(display, request.package, request.tune_command)
    policy: Any = runner.get_inference_policy(device=str(env.unwrapped.device))
    video = Video(request.video.absolute()) if request.video is not None else None
    if video is not None:
        video.open(env.unwrapped)
    rounds = -(-(request.episodes or env.num_envs) // env.num_envs)
    try:
        played = evaluate(
            env,
            policy,
            rounds=rounds,
            seconds=request.seconds,
            report=display.detail,
            after_step=video.after_step if video is not None else _nothing,
        )
    finally:
        check_buffers()
    if video is not None:
        display.phase("writing the video")
    return replace(
        result,
        video=video.save() if video is not None else None,
        status="interrupted" if played.interrupted else "done",
        episodes=played.episodes,
        mean_reward=played.mean_reward,
        mean_episode_length=played.mean_length,
        max_episode_length=int(env.max_episode_length),
        rewards=played.rewards,
        terminations=played.terminations,
    )


def _nothing() -> None:
    pass


def export_policy(runner: OnPolicyRunner, folder: Path) -> tuple[Path, ...]:
    """Write the policy as TorchScript (``policy.pt``) and ONNX (``policy.onnx``) for one observation at a time."""
    runner.export_policy_to_jit(str(folder), "policy.pt")
    runner.export_policy_to_onnx(str(folder), "policy.onnx")
    return folder / "policy.pt", folder / "policy.onnx"
