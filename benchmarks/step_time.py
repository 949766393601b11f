"""Times one control step: a generated task beside Isaac Lab's hand-written one and beside bare physics.

    python benchmarks/step_time.py --device cuda:0 --envs 4096
    python benchmarks/step_time.py --device cpu --envs 512 --steps 100

Every measurement runs in a process of its own, with random actions drawn before the clock starts. Bare physics is
the same number of physics steps of the generated task without reading or writing anything. The upstream tasks run with
the physics settings of the generated ones. Prints a table of medians in milliseconds and the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
TASKS = {"cartpole": ("Stripe-Cartpole", "Isaac-Cartpole-Direct"), "ant": ("Stripe-Ant", "Isaac-Ant-Direct")}


def worker(args: argparse.Namespace) -> None:
    """Measures one task and prints one JSON line."""
    import gymnasium
    import torch
    from isaaclab.app import launch_simulation
    from isaaclab_tasks.utils import resolve_task_config

    if args.package:
        from stripe_dsl.runtime.register import register_package

        register_package(Path(args.package))
    else:
        import isaaclab_tasks  # noqa: F401
    cfg = resolve_task_config(args.task, None, overrides=json.loads(args.overrides))[0]
    cfg.scene.num_envs, cfg.sim.device, cfg.seed = args.envs, args.device, 0
    cuda = args.device.startswith("cuda")

    def wait() -> None:
        if cuda:
            torch.cuda.synchronize()

    def timed(run: object) -> float:
        times = []
        for _ in range(args.repeats):
            wait()
            start = time.perf_counter()
            for step in range(args.steps):
                run(step)  # type: ignore[operator]
            wait()
            times.append((time.perf_counter() - start) / args.steps * 1e3)
        return statistics.median(times)

    with launch_simulation(cfg, {"device": args.device, "visualizer": ["none"]}):
        env = gymnasium.make(args.task, cfg=cfg).unwrapped
        env.reset()
        actions = torch.rand(64, args.envs, env.single_action_space.shape[0], device=args.device) * 2 - 1
        for step in range(20):
            env.step(actions[step])
        result = {"step": timed(lambda step: env.step(actions[step % 64]))}
        if args.package:
            substeps = env.cfg.decimation
            result["physics"] = timed(lambda step: [env.sim.step(render=False) for _ in range(substeps)])
        result["physics_cfg"] = _settings(env.cfg.sim.physics)
        env.close()
    print("RESULT " + json.dumps(result), flush=True)


def _settings(physics: object) -> dict:
    from isaaclab.utils import to_dict

    return json.loads(json.dumps(to_dict(physics), default=repr))


def measure(task: str, args: argparse.Namespace, package: Path | None, overrides: list[str], assets: Path) -> dict:
    """One worker process."""
    command = [sys.executable, __file__, "--worker", "--task", task, "--overrides", json.dumps(overrides)]
    command += ["--device", args.device, "--envs", str(args.envs)]
    command += ["--steps", str(args.steps), "--repeats", str(args.repeats)]
    command += ["--package", str(package)] if package else []
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "ISAACSIM_ASSET_ROOT": str(assets)}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=args.timeout, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise SystemExit(f"{task} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return json.loads(lines[-1].removeprefix("RESULT "))


def main() -> None:
    """Runs all workers and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--envs", type=int, default=512)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=580)
    parser.add_argument("--tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--package", help=argparse.SUPPRESS)
    parser.add_argument("--overrides", default="[]", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(args)
        return

    from tests.sim.differential import physics_overrides
    from tests.sim.upstream import make_assets

    assets = make_assets(Path(tempfile.mkdtemp()))
    print(f"{args.envs} environments on {args.device}, milliseconds a control step (median of {args.repeats})")
    print(f"{'task':10} {'physics':>9} {'generated':>10} {'upstream':>9} {'gen/physics':>12} {'gen/upstream':>13}")
    for name in args.tasks:
        ours_id, theirs_id = TASKS[name]
        ours = measure(ours_id, args, ROOT / "generated" / name, [], assets)
        theirs = measure(theirs_id, args, None, physics_overrides(ours["physics_cfg"]), assets)
        print(
            f"{name:10} {ours['physics']:9.3f} {ours['step']:10.3f} {theirs['step']:9.3f} "
            f"{ours['step'] / ours['physics']:12.2f} {ours['step'] / theirs['step']:13.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
