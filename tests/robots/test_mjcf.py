from __future__ import annotations

from collections.abc import Callable
from math import inf, radians
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.robots import JointType, RobotFileError
from stripe_dsl.robots.mjcf import read, read_with_includes

GYMNASIUM = "gymnasium/envs/mujoco/assets"
FILES = ("ant", "half_cheetah", "hopper", "humanoid", "humanoidstandup", "inverted_double_pendulum")
FILES += ("inverted_pendulum", "point", "swimmer", "walker2d", "walker2d_v5")


def mjcf(tmp_path: Path, inside: str, name: str = "robot.xml") -> Path:
    path = tmp_path / name
    path.write_text(f'<mujoco model="leg">{inside}</mujoco>')
    return path


def leg(inner: str = "", outer: str = "") -> str:
    return f'{outer}<worldbody><geom type="plane"/><body name="hip">{inner}</body></worldbody>'


def failure(path: Path, prim: str | None = None) -> RobotFileError:
    with pytest.raises(RobotFileError) as caught:
        read(path, prim)
    return caught.value


@pytest.mark.parametrize("name", FILES)
def test_as_mujoco_reads_it(packaged: Callable[[str], Path], name: str) -> None:
    mujoco = pytest.importorskip("mujoco")
    np = pytest.importorskip("numpy")
    path = packaged(f"{GYMNASIUM}/{name}.xml")
    model, truth = read(path), mujoco.MjModel.from_xml_path(str(path))
    free = sum(kind == mujoco.mjtJoint.mjJNT_FREE for kind in truth.jnt_type)
    assert len(model.joints) == truth.njnt - free
    # a robot that moves against the world is carried by a body of its own
    carried = int(model.root_body == "world")
    assert len(model.bodies) == truth.nbody - 1 + carried
    assert carried == (free == 0)
    assert model.fixed_base == (free == 0)
    for joint in model.joints:
        index = truth.joint(joint.alias or joint.name).id
        body = truth.jnt_bodyid[index]
        assert joint.is_limited == bool(truth.jnt_limited[index])
        if joint.is_limited:
            ref = truth.qpos0[truth.jnt_qposadr[index]]
            assert (joint.lower, joint.upper) == pytest.approx(tuple(truth.jnt_range[index] - ref))
        assert joint.type.is_angular == (truth.jnt_type[index] == mujoco.mjtJoint.mjJNT_HINGE)
        axis = np.zeros(3)
        mujoco.mju_rotVecQuat(axis, truth.jnt_axis[index], truth.body_quat[body])
        assert joint.axis == pytest.approx(tuple(axis), abs=1e-6)
        if truth.body(body).name:
            assert joint.child == truth.body(body).name
    for body in model.bodies:
        if body.mass is not None:
            assert body.mass == pytest.approx(truth.body(body.name).mass[0])


def test_newtons_ant(packaged: Callable[[str], Path]) -> None:
    model = read(packaged("newton/examples/assets/nv_ant.xml"))
    assert not model.fixed_base
    assert model.root_body == "torso"
    assert "root" not in model.joint_names
    hip, ankle = model.joints[:2]
    assert (hip.name, ankle.name, ankle.parent, ankle.child) == (
        "hip_1",
        "ankle_1",
        "front_left_leg",
        "front_left_foot",
    )
    assert (ankle.lower, ankle.upper) == pytest.approx((radians(30), radians(100)))


def test_which_of_several_robots(packaged: Callable[[str], Path]) -> None:
    path = packaged(f"{GYMNASIUM}/reacher.xml")
    error = failure(path)
    assert "2 bodies with joints" in error.reason
    assert error.hint == 'add prim "body0" or prim "target"'
    assert read(path, "body0").joint_names == ("joint0", "joint1")
    target = read(path, "/target")
    # two joints of one body are one joint to the simulator
    assert target.joint_names == ("target_x:0", "target_x:1")
    assert [joint.alias for joint in target.joints] == ["target_x", "target_y"]
    assert failure(path, "boddy0").hint == 'did you mean "body0"?'


def test_radians_and_degrees(tmp_path: Path) -> None:
    knee = '<joint name="knee" range="-1 2"/>'
    (joint,) = read(mjcf(tmp_path, leg(knee, '<compiler angle="radian"/>'))).joints
    assert (joint.lower, joint.upper) == (-1.0, 2.0)
    (joint,) = read(mjcf(tmp_path, leg(knee))).joints
    assert (joint.lower, joint.upper) == (radians(-1), radians(2))
    (slide,) = read(mjcf(tmp_path, leg('<joint name="s" type="slide" range="-1 2"/>'))).joints
    assert (slide.lower, slide.upper, slide.type) == (-1.0, 2.0, JointType.PRISMATIC)


@pytest.mark.parametrize(
    ("compiler", "attributes", "limited"),
    [
        ("", 'range="-1 1"', True),
        ("", 'range="-1 1" limited="false"', False),
        ("", 'range="-1 1" limited="auto"', True),
        ("", "", False),
        ('<compiler autolimits="false"/>', 'range="-1 1"', False),
        ('<compiler autolimits="false"/>', 'range="-1 1" limited="true"', True),
    ],
)
def test_when_a_range_limits(tmp_path: Path, compiler: str, attributes: str, limited: bool) -> None:
    (joint,) = read(mjcf(tmp_path, leg(f'<joint name="knee" {attributes}/>', compiler))).joints
    assert joint.is_limited == limited
    assert joint.type is (JointType.REVOLUTE if limited else JointType.CONTINUOUS)


def test_defaults_by_class(tmp_path: Path) -> None:
    defaults = """<compiler angle="radian"/><default><joint range="-1 1" axis="1 0 0"/>
      <default class="slow"><joint axis="0 1 0"/><default class="stuck"><joint range="-0.1 0.1"/></default></default>
      <default class="other"><geom mass="2"/></default></default>"""
    body = """<joint name="plain"/><body name="b" childclass="slow"><joint name="slow"/>
      <body name="c"><joint name="stuck" class="stuck"/><joint name="own" range="0 3"/></body>
      <body name="d" childclass="other"><joint name="back"/><geom/><geom mass="1"/></body></body>"""
    model = read(mjcf(tmp_path, leg(body, defaults)))
    found = {joint.alias or joint.name: (joint.axis, joint.upper) for joint in model.joints}
    assert found == {
        "plain": ((1.0, 0.0, 0.0), 1.0),
        "slow": ((0.0, 1.0, 0.0), 1.0),
        "stuck": ((0.0, 1.0, 0.0), 0.1),
        "own": ((0.0, 1.0, 0.0), 3.0),
        "back": ((1.0, 0.0, 0.0), 1.0),
    }
    assert model.body("d").mass == 3.0


def test_kinds_of_joints(tmp_path: Path) -> None:
    body = """<freejoint/><body name="a"><joint type="ball" name="socket"/>
      <body name="b"><joint/><body name="c"><joint type="slide" actuatorfrcrange="-5 7"/><joint/></body>
      </body></body>"""
    model = read(mjcf(tmp_path, leg(body)))
    assert not model.fixed_base
    assert model.joint_names == ("socket:0", "socket:1", "socket:2", "b_joint", "c_joint_1:0", "c_joint_1:1")
    assert [joint.alias for joint in model.joints[3:]] == ["", "c_joint_1", "c_joint_2"]
    assert {joint.type for joint in model.joints[:3]} == {JointType.BALL}
    assert model.joint("c_joint_1:0").effort_limit == 7.0
    assert model.joint("c_joint_1:0").axis == (0.0, 0.0, 1.0)
    assert model.joint("b_joint").velocity_limit == inf


def test_bodies_without_names_and_frames(tmp_path: Path) -> None:
    body = '<joint name="j"/><body><joint name="k"/></body>'
    body += '<frame pos="1 0 0"><body name="framed"><joint name="l"/></body></frame>'
    model = read(mjcf(tmp_path, leg(body)))
    assert model.body_names == ("world", "hip", "body_0", "framed")
    assert model.joint("k").child == "body_0"


def test_masses_and_shapes(tmp_path: Path) -> None:
    body = '<joint name="j"/><inertial mass="4" pos="0 0 0"/><geom/><geom contype="0" conaffinity="0"/>'
    body += '<body name="by_density"><geom/><geom mass="1"/></body>'
    model = read(mjcf(tmp_path, leg(body)))
    assert [piece.mass for piece in model.bodies] == [None, 4.0, None]
    assert model.collision_shapes == 3
    assert model.untouched(model.body_names) == ("world",)
    bare = read(
        mjcf(tmp_path, leg('<joint name="j"/><geom contype="0" conaffinity="0"/><body name="tip"><geom/></body>'))
    )
    assert bare.untouched(bare.body_names) == ("world", "hip")


@pytest.mark.parametrize(
    "orientation",
    [
        'quat="0.70710678 0.70710678 0 0"',
        'axisangle="1 0 0 90"',
        'euler="90 0 0"',
        'zaxis="0 -1 0"',
        'xyaxes="1 0 0 0 0 1"',
    ],
)
def test_orientations_turn_the_axis(tmp_path: Path, orientation: str) -> None:
    body = f'<joint name="j"/><body name="k" {orientation}><joint name="turned"/></body>'
    assert read(mjcf(tmp_path, leg(body))).joint("turned").axis == pytest.approx((0.0, -1.0, 0.0), abs=1e-6)


@settings(deadline=None)
@given(
    # MuJoCo refuses numbers smaller than a float can hold.
    angles=st.tuples(*[st.integers(-18000, 18000).map(lambda hundredths: hundredths / 100)] * 3),
    sequence=st.sampled_from(["xyz", "XYZ", "zyx", "ZYX", "xYz", "zxz"]),
)
def test_euler_angles_as_mujoco_turns_them(
    tmp_path_factory: pytest.TempPathFactory, angles: tuple[float, float, float], sequence: str
) -> None:
    mujoco = pytest.importorskip("mujoco")
    np = pytest.importorskip("numpy")
    text = " ".join(repr(angle) for angle in angles)
    turned = f'<body name="k" euler="{text}"><joint name="t" axis="1 2 3"/><geom size="1"/></body>'
    body = f'<joint name="j"/><geom size="1"/>{turned}'
    path = mjcf(
        tmp_path_factory.mktemp("mjcf"),
        leg(body, f'<compiler eulerseq="{sequence}"/>').replace('<geom type="plane"/>', ""),
    )
    truth = mujoco.MjModel.from_xml_path(str(path))
    axis = np.zeros(3)
    mujoco.mju_rotVecQuat(axis, truth.joint("t").axis, truth.body("k").quat)
    assert read(path).joint("t").axis == pytest.approx(tuple(axis), abs=1e-6)


def test_includes(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    inner = mjcf(
        tmp_path, '<body name="shin"><joint name="knee"/><include file="parts/foot.xml"/></body>', "parts/shin.xml"
    )
    foot = mjcf(tmp_path, '<body name="foot"><joint name="ankle"/></body>', "parts/foot.xml")
    path = mjcf(tmp_path, leg('<joint name="j"/><include file="parts/shin.xml"/>'))
    model, included = read_with_includes(path)
    assert model.joint_names == ("j", "knee", "ankle")
    assert included == (inner, foot)


@pytest.mark.parametrize(
    ("inside", "reason", "hint"),
    [
        ("", "holds no robot", None),
        (leg(), "holds no robot", None),
        (leg('<joint name="j" type="hing"/>'), 'of type "hing"', 'did you mean "hinge"?'),
        (leg('<joint name="j" class="fast"/>', '<default><default class="fasst"/></default>'), "fast", '"fasst"'),
        (leg('<joint name="j" range="1 -1"/>'), 'range 1 .. -1 of joint "j" leaves no room', None),
        (leg('<joint name="j" range="a b"/>'), 'range of joint "j" is "a b"', None),
        (leg('<joint name="j" range="1 2 3"/>'), "has 3 numbers and needs 2", None),
        (leg('<joint name="j" axis="0 0 0"/>'), 'axis of joint "j" is zero', None),
        (leg('<joint name="j"/><joint name="j"/>'), 'two joints named "j"', None),
        (leg('<joint name="j"/><body name="hip"/>'), 'two bodies named "hip"', None),
        (leg('<joint name="j"/><body name="k"><freejoint name="f"/></body>'), 'free joint "f" is not on a body', None),
        (leg('<joint name="j"/><include file="gone.xml"/>'), 'includes "gone.xml", which is not there', None),
        (leg('<joint name="j"/><include file="robto.xml"/>'), "not there", 'did you mean "robot.xml"?'),
        (leg('<joint name="j"/><include file="robot.xml"/>'), 'includes "robot.xml" twice', "included once"),
        (leg('<joint name="j"/><body name="k" quat="0 0 0 0"><joint name="l"/></body>'), "length zero", None),
        ("<default><default/></default>" + leg('<joint name="j"/>'), "default without a class", None),
        ("<worldbody>", "not well-formed XML", None),
    ],
)
def test_mistakes(tmp_path: Path, inside: str, reason: str, hint: str | None) -> None:
    error = failure(mjcf(tmp_path, inside))
    assert reason in error.reason
    assert (error.hint is None) == (hint is None)
    assert hint is None or hint in (error.hint or "")


def test_other_files(tmp_path: Path) -> None:
    path = tmp_path / "robot.xml"
    path.write_text("<robot/>")
    assert failure(path).hint == "read it with urdf instead of mjcf"
    path.write_text("<html/>")
    assert "<html>" in failure(path).reason


def test_contacts_that_are_listed_are_left_out(tmp_path: Path) -> None:
    shin = '<body name="shin"><joint name="knee"/><geom name="b" size="1"/></body>'
    inner = f'<joint name="swing" axis="0 1 0"/><geom name="a" size="1"/>{shin}'
    lists = '<contact><pair geom1="a" geom2="b"/><exclude body1="hip" body2="shin"/></contact>'
    model = read(mjcf(tmp_path, leg(inner, lists)))
    assert model.warnings == ('contact <pair> of "a" and "b" is left out',)
    assert model.kept_apart == ('contact <exclude> of "hip" and "shin" is left out: they may touch',)
