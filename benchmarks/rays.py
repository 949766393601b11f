"""What it costs that rays see what moves in a scene: the bounding volumes are refitted, and hold more.

    python benchmarks/rays.py --device cpu --envs 16
    python benchmarks/rays.py --device cuda:0 --envs 4096

One quadruped task with a height scan, in a scene with crates that can be pushed. Prints milliseconds of a control step,
of the refit and of the rays within it, and of rays that see what stands still alone. Least of several runs, and CPU
time beside it, which says more where a machine is shared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).parents[1]
RUNS = 3
SOURCE = """
import "{robots}" as robots
scene heap {{
  size 30 m x 30 m
  seed 3
  terrain ground {{ fractal height 50 cm, feature 10 m; grid 25 cm }}
  zone start = circle 3 m at spawn
  place rocks {{ assets rock {{ radius 40 cm }}; grid 6 x 6 spaced (4, 4) m at (5, 6) m; avoid start by 1 m }}
  scatter crates {{
    assets box {{ size (0.4, 0.4, 0.3) m }}
    count {count}
    spacing 1 m
    avoid start by 50 cm, rocks by 50 cm
    kind rigid
    mass 3 kg
  }}
}}
task Heap {{
  robot dog = robots.quadruped
  scene heap
  sim {{ physics 200 Hz; control 50 Hz; episode 20 s; envs 16 }}
  sensor scan = height_scan(base) {{ size (1.6, 1) m; spacing 10 cm; above 1 m }}
  action legs = position(joints) scale 0.25 rad offset default
  observe policy {{ scan.height; joints.pos - default; joints.vel }}
  reward per second {{ alive = 1.0 }}
  terminate {{ timeout }}
}}
"""


def main() -> None:
    """Reads the arguments, and measures in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", required=True, help="cpu, or cuda:<number>")
    parser.add_argument("--envs", type=int, default=16)
    parser.add_argument("--crates", type=int, default=24)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import compile_file

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "heap.stripe"
        robots = ROOT / "examples" / "robots" / "quadruped.stripe"
        source.write_text(SOURCE.format(robots=robots, count=options.crates))
        packages, diagnostics = compile_file(source, Path(folder), backends=("warp",))
        if not packages:
            sys.exit("\n".join(item.message for item in diagnostics))
        write(*packages)
        sys.path.insert(0, folder)
        measure(packages[0].folder.name, options)


def measure(package: str, options: argparse.Namespace) -> None:
    """Prints a line for each part."""
    import newton
    import torch
    import warp as wp
    from isaaclab.app import launch_simulation
    from isaaclab_newton.physics import NewtonQueries

    cfg = import_module(f"{package}.env_cfg").HeapEnvCfg()
    cfg.scene.num_envs, cfg.sim.device = options.envs, options.device
    cfg.sim.physics = cfg.sim.physics.default
    with launch_simulation(cfg, {"device": options.device, "visualizer": ["none"]}):
        env: Any = import_module(f"{package}.env_warp").HeapWarpEnv(cfg)
        env.reset()
        actions = torch.zeros(options.envs, cfg.action_space, device=options.device)
        scan = env.scan
        rays: dict[str, Any] = {"ray_origins": scan._ray_starts_w_flat, "ray_directions": scan._ray_directions_w_flat}
        out: dict[str, Any] = {"out_dist": wp.zeros_like(scan._hit_dist), "out_normal": wp.zeros_like(scan._hit_normal)}
        shared = wp.full(len(scan._ray_worlds), -1, dtype=wp.int32, device=options.device)
        whole = scan.backend._backend.model

        def still() -> None:
            newton.intersect_ray(whole, **rays, **out, ray_worlds=shared, enable_global_world=False)

        def moving() -> None:
            newton.intersect_ray(scan.backend.model, **rays, **out, ray_worlds=scan._ray_worlds)

        print(f"{options.envs} environments, {options.crates} crates each, {scan.num_rays} rays, {options.device}")
        show("refit", lambda: NewtonQueries._refit_bvh(scan.backend), 20)
        show("rays, with what moves", moving, 20)
        show("rays, what stands still", still, 20)
        show("control step", lambda: env.step(actions), 3)


def show(title: str, work: Callable[[], Any], times: int) -> None:
    """Prints milliseconds of one call, on the clock and of the CPU: the least of several runs."""
    import warp as wp

    work()
    found: list[tuple[float, float]] = []
    for _ in range(RUNS):
        wp.synchronize()
        clock, cpu = perf_counter(), process_time()
        for _ in range(times):
            work()
        wp.synchronize()
        found.append((perf_counter() - clock, process_time() - cpu))
    clock, cpu = (1000 / times * min(column) for column in zip(*found, strict=True))
    print(f"{title:24} {clock:8.3f} ms, CPU {cpu:8.3f} ms", flush=True)


if __name__ == "__main__":
    main()
