"""What a forest costs in the simulator: to bake, to load, and in each step.

::

    python -m benchmarks.scene_sim --trees 10000 --each 300

Three environments of one quadruped task, each in a process of its own: on bare ground, on the same ground with trees
that were baked into one mesh, and with a configuration of Isaac Lab for each tree, which is how scenes are described by
hand (``AssetBaseCfg`` with ``CylinderCfg``). The last one is tried with fewer trees.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

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


def main() -> None:
    """Runs the three and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=300, help="trees of the environment with one configuration each")
    parser.add_argument("--envs", type=int, default=16)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options)))
        return
    print(f"{'':28} {'trees':>8} {'compile s':>10} {'build s':>9} {'step ms':>9}")
    for name in ("bare", "merged", "each"):
        command = [sys.executable, "-m", "benchmarks.scene_sim", "--one", name]
        for key in ("trees", "each", "envs", "steps", "device"):
            command += [f"--{key}", str(getattr(options, key))]
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=1200)
        if run.returncode:
            sys.exit(run.stderr[-3000:])
        found = json.loads(run.stdout.splitlines()[-1])
        line = "{label:28} {trees:8d} {compile:10.1f} {build:9.1f} {step:9.2f}"
        print(line.format(**found))


def one(options: argparse.Namespace) -> dict[str, Any]:
    """Compiles, builds and steps one of the three."""
    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import compile_file

    count = {"bare": 0, "merged": options.trees, "each": options.each}[options.one]
    edge = max(20.0, (PLACE * max(options.trees, 1)) ** 0.5 // 1)
    robots = ROOT / "examples" / "robots" / "quadruped.stripe"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "forest.stripe"
        trees = TREES.format(count=count) if count else ""
        source.write_text(SOURCE.format(robots=robots, edge=edge, trees=trees))
        begin = perf_counter()
        packages, diagnostics = compile_file(source, Path(folder), backends=("torch",))
        if not packages:
            sys.exit("\n".join(item.message for item in diagnostics))
        write(*packages)
        compiled = perf_counter() - begin
        sys.path.insert(0, folder)
        built, step = stepped(packages[0].folder, options)
    label = {"bare": "bare ground", "merged": "baked", "each": "a configuration for each"}[options.one]
    return {"label": label, "trees": count, "compile": compiled, "build": built, "step": step}


def stepped(folder: Path, options: argparse.Namespace) -> tuple[float, float]:
    """Seconds until an environment has been reset, and milliseconds of a control step."""
    from importlib import import_module

    import torch
    from isaaclab.app import launch_simulation

    package = import_module(folder.name)
    cfg = import_module(f"{package.__name__}.env_cfg").ForestEnvCfg()
    cfg.scene.num_envs = options.envs
    cfg.sim.device = options.device
    cfg.sim.physics = cfg.sim.physics.default
    if options.one == "each":
        add_each(cfg, folder)
    with launch_simulation(cfg, {"device": options.device, "visualizer": ["none"]}):
        begin = perf_counter()
        env = import_module(f"{package.__name__}.env").ForestEnv(cfg)
        env.reset()
        built = perf_counter() - begin
        actions = torch.zeros(options.envs, cfg.action_space, device=options.device)
        for _ in range(5):
            env.step(actions)
        begin = perf_counter()
        for _ in range(options.steps):
            env.step(actions)
        if options.device != "cpu":
            torch.cuda.synchronize()
        return built, 1000 * (perf_counter() - begin) / options.steps


def add_each(cfg: Any, folder: Path) -> None:
    """A configuration for each tree, in the places of the table; the merged ones are taken out of the stage."""
    import isaaclab.sim as sim_utils
    import numpy as np
    from isaaclab.assets import AssetBaseCfg
    from pxr import Usd

    stage = Usd.Stage.Open(str(folder / "assets" / "forest.usdc"))
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
