"""Several copies of a robot from a file as one articulation: each is the robot of the file, in its place."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from pathlib import Path
from typing import Any

import newton
import numpy as np
import pytest

from stripe_dsl.robots import RobotFileError, load_robot
from stripe_dsl.robots.copied import content, copied, read_copies, size
from stripe_dsl.robots.mechanism import Pose
from stripe_dsl.robots.model import RobotModel
from stripe_dsl.robots.repeated import GROUND
from stripe_dsl.robots.rotations import quaternion
from stripe_dsl.robots.usd_joints import pxr

ASSETS = Path(newton.__file__).parent / "examples" / "assets"
PLACES = [Pose((1.0, 2.0, 0.3)), Pose((5.0, 2.0, 0.0), quaternion((0.1, 0.0, pi / 2)))]

DOOR = """#usda 1.0
(
    defaultPrim = "house"
    metersPerUnit = 1
    upAxis = "Z"
)
def Xform "house" (prepend apiSchemas = ["PhysicsArticulationRootAPI"])
{
    double3 xformOp:translate = (7, 7, 7)
    double3 xformOp:scale = (2, 2, 2)
    uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]

    def Xform "frame" (prepend apiSchemas = ["PhysicsRigidBodyAPI"])
    {
        double3 xformOp:translate = (0.1, 0, 0.5)
        uniform token[] xformOpOrder = ["xformOp:translate"]

        def Xform "shapes" (instanceable = true
            prepend references = </plank>
        ) {}

        def Xform "door" (prepend apiSchemas = ["PhysicsRigidBodyAPI", "PhysicsMassAPI"])
        {
            float physics:mass = 3
            double3 xformOp:translate = (0, 0.4, 0)
            uniform token[] xformOpOrder = ["xformOp:translate"]

            def Cube "panel" (prepend apiSchemas = ["PhysicsCollisionAPI", "MaterialBindingAPI"])
            {
                double size = 0.2
                rel material:binding = </house/looks/wood>
            }
        }
    }
    def Scope "looks"
    {
        def Material "wood"
        {
            token outputs:surface.connect = </house/looks/wood/paint.outputs:surface>

            def Shader "paint"
            {
                token outputs:surface
            }
        }
    }
    def PhysicsRevoluteJoint "hinge"
    {
        rel physics:body0 = </house/frame>
        rel physics:body1 = </house/frame/door>
        point3f physics:localPos0 = (0, 0.2, 0)
        point3f physics:localPos1 = (0, -0.2, 0)
        uniform token physics:axis = "Z"
        float physics:lowerLimit = -30
        float physics:upperLimit = 60
    }
    def PhysicsFixedJoint "anchor"
    {
        rel physics:body0 = </house>
        rel physics:body1 = </house/frame>
        point3f physics:localPos0 = (0.1, 0, 0.5)
    }
}
class Xform "plank"
{
    def Cube "post" (prepend apiSchemas = ["PhysicsCollisionAPI"])
    {
        double size = 0.1
    }
}
"""


@pytest.fixture
def door(tmp_path: Path) -> RobotModel:
    path = tmp_path / "door.usda"
    path.write_text(DOOR)
    return load_robot(str(path))


def opened(model: RobotModel, places: list[Pose]) -> Any:
    layer, _ = copied(model, "things", places)
    return pxr("Usd").Stage.Open(layer)


def frames(stage: Any, joint: Any) -> list[Any]:
    """Where both frames of a joint are in the world [m], for those that are in a body."""
    found, cache = [], pxr("UsdGeom").XformCache()
    ends = ((joint.GetBody0Rel(), joint.GetLocalPos0Attr()), (joint.GetBody1Rel(), joint.GetLocalPos1Attr()))
    for body, at in ends:
        for target in body.GetTargets():
            matrix = cache.GetLocalToWorldTransform(stage.GetPrimAtPath(target))
            found.append(np.array(matrix.Transform(pxr("Gf").Vec3d(at.Get()))))
    return found


def joints(stage: Any) -> dict[str, Any]:
    physics = pxr("UsdPhysics")
    return {prim.GetName(): physics.Joint(prim) for prim in stage.Traverse() if prim.IsA(physics.Joint)}


@pytest.mark.parametrize("name", ["cartpole.usda", "cartpole.urdf"])
def test_frames_of_joints_meet_in_each_copy(name: str) -> None:
    """Those of bases meet the ground, where the copy stands: the base is at the origin of the robot."""
    model = replace(load_robot(str(ASSETS / name)), fixed_base=True)
    stage = opened(model, PLACES)
    found = joints(stage)
    assert len(found) == 1 + 2 * 4
    for joint in found.values():
        ends = frames(stage, joint)
        if len(ends) == 2:
            np.testing.assert_allclose(*ends, atol=1e-5, err_msg=str(joint.GetPath()))
    bases = [
        frames(stage, joint)[0] for joint in found.values() if joint.GetBody0Rel().GetTargets() == [f"/things/{GROUND}"]
    ]
    np.testing.assert_allclose(sorted(map(tuple, bases)), [place.position for place in PLACES], atol=1e-5)


def test_bodies_in_bodies_and_what_they_share(door: RobotModel) -> None:
    stage = opened(door, PLACES)
    paths = {str(prim.GetPath()) for prim in stage.Traverse()}
    assert {
        "/things/thing_1/frame_1/door_1/panel",
        "/things/thing_1/hinge_1",
        "/things/thing_0/frame_0/shapes/post",
    } <= paths
    panel = stage.GetPrimAtPath("/things/thing_1/frame_1/door_1/panel")
    assert panel.GetRelationship("material:binding").GetTargets() == ["/things/thing_1/looks/wood"]
    surface = stage.GetPrimAtPath("/things/thing_1/looks/wood").GetAttribute("outputs:surface")
    assert surface.GetConnections() == ["/things/thing_1/looks/wood/paint.outputs:surface"]
    assert not any(prim.IsInstance() for prim in stage.Traverse())
    roots = [prim for prim in stage.Traverse() if prim.HasAPI(pxr("UsdPhysics").ArticulationRootAPI)]
    assert [str(prim.GetPath()) for prim in roots] == ["/things"]


def test_a_copy_keeps_its_size_and_takes_its_place(door: RobotModel) -> None:
    """The place of the prim in the file is what a robot's spawn replaces, too; its scale stays."""
    stage, cache = opened(door, PLACES), pxr("UsdGeom").XformCache()
    frame = cache.GetLocalToWorldTransform(stage.GetPrimAtPath("/things/thing_0/frame_0"))
    np.testing.assert_allclose(frame.ExtractTranslation(), (1.2, 2.0, 1.3), atol=1e-6)
    other = cache.GetLocalToWorldTransform(stage.GetPrimAtPath("/things/thing_1/frame_1/door_1"))
    matrix = np.array(cache.GetLocalToWorldTransform(stage.GetPrimAtPath("/things/thing_1"))).T
    np.testing.assert_allclose(other.ExtractTranslation(), (matrix @ (0.1, 0.4, 0.5, 1))[:3], atol=1e-6)
    found = joints(stage)
    assert found["anchor_1"].GetBody0Rel().GetTargets() == [f"/things/{GROUND}"]
    np.testing.assert_allclose(*frames(stage, found["anchor_1"]), atol=1e-5)
    np.testing.assert_allclose(*frames(stage, found["hinge_1"]), atol=1e-5)


def test_the_model_is_that_of_the_stage(door: RobotModel) -> None:
    model = read_copies(door, 3)
    assert model.joint_names == ("hinge_0", "hinge_1", "hinge_2")
    assert model.body_names == (GROUND, "frame_0", "door_0", "frame_1", "door_1", "frame_2", "door_2")
    assert (model.root_body, model.fixed_base, model.collision_shapes) == (GROUND, True, 6)
    assert model.body("door_2").below == "/thing_2/frame_2/door_2"
    assert [model.body(f"door_{number}").mass for number in range(3)] == [3.0] * 3
    lower, upper = door.joint("hinge").lower, door.joint("hinge").upper
    assert {(joint.lower, joint.upper) for joint in model.joints} == {(lower, upper)}
    assert read_copies(door, 3) == model, "from the cache"
    assert len(read_copies(door, 1).joints) == 1


def test_how_large_it_is(door: RobotModel) -> None:
    radius, height, base = size(door)
    # scaled by two: the panel is 0.4 m wide and 0.8 m away, the post 0.2 m wide
    assert radius == pytest.approx(np.hypot(0.2 + 0.2, 0.8 + 0.2))
    assert height == pytest.approx(1.2)
    assert base == pytest.approx(np.hypot(0.4, 1.0))
    assert size(door, Pose((0.0, 0.0, 1.0)))[1] == pytest.approx(2.2)
    with pytest.raises(RobotFileError, match="collides"):
        size(replace(door, source=str(_without_shapes(Path(door.source)))))


def _without_shapes(path: Path) -> Path:
    other = path.with_name("frames.usda")
    other.write_text(DOOR.replace("PhysicsCollisionAPI", "PhysicsMaterialAPI"))
    return other


def test_what_is_baked_changes_with_the_file(door: RobotModel) -> None:
    before = content(door)
    assert content(door) == before
    Path(door.source).write_text(DOOR.replace("mass = 3", "mass = 4"))
    assert content(door) not in (before, b"missing")
    Path(door.source).unlink()
    assert content(door) == b"missing"
