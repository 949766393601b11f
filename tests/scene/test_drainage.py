"""Drainage against a queue that visits one vertex after the other; valleys are wet and ridges are dry."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.scene.drainage import carve, drain, fill
from stripe_dsl.scene.grid import Field
from stripe_dsl.scene.noise import fbm


def rough(size: int, cell: float, seed: int) -> Field:
    xs = np.arange(size) * cell
    return fbm(xs, xs, 8.0, 4, 0.5, 2.0, seed)


def priority_flood(height: Field) -> Field:
    """Barnes, Lehman, Mulla (2014), algorithm 1."""
    rows, columns = height.shape
    level = np.full(height.shape, np.nan)
    queue: list[tuple[float, int, int]] = []
    for row in range(rows):
        for column in range(columns):
            if row in (0, rows - 1) or column in (0, columns - 1):
                level[row, column] = height[row, column]
                heapq.heappush(queue, (height[row, column], row, column))
    while queue:
        here, row, column = heapq.heappop(queue)
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(column - 1, 0), min(column + 2, columns)):
                if np.isnan(level[r, c]):
                    level[r, c] = max(height[r, c], here)
                    heapq.heappush(queue, (level[r, c], r, c))
    return level


heights = st.tuples(st.integers(2, 12), st.integers(2, 12), st.integers(0, 2**32 - 1), st.sampled_from([2, 5, 1000]))


@given(heights)
@settings(max_examples=25, deadline=None)
def test_depressions_fill_as_a_queue_fills_them(case: tuple[int, int, int, int]) -> None:
    """With few values too, where there are plateaus and ties."""
    rows, columns, seed, values = case
    height = np.random.default_rng(seed).integers(0, values, (rows, columns)).astype(float)
    assert np.array_equal(fill(height, 0.0), priority_flood(height))


def test_a_rough_ground_fills_as_a_queue_fills_it() -> None:
    height = rough(101, 0.25, 4)
    assert np.array_equal(fill(height, 0.0), priority_flood(height))
    assert (fill(height, 0.0) > height).any()


@given(heights)
@settings(max_examples=25, deadline=None)
def test_all_water_leaves_at_the_edge(case: tuple[int, int, int, int]) -> None:
    rows, columns, seed, values = case
    height = np.random.default_rng(seed).integers(0, values, (rows, columns)).astype(float)
    found = drain(height, 0.5)
    outlets = found.receiver == np.arange(height.size)
    inner = np.zeros(height.shape, dtype=bool)
    inner[1:-1, 1:-1] = True
    assert not (outlets.reshape(height.shape) & inner).any()
    assert found.area.ravel()[outlets].sum() == pytest.approx(height.size * 0.25)
    surface = found.filled.ravel()
    assert (surface[found.receiver] < surface)[~outlets].all(), "water runs down"
    assert (found.filled >= height).all()


@given(heights)
@settings(max_examples=25, deadline=None)
def test_area_is_what_lies_upslope(case: tuple[int, int, int, int]) -> None:
    """Followed drop by drop; the original counted the way downstream."""
    rows, columns, seed, values = case
    height = np.random.default_rng(seed).integers(0, values, (rows, columns)).astype(float)
    found = drain(height, 1.0)
    through = np.zeros(height.size)
    for drop in range(height.size):
        through[drop] += 1
        while found.receiver[drop] != drop:
            drop = found.receiver[drop]
            through[drop] += 1
    assert np.array_equal(found.area.ravel(), through)


def test_water_takes_the_steepest_way() -> None:
    """Across a corner a step is sqrt(2) long."""
    height = np.array([[9, 9, 9, 9], [9, 5, 3.9, 9], [9, 3.5, 9, 1], [9, 9, 0, 9]])
    receiver = drain(height, 1.0).receiver.reshape(4, 4)
    assert receiver[1, 1] == 2 * 4 + 1  # 1.5 down, and not 1.1
    height[1, 2], height[2, 2] = 9, 3.0  # 2 / sqrt(2) = 1.41 down
    assert drain(height, 1.0).receiver.reshape(4, 4)[1, 1] == 2 * 4 + 1


def test_ridges_are_dry_and_valleys_wet() -> None:
    """A roof, and the same upside down."""
    y = np.abs(np.arange(41) - 20) * 0.5
    roof = -np.broadcast_to(y[:, None], (41, 41)) - np.arange(41) * 0.05
    ridge, valley = drain(roof, 0.5).area, drain(-roof, 0.5).area
    assert ridge[20, 10:30].max() <= 0.25  # its own
    assert valley[20, 5:-5].min() > 10 * valley[0, 5:-5].max()
    assert (np.diff(ridge[20:, 20]) >= 0).all() and ridge[40, 20] > ridge[20, 20]


@pytest.mark.parametrize("seed", range(4))
def test_where_the_ground_is_high_little_water_comes(seed: int) -> None:
    height = rough(121, 0.25, seed)
    found = drain(height, 0.25)
    around = np.lib.stride_tricks.sliding_window_view(height, (9, 9))
    middle, area = height[4:-4, 4:-4], found.area[4:-4, 4:-4]
    above_water = found.filled[4:-4, 4:-4] == middle
    crest, hollow = (middle >= around.max(axis=(2, 3))) & above_water, middle <= around.min(axis=(2, 3))
    assert area[crest].max() == 0.25**2
    assert np.median(area[hollow]) > 8 * 0.25**2
    assert np.corrcoef(middle.ravel(), np.log(area).ravel())[0, 1] < -0.1


@given(st.integers(0, 2**31), st.floats(0.05, 0.5), st.sampled_from([0.0, 0.4, 1.0]))
@settings(max_examples=25, deadline=None)
def test_beds_are_as_deep_as_asked_and_where_water_runs(seed: int, share: float, smooth: float) -> None:
    height = rough(61, 0.5, seed)
    depth = height - carve(height, 0.5, share, smooth)
    assert depth.max() == pytest.approx(share * np.ptp(height))
    assert depth.min() >= -1e-12
    area = drain(height, 0.5).area
    assert depth[area > 0.5 * area.max()].mean() > 3 * depth[area <= np.median(area)].mean()


def test_a_plane_has_nothing_to_carve() -> None:
    flat = np.zeros((21, 21))
    assert np.array_equal(carve(flat, 0.5, 0.3, 0.4), flat)
