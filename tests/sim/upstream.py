"""Isaac Lab's own cartpole, ant and humanoid, made to run without a network.

The upstream tasks load their robots and the ground from a remote asset server. ``ISAACSIM_ASSET_ROOT`` names another
place to look, so the tests make one: a folder with the same layout, filled from the models that newton ships.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.sim.differential import Tape

NEWTON_ASSETS = "examples/assets"
HUMANOID_JOINTS = {
    "abdomen_x": "pelvis",
    "right_knee": "right_shin",
    "left_knee": "left_shin",
    "right_elbow": "right_lower_arm",
    "left_elbow": "left_lower_arm",
}
"""What upstream's gears call the joints of newton's humanoid: the bodies that they move."""

GROUND_PLANE = """#usda 1.0
(
    defaultPrim = "GroundPlane"
    metersPerUnit = 1
    upAxis = "Z"
)

def Xform "GroundPlane"
{
    def Plane "CollisionPlane" (
        prepend apiSchemas = ["PhysicsCollisionAPI"]
    )
    {
        uniform token axis = "Z"
        uniform token purpose = "guide"
    }
}
"""


@dataclass(frozen=True)
class UpstreamTask:
    """A task of Isaac Lab and what has to be known to compare with it.

    Attributes:
        task: Gym id of the upstream task.
        joints: Joint names, in the order of the tape's columns.
        columns: For each observation column of the generated task, the column of the upstream task.
    """

    task: str
    joints: tuple[str, ...]
    columns: npt.NDArray[np.intp]


def _ant_columns() -> npt.NDArray[np.intp]:
    """Upstream interleaves force and torque for each foot; a ``.stripe`` file lists all forces, then all torques."""
    columns = np.arange(60)
    wrench = np.arange(28, 52).reshape(4, 2, 3)  # foot, force or torque, axis
    columns[28:52] = wrench.transpose(1, 0, 2).reshape(-1)
    return columns


_LEG = ("thigh:0", "thigh:1", "thigh:2", "shin", "foot:0", "foot:1")
_ARM = ("upper_arm:0", "upper_arm:1", "lower_arm")
HUMANOID_JOINT_NAMES = (
    *(f"left_{joint}" for joint in _ARM),
    *("lower_waist:0", "lower_waist:1", "pelvis"),
    *(f"left_{joint}" for joint in _LEG),
    *(f"right_{joint}" for joint in (*_LEG, *_ARM)),
)


def _humanoid_columns() -> npt.NDArray[np.intp]:
    """As for the ant, with 21 joints and two feet."""
    columns = np.arange(87)
    columns[54:66] = columns[54:66].reshape(2, 2, 3).transpose(1, 0, 2).reshape(-1)
    return columns


CARTPOLE = UpstreamTask("Isaac-Cartpole-Direct", ("slider_to_cart", "cart_to_pole"), np.arange(4))
ANT = UpstreamTask(
    "Isaac-Ant-Direct",
    (
        "front_left_leg",
        "front_left_foot",
        "front_right_leg",
        "front_right_foot",
        "left_back_leg",
        "left_back_foot",
        "right_back_leg",
        "right_back_foot",
    ),
    _ant_columns(),
)
MANAGED_ANT = replace(ANT, task="Isaac-Ant")
"""The same task made of Isaac Lab's managers: the manager-based workflow."""
HUMANOID = UpstreamTask("Isaac-Humanoid-Direct", HUMANOID_JOINT_NAMES, _humanoid_columns())


def make_assets(root: Path) -> Path:
    """Fill ``root`` with stand-ins for the remote assets that the upstream cartpole, ant and humanoid load.

    Args:
        root: An empty folder; becomes the value of ``ISAACSIM_ASSET_ROOT``.

    Returns:
        ``root``.

    Raises:
        FileNotFoundError: If newton is not installed, or ships its models elsewhere.
    """
    spec = find_spec("newton")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("newton is not installed, and its models stand in for the remote ones")
    models = Path(spec.submodule_search_locations[0], NEWTON_ASSETS)
    # the file names a default prim that it does not have, and the upstream task spawns the default prim
    cartpole = (models / "cartpole_single_pendulum.usda").read_text()
    wrong, right = 'defaultPrim = "cartPole"', 'defaultPrim = "cartpole"'
    if wrong not in cartpole:
        raise ValueError("newton's cartpole changed; look at its defaultPrim again")
    files = {
        "Isaac/Robots/IsaacSim/Humanoid/humanoid_instanceable.usd": _humanoid(models / "humanoid.usda"),
        "Isaac/IsaacLab/Robots/Classic/Cartpole/cartpole.usd": cartpole.replace(wrong, right),
        "Isaac/Robots/IsaacSim/Ant/ant_instanceable.usd": (models / "ant.usda").read_text(),
        "Isaac/IsaacLab/Environments/Grid/default_ground_plane_checker_v1/default_ground_plane.usda": GROUND_PLANE,
    }
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def _humanoid(model: Path) -> str:
    """The text of newton's humanoid, with its joints under the names of the remote one."""
    from pxr import Sdf

    layer: Any = Sdf.Layer.OpenAsAnonymous(str(model))
    for old, new in HUMANOID_JOINTS.items():
        layer.GetPrimAtPath(f"/nv_humanoid/joints/{old}").name = new
    return layer.ExportToString()


def cartpole_tape(steps: int = 330, num_envs: int = 32, seed: int = 0) -> Tape:
    """States and actions under which the cartpole leaves the track in some environments and times out in others."""
    rng = np.random.default_rng(seed)
    shape = (steps + 1, num_envs)
    joint_pos = np.stack([rng.uniform(-1.0, 1.0, shape), rng.uniform(-0.8, 0.8, shape)], axis=-1)
    joint_vel = np.stack([rng.uniform(-0.5, 0.5, shape), rng.uniform(-0.8, 0.8, shape)], axis=-1)
    # one reset in four starts beside the end of the track and on its way out of it
    leaving = rng.random(shape) < 0.25
    joint_pos[leaving, 0] = rng.uniform(2.5, 2.95, leaving.sum())
    joint_vel[leaving, 0] = rng.uniform(1.0, 4.0, leaving.sum())
    root_pose = np.tile(np.array([0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0]), (*shape, 1))
    return Tape(
        joints=CARTPOLE.joints,
        actions=rng.uniform(-1.0, 1.0, (steps, num_envs, 1)).astype(np.float32),
        episode_length=rng.integers(0, 300, num_envs),
        joint_pos=joint_pos.astype(np.float32),
        joint_vel=joint_vel.astype(np.float32),
        root_pose=root_pose.astype(np.float32),
        root_vel=np.zeros((*shape, 6), dtype=np.float32),
    )


def ant_tape(steps: int, num_envs: int = 16, seed: int = 0) -> Tape:
    """States and actions under which the ant falls in some environments and times out in others."""
    default = np.array([0.0, 1.0, 0.0, -1.0, 0.0, -1.0, 0.0, 1.0]) * (np.pi / 4)
    return _walker_tape(ANT, steps, num_envs, np.random.default_rng(seed), default, (0.6, 0.9), steps)


def humanoid_tape(steps: int, num_envs: int = 8, seed: int = 0) -> Tape:
    """States and actions under which the humanoid falls in some environments and times out in others."""
    # shins and lower arms begin bent: their range ends just beyond zero
    default = np.array([-0.4 if name.endswith(("shin", "lower_arm")) else 0.0 for name in HUMANOID.joints])
    return _walker_tape(HUMANOID, steps, num_envs, np.random.default_rng(seed), default, (1.3, 1.5), 30)


def _walker_tape(
    task: UpstreamTask,
    steps: int,
    num_envs: int,
    rng: np.random.Generator,
    default: npt.NDArray[np.float64],
    height: tuple[float, float],
    left: int,
) -> Tape:
    """A tape of a walking task whose episodes last 960 steps, of which at most ``left`` are left at the start.

    The torso starts in any direction, tilted and moving, so that every angle and frame of the task is exercised.
    """
    shape, joints = (steps + 1, num_envs), len(task.joints)
    tilt = 0.3 * rng.standard_normal(shape)
    # one reset in two starts on its back
    tilt[rng.random(shape) < 0.5] += np.pi
    yaw = rng.uniform(-np.pi, np.pi, shape)
    # yaw about the vertical after a tilt about the torso's own x axis, as (x, y, z, w)
    quat = np.stack(
        [
            np.cos(yaw / 2) * np.sin(tilt / 2),
            np.sin(yaw / 2) * np.sin(tilt / 2),
            np.sin(yaw / 2) * np.cos(tilt / 2),
            np.cos(yaw / 2) * np.cos(tilt / 2),
        ],
        axis=-1,
    )
    position = np.stack([rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape), rng.uniform(*height, shape)], axis=-1)
    return Tape(
        joints=task.joints,
        actions=rng.uniform(-1.5, 1.5, (steps, num_envs, joints)).astype(np.float32),
        episode_length=rng.integers(960 - left, 960, num_envs),
        joint_pos=(default + rng.uniform(-0.2, 0.2, (*shape, joints))).astype(np.float32),
        joint_vel=rng.uniform(-0.5, 0.5, (*shape, joints)).astype(np.float32),
        root_pose=np.concatenate([position, quat], axis=-1).astype(np.float32),
        root_vel=rng.uniform(-1.0, 1.0, (*shape, 6)).astype(np.float32),
    )
