"""Several copies of a robot as one articulation: each in its place, with the same masses, limits and frames."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from stripe_dsl.robots.author import mechanism_usda
from stripe_dsl.robots.mechanism import Pose
from stripe_dsl.robots.model import JointType
from stripe_dsl.robots.primitives import (
    PrimitiveBody,
    PrimitiveJoint,
    PrimitiveRobot,
    PrimitiveShape,
    ShapeKind,
    model_of,
)
from stripe_dsl.robots.repeated import GROUND, copies, mechanism, repeated
from stripe_dsl.robots.rotations import quaternion
from stripe_dsl.robots.usd_joints import pxr

BOX = PrimitiveShape(ShapeKind.BOX, size=(0.1, 1.0, 0.8))
GATE = PrimitiveRobot(
    "gate",
    (
        PrimitiveBody("post", (PrimitiveShape(ShapeKind.CYLINDER, radius=0.05, length=1.2),)),
        PrimitiveBody("leaf", (BOX,), mass=4.0, position=(0.0, 0.6, 0.5)),
    ),
    (PrimitiveJoint("swing", JointType.REVOLUTE, "post", "leaf", at=(0.0, 0.08, 0.5), lower=-1.0, upper=2.0),),
    fixed_base=True,
)
PLACES = [Pose((1.0, 2.0, 0.3)), Pose((5.0, 2.0, 0.0), quaternion((0.0, 0.0, pi / 2)))]


def stage() -> Any:
    usd = pxr("Usd").Stage.CreateInMemory()
    usd.GetRootLayer().ImportFromString(mechanism_usda(mechanism(GATE, "gates", PLACES), "test"))
    return usd


def test_names_sort_as_the_copies_do() -> None:
    assert copies("swing", 3) == ("swing_0", "swing_1", "swing_2")
    names = copies("swing", 64)
    assert names[0] == "swing_00"
    assert sorted(names) == list(names)


def test_each_copy_is_in_its_place() -> None:
    usd = stage()
    place = {
        prim.GetName(): np.array(pxr("UsdGeom").Xformable(prim).GetLocalTransformation()).T
        for prim in usd.GetDefaultPrim().GetChildren()
        if prim.HasAPI(pxr("UsdPhysics").RigidBodyAPI)
    }
    assert set(place) == {GROUND, "post_0", "post_1", "leaf_0", "leaf_1"}
    np.testing.assert_allclose(place[GROUND], np.eye(4))
    np.testing.assert_allclose(place["leaf_0"][:3, 3], (1, 2.6, 0.8), atol=1e-9)
    np.testing.assert_allclose(place["leaf_1"][:3, 3], (4.4, 2, 0.5), atol=1e-9)
    np.testing.assert_allclose(place["leaf_1"][:3, :3], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-9)


def test_frames_of_joints_meet() -> None:
    """Both frames of each joint are the same place at the zero position, and bases are held where they stand."""
    usd, found = stage(), {}
    cache = pxr("UsdGeom").XformCache()
    for prim in usd.Traverse():
        joint = pxr("UsdPhysics").Joint(prim)
        ends = [rel.GetTargets() for rel in (joint.GetBody0Rel(), joint.GetBody1Rel())] if joint else [[], []]
        if not all(ends):
            continue
        frames = []
        for (target,), at in zip(ends, (joint.GetLocalPos0Attr(), joint.GetLocalPos1Attr()), strict=True):
            matrix = cache.GetLocalToWorldTransform(usd.GetPrimAtPath(target))
            frames.append(np.array(matrix.Transform(pxr("Gf").Vec3d(at.Get()))))
        np.testing.assert_allclose(*frames, atol=1e-6, err_msg=prim.GetName())
        found[prim.GetName()] = prim.GetTypeName()
    assert sorted(found) == ["post_0_held", "post_1_held", "swing_0", "swing_1"]
    assert found["post_1_held"] == "PhysicsFixedJoint"
    limits = pxr("UsdPhysics").RevoluteJoint(usd.GetPrimAtPath("/gates/joints/swing_1"))
    assert abs(limits.GetUpperLimitAttr().Get() - np.rad2deg(2.0)) < 1e-4


def test_the_model_is_that_of_the_stage() -> None:
    """What a task is checked with: joints, bodies and their order, before anything has a place."""
    model = model_of(repeated(GATE, "gates", 2))
    assert model.joint_names == ("swing_0", "swing_1")
    assert model.body_names == (GROUND, "post_0", "leaf_0", "post_1", "leaf_1")
    assert model.fixed_base
    assert model.root_body == GROUND
    assert {(joint.lower, joint.upper) for joint in model.joints} == {(-1.0, 2.0)}
    assert model.collision_shapes == 4
