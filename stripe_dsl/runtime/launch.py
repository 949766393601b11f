"""Preparing the process, choosing the device, and launching Isaac Lab without Kit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from stripe_dsl.runtime.problem import Problem


def prepare_process() -> None:
    """Set what torch and Warp read when they, or modules with kernels, are imported; call it before any of that.

    PPO's networks are small: with a thread per core, the update of a 32 x 32 network spends most of its time waiting
    for its own threads, and one thread is several times faster. The user's own settings win.

    Nothing here differentiates through the simulator, and Warp's kernels without their adjoints are compiled in 0.6 of
    the time. A module of kernels takes that setting over when it is imported, as Isaac Lab's own commands do.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(max(1, min(4, cores // 4)))
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, threads)
    with suppress(ImportError):  # the command says so when it imports Isaac Lab
        import warp as wp

        wp.config.enable_backward = False


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


def serve_pinned_memory() -> None:
    """Let Warp's pinned arrays be ordinary ones where there is no CUDA driver to pin them.

    Isaac Lab's assets on PhysX stage properties through pinned memory on a CPU, too. Pinning makes copies to a GPU
    faster and is nothing else, but without a driver Warp answers "Failed to allocate 64 bytes on device 'cpu'".
    """
    import warp as wp

    if not wp.is_cuda_available():
        cpu: Any = wp.get_device("cpu")
        cpu.pinned_allocator = cpu.default_allocator


@contextmanager
def simulation(env_cfg: Any, device: str) -> Iterator[None]:
    """Launch what ``env_cfg`` needs to simulate, without windows, and close it again.

    Args:
        env_cfg: The environment's configuration with its presets resolved; ``sim.device`` is set to ``device``.
        device: ``cpu`` or ``cuda:<number>``.
    """
    from isaaclab.app import launch_simulation

    env_cfg.sim.device = device
    serve_pinned_memory()
    with launch_simulation(env_cfg, {"device": device, "visualizer": ["none"]}):
        yield
