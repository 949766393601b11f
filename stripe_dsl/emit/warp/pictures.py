"""Pictures among the observations in Warp: a kernel for each group and for each picture that a network is given, with a
thread for each pixel of each environment.

A picture has thousands of values, and one thread that writes all of them would be most of what a control step costs.
What needs more than its own pixel stays in ``observe``: a picture as a whole (``eye.depth < min(eye.depth)``), the
past, and what a step remembers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.loop import Loop
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.observations import Group, Observation
from stripe_dsl.ir.ops import DRAWS, REDUCTIONS
from stripe_dsl.ir.types import Axis

if TYPE_CHECKING:
    from stripe_dsl.emit.warp.observations import Observing

NOT_ALONE = {*REDUCTIONS, "prev", "state", "old", *DRAWS}
"""Operators that reach beyond one pixel, or beyond the present."""


def is_by_pixel(group: Group, item: Observation) -> bool:
    """Whether each pixel of an entry can be computed without the others and without the past."""
    alone = not any(node.op in NOT_ALONE for node in walk([item.value]))
    return (group.picture or item.encoder) is not None and item.history == 1 and alone


def write_pixels(observing: Observing, kernel: Kernel, group: Group, items: Sequence[Observation]) -> None:
    """The body of the kernel that writes some entries of a group; ``i`` is the pixel.

    Noise comes from a stream for each pixel, seeded by the state of the environment's own, which ``observe`` moves on.
    """
    observing.target(kernel, group, items[0])
    if any(item.noise is not None for item in items):
        states = kernel.parameter("self._rng", "wp.array(dtype=wp.uint32)", "rng_states")
        kernel.line(f"rng = wp.rand_init(int({states}[env]), i)")
    values = [item.value for item in items]
    kernel.plan(values)
    kernel.compute(values)
    loops: dict[Axis, Loop] = {}
    for item in items:
        assert item.value.type.axis is not None
        loop = loops.setdefault(item.value.type.axis, Loop(kernel, item.value.type.axis, values, depth=1))
        kernel.comment(f"{item.name}, {origin(item.span)}" if item.span is not None else item.name)
        observing.entry(kernel, loop, group, item)
        kernel.lines += loop.lines
        loop.lines.clear()
