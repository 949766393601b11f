"""A mirrored state with mirrored actions goes on mirrored: what `symmetry` says of observations and actions holds.

In torch, where a state can be set from outside of a step; that both back ends observe the same is tested elsewhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file

from .recorder import Array, Run, record

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "mirror.stripe"
STEPS = 25


def side_by_side(env: Any) -> Mapping[str, Any]:
    """Steps of pairs of environments that begin as mirror images and get mirrored actions; runs in the worker.

    The state is mirrored by hand: across the x-z plane, with the legs of the ant changing places.
    """
    import torch

    symmetry = importlib.import_module(f"{type(env).__module__.partition('.')[0]}.agents.symmetry")
    robot = env.scene.articulations["robot"]
    draws = torch.Generator().manual_seed(5)
    observations, _ = env.reset()
    half = env.num_envs // 2
    pairs = {"front_left": "right_back", "right_back": "front_left", "front_right": "left_back"}
    pairs["left_back"] = "front_right"
    names = robot.joint_names
    places = [names.index(f"{pairs[name.rpartition('_')[0]]}_{name.rpartition('_')[2]}") for name in names]
    # a leg turns about the vertical, a foot about the line across its leg
    signs = torch.tensor([-1.0 if name.endswith("leg") else 1.0 for name in names])

    def both(values: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return torch.cat((values, images)).to(env.device)

    default = robot.data.default_joint_pos.torch[:half].cpu()
    position = default + 0.3 * (2 * torch.rand(default.shape, generator=draws) - 1)
    velocity = 2 * torch.rand(default.shape, generator=draws) - 1
    pose = torch.nn.functional.normalize(torch.randn((half, 4), generator=draws), dim=-1)
    pose = torch.cat((torch.rand((half, 3), generator=draws) + torch.tensor([0.0, 0.0, 4.0]), pose), dim=-1)
    speed = torch.randn((half, 6), generator=draws)
    poses = both(pose, pose * torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0]))
    poses[:, :3] += env.scene.env_origins
    speeds = both(speed, speed * torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]))
    robot.write_root_pose_to_sim_index(root_pose=poses)
    robot.write_root_velocity_to_sim_index(root_velocity=speeds)
    robot.write_joint_state_to_sim_index(
        position=both(position, (position * signs)[:, places]), velocity=both(velocity, (velocity * signs)[:, places])
    )
    found: dict[str, list[Any]] = {"seen": [], "image": [], "of the image": [], "twice": []}
    for _ in range(STEPS):
        actions = 1.2 * (2 * torch.rand((half, 8), generator=draws) - 1)
        _, actions = symmetry.with_mirrored(env, None, actions.to(env.device))
        observations = env.step(actions)[0]
        seen = symmetry.TensorDict({"policy": observations["policy"][:half]}, batch_size=[half])
        both_seen, _ = symmetry.with_mirrored(env, seen, None)
        found["seen"].append(seen["policy"])
        found["image"].append(both_seen["policy"][half:])
        found["of the image"].append(observations["policy"][half:])
        again, _ = symmetry.with_mirrored(env, both_seen, None)
        found["twice"].append(again["policy"][3 * half :])
    return {name: torch.stack(values) for name, values in found.items()}


@pytest.fixture(scope="module")
def program() -> Program:
    (found,) = check_file(SOURCE).programs
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Array]:
    run = Run(steps=1, num_envs=32, inside=False, shuffle=(), finish="tests.sim.test_symmetry:side_by_side")
    return record(SOURCE, tmp_path_factory.mktemp("mirror"), {"torch": run})["torch"].finish


def columns(program: Program, values: Array) -> dict[str, Array]:
    found, start = {}, 0
    for item in program.groups[0].items:
        found[item.name] = values[..., start : start + item.width]
        start += item.width
    return found


def test_the_simulation_of_the_image_is_the_image_of_the_simulation(program: Program, found: dict[str, Array]) -> None:
    # the first steps remember what was before the state was mirrored
    after = {name: values[2:] for name, values in found.items()}
    image, other = columns(program, after["image"]), columns(program, after["of the image"])
    seen = columns(program, after["seen"])
    for name, ours in image.items():
        theirs = other[name]
        if name.endswith(("yaw", "roll", "bearing")):  # the same angle
            ours = theirs + np.angle(np.exp(1j * (ours - theirs)))
        if name.endswith("rot"):  # the same rotation
            rows, images = ours.reshape(-1, 4), theirs.reshape(-1, 4)
            ours, theirs = rows * np.sign((rows * images).sum(-1, keepdims=True)), images
        # steps of the simulator round differently on both sides
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-3, err_msg=name)
    moved = [name for name, value in seen.items() if np.ptp(value) > 0.02]
    alike = [name for name in moved if np.allclose(seen[name], other[name], atol=0.02)]
    assert len(moved) > 20
    even = {"up", "heading", "base_pitch", "joints_vel_2", "max_feet_pos_z"}
    assert set(alike) <= even, "the rest has sides"


def test_the_image_of_the_image_is_what_was_seen(found: dict[str, Array]) -> None:
    np.testing.assert_array_equal(found["twice"], found["seen"])
    assert (found["image"] != found["seen"]).mean() > 0.5
