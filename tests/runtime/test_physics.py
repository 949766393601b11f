"""What is said where PhysX is not installed, or cannot do what a task asks for."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stripe_dsl.runtime import physics
from stripe_dsl.runtime.physics import check_physics
from stripe_dsl.runtime.problem import Problem


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Modules that are there; a test may take some away."""
    found = {"ovphysx", "isaacsim"}
    monkeypatch.setattr(physics, "find_spec", lambda name: SimpleNamespace(name=name) if name in found else None)
    return found


def wrong(folder: Path, physics: Any, *joints: str, **sensors: Any) -> Problem | None:
    """What is wrong with a robot ``arm`` of these joints."""
    (folder / "manifest.json").write_text(json.dumps({"robots": [{"name": "arm", "joints": joints}]}))
    scene = SimpleNamespace(num_envs=1, **sensors)
    return check_physics(SimpleNamespace(sim=SimpleNamespace(physics=physics), scene=scene), folder)


def presets() -> dict[str, Any]:
    from isaaclab.physics import PhysxAutoCfg
    from isaaclab_ov.physics import OvPhysxCfg
    from isaaclab_physx.physics import PhysxCfg

    library, whole = OvPhysxCfg(), PhysxCfg()
    return {
        "newton_mjwarp": SimpleNamespace(),
        "ovphysx": library,
        "isaacsim_physx": whole,
        "physx": PhysxAutoCfg(isaacsim_physx=whole, ovphysx=library),
    }


def test_what_is_there_runs(tmp_path: Path) -> None:
    for preset in presets().values():
        assert wrong(tmp_path, preset, "elbow") is None


def test_a_library_of_the_system_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PhysX is linked against OpenGL, which machines without a screen lack."""

    def without(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(physics, "CDLL", without)
    made = presets()
    problem = wrong(tmp_path, made["ovphysx"], "elbow")
    assert problem is not None
    assert problem.message == "PhysX needs libGL.so.1, which is not on this machine"
    assert problem.help[0] == "on Debian: `apt install libgl1`"
    assert wrong(tmp_path, made["newton_mjwarp"], "elbow") is None


def test_what_is_not_installed_is_named(tmp_path: Path, installed: set[str]) -> None:
    installed.clear()
    made = presets()
    for name in ("ovphysx", "physx"):
        problem = wrong(tmp_path, made[name], "elbow")
        assert problem is not None
        assert problem.message == "PhysX is not installed"
        assert problem.help[0] == "it is an extra: `pip install 'stripe-dsl[physx]'`"
    problem = wrong(tmp_path, made["isaacsim_physx"], "elbow")
    assert problem is not None
    assert problem.message == "`--physics isaacsim_physx` needs Isaac Sim, which is not installed"
    assert problem.help[0] == "PhysX without Isaac Sim is `--physics ovphysx`"
    assert wrong(tmp_path, made["newton_mjwarp"], "elbow") is None


def test_what_physx_cannot_have_is_said(tmp_path: Path) -> None:
    made = presets()
    ball = wrong(tmp_path, made["ovphysx"], "knee", "hip:0", "hip:1")
    assert ball is not None
    assert ball.message == "the joint `hip` of `arm` has several degrees of freedom, which PhysX does not name"
    stiff = wrong(tmp_path, made["physx"])
    assert stiff is not None
    assert stiff.message == "no joint of `arm` moves, and Isaac Lab's library for PhysX has no such robots"
    assert wrong(tmp_path, made["isaacsim_physx"]) is None, "that is of the library alone"
    told = SimpleNamespace(filter_shape_prim_expr=["/World/Ground/Ground/.*"], filter_prim_paths_expr=[])
    part = wrong(tmp_path, made["ovphysx"], "knee", touch=told)
    assert part is not None
    assert part.message == "`touch` counts contacts with parts of a terrain, which PhysX does not tell apart"
    plane = SimpleNamespace(filter_shape_prim_expr=["/World/Ground/.*"], filter_prim_paths_expr=["/World/Ground/Plane"])
    assert wrong(tmp_path, made["ovphysx"], "knee", touch=plane) is None
    for problem in (ball, stiff, part):
        assert problem.help[-1] == "leave `--physics` out to run on Newton"
