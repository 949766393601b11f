"""Steps environments with random actions and writes down what their program reads, beside what they answer.

A simulation has a process of its own, which steps one environment after another::

    python -m tests.sim.worker --source examples/ant.stripe --runs runs.json --out folder

The reads come from the data properties of Isaac Lab, by name of quantity and of joint or body; nothing of the
compiler's back ends is used.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stripe_dsl.ir.graph import Read, walk
from stripe_dsl.ir.program import Program

from .compare import turned_back
from .recorder import Array, Run, reads_of, roots_of

JOINT = {"pos": "joint_pos", "vel": "joint_vel", "acc": "joint_acc", "vel_limit": "soft_joint_vel_limits"}
JOINT |= {"default_pos": "default_joint_pos", "default_vel": "default_joint_vel"}
JOINT |= {name: f"joint_{name}" for name in ("stiffness", "damping", "armature")} | {"friction": "joint_friction_coeff"}
ROOT_STATE = {
    "pos@world": "root_pos_w",
    "rot@world": "root_quat_w",
    "lin_vel@world": "root_lin_vel_w",
    "lin_vel@body": "root_lin_vel_b",
    "link_lin_vel@world": "root_link_lin_vel_w",
    "link_lin_vel@body": "root_link_lin_vel_b",
    "ang_vel@world": "root_ang_vel_w",
    "ang_vel@body": "root_ang_vel_b",
    "gravity@body": "projected_gravity_b",
}
BODY = {"pos": "body_pos_w", "rot": "body_quat_w", "lin_vel": "body_lin_vel_w", "ang_vel": "body_ang_vel_w"}
BODY |= {"link_lin_vel": "body_link_lin_vel_w", "mass": "body_mass", "com@body": "body_com_pos_b"}


STATES = (
    "joint_pos",
    "joint_vel",
    "root_link_pose_w",
    "root_com_vel_w",
    "root_link_vel_w",
    "root_com_lin_vel_b",
    "root_com_ang_vel_b",
    "projected_gravity_b",
    "heading_w",
    "body_link_pose_w",
    "body_com_pose_w",
    "body_com_vel_w",
)
"""What is written down of every robot; Isaac Lab computes half of it only when it is asked."""


def array(value: Any) -> Array:
    """A copy of an array of torch, Warp or Isaac Lab."""
    value = getattr(value, "torch", value)
    return np.array(value.cpu() if hasattr(value, "cpu") else value.numpy())


def quantity(env: Any, read: Read, *, single: bool) -> Array:
    """A quantity of the simulation by name, from Isaac Lab's own data properties."""
    if read.quantity == "env.origin":
        return array(env.scene.env_origins)
    if read.quantity == "env.place":
        return (np.arange(env.num_envs) + 0.5) / env.num_envs
    if read.quantity == "env.time":
        return array(env.episode_length_buf) * env.step_dt
    kind, _, name = read.quantity.partition(".")
    robots, objects = env.scene.articulations, env.scene.rigid_objects
    asset = env.scene.sensors.get(read.entity) or objects.get(f"object_{read.entity}")
    asset = asset or env.scene.deformable_objects.get(f"object_{read.entity}")
    asset = asset or env.scene.cable_objects.get(f"object_{read.entity}")
    asset = asset or robots.get(f"robot_{read.entity}") or robots.get(f"loose_{read.entity}") or robots["robot"]
    data = asset.data
    if kind == "soft":
        return array({"points@world": data.nodal_pos_w, "velocities@world": data.nodal_vel_w}[name])
    if kind == "cable":
        value = array(data.segment_velocity_w if "velocities" in name else data.segment_pose_w)
        return value[..., 3:] if name in ("rotations@world", "ang_velocities@world") else value[..., :3]
    if kind == "imu":
        return array(getattr(data, {"lin_acc@sensor": "lin_acc_b", "ang_vel@sensor": "ang_vel_b"}[name]))
    if kind == "camera":
        if name == "mask":
            labels = data.info["semantic_segmentation"]["idToLabels"]
            wanted = [number for number, label in labels.items() if label["class"] == read.names[0]]
            return np.isin(array(data.output["semantic_segmentation"]), wanted).reshape(len(env.scene.env_origins), -1)
        values = array(data.output[name.removesuffix("@world")])
        values = values.reshape(len(values), -1, values.shape[-1])
        return values[..., 0] if name == "depth" else values / np.float32(255.0) if name == "rgb" else values
    if kind == "ray":
        return array(data.ray_hits_w)
    if kind == "partner":
        value = partner(asset, name.removesuffix("@world"))
        columns = [asset.find_sensors(re.escape(member))[0][0] for member in read.names]
        return value[:, columns[0]] if single else value[:, columns]
    if kind == "contact":
        value = contact(env, asset, name.removesuffix("@world"))
        columns = [asset.find_sensors(re.escape(member))[0][0] for member in read.names]
        return value[:, columns[0]] if single else value[:, columns]
    if kind == "root" and "link" in name and hasattr(data, "body_link_lin_vel_w"):
        # of the first body: as the root's, ovphysx gives the velocity of the centre of mass
        value = array(data.body_link_lin_vel_w)[:, 0]
        return turned_back(array(data.root_quat_w), value) if name.endswith("@body") else value
    if kind == "root":
        return array(getattr(data, ROOT_STATE[name]))
    members = asset.joint_names if kind == "joint" else asset.body_names
    columns = [members.index(member) for member in read.names]
    if kind == "body":
        value = array(getattr(data, BODY[name.removesuffix("@world")]))
    elif kind == "wrench":
        value = array(getattr(data, name.removesuffix("@joint")))
    elif name == "effort":
        value = array(asset.actuators.applied_effort)
    elif name in ("lower", "upper"):
        value = array(data.soft_joint_pos_limits)[..., int(name == "upper")]
    else:
        value = array(getattr(data, JOINT[name]))
    return value[:, columns[0]] if single else value[:, columns]


CONTACT = {
    "force": "net_forces_w",
    "normal_force": "net_normal_forces_w",
    "air_time": "current_air_time",
    "contact_time": "current_contact_time",
    "last_air_time": "last_air_time",
    "last_contact_time": "last_contact_time",
}


def contact(env: Any, sensor: Any, name: str) -> Array:
    """What a contact sensor says of each of its bodies."""
    if name == "landed":
        return array(sensor.compute_first_contact(env.step_dt)) > 0
    if name == "lifted":
        return array(sensor.compute_first_air(env.step_dt)) > 0
    if name == "peak":
        return np.linalg.norm(array(sensor.data.net_normal_forces_w_history), axis=-1).max(axis=1)
    return array(getattr(sensor.data, CONTACT[name]))


def partner(sensor: Any, name: str) -> Array:
    """What a contact sensor says of each of its bodies and all that it is filtered by."""
    if name == "peak":
        history = array(sensor.data.normal_force_matrix_w_history).sum(axis=-2)
        return np.linalg.norm(history, axis=-1).max(axis=1)
    return array({"force": sensor.data.force_matrix_w, "normal_force": sensor.data.normal_force_matrix_w}[name]).sum(-2)


def launch(stage: str, function: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
    """In place of recording and replaying: the same launches in the same order, made by Python."""
    return function(*args, **(kwargs or {}))


def forget(env: Any) -> None:
    """Say that what Isaac Lab derives from the state is out of date: within a step, an environment need not say so.

    Accelerations stay: they are differences since the last time that they were asked for.
    """
    soft = env.scene.deformable_objects.values()
    for robot in [*env.scene.articulations.values(), *env.scene.rigid_objects.values(), *soft]:
        for name, value in vars(robot.data).items():
            if hasattr(value, "timestamp") and name not in ("_joint_acc", "_body_com_acc_w"):
                value.timestamp = -1.0


class Recorder:
    """Watches an environment: from outside, and between physics and resets from inside its own methods."""

    def __init__(self, env: Any, program: Program, run: Run) -> None:
        self.env, self.run = env, run
        types = {node.read: node.type for node in walk(roots_of(program)) if node.read is not None}
        self.reads = [(read, types[read].axis is None) for read in reads_of(program)]
        self.probe = function(run.probe) if run.probe else None
        self.between = function(run.between) if run.between else None
        self.rows: dict[str, list[Array]] = {}
        self.row: dict[str, Array] = {}
        if run.inside:
            self.look_inside()

    def look_inside(self) -> None:
        """Write down what there is between the physics and the resets."""
        env, dones, rewards = self.env, self.env._get_dones, self.env._get_rewards
        if self.run.backend == "warp":
            env._graph_cache.capture_or_replay = launch
            # on a CPU the physics is recorded by itself then, as in the torch environment
            env.cfg.sim.physics.use_cuda_graph = True
        before: list[Array] = []

        def get_dones() -> Any:
            # a Warp kernel computes the rewards with the terminations
            before[:] = [array(env._episode_sums)]
            answer = dones()
            self.keep("terminations", env._terminations)
            forget(env)
            self.note("after_step")
            for name, value in (self.between(env) if self.between is not None else {}).items():
                self.row[f"between/{name}"] = np.array(value)
            forget(env)
            return answer

        def get_rewards() -> Any:
            answer = rewards()
            self.row["reward_terms"] = array(env._episode_sums) - before[0]
            return answer

        env._get_dones, env._get_rewards = get_dones, get_rewards

    def note(self, phase: str) -> None:
        for index, (read, single) in enumerate(self.reads):
            self.row[f"{phase}/{index}"] = quantity(self.env, read, single=single)

    def keep(self, name: str, value: Any) -> None:
        self.row[name] = array(value)

    def finish(self, observations: Mapping[str, Any]) -> None:
        """Ends the row of one step, after ``reset`` or ``step`` returned."""
        for name, value in observations.items():
            self.keep(f"groups/{name}", value)
        self.note("at_observation")
        self.keep("states/episode_length", self.env.episode_length_buf)
        for robot, articulation in (self.env.scene.articulations | self.env.scene.rigid_objects).items():
            for name in STATES:
                if hasattr(articulation.data, name):
                    self.keep(f"states/{robot}/{name}", getattr(articulation.data, name))
        for name, value in (self.probe(self.env) if self.probe is not None else {}).items():
            self.row[f"probes/{name}"] = np.array(value)
        for name, value in self.row.items():
            self.rows.setdefault(name, []).append(value)
        self.row.clear()


def function(path: str) -> Any:
    """``module:function``."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def build(task: str, env_cfg: Any, backend: str) -> Any:
    """An environment of one back end."""
    if backend == "warp":
        from isaaclab_experimental.envs.frontend import WarpFrontend

        return WarpFrontend.build_env(env_cfg, task)
    import gymnasium

    return gymnasium.make(task, cfg=env_cfg).unwrapped


def step_through(program: Program, run: Run, out: Path) -> None:
    """Build an environment, step it and write the recording."""
    import torch
    from isaaclab.app import launch_simulation
    from isaaclab_tasks.utils import resolve_task_config

    task = f"Stripe-{program.name}"
    from stripe_dsl.runtime.launch import serve_pinned_memory

    serve_pinned_memory()
    overrides = [*([f"physics={run.physics}"] if run.physics else []), *(f"env.{item}" for item in run.overrides)]
    env_cfg: Any
    agent_cfg: Any
    env_cfg, agent_cfg = resolve_task_config(task, "rsl_rl_cfg_entry_point", overrides=overrides)
    env_cfg.scene.num_envs = run.num_envs
    env_cfg.sim.device = run.device
    env_cfg.seed = run.seed
    if run.prepare:
        function(run.prepare)(env_cfg)
    draws, spread = torch.Generator().manual_seed(run.seed), torch.Generator().manual_seed(run.seed)
    with launch_simulation(env_cfg, {"device": run.device, "visualizer": ["none"]}):
        env: Any = build(task, env_cfg, run.backend)
        if run.rendered:
            env.sim.__class__ = type("Rendering", (type(env.sim),), {"is_rendering": True})
        recorder = Recorder(env, program, run)
        log: list[dict[str, float]] = []
        kept: list[Mapping[str, Any]] = []
        shuffled: dict[int, list[int]] = {}
        observations, _ = env.reset()
        recorder.finish(observations)
        actions = torch.rand((run.steps, run.num_envs, env_cfg.action_space), generator=draws)
        actions = run.amplitude * (2 * actions - 1)
        for step, action in enumerate(actions):
            if step in run.shuffle:
                # episodes that end at different times
                lengths = torch.randint(0, int(env.max_episode_length), (run.num_envs,), generator=spread)
                env.episode_length_buf = lengths.to(env.episode_length_buf)
                shuffled[step] = lengths.tolist()
            observations, reward, terminated, truncated, extras = env.step(action.to(run.device))
            for name, value in {"reward": reward, "terminated": terminated, "truncated": truncated}.items():
                recorder.keep(name, value)
            if env_cfg.compute_final_obs:
                for name, value in extras.get("final_obs", observations).items():
                    recorder.keep(f"final/{name}", value)
            recorder.finish(observations)
            kept.append(extras.get("log", {}))
            log.append({name: float(value) for name, value in kept[-1].items()})
        if run.backend == "warp" and not run.inside:
            assert ("end_pre" in env._graph_cache._graphs) == run.rendered, "the step was as asked for"
        arrays = {name: np.stack(rows) for name, rows in recorder.rows.items()}
        tunables = {}
        for item in program.tunables:
            value = getattr(getattr(env_cfg, item.group), item.name)
            tunables[item.path] = [float(part) for part in value] if isinstance(value, tuple | list) else float(value)
        robot = next(iter(env.scene.articulations.values()))
        facts = {
            "physics": env.sim.physics_manager.__name__,
            "step_dt": env.step_dt,
            "episode": env.max_episode_length_s,
            "max_episode_length": int(env.max_episode_length),
            "shuffled": shuffled,
            "joint_names": robot.joint_names,
            "body_names": robot.body_names,
            "joint_limits": robot.data.soft_joint_pos_limits.torch[0].tolist(),
            "observation_space": env_cfg.observation_space,
            "state_space": env_cfg.state_space,
            "obs_groups": agent_cfg.obs_groups,
        }
        if run.device == "cpu" and run.backend == "torch" and not run.physics:
            from isaaclab_newton.physics import NewtonManager

            facts["replays_physics"] = NewtonManager._graph is not None
        if run.finish:
            arrays |= {f"finish/{name}": array(value) for name, value in function(run.finish)(env).items()}
        notes = {
            "reads": [(read.entity, read.quantity, read.names) for read, _ in recorder.reads],
            "tunables": tunables,
            "log": log,
            "kept_log": [{name: float(value) for name, value in entries.items()} for entries in kept],
            "facts": facts,
        }
        np.savez(out, actions=actions.numpy(), notes=np.array(json.dumps(notes)), allow_pickle=False, **arrays)
        env.close()


def main(argv: Sequence[str] | None = None) -> None:
    """Compile a task, step it and write the recordings."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True, help="JSON: runs by name")
    parser.add_argument("--out", type=Path, required=True, help="folder of the recordings")
    args = parser.parse_args(argv)

    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import check_file, compile_file

    folder = Path(tempfile.mkdtemp())
    runs = {name: Run(**run) for name, run in json.loads(args.runs.read_text()).items()}
    packages, problems = compile_file(args.source, folder, backends=sorted({run.backend for run in runs.values()}))
    assert packages, [f"{item.code} {item.message}" for item in problems]
    for package in packages:
        write(package)
    programs = {program.name: program for program in check_file(args.source).programs}
    sys.path.insert(0, str(folder))
    for program in programs.values():
        importlib.import_module(program.package)
    for name, run in runs.items():
        (program,) = [program for task, program in programs.items() if run.task in ("", task)]
        step_through(program, run, args.out / f"{name}.npz")


if __name__ == "__main__":
    main()
