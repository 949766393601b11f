"""URDF and MJCF as USD: what is read back is what was meant, and what cannot be carried over is refused by name."""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import inf
from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.pipeline import compile_file
from stripe_dsl.robots import RobotFileError, RobotModel
from stripe_dsl.robots.convert import Converted, convert
from stripe_dsl.robots.files import read_file
from stripe_dsl.robots.meshes import Mesh, ellipsoid, of_mesh, read_mesh
from stripe_dsl.robots.usd import read

NEWTON, GYMNASIUM = "newton/examples/assets", "gymnasium/envs/mujoco/assets"
FILES = [f"{NEWTON}/{name}" for name in ("nv_ant.xml", "nv_humanoid.xml", "quadruped.urdf", "cartpole.urdf")]
FILES += [
    f"{GYMNASIUM}/{name}.xml"
    for name in ("ant", "half_cheetah", "hopper", "humanoid", "inverted_double_pendulum", "swimmer", "walker2d_v5")
]
BOX = "<geometry><box size='0.1 0.2 0.3'/></geometry>"


def assert_same(found: RobotModel, meant: RobotModel) -> None:
    """What the simulator will see is what the checker says."""
    assert found.joint_names == meant.joint_names
    assert found.body_names == meant.body_names
    assert (found.fixed_base, found.root_body) == (meant.fixed_base, meant.root_body)
    assert found.collision_shapes == meant.collision_shapes
    assert found.warnings == ()
    for one, other in zip(found.joints, meant.joints, strict=True):
        assert (one.type, one.parent, one.child) == (other.type, other.parent, other.child)
        for key in ("lower", "upper", "velocity_limit", "effort_limit"):
            assert getattr(one, key) == pytest.approx(getattr(other, key), rel=1e-5, abs=1e-5), (one.name, key)
        assert one.axis == pytest.approx(other.axis, abs=5e-5)
    for one, other in zip(found.bodies, meant.bodies, strict=True):
        assert other.mass is None or one.mass == pytest.approx(other.mass)
        assert one.collides == other.collides


def as_usd(path: Path, folder: Path) -> tuple[RobotModel, RobotModel, Converted]:
    """The model of a file, that of its conversion, and the conversion."""
    model = read_file(path)
    converted = convert(model, "robot")
    stage = folder / "robot.usda"
    stage.write_text(converted.stage)
    return model, read(stage), converted


@pytest.mark.parametrize("name", FILES)
def test_installed_models(packaged: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    meant, found, converted = as_usd(packaged(name), tmp_path)
    assert_same(found, meant)
    assert all(text.startswith("the friction ") for text in converted.left_out)
    assert bool(converted.left_out) == any(word in name for word in ("nv_ant", "hopper", "walker2d", "cheetah"))
    assert convert(meant, "robot") == converted


def urdf(folder: Path, links: str, joints: str = "", name: str = "robot.urdf") -> Path:
    path = folder / name
    path.write_text(f"<robot name='arm'>{links}{joints}</robot>")
    return path


def arm(collision: str, joint: str = "<joint name='elbow' type='continuous'>") -> tuple[str, str]:
    ends = "<parent link='base'/><child link='fore-arm'/><axis xyz='0 0 1'/><limit lower='-1' upper='1'/></joint>"
    return f"<link name='base'/><link name='fore-arm'>{collision}</link>", joint + ends


def mjcf(folder: Path, body: str, before: str = "") -> Path:
    path = folder / "robot.xml"
    path.write_text(
        f"<mujoco>{before}<worldbody><body name='base'><freejoint/><geom size='0.1'/>{body}</body></worldbody></mujoco>"
    )
    return path


def binary_stl(path: Path, mesh: Mesh) -> None:
    corners = mesh.points[mesh.triangles].reshape(-1, 9)
    facets = b"".join(struct.pack("<12fH", 0, 0, 0, *row, 0) for row in corners.tolist())
    path.write_bytes(b"\0" * 80 + struct.pack("<I", len(corners)) + facets)


SIDES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
CUBE = Mesh(
    np.array([[x, y, z] for x in (0.0, 0.1) for y in (0.0, 0.2) for z in (0.0, 0.3)]),
    np.array([triangle for a, b, c, d in SIDES for triangle in ((a, b, c), (a, c, d))]),
)


def test_meshes_are_read_in_every_form(tmp_path: Path) -> None:
    binary_stl(tmp_path / "cube.stl", CUBE)
    lines = [f"vertex {x} {y} {z}" for x, y, z in CUBE.points[CUBE.triangles].reshape(-1, 3).tolist()]
    (tmp_path / "text.stl").write_text("solid cube\n" + "\n".join(lines) + "\nendsolid\n")
    points = "\n".join(f"v {x} {y} {z}" for x, y, z in CUBE.points.tolist())
    faces = "\n".join(f"f {a + 1}/1/1 {b + 1}/1/1 {c - 8}/1/1" for a, b, c in CUBE.triangles.tolist())
    (tmp_path / "cube.obj").write_text(f"{points}\n# faces\n{faces}\n")
    for name in ("cube.stl", "text.stl", "cube.obj"):
        found = of_mesh(read_mesh(tmp_path / name), 1000.0)
        assert found.mass == pytest.approx(6.0, rel=1e-5), name
        assert found.center == pytest.approx((0.05, 0.1, 0.15), rel=1e-5)
        moments = [6 / 12 * (b * b + c * c) for b, c in ((0.2, 0.3), (0.1, 0.3), (0.1, 0.2))]
        np.testing.assert_allclose(found.inertia, np.diag(moments), atol=1e-6)


def test_a_mesh_that_is_inside_out_or_mirrored_weighs_the_same() -> None:
    straight = of_mesh(CUBE, 1000.0)
    for other in (Mesh(CUBE.points, CUBE.triangles[:, ::-1]), CUBE.scaled((-1.0, 1.0, 1.0))):
        found = of_mesh(other, 1000.0)
        assert found.mass == pytest.approx(straight.mass)
        np.testing.assert_allclose(found.inertia, straight.inertia, atol=1e-12)
    a, b, c = (CUBE.points[CUBE.triangles[:, corner]] for corner in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() > 0


def test_an_ellipsoid_is_nearly_one() -> None:
    a, b, c = 0.3, 0.2, 0.1
    found = of_mesh(ellipsoid((a, b, c)), 1000.0)
    mass = 1000 * 4 / 3 * np.pi * a * b * c
    assert found.mass == pytest.approx(mass, rel=0.03)
    wanted = found.mass / 5 * np.array([b * b + c * c, a * a + c * c, a * a + b * b])
    np.testing.assert_allclose(np.diag(found.inertia), wanted, rtol=0.03)


def test_a_mesh_in_a_package_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "dog" / "meshes").mkdir(parents=True)
    (tmp_path / "dog" / "urdf").mkdir()
    binary_stl(tmp_path / "dog" / "meshes" / "cube.stl", CUBE)
    mesh = "<geometry><mesh filename='package://dog/meshes/cube.stl' scale='2 1 1'/></geometry>"
    links, joints = arm(f"<visual>{mesh}</visual><collision>{mesh}</collision><visual>{BOX}</visual>")
    meant, found, converted = as_usd(urdf(tmp_path / "dog" / "urdf", links, joints), tmp_path)
    assert found.joint_names == meant.joint_names == ("elbow",)
    assert found.body_names == meant.body_names == ("base", "fore_arm")
    # a shape that is drawn and collides is one prim; from its volume comes its mass, for the link has no inertia
    assert converted.stage.count("def Mesh") == converted.stage.count("convexHull") == 1
    assert found.collision_shapes == 1
    assert found.body("fore_arm").mass == pytest.approx(12.0, rel=1e-5)
    assert "guide" not in converted.stage
    assert str(tmp_path) not in converted.stage


def test_what_collides_is_hidden_where_something_else_is_drawn(tmp_path: Path) -> None:
    sphere = "<geometry><sphere radius='0.2'/></geometry><material name='m'><color rgba='1 0 0 1'/></material>"
    links, joints = arm(f"<visual>{sphere}</visual><collision>{BOX}</collision>")
    _, found, converted = as_usd(urdf(tmp_path, links, joints), tmp_path)
    assert found.collision_shapes == 1
    assert converted.stage.count('purpose = "guide"') == 1
    assert "displayColor = [(1, 0, 0)]" in converted.stage


def test_a_look_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    links, joints = arm(f"<visual><geometry><mesh filename='a.dae'/></geometry></visual><collision>{BOX}</collision>")
    _, _, converted = as_usd(urdf(tmp_path, links, joints), tmp_path)
    (left,) = converted.left_out
    assert left == 'the look of link "fore_arm" is left out: the mesh "a.dae" is not STL or OBJ'


@pytest.mark.parametrize(
    ("shape", "joint", "reason"),
    [
        ("<mesh filename='a.dae'/>", "continuous", '"a.dae" is not STL or OBJ'),
        ("<mesh filename='a.stl'/>", "continuous", "there is no mesh file"),
        ("<cone/>", "continuous", "is a <cone>, which URDF lacks"),
        ("<sphere radius='0'/>", "continuous", "is not positive"),
        ("", "continuous", 'collision of link "fore_arm" has no geometry'),
        ("<box size='1 1 1'/>", "planar", 'joint "elbow" is planar'),
        ("<box size='1 1 1'/>", "floating", 'joint "elbow" is floating'),
    ],
)
def test_what_a_urdf_cannot_have(tmp_path: Path, shape: str, joint: str, reason: str) -> None:
    links, joints = arm(f"<collision><geometry>{shape}</geometry></collision>", f"<joint name='elbow' type='{joint}'>")
    with pytest.raises(RobotFileError, match=reason):
        as_usd(urdf(tmp_path, links, joints), tmp_path)


def test_a_joint_without_room(tmp_path: Path) -> None:
    links, joints = arm("", "<joint name='elbow' type='revolute'>")
    model = read_file(urdf(tmp_path, links, joints.replace("lower='-1'", "lower='1'")))
    assert model.warnings
    with pytest.raises(RobotFileError, match="leave no room"):
        convert(model, "robot")


@pytest.mark.parametrize(
    ("body", "before", "reason"),
    [
        ("<joint/><geom type='hfield'/>", "", "which is a hfield"),
        ("<joint/><geom type='plane' size='1 1 1'/>", "", "which is a plane"),
        ("<joint/><joint name='c' pos='1 0 0'/><geom size='1'/>", "", 'joint "c", which is not where'),
        ("<joint/><joint type='slide'/><geom size='1'/>", "", "slides have to come before hinges"),
        ("<joint type='ball'/><joint/><geom size='1'/>", "", "a ball joint has to be the only"),
        ("<joint/><geom type='mesh' mesh='m'/>", "", 'the mesh "m", which is not there'),
        ("<joint/><geom type='box' mesh='m'/>", "<asset><mesh file='m.stl'/></asset>", "fitted to a mesh"),
        ("<joint/><geom size='1'/>", "<compiler boundmass='0.1'/>", '<compiler boundmass="0.1">'),
    ],
)
def test_what_an_mjcf_cannot_have(tmp_path: Path, body: str, before: str, reason: str) -> None:
    with pytest.raises(RobotFileError) as caught:
        as_usd(mjcf(tmp_path, f"<body name='b'>{body}</body>", before), tmp_path)
    assert reason in f"{caught.value.reason} {caught.value.hint}"


def test_mjcf_meshes_and_springs(tmp_path: Path) -> None:
    (tmp_path / "meshes").mkdir()
    binary_stl(tmp_path / "meshes" / "cube.stl", CUBE)
    before = "<compiler meshdir='meshes' angle='radian'/><asset><mesh file='cube.stl' scale='1 1 2'/></asset>"
    joint = "<joint name='j' stiffness='3' springref='0.5' damping='0.2' armature='0.01' frictionloss='0.3'/>"
    body = f"<body name='b'>{joint}"
    body += "<geom type='mesh' mesh='cube' density='500'/><geom type='ellipsoid' size='0.1 0.2 0.3' mass='2'/></body>"
    meant, found, converted = as_usd(mjcf(tmp_path, body, before), tmp_path)
    assert_same(found, meant)
    assert found.body("b").mass == pytest.approx(500 * 0.012 + 2.0, rel=1e-5)
    for text in ("mjc:springref = 0.5", "mjc:stiffness = 3", "newton:armature = 0.01", "newton:friction = 0.3"):
        assert f"float {text}\n" in converted.stage
    assert f"newton:damping = {round(0.2 * np.pi / 180, 9):.15g}\n" in converted.stage
    assert converted.stage.count("convexHull") == 2


def test_names_are_those_of_prims(tmp_path: Path) -> None:
    links = "<link name='1/a b'/><link name='ü'/>"
    joints = "<joint name='j-1' type='continuous'><parent link='1/a b'/><child link='ü'/></joint>"
    meant, found, _ = as_usd(urdf(tmp_path, links, joints), tmp_path)
    assert found.body_names == meant.body_names == ("_1_a_b", "_")
    assert found.joint_names == meant.joint_names == ("j_1",)
    with pytest.raises(RobotFileError, match='links "a-b" and "a b" have the same name in USD'):
        read_file(urdf(tmp_path, "<link name='a-b'/><link name='a b'/>"))


def test_a_robot_that_moves_against_the_world_is_carried(tmp_path: Path) -> None:
    links = "<link name='world'/><link name='cart'/>"
    joints = "<joint name='rail' type='{}'><parent link='world'/><child link='cart'/><origin xyz='0 0 2'/></joint>"
    meant, found, _ = as_usd(urdf(tmp_path, links, joints.format("continuous")), tmp_path)
    assert_same(found, meant)
    assert (meant.fixed_base, meant.body_names) == (True, ("world", "cart"))
    more = links + "<link name='pole'/>"
    pole = "<joint name='turn' type='continuous'><parent link='cart'/><child link='pole'/></joint>"
    meant, found, _ = as_usd(urdf(tmp_path, more, joints.format("fixed") + pole), tmp_path)
    assert_same(found, meant)
    assert (meant.fixed_base, meant.body_names) == (True, ("cart", "pole"))


TASK = """
task Move {
  robot arm
  sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 }
  action push = effort(joints) scale 1 N*m
  observe policy { joints.pos }
  reward per second { alive = 1.0 }
  terminate { timeout }
}
"""


def test_a_package_holds_the_robot_and_needs_its_file_no_more(tmp_path: Path) -> None:
    links, joints = arm(f"<collision>{BOX}</collision>")
    urdf(tmp_path, links, joints)
    source = tmp_path / "arm.stripe"
    source.write_text('robot arm { urdf "robot.urdf"; actuator joints { implicit } }' + TASK)
    ((package,), found) = compile_file(source, tmp_path / "out")
    assert found == []
    assert 'def Xform "fore_arm"' in package.files["assets/arm.usda"]
    assert 'usd_path=asset("arm.usda")' in package.files["env_cfg.py"]
    assert not [path for path, text in package.files.items() if "robot.urdf" in text and path != "assets/arm.usda"]


def test_a_robot_that_cannot_be_brought_to_usd_is_a_diagnostic(tmp_path: Path) -> None:
    links, joints = arm("<collision><geometry><mesh filename='package://arm/a.stl'/></geometry></collision>")
    urdf(tmp_path, links, joints)
    source = tmp_path / "arm.stripe"
    source.write_text('robot arm { urdf "robot.urdf"; actuator joints { implicit } }' + TASK)
    packages, (found,) = compile_file(source, tmp_path / "out")
    assert packages == []
    assert (found.code, found.span and found.span.line) == ("E0610", 1)
    assert found.message == '"robot.urdf" names the mesh "package://arm/a.stl", which is not there'
    assert found.helps == ("put the folder `arm` beside the file or above it",)


def test_unlimited_joints_stay_so(packaged: Callable[[str], Path], tmp_path: Path) -> None:
    _, found, _ = as_usd(packaged(FILES[2]), tmp_path)
    assert {(joint.lower, joint.upper) for joint in found.joints} == {(-inf, inf)}


@pytest.mark.parametrize(("key", "file"), [("urdf", "robot.urdf"), ("mjcf", f"package://{FILES[0]}")])
def test_a_base_can_be_fixed(tmp_path: Path, key: str, file: str) -> None:
    links, joints = arm(f"<collision>{BOX}</collision>")
    urdf(tmp_path, links, joints)
    source = tmp_path / "arm.stripe"
    pose = 'pose { "ankle_[14]" 60 deg; "ankle_[23]" -60 deg }' if key == "mjcf" else ""
    source.write_text(f'robot arm {{ {key} "{file}"; fixed; {pose}\n actuator joints {{ implicit }} }}' + TASK)
    (package,), found = compile_file(source, tmp_path / "out")
    assert [item.code for item in found] == (["W0016"] if key == "mjcf" else [])  # friction of its geoms
    stage = tmp_path / "arm.usda"
    stage.write_text(package.files["assets/arm.usda"])
    model = read(stage)
    assert model.fixed_base
    assert model.root_body == ("torso" if key == "mjcf" else "base")
    assert model.warnings == ()
