from __future__ import annotations

import re
from dataclasses import replace
from math import inf, pi
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_dsl.robots import JointType, RobotFileError
from stripe_dsl.robots.author import GROUND_SIZE, ground_plane_usda, robot_usda
from stripe_dsl.robots.inertia import of_body
from stripe_dsl.robots.primitives import (
    PrimitiveBody,
    PrimitiveJoint,
    PrimitiveRobot,
    PrimitiveShape,
    ShapeKind,
    find_problems,
    model_of,
)
from stripe_dsl.robots.usd import read

BALL = PrimitiveShape(ShapeKind.SPHERE, radius=0.1)


def body(name: str, **fields: Any) -> PrimitiveBody:
    return PrimitiveBody(name, **{"shapes": (BALL,), **fields})


def pendulum(**fields: Any) -> PrimitiveRobot:
    rod = PrimitiveShape(ShapeKind.CAPSULE, radius=0.02, length=0.8, position=(0.0, 0.0, -0.5), color=(1.0, 0.5, 0.0))
    box = PrimitiveShape(ShapeKind.BOX, size=(0.1, 0.2, 0.3))
    robot = PrimitiveRobot(
        name="pendulum",
        bodies=(
            body("base", shapes=(box,), mass=2.0, position=(0.0, 0.0, 1.0), rotation=(0.0, 0.0, pi / 2)),
            body("rod", shapes=(rod, BALL), position=(0.0, 0.0, 1.0), rotation=(0.0, 0.3, 0.0)),
        ),
        joints=(
            PrimitiveJoint("hinge", JointType.REVOLUTE, "base", "rod", (0.0, 1.0, 0.0), (0.0, 0.1, 1.0), -1.0, 2.0),
        ),
        fixed_base=True,
    )
    return replace(robot, **fields)


angles = st.floats(-3.0, 3.0)
lengths = st.floats(0.01, 3.0)
vectors = st.tuples(angles, angles, angles)
shapes = st.builds(
    PrimitiveShape,
    kind=st.sampled_from(ShapeKind),
    size=st.tuples(lengths, lengths, lengths),
    radius=lengths,
    length=lengths,
    axis=st.sampled_from(["x", "y", "z"]),
    position=vectors,
    rotation=vectors,
    color=st.none() | st.just((0.1, 0.2, 0.3)),
    collides=st.booleans(),
)


@st.composite
def robots(draw: st.DrawFn) -> PrimitiveRobot:
    """Random trees of bodies with random poses, axes and limits."""
    names = draw(st.permutations(["b0", "torso", "_x", "A", "a_b", "ab"]))[: draw(st.integers(2, 6))]
    bodies = tuple(
        PrimitiveBody(
            name=name,
            shapes=tuple(draw(st.lists(shapes, min_size=1, max_size=2))),
            mass=draw(st.none() | lengths),
            position=draw(vectors),
            rotation=draw(vectors),
        )
        for name in names
    )
    joints: list[PrimitiveJoint] = []
    for number in range(1, len(names)):
        # The first joint always moves: a robot that cannot move at all is refused.
        moving = (JointType.REVOLUTE, JointType.CONTINUOUS, JointType.PRISMATIC)
        kind = draw(st.sampled_from(moving if number == 1 else (*moving, JointType.FIXED)))
        limited = kind in (JointType.REVOLUTE, JointType.PRISMATIC) and draw(st.booleans())
        lower = draw(st.floats(-3.0, -0.01))
        joint = PrimitiveJoint(
            name=draw(st.sampled_from("zyx")) + str(number),
            type=kind,
            parent=names[draw(st.integers(0, number - 1))],
            child=names[number],
            axis=draw(vectors.filter(lambda axis: sum(part * part for part in axis) > 0.01)),
            at=draw(vectors),
            lower=lower if limited else -inf,
            upper=lower + draw(lengths) if limited else inf,
        )
        joints.append(joint)
    order = draw(st.permutations(joints))
    return PrimitiveRobot("robot", bodies, tuple(order), draw(st.booleans()), draw(st.booleans()))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(robots())
def test_what_is_written_is_what_was_meant(tmp_path_factory: pytest.TempPathFactory, robot: PrimitiveRobot) -> None:
    assert find_problems(robot) == []
    path = tmp_path_factory.mktemp("robot") / "robot.usda"
    path.write_text(robot_usda(robot))
    found, meant = read(path), model_of(robot, str(path))
    assert found.warnings == ()
    assert found.body_names == meant.body_names
    assert found.joint_names == meant.joint_names
    for one, other in zip(found.joints, meant.joints, strict=True):
        assert (one.type, one.parent, one.child) == (other.type, other.parent, other.child)
        assert (one.lower, one.upper) == pytest.approx((other.lower, other.upper), abs=1e-5)
        # USD keeps joint frames in single precision, which leaves an axis some 1e-5 of a turn
        assert one.axis == pytest.approx(other.axis, abs=5e-5)
    shapes = {one.name: one for one in robot.bodies}
    for one, other in zip(found.bodies, meant.bodies, strict=True):
        # where a shape does not collide, the mass is written though nobody gave it
        whole = all(shape.collides for shape in shapes[one.name].shapes)
        assert one.mass == pytest.approx(other.mass if whole else of_body(shapes[one.name]).mass)
        assert one.collides == other.collides == any(shape.collides for shape in shapes[one.name].shapes)
    assert (found.fixed_base, found.root_body) == (meant.fixed_base, meant.root_body)
    assert (found.self_collisions, found.collision_shapes) == (meant.self_collisions, meant.collision_shapes)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(robots())
def test_both_frames_of_a_joint_are_the_same_place(
    tmp_path_factory: pytest.TempPathFactory, robot: PrimitiveRobot
) -> None:
    usd, geometry, physics, gf = (pytest.importorskip(f"pxr.{name}") for name in ("Usd", "UsdGeom", "UsdPhysics", "Gf"))
    stage = usd.Stage.CreateInMemory()
    assert stage.GetRootLayer().ImportFromString(robot_usda(robot))
    for joint in robot.joints:
        prim = physics.Joint(stage.GetPrimAtPath(f"/robot/joints/{joint.name}"))
        places: list[Any] = []
        for end, position, rotation in (
            (prim.GetBody0Rel(), prim.GetLocalPos0Attr(), prim.GetLocalRot0Attr()),
            (prim.GetBody1Rel(), prim.GetLocalPos1Attr(), prim.GetLocalRot1Attr()),
        ):
            (target,) = end.GetTargets()
            pose = geometry.XformCache().GetLocalToWorldTransform(stage.GetPrimAtPath(target))
            frame = gf.Matrix4d().SetRotate(gf.Quatd(rotation.Get())).SetTranslateOnly(gf.Vec3d(position.Get()))
            places.append(frame * pose)
        assert gf.IsClose(places[0], places[1], 5e-5)
        assert gf.IsClose(places[0].ExtractTranslation(), gf.Vec3d(*joint.at), 1e-5)


def test_the_same_bytes_for_the_same_robot() -> None:
    robot = pendulum()
    text = robot_usda(robot)
    assert robot_usda(pendulum()) == text
    assert robot_usda(replace(robot, joints=tuple(reversed(robot.joints)))) == text
    assert re.search(r"-0(?![.\d])", text) is None
    assert text.endswith("}\n")


def test_shapes_and_colours(tmp_path: Path) -> None:
    usd, geometry = pytest.importorskip("pxr.Usd"), pytest.importorskip("pxr.UsdGeom")
    path = tmp_path / "robot.usda"
    path.write_text(robot_usda(pendulum()))
    stage = usd.Stage.Open(str(path))
    capsule = geometry.Capsule(stage.GetPrimAtPath("/pendulum/rod/capsule_0"))
    assert (capsule.GetRadiusAttr().Get(), capsule.GetHeightAttr().Get(), capsule.GetAxisAttr().Get()) == (
        0.02,
        0.8,
        "Z",
    )
    assert list(capsule.GetDisplayColorAttr().Get()) == [(1.0, 0.5, 0.0)]
    for path in ("/pendulum/rod/capsule_0", "/pendulum/base/box_0", "/pendulum/rod/sphere_1"):
        shape = geometry.Boundable(stage.GetPrimAtPath(path))
        computed = geometry.Boundable.ComputeExtentFromPlugins(shape, usd.TimeCode.Default())
        for authored, exact in zip(shape.GetExtentAttr().Get(), computed, strict=True):
            assert tuple(authored) == pytest.approx(tuple(exact))
    box = geometry.Cube(stage.GetPrimAtPath("/pendulum/base/box_0"))
    assert tuple(box.GetPrim().GetAttribute("xformOp:scale").Get()) == (0.1, 0.2, 0.3)
    assert geometry.GetStageMetersPerUnit(stage) == 1.0
    assert geometry.GetStageUpAxis(stage) == "Z"


JOINT = pendulum().joints[0]


@pytest.mark.parametrize(
    ("robot", "element", "name", "field", "reason"),
    [
        (pendulum(name="two words"), "robot", "two words", "name", "not a name"),
        (pendulum(bodies=(body("base"), body("rod"), body("rod"))), "body", "rod", "name", "2 bodies are named"),
        (pendulum(joints=(JOINT, JOINT)), "joint", "hinge", "name", "2 joints are named"),
        (pendulum(bodies=(body("base"), body("rod", shapes=()))), "body", "rod", None, "has no shape"),
        (pendulum(bodies=(body("base"), body("rod", mass=0.0))), "body", "rod", "mass", "0 kg is not positive"),
        (pendulum(bodies=(body("base"), body("rod", mass=inf))), "body", "rod", "mass", "not positive"),
        (pendulum(bodies=(body("base"), body("rod"), body("x"))), "body", "x", None, '"x" is joined to nothing'),
        (pendulum(joints=(replace(JOINT, child="rood"),)), "joint", "hinge", "child", 'no body "rood"'),
        (pendulum(joints=(replace(JOINT, child="base"),)), "joint", "hinge", "child", "to itself"),
        (pendulum(joints=(replace(JOINT, type=JointType.BALL),)), "joint", "hinge", "type", "cannot be made"),
        (pendulum(joints=(replace(JOINT, axis=(0.0, 0.0, 0.0)),)), "joint", "hinge", "axis", "no direction"),
        (pendulum(joints=(replace(JOINT, upper=-1.0),)), "joint", "hinge", "lower", "leave no room"),
        (pendulum(joints=(replace(JOINT, type=JointType.CONTINUOUS),)), "joint", "hinge", "lower", "no limits"),
        (pendulum(joints=(JOINT, replace(JOINT, name="b"))), "joint", "hinge", "child", '2 joints lead to body "rod"'),
        (
            pendulum(joints=(JOINT, replace(JOINT, name="back", parent="rod", child="base"))),
            "joint",
            "hinge",
            None,
            "0 bodies have no parent",
        ),
    ],
)
def test_problems(robot: PrimitiveRobot, element: str, name: str, field: str | None, reason: str) -> None:
    problems = find_problems(robot)
    assert [(one.element, one.name, one.field) for one in problems] == [(element, name, field)]
    assert reason in problems[0].reason
    with pytest.raises(RobotFileError) as caught:
        robot_usda(robot)
    assert (caught.value.reason, caught.value.hint) == (problems[0].reason, problems[0].hint)


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        (PrimitiveShape(ShapeKind.BOX, size=(1.0, 0.0, 1.0)), "size"),
        (PrimitiveShape(ShapeKind.SPHERE), "radius"),
        (PrimitiveShape(ShapeKind.CAPSULE, radius=0.1), "length"),
        (PrimitiveShape(ShapeKind.CYLINDER, radius=-1.0, length=1.0), "radius"),
    ],
)
def test_shapes_need_a_size(shape: PrimitiveShape, field: str) -> None:
    problems = find_problems(pendulum(bodies=(body("base"), body("rod", shapes=(shape,)))))
    assert [one.field for one in problems] == [field]


def test_all_problems_at_once() -> None:
    robot = pendulum(bodies=(body("base", mass=-1.0), body("rod", shapes=())), joints=(replace(JOINT, parent="bse"),))
    assert [(one.name, one.field) for one in find_problems(robot)] == [
        ("base", "mass"),
        ("rod", None),
        ("hinge", "parent"),
    ]
    assert find_problems(robot)[2].hint == 'did you mean "base"?'


def test_a_loop_beside_the_root_is_no_tree() -> None:
    bodies = (body("base"), body("rod"), body("x"), body("y"))
    loop = (replace(JOINT, name="p", parent="x", child="y"), replace(JOINT, name="q", parent="y", child="x"))
    assert find_problems(pendulum(bodies=bodies, joints=(JOINT, *loop))) != []


def test_a_body_may_be_called_as_the_root_joint(tmp_path: Path) -> None:
    bodies = (body("base"), body("root_joint"))
    path = tmp_path / "robot.usda"
    path.write_text(robot_usda(pendulum(bodies=bodies, joints=(replace(JOINT, child="root_joint"),))))
    assert read(path).body_names == ("base", "root_joint")


def test_a_ground_plane() -> None:
    usd, geometry, physics = (pytest.importorskip(f"pxr.{name}") for name in ("Usd", "UsdGeom", "UsdPhysics"))
    shade = pytest.importorskip("pxr.UsdShade")
    stage = usd.Stage.CreateInMemory()
    text = ground_plane_usda(static_friction=0.9, dynamic_friction=0.7, restitution=0.1, color=(0.2, 0.3, 0.4))
    assert stage.GetRootLayer().ImportFromString(text)
    assert stage.GetRootLayer().defaultPrim == "Ground"
    plane = stage.GetPrimAtPath("/Ground/CollisionPlane")
    assert plane.GetTypeName() == "Plane"
    assert plane.HasAPI(physics.CollisionAPI)
    material, _ = shade.MaterialBindingAPI(plane).ComputeBoundMaterial("physics")
    friction = physics.MaterialAPI(material.GetPrim())
    values = [friction.GetStaticFrictionAttr(), friction.GetDynamicFrictionAttr(), friction.GetRestitutionAttr()]
    assert [value.Get() for value in values] == pytest.approx([0.9, 0.7, 0.1])
    mesh = geometry.Mesh(stage.GetPrimAtPath("/Ground/Environment/Geometry"))
    assert not mesh.GetPrim().HasAPI(physics.CollisionAPI)
    assert geometry.PrimvarsAPI(mesh).GetPrimvar("st").GetInterpolation() == "vertex"
    points = mesh.GetPointsAttr().Get()
    assert points[2][0] - points[0][0] == GROUND_SIZE
