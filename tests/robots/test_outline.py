"""How low bodies reach: corners of shapes of USD files, of robots written in a file, and of objects."""

from __future__ import annotations

from math import pi, sqrt
from pathlib import Path

import numpy as np

from stripe_dsl.emit.outlines import outlines
from stripe_dsl.pipeline import check_file
from stripe_dsl.robots.outline import MOST, outline_of_file, outline_of_shape, outline_of_text
from stripe_dsl.robots.primitives import PrimitiveShape, ShapeKind

ROOT = Path(__file__).parents[2]

STAGE = """#usda 1.0
(
    defaultPrim = "robot"
)
def Xform "robot" (prepend apiSchemas = ["PhysicsArticulationRootAPI"])
{
    def Xform "trunk" (prepend apiSchemas = ["PhysicsRigidBodyAPI"])
    {
        double3 xformOp:translate = (5, 6, 7)
        uniform token[] xformOpOrder = ["xformOp:translate"]
        def Capsule "rod" (prepend apiSchemas = ["PhysicsCollisionAPI"])
        {
            uniform token axis = "X"
            double height = 2
            double radius = 0.25
            double3 xformOp:translate = (0, 0, 1)
            float xformOp:rotateZ = 90
            uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateZ"]
        }
        def Mesh "wedge" (prepend apiSchemas = ["PhysicsCollisionAPI", "PhysicsMeshCollisionAPI"])
        {
            int[] faceVertexCounts = [3, 3, 3, 3]
            int[] faceVertexIndices = [0, 1, 2, 0, 3, 1, 1, 3, 2, 2, 3, 0]
            point3f[] points = [(0, 0, 0), (2, 0, 0), (0, 1, 0), (0, 0, -0.5)]
            double3 xformOp:scale = (1, 1, 2)
            uniform token[] xformOpOrder = ["xformOp:scale"]
        }
        def Sphere "seen"
        {
            double radius = 9
        }
    }
    def Xform "bare" (prepend apiSchemas = ["PhysicsRigidBodyAPI"])
    {
        def Sphere "seen"
        {
            double radius = 9
        }
    }
}
"""


def test_shapes_of_a_stage() -> None:
    """In the frame of their body, whatever lies between; what only is seen does not count."""
    found = outline_of_text(STAGE)
    assert set(found) == {"trunk"}
    corners = found["trunk"]
    assert {item for item in corners if item[3]} == {(0.0, -1.0, 1.0, 0.25), (0.0, 1.0, 1.0, 0.25)}
    points = np.array([item[:3] for item in corners if not item[3]])
    assert points.shape == (8, 3)
    np.testing.assert_allclose([points.min(axis=0), points.max(axis=0)], [[0, 0, -1], [2, 1, 0]])


def test_files_and_texts_give_the_same(tmp_path: Path) -> None:
    file = tmp_path / "robot.usda"
    file.write_text(STAGE)
    assert outline_of_file(file) == outline_of_text(STAGE) == outline_of_file(file, "/robot")


def test_shapes_of_objects() -> None:
    ball = PrimitiveShape(ShapeKind.SPHERE, radius=0.1, position=(0.0, 0.0, 1.0))
    assert outline_of_shape(ball) == ((0.0, 0.0, 1.0, 0.1),)
    crate = PrimitiveShape(ShapeKind.BOX, size=(1.0, 1.0, 2.0), rotation=(0.0, pi / 4, 0.0))
    points = np.array(outline_of_shape(crate))
    assert points[:, 2].min() == -round(1.5 / sqrt(2), 5)
    stick = PrimitiveShape(ShapeKind.CAPSULE, radius=0.1, length=1.0, axis="y")
    assert set(outline_of_shape(stick)) == {(0.0, -0.5, 0.0, 0.1), (0.0, 0.5, 0.0, 0.1)}
    can = PrimitiveShape(ShapeKind.CYLINDER, radius=0.1, length=1.0)
    assert np.ptp(np.array(outline_of_shape(can)), axis=0).tolist() == [0.2, 0.2, 1.0, 0.0]


def test_many_shapes_of_a_body_become_a_box() -> None:
    balls = "".join(
        f'def Sphere "b{i}" (prepend apiSchemas = ["PhysicsCollisionAPI"])\n{{\ndouble radius = 0.5\n'
        f"double3 xformOp:translate = ({i}, 0, 0)\n"
        'uniform token[] xformOpOrder = ["xformOp:translate"]\n}\n'
        for i in range(MOST + 1)
    )
    stage = '#usda 1.0\ndef Xform "a" (prepend apiSchemas = ["PhysicsRigidBodyAPI"])\n{\n' + balls + "}\n"
    (corners,) = outline_of_text(stage).values()
    assert len(corners) == 8
    np.testing.assert_allclose(np.array(corners).max(axis=0), [MOST + 0.5, 0.5, 0.5, 0])


def test_what_a_task_puts_onto_its_ground() -> None:
    """Robots and objects that move on a terrain; nothing on a plane."""
    (yard,) = check_file(ROOT / "tests/sim/tasks/yard.stripe", task="Yard").programs
    found = {item.key: dict(item.bodies) for item in outlines(yard)}
    assert set(found) == {"robot", "object_thrown", "object_struck", "object_dropped", "object_fallen"}
    assert set(found["robot"]) == {"FL_foot", "FR_foot", "RL_foot", "RR_foot", "trunk"}
    assert found["object_thrown"] == {"": ((0.0, 0.0, 0.0, 0.05),)}
    (walk,) = check_file(ROOT / "examples/quadruped_walk.stripe").programs
    assert outlines(walk) == ()
