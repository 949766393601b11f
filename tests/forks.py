"""Processes that begin with Isaac Lab and the compiler imported.

Two simulations cannot live in one process, and importing Isaac Lab takes longer than most simulations of these tests.
Python's fork server imports it once; each run is a fork of that process.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

ROOT = Path(__file__).parents[1]
WITH_GPU = Path("/dev/nvidiactl").exists()
"""What is imported touches the GPU where there is one, and a fork cannot go on with that."""


def run(
    main: Callable[..., Any],
    argv: Sequence[str | Path],
    *,
    log: Path,
    timeout: float,
    errors: Path | None = None,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    name: str = "python",
) -> int:
    """Call ``main()`` in a process of its own, with ``argv`` in ``sys.argv``, and return the status of its exit.

    Args:
        main: a function of a module; it finds what it is told in ``sys.argv``, as a command does.
        name: of the command.
        log: file for what it prints.
        errors: file for what it prints to the standard error; ``log`` where it is absent.
        env: variables on top of those of this process.

    Raises:
        subprocess.TimeoutExpired: If it takes longer than ``timeout`` seconds.
    """
    # a single thread is several times faster on a small machine
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn" if WITH_GPU else "forkserver")
    if not WITH_GPU:
        context.set_forkserver_preload(["tests.preloaded"])
    words = [str(word) for word in argv]
    process = context.Process(target=_begin, args=(main, [name, *words], log, errors, cwd, dict(env or {})))
    process.start()
    process.join(timeout)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutExpired(words, timeout)
    return process.exitcode


def _begin(
    main: Callable[..., Any], argv: list[str], log: Path, errors: Path | None, cwd: Path, env: dict[str, str]
) -> None:
    from . import without_adjoints  # noqa: F401 - where the process is not a fork

    for number, file in ((1, log), (2, errors)):
        if file is not None:
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        else:
            os.dup2(1, number)
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = argv
    main()
    sys.stdout.flush()
