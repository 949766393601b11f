"""Steps a task with random actions and writes down what its program reads, beside what the environment answers.

A simulation has a process of its own::

    python -m tests.sim.recorder --source examples/ant.stripe --out ant.npz --steps 200 --envs 12

The reads come from the data properties of Isaac Lab, by name of quantity and of joint or body; nothing of the
compiler's back end is used. ``tests.sim.replay`` computes from them what the environment should have answered.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stripe_dsl.ir.graph import Node, Read, walk
from stripe_dsl.ir.program import Program

ROOT = Path(__file__).parents[2]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Recording:
    """``T`` control steps of ``N`` environments; row ``t`` belongs to the ``t``-th action.

    Attributes:
        actions: What was given to ``step``, shape ``(T, N, A)``.
        after_step: Each read after the physics, before resets, ``(T, N, ...)``.
        at_observation: Each read when the observation is made, after resets; row 0 is the first ``reset``.
            ``(T + 1, N, ...)``.
        groups: Observation groups, ``(T + 1, N, D)``.
        reward: Total, ``(T, N)``.
        reward_terms: What each term added to the sums of its episode, ``(T, N, R)``.
        terminations: Each termination term, then the timeout where there is one, ``(T, N, K)``.
        terminated: Shape ``(T, N)``.
        truncated: Shape ``(T, N)``.
        tunables: Values of the cfg's fields by path.
        log: ``extras["log"]`` after each step.
        probes: What the probe returned at each observation, ``(T + 1, N, ...)``.
        facts: Single facts about the environment: time step, spaces, wiring of the groups.
    """

    actions: Array
    after_step: dict[Read, Array]
    at_observation: dict[Read, Array]
    groups: dict[str, Array]
    reward: Array
    reward_terms: Array
    terminations: Array
    terminated: Array
    truncated: Array
    tunables: dict[str, Any]
    log: list[dict[str, float]]
    probes: dict[str, Array]
    facts: dict[str, Any]

    @property
    def num_envs(self) -> int:
        return self.reward.shape[1]

    @property
    def fresh(self) -> Array:
        """Whether an observation is the first of its episode, ``(T + 1, N)``."""
        return np.concatenate([np.ones((1, self.num_envs), bool), self.terminated | self.truncated])


def roots_of(program: Program) -> list[Node]:
    """Every expression that is evaluated in a step."""
    roots = [term.value for term in (*program.terminations, *program.rewards)]
    return roots + [item.value for group in program.groups for item in group.items]


def reads_of(program: Program) -> list[Read]:
    """What the program reads from the simulation; actions and terminations are recorded apart."""
    found = {node.read: None for node in walk(roots_of(program)) if node.read is not None}
    return [read for read in found if not read.quantity.startswith(("action.", "env.failed", "env.timeout", "term."))]


# ---- in the test's process --------------------------------------------------------------------------------------


def record(
    source: Path,
    folder: Path,
    *,
    steps: int,
    num_envs: int,
    overrides: Sequence[str] = (),
    amplitude: float = 1.0,
    probe: str = "",
    timeout: float = 300.0,
) -> Recording:
    """Compile a task, step it in a worker process, and return what was written down.

    Args:
        overrides: Values of the cfg, such as ``reward.alive=2.0``.
        amplitude: Actions are uniform in plus or minus this.
        probe: ``module:function`` called with the environment at each observation; returns arrays by name.

    Raises:
        RuntimeError: If the worker fails; the message ends with the end of its log.
        subprocess.TimeoutExpired: If it takes too long.
    """
    out, log = folder / f"{source.stem}.npz", folder / f"{source.stem}.log"
    command = [sys.executable, "-m", "tests.sim.recorder", "--source", source.resolve(), "--out", out]
    command += ["--steps", steps, "--envs", num_envs, "--amplitude", amplitude, "--probe", probe, "--", *overrides]
    with log.open("w") as stream:
        worker = subprocess.run(
            [str(part) for part in command],
            check=False,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=stream,
            stderr=stream,
            timeout=timeout,
        )
    if worker.returncode != 0:
        raise RuntimeError(f"the worker of {source.name} failed:\n{log.read_text()[-6000:]}")
    return load(out)


def load(file: Path) -> Recording:
    """Read a recording from a file."""
    with np.load(file) as data:
        arrays = {name: data[name] for name in data.files}
    notes = json.loads(str(arrays.pop("notes")))
    reads = [Read(entity, quantity, tuple(names)) for entity, quantity, names in notes["reads"]]
    tables: dict[str, dict[str, Array]] = {"after_step": {}, "at_observation": {}, "groups": {}, "probes": {}}
    for name in [name for name in arrays if "/" in name]:
        table, _, key = name.partition("/")
        tables[table][key] = arrays.pop(name)
    return Recording(
        **arrays,
        after_step={reads[int(key)]: value for key, value in tables["after_step"].items()},
        at_observation={reads[int(key)]: value for key, value in tables["at_observation"].items()},
        groups=tables["groups"],
        probes=tables["probes"],
        tunables={
            path: tuple(value) if isinstance(value, list) else value for path, value in notes["tunables"].items()
        },
        log=notes["log"],
        facts=notes["facts"],
    )


# ---- in the worker ----------------------------------------------------------------------------------------------

JOINT = {"pos": "joint_pos", "vel": "joint_vel", "acc": "joint_acc", "vel_limit": "soft_joint_vel_limits"}
JOINT |= {"default_pos": "default_joint_pos", "default_vel": "default_joint_vel"}
ROOT_STATE = {
    "pos@world": "root_pos_w",
    "rot@world": "root_quat_w",
    "lin_vel@world": "root_lin_vel_w",
    "lin_vel@body": "root_lin_vel_b",
    "ang_vel@world": "root_ang_vel_w",
    "ang_vel@body": "root_ang_vel_b",
    "gravity@body": "projected_gravity_b",
}
BODY = {"pos": "body_pos_w", "rot": "body_quat_w", "lin_vel": "body_lin_vel_w", "ang_vel": "body_ang_vel_w"}


def quantity(env: Any, read: Read, *, single: bool) -> Array:
    """A quantity of the simulation by name, from Isaac Lab's own data properties."""
    if read.quantity == "env.origin":
        return env.scene.env_origins.numpy().copy()
    if read.quantity == "env.time":
        return env.episode_length_buf.numpy() * env.step_dt
    kind, _, name = read.quantity.partition(".")
    robots = env.scene.articulations
    asset = env.scene.sensors.get(read.entity) or robots.get(f"robot_{read.entity}") or robots["robot"]
    data = asset.data
    if kind == "root":
        return getattr(data, ROOT_STATE[name]).torch.numpy().copy()
    members = asset.joint_names if kind == "joint" else asset.body_names
    columns = [members.index(member) for member in read.names]
    if kind == "body":
        value = getattr(data, BODY[name.removesuffix("@world")]).torch
    elif kind == "wrench":
        value = getattr(data, name.removesuffix("@joint")).torch
    elif name == "effort":
        value = asset.actuators.applied_effort.torch
    elif name in ("lower", "upper"):
        value = data.soft_joint_pos_limits.torch[..., int(name == "upper")]
    else:
        value = getattr(data, JOINT[name]).torch
    array = value.numpy()[:, columns].copy()
    return array[:, 0] if single else array


class Recorder:
    """Watches an environment from inside its own methods."""

    def __init__(self, env: Any, program: Program, probe: Callable[[Any], Mapping[str, Array]] | None) -> None:
        self.env, self.probe = env, probe
        types = {node.read: node.type for node in walk(roots_of(program)) if node.read is not None}
        self.reads = [(read, types[read].axis is None) for read in reads_of(program)]
        self.rows: dict[str, list[Array]] = {}
        self.row: dict[str, Array] = {}
        dones, rewards, observations = env._get_dones, env._get_rewards, env._get_observations

        def get_dones() -> Any:
            answer = dones()
            self.keep("terminations", env._terminations)
            self.note("after_step")
            return answer

        def get_rewards() -> Any:
            before = env._episode_sums.clone()
            answer = rewards()
            self.keep("reward_terms", env._episode_sums - before)
            return answer

        def get_observations() -> Any:
            self.note("at_observation")
            for name, value in (probe(env) if probe is not None else {}).items():
                self.row[f"probes/{name}"] = np.array(value)
            answer = observations()
            for name, value in answer.items():
                self.keep(f"groups/{name}", value)
            return answer

        env._get_dones, env._get_rewards, env._get_observations = get_dones, get_rewards, get_observations

    def note(self, phase: str) -> None:
        for index, (read, single) in enumerate(self.reads):
            self.row[f"{phase}/{index}"] = quantity(self.env, read, single=single)

    def keep(self, name: str, value: Any) -> None:
        self.row[name] = value.cpu().numpy().copy()

    def finish(self) -> None:
        """Ends the row of one step; of what was seen more than once, the last counts."""
        for name, value in self.row.items():
            self.rows.setdefault(name, []).append(value)
        self.row.clear()


def main(argv: Sequence[str] | None = None) -> None:
    """Compile, step and write the recording."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--envs", type=int, default=8)
    parser.add_argument("--amplitude", type=float, default=1.0)
    parser.add_argument("--probe", default="")
    parser.add_argument("overrides", nargs="*")
    args = parser.parse_args(argv)

    from stripe_dsl.emit.output import write
    from stripe_dsl.pipeline import check_file, compile_file

    folder = Path(tempfile.mkdtemp())
    packages, problems = compile_file(args.source, folder)
    assert packages, [f"{item.code} {item.message}" for item in problems]
    for package in packages:
        write(package)
    (program,) = check_file(args.source).programs
    sys.path.insert(0, str(folder))
    importlib.import_module(program.package)

    import gymnasium
    import torch
    from isaaclab.app import launch_simulation
    from isaaclab_tasks.utils import resolve_task_config

    task = f"Stripe-{program.name}"
    overrides = [f"env.{item}" for item in args.overrides]
    env_cfg, agent_cfg = resolve_task_config(task, "rsl_rl_cfg_entry_point", overrides=overrides)
    env_cfg.scene.num_envs = args.envs
    env_cfg.sim.device = "cpu"
    env_cfg.seed = 3
    probe = None
    if args.probe:
        module, _, function = args.probe.partition(":")
        probe = getattr(importlib.import_module(module), function)
    with launch_simulation(env_cfg, {"device": "cpu", "visualizer": ["none"]}):
        env: Any = gymnasium.make(task, cfg=env_cfg).unwrapped
        recorder = Recorder(env, program, probe)
        log = []
        env.reset()
        recorder.finish()
        # episodes that end at different times
        env.episode_length_buf[:] = torch.randint(0, int(env.max_episode_length), (args.envs,))
        shape = (args.steps, args.envs, env_cfg.action_space)
        actions = args.amplitude * (2 * torch.rand(shape) - 1)
        for action in actions:
            _, reward, terminated, truncated, extras = env.step(action)
            for name, value in {"reward": reward, "terminated": terminated, "truncated": truncated}.items():
                recorder.keep(name, value)
            recorder.finish()
            log.append({name: float(value) for name, value in extras.get("log", {}).items()})
        tunables = {}
        for item in program.tunables:
            value = getattr(getattr(env_cfg, item.group), item.name)
            tunables[item.path] = [float(part) for part in value] if isinstance(value, tuple | list) else float(value)
        robot = next(iter(env.scene.articulations.values()))
        facts = {
            "step_dt": env.step_dt,
            "episode": env.max_episode_length_s,
            "joint_names": robot.joint_names,
            "joint_limits": robot.data.soft_joint_pos_limits.torch[0].tolist(),
            "observation_space": env_cfg.observation_space,
            "state_space": env_cfg.state_space,
            "obs_groups": agent_cfg.obs_groups,
        }
        notes = {
            "reads": [(read.entity, read.quantity, read.names) for read, _ in recorder.reads],
            "tunables": tunables,
            "log": log,
            "facts": facts,
        }
        arrays = {name: np.stack(rows) for name, rows in recorder.rows.items()}
        np.savez(args.out, actions=actions.numpy(), notes=np.array(json.dumps(notes)), allow_pickle=False, **arrays)
        env.close()


if __name__ == "__main__":
    main()
