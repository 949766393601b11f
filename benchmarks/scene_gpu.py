"""What a forest costs many robots in each step, in each of the ways in which it can be given to the simulator.

::

    python benchmarks/scene_gpu.py --device cuda:0 --results forest.json
    python benchmarks/scene_gpu.py --results forest.json --write
    python benchmarks/scene_gpu.py --device cpu --envs 16 --trees 200 --rocks 100

One task, a quadruped with contacts and a height scan that takes random actions until it falls, spread over a scene:

- a plane, which the others are compared with;
- merged meshes (the ground, all trunks, all rocks) as Newton takes them by itself;
- the same with the launches of the generated package, and then with its broad phase, too (see ``collisions.py`` in it);
- and with a height field instead of the mesh of the ground.

``benchmarks/scene_forms.py`` has other forms of what collides, in smaller scenes.

Each in a process of its own, in the Warp environment. The first form measures and keeps the numbers in a file; the
second puts them into ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.page import DOCUMENT, cpu_name, replaced

ROOT = Path(__file__).parents[1]
SCENE = """
scene forest {{
  size {edge} m x {edge} m
  seed 3
  terrain ground {{ fractal height 2 m, feature 10 m; grid 25 cm }}
  zone start = box {room} m x {room} m at spawn
  trees canopy {{
    solid trunk 25 cm
    species pine {{ assets conifer {{ height 10 m; radius 1.2 m; variety 4 }}; count {trees}; spacing 1 m }}
  }}
  scatter rocks {{ assets rock {{ radius 30 cm; variety 4 }}; count {rocks}; spacing 1 m; pose sink 30 % }}
}}
"""
TASK = """import "{robots}" as robots
{scene}
task Forest {{
  robot dog = robots.quadruped
  scene {place}
  sim {{ physics 200 Hz; control 50 Hz; episode 20 s; envs 16; constraints 60; contacts 20 }}
  sensor scan = height_scan(base) {{ size (1.6, 1) m; spacing 10 cm; above 1 m }}
  sensor touch = contacts(bodies) history 2
  action legs = position(joints) scale 0.25 rad offset default
  observe policy {{ scan.height; joints.pos - default; joints.vel }}
  reward per second {{ alive = 1.0 }}
  terminate {{ fallen = touch[base].peak > 1 N; timeout }}
  reset {{ base.pos.xy = {start}; base.yaw = +-180 deg }}
  train ppo {{ steps 16; iterations 1; actor 32 elu; critic 32 elu }}
}}
"""
PLACE = 10.0
"""Ground for each tree [m^2]."""
CASES = {
    "plane": "a plane",
    "newton": "merged meshes, as Newton takes them",
    "launches": "the same, smaller launches",
    "generated": "the same, and the generated broad phase",
    "field": "as generated, the ground as a height field",
}


def main() -> None:
    """Reads the arguments and measures, or writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--envs", type=int, default=4096)
    parser.add_argument("--trees", type=int, default=10_000)
    parser.add_argument("--rocks", type=int, default=5_000)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--seconds", type=float, default=8.0, help="of timed steps in a case")
    parser.add_argument("--timeout", type=float, default=240.0, help="of a case [s]")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "scenes" / "forest_gpu.json")
    parser.add_argument("--write", action="store_true", help="put what was measured into docs/performance.md")
    parser.add_argument("--worker", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        sys.argv[1:] = []  # Isaac Lab reads it
        print("RESULT " + json.dumps(one(options)), flush=True)
        return
    if options.write:
        text = table(json.loads(options.results.read_text(encoding="utf-8")))
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), "scene_gpu", text), encoding="utf-8")
        print(text)
        return
    rows = [row for case in options.cases if (row := measured(case, options)) is not None]
    names = ("device", "envs", "trees", "rocks")
    results = {name: getattr(options, name) for name in names} | {"host": cpu_name(), "rows": rows}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))


def measured(case: str, options: argparse.Namespace) -> dict[str, Any] | None:
    """One of the cases in a process of its own; None, and a word, where it does not end well."""
    command = [sys.executable, __file__, "--worker", case]
    for name in ("device", "envs", "trees", "rocks", "seconds"):
        command += [f"--{name}", str(getattr(options, name))]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=env, check=True, timeout=options.timeout
        )
    except subprocess.TimeoutExpired:
        print(f"{case}: not done in {options.timeout:g} s", file=sys.stderr, flush=True)
        return None
    except subprocess.CalledProcessError as problem:
        print(f"{case}:\n{problem.stdout[-1500:]}\n{problem.stderr[-3000:]}", file=sys.stderr, flush=True)
        return None
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    row = {"case": case, **json.loads(line.removeprefix("RESULT "))}
    print(row, file=sys.stderr, flush=True)
    return row


def table(results: dict[str, Any]) -> str:
    """The table of the page."""
    rows = results["rows"]
    plane = next((row for row in rows if row["case"] == "plane"), None)
    lines = [
        f"{rows[0]['name']}; {results['envs']:,} robots, {results['trees']:,} trees and {results['rocks']:,} rocks.",
        "",
        "| | build s | step ms | by plane | physics ms | by plane | pairs with meshes | contacts |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        factors = [f"{row[key] / plane[key]:.2f}" if plane else "-" for key in ("step_ms", "physics_ms")]
        lines.append(
            f"| {CASES[row['case']]} | {row['build_s']:.1f} | {row['step_ms']:.2f} | {factors[0]} "
            f"| {row['physics_ms']:.2f} | {factors[1]} | {row['mesh_pairs']:,} | {row['contacts']:,} |"
        )
    return "\n".join(lines) + "\n"


def one(options: argparse.Namespace) -> dict[str, Any]:
    """Compiles, builds and steps one of the cases, in this process."""
    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import compile_file

    plane = options.worker == "plane"
    edge = int((PLACE * options.trees) ** 0.5)
    numbers = {"edge": edge, "room": edge - 20, "trees": options.trees, "rocks": options.rocks}
    words = {
        "robots": ROOT / "examples" / "robots" / "quadruped.stripe",
        "scene": "" if plane else SCENE.format(**numbers),
        "place": "{ ground plane friction 1; light dome }" if plane else "forest",
        "start": "default + (+-0.5 m)" if plane else "start.point",
    }
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "forest.stripe"
        source.write_text(TASK.format(**words))
        packages, diagnostics = compile_file(source, Path(folder))
        if not packages:
            sys.exit("\n".join(item.message for item in diagnostics))
        write(*packages)
        if options.worker == "field":
            make_field(packages[0].folder / "assets" / "forest.usdc")
        return stepped(packages[0].folder, options)


def make_field(file: Path) -> None:
    """Asks Newton to make a height field of the ground."""
    from pxr import Sdf, Usd

    stage: Any = Usd.Stage.Open(str(file))
    for prim in stage.GetPrimAtPath("/Scene/Ground").GetChildren():
        prim.CreateAttribute("newton:heightfield:resolution", Sdf.ValueTypeNames.Float).Set(0.25)
    stage.GetRootLayer().Save()


def stepped(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds until an environment has been reset, and milliseconds of a control step and of its physics."""
    from importlib import import_module
    from time import perf_counter

    import torch

    from benchmarks.environments import Configuration, built
    from benchmarks.worker import BETWEEN, BLOCK, Stepper
    from stripe_dsl.runtime.config import load_config
    from stripe_dsl.runtime.register import register_package

    register_package(folder)
    cuda = options.device != "cpu"
    config, problems = load_config("Stripe-Forest", device=options.device, num_envs=options.envs, seed=0)
    if config is None:
        sys.exit("; ".join(problem.message for problem in problems))
    if options.worker in ("newton", "launches"):
        adapt(import_module(f"{folder.name}.collisions"), launches=options.worker == "launches")
    clock = perf_counter()
    with built(Configuration("Stripe-Forest", True, config.env, config.agent)) as env, torch.inference_mode():
        stepper, block = Stepper(env), BLOCK[options.device.partition(":")[0]]
        found: dict[str, Any] = {"build_s": perf_counter() - clock}
        stepper.run(60)
        stepper.timed(stepper.physics, block)
        steps, physics, start = [], [], perf_counter()
        while perf_counter() - start < options.seconds or len(steps) < 3:
            stepper.run(BETWEEN * block)
            physics.append(stepper.timed(stepper.physics, block) / block)
            stepper.run(BETWEEN * block)
            steps.append(stepper.timed(stepper.step, block) / block)
        found |= counts()
        found["step_ms"], found["physics_ms"] = (1000 * sorted(times)[len(times) // 2] for times in (steps, physics))
        found["resets_per_step"] = float(stepper.resets) / stepper.counted
        found["name"] = torch.cuda.get_device_name(options.device) if cuda else cpu_name()
    return found


def adapt(collisions: Any, *, launches: bool) -> None:
    """Gives the package's manager Newton's broad phase back, and its launches, too, unless they are to stay."""
    from newton.geometry import BroadPhaseExplicit

    if launches:
        collisions.MeshBroadPhase = lambda *_: BroadPhaseExplicit()
    else:
        manager = collisions.NewtonSceneManager
        manager._initialize_contacts = classmethod(lambda cls: super(manager, cls)._initialize_contacts())


def counts() -> dict[str, int]:
    """Pairs of a shape and a mesh that Newton looked at last, and contacts."""
    from isaaclab_newton.physics import NewtonManager

    found = NewtonManager._collision_pipeline.narrow_phase.shape_pairs_mesh_count
    return {
        "mesh_pairs": 0 if found is None else int(found.numpy()[0]),
        "contacts": int(NewtonManager._contacts.rigid_contact_count.numpy()[0]),
    }


if __name__ == "__main__":
    main()
