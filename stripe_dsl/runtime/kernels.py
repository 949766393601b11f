"""Warp's kernels at the first start on a machine: compiled side by side where they are known before, and counted."""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_MODULE_LOAD = re.compile(
    r"^\s*Module (?P<name>\S+) .*load on device '[^']*' took (?P<ms>[\d.]+) ms\s+\((?P<how>\w+)\)"
)
NEWTON = tuple(
    f"newton._src.{name}"
    for name in ("sim.articulation", "sim.collide", "utils.selection", "geometry.bvh", "geometry.broad_phase_nxn")
)
MUJOCO = tuple(
    f"mujoco_warp._src.{name}"
    for name in ("smooth", "sensor", "passive", "derivative", "forward", "io", "solver", "support")
)
KNOWN = (*MUJOCO, *NEWTON, "isaaclab_newton.assets.articulation.kernels")
"""Modules whose kernels every task with an articulation needs, and to which nothing is added when a model is made. The
dearest are first: half of the seconds of a first start."""


def compile_known(device: str) -> None:
    """Compile the kernels that are known to be needed, on all cores; loads those that are compiled already.

    Warp compiles a module when one of its kernels is launched first, one after the other. What a version of Newton
    does not have, or fails to compile here, is left to that.

    Args:
        device: ``cpu`` or ``cuda:<number>``.
    """
    import warp as wp

    modules = []
    for name in KNOWN:
        with suppress(ImportError, RuntimeError):
            importlib.import_module(name)
            modules.append(wp.get_module(name))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # the size of a block that kernels are launched with where nothing else is said, which is part of a module's name
    block = 1 if device == "cpu" else 256
    with suppress(Exception):
        wp.force_load(device, modules, block_dim=block, max_workers=min(cores, len(modules)))


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
