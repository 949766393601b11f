"""Isaac Lab's own cartpole and ant, made to run without a network.

The upstream tasks load their robots and the ground from a remote asset server. ``ISAACSIM_ASSET_ROOT`` names another
place to look, so the tests make one: a folder with the same layout, filled from the models that newton ships.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.sim.differential import Tape

NEWTON_ASSETS = "examples/assets"

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


def make_assets(root: Path) -> Path:
    """Fill ``root`` with stand-ins for the remote assets that the upstream cartpole and ant load.

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
        "Isaac/IsaacLab/Robots/Classic/Cartpole/cartpole.usd": cartpole.replace(wrong, right),
        "Isaac/Robots/IsaacSim/Ant/ant_instanceable.usd": (models / "ant.usda").read_text(),
        "Isaac/IsaacLab/Environments/Grid/default_ground_plane_checker_v1/default_ground_plane.usda": GROUND_PLANE,
    }
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


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


def ant_tape(steps: int = 330, num_envs: int = 16, seed: int = 0) -> Tape:
    """States and actions under which the ant falls in some environments and times out in others.

    The torso starts in any direction, tilted and moving, so that every angle and frame of the task is exercised.
    """
    rng = np.random.default_rng(seed)
    shape = (steps + 1, num_envs)
    default = np.array([0.0, 1.0, 0.0, -1.0, 0.0, -1.0, 0.0, 1.0]) * (np.pi / 4)
    joint_pos = default + rng.uniform(-0.2, 0.2, (*shape, 8))
    joint_vel = rng.uniform(-0.5, 0.5, (*shape, 8))
    tilt = 0.3 * rng.standard_normal(shape)
    # one reset in four starts on its back
    tilt[rng.random(shape) < 0.25] += np.pi
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
    position = np.stack([rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape), rng.uniform(0.6, 0.9, shape)], axis=-1)
    return Tape(
        joints=ANT.joints,
        actions=rng.uniform(-1.5, 1.5, (steps, num_envs, 8)).astype(np.float32),
        episode_length=rng.integers(600, 960, num_envs),
        joint_pos=joint_pos.astype(np.float32),
        joint_vel=joint_vel.astype(np.float32),
        root_pose=np.concatenate([position, quat], axis=-1).astype(np.float32),
        root_vel=rng.uniform(-1.0, 1.0, (*shape, 6)).astype(np.float32),
    )
