"""Newton's buffers for contacts and constraint rows: what their counters mean, and a warning when one was full.

A generated package sets ``MJWarpSolverCfg(njmax=…, nconmax=…)``. What does not fit is left out of the simulation, which
goes on. How the two are held was read in Newton 1.6.1 and MuJoCo Warp 3.12.0 and tried with tiny buffers:

- ``njmax`` is the room for constraint rows of **one** environment: limits, friction, and ``2 * (condim - 1)`` rows of
  each contact that touches, four as a rule. ``mjw_data.nefc``, shape (num_envs,), counts the rows of the last solver
  step. It goes on past ``njmax``, so it says what was needed; the rows behind ``njmax`` are not solved. An ``njmax``
  below the rows of the model's first state is raised to these, so ``mjw_data.njmax`` holds, not the configuration.
- ``nconmax`` times the number of environments is ``mjw_data.naconmax``, **one** buffer for all of them. An environment
  may have more than its share as long as the sum fits; where the sum does not fit, any environment loses contacts.
- Newton's own collisions (``use_mujoco_contacts=False``, as packages are generated) count all contacts of a physics
  step in ``contacts.rigid_contact_count``, with those that are within the gap and do not touch yet. Their buffer is as
  large as ``naconmax`` or as Newton's estimate, whichever is larger, and the count goes on past it too. The solver
  takes the first ``naconmax`` of them. It writes how many it took to ``mjw_data.nacon``, which so never overflows.
- MuJoCo's collisions (``use_mujoco_contacts=True``) have ``naconmax`` as the room for the pairs of the broad phase
  (``mjw_data.ncollision``) and again for the contacts (``mjw_data.nacon``). Both counts go on past it.
- ``mjw_data.overflow``, shape (num_envs,), collects bits of ``OverflowType`` that Isaac Lab never clears: lost rows,
  a limit of iterations that was reached. What is dropped of Newton's contacts sets none. It has no counts.
- ``mjw_data.solver_niter``, shape (num_envs,), has the iterations of the last solver step. Those of the line search are
  counted nowhere; there is only the bit that says that their limit was reached.

The counters are of one solver step. A control step has several, so what is read between control steps misses some:
:class:`SolverHook` has a kernel launched for each of them, within the CUDA graph where there is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import warp as wp
from rich.text import Text

from stripe_dsl.runtime.counters import keep_peaks, mark_wild
from stripe_dsl.runtime.summary import short_path

if TYPE_CHECKING:
    from stripe_dsl.runtime.progress import Display

MARGIN = 1.25
"""What a buffer should hold for each that was seen: no measurement sees all that a training will do."""

WILD = 100.0
"""Speed of a body [m/s] at which an environment is taken to have exploded: then all of its shapes lie deep in the
ground or in one another for a step, which needs more room than any posture and tells nothing about the task."""


def with_margin(seen: int) -> int:
    """The room to make where ``seen`` was the most that was needed."""
    return math.ceil(MARGIN * seen)


def mujoco_manager() -> Any | None:
    """Isaac Lab's physics manager if it simulates with MuJoCo Warp, whose buffers these are, else None."""
    from isaaclab_newton.physics import NewtonManager

    # The state is that of the class, whichever subclass the configuration named; another engine leaves it empty.
    return NewtonManager if getattr(NewtonManager._solver, "mjw_data", None) is not None else None


class SolverHook:
    """Has :meth:`before_step` and :meth:`after_step` called around each solver step.

    Isaac Lab calls back before a solver step only, so a step's counters are read before the next one begins; those of
    the last step wait for :meth:`end_step`.

    A hook has to be attached before the first step. On a GPU Isaac Lab captures the physics right after that one, and
    replays the kernels that were launched without calling Python again. For the same reason nothing may be read on the
    host in between.
    """

    def __init__(self, manager: Any) -> None:
        """Register with a manager that :func:`mujoco_manager` found; it forgets its callbacks when it is closed."""
        self._manager = manager
        self._stepped = False
        self.wild = wp.zeros(self.data.nworld, dtype=wp.int32, device=self.device)
        """1 for environments that had exploded before this step, shape (num_envs,): their counts mean nothing."""
        manager.register_state_force_callback(self._call)

    def _call(self, state: Any) -> None:
        self.end_step()
        self._stepped = True  # on the host, which is early enough: the first step comes before a graph is captured
        self.wild.zero_()
        bodies = [state.body_qd, self.solver.model.body_world, WILD]
        wp.launch(mark_wild, self.solver.model.body_count, bodies, [self.wild], device=self.device)
        self.before_step()

    def end_step(self) -> None:
        """Call :meth:`after_step` if there was a step."""
        if self._stepped:
            self.after_step()

    def before_step(self) -> None:
        """Launch kernels on what Newton's collisions counted for this step."""

    def after_step(self) -> None:
        """Launch kernels on what the solver counted in this step."""

    # Looked up each time: a hard reset of the simulation makes them anew.
    @property
    def solver(self) -> Any:
        """Newton's ``SolverMuJoCo``."""
        return self._manager._solver

    @property
    def data(self) -> Any:
        """MuJoCo Warp's ``Data``."""
        return self.solver.mjw_data

    @property
    def device(self) -> Any:
        """Warp's device."""
        return self.solver.model.device

    @property
    def contacts(self) -> Any | None:
        """Newton's ``Contacts`` where it finds the collisions, or None where MuJoCo does."""
        return self._manager.get_contacts() if self._manager._needs_collision_pipeline else None


class BufferWatch(SolverHook):
    """The running maxima of rows and contacts, kept on the device: no solver step is missed, and none is waited for."""

    def __init__(self, manager: Any) -> None:
        """Attach to a simulation that was not stepped yet."""
        super().__init__(manager)
        self._peaks = wp.zeros(2, dtype=wp.int32, device=self.device)

    def after_step(self) -> None:
        """Raise the maxima."""
        data, contacts = self.data, self.contacts
        if contacts is not None:  # at this moment perhaps those of the next step, of which none is missed either
            counts = [contacts.rigid_contact_count, contacts.rigid_contact_count]
        else:
            counts = [data.nacon, data.ncollision]
        wp.launch(keep_peaks, data.nworld, [data.nefc, *counts, self.wild], [self._peaks], device=self.device)

    def read(self) -> tuple[int, int]:
        """The most rows of one environment and the most contacts of all together; waits for the device once."""
        self.end_step()
        rows, contacts = self._peaks.numpy().tolist()
        return rows, contacts

    def warning(self, tune_command: str) -> str | None:
        """What to tell the user if a buffer was full so far, in one line, or None."""
        rows, contacts = self.read()
        envs, room, shared_room = self.data.nworld, self.data.njmax, self.data.naconmax
        found: list[str] = []
        keys: list[str] = []
        if rows > room:
            found.append(f"{rows} constraint rows in one environment, with room for {room}")
            keys.append(f"constraints {with_margin(rows)}")
        if contacts > shared_room:
            found.append(f"{contacts} contacts in {envs} environments, with room for {shared_room}")
            keys.append(f"contacts {with_margin(math.ceil(contacts / envs))}")
        if not found:
            return None
        return (
            f"warning: Newton's buffers were too small and lost something: {' and '.join(found)}; "
            f"write `sim {{ {'; '.join(keys)} }}`, or measure it: `{tune_command}`"
        )


def watch_buffers(display: Display, package: Path, tune_command: str | None) -> Callable[[], None]:
    """Watch the buffers of the environment that this process has built and not stepped yet.

    Args:
        display: Gets the warning.
        package: Folder of the generated package.
        tune_command: What the user types to measure the buffers; None says ``stripec tune <package>``.

    Returns:
        To be called now and then, for instance after each iteration: it prints one warning when a buffer was full in
        any solver step so far, and nothing after that. It does nothing where another engine simulates.
    """
    manager = mujoco_manager()
    if manager is None:
        return lambda: None
    command = tune_command or f"stripec tune {short_path(package)}"
    watch: BufferWatch | None = BufferWatch(manager)

    def check() -> None:
        nonlocal watch
        warning = watch.warning(command) if watch is not None else None
        if warning is not None:
            display.print(Text(warning, style="yellow"))
            watch = None  # said once; the kernel stays, since a graph may have captured it

    return check
