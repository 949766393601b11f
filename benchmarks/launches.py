"""What it costs to write pictures and height scans to the observations: a thread for each environment, or each member.

    python benchmarks/launches.py --device cpu
    python benchmarks/launches.py --device cuda:0

The kernels do what generated ones do with a colour picture (noise), its depth (clip, scale) and the hits of rays
(difference, noise, clip). Casting rays and drawing pictures is not in it. Times are the least of several runs.
"""

# pyright: reportArgumentType=false, reportAssignmentType=false, reportAttributeAccessIssue=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportIndexIssue=false, reportInvalidTypeForm=false
# pyright: reportOperatorIssue=false
# Warp compiles these functions, pyright does not know its arrays.
from __future__ import annotations

import argparse
import time
from typing import Any

import warp as wp

RUNS, LAUNCHES = 7, 20
PICTURES = {"cpu": ((64, 64 * 48), (512, 64 * 48)), "cuda": ((1024, 64 * 48), (1024, 84 * 84), (4096, 64 * 48))}
"""Environments and pixels."""
SCANS = {"cpu": ((64, 187), (512, 187)), "cuda": ((1024, 187), (4096, 187), (16384, 187))}
"""Environments and rays."""
BLOCK = 64
"""Threads in a block where there is one for each environment, as in generated environments."""


@wp.func
def clip(value: float, lower: float, upper: float):
    """As generated modules have it."""
    return wp.min(wp.max(value, lower), upper)


@wp.func
def write_pixel(
    out: wp.array2d(dtype=float),
    depth: wp.array2d(dtype=float),
    rgb: wp.array3d(dtype=wp.uint8),
    noise: wp.vec2,
    env: int,
    i: int,
    rng: wp.uint32,
):
    """Depth and colours of a pixel, channel after channel; returns the state of the generator."""
    count = depth.shape[1]
    out[env, i] = 0.2 * clip(depth[env, i], 0.0, 5.0)
    for channel in range(3):
        out[env, (channel + 1) * count + i] = float(rgb[env, i, channel]) / 255.0 + wp.randf(rng, noise[0], noise[1])
    return rng


@wp.kernel(enable_backward=False)
def picture_by_env(
    out: wp.array2d(dtype=float),
    depth: wp.array2d(dtype=float),
    rgb: wp.array3d(dtype=wp.uint8),
    noise: wp.vec2,
    states: wp.array(dtype=wp.uint32),
):
    """A thread loops over the picture."""
    env = wp.tid()
    rng = states[env]
    for i in range(depth.shape[1]):
        rng = write_pixel(out, depth, rgb, noise, env, i, rng)
    states[env] = rng


@wp.kernel(enable_backward=False)
def picture_by_pixel(
    out: wp.array2d(dtype=float),
    depth: wp.array2d(dtype=float),
    rgb: wp.array3d(dtype=wp.uint8),
    noise: wp.vec2,
    states: wp.array(dtype=wp.uint32),
):
    """Each pixel has a thread and a stream of random numbers."""
    env, i = wp.tid()
    write_pixel(out, depth, rgb, noise, env, i, wp.rand_init(int(states[env]), i))


@wp.kernel(enable_backward=False)
def scan_by_env(
    out: wp.array2d(dtype=float), hits: wp.array2d(dtype=wp.vec3), noise: wp.vec2, states: wp.array(dtype=wp.uint32)
):
    """A thread loops over the rays."""
    env = wp.tid()
    rng = states[env]
    for i in range(hits.shape[1]):
        out[env, i] = clip(0.5 - hits[env, i][2] + wp.randf(rng, noise[0], noise[1]), -1.0, 1.0)
    states[env] = rng


@wp.kernel(enable_backward=False)
def scan_by_ray(
    out: wp.array2d(dtype=float), hits: wp.array2d(dtype=wp.vec3), noise: wp.vec2, states: wp.array(dtype=wp.uint32)
):
    """Each ray has a thread and a stream of random numbers."""
    env, i = wp.tid()
    rng = wp.rand_init(int(states[env]), i)
    out[env, i] = clip(0.5 - hits[env, i][2] + wp.randf(rng, noise[0], noise[1]), -1.0, 1.0)


def milliseconds(kernel: Any, dim: Any, inputs: list[Any], **options: Any) -> float:
    """Of one launch, in a recorded graph as in a control step."""
    wp.launch(kernel, dim=dim, inputs=inputs, **options)  # compiles
    with wp.ScopedCapture() as capture:
        for _ in range(LAUNCHES):
            wp.launch(kernel, dim=dim, inputs=inputs, **options)
    times: list[float] = []
    for _ in range(RUNS):
        wp.synchronize()
        start = time.perf_counter()
        wp.capture_launch(capture.graph)
        wp.synchronize()
        times.append((time.perf_counter() - start) / LAUNCHES * 1e3)
    return min(times)


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", required=True, help="cpu, or cuda:<number>")
    device = parser.parse_args().device
    kind, noise = device.partition(":")[0], wp.vec2(-0.05, 0.05)
    with wp.ScopedDevice(device):
        for envs, count in PICTURES[kind]:
            states = wp.zeros(envs, dtype=wp.uint32)
            arrays = [wp.zeros((envs, 4 * count)), wp.zeros((envs, count)), wp.zeros((envs, count, 3), dtype=wp.uint8)]
            both = [
                milliseconds(picture_by_env, envs, [*arrays, noise, states], block_dim=BLOCK),
                milliseconds(picture_by_pixel, (envs, count), [*arrays, noise, states]),
            ]
            print(f"{envs:6,} pictures of {count:5,} pixels: by env {both[0]:.3f} ms, by pixel {both[1]:.3f} ms")
        for envs, count in SCANS[kind]:
            states = wp.zeros(envs, dtype=wp.uint32)
            arrays = [wp.zeros((envs, count)), wp.zeros((envs, count), dtype=wp.vec3)]
            both = [
                milliseconds(scan_by_env, envs, [*arrays, noise, states], block_dim=BLOCK),
                milliseconds(scan_by_ray, (envs, count), [*arrays, noise, states]),
            ]
            print(f"{envs:6,} scans of {count:5,} rays: by env {both[0]:.4f} ms, by ray {both[1]:.4f} ms")


if __name__ == "__main__":
    main()
