"""Groups: their sizes, how far they spread, and that they keep the spacing."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.scene import clusters
from stripe_dsl.scene.streams import stream
from tests.scene.test_poisson import Everywhere, shortfall


@settings(max_examples=25, deadline=None)
@given(total=st.integers(1, 300), low=st.integers(1, 6), more=st.integers(0, 5), seed=st.integers(0, 100))
def test_groups_sum_to_what_was_asked(total: int, low: int, more: int, seed: int) -> None:
    sizes = clusters.groups(stream(seed, "groups"), total, (low, low + more))
    assert sizes.sum() == total
    assert (sizes[:-1] >= low).all() and (sizes <= low + more).all() and sizes.min() > 0


def test_children_stand_about_their_parents() -> None:
    """The squared distance of two children of one parent has the mean 4 sigma^2; sizes are drawn evenly."""
    radii = np.full(3000, 1e-3)
    thrown, group = clusters.sample(stream(1, "thomas"), radii, Everywhere((2000.0, 2000.0)), count=(3, 6), spread=4.0)
    assert len(thrown.items) == 3000
    sizes = np.bincount(group)
    assert sizes[:-1].min() == 3 and sizes.max() == 6
    assert np.bincount(sizes[:-1])[3:].min() > 0.7 * len(sizes) / 4
    first = np.flatnonzero(np.diff(group) == 0)
    squared = np.square(thrown.points[first] - thrown.points[first + 1]).sum(axis=1)
    assert abs(squared.mean() / (4 * 4.0**2) - 1) < 0.08


def test_groups_keep_the_spacing_and_stay_where_it_suits() -> None:
    west = Everywhere((60.0, 60.0), lambda points: (points[:, 0] < 30) * 1.0)
    radii = np.full(120, 1.8)
    thrown, group = clusters.sample(stream(2, "rocks"), radii, west, count=(3, 6), spread=4.0)
    assert len(thrown.items) == 120
    assert shortfall(thrown.points, radii) <= 0
    assert (thrown.points[:, 0] < 30).all()
    assert np.bincount(group)[:-1].min() >= 3


def test_a_group_without_room_is_left_out_as_a_whole() -> None:
    radii = np.full(60, 5.0)
    thrown, group = clusters.sample(stream(3, "tight"), radii, Everywhere((20.0, 20.0)), count=(3, 6), spread=4.0)
    assert 0 < len(thrown.items) < 60
    assert shortfall(thrown.points, radii[thrown.items]) <= 0
    sizes = clusters.groups(stream(3, "tight"), 60, (3, 6))  # the first numbers drawn
    found = np.bincount(group, minlength=len(sizes))
    assert ((found == 0) | (found >= np.minimum(sizes, 3))).all()
