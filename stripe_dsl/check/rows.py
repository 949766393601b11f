"""Numbers by member and component, as plain tuples: the signs of mirror images, and constants."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose

type Rows = tuple[tuple[float, ...], ...]
"""Numbers by member and component."""


def times(factors: Iterable[float]) -> float:
    """The product of the factors."""
    result = 1.0
    for factor in factors:
        result *= factor
    return result


def spread(rows: Rows, count: int, width: int) -> Rows:
    """Rows for as many members and components, where one stands for all."""
    rows = rows if len(rows) == count else rows * count
    return tuple(row if len(row) == width else row * width for row in rows)


def ones(rows: Rows) -> Rows:
    """Rows of ones in the shape of others."""
    return tuple(tuple(1.0 for _ in row) for row in rows)


def rows(value: object, count: int, width: int) -> Rows:
    """A constant as rows: one number for all, a vector, or one for each member."""
    if not isinstance(value, tuple | list):
        return ((float(value),) * width,) * count  # type: ignore[arg-type]
    if value and isinstance(value[0], tuple | list):
        return tuple(tuple(map(float, row)) for row in value)
    if width > 1:
        return (tuple(map(float, value)),) * count
    return tuple((float(number),) for number in value)


def is_own_image(value: Rows, perm: tuple[int, ...], signs: Rows) -> bool:
    """Whether a constant is what it becomes: member ``i`` is ``signs[i]`` times member ``perm[i]``."""
    return all(
        isclose(signs[i][k] * value[perm[i]][k], value[i][k], abs_tol=1e-9)
        for i in range(len(value))
        for k in range(len(value[i]))
    )
