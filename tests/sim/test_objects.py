"""Several robots and rigid objects in one environment: everything is addressed by name, in each back end."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from stripe_dsl.ir.graph import Read
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run, assert_up_to_date, turned_back
from .recorder import Array, Recording, Run, record
from .replay import assert_replayed, entries

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "objects.stripe"
ROBOTS = ("left", "right", "cat")
OBJECTS = ("cube", "ball", "trunk", "cup", "jug")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    torch = Run(steps=120, finish="tests.sim.test_objects:scene")
    warp = replace(torch, backend="warp")
    return record(
        SOURCE,
        tmp_path_factory.mktemp("objects"),
        {"torch": torch, "warp": warp, "recorded": replace(warp, inside=False)},
    )


def scene(env: Any) -> Mapping[str, Any]:
    """Keys and prims are as they have to be; gives the masses of the objects. Runs in the worker."""
    assets = env.scene.articulations | env.scene.rigid_objects
    assert [*assets] == [f"robot_{name}" for name in ROBOTS] + [f"object_{name}" for name in OBJECTS]
    assert [asset.cfg.prim_path.rpartition("/")[2] for asset in assets.values()] == [
        name.title() for name in (*ROBOTS, *OBJECTS)
    ]
    return {name: item.data.body_mass.torch[:, 0].cpu() for name, item in env.scene.rigid_objects.items()}


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def test_everything_is_as_the_reference_says(recording: Recording) -> None:
    (program,) = check_file(SOURCE).programs
    assert_replayed(program, recording, absolute=2e-5, loose={"policy.luck": 1.0})  # what is drawn is not known
    assert recording.truncated.any()
    for name, mass in zip(OBJECTS, (0.5, 0.3, 0.4, 0.2, 0.6), strict=True):
        np.testing.assert_allclose(recording.finish[f"object_{name}"], mass, rtol=1e-6)


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])
    assert_up_to_date(runs["recorded"])


def at(recording: Recording, entity: str, quantity: str, *names: str) -> Array:
    return recording.at_observation[Read(entity, quantity, names)]


def test_the_origin_of_a_body_moves_otherwise_than_its_centre_of_mass(recording: Recording) -> None:
    """The jug has a handle, and turns."""
    speeds = [at(recording, "jug", f"root.{name}@world") for name in ("lin_vel", "link_lin_vel")]
    assert abs(speeds[0] - speeds[1]).max() > 0.01


def test_robots_of_one_file_are_driven_apart(recording: Recording) -> None:
    """Each action reaches its own robot, and the robots stand where the task puts them."""
    left, right = (at(recording, name, "joint.pos", "slide") for name in ("left", "right"))
    later = ~recording.fresh[1:] & ~recording.fresh[:-1]
    ends = recording.truncated
    assert left[:-1][ends].mean() == pytest.approx(0.3, abs=0.1), "about the offset of its action"
    assert abs(right).max() < 0.05, "nobody drives it"
    hinge = at(recording, "right", "joint.vel", "hinge")[1:]
    assert np.corrcoef(hinge[later], recording.actions[..., 1][later])[0, 1] > 0.5
    place = recording.states["robot_right/root_link_pose_w"] - recording.states["robot_left/root_link_pose_w"]
    np.testing.assert_allclose(place[..., :3], np.broadcast_to([0, -1.2, 0], place[..., :3].shape), atol=1e-5)
    np.testing.assert_allclose(place[..., 5], np.sin(np.deg2rad(10)), atol=1e-5)


def test_a_reset_places_objects(recording: Recording) -> None:
    fresh = recording.fresh
    cube, ball = at(recording, "cube", "root.pos@world"), at(recording, "ball", "root.pos@world")
    origin = at(recording, "", "env.origin")
    assert (abs((cube - origin)[fresh][:, :2] - [0.5, 0.5]) <= 0.0501).all()
    np.testing.assert_allclose(cube[fresh][:, 2], 0.2, atol=1e-6)
    heights = ball[fresh][:, 2]
    assert ((heights >= 0.4999) & (heights <= 0.9001)).all()
    assert np.ptp(heights) > 0.1
    speed = at(recording, "ball", "root.lin_vel@world")[fresh]
    assert (abs(speed[:, 0]) <= 0.5001).all()
    np.testing.assert_allclose(speed[:, 1:], 0.0, atol=1e-6)


def test_a_chance_decides_what_is_drawn(recording: Recording) -> None:
    """By a state, which several lines and the observations share, and in the line itself."""
    (program,) = check_file(SOURCE).programs
    luck = {name: value for (_, name), value in entries(program, recording).items()}["luck"][recording.fresh].ravel()
    speed = at(recording, "ball", "root.lin_vel@world")[recording.fresh][:, 0]
    assert ((abs(speed) >= 0.2999) & (abs(speed) <= 0.5001)).all()
    np.testing.assert_array_equal(speed > 0, luck == 1)
    assert 0.15 < luck.mean() < 0.7
    place = (at(recording, "cup", "root.pos@world") - at(recording, "", "env.origin"))[recording.fresh][:, 0] + 1.5
    moved = place > 0.05
    assert ((place[moved] >= 0.0999) & (place[moved] <= 0.2001)).all()
    np.testing.assert_allclose(place[~moved], 0.0, atol=1e-5)
    assert 0.2 < moved.mean() < 0.8


def test_a_reset_turns_objects(recording: Recording) -> None:
    """What is drawn is turned from the default, about axes that the default has turned."""
    turns = Rotation.from_quat(recording.states["object_ball/root_link_pose_w"][recording.fresh][:, 3:])
    roll, pitch, yaw = (Rotation.from_euler("z", 30, degrees=True).inv() * turns).as_euler("xyz", degrees=True).T
    assert len(roll) > 25
    np.testing.assert_allclose(pitch, 0.0, atol=1e-3)
    assert roll.std() == pytest.approx(20, rel=0.45)
    assert abs(roll).max() < 90
    assert np.ptp(yaw) > 200


def test_a_ball_falls_and_stays_on_the_ground(recording: Recording) -> None:
    """Free fall until it touches, and a sphere of 10 cm rests 10 cm above the ground."""
    height = at(recording, "ball", "root.pos@world")[..., 2]
    speed = at(recording, "ball", "root.lin_vel@world")[..., 2]
    going = ~recording.fresh[1:]
    falling = going & (height[1:] > 0.2)
    np.testing.assert_allclose((speed[1:] - speed[:-1])[falling], -9.81 / 30, atol=2e-3)
    assert height.min() > 0.06, "it gives way a little where it lands"
    ends = recording.truncated.copy()
    ends[:30] = False  # the first episodes are cut short
    np.testing.assert_allclose(height[:-1][ends], 0.1, atol=0.02)


def test_the_body_of_a_file_is_an_object(recording: Recording) -> None:
    """It falls and lies on the lower side of its cube, 20 cm long in the file, and half of that by its `scale`."""
    ends = recording.truncated.copy()
    ends[:30] = False
    for name, height in (("cup", 0.05), ("jug", 0.1)):
        place = recording.states[f"object_{name}/root_link_pose_w"]
        np.testing.assert_allclose(place[:-1][ends][:, 2], height, atol=0.01)
    fresh = recording.fresh
    cup, jug = at(recording, "cup", "root.pos@world"), recording.states["object_jug/root_link_pose_w"]
    assert ((cup[fresh][:, 2] >= 0.1999) & (cup[fresh][:, 2] <= 0.3001)).all()
    assert np.ptp(cup[fresh][:, 2]) > 0.03
    np.testing.assert_allclose(abs(jug[fresh][:, 3:]), np.tile([0, 0, 0.5**0.5, 0.5**0.5], (fresh.sum(), 1)), atol=1e-5)


TOUCHING = """
  sensor every = contacts(left.ram)
  sensor hit   = contacts(left.ram) against cube threshold 0.5 N
  sensor miss  = contacts(left.ram) against ball
  sensor cats  = contacts(cat) against ground
  sensor arms  = contacts(left) against right
  sensor cups  = contacts(left.ram) against cup
  sensor wing  = contacts(left.flap) against cube
  sensor grip  = contacts(left.hands) against cube
  observe critic {
    every.force; hit.force; normal = hit.normal_force; peak = hit.peak; down = hit.touching
    miss.force; cats.force; arms = arms.peak; cups = cups.peak; wing.force
    contact_count = count(|grip[left.hands].normal_force| > 1 N) / 2
    contacts = |grip[left.ram].normal_force| > 1 N and any(|grip[left.hands].normal_force| > 1 N)
    fingers_contact_force_b = rotate_back(right.base.rot, grip[left.hands].normal_force)
  }
  reward per second {"""
"""Contacts by partner: what the ram touches is the cube alone, and what lies on the ground is the cat."""


def touched(env: Any) -> Mapping[str, Any]:
    """Isaac Lab's terms for hands that hold something, with a sensor for each; runs in the worker."""
    from isaaclab.managers import SceneEntityCfg
    from isaaclab_tasks.core.lift.mdp import observations, rewards

    names = ["hit", "wing"]
    found = {
        "contacts": rewards.contacts(env, 1.0, "hit", names),
        "contact_count": rewards.contact_count(env, 1.0, names),
        "fingers_contact_force_b": observations.fingers_contact_force_b(env, names, SceneEntityCfg("robot_right")),
    }
    return {name: value.float().cpu().numpy().copy() for name, value in found.items()}


def test_a_cube_is_pushed(tmp_path: Path) -> None:
    """A ram that is sent out moves the cube before it, and nothing else does; contacts tell what was touched."""
    text = SOURCE.read_text().replace("spawn at (0.5, 0.5, 0.2) m", "spawn at (0.4, 0, 0.11) m")
    text = text.replace("\n  reward per second {", TOUCHING)
    names = ('body ram = "ram"', 'body flap = "flap"', 'bodies hands = ["ram", "flap"]', "joint slide {")
    text = text.replace("  joint slide {", "\n".join(f"  {name}" for name in names))
    text = text.replace("cube.pos.z     = 0.2 m", "cube.pos.z     = default")
    shutil.copy(SOURCE.with_name("mug.usda"), tmp_path)
    text, turned = re.subn("ball.rot .*", "ball.rot = any", text)
    assert turned == 1
    source = tmp_path / "pushed.stripe"
    source.write_text(text)
    still = ("reset.cube_yaw=[0.0,0.0]", "reset.cube_pos_xy=[0.0,0.0]", "terminate.pushed_threshold=9.0")
    still += ("reset.left_slide_pos=[0.0,0.0]",)
    out = Run(steps=29, amplitude=0.0, shuffle=(), num_envs=4, overrides=(*still, "action.push_offset=0.6"))
    out = replace(out, probe="tests.sim.test_objects:touched")
    wanted = {"torch": out, "kept": replace(out, overrides=(*still, "action.push_offset=0.0"))}
    wanted["warp"] = replace(out, backend="warp", inside=False)
    found = record(source, tmp_path, wanted)
    moved = {name: at(run, "cube", "root.pos@world")[..., 0] for name, run in found.items()}
    for name in ("torch", "warp"):
        assert (moved[name][-1] - moved[name][0] > 0.2).all()
        ram = at(found[name], "left", "joint.pos", "slide")
        touching = moved[name][-1] - found[name].at_observation[Read("", "env.origin")][-1][:, 0] - ram[-1]
        assert (touching > 0.14).all(), "the ram stays behind the cube"
        # the axes of the four balls point anywhere
        axes = Rotation.from_quat(found[name].states["object_ball/root_link_pose_w"][0][:, 3:]).as_matrix()
        assert np.linalg.det(axes) == pytest.approx(1.0, abs=1e-5)
        assert np.ptp(axes[:, 2]) > 1.0
    assert (abs(moved["kept"] - moved["kept"][0]) < 5e-3).all()
    np.testing.assert_allclose(moved["warp"], moved["torch"], atol=1e-4)
    (program,) = check_file(source).programs
    for name in ("torch", "warp"):
        seen = {entry: value for (group, entry), value in entries(program, found[name]).items() if group == "critic"}
        np.testing.assert_allclose(seen["hit_force"], seen["every_force"], atol=1e-6)
        push = seen["normal"][..., 0]
        assert push.min() < -1.0, "the cube pushes the ram back, along -x"
        # friction is nearly across the way of the ram
        np.testing.assert_allclose(seen["hit_force"][..., 0], push, atol=5e-2 * abs(push).max())
        size = np.linalg.norm(seen["normal"], axis=-1)
        np.testing.assert_array_equal(np.ravel(seen["down"]), np.ravel(size > 0.5))
        assert 0 < seen["down"].mean() < 1
        assert (np.ravel(seen["peak"]) >= np.ravel(size) - 1e-5).all()
        assert not seen["miss_force"].any()
        assert not seen["arms"].any()
        assert not seen["cups"].any()
        weight = seen["cats_force"][-1].reshape(4, -1, 3).sum(axis=1)
        np.testing.assert_allclose(weight[:, 2], 2.1 * 9.81, rtol=0.05)
        assert not seen["hit_force"][0].any()
        for entry in ("contacts", "contact_count", "fingers_contact_force_b"):
            theirs = found[name].probes[entry]
            assert np.ptp(theirs) > 0
            np.testing.assert_allclose(seen[entry].reshape(theirs.shape), theirs, atol=1e-4, err_msg=entry)
    for entry in ("hit_force", "peak"):
        ours, theirs = (entries(program, found[name])["critic", entry] for name in ("warp", "torch"))
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
        kept = entries(program, found["kept"])["critic", entry]
        assert abs(kept).max() < abs(theirs).max() / 3


def test_frames_by_name(recording: Recording) -> None:
    (program,) = check_file(SOURCE).programs
    seen = entries(program, recording)
    cube, ball = recording.states["object_cube/root_link_pose_w"], recording.states["object_ball/root_link_pose_w"]
    left, cat = recording.states["robot_left/root_link_pose_w"], recording.states["robot_cat/root_link_pose_w"]
    wanted = turned_back(cube[..., 3:], cube[..., :3] - left[..., :3])
    np.testing.assert_allclose(seen["policy", "gap_cube_body"], wanted, atol=2e-5)
    wanted = turned_back(cat[..., 3:], ball[..., :3] - cat[..., :3])
    np.testing.assert_allclose(seen["policy", "ball_pos_cat_base_pos_cat_body"], wanted, atol=2e-5)
