"""Step two environments under one tape and compare what they answer.

The environments of a side are stepped one after another by a worker process; Isaac Lab's own tasks need one that began
with another ``ISAACSIM_ASSET_ROOT``.

The tape holds the actions, and the state to write at the start and at every reset: a reset draws its state at random,
and the two sides draw differently, so right after a reset the state of the tape is written over the one drawn. Which
environments are reset, and when, is left to the environments; the comparison then shows whether they agree.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tests import forks

if TYPE_CHECKING:
    from isaaclab.assets import Articulation
    from isaaclab.envs import DirectRLEnv, ManagerBasedRLEnv

ROOT = Path(__file__).parents[2]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Tape:
    """What a worker plays. ``T`` control steps, ``N`` environments, ``J`` joints, ``A`` actions.

    Attributes:
        joints: Joint names, in the order of the joint columns. Length ``J``.
        actions: Actions, shape ``(T, N, A)``.
        episode_length: Control steps already done in each episode at the start, so that time-outs are spread, shape
            ``(N,)``.
        joint_pos: Joint positions [m or rad] written to environment ``n`` if it is reset after step ``t``; row 0 is
            the start. Shape ``(T + 1, N, J)``.
        joint_vel: Joint velocities [m/s or rad/s], shape ``(T + 1, N, J)``.
        root_pose: Position [m] from the environment's origin, and rotation (x, y, z, w). Shape ``(T + 1, N, 7)``.
        root_vel: Linear [m/s] and angular [rad/s] velocity in the world frame, shape ``(T + 1, N, 6)``.
    """

    joints: tuple[str, ...]
    actions: Array
    episode_length: Array
    joint_pos: Array
    joint_vel: Array
    root_pose: Array
    root_vel: Array

    def save(self, file: Path) -> None:
        """Write the tape as ``.npz``."""
        arrays: dict[str, Any] = {**asdict(self), "joints": np.array(self.joints)}
        np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, file: Path) -> Tape:
        """Read a tape that :meth:`save` wrote."""
        with np.load(file) as data:
            fields: dict[str, Any] = {name: data[name] for name in data.files}
        fields["joints"] = tuple(str(name) for name in fields["joints"])
        return cls(**fields)


@dataclass(frozen=True)
class Recording:
    """What a worker saw. Row ``t`` is what ``step`` returned for the ``t``-th action.

    Attributes:
        observations: By group, shape ``(T + 1, N, D)``; row 0 is what ``reset`` returned.
        reward: Shape ``(T, N)``.
        terminated: Shape ``(T, N)``.
        truncated: Shape ``(T, N)``.
        joint_pos: State after the step and its resets, columns as on the tape, shape ``(T + 1, N, J)``.
        joint_vel: Shape ``(T + 1, N, J)``.
        root_pose: From the environment's origin, shape ``(T + 1, N, 7)``.
        root_vel: Shape ``(T + 1, N, 6)``.
        physics: The physics configuration that ran, as nested dictionaries.
    """

    observations: dict[str, Array]
    reward: Array
    terminated: Array
    truncated: Array
    joint_pos: Array
    joint_vel: Array
    root_pose: Array
    root_vel: Array
    physics: dict[str, Any]

    def save(self, file: Path) -> None:
        """Write the recording as ``.npz``."""
        arrays = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        arrays |= {f"observations/{group}": value for group, value in self.observations.items()}
        np.savez(
            file, allow_pickle=False, **arrays, physics=np.array(json.dumps(self.physics, default=repr, sort_keys=True))
        )

    @classmethod
    def load(cls, file: Path) -> Recording:
        """Read a recording that :meth:`save` wrote."""
        with np.load(file) as data:
            arrays: dict[str, Any] = {name: data[name] for name in data.files}
        groups = [name for name in arrays if name.startswith("observations/")]
        observations = {name.removeprefix("observations/"): arrays.pop(name) for name in groups}
        return cls(**arrays | {"observations": observations, "physics": json.loads(str(arrays["physics"]))})


@dataclass(frozen=True)
class Play:
    """One environment to be stepped.

    Attributes:
        task: Gym id of the task.
        tape: What to play.
        package: Folder of the generated package that registers the task. None for a task of Isaac Lab's own.
        overrides: Hydra overrides of the task's configuration, such as ``env.reward.alive=2.0``.
    """

    task: str
    tape: Tape
    package: Path | None = None
    overrides: Sequence[str] = ()


def record(
    plays: Mapping[str, Play], folder: Path, *, environment: Mapping[str, str], fresh: bool, timeout: float = 600.0
) -> dict[str, Recording]:
    """Step environments one after another in a worker process and return what it saw, by the names of ``plays``.

    Args:
        plays: What to step.
        folder: Where tapes, recordings and the worker's log are written.
        environment: Environment variables on top of those of this process.
        fresh: Begin with a new Python, for variables that Isaac Lab reads when it is imported.
        timeout: Seconds after which the worker is stopped.

    Raises:
        RuntimeError: If the worker fails; the message ends with the end of its log.
        subprocess.TimeoutExpired: If it takes too long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs, log = folder / "jobs.json", folder / "worker.log"
    for name, play in plays.items():
        play.tape.save(folder / f"{name}.tape.npz")
    listed = {
        name: {"task": play.task, "package": play.package and str(play.package), "overrides": list(play.overrides)}
        for name, play in plays.items()
    }
    jobs.write_text(json.dumps(listed))
    if fresh:
        words = [sys.executable, "-m", "tests.sim.differential", str(jobs)]
        variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        with log.open("w") as stream:
            done = subprocess.run(
                words, check=False, cwd=ROOT, env=variables, stdout=stream, stderr=stream, timeout=timeout
            )
        status = done.returncode
    else:
        status = forks.run(main, [jobs], log=log, timeout=timeout, env=environment)
    if status != 0:
        raise RuntimeError(f"the worker of {', '.join(plays)} failed:\n{log.read_text()[-4000:]}")
    return {name: Recording.load(folder / f"{name}.npz") for name in plays}


def largest_difference(ours: Array, theirs: Array) -> tuple[float, int]:
    """Return the largest absolute difference, and the first row where it is found.

    Raises:
        ValueError: If the shapes differ.
    """
    if ours.shape != theirs.shape:
        raise ValueError(f"shapes differ: {ours.shape} and {theirs.shape}")
    difference = np.abs(ours.astype(np.float64) - theirs.astype(np.float64)).reshape(len(ours), -1).max(axis=1)
    row = int(difference.argmax())
    return float(difference[row]), row


def physics_overrides(physics: Mapping[str, Any], path: str = "env.sim.physics") -> list[str]:
    """Return the Hydra overrides that give another task of the same back end these physics settings.

    Args:
        physics: :attr:`Recording.physics` of the task whose settings are wanted.
        path: Where the settings stand in the configuration.
    """
    overrides: list[str] = []
    for name, value in physics.items():
        # a class is fixed by the back end, and cannot be written on a command line
        if name.endswith("_type"):
            continue
        if isinstance(value, Mapping):
            overrides += physics_overrides(value, f"{path}.{name}")
        elif value is None or isinstance(value, bool | int | float | str):
            overrides.append(f"{path}.{name}={'null' if value is None else value}")
    return overrides


def without_classes(physics: Mapping[str, Any]) -> dict[str, Any]:
    """Physics settings without the classes that they are for: the generated package's manager records on a CPU."""
    return {
        name: without_classes(value) if isinstance(value, Mapping) else value
        for name, value in physics.items()
        if not name.endswith("_type")
    }


def play(env: DirectRLEnv | ManagerBasedRLEnv, tape: Tape) -> Recording:
    """Step ``env`` through ``tape``, writing the tape's states at the start and at every reset."""
    import torch
    from isaaclab.envs import ManagerBasedRLEnv
    from isaaclab.utils import to_dict

    robot: Articulation = next(iter(env.scene.articulations.values()))
    columns = torch.tensor(robot.find_joints(list(tape.joints), preserve_order=True)[0])
    step = 0

    def write(env_ids: Sequence[int] | slice) -> None:
        rows = torch.arange(env.num_envs)[env_ids]
        ids = rows.int()
        joint_pos = robot.data.default_joint_pos.torch[rows]
        joint_vel = robot.data.default_joint_vel.torch[rows]
        joint_pos[:, columns] = torch.from_numpy(tape.joint_pos[step])[rows]
        joint_vel[:, columns] = torch.from_numpy(tape.joint_vel[step])[rows]
        root_pose = torch.from_numpy(tape.root_pose[step])[rows]
        root_pose[:, :3] += env.scene.env_origins[rows]
        root_vel = torch.from_numpy(tape.root_vel[step])[rows]
        robot.write_root_pose_to_sim_index(root_pose=root_pose, env_ids=ids)
        robot.write_root_velocity_to_sim_index(root_velocity=root_vel, env_ids=ids)
        robot.write_joint_position_to_sim_index(position=joint_pos, env_ids=ids)
        robot.write_joint_velocity_to_sim_index(velocity=joint_vel, env_ids=ids)

    # ``step`` resets on its own, so what a reset writes can be changed only inside it
    if isinstance(env, ManagerBasedRLEnv):
        # the events write the state; what managers do after them in a reset, they do with the state of the tape
        apply = env.event_manager.apply

        def apply_and_write(mode: str, *args: Any, env_ids: Any = None, **others: Any) -> None:
            apply(mode, *args, env_ids=env_ids, **others)
            if mode == "reset":
                assert env_ids is not None
                write(env_ids)

        env.event_manager.apply = apply_and_write
    else:
        reset_idx = env._reset_idx

        def reset_and_write(env_ids: Sequence[int]) -> None:
            reset_idx(env_ids)
            write(env_ids)
            # upstream's locomotion reads the state once, at the end of its own reset
            refresh = getattr(env, "_compute_intermediate_values", None)
            if refresh is not None:
                refresh()

        env._reset_idx = reset_and_write

    def state() -> dict[str, Array]:
        data = robot.data
        root_pose = data.root_pose_w.torch.clone()
        root_pose[:, :3] -= env.scene.env_origins
        values = {
            "joint_pos": data.joint_pos.torch[:, columns],
            "joint_vel": data.joint_vel.torch[:, columns],
            "root_pose": root_pose,
            "root_vel": data.root_vel_w.torch,
        }
        return {name: value.cpu().numpy().copy() for name, value in values.items()}

    def numpy(values: Mapping[str, Any]) -> dict[str, Array]:
        return {name: value.cpu().numpy().copy() for name, value in values.items()}

    observations, _ = env.reset()
    env.episode_length_buf[:] = torch.from_numpy(tape.episode_length)
    seen, states, results = [numpy(observations)], [state()], []
    for actions in tape.actions:
        step += 1
        observations, reward, terminated, truncated, _ = env.step(torch.from_numpy(actions))
        seen.append(numpy(observations))
        states.append(state())
        results.append(numpy({"reward": reward, "terminated": terminated, "truncated": truncated}))
    return Recording(
        observations={group: np.stack([row[group] for row in seen]) for group in seen[0]},
        **{name: np.stack([row[name] for row in results]) for name in results[0]},
        **{name: np.stack([row[name] for row in states]) for name in states[0]},
        physics=json.loads(json.dumps(to_dict(env.cfg.sim.physics), default=repr)),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Play the tapes of a file of jobs in this process and write the recordings beside them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("jobs", type=Path, help="JSON: task, package and overrides by name")
    args = parser.parse_args(argv)

    import gymnasium
    from isaaclab.app import launch_simulation
    from isaaclab_tasks.utils import resolve_task_config

    for name, job in json.loads(args.jobs.read_text()).items():
        if job["package"] is not None:
            package = Path(job["package"]).resolve()
            sys.path.insert(0, str(package.parent))
            importlib.import_module(package.name)
        else:
            importlib.import_module("isaaclab_tasks")
        tape = Tape.load(args.jobs.with_name(f"{name}.tape.npz"))
        env_cfg: Any = resolve_task_config(job["task"], None, overrides=job["overrides"])[0]
        env_cfg.scene.num_envs = tape.actions.shape[1]
        env_cfg.sim.device = "cpu"
        env_cfg.seed = 0
        with launch_simulation(env_cfg, {"device": "cpu", "visualizer": ["none"]}):
            env: Any = gymnasium.make(job["task"], cfg=env_cfg).unwrapped
            play(env, tape).save(args.jobs.with_name(f"{name}.npz"))
            env.close()


if __name__ == "__main__":
    main()
