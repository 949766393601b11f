"""What a part of a scene costs in a physics step, in each of the forms in which it can be given to the simulator.

::

    python benchmarks/scene_forms.py --device cpu --envs 64
    python benchmarks/scene_forms.py --device cuda:0 --envs 4096 --workers 6 --seconds 2
    python benchmarks/scene_forms.py --write

One task, a quadruped that takes random actions until it falls, spread over small scenes of several kinds: level and
hilly ground, a hall of boxes, an orchard, rocks, a forest. Ground is a mesh, a height field of Newton's,
or, where it is level, a box; what stands on it is one mesh for a layer, a mesh for each square of 10 m, a convex hull
for each thing, or a box or a cylinder for each. All are cut out of the stage that is baked, so each thing stands where
it does in the others.

Each case is a process of its own, in the Warp environment; several may be built at a time (``--workers``), and one
after the other is timed: by the clock on a GPU, by CPU time of the process on a CPU, which may be shared. The first
two forms measure and keep the numbers in a file (``--results``); the last puts the tables of all devices into
``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.page import DOCUMENT, cpu_name, replaced

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "scenes"
TASK = """import "{robots}" as robots
asset post {{ cylinder {{ radius 15 cm; height 2 m }} }}
asset crate {{ box {{ size (1, 1, 0.6) m }} }}
asset wall_x {{ box {{ size (30, 0.3, 1.5) m }} }}
asset wall_y {{ box {{ size (0.3, 30, 1.5) m }} }}
scene place {{
  size {edge} m x {edge} m
  seed 3
  terrain ground {{ {ground}; grid 25 cm; surface friction 0.9 }}
  zone start = box {room} m x {room} m at spawn
{layers}
}}
task Forms {{
  robot dog = robots.quadruped
  scene place
  sim {{ physics 200 Hz; control 50 Hz; episode 20 s; envs 16; constraints 100; contacts 40 }}
  sensor touch = contacts(bodies) history 2
  action legs = position(joints) scale 0.25 rad offset default
  observe policy {{ joints.pos - default; joints.vel }}
  reward per second {{ alive = 1.0 }}
  terminate {{ fallen = touch[base].peak > 1 N; timeout }}
  reset {{ base.pos.xy = start.point; base.yaw = +-180 deg }}
  train ppo {{ steps 16; iterations 1; actor 32 elu; critic 32 elu }}
}}
"""
LEVEL, HILLS = "incline 0 deg, toward 90 deg", "fractal height 2 m, feature 10 m"
HALL = """  place wall_w { assets wall_y; at (1, 16) m; solid box; collide together }
  place wall_e { assets wall_y; at (31, 16) m; solid box; collide together }
  place wall_s { assets wall_x; at (16, 1) m; solid box; collide together }
  place wall_n { assets wall_x; at (16, 31) m; solid box; collide together }
  place crates { assets crate; grid 8 x 8 spaced (3.5, 3.5) m at (4, 4) m; solid box; collide together }"""
POSTS = "  place posts {{ assets post; grid {0} x {0} spaced (3, 3) m at (2, 2) m; solid cylinder; collide together }}"
TREES = """  trees canopy {{
    solid trunk 25 cm; collide together
    species pine {{ assets conifer {{ height 10 m; radius 1.2 m; variety 4 }}; count {0}; spacing 1 m }}
  }}"""
ROCKS = """  scatter rocks {{
    assets rock {{ radius 40 cm; variety 4 }}
    count {0}; spacing 1 m; pose sink 30 %; collide together
  }}"""
PLACES: dict[str, tuple[str, float, str, str]] = {
    "level": ("level ground", 32, LEVEL, ""),
    "hills": ("hills", 32, HILLS, ""),
    "hall": ("a hall with 4 walls and 64 boxes", 32, LEVEL, HALL),
    "orchard": ("100 posts in rows", 32, LEVEL, POSTS.format(10)),
    "rocks": ("200 rocks on hills", 32, HILLS, ROCKS.format(200)),
    "forest": ("1,000 trees on hills", 100, HILLS, TREES.format(1000)),
}
"""Of each place: its title, edge [m], ground and layers."""
GROUNDS = {"mesh": "a mesh", "field": "a height field", "box": "a box"}
THINGS = {"": "-", "merged": "one mesh", "tiles": "meshes of 10 m", "hulls": "hulls", "shapes": "boxes or cylinders"}
CASES = [
    *(("level", ground, "") for ground in GROUNDS),
    *(("hills", ground, "") for ground in ("mesh", "field")),
    *(("hall", "mesh", things) for things in ("merged", "hulls", "shapes")),
    *(("orchard", "mesh", things) for things in ("merged", "tiles", "hulls", "shapes")),
    *(("rocks", "mesh", things) for things in ("merged", "hulls")),
    *(("forest", "mesh", things) for things in ("merged", "tiles", "hulls")),
]
"""A place, the form of its ground, and that of what stands on it."""


def main() -> None:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--envs", type=int, default=64)
    parser.add_argument("--places", nargs="+", choices=PLACES, default=list(PLACES))
    parser.add_argument("--seconds", type=float, default=6.0, help="of timed steps in a case")
    parser.add_argument("--timeout", type=float, default=300.0, help="of a case [s]")
    parser.add_argument("--workers", type=int, default=1, help="cases that are built at a time")
    parser.add_argument("--results", type=Path, help="where the numbers go; forms_cpu.json or forms_gpu.json")
    parser.add_argument("--write", action="store_true", help="put what was measured into docs/performance.md")
    parser.add_argument("--worker", type=int, choices=range(len(CASES)), help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        sys.argv[1:] = []  # Isaac Lab reads it
        print("RESULT " + json.dumps(one(options)), flush=True)
        return
    if options.write:
        files = sorted(RESULTS.glob("forms_*.json"), reverse=True)
        text = "\n".join(table(json.loads(file.read_text(encoding="utf-8"))) for file in files)
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), "scene_forms", text), encoding="utf-8")
        print(text)
        return
    chosen = [number for number, (place, _, _) in enumerate(CASES) if place in options.places]
    with tempfile.NamedTemporaryFile() as lock, ThreadPoolExecutor(options.workers) as pool:
        options.lock = Path(lock.name)
        rows = [row for row in pool.map(lambda number: measured(number, options), chosen) if row is not None]
    if not rows:
        sys.exit("no case was measured")
    results = {"device": options.device, "envs": options.envs, "host": cpu_name(), "rows": rows}
    target = options.results or RESULTS / f"forms_{'cpu' if options.device == 'cpu' else 'gpu'}.json"
    target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))


def measured(number: int, options: argparse.Namespace) -> dict[str, Any] | None:
    """One of the cases in a process of its own; None, and a word, where it does not end well."""
    command = [sys.executable, __file__, "--worker", str(number)]
    for name in ("device", "envs", "seconds", "lock"):
        command += [f"--{name}", str(getattr(options, name))]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=env, check=True, timeout=options.timeout
        )
    except subprocess.TimeoutExpired:
        print(f"{CASES[number]}: not done in {options.timeout:g} s", file=sys.stderr, flush=True)
        return None
    except subprocess.CalledProcessError as problem:
        print(f"{CASES[number]}:\n{problem.stdout[-1500:]}\n{problem.stderr[-3000:]}", file=sys.stderr, flush=True)
        return None
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    row = {"case": CASES[number], **json.loads(line.removeprefix("RESULT "))}
    print(row, file=sys.stderr, flush=True)
    return row


def table(results: dict[str, Any]) -> str:
    """The table of the page; factors are by the first row of each place, which is the form that is baked."""
    rows = results["rows"]
    loads = [row["load"] for row in rows]
    lines = [
        f"{rows[0]['name']}, load {min(loads)} to {max(loads)}; {results['envs']:,} robots.",
        "",
        "| place | ground | things | build s | physics ms | factor | step ms | factor | contacts | pairs with meshes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    base: dict[str, dict[str, Any]] = {}
    for row in rows:
        place, ground, things = row["case"]
        first = base.setdefault(place, row)
        factors = [f"{row[key] / first[key]:.2f}" for key in ("physics_ms", "step_ms")]
        lines.append(
            f"| {PLACES[place][0]} | {GROUNDS[ground]} | {THINGS[things]} | {row['build_s']:.1f} "
            f"| {row['physics_ms']:.2f} | {factors[0]} | {row['step_ms']:.2f} | {factors[1]} "
            f"| {row['contacts']:,} | {row['mesh_pairs']:,} |"
        )
    return "\n".join(lines) + "\n"


def one(options: argparse.Namespace) -> dict[str, Any]:
    """Compiles, builds and steps one of the cases, in this process."""
    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import compile_file

    name, ground, things = CASES[options.worker]
    _, edge, relief, layers = PLACES[name]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "forms.stripe"
        robots = ROOT / "examples" / "robots" / "quadruped.stripe"
        source.write_text(TASK.format(robots=robots, edge=edge, room=edge - 4, ground=relief, layers=layers))
        packages, diagnostics = compile_file(source, Path(folder))
        if not packages:
            sys.exit("\n".join(item.message for item in diagnostics))
        write(*packages)
        reshape(packages[0].folder / "assets" / "place.usdc", ground, things)
        return stepped(packages[0].folder, ground == "field", options)


def reshape(file: Path, ground: str, things: str) -> None:
    """Writes the ground of a baked stage, and what stands on it, in other forms."""
    from pxr import Usd, UsdGeom

    stage: Any = Usd.Stage.Open(str(file))
    for prim in stage.GetPrimAtPath("/Scene/Ground").GetChildren():
        top = stage.GetPrimAtPath(f"/Scene/Tops/{prim.GetName()}")
        if top and ground != "box":  # it is level, and was baked as a box
            mesh, path = UsdGeom.Mesh(top), prim.GetPath()
            stage.RemovePrim(path)
            triangles = np.asarray(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
            mesh_prim(stage, path, np.asarray(mesh.GetPointsAttr().Get()), triangles, "none")
    solids = stage.GetPrimAtPath("/Scene/Solids")
    for prim in list(solids.GetChildren()) if solids and things != "merged" else []:
        mesh = UsdGeom.Mesh(prim)
        points = np.asarray(mesh.GetPointsAttr().Get())
        triangles = np.asarray(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
        path = prim.GetPath()
        stage.RemovePrim(path)
        UsdGeom.Xform.Define(stage, path)
        for number, (mine, corners) in enumerate(pieces(points, triangles, things == "tiles")):
            place = path.AppendChild(f"thing_{number}")
            low, high = mine.min(axis=0), mine.max(axis=0)
            if things in ("hulls", "tiles"):
                mesh_prim(stage, place, mine, corners, "convexHull" if things == "hulls" else "none")
            elif len(mine) == 8:
                box(stage, place, low, high)
            else:
                cylinder(stage, place, (low + high) / 2, float((high - low)[:2].max()) / 2, float(high[2] - low[2]))
    stage.GetRootLayer().Save()


def pieces(points: np.ndarray, triangles: np.ndarray, squares: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What hangs together of a mesh, or what lies in squares of 10 m: points and triangles of each."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = triangles[:, [0, 1, 1, 2]].reshape(-1, 2).T
    graph = coo_array((np.ones(edges.shape[1]), edges), shape=(len(points),) * 2)
    owner = connected_components(graph, directed=False)[1]
    if squares:
        first = points[np.unique(owner, return_index=True)[1], :2]
        owner = np.unique(np.floor(first / 10.0), axis=0, return_inverse=True)[1].ravel()[owner]
    for number in range(owner.max() + 1):
        chosen = triangles[owner[triangles[:, 0]] == number]
        kept, place = np.unique(chosen, return_inverse=True)
        yield points[kept], place.reshape(-1, 3)


def box(stage: Any, path: Any, low: np.ndarray, high: np.ndarray) -> None:
    """A box between two corners."""
    from pxr import Gf, UsdGeom, UsdPhysics

    prim: Any = UsdGeom.Cube.Define(stage, path)
    prim.CreateSizeAttr(1.0)
    prim.AddTranslateOp().Set(Gf.Vec3d(*((low + high) / 2).astype(float).tolist()))
    prim.AddScaleOp().Set(Gf.Vec3f(*(high - low).astype(float).tolist()))
    UsdPhysics.CollisionAPI.Apply(prim.GetPrim())


def cylinder(stage: Any, path: Any, middle: np.ndarray, radius: float, height: float) -> None:
    """An upright cylinder."""
    from pxr import Gf, UsdGeom, UsdPhysics

    prim: Any = UsdGeom.Cylinder.Define(stage, path)
    prim.CreateRadiusAttr(radius)
    prim.CreateHeightAttr(height)
    prim.CreateAxisAttr("Z")
    prim.AddTranslateOp().Set(Gf.Vec3d(*middle.astype(float).tolist()))
    UsdPhysics.CollisionAPI.Apply(prim.GetPrim())


def mesh_prim(stage: Any, path: Any, points: np.ndarray, triangles: np.ndarray, approximation: str) -> None:
    """A mesh that collides."""
    from pxr import UsdPhysics

    from stripe_dsl.scene import prims

    prim = prims.mesh_prim(stage, str(path), points, triangles).GetPrim()
    UsdPhysics.CollisionAPI.Apply(prim)
    UsdPhysics.MeshCollisionAPI.Apply(prim).CreateApproximationAttr(approximation)


@contextmanager
def alone(lock: Path | None) -> Iterator[None]:
    """While this holds no other worker times its steps."""
    if lock is None:
        yield
        return
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_field(collisions: Any) -> None:
    """Has a package make a height field of its ground before the model is built."""
    import newton
    import warp as wp

    manager = collisions.NewtonSceneManager

    def prepare(cls: Any, builder: Any) -> None:
        super(manager, cls)._prepare_builder_for_finalize(builder)
        for shape, label in enumerate(builder.shape_label):
            if "/Ground/Ground/" not in label:
                continue
            points = np.asarray(builder.shape_source[shape].vertices).reshape(-1, 3)
            columns = int((points[:, 1] == points[0, 1]).sum())
            heights = points[:, 2].reshape(-1, columns)
            low, high = points.min(axis=0), points.max(axis=0)
            half, middle = (high - low) / 2, (high + low) / 2
            builder.shape_source[shape] = newton.Heightfield(heights, *heights.shape, hx=half[0], hy=half[1])
            builder.shape_type[shape] = newton.GeoType.HFIELD
            offset = wp.transform(wp.vec3(middle[0], middle[1], 0.0), wp.quat_identity())
            builder.shape_transform[shape] = builder.shape_transform[shape] * offset

    manager._prepare_builder_for_finalize = classmethod(prepare)


def stepped(folder: Path, field: bool, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds until an environment has been reset, and milliseconds of a control step and of its physics."""
    from importlib import import_module
    from time import perf_counter, process_time

    import torch
    import warp as wp

    from benchmarks.environments import Configuration, built
    from benchmarks.worker import BETWEEN, BLOCK, Stepper
    from stripe_dsl.runtime.config import load_config
    from stripe_dsl.runtime.register import register_package

    wp.config.enable_backward = False  # as `stripec` does
    register_package(folder)
    cuda = options.device != "cpu"
    config, problems = load_config("Stripe-Forms", device=options.device, num_envs=options.envs, seed=0)
    if config is None:
        sys.exit("; ".join(problem.message for problem in problems))
    if field:
        make_field(import_module(f"{folder.name}.collisions"))
    began = perf_counter()
    with built(Configuration("Stripe-Forms", True, config.env, config.agent)) as env, torch.inference_mode():
        stepper, block = Stepper(env), BLOCK[options.device.partition(":")[0]]
        found: dict[str, Any] = {"build_s": perf_counter() - began}
        # a CPU may be shared with others, and Warp uses one core of it
        clock = perf_counter if cuda else process_time

        def spent(work: Callable[[], Any]) -> float:
            stepper.wait()
            start = clock()
            for _ in range(block):
                work()
            stepper.wait()
            return clock() - start

        with alone(options.lock):
            found["load"] = round(os.getloadavg()[0], 1)
            stepper.run(60)
            stepper.timed(stepper.physics, block)
            steps, physics, contacts, pairs, start = [], [], [], [], perf_counter()
            while perf_counter() - start < options.seconds or len(steps) < 5:
                stepper.run(BETWEEN * block)
                physics.append(spent(stepper.physics) / block)
                stepper.run(BETWEEN * block)
                steps.append(spent(stepper.step) / block)
                for name, values in zip(("contacts", "mesh_pairs"), (contacts, pairs), strict=True):
                    values.append(counts()[name])
        # others who use the machine make blocks longer and never shorter
        found |= {"contacts": int(np.mean(contacts)), "mesh_pairs": int(np.mean(pairs))}
        found["step_ms"], found["physics_ms"] = (1000 * float(np.quantile(times, 0.1)) for times in (steps, physics))
        found["resets_per_step"] = float(stepper.resets) / stepper.counted
        found["name"] = torch.cuda.get_device_name(options.device) if cuda else cpu_name()
    return found


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
