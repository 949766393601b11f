"""Runs of a task in Isaac Lab: what is asked of them, and what was written down.

:func:`record` has ``tests.sim.worker`` step environments of either back end, one after another in a process of their
own, and ``tests.sim.replay`` computes from a recording what the environment should have answered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stripe_dsl.ir.graph import Node, Read, walk
from stripe_dsl.ir.program import Program

ROOT = Path(__file__).parents[2]
Array = npt.NDArray[Any]
TABLES = ("after_step", "at_observation", "groups", "final", "states", "probes", "between", "finish")


@dataclass(frozen=True)
class Run:
    """One environment to be built and stepped.

    Attributes:
        backend: ``torch`` or ``warp``.
        inside: Write down as well what lies between the physics and the resets. Python has to run there, so a Warp step
            is then launched kernel by kernel; without, it is the recorded step that trainings replay.
        rendered: For Warp: step as with a camera or a window, which is phase by phase.
        steps: Control steps.
        num_envs: Environments.
        overrides: Values of the cfg, such as ``reward.alive=2.0``.
        amplitude: Actions are uniform in plus or minus this.
        seed: Of the actions and of the times at which episodes have begun, the same for both back ends, and of the
            environment.
        shuffle: Steps before which episodes get other lengths, through the property that rsl_rl uses.
        probe: ``module:function`` called with the environment after ``reset`` and each ``step``; returns arrays.
        between: ``module:function`` called with the environment between the physics and the resets, where it is looked
            ``inside``; returns arrays.
        finish: ``module:function`` called with the environment at the end; returns arrays.
        prepare: ``module:function`` called with the environment's cfg before it is built.
        device: ``cpu`` or ``cuda:<number>``.
        task: Which task of the file, where it has several.
        physics: A preset of the package; empty for its default, which is Newton.
    """

    backend: str = "torch"
    inside: bool = True
    rendered: bool = False
    steps: int = 150
    num_envs: int = 8
    overrides: Sequence[str] = ()
    amplitude: float = 1.0
    seed: int = 3
    shuffle: Sequence[int] = (0,)
    probe: str = ""
    between: str = ""
    finish: str = ""
    prepare: str = ""
    device: str = "cpu"
    task: str = ""
    physics: str = ""


@dataclass(frozen=True)
class Recording:
    """``T`` control steps of ``N`` environments; row ``t`` belongs to the ``t``-th action.

    ``after_step``, ``reward_terms`` and ``terminations`` are empty for a run that is looked at from outside only.

    Attributes:
        actions: What was given to ``step``, shape ``(T, N, A)``.
        after_step: Each read after the physics, before resets, ``(T, N, ...)``.
        at_observation: Each read when the observation is made, after resets; row 0 is the first ``reset``.
            ``(T + 1, N, ...)``.
        groups: Observation groups that ``reset`` and ``step`` returned, ``(T + 1, N, D)``.
        states: What Isaac Lab says of each robot after ``reset`` and ``step``, by robot and property, and the control
            steps of the running episodes as ``episode_length``, ``(T + 1, N, ...)``.
        reward: Total, ``(T, N)``.
        reward_terms: What each term added to the sums of its episode, ``(T, N, R)``.
        terminations: Each termination term, then the timeout where there is one, ``(T, N, K)``.
        terminated: Shape ``(T, N)``.
        truncated: Shape ``(T, N)``.
        tunables: Values of the cfg's fields by path.
        log: ``extras["log"]`` after each step.
        final: ``extras["final_obs"]`` after each step, of environments whose episode ended, where it was asked for;
            ``(T, N, D)``.
        kept_log: The same dictionaries, read when the last step was done.
        probes: What the probe returned, ``(T + 1, N, ...)``.
        between: What the probe between physics and resets returned, ``(T, N, ...)``.
        finish: What was found at the end.
        facts: Single facts about the environment: time step, spaces, wiring of the groups, lengths that episodes were
            given by ``Run.shuffle`` (by step, as text).
    """

    actions: Array
    after_step: dict[Read, Array]
    at_observation: dict[Read, Array]
    groups: dict[str, Array]
    states: dict[str, Array]
    reward: Array
    terminated: Array
    truncated: Array
    tunables: dict[str, Any]
    log: list[dict[str, float]]
    probes: dict[str, Array]
    between: dict[str, Array]
    finish: dict[str, Array]
    facts: dict[str, Any]
    reward_terms: Array = field(default_factory=lambda: np.zeros(0))
    terminations: Array = field(default_factory=lambda: np.zeros(0))
    kept_log: list[dict[str, float]] = field(default_factory=list)
    final: dict[str, Array] = field(default_factory=dict)

    @property
    def num_envs(self) -> int:
        return self.reward.shape[1]

    @property
    def fresh(self) -> Array:
        """Whether an observation is the first of its episode, ``(T + 1, N)``."""
        return np.concatenate([np.ones((1, self.num_envs), bool), self.terminated | self.truncated])


def roots_of(program: Program) -> list[Node]:
    """Every expression that is evaluated in a step."""
    return [*program.ending, *program.observing]


def reads_of(program: Program) -> list[Read]:
    """What the program reads from the simulation; actions and terminations are recorded apart."""
    found = {node.read: None for node in walk(roots_of(program)) if node.read is not None}
    return [read for read in found if not read.quantity.startswith(("action.", "env.failed", "env.timeout", "term."))]


def record(
    source: Path,
    folder: Path,
    runs: Mapping[str, Run],
    *,
    timeout: float = 400.0,
    env: Mapping[str, str] | None = None,
) -> dict[str, Recording]:
    """Compile a task, step it in one worker process, and return what was written down, by name of the run.

    Args:
        env: variables of the process on top of those of this one.

    Raises:
        RuntimeError: If the worker fails; the message ends with the end of its log.
        subprocess.TimeoutExpired: If it takes too long.
    """
    from tests.forks import run

    from .worker import main

    wanted, log = folder / f"{source.stem}.json", folder / f"{source.stem}.log"
    wanted.write_text(json.dumps({name: asdict(run) for name, run in runs.items()}))
    status = run(
        main, ["--source", source.resolve(), "--runs", wanted, "--out", folder], log=log, timeout=timeout, env=env
    )
    if status != 0:
        raise RuntimeError(f"the worker of {source.name} failed:\n{log.read_text()[-6000:]}")
    return {name: load(folder / f"{name}.npz") for name in runs}


def load(file: Path) -> Recording:
    """Read a recording from a file."""
    with np.load(file) as data:
        arrays = {name: data[name] for name in data.files}
    notes = json.loads(str(arrays.pop("notes")))
    reads = [Read(entity, quantity, tuple(names)) for entity, quantity, names in notes["reads"]]
    tables: dict[str, Any] = {name: {} for name in TABLES}
    for name in [name for name in arrays if "/" in name]:
        table, _, key = name.partition("/")
        tables[table][key] = arrays.pop(name)
    return Recording(
        **arrays,
        after_step={reads[int(key)]: value for key, value in tables.pop("after_step").items()},
        at_observation={reads[int(key)]: value for key, value in tables.pop("at_observation").items()},
        **tables,
        tunables={
            path: tuple(value) if isinstance(value, list) else value for path, value in notes["tunables"].items()
        },
        log=notes["log"],
        kept_log=notes["kept_log"],
        facts=notes["facts"],
    )
