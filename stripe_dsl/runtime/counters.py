"""Kernels that read the counters of Newton and MuJoCo Warp; :mod:`stripe_dsl.runtime.buffers` says what these mean."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportOperatorIssue=false
# Warp compiles these functions, pyright does not know its arrays.

from __future__ import annotations

import warp as wp

CONTACTS, ROWS, ITERATIONS, SHARED, LEFT_OUT = 0, 1, 2, 3, 4
"""Places among the peaks, the first three also among the histograms. ``SHARED``: the contacts of all environments
together; ``LEFT_OUT``: how many environments were not counted in how many solver steps."""


@wp.kernel(enable_backward=False)
def mark_wild(
    body_qd: wp.array[wp.spatial_vectorf],
    body_world: wp.array[wp.int32],
    limit: float,
    wild: wp.array[wp.int32],
):
    """Set ``wild`` to 1 for environments in which a body moves faster than ``limit`` [m/s]; a thread per body."""
    body = wp.tid()
    # not "greater than the limit": the comparison is false for NaN
    if not (wp.length(wp.spatial_top(body_qd[body])) <= limit) and body_world[body] >= 0:
        wild[body_world[body]] = 1


@wp.kernel(enable_backward=False)
def keep_peaks(
    rows: wp.array[wp.int32],
    contacts: wp.array[wp.int32],
    candidates: wp.array[wp.int32],
    wild: wp.array[wp.int32],
    peaks: wp.array[wp.int32],
):
    """Raise ``peaks`` (rows of one environment, contacts of all) to what is counted now; a thread per environment."""
    env = wp.tid()
    if wild[env] == 0 and rows[env] > peaks[0]:  # most are not, and are spared the atomic operation
        wp.atomic_max(peaks, 0, rows[env])
    if env == 0:
        peaks[1] = wp.max(peaks[1], wp.max(contacts[0], candidates[0]))


@wp.kernel(enable_backward=False)
def count_newton(
    count: wp.array[wp.int32],
    shape0: wp.array[wp.int32],
    shape1: wp.array[wp.int32],
    shape_world: wp.array[wp.int32],
    by_env: wp.array[wp.int32],
    peaks: wp.array[wp.int32],
):
    """Add Newton's contacts to their environments; a thread for each that there is room for."""
    contact = wp.tid()
    if contact == 0:
        peaks[3] = wp.max(peaks[3], count[0])
    if contact >= count[0] or shape0[contact] < 0 or shape1[contact] < 0:
        return
    world = wp.max(shape_world[shape0[contact]], shape_world[shape1[contact]])  # the ground is of world -1
    if world >= 0:
        wp.atomic_add(by_env, world, 1)


@wp.kernel(enable_backward=False)
def count_mujoco(
    count: wp.array[wp.int32],
    candidates: wp.array[wp.int32],
    world: wp.array[wp.int32],
    by_env: wp.array[wp.int32],
    peaks: wp.array[wp.int32],
):
    """Add MuJoCo's contacts to their environments; a thread for each that there is room for."""
    contact = wp.tid()
    if contact == 0:
        peaks[3] = wp.max(peaks[3], wp.max(count[0], candidates[0]))
    if contact < count[0]:
        wp.atomic_add(by_env, world[contact], 1)


@wp.kernel(enable_backward=False)
def add_to_histogram(
    values: wp.array[wp.int32],
    wild: wp.array[wp.int32],
    row: int,
    histograms: wp.array2d[wp.int64],
    peaks: wp.array[wp.int32],
):
    """Enter a value of each environment that is not wild into a histogram and its peak; a thread per environment."""
    env = wp.tid()
    if wild[env] != 0:
        if row == 1:
            wp.atomic_add(peaks, 4, 1)
        return
    value = values[env]
    wp.atomic_add(histograms, row, wp.min(value, histograms.shape[1] - 1), wp.int64(1))
    if value > peaks[row]:
        wp.atomic_max(peaks, row, value)
