"""Whether the physics of a run is installed, and can do what the task asks for; said before the simulator starts."""

from __future__ import annotations

import json
from ctypes import CDLL
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stripe_dsl.runtime.problem import Problem

PRESETS = ("ovphysx", "physx", "isaacsim_physx")
"""Names of PhysX in generated packages: the library, the one that is there, and that of Isaac Sim."""

NEWTON = "leave `--physics` out to run on Newton"


def check_physics(env_cfg: Any, package: Path) -> Problem | None:
    """What is wrong with running a task on PhysX, or None; Newton is what packages are made for.

    Args:
        env_cfg: The environment's configuration with its presets resolved.
        package: Folder of the generated package, whose manifest names the joints.
    """
    from isaaclab.physics import PhysxAutoCfg
    from isaaclab_ov.physics import OvPhysxCfg
    from isaaclab_physx.physics import PhysxCfg

    physics = env_cfg.sim.physics
    # without windows Isaac Lab takes the library where either will do
    library = isinstance(physics, OvPhysxCfg | PhysxAutoCfg)
    if not library and not isinstance(physics, PhysxCfg):
        return None
    if library and find_spec("ovphysx") is None:
        return Problem("PhysX is not installed", ("it is an extra: `pip install 'stripe-dsl[physx]'`", NEWTON))
    if library and not _opens("libGL.so.1"):
        return Problem(
            "PhysX needs libGL.so.1, which is not on this machine", ("on Debian: `apt install libgl1`", NEWTON)
        )
    if not library and find_spec("isaacsim") is None:
        helps = ("PhysX without Isaac Sim is `--physics ovphysx`", NEWTON)
        return Problem("`--physics isaacsim_physx` needs Isaac Sim, which is not installed", helps)
    robots = json.loads((package / "manifest.json").read_text(encoding="utf-8"))["robots"]
    return _several_degrees(robots) or (_no_joints(robots) if library else None) or _parts_of_the_ground(env_cfg.scene)


def _opens(library: str) -> bool:
    """Whether a shared library is there; a machine without a screen may lack what PhysX is linked against."""
    try:
        CDLL(library)
    except OSError:
        return False
    return True


def _several_degrees(robots: list[dict[str, Any]]) -> Problem | None:
    """Newton has a column for each degree of freedom of a joint, PhysX one joint whose angles are others."""
    for robot in robots:
        found = next((name.rpartition(":")[0] for name in robot["joints"] if ":" in name), None)
        if found is not None:
            message = (
                f"the joint `{found}` of `{robot['name']}` has several degrees of freedom, which PhysX does not name"
            )
            return Problem(message, ("make a joint and a light body of each of them", NEWTON))
    return None


def _no_joints(robots: list[dict[str, Any]]) -> Problem | None:
    """Isaac Lab 3.0 builds no data of such an articulation (``ArticulationData._pin_proxy_arrays``)."""
    stiff = next((robot["name"] for robot in robots if not robot["joints"]), None)
    if stiff is None:
        return None
    message = f"no joint of `{stiff}` moves, and Isaac Lab's library for PhysX has no such robots"
    return Problem(message, ("give it a light body on a joint, or make it an `object`", NEWTON))


def _parts_of_the_ground(scene: Any) -> Problem | None:
    """Contacts with shapes that are no bodies are told apart by Newton alone, but for a ground that is a plane."""
    for name, sensor in vars(scene).items():
        if getattr(sensor, "filter_shape_prim_expr", None) and not sensor.filter_prim_paths_expr:
            message = f"`{name}` counts contacts with parts of a terrain, which PhysX does not tell apart"
            return Problem(message, ("leave `against` out to count all contacts", NEWTON))
    return None


def no_preset(task_id: str) -> Problem:
    """What is said where a package was made without PhysX: the compiler leaves it out for coupled solvers alone."""
    message = f"the task {task_id} cannot run on PhysX: cables, grains and what can be deformed are moved by Newton's"
    return Problem(message, (NEWTON,))
