"""Isaac Lab's events that draw numbers, on ``tasks/drawn.stripe``: called on a live environment, in the simulator's
process, after the environment has drawn by itself. ``test_drawn.py`` compares what both have left."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np

from tests.sim.recorder import Array

from .counterparts import NIST, STACK, Entity
from .events import Event
from .upstream import resolved

WHOLE = {"asset_cfg": Entity()}
TRUNK = {"asset_cfg": Entity(bodies="trunk")}
REST = [".*_thigh_joint", ".*_calf_joint"]
PROPERTIES: dict[str, Event] = {
    "randomize_rigid_body_material": Event(
        (),
        {
            "static_friction_range": (0.6, 0.8),
            "dynamic_friction_range": (0.6, 0.8),
            "restitution_range": (0.0, 0.0),
            "num_buckets": 64,
            **WHOLE,
        },
        line="at startup { bodies.friction = 0.6..0.8 }",
    ),
    "randomize_rigid_body_mass": Event(
        (),
        {"mass_distribution_params": (-1.0, 3.0), "operation": "add", **TRUNK},
        line="at startup { base.mass += -1..3 kg }",
    ),
    "randomize_rigid_body_inertia": Event(
        (),
        {"inertia_distribution_params": (0.9, 1.1), "operation": "scale", "diagonal_only": False, **WHOLE},
        line="at startup { bodies.inertia *= 0.9..1.1 }",
    ),
    "randomize_joint_parameters": Event(
        (),
        {"friction_distribution_params": (0.0, 0.1), "operation": "abs", **WHOLE},
        line="at startup { joints.friction = 0..0.1 N*m; joints.armature *= 0.5..2 }",
    ),
    "randomize_actuator_gains": Event(
        (),
        {
            "stiffness_distribution_params": (0.8, 1.2),
            "damping_distribution_params": (0.8, 1.2),
            "operation": "scale",
            **WHOLE,
        },
        line="at reset { joints.stiffness *= 0.8..1.2; joints.damping *= 0.8..1.2 }",
    ),
    "randomize_physics_scene_gravity": Event(
        (),
        {"gravity_distribution_params": ([0.0, 0.0, -2.0], [0.0, 0.0, 2.0]), "operation": "add"},
        line="at reset { gravity.z += +-2 m/s^2 }",
    ),
}
"""Events that change the model; the second call of ``randomize_joint_parameters`` is :data:`ARMATURE`."""
ARMATURE = Event((), {"armature_distribution_params": (0.5, 2.0), "operation": "scale", **WHOLE})
"""An operation holds for all that one event draws: friction is set, and armature scaled by another."""
FORCES = Event(
    (),
    {"force_range": (-5.0, 5.0), "torque_range": (-1.0, 1.0), **TRUNK},
    line="at reset { trunk.force = +-5 N; trunk.torque = +-1 N*m }",
)
PUSH = Event(
    (), {"velocity_range": {"x": (-0.5, 0.5), "y": (-0.5, 0.5)}}, line="every 10..15 s { base.lin_vel.xy += +-0.5 m/s }"
)
STATES: dict[str, Event] = {
    "reset_root_state_with_random_orientation": Event(
        ("base.rot", "base.pos", "base.lin_vel"),
        {
            "pose_range": dict.fromkeys(("x", "y", "z"), (-0.2, 0.2)),
            "velocity_range": dict.fromkeys(("x", "y", "z"), (-0.5, 0.5)),
        },
    ),
    "randomize_joint_by_gaussian_offset": Event(("hips.pos",), {"mean": 0.0, "std": 0.02}, f"{STACK}.stack_events"),
    "grasp_held_asset": Event(
        ("thighs.pos",),
        {"robot_cfg": Entity(joints=".*_thigh_joint"), "held_asset_diameter": 2 * 0.5 / 1.15},
        f"{NIST}.mdp.events",
    ),
    "reset_joints_shared_offset": Event(
        ("calves.pos",),
        {"position_range": (-0.1, 0.1), "asset_cfg": Entity(joints=".*_calf_joint")},
        "isaaclab_tasks.core.lift.mdp.events",
    ),
}
"""Events that say where an episode begins, in the order in which they are called."""
DRAWN = PROPERTIES | {"apply_external_force_torque": FORCES, "push_by_setting_velocity": PUSH} | STATES

EPISODES = 4
"""How often each environment begins, for as many numbers that say where."""

BEFORE: dict[str, Array] = {}
"""What the files say: the model before anything was drawn."""


def parameters() -> dict[str, Any]:
    """Every array of numbers in Newton's model, and in the one that MuJoCo computes with, by name."""
    import warp
    from isaaclab_newton.physics import NewtonManager

    manager: Any = NewtonManager
    found = {}
    for owner, whole in (("newton", manager.get_model()), ("mujoco", manager._solver.mjw_model)):
        for name, value in (vars(whole) | vars(getattr(whole, "opt", whole))).items():
            if isinstance(value, warp.array) and value.dtype not in (warp.int32, warp.bool, warp.uint64):
                found[f"{owner} {name}"] = value
    return found


def remember(env_cfg: Any) -> None:
    """Looks at the model before the environment draws. Runs before it is built."""
    env_cfg.gripper_joint_names = REST
    startup: Any = importlib.import_module(f"{type(env_cfg).__module__.rpartition('.')[0]}.startup")
    draw = startup.randomize_at_startup

    def watched(scene: Any, cfg: Any) -> None:
        BEFORE.clear()
        BEFORE.update({name: value.numpy().copy() for name, value in parameters().items()})
        draw(scene, cfg)

    startup.randomize_at_startup = watched


def velocity(env: Any) -> dict[str, Array]:
    """Of the base, before and after what comes at intervals."""
    return {"root_vel": env.scene["robot"].data.root_com_vel_w.torch.cpu().numpy().copy()}


def state(env: Any) -> dict[str, Array]:
    """Where the robot is and what acts on it."""
    robot, origins = env.scene["robot"], env.scene.env_origins
    names = ("joint_pos", "joint_vel", "root_link_pose_w", "root_com_vel_w")
    found = {name: getattr(robot.data, name).torch.cpu().numpy().copy() for name in names}
    found["root_link_pose_w"][:, :3] -= origins.cpu().numpy()
    composer = robot.permanent_wrench_composer
    return found | {name: getattr(composer, f"local_{name}_b").numpy().copy() for name in ("force", "torque")}


def step(env: Any) -> None:
    """The physics takes up what has changed."""
    env.scene.write_data_to_sim()
    env.sim.step(render=False)
    env.scene.update(env.physics_dt)


def ours(env: Any) -> dict[str, Array]:
    """Where an episode begins by our reset."""
    env.reset()
    found = state(env)
    if hasattr(env, "_robot_forces"):  # the Warp environment adds them to what acts by itself
        found |= {name: getattr(env, f"_robot_{name}s").numpy().copy() for name in ("force", "torque")}
    return found


def theirs(env: Any) -> dict[str, Array]:
    """Where it begins by the events of Isaac Lab."""
    composer = env.scene["robot"].permanent_wrench_composer
    composer.local_force_b.zero_()
    composer.local_torque_b.zero_()
    for name, event in (STATES | {"apply_external_force_torque": FORCES}).items():
        call(env, name, event)
    return state(env)


def compare(env: Any) -> dict[str, Any]:
    """What both have drawn. Runs at the end."""
    import torch

    found: dict[str, Array] = {}
    begun = [ours(env) for _ in range(EPISODES)]
    step(env)
    after = {"ours": {name: value.numpy().copy() for name, value in parameters().items()}}
    restore()
    others = [theirs(env) for _ in range(EPISODES)]
    for side, episodes in (("ours", begun), ("theirs", others)):
        found |= {f"{side} {name}": np.concatenate([episode[name] for episode in episodes]) for name in begun[0]}
    for name, event in PROPERTIES.items():
        call(env, name, event)
    call(env, "randomize_joint_parameters", ARMATURE)
    step(env)
    after["theirs"] = {name: value.numpy().copy() for name, value in parameters().items()}
    before = velocity(env)["root_vel"]
    call(env, "push_by_setting_velocity", PUSH)
    found["theirs push"] = velocity(env)["root_vel"] - before
    for name, value in BEFORE.items():
        if any((after[side][name] != value).any() for side in after):
            found[f"before {name}"] = value
            found |= {f"{side} {name}": after[side][name] for side in after}
    return {name: torch.from_numpy(value) for name, value in found.items()}


def restore() -> None:
    """The model is again as the files say."""
    from isaaclab_newton.physics import NewtonManager
    from newton import ModelFlags

    for name, value in parameters().items():
        if not np.array_equal(value.numpy(), BEFORE[name]):
            value.assign(BEFORE[name])
    for flag in ModelFlags:
        NewtonManager.add_model_change(flag)


def call(env: Any, name: str, event: Event) -> None:
    """Calls an event of Isaac Lab for every environment."""
    import torch
    from isaaclab.managers import EventTermCfg

    function = getattr(importlib.import_module(event.module), name)
    params = {key: resolved(value, env) for key, value in event.params.items()}
    if isinstance(function, type):
        # a manager hands the values of arguments that are not given to a class, too
        known = inspect.signature(function.__call__).parameters.values()
        defaults = {item.name: item.default for item in known if item.default is not item.empty}
        function = function(EventTermCfg(func=function, mode="reset", params=defaults | params), env)
    function(env, torch.arange(env.num_envs, device=env.device), **params)
