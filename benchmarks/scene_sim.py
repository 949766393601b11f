"""What a forest costs in the simulator: to bake, to load, and in each step.

::

    python benchmarks/scene_sim.py --write

One quadruped task, in processes of their own: on bare ground, on the same ground with trees that were baked into one
mesh, and with a configuration of Isaac Lab for each tree, which is how scenes are described by hand (``AssetBaseCfg``
with ``CylinderCfg``). CPU time says more than the time on the clock where a machine is shared. ``--write`` keeps the
numbers in ``benchmarks/results/scenes`` and puts the table into ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.page import DOCUMENT, cpu_name, replaced

ROOT = Path(__file__).parents[1]
SOURCE = """
import "{robots}" as robots
scene forest {{
  size {edge:g} m x {edge:g} m
  seed 3
  terrain ground {{ fractal height 2 m, feature 10 m; grid 25 cm }}
  zone start = circle 3 m at spawn
{trees}
}}
task Forest {{
  robot dog = robots.quadruped
  scene forest
  sim {{ physics 200 Hz; control 50 Hz; episode 20 s; envs 16 }}
  sensor scan = height_scan(base) {{ size (1.6, 1) m; spacing 10 cm; above 1 m }}
  action legs = position(joints) scale 0.25 rad offset default
  observe policy {{ scan.height; joints.pos - default; joints.vel }}
  reward per second {{ alive = 1.0 }}
  terminate {{ timeout }}
  reset {{ base.pos.xy = default + (+-0.5 m) }}
  train ppo {{ steps 16; iterations 1; actor 32 elu; critic 32 elu }}
}}
"""
TREES = """  trees canopy {{
    avoid start by 1 m
    solid trunk 25 cm
    species pine {{ assets conifer {{ height 10 m; radius 1.2 m; variety 4 }}; count {count}; spacing 1 m }}
  }}"""
PLACE = 10.0
"""Ground for each tree [m^2]."""
CASES = (
    ("bare", 1000, 0),
    ("baked", 1000, 1000),
    ("each", 1000, 100),
    ("each", 1000, 300),
    ("bare", 10_000, 0),
    ("baked", 10_000, 10_000),
)
"""How trees are there, for how many there is ground, and how many there are; bare ground is what others go by."""
TITLES = {"bare": "bare ground", "baked": "trees baked", "each": "a configuration for each tree"}
RESULTS = ROOT / "benchmarks" / "results" / "scenes" / "sim_cpu.json"


def main() -> None:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", type=int, default=16)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--timeout", type=float, default=600.0, help="of a process [s]")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--worker", type=int, choices=range(len(CASES)), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        print(json.dumps(one(options)))
        return
    rows = [measured(number, options) for number in range(len(CASES))]
    results = {"cpu": cpu_name(), "envs": options.envs, "steps": options.steps, "rows": rows}
    text = table(results)
    print(text)
    if options.write:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), "scene_sim", text), encoding="utf-8")


def measured(number: int, options: argparse.Namespace) -> dict[str, Any]:
    """One of the cases in a process of its own; says why it has no numbers where it does not end."""
    command = [sys.executable, __file__, "--worker", str(number), "--device", options.device]
    command += ["--envs", str(options.envs), "--steps", str(options.steps)]
    kind, ground, trees = CASES[number]
    row: dict[str, Any] = {"kind": kind, "ground": ground, "trees": trees, "load": round(os.getloadavg()[0], 1)}
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=env, check=True, timeout=options.timeout
        )
    except subprocess.TimeoutExpired:
        return row | {"error": f"not done in {options.timeout:g} s"}
    except subprocess.CalledProcessError as problem:
        sys.exit(problem.stderr[-3000:])
    row |= json.loads(run.stdout.splitlines()[-1])
    print(row, file=sys.stderr, flush=True)
    return row


def table(results: dict[str, Any]) -> str:
    """The table of the page."""
    rows = results["rows"]
    bare = {row["ground"]: row for row in rows if row["kind"] == "bare"}
    loads = [row["load"] for row in rows]
    lines = [
        f"{results['cpu']}, load {min(loads)} to {max(loads)}; {results['envs']} environments,",
        f"{results['steps']} steps, one process each. Factors are of CPU time, by bare ground of the same size.",
        "",
        "| | ground | trees | build s | CPU s | factor | step ms | CPU ms | factor |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        head = f"| {TITLES[row['kind']]} | {edge_of(row['ground']):g} m | {row['trees']:,} |"
        base = bare[row["ground"]]
        if "error" in row:
            lines.append(f"{head} {row['error']} | | | | | |")
            continue
        factors = [f"{row[key] / base[key]:.2f}" if key in base else "-" for key in ("build_cpu_s", "step_cpu_ms")]
        lines.append(
            f"{head} {row['build_s']:.1f} | {row['build_cpu_s']:.1f} | {factors[0]} "
            f"| {row['step_ms']:.1f} | {row['step_cpu_ms']:.1f} | {factors[1]} |"
        )
    return "\n".join(lines) + "\n"


def edge_of(trees: int) -> float:
    """The edge of a ground for that many trees [m]."""
    return (PLACE * trees) ** 0.5 // 1


def one(options: argparse.Namespace) -> dict[str, float]:
    """Compiles, builds and steps one of the cases, in this process."""
    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import compile_file

    kind, ground, count = CASES[options.worker]
    robots = ROOT / "examples" / "robots" / "quadruped.stripe"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "forest.stripe"
        trees = TREES.format(count=count) if count else ""
        source.write_text(SOURCE.format(robots=robots, edge=edge_of(ground), trees=trees))
        packages, diagnostics = compile_file(source, Path(folder), backends=("torch",))
        if not packages:
            sys.exit("\n".join(item.message for item in diagnostics))
        write(*packages)
        sys.path.insert(0, folder)
        return stepped(packages[0].folder, kind == "each", options)


def stepped(folder: Path, each: bool, options: argparse.Namespace) -> dict[str, float]:
    """Seconds until an environment has been reset, and milliseconds of a control step."""
    from importlib import import_module

    import torch
    from isaaclab.app import launch_simulation

    package = import_module(folder.name)
    cfg = import_module(f"{package.__name__}.env_cfg").ForestEnvCfg()
    cfg.scene.num_envs = options.envs
    cfg.sim.device = options.device
    cfg.sim.physics = cfg.sim.physics.default
    if each:
        add_each(cfg, folder)
    with launch_simulation(cfg, {"device": options.device, "visualizer": ["none"]}):
        clock, cpu = perf_counter(), process_time()
        env = import_module(f"{package.__name__}.env").ForestEnv(cfg)
        env.reset()
        found = {"build_s": perf_counter() - clock, "build_cpu_s": process_time() - cpu}
        actions = torch.zeros(options.envs, cfg.action_space, device=options.device)
        for _ in range(5):
            env.step(actions)
        clock, cpu = perf_counter(), process_time()
        for _ in range(options.steps):
            env.step(actions)
        if options.device != "cpu":
            torch.cuda.synchronize()
        ms = 1000 / options.steps
        return found | {"step_ms": ms * (perf_counter() - clock), "step_cpu_ms": ms * (process_time() - cpu)}


def add_each(cfg: Any, folder: Path) -> None:
    """A configuration for each tree, in the places of the table; the merged ones are taken out of the stage."""
    import isaaclab.sim as sim_utils
    import numpy as np
    from isaaclab.assets import AssetBaseCfg
    from pxr import Usd

    stage: Any = Usd.Stage.Open(str(folder / "assets" / "forest.usdc"))
    stage.RemovePrim("/Scene/Solids/canopy")
    stage.GetRootLayer().Save()
    with np.load(folder / "assets" / "forest.npz") as table:
        places = table["canopy/position"]
    for number, (x, y, z) in enumerate(places.tolist()):
        tree = AssetBaseCfg(
            prim_path=f"/World/Tree_{number}",
            collision_group=-1,
            spawn=sim_utils.CylinderCfg(
                radius=0.125, height=5.0, collision_props=sim_utils.UsdPhysicsCollisionCfg(collision_enabled=True)
            ),
            init_state=AssetBaseCfg.InitialStateCfg(pos=(x, y, z + 2.5)),
        )
        setattr(cfg.scene, f"tree_{number}", tree)


if __name__ == "__main__":
    main()
