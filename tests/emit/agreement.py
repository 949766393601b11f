"""Whether the values that a back end computes are those of the reference, up to what rounding can explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from ir.strategies import Program

from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.reference import Array, Inputs, evaluate, evaluate_node
from stripe_dsl.ir.schedule import schedule

NOISE = 1e-6
SUMS_OF_PRODUCTS = ("cross", "dot", "rotate", "rotate_inverse", "compose", "angle_between")
"""A processor may round a product and a sum at once, and then what cancels (``cross(v, v)``) leaves something."""


@dataclass(frozen=True)
class Precision:
    """Of the numbers that the back end computes with.

    Attributes:
        absolute: error that rounding alone may make, relative to 1 + |x|.
        limit: magnitude beyond which numbers, or their inverses, may leave the range.
        share: error wanted at most, relative to what ``NOISE`` in every operator does.
    """

    absolute: float
    limit: float
    share: float


SINGLE = Precision(1e-5, 1e12, 4.0)  # float32 rounds by a 17th of the noise,
DOUBLE = Precision(1e-10, 1e100, 1e-4)  # float64 by a billionth


def noisy(program: Program, inputs: Inputs, seed: int) -> tuple[list[Array], Array]:
    """Values of the roots when every operator errs a little, and the largest and smallest magnitude on the way (N,)."""
    rng = np.random.default_rng(seed)
    values: dict[int, Array] = {}
    extremes = np.ones((2, program.num_envs))
    for node in schedule(program.roots):
        args = [] if node.op == "prev" else [values[arg.id] for arg in node.args]
        if node.op in SUMS_OF_PRODUCTS:
            args = [arg * (1 + NOISE * rng.uniform(-1, 1, arg.shape)) for arg in args]
        value = evaluate_node(node, args, inputs, program.num_envs)
        if not node.type.is_bool:
            magnitudes = np.abs(value).reshape(program.num_envs, -1)
            extremes[0] = np.maximum(extremes[0], np.max(magnitudes, axis=1))
            extremes[1] = np.minimum(extremes[1], np.min(magnitudes, axis=1, where=magnitudes > 0, initial=1))
            if node.op not in ("const", *DRAWS):
                value = value * (1 + NOISE * rng.uniform(-1, 1, value.shape))
        values[node.id] = value
    return [values[root.id] for root in program.roots], extremes


def judge(
    program: Program,
    got: Sequence[Array],
    inputs: Callable[[], Inputs],
    precision: Precision,
    text: Callable[[], str],
) -> int:
    """Check the values of a back end against the reference; the number of elements that were let off.

    Where a value jumps (a comparison of equal numbers, the edge of ``wrap``) or amplifies errors without bound, two
    correct programs may differ. An element that differs is let off only where the reference itself differs as much when
    every operator errs a little, or where a number on the way is undefined or leaves the range of the precision.

    Args:
        program: the roots and the number of environments.
        got: value of each root, ``(N, *root.type.shape)``.
        inputs: values of the leaves, with the same draws at every call.
        precision: of the numbers that the back end computes with.
        text: source of the code that was run, for the report of a failure.
    """
    want = evaluate(program.roots, inputs(), program.num_envs)
    wrong = [differs(*pair, precision.absolute) for pair in zip(got, want, strict=True)]
    if not any(bad.any() for bad in wrong):
        return 0
    trials = [noisy(program, inputs(), seed) for seed in range(8)]
    largest, smallest = np.stack([extremes for _, extremes in trials], axis=1)
    limit = precision.limit
    wild = ~np.all((largest < limit) & (smallest > 1 / limit), axis=0)  # also where the largest is nan
    for index, (bad, result, value) in enumerate(zip(wrong, got, want, strict=True)):
        others = np.stack([values[index] for values, _ in trials])
        if value.dtype == np.bool_:
            excused = np.any(others != value, axis=0)
        else:
            with np.errstate(all="ignore"):
                spread = np.max(np.abs(others - value), axis=0)
                within = np.abs(result - value) <= precision.share * spread
                excused = within | ~(spread < 1e-3 * (1 + np.abs(value)))
        unexcused = bad & ~excused & ~wild.reshape(-1, *[1] * (bad.ndim - 1))
        assert not unexcused.any(), f"{text()}\nroot {index}\nwant {value[unexcused]}\ngot {result[unexcused]}"
    return sum(int(bad.sum()) for bad in wrong)


def differs(result: Array, value: Array, absolute: float) -> Array:
    """Elements that are not equal up to rounding; nan equals nan."""
    assert result.shape == value.shape
    if value.dtype == np.bool_:
        return result != value
    with np.errstate(all="ignore"):
        near = np.abs(result - value) <= absolute * (1 + np.abs(value))
    return ~(near | (result == value) | (np.isnan(result) & np.isnan(value)))
