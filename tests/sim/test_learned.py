"""Learned actuators: efforts are what the networks say, in each back end, and memories end with their episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from .recorder import Array, Recording, Run, record

pytestmark = pytest.mark.sim

TASK = """\
# Arms on learned motors, and one on a drive. The files of the networks are made by the test.
robot rack {
  link frame     { box (2, 0.1, 0.1) m visual; fixed }
  link drive     { at (0, 0, 0.5) m; capsule radius 5 cm length 20 cm visual; mass 1 kg }
  link recent    { at (0, 0, 1) m; capsule radius 5 cm length 20 cm visual; mass 1 kg }
  link late      { at (0, 0, 1.5) m; capsule radius 5 cm length 20 cm visual; mass 1 kg }
  joint drive_y  { parent frame; child drive; axis y }
  joint recent_y { parent frame; child recent; axis y }
  joint late_y   { parent frame; child late; axis y }
  joints hinges = ["recent_y", "late_y"]

  actuator drive_y { implicit; stiffness 8 N*m/rad; damping 1 N*m*s/rad }
  actuator recent_y {
    mlp; network "recent.pt"
    pos_scale 2; vel_scale 0.1; torque_scale 3; input_order vel_pos; input_idx [0, 2]
    effort 3 N*m; velocity 6 rad/s; saturation 4 N*m
  }
  actuator late_y { lstm; network "late.pt"; effort 3 N*m; velocity 6 rad/s; saturation 4 N*m }
}

task Learned {
  robot rack
  sim { physics 200 Hz; control 100 Hz; episode 0.4 s; envs 8 spaced 4 m; gravity (0, 0, 0) m/s^2 }

  action swing = position(hinges) scale 2 rad
  action drive = effort(drive_y) scale 1 N*m

  observe policy { hinges.pos; hinges.vel; hinges.effort; drive_y.pos }
  reward per second { warm = -0.01 * |hinges.effort| }
  terminate { timeout }
  reset { hinges.pos = +-0.3 rad; hinges.vel = +-1 rad/s }
}
"""
HINGES = ("recent_y", "late_y")


class Recurrent(torch.nn.Module):
    """One layer, as Isaac Lab's ``ActuatorNetLSTM`` wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(2, 4, 1, batch_first=True)
        self.out = torch.nn.Linear(4, 1)

    def forward(
        self, x: torch.Tensor, memory: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """The effort of each joint, and what is remembered."""
        values, memory = self.lstm(x, memory)
        return 5 * self.out(values[:, -1, :]), memory


def networks(folder: Path) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Writes both networks where the task looks for them."""
    torch.manual_seed(5)
    recent = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ELU(), torch.nn.Linear(8, 1)).eval()
    late = Recurrent().eval()
    torch.jit.script(recent).save(folder / "recent.pt")
    torch.jit.script(late).save(folder / "late.pt")
    return recent, late


def hinges(env: Any) -> Mapping[str, Any]:
    """Where the hinges are, and what their motors did; runs in the worker."""
    robot = env.scene["robot"]
    columns = robot.find_joints(list(HINGES), preserve_order=True)[0]
    found = {"pos": robot.data.joint_pos, "vel": robot.data.joint_vel, "effort": robot.actuators.applied_effort}
    return {name: value.torch[:, columns].cpu().numpy().copy() for name, value in found.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the task stands beside its networks."""
    folder = tmp_path_factory.mktemp("learned")
    (folder / "learned.stripe").write_text(TASK)
    return folder


@pytest.fixture(scope="module")
def models(folder: Path) -> tuple[torch.nn.Module, torch.nn.Module]:
    return networks(folder)


@pytest.fixture(scope="module")
def runs(folder: Path, models: object) -> dict[str, Recording]:
    """One physics step a control step, so that the state before each is known. Warp steps in phases."""
    run = Run(steps=110, overrides=("decimation=1",), probe="tests.sim.test_learned:hinges", inside=False)
    return record(
        folder / "learned.stripe", folder, {"torch": run, "warp": replace(run, backend="warp", rendered=True)}
    )


def efforts(run: Recording, models: tuple[torch.nn.Module, torch.nn.Module]) -> Array:
    """What the motors do in each step, (T, N, 2), with memories that are zero when an episode begins."""
    recent, late = models
    pos, vel = run.probes["pos"], run.probes["vel"]
    num_envs = pos.shape[1]
    errors, speeds = np.zeros((3, num_envs)), np.zeros((3, num_envs))
    memory = (torch.zeros(1, num_envs, 4), torch.zeros(1, num_envs, 4))
    out = []
    for step, action in enumerate(run.actions):
        fresh = run.fresh[step]
        errors[:, fresh], speeds[:, fresh] = 0.0, 0.0
        memory = (
            memory[0].masked_fill(torch.tensor(fresh)[:, None], 0),
            memory[1].masked_fill(torch.tensor(fresh)[:, None], 0),
        )
        missing = 2 * action[:, :2] - pos[step]
        errors, speeds = np.roll(errors, 1, axis=0), np.roll(speeds, 1, axis=0)
        errors[0], speeds[0] = missing[:, 0], vel[step, :, 0]
        inputs = np.stack([0.1 * speeds[0], 0.1 * speeds[2], 2 * errors[0], 2 * errors[2]], axis=-1)
        with torch.no_grad():
            first = 3 * recent(torch.tensor(inputs, dtype=torch.float32))[:, 0]
            pair = torch.tensor(np.stack([missing[:, 1], vel[step, :, 1]], axis=-1), dtype=torch.float32)
            second, memory = late(pair[:, None], memory)
        wanted = np.stack([first.numpy(), second[:, 0].numpy()], axis=-1)
        speed = np.clip(vel[step], -6 * (1 + 3 / 4), 6 * (1 + 3 / 4))
        most, least = np.minimum(4 * (1 - speed / 6), 3), np.maximum(4 * (-1 - speed / 6), -3)
        out.append(np.clip(wanted, least, most))
    return np.stack(out)


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_efforts_are_the_networks(
    runs: dict[str, Recording], models: tuple[torch.nn.Module, torch.nn.Module], backend: str
) -> None:
    run = runs[backend]
    going = ~run.fresh[1:]
    assert 0.9 < going.mean() < 1.0, "some episodes end on the way"
    wanted = efforts(run, models)
    np.testing.assert_allclose(run.probes["effort"][1:][going], wanted[going], atol=2e-5)
    assert (np.std(wanted, axis=(0, 1)) > 0.1).all()


@pytest.mark.parametrize("backend", ["torch", "warp"])
def test_joints_move_by_them(runs: dict[str, Recording], backend: str) -> None:
    """A speed changes by the effort over the inertia, which both arms have the same."""
    run = runs[backend]
    going = ~run.fresh[1:]
    change = np.diff(run.probes["vel"], axis=0)[going]
    effort = run.probes["effort"][1:][going]
    inertia = np.sum(effort * effort, axis=0) / np.sum(effort * change, axis=0) / 200
    np.testing.assert_allclose(change, effort / inertia / 200, atol=2e-3)
    np.testing.assert_allclose(inertia[0], inertia[1], rtol=1e-3)
