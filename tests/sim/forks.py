"""Processes for one simulation each, which begin with Isaac Lab imported.

Two simulations cannot live in one process, and importing Isaac Lab takes longer than most simulations of these tests.
Python's fork server imports it once; each simulation is a fork of that process.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import TimeoutExpired

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "torch",
    "warp",
    "newton",
    "mujoco_warp",
    "isaaclab.app",
    "isaaclab.envs",
    "isaaclab.sensors",
    "isaaclab_newton.physics.mjwarp_tendon_control",
    "isaaclab_rl.rsl_rl",
    "isaaclab_tasks.utils",
    "isaaclab_experimental.envs.frontend",
)
WITH_GPU = Path("/dev/nvidiactl").exists()
"""What is imported touches the GPU where there is one, and a fork cannot go on with that."""


def run(main: Callable[[Sequence[str]], None], argv: Sequence[str | Path], *, log: Path, timeout: float) -> int:
    """Call ``main(argv)`` in the project's folder, in a process of its own, and return the status of its exit.

    Args:
        main: a function of a module.
        log: file for what it prints.

    Raises:
        subprocess.TimeoutExpired: If it takes longer than ``timeout`` seconds.
    """
    # a single thread is several times faster on a small machine
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn" if WITH_GPU else "forkserver")
    if not WITH_GPU:
        context.set_forkserver_preload([*IMPORTED])
    words = [str(word) for word in argv]
    process = context.Process(target=_begin, args=(main, words, log))
    process.start()
    process.join(timeout)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutExpired(words, timeout)
    return process.exitcode


def _begin(main: Callable[[Sequence[str]], None], argv: list[str], log: Path) -> None:
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for output in (1, 2):
        os.dup2(stream, output)
    os.chdir(ROOT)
    sys.argv = [main.__module__, *argv]
    main(argv)
    sys.stdout.flush()
