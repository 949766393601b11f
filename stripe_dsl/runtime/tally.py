"""How much of Newton's buffers and of its solver's iterations a simulation uses, counted in every solver step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from stripe_dsl.runtime.buffers import SolverHook
from stripe_dsl.runtime.counters import (
    CONTACTS,
    ITERATIONS,
    LEFT_OUT,
    ROWS,
    SHARED,
    add_to_histogram,
    count_mujoco,
    count_newton,
)

_BINS = 4096
"""Counts that a histogram tells apart; its last entry has all above, which the maxima still tell."""
_USUAL = 0.999


@dataclass(frozen=True)
class Spread:
    """What one quantity of one environment was, over all environments and solver steps.

    Attributes:
        most: The maximum.
        usual: The 99.9th percentile.
    """

    most: int
    usual: int


@dataclass(frozen=True)
class Counts:
    """What was counted.

    Attributes:
        rows: Constraint rows of an environment in a solver step.
        contacts: Contacts of an environment in a solver step, those included that do not touch yet.
        iterations: Iterations that the solver took for an environment in a solver step.
        shared_contacts: The most contacts of all environments together.
        solver_steps: Solver steps that were counted, each environment's on its own.
        left_out: Those that were not, since the environment had exploded before: a body was faster than
            :data:`stripe_dsl.runtime.buffers.WILD`.
        unsolved: Environments in which the solver reached its limit of iterations at least once.
        unsearched: Environments in which a line search reached its limit at least once.
    """

    rows: Spread
    contacts: Spread
    iterations: Spread
    shared_contacts: int
    solver_steps: int
    left_out: int
    unsolved: int
    unsearched: int


class Tally(SolverHook):
    """Histograms on the device of contacts, rows and iterations, with an entry for each environment and solver step."""

    def __init__(self, manager: Any) -> None:
        """Attach to a simulation that was not stepped yet; see :class:`SolverHook`."""
        super().__init__(manager)
        self._by_env = wp.zeros(self.data.nworld, dtype=wp.int32, device=self.device)
        self._histograms = wp.zeros((3, _BINS), dtype=wp.int64, device=self.device)
        self._peaks = wp.zeros(5, dtype=wp.int32, device=self.device)

    def finish(self) -> Counts:
        """Count the last step and return everything; to be called once."""
        from mujoco_warp import OverflowType

        self.end_step()
        histograms, peaks = self._histograms.numpy(), self._peaks.numpy()
        overflow = self.data.overflow.numpy()
        spreads = [Spread(int(peaks[row]), _usual(histograms[row])) for row in (ROWS, CONTACTS, ITERATIONS)]
        return Counts(
            *spreads,
            shared_contacts=int(peaks[SHARED]),
            solver_steps=int(histograms[ROWS].sum()),
            left_out=int(peaks[LEFT_OUT]),
            unsolved=int(np.count_nonzero(overflow & OverflowType.ITERATIONS)),
            unsearched=int(np.count_nonzero(overflow & OverflowType.LS_ITERATIONS)),
        )

    def before_step(self) -> None:
        """Count the contacts that Newton found."""
        contacts = self.contacts
        if contacts is not None:
            shapes = [contacts.rigid_contact_shape0, contacts.rigid_contact_shape1, self.solver.model.shape_world]
            self._add_contacts(count_newton, contacts.rigid_contact_max, [contacts.rigid_contact_count, *shapes])

    def after_step(self) -> None:
        """Count rows, iterations, and the contacts that MuJoCo found within its step."""
        data = self.data
        if self.contacts is None:
            self._add_contacts(count_mujoco, data.naconmax, [data.nacon, data.ncollision, data.contact.worldid])
        self._add(data.nefc, ROWS)
        self._add(data.solver_niter, ITERATIONS)

    def _add_contacts(self, kernel: Any, room: int, inputs: list[Any]) -> None:
        self._by_env.zero_()
        wp.launch(kernel, room, inputs, [self._by_env, self._peaks], device=self.device)
        self._add(self._by_env, CONTACTS)

    def _add(self, values: wp.array, row: int) -> None:
        inputs, outputs = [values, self.wild, row], [self._histograms, self._peaks]
        wp.launch(add_to_histogram, self.data.nworld, inputs, outputs, device=self.device)


def _usual(histogram: np.ndarray) -> int:
    """The smallest count that 99.9 % do not exceed, or 0 where nothing was counted."""
    total = np.cumsum(histogram)
    return int(np.searchsorted(total, _USUAL * total[-1])) if total[-1] else 0
