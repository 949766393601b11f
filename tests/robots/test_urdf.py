from __future__ import annotations

from collections.abc import Callable
from math import inf, pi
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.robots import JointType, RobotFileError
from stripe_dsl.robots.urdf import read


def urdf(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "robot.urdf"
    path.write_text(f'<?xml version="1.0"?>\n<robot name="arm">{body}</robot>')
    return path


def joint(name: str, parent: str, child: str, kind: str = "revolute", inner: str = "") -> str:
    return f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>{inner}</joint>'


LINKS = '<link name="base"/><link name="arm"><inertial><mass value="1.5"/></inertial><collision/></link>'


def failure(path: Path) -> RobotFileError:
    with pytest.raises(RobotFileError) as caught:
        read(path)
    return caught.value


def test_newtons_quadruped(packaged: Callable[[str], Path]) -> None:
    model = read(packaged("newton/examples/assets/quadruped.urdf"))
    assert model.name == "quadruped"
    assert not model.fixed_base
    assert model.root_body == "base"
    assert model.joint_names[:4] == ("LF_HAA", "LF_HFE", "LF_KFE", "LH_HAA")
    assert len(model.bodies) == 13
    assert model.body("base").mass == 6.222
    # The file limits effort and velocity and leaves the range open: these joints turn without end.
    hip = model.joint("LF_HAA")
    assert (hip.type, hip.lower, hip.upper) == (JointType.CONTINUOUS, -inf, inf)
    assert (hip.effort_limit, hip.velocity_limit) == (80.0, 20.0)
    assert hip.axis == (1.0, 0.0, 0.0)


def test_limits_and_axis(tmp_path: Path) -> None:
    inner = (
        '<origin rpy="0 0 1.5707963267948966"/><axis xyz="2 0 0"/><limit lower="-1" upper="2" effort="0" velocity="3"/>'
    )
    model = read(urdf(tmp_path, LINKS + joint("elbow", "base", "arm", inner=inner)))
    (elbow,) = model.joints
    assert (elbow.type, elbow.lower, elbow.upper) == (JointType.REVOLUTE, -1.0, 2.0)
    assert (elbow.velocity_limit, elbow.effort_limit) == (3.0, inf)
    assert elbow.axis == pytest.approx((0.0, 1.0, 0.0))
    assert [body.mass for body in model.bodies] == [None, 1.5]
    assert model.collision_shapes == 1
    assert [body.collides for body in model.bodies] == [False, True]


def test_a_link_named_world_is_the_world(tmp_path: Path) -> None:
    links = '<link name="world"/>' + LINKS
    model = read(urdf(tmp_path, links + joint("weld", "world", "base", "fixed") + joint("elbow", "base", "arm")))
    assert model.fixed_base
    assert model.body_names == ("base", "arm")
    assert model.joint_names == ("elbow",)
    floating = read(urdf(tmp_path, links + joint("weld", "world", "base", "floating") + joint("elbow", "base", "arm")))
    assert not floating.fixed_base


def test_a_planar_joint_has_three_degrees_of_freedom(tmp_path: Path) -> None:
    model = read(urdf(tmp_path, LINKS + joint("plane", "base", "arm", "planar")))
    assert model.joint_names == ("plane:0", "plane:1", "plane:2")
    assert [one.type.is_angular for one in model.joints] == [False, False, True]


def test_siblings_come_by_name_and_subtrees_together(tmp_path: Path) -> None:
    links = "".join(f'<link name="{name}"/>' for name in ("b", "l2", "l1", "r1", "r2"))
    joints = joint("right", "b", "r1") + joint("left", "b", "l1") + joint("z", "l1", "l2") + joint("a", "r1", "r2")
    model = read(urdf(tmp_path, links + joints))
    assert model.joint_names == ("left", "z", "right", "a")
    assert model.body_names == ("b", "l1", "l2", "r1", "r2")


def test_what_to_know(tmp_path: Path) -> None:
    locked = joint("elbow", "base", "arm", inner='<limit lower="1" upper="1"/><mimic joint="other"/>')
    warnings = read(urdf(tmp_path, LINKS + locked)).warnings
    assert [text.split()[0:2] for text in warnings] == [["the", "limits"], ["joint", '"elbow"']]
    assert (
        read(urdf(tmp_path, LINKS + joint("elbow", "base", "arm", inner='<limit upper="2"/>'))).joints[0].lower == 0.0
    )


@pytest.mark.parametrize(
    ("body", "reason", "hint"),
    [
        ("", "has no link", None),
        (LINKS, 'link "arm" is joined to nothing', "a robot is one tree of links"),
        (LINKS + joint("e", "bose", "arm"), 'joint "e" names link "bose", which is not there', 'did you mean "base"?'),
        (LINKS + joint("e", "base", "arm", "revolut"), 'of type "revolut"', 'did you mean "revolute"?'),
        (LINKS + joint("e", "base", "arm") * 2, 'two joints named "e"', None),
        (LINKS + LINKS, 'two links named "base"', None),
        (LINKS + joint("e", "base", "arm") + joint("f", "arm", "base"), "0 bodies have no parent", "one tree of links"),
        (LINKS + joint("e", "base", "arm", inner='<axis xyz="0 0 0"/>'), 'axis of joint "e" is zero', None),
        (LINKS + joint("e", "base", "arm", inner='<axis xyz="1 0"/>'), "has 2 numbers and needs 3", None),
        (LINKS + joint("e", "base", "arm", inner='<limit lower="a"/>'), 'lower limit of joint "e" is "a"', None),
        (LINKS + joint("e", "base", "arm", inner='<limit lower="nan"/>'), "not finite", None),
        (LINKS + '<joint name="e" type="fixed"><child link="arm"/></joint>', 'joint "e" has no parent link', None),
        ("<link/>", "a link without a name", None),
        ("<link", "not well-formed XML", None),
    ],
)
def test_mistakes(tmp_path: Path, body: str, reason: str, hint: str | None) -> None:
    error = failure(urdf(tmp_path, body))
    assert reason in error.reason
    assert (error.hint is None) == (hint is None)
    assert hint is None or hint in (error.hint or "")


def test_other_files(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text("<mujoco/>")
    assert failure(path).hint == "read it with mjcf instead of urdf"
    path.write_text("<sdf/>")
    assert "<sdf>" in failure(path).reason
    path.write_text('<robot xmlns:xacro="http://www.ros.org/wiki/xacro"><xacro:macro name="leg"/></robot>')
    assert "xacro" in (failure(path).hint or "")
    path.write_text("")
    assert "is empty" in failure(path).reason
    assert "no file" in failure(tmp_path / "absent.urdf").reason
    with pytest.raises(RobotFileError):
        read(urdf(tmp_path, LINKS), "/arm")


def test_external_entities_are_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    path = tmp_path / "robot.urdf"
    path.write_text(f'<!DOCTYPE r [<!ENTITY s SYSTEM "{secret.as_uri()}">]><robot name="a"><link name="&s;"/></robot>')
    assert "not well-formed XML" in failure(path).reason


@settings(deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_only_robot_file_errors_are_raised(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("urdf") / "robot.urdf"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(RobotFileError):
        read(path)


@settings(deadline=None)
@given(st.floats(-6, 6), st.floats(-6, 6))
def test_limits_are_read_as_written(tmp_path_factory: pytest.TempPathFactory, lower: float, upper: float) -> None:
    inner = f'<limit lower="{lower!r}" upper="{upper!r}"/>'
    model = read(urdf(tmp_path_factory.mktemp("urdf"), LINKS + joint("e", "base", "arm", inner=inner)))
    assert (model.joints[0].lower, model.joints[0].upper) == (lower, upper)
    assert bool(model.warnings) == (lower >= upper)
    assert abs(lower) < 2 * pi
