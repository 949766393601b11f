"""Where the time of one control step goes.

    python benchmarks/profile_step.py --task ant --backend warp --device cuda:0 --envs 4096
    python benchmarks/profile_step.py --task ant --backend torch --side upstream --device cpu --envs 512

On a GPU: the time of a step on the clock, the time until Python has issued its work, how long kernels run, how many
there are, and how long the device has nothing to do; the same for bare physics, and the kernels that take most. Time
on the clock is measured without the profiler. Kernels come from CUPTI, which may not see those in the bodies of a
CUDA graph's loops: where physics is busy for much less than its time on the clock, compare the differences of the two
columns. On a CPU: the functions that take most.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.environments import TASKS, built, configuration
from benchmarks.worker import Stepper

type Kernel = tuple[str, float, float]
"""Name, begin and end [us]."""


def busy(kernels: Iterable[Kernel]) -> float:
    """Microseconds in which at least one kernel runs."""
    total, until = 0.0, float("-inf")
    for _, begin, end in sorted(kernels, key=lambda kernel: kernel[1]):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def kernels_of(stepper: Stepper, work: Callable[[], Any], steps: int) -> list[Kernel]:
    """What the GPU ran, copies and fills included, in ``steps`` calls."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as recorded:
        stepper.timed(work, steps)
    events = [event for event in recorded.events() or () if event.device_type.name == "CUDA"]
    return [
        (event.name, event.time_range.start, event.time_range.end) for event in events if not event.is_user_annotation
    ]


def issue_ms(stepper: Stepper, work: Callable[[], Any], steps: int) -> float:
    """Milliseconds a call until Python goes on, which is before the device is done."""
    stepper.wait()
    start = time.perf_counter()
    for _ in range(steps):
        work()
    seconds = time.perf_counter() - start
    stepper.wait()
    return seconds / steps * 1e3


def on_gpu(stepper: Stepper, steps: int, top: int) -> None:
    """Print the columns for a step and for bare physics, and the kernels of a step."""
    columns: dict[str, list[float]] = {}
    found: dict[str, list[Kernel]] = {}
    for name, work in (("step", stepper.step), ("physics", stepper.physics)):
        stepper.run(10)
        clock = stepper.timed(work, steps) / steps * 1e3
        stepper.run(10)
        issued = issue_ms(stepper, work, steps)
        stepper.run(10)
        found[name] = kernels_of(stepper, work, steps)
        running = sum(end - begin for _, begin, end in found[name]) / steps / 1e3
        occupied = busy(found[name]) / steps / 1e3
        columns[name] = [clock, issued, running, occupied, clock - occupied, len(found[name]) / steps]
    rows = (
        "on the clock [ms]",
        "issued by Python [ms]",
        "kernels, summed [ms]",
        "GPU busy [ms]",
        "GPU idle [ms]",
        "kernels and copies",
    )
    print(f"{'a control step':24} {'step':>9} {'physics':>9} {'rest':>9}")
    for i, name in enumerate(rows):
        step, physics = columns["step"][i], columns["physics"][i]
        print(f"{name:24} {step:9.3f} {physics:9.3f} {step - physics:9.3f}")
    times: defaultdict[str, list[float]] = defaultdict(list)
    for name, begin, end in found["step"]:
        times[name].append(end - begin)
    print(f"\n{'us a step':>9} {'times':>6}  kernel")
    for name, each in sorted(times.items(), key=lambda item: -sum(item[1]))[:top]:
        print(f"{sum(each) / steps:9.1f} {len(each) / steps:6.1f}  {name[:120]}")


def on_cpu(stepper: Stepper, steps: int, top: int) -> None:
    """Print the time of a step and of bare physics, and the functions of a step by their own time."""
    clock = stepper.timed(stepper.step, steps) / steps * 1e3
    stepper.run(4)
    physics = stepper.timed(stepper.physics, steps) / steps * 1e3
    stepper.run(4)
    print(f"on the clock: {clock:.3f} ms a step, {physics:.3f} ms of them bare physics; with the profiler:")
    profiler = cProfile.Profile()
    profiler.runcall(stepper.timed, stepper.step, steps)
    pstats.Stats(profiler, stream=sys.stdout).strip_dirs().sort_stats("tottime").print_stats(top)


def main() -> None:
    """Build the environment, warm it up, and print where its time goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=list(TASKS), default="ant")
    parser.add_argument("--backend", choices=("torch", "warp"), default="warp")
    parser.add_argument("--side", choices=("ours", "upstream"), default="ours")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--envs", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=50, help="steps that are looked at")
    parser.add_argument("--warm-up", type=int, default=100, help="steps before them")
    parser.add_argument("--top", type=int, default=25, help="kernels or functions that are listed")
    args = parser.parse_args()
    del sys.argv[1:]  # Isaac Lab reads it
    os.environ["OMP_NUM_THREADS"] = "1"  # as run.py does, before torch is imported
    import torch

    from tests.sim.upstream import make_assets

    with tempfile.TemporaryDirectory() as folder:
        os.environ["ISAACSIM_ASSET_ROOT"] = str(make_assets(Path(folder)))
        config = configuration(args.task, f"{args.side}_{args.backend}", args.device, args.envs)
        with built(config) as env, torch.inference_mode():
            stepper = Stepper(env)
            stepper.run(args.warm_up)
            look = on_gpu if stepper.cuda else on_cpu
            look(stepper, args.steps, args.top)


if __name__ == "__main__":
    main()
