"""The manifest is enough to deploy a policy: the code of ``docs/manifest.md`` beside running environments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stripe_dsl.pipeline import compile_file

from .compare import turned_back
from .recorder import ROOT, Array, Recording, Run, record

pytestmark = pytest.mark.sim

SOURCE = Path(__file__).parent / "tasks" / "deploy.stripe"


def commands(env: Any) -> Mapping[str, Any]:
    """Targets of the joints, in the simulator's order; runs in the worker."""
    target = env.scene.articulations["robot"].actuators.target_command
    return {kind: getattr(target, kind).torch.clone().cpu() for kind in ("effort", "position")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    run = Run(inside=False, steps=60, num_envs=6, amplitude=1.5, probe="tests.sim.test_manifest:commands")
    return record(SOURCE, tmp_path_factory.mktemp("deploy"), {"torch": run, "warp": replace(run, backend="warp")})


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (package,), _ = compile_file(SOURCE, tmp_path_factory.mktemp("package"))
    package.folder.mkdir()
    (package.folder / "manifest.json").write_text(package.files["manifest.json"])
    return package.folder


@pytest.fixture
def deployed(package: Path) -> Any:
    """An object of the class that the page shows."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/manifest.md").read_text(), re.M | re.S)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["Deployed"](package)


@pytest.fixture(scope="module", params=["torch", "warp"])
def recording(request: pytest.FixtureRequest, runs: dict[str, Recording]) -> Recording:
    return runs[request.param]


def values(manifest: dict[str, Any], state: dict[str, Array], last: Array, names: list[str]) -> dict[str, Array]:
    """The entries of the policy at one moment, as a robot's own software would compute them from its sensors.

    Args:
        state: what the simulator says of one robot.
        last: the last action, zero when an episode has just begun.
        names: joints in the simulator's order.
    """
    (robot,) = manifest["robots"]
    (policy,) = manifest["observations"].values()
    entries = {entry["name"]: entry for entry in policy}
    default = dict(zip(robot["joints"], robot["default_joint_pos"], strict=True))
    quat = state["root_link_pose_w"][3:]

    def joints(name: str, of: Array) -> Array:
        return np.array([of[names.index(joint)] for joint in entries[name]["members"]])

    (aim,) = [term for term in manifest["actions"] if term["kind"] == "position"]
    feet = entries["feet_pos_default"]["members"]
    assert entries["prev_legs_aim"]["members"] == aim["joints"]
    return {
        "base_lin_vel_body": turned_back(quat, state["root_com_vel_w"][:3]),
        "spin": turned_back(quat, state["root_com_vel_w"][3:]),
        "base_gravity_body": turned_back(quat, np.array([0.0, 0.0, -1.0])),
        "feet_pos_default": joints("feet_pos_default", state["joint_pos"]) - [default[joint] for joint in feet],
        "joints_vel": joints("joints_vel", state["joint_vel"]),
        "prev_legs_aim": last[slice(*aim["columns"])],
        "base_pos_z": state["root_link_pose_w"][2:3],
    }


def test_an_observation_is_made_from_the_state(recording: Recording, deployed: Any) -> None:
    names = recording.facts["joint_names"]
    states = {name.split("/")[1]: value for name, value in recording.states.items() if "/" in name}
    assert names != deployed.manifest["observations"]["policy"][3]["members"]
    for env in range(recording.num_envs):
        for step, seen in enumerate(recording.groups["policy"][:, env]):
            if recording.fresh[step, env]:
                deployed.histories.clear()
            last = np.zeros(8) if recording.fresh[step, env] else recording.actions[step - 1, env]
            state = {name: value[step, env] for name, value in states.items()}
            made = deployed.observation(values(deployed.manifest, state, last, names))
            np.testing.assert_allclose(made, seen, rtol=2e-5, atol=2e-5)
    assert recording.fresh[1:].sum() > 6


def test_targets_are_made_from_the_action(recording: Recording, deployed: Any) -> None:
    names = recording.facts["joint_names"]
    kinds = {term["name"]: term["kind"] for term in deployed.manifest["actions"]}
    checked = 0
    for step, row in enumerate(recording.actions):
        for env, action in enumerate(row):
            # a reset sets targets as well, and what is seen here is seen after it
            if not recording.fresh[step + 1, env]:
                for term, targets in deployed.targets(action).items():
                    given = recording.probes[kinds[term]][step + 1, env]
                    ours = [given[names.index(joint)] for joint in targets]
                    np.testing.assert_allclose(list(targets.values()), ours, rtol=1e-6, atol=1e-6)
                    checked += len(targets)
    assert checked > 1000


def test_gains_are_those_of_the_file(package: Path) -> None:
    """By joint, whichever actuator drives it."""
    (robot,) = json.loads((package / "manifest.json").read_text())["robots"]
    gains = {joint: actuator for actuator in robot["actuators"] for joint in actuator["joints"]}
    assert gains.keys() == set(robot["joints"])
    assert {gains[f"{side}_leg"]["stiffness"] for side in ("front_left", "right_back")} == {20.0}
    assert {gains[f"{side}_foot"]["stiffness"] for side in ("front_left", "right_back")} == {0.0}
    assert gains["left_back_leg"]["effort_limit"] == 15.0
