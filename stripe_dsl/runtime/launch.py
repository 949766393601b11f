"""Preparing the process, choosing the device, and launching Isaac Lab without Kit."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from stripe_dsl.runtime.problem import Problem

_MODULE_LOAD = re.compile(
    r"^\s*Module (?P<name>\S+) .*load on device '[^']*' took (?P<ms>[\d.]+) ms\s+\((?P<how>\w+)\)"
)


def prepare_process() -> None:
    """Set what torch reads when it is imported; call it before anything imports torch. The user's own settings win.

    PPO's networks are small: with a thread per core, the update of a 32 x 32 network spends most of its time waiting
    for its own threads, and one thread is several times faster.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(max(1, min(4, cores // 4)))
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, threads)


def choose_device(requested: str | None = None) -> str | Problem:
    """The device to simulate and learn on: what was asked for, else the first GPU, else the CPU."""
    import torch

    if requested is None:
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    if requested == "cpu":
        return requested
    match = re.fullmatch(r"cuda(?::(\d+))?", requested)
    if match is None:
        return Problem(f"there is no device {requested!r}", ("devices are cpu, cuda and cuda:<number>",))
    index = int(match.group(1) or 0)
    available = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if index >= available:
        found = f"torch finds {available} CUDA device{'s' if available != 1 else ''}"
        return Problem(f"there is no device {requested!r}", (f"{found}; leave the device out to use the CPU",))
    return f"cuda:{index}"


@dataclass
class KernelReport:
    """Counts the Warp modules that are compiled or loaded, and says so while they are.

    Compiling takes most of the first start (about a minute), silently. Warp tells its logger when a module is done, so
    the report names the last one.

    Attributes:
        report: Takes what is said.
        compiled: Modules that were compiled.
        cached: Modules that were loaded from the cache.
        seconds: Time that all of them took.
    """

    report: Callable[[str], None]
    compiled: int = field(default=0, init=False)
    cached: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)

    def message(self, text: str) -> None:
        """Take a line of Warp's log."""
        match = _MODULE_LOAD.match(text)
        if match is None:
            return
        self.seconds += float(match["ms"]) / 1e3
        name = short_module_name(match["name"])
        if match["how"] == "compiled":
            self.compiled += 1
        else:
            self.cached += 1
        if self.compiled:
            self.report(f"compiling kernels {self.compiled} ({name})")
        else:
            self.report(f"loading kernels {self.cached} ({name})")


def short_module_name(name: str) -> str:
    """``newton._src.solvers.mujoco.kernels`` as ``newton mujoco.kernels``: the library, and where in it.

    A kernel that Warp made a module of its own has a hash in its name, and perhaps ``__locals__``: both are left out.
    """
    name = re.sub(r"_[0-9a-f]{8}$", "", name).replace("__locals__", " ").strip("_")
    parts = [part for part in name.split(".") if part not in ("_src", "src")]
    return parts[0] if len(parts) == 1 else f"{parts[0]} {'.'.join(parts[1:][-2:])}"


class _WarpLogger:
    """Warp's logger protocol: lines go to standard output as before, and to the kernel report."""

    def __init__(self, kernels: KernelReport) -> None:
        self._kernels = kernels

    def debug(self, message: str) -> None:
        sys.stdout.write(message + "\n")

    def info(self, message: str) -> None:
        sys.stdout.write(message + "\n")
        self._kernels.message(message)

    def warning(self, message: str, category: type[Warning] | None = None, stacklevel: int = 1) -> None:
        warnings.warn(message, category, stacklevel=stacklevel)

    def error(self, message: str) -> None:
        sys.stderr.write(f"Warp Error: {message}\n")


@contextmanager
def kernel_report(report: Callable[[str], None]) -> Iterator[KernelReport]:
    """Report the kernels that Warp compiles or loads while the context is open; needs Isaac Lab, not a simulator."""
    import isaaclab.utils.warp  # noqa: F401 - makes Warp quiet when it is imported, and then Warp logs no module
    import warp as wp

    previous = wp.get_logger()
    kernels = KernelReport(report)
    wp.set_logger(_WarpLogger(kernels))
    levels = _set_levels(False, wp.LOG_INFO)
    try:
        yield kernels
    finally:
        _set_levels(*levels)
        wp.set_logger(previous)


def _set_levels(quiet: bool, log_level: int) -> tuple[bool, int]:
    """Set how much Warp logs, and return what it was. ``quiet`` is deprecated, but Isaac Lab uses it."""
    import warp as wp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        before = (wp.config.quiet, wp.config.log_level)
        wp.config.quiet, wp.config.log_level = quiet, log_level
    return before


@contextmanager
def simulation(env_cfg: Any, device: str) -> Iterator[None]:
    """Launch what ``env_cfg`` needs to simulate, without windows, and close it again.

    Args:
        env_cfg: The environment's configuration with its presets resolved; ``sim.device`` is set to ``device``.
        device: ``cpu`` or ``cuda:<number>``.
    """
    from isaaclab.app import launch_simulation

    env_cfg.sim.device = device
    with launch_simulation(env_cfg, {"device": device, "visualizer": ["none"]}):
        yield
