"""Arms that are led by their hands: the joints are told what upstream's controller says, and the hands get there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.program import Action, Program
from stripe_dsl.ir.reference import Inputs, evaluate
from stripe_dsl.pipeline import check_file

from .compare import assert_same_run
from .recorder import Array, Recording, Run, record

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "workshop.stripe"
JOINTS = {"lead": tuple(f"left_{number}" for number in range(1, 7)), "place": ("right_3", "right_1", "right_2")}
JOINTS |= {"reach": ("low", "high")}
BODIES = {"lead": "l6", "place": "r2", "reach": "claw"}
AT = {"lead": (0.0, 0.0, 0.05), "place": (0.0, 0.0, 0.15), "reach": (0.0, 0.0, 0.0)}
LEVEL = (0.0, 0.0, 0.0, 1.0)
FACING = {"lead": (0.0, 0.0, np.sin(np.deg2rad(15)), np.cos(np.deg2rad(15))), "place": LEVEL, "reach": LEVEL}
COLUMNS = {"lead": slice(0, 6), "place": slice(6, 9), "reach": slice(9, 12)}
STILL = ("action.lead_clip=[0.0,0.0]", "action.place_scale=[0.0,0.0,0.0]")


def arms(env: Any) -> Mapping[str, Any]:
    """What the joints were told last, and where the robots are; runs in the worker."""
    out = {}
    for name, joints in JOINTS.items():
        robot = env.scene["robot_crab" if name == "reach" else "robot_worker"]
        data = robot.data
        columns = robot.find_joints(list(joints), preserve_order=True)[0]
        body = robot.find_bodies(BODIES[name])[0][0]
        # a base that is fixed has no row, and one that is free has the first columns
        row, places = body - robot.is_fixed_base, [robot.num_base_dofs + column for column in columns]
        out |= {
            f"{name}/pos": data.joint_pos.torch[:, columns],
            f"{name}/target": robot.actuators.target_command.position.torch[:, columns],
            f"{name}/jacobian": data.body_link_jacobian_w.torch[:, row][..., places],
            f"{name}/body": torch.cat((data.body_pos_w.torch[:, body], data.body_quat_w.torch[:, body]), -1),
            f"{name}/root": torch.cat((data.root_pos_w.torch, data.root_quat_w.torch), -1),
        }
    return {name: value.cpu().numpy().copy() for name, value in out.items()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """With one physics step a control step, so that the state before each is known; ``still`` ones as they are."""
    fine = Run(steps=25, overrides=("decimation=1",), probe="tests.sim.test_workshop:arms")
    still = replace(fine, steps=59, overrides=STILL, shuffle=())
    wanted = {"torch": fine, "still_torch": still, "warp": replace(fine, backend="warp")}
    wanted |= {"recorded": replace(wanted["warp"], inside=False)}
    wanted |= {"still_warp": replace(still, backend="warp", inside=False)}
    return record(SOURCE, tmp_path_factory.mktemp("workshop"), wanted)


def columns(name: str, recording: Recording) -> Array:
    return recording.actions[..., COLUMNS[name]]


def upstream(name: str, recording: Recording) -> Array:
    """Targets as ``DifferentialInverseKinematicsAction`` and its controller compute them, step by step."""
    from isaaclab.controllers import DifferentialIKController, DifferentialIKControllerCfg
    from isaaclab.utils.math import (
        combine_frame_transforms,
        matrix_from_quat,
        quat_apply,
        quat_inv,
        subtract_frame_transforms,
    )

    cfg = DifferentialIKControllerCfg(
        command_type="pose" if name == "lead" else "position",
        use_relative_mode=name != "place",
        ik_method="trans" if name == "reach" else "dls",
        ik_params={"k_val": 3.0} if name == "reach" else {"lambda_val": 0.05 if name == "lead" else 0.01},
    )
    num_envs = recording.reward.shape[1]
    controller = DifferentialIKController(cfg, num_envs, "cpu")
    raw = columns(name, recording)
    commands = 0.04 * raw
    if name == "lead":
        commands = np.clip(raw, -1, 1) * np.array([0.03] * 3 + [0.1] * 3)
    elif name == "place":
        commands = np.array([0.3, -0.12, 0.5]) + 0.05 * raw
    at, facing = (torch.tensor(values[name], dtype=torch.float32).expand(num_envs, -1) for values in (AT, FACING))
    out = []
    for step, command in enumerate(commands):
        root, body = (torch.tensor(recording.probes[key][step]) for key in (f"{name}/root", f"{name}/body"))
        pos, quat = subtract_frame_transforms(root[:, :3], root[:, 3:], body[:, :3], body[:, 3:])
        point, turned = combine_frame_transforms(pos, quat, at, facing)
        jacobian = torch.tensor(recording.probes[f"{name}/jacobian"][step])
        to_base = matrix_from_quat(quat_inv(root[:, 3:]))
        jacobian = torch.cat((to_base @ jacobian[:, :3], to_base @ jacobian[:, 3:]), dim=1)
        jacobian[:, :3] += torch.linalg.cross(jacobian[:, 3:], quat_apply(quat, at)[:, :, None], dim=1)
        controller.set_command(torch.tensor(command, dtype=torch.float32), point, turned)
        present = torch.tensor(recording.probes[f"{name}/pos"][step])
        out.append(controller.compute(point, turned, jacobian, present).numpy())
    return np.stack(out)


@pytest.mark.parametrize("backend", ["torch", "warp", "recorded"])
@pytest.mark.parametrize("name", ["lead", "place", "reach"])
def test_targets_are_upstreams(runs: dict[str, Recording], backend: str, name: str) -> None:
    recording = runs[backend]
    going = ~recording.fresh[1:]
    assert going.mean() > 0.8
    wanted, told = upstream(name, recording), recording.probes[f"{name}/target"][1:]
    np.testing.assert_allclose(told[going], wanted[going], atol=1e-4)
    steps = np.abs(wanted - recording.probes[f"{name}/pos"][:-1])
    assert np.median(steps) > 0.005, "it moves"


@pytest.mark.parametrize("backend", ["torch", "warp"])
@pytest.mark.parametrize("name", ["lead", "place", "reach"])
def test_targets_are_as_the_reference_says(runs: dict[str, Recording], backend: str, name: str) -> None:
    (program,) = check_file(SOURCE).programs
    action = next(action for action in program.actions if action.name == name)
    recording = runs[backend]
    for step in range(3, 9):
        told = recording.probes[f"{name}/target"][step + 1]
        going = ~recording.fresh[step + 1]
        wanted = commanded(program, action, recording, step)
        np.testing.assert_allclose(told[going], wanted[going], atol=5e-5)


def commanded(program: Program, action: Action, recording: Recording, step: int) -> Array:
    """The command of an action by the NumPy reference, from the state before a step."""
    probes = {key: values[step] for key, values in recording.probes.items()}
    robot, body, joints = action.robot, BODIES[action.name], action.joints
    raw = columns(action.name, recording)[step]
    jacobian = np.moveaxis(probes[f"{action.name}/jacobian"], -1, 1)
    quantity = f"@world:{body}"
    reads = {
        Read("", f"action.{action.name}", ("x", "y", "z")): raw[:, :3],
        Read("", f"action.{action.name}", ("turn_x", "turn_y", "turn_z")): raw[:, 3:],
        Read(robot, "root.pos@world"): probes[f"{action.name}/root"][:, :3],
        Read(robot, "root.rot@world"): probes[f"{action.name}/root"][:, 3:],
        Read(robot, "body.pos@world", (body,)): probes[f"{action.name}/body"][:, :3],
        Read(robot, "body.rot@world", (body,)): probes[f"{action.name}/body"][:, 3:],
        Read(robot, "joint.pos", joints): probes[f"{action.name}/pos"],
        Read(robot, f"jacobian.linear{quantity}", joints): jacobian[..., :3],
        Read(robot, f"jacobian.angular{quantity}", joints): jacobian[..., 3:],
    }
    given = Inputs(reads, recording.tunables)
    goals = evaluate([node for _, node in action.goals], given, len(raw))
    for (part, _), value in zip(action.goals, goals, strict=True):
        reads[Read("", f"goal.{action.name}.{part}")] = value
    return evaluate([action.command], given, len(raw))[0]


def test_the_recorded_step_is_the_launched_one(runs: dict[str, Recording]) -> None:
    assert_same_run(runs["recorded"], runs["warp"])


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_the_tip_gets_there(runs: dict[str, Recording], backend: str) -> None:
    """The point that was asked for, in the frame of a base that is turned by 90 degrees."""
    from isaaclab.utils.math import combine_frame_transforms, subtract_frame_transforms

    probes = runs[f"still_{backend}"].probes
    root, body = torch.tensor(probes["place/root"][-1]), torch.tensor(probes["place/body"][-1])
    pos, quat = subtract_frame_transforms(root[:, :3], root[:, 3:], body[:, :3], body[:, 3:])
    point, _ = combine_frame_transforms(pos, quat, torch.tensor(AT["place"]).expand(len(pos), -1))
    np.testing.assert_allclose(point.numpy(), np.tile([0.3, -0.12, 0.5], (len(point), 1)), atol=0.01)
    begun = np.linalg.norm(probes["place/body"][0, :, :3] - probes["place/body"][-1, :, :3], axis=-1)
    assert (begun > 0.05).all()
