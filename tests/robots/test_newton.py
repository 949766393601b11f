"""What the readers foretell and the author writes, held against Isaac Lab on the Newton backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isinf, pi, sqrt
from pathlib import Path
from typing import Any

import pytest

from stripe_dsl.robots import JointType, RobotModel
from stripe_dsl.robots.author import ground_plane_usda, robot_usda
from stripe_dsl.robots.convert import convert
from stripe_dsl.robots.files import read_file
from stripe_dsl.robots.primitives import PrimitiveBody, PrimitiveJoint, PrimitiveRobot, PrimitiveShape, ShapeKind
from stripe_dsl.robots.usd import read
from tests import forks

from . import in_newton

pytestmark = [pytest.mark.sim, pytest.mark.slow]

STEP = 0.004  # s
Report = dict[str, dict[str, Any]]
ASSETS = "newton/examples/assets"
LENGTH, RADIUS, MASS, GRAVITY = 1.0, 0.02, 2.0, 9.81
# The robots of this project's own that are simulated: a rod on a slanted axis, and a tree with every kind of joint.
PENDULUM = PrimitiveRobot(
    name="pendulum",
    bodies=(
        PrimitiveBody(
            "base", (PrimitiveShape(ShapeKind.BOX, size=(0.1, 0.1, 0.1)),), mass=1.0, position=(0.2, 0.0, 0.5)
        ),
        PrimitiveBody(
            "rod",
            (
                PrimitiveShape(
                    ShapeKind.CYLINDER, radius=RADIUS, length=LENGTH, axis="x", position=(LENGTH / 2, 0.0, 0.0)
                ),
            ),
            mass=MASS,
            position=(0.2, 0.0, 0.5),
            # The rod's frame has x along the rod, which hangs down.
            rotation=(0.0, pi / 2, 0.0),
        ),
    ),
    joints=(PrimitiveJoint("hinge", JointType.CONTINUOUS, "base", "rod", axis=(1.0, 1.0, 0.0), at=(0.2, 0.0, 0.5)),),
    fixed_base=True,
)
BALL = PrimitiveShape(ShapeKind.SPHERE, radius=0.1)
TREE = PrimitiveRobot(
    name="tree",
    bodies=tuple(
        PrimitiveBody(name, (BALL,), mass=1.0, position=position)
        for name, position in {
            "twig": (0.0, 0.6, 0.0),
            "trunk": (0.0, 0.0, 0.0),
            "Branch": (0.0, 0.3, 0.0),
            "root": (0.0, -0.3, 0.0),
            "leaf": (0.0, 0.9, 0.0),
        }.items()
    ),
    joints=(
        PrimitiveJoint("z_slide", JointType.PRISMATIC, "trunk", "root", (0.0, 1.0, 0.0), (0.0, -0.1, 0.0), -0.1, 0.2),
        PrimitiveJoint("turn", JointType.REVOLUTE, "trunk", "Branch", (0.0, -1.0, 0.0), (0.0, 0.1, 0.0), -1.0, 2.0),
        PrimitiveJoint("weld", JointType.FIXED, "Branch", "twig"),
        PrimitiveJoint("spin", JointType.CONTINUOUS, "twig", "leaf", (0.0, 1.0, 1.0), (0.0, 0.8, 0.0)),
    ),
)


CONVERTED = {
    "converted_humanoid": f"{ASSETS}/nv_humanoid.xml",
    "converted_quadruped": f"{ASSETS}/quadruped.urdf",
    "converted_hopper": "gymnasium/envs/mujoco/assets/hopper.xml",
}
ROBOTS = ["ant", "humanoid", "cartpole", "single", "tree", *CONVERTED]


def simulate(folder: Path, robots: dict[str, dict[str, Any]], ground: dict[str, str] | None, steps: int) -> Report:
    report = folder / "report.json"
    job = {"robots": robots, "ground": ground, "dt": STEP, "steps": steps}
    wanted, log = folder / "job.json", folder / "log"
    wanted.write_text(json.dumps(job))
    forks.run(in_newton.main, [report, wanted], log=log, timeout=600)
    assert report.is_file(), log.read_text()[-6000:]
    return json.loads(report.read_text())


def starting(path: Path, pos: tuple[float, float, float]) -> dict[str, Any]:
    """A robot at ``pos``, every joint at zero or, where its limits leave zero out, in their middle."""
    model = read(path)
    middle = {one.name: (one.lower + one.upper) / 2 for one in model.joints if not one.lower <= 0.0 <= one.upper}
    return {"file": str(path), "joint_pos": middle, "pos": pos}


@pytest.fixture(scope="module")
def spawned(
    packaged: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], Report]:
    folder = tmp_path_factory.mktemp("newton")
    files = {name: packaged(f"{ASSETS}/{name}.usda") for name in ("ant", "humanoid", "cartpole")}
    single = folder / "single.usda"
    # a file whose default prim is not the robot
    other = packaged(f"{ASSETS}/cartpole_single_pendulum.usda")
    single.write_text(f'#usda 1.0\n(defaultPrim = "it")\ndef Xform "it" (references = @{other}@</cartpole>) {{}}\n')
    tree = folder / "tree.usda"
    tree.write_text(robot_usda(TREE))
    files |= {"single": single, "tree": tree}
    for name, source in CONVERTED.items():
        files[name] = folder / f"{name}.usda"
        files[name].write_text(convert(read_file(packaged(source)), name).stage)
    robots = {name: starting(path, (0.0, 4.0 * place, 3.0)) for place, (name, path) in enumerate(files.items())}
    return files, simulate(folder, robots, None, 0)


@pytest.mark.parametrize("name", ROBOTS)
def test_names_and_their_order(spawned: tuple[dict[str, Path], Report], name: str) -> None:
    files, report = spawned
    model, truth = read(files[name]), report[name]
    assert list(model.joint_names) == truth["joint_names"]
    assert list(model.body_names) == truth["body_names"]
    assert model.fixed_base == truth["fixed_base"]


@pytest.mark.parametrize("name", ROBOTS)
def test_limits_and_masses(spawned: tuple[dict[str, Path], Report], name: str) -> None:
    files, report = spawned
    model: RobotModel = read(files[name])
    truth = report[name]
    for joint, lower, upper in zip(model.joints, truth["lower"], truth["upper"], strict=True):
        # Newton writes an absent limit as a large number.
        assert lower == pytest.approx(joint.lower, abs=1e-5) if not isinf(joint.lower) else lower <= -1e9
        assert upper == pytest.approx(joint.upper, abs=1e-5) if not isinf(joint.upper) else upper >= 1e9
    for body, mass in zip(model.bodies, truth["mass"], strict=True):
        assert body.mass is None or mass == pytest.approx(body.mass)


def test_a_pendulum_swings_as_long_as_it_should(tmp_path: Path) -> None:
    path = tmp_path / "pendulum.usda"
    path.write_text(robot_usda(PENDULUM))
    swing = starting(path, (0.0, 0.0, 3.0)) | {"joint_pos": {"hinge": 0.05}}
    report = simulate(tmp_path, {"pendulum": swing}, None, 1250)

    angles = [angle for (angle,) in report["pendulum"]["joint_pos"]]
    upward = [
        i - 1 + angles[i - 1] / (angles[i - 1] - angles[i])
        for i in range(1, len(angles))
        if angles[i - 1] < 0 <= angles[i]
    ]
    assert len(upward) == 3
    period = (upward[-1] - upward[0]) / 2 * STEP
    inertia = MASS * (3 * RADIUS**2 + LENGTH**2) / 12 + MASS * (LENGTH / 2) ** 2
    assert period == pytest.approx(2 * pi * sqrt(inertia / (MASS * GRAVITY * LENGTH / 2)), rel=0.02)
    # Nothing but gravity acts on it: the swing does not die down.
    assert max(angles[-500:]) == pytest.approx(0.05, rel=0.05)
    # The base is fixed where it was spawned.
    assert report["pendulum"]["height"][-1] == pytest.approx(3.5, abs=1e-3)


@pytest.mark.parametrize("spawner", ["GroundPlaneCfg", "UsdFileCfg"])
def test_the_ground_carries(tmp_path: Path, spawner: str) -> None:
    (tmp_path / "tree.usda").write_text(robot_usda(TREE))
    (tmp_path / "ground.usda").write_text(ground_plane_usda())
    ground = {"spawner": spawner, "file": str(tmp_path / "ground.usda")}
    report = simulate(tmp_path, {"tree": starting(tmp_path / "tree.usda", (4.0, 0.0, 0.5))}, ground, 400)

    # It falls 0.4 m; its balls of 0.1 m come to rest on the plane, a little into it while they strike.
    heights = report["tree"]["height"]
    assert heights[0] > 0.49
    assert min(heights) > 0.05
    assert 0.08 < heights[-1] < 0.3
