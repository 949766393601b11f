"""Measuring what a task needs of Newton's buffers, and proposing the ``constraints`` and ``contacts`` to write."""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stripe_dsl.runtime.console import OutputCapture
from stripe_dsl.runtime.launch import prepare_process
from stripe_dsl.runtime.problem import PackageError, Problem
from stripe_dsl.runtime.progress import Display, format_count, format_seconds
from stripe_dsl.runtime.register import AGENT
from stripe_dsl.runtime.session import check_request, open_session
from stripe_dsl.runtime.summary import report_failure

if TYPE_CHECKING:
    from stripe_dsl.runtime.runner import CheckedVecEnv
    from stripe_dsl.runtime.tally import Counts

TUNE_ENVS = 64
"""Environments unless the user says how many."""
TUNE_STEPS = 1000
"""Control steps unless the user says how many."""

_GENEROUS = 4
"""How many times the present rows there is room for while measuring; contacts have as much as Newton can find."""
_LEAST_ROWS, _LEAST_CONTACTS = 4, 1
"""What is proposed at least: a contact that nobody saw has four rows, and the language has no zero here."""
_WASTE = 2
"""A buffer that is larger than so many times the proposal is called too large."""
_SOLVER = "env.sim.physics.solver_cfg"

Verdict = Literal["too small", "fits", "too large"]


@dataclass(frozen=True)
class TuneRequest:
    """What to measure.

    Attributes:
        package: Folder of the generated package.
        task_id: Gym id; None if the package registers only one.
        device: ``cpu``, ``cuda`` or ``cuda:<n>``; None takes the first GPU, else the CPU.
        num_envs: Number of environments; None takes :data:`TUNE_ENVS`.
        steps: Control steps to drive.
        seed: Seed; None takes the agent's.
        overrides: ``env.x.y=value`` and ``agent.z=value``.
        physics: Name of a physics preset of the task; None takes its default.
        backend: ``torch`` or ``warp``; None takes what a training would.
    """

    package: Path
    task_id: str | None = None
    device: str | None = None
    num_envs: int | None = None
    steps: int = TUNE_STEPS
    seed: int | None = None
    overrides: list[str] = field(default_factory=list)
    physics: str | None = None
    backend: str | None = None

    @property
    def agent(self) -> str:
        """Entry point of the agent's configuration, which says the seed."""
        return AGENT


@dataclass(frozen=True)
class Buffer:
    """A buffer as it is and as it should be, each per environment.

    Attributes:
        present: What the configuration says, or None where it leaves the size to Newton.
        most: The most that one environment had in a solver step.
        usual: The 99.9th percentile over environments and solver steps.
        needed: ``most``, or what all environments had together divided by their number if that is more: MuJoCo's own
            collisions need room for pairs that turn out to have no contact.
        proposed: The room to make: ``needed`` with a margin.
    """

    present: int | None
    most: int
    usual: int
    needed: int
    proposed: int

    @property
    def verdict(self) -> Verdict:
        """``too small`` loses something, if not now then with one environment alone; ``too large`` costs time."""
        if self.present is None:
            return "fits"
        if self.present < self.needed:
            return "too small"
        return "too large" if self.present > _WASTE * self.proposed else "fits"


@dataclass(frozen=True)
class TuneResult:
    """What came of a measurement.

    Attributes:
        status: ``done``; ``interrupted`` by Ctrl-C, with what was counted until then; ``failed`` while running;
            ``invalid`` when the request was wrong and nothing was started.
        problems: Why it failed or is invalid.
        task_id: The gym id.
        device: Where it ran.
        num_envs: Number of environments.
        steps: Control steps that were driven.
        seconds: Duration of the driving.
        counts: What was counted, or None if nothing was driven.
        rows: The buffer of constraint rows, ``constraints`` in the language and ``njmax`` in Newton.
        contacts: The buffer of contacts, ``contacts`` and ``nconmax``.
        iterations: Limit of the solver's iterations.
        ls_iterations: Limit of the iterations of a line search.
    """

    status: Literal["done", "interrupted", "failed", "invalid"]
    problems: tuple[Problem, ...] = ()
    task_id: str | None = None
    device: str | None = None
    num_envs: int = 0
    steps: int = 0
    seconds: float = 0.0
    counts: Counts | None = None
    rows: Buffer | None = None
    contacts: Buffer | None = None
    iterations: int = 0
    ls_iterations: int = 0


def tune(request: TuneRequest) -> TuneResult:
    """Drive the robots with large buffers, count what they need, print it with a proposal, and return it.

    Nothing that goes wrong is raised; the caller prints the problems.
    """
    problems = check_request(request)
    if request.steps < 1:
        problems.append(Problem(f"the number of steps must be at least 1, not {request.steps}"))
    if problems:
        return TuneResult("invalid", tuple(problems))
    prepare_process()
    with OutputCapture() as output, Display(output.stream) as display:
        try:
            result = _tune(request, output, display)
        except KeyboardInterrupt:
            result = TuneResult("interrupted")
        except PackageError as error:
            result = TuneResult("invalid", (error.problem,))
        except Exception as error:
            result = TuneResult("failed", (report_failure(error, display, output),))
        display.close()
        if result.counts is not None:
            print_tuning(display.console, result)
    return result


def _tune(request: TuneRequest, output: OutputCapture, display: Display) -> TuneResult:
    with contextlib.ExitStack() as stack:
        limited = replace(request, num_envs=request.num_envs or TUNE_ENVS)
        session = stack.enter_context(open_session(limited, display))
        if isinstance(session, list):
            return TuneResult("invalid", tuple(session))
        solver = _solver_cfg(session.config.env.sim.physics)
        if solver is None:
            physics = type(session.config.env.sim.physics).__name__
            hint = "name a preset of Newton's MuJoCo solver with --physics, or none"
            return TuneResult("invalid", (Problem(f"{physics} has no buffers to tune", (hint,)),))
        present = replace(
            TuneResult("done", task_id=session.task_id, device=session.device),
            iterations=solver.iterations,
            ls_iterations=solver.ls_iterations,
        )
        rows, contacts = solver.njmax, solver.nconmax
        _make_room(solver)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stripe-tune-")))
        env = stack.enter_context(session.environment(folder))
        display.phase(f"driving the robots for {request.steps} steps")
        driven = _drive(request, display, env, session.config.agent.seed)
        return _propose(replace(present, **driven, num_envs=env.num_envs), rows, contacts)


def _solver_cfg(physics: Any) -> Any | None:
    """The configuration of MuJoCo Warp if it simulates, else None."""
    from isaaclab_newton.physics import MJWarpSolverCfg

    solver = getattr(physics, "solver_cfg", None)
    return solver if isinstance(solver, MJWarpSolverCfg) and not solver.use_mujoco_cpu else None


def _make_room(solver: Any) -> None:
    """Enlarge the buffers, so that nothing is left out and changes what the robots do."""
    solver.njmax = max(_GENEROUS * solver.njmax, 256)
    if solver.use_mujoco_contacts:
        solver.nconmax = max(_GENEROUS * (solver.nconmax or 0), 256)
    else:
        solver.nconmax = None  # as many as Newton makes room for itself


def _drive(request: TuneRequest, display: Display, env: CheckedVecEnv, seed: int) -> dict[str, Any]:
    """Drive and count; gives the fields of the result that follow from it."""
    import torch

    from stripe_dsl.runtime.buffers import mujoco_manager
    from stripe_dsl.runtime.drive import Driver
    from stripe_dsl.runtime.tally import Tally

    tally = Tally(mujoco_manager())
    driver = Driver(env, request.steps, seed)
    status = "done"
    steps, started = 0, time.monotonic()
    try:
        for steps in range(1, request.steps + 1):
            # Not the wrapper's step, which ends at the first NaN: here an environment that exploded is given a timeout.
            observations: Any = env.unwrapped.step(driver.actions())[0]["policy"]
            exploded = ~torch.isfinite(observations).flatten(1).all(dim=1)
            env.episode_length_buf = env.episode_length_buf.masked_fill(exploded, int(env.max_episode_length))
            if steps % 20 == 0:
                display.detail(f"{steps} of {request.steps} steps")
    except KeyboardInterrupt:
        status = "interrupted"
    return {"status": status, "steps": steps, "seconds": time.monotonic() - started, "counts": tally.finish()}


def _propose(result: TuneResult, rows: int | None, contacts: int | None) -> TuneResult:
    from stripe_dsl.runtime.buffers import with_margin

    counts = result.counts
    assert counts is not None
    rows_needed = counts.rows.most
    contacts_needed = max(counts.contacts.most, math.ceil(counts.shared_contacts / result.num_envs))
    enough_rows = max(_LEAST_ROWS, with_margin(rows_needed))
    enough_contacts = max(_LEAST_CONTACTS, with_margin(contacts_needed))
    return replace(
        result,
        rows=Buffer(rows, counts.rows.most, counts.rows.usual, rows_needed, enough_rows),
        contacts=Buffer(contacts, counts.contacts.most, counts.contacts.usual, contacts_needed, enough_contacts),
    )


def print_tuning(console: Console, result: TuneResult) -> None:
    """Print what was measured, what the present values are good for, and what to write."""
    from stripe_dsl.runtime.buffers import WILD, with_margin

    counts, rows, contacts = result.counts, result.rows, result.contacts
    assert counts is not None
    assert rows is not None
    assert contacts is not None
    steps = f"{result.steps} control steps, {format_count(counts.solver_steps)} solver steps"
    took = f"in {format_seconds(result.seconds)}"
    where = f"{result.num_envs} environments on {result.device}"
    console.print(Text(f"drove {result.task_id} in {where}: {steps} {took}"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("in one environment", "most", "99.9 %", "room now", "proposed", ""):
        table.add_column(column, justify="left" if column in ("in one environment", "") else "right")
    styles = {"too small": "bold red", "too large": "yellow", "fits": "green"}
    for name, buffer in (("constraint rows", rows), ("contacts", contacts)):
        present = "Newton's" if buffer.present is None else str(buffer.present)
        verdict = Text(buffer.verdict, style=styles[buffer.verdict])
        table.add_row(name, str(buffer.most), str(buffer.usual), present, str(buffer.proposed), verdict)
    used = counts.iterations
    limit = 2 * result.iterations if counts.unsolved else with_margin(used.most)
    verdict = Text("limit reached", style="bold red") if counts.unsolved else Text("fits", style="green")
    table.add_row("solver iterations", str(used.most), str(used.usual), str(result.iterations), str(limit), verdict)
    console.print(table)
    shared = f"at most {counts.shared_contacts} at once, {counts.shared_contacts / result.num_envs:.1f} for each"
    console.print(Text(f"contacts lie in one buffer for all environments: {shared}"))
    if counts.left_out:
        share = f"{counts.left_out} of {counts.left_out + counts.solver_steps} solver steps"
        console.print(Text(f"not counted are {share}, before which a body was faster than {WILD:g} m/s: explosions"))
    if counts.unsolved:
        found = f"the solver did not converge in {counts.unsolved} environments"
        console.print(Text(f"{found}; more iterations: {_SOLVER}.iterations={limit}"))
    else:
        console.print(Text(f"unused iterations cost nothing; to limit them: {_SOLVER}.iterations={limit}"))
    if counts.unsearched:
        found = f"a line search reached its limit of {result.ls_iterations} in {counts.unsearched} environments"
        console.print(Text(f"{found}; more: {_SOLVER}.ls_iterations={2 * result.ls_iterations}"))
    line = f"sim {{ … constraints {rows.proposed}; contacts {contacts.proposed} }}"
    console.print(Text.assemble("write in the task  ", (line, "bold")))
