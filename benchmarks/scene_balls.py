"""Which forms of what collides let a fast ball through, by its speed.

::

    python benchmarks/scene_balls.py --write

A ball of 10 cm in Newton with MuJoCo's solver, Newton's contacts and the stiffness that generated scenes have, thrown
at a wall of 30 cm, at a post of that thickness, and from above onto a ground of waves: each as a mesh of triangles, and
in other forms. For each speed there are 16 balls, which begin in different places within one physics step. ``--write``
puts the table into ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.page import DOCUMENT, replaced

RATE = 200
"""Physics steps a second."""
SPEEDS = (3, 9, 12, 20, 40)
BALLS = 16
RADIUS = 0.05
FORMS = {
    "wall": ("mesh", "hull", "box"),
    "post": ("mesh", "hull", "cylinder"),
    "ground": ("mesh", "height field"),
}


def main() -> None:
    """Reads the arguments and throws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()

    import warp as wp

    wp.config.log_level = wp.LOG_WARNING
    head = " | ".join(f"{speed} m/s" for speed in SPEEDS)
    lines = [f"Of {BALLS} balls at {RATE} Hz passed:", "", f"| | as | {head} |", "|---|---|" + "---|" * len(SPEEDS)]
    for target, forms in FORMS.items():
        for form in forms:
            lines.append(f"| {target} | {form} | " + " | ".join(str(passed(target, form, v)) for v in SPEEDS) + " |")
            print(lines[-1], file=sys.stderr, flush=True)
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), "scene_balls", text), encoding="utf-8")


def passed(target: str, form: str, speed: float) -> int:
    """How many balls get beyond the far side within 0.4 s."""
    import newton
    import warp as wp

    builder = newton.ModelBuilder(gravity=(0.0, 0.0, 0.0))
    builder.default_shape_cfg.ke, builder.default_shape_cfg.kd = 160000.0, 1100.0
    beyond = add(builder, target, form)
    way = np.array((0.0, 0.0, -1.0) if target == "ground" else (1.0, 0.0, 0.0))
    random = np.random.default_rng(0)
    for number in range(BALLS):
        aside = np.array((0.53, 0.04, 0.0) if target == "ground" else (0.0, 0.0, 0.5)) * (number - BALLS / 2)
        place = aside - way * (0.5 + random.uniform(0, speed / RATE))
        ball = builder.add_body(xform=wp.transform(wp.vec3(*place), wp.quat_identity()))
        builder.add_shape_sphere(body=ball, radius=RADIUS)
    model = builder.finalize(device="cpu")
    solver = newton.solvers.SolverMuJoCo(model, use_mujoco_contacts=False, njmax=400, nconmax=200)
    pipeline = newton.CollisionPipeline(model, broad_phase="explicit")
    contacts, control = pipeline.contacts(), model.control()
    before, after = model.state(), model.state()
    speeds = np.zeros((BALLS, 6), dtype=np.float32)
    speeds[:, :3] = way * speed
    before.joint_qd.assign(speeds.ravel())
    newton.eval_fk(model, before.joint_q, before.joint_qd, before)
    farthest = np.full(BALLS, -np.inf)
    for _ in range(int(0.4 * RATE)):
        pipeline.collide(before, contacts)
        before.clear_forces()
        solver.step(before, after, control, contacts, 1 / RATE)
        before, after = after, before
        farthest = np.maximum(farthest, before.body_q.numpy()[:, :3] @ way)
    return int((farthest > beyond).sum())


def add(builder: Any, target: str, form: str) -> float:
    """Adds what the balls fly at, and gives how far a ball has gone when it is through [m]."""
    import newton
    import warp as wp

    from stripe_dsl.scene.grid import Grid
    from stripe_dsl.scene.shapes import box, cylinder, placed
    from stripe_dsl.scene.surface import triangles

    if target == "ground":
        grid = Grid((20.0, 20.0), 0.25)
        x, y = grid.coordinates()
        height = (-1.0 + 0.3 * np.sin(x) * np.cos(y)).astype(np.float32)
        if form == "mesh":
            points = np.stack((x.ravel() - 10, y.ravel() - 10, height.ravel()), axis=1)
            builder.add_shape_mesh(body=-1, mesh=newton.Mesh(points, triangles(grid).ravel(), compute_inertia=False))
        else:
            builder.add_shape_heightfield(heightfield=newton.Heightfield(height, *height.shape, hx=10.0, hy=10.0))
        return 1.6
    solid = box((0.3, 30, 30)) if target == "wall" else cylinder(0.15, 30)
    middle = wp.transform((1.15, 0.0, 0.0), wp.quat_identity())
    mesh = placed(solid, (0, 0, -15))
    shape = newton.Mesh(mesh.points, mesh.triangles.ravel(), compute_inertia=False)
    if form == "mesh":
        builder.add_shape_mesh(body=-1, xform=middle, mesh=shape)
    elif form == "hull":
        builder.add_shape_convex_hull(body=-1, xform=middle, mesh=shape)
    elif form == "box":
        builder.add_shape_box(body=-1, xform=middle, hx=0.15, hy=15, hz=15)
    else:
        builder.add_shape_cylinder(body=-1, xform=middle, radius=0.15, half_height=15)
    return 1.3


if __name__ == "__main__":
    main()
