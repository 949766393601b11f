"""Where rain goes: depressions filled, each vertex draining to a neighbour, the area above it, and the channels cut.

Water leaves at the edges of the grid. Everything is by whole arrays: no loop visits single vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from stripe_dsl.scene.grid import Field

type Receivers = NDArray[np.int64]
"""The vertex that the water of each flows to, itself at an outlet; counted along the rows, shape (ny * nx,)."""

_RISE = 1e-6
"""What a filled depression rises from each vertex to the next, away from its outlet [m]."""
_PAIRS = (
    (np.s_[:, :-1], np.s_[:, 1:]),
    (np.s_[:-1, :], np.s_[1:, :]),
    (np.s_[:-1, :-1], np.s_[1:, 1:]),
    (np.s_[:-1, 1:], np.s_[1:, :-1]),
)
"""Each pair of neighbours once: those on one side and those on the other."""
_NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True, slots=True)
class Drainage:
    """How the water of a ground runs off.

    Attributes:
        filled: the ground with its depressions filled: every vertex that is no outlet has a lower neighbour [m].
        receiver: where the water of each vertex goes.
        area: the area that drains through a vertex, its own included [m^2], shape (ny, nx).
    """

    filled: Field
    receiver: Receivers
    area: Field


def drain(height: Field, cell: float) -> Drainage:
    """The drainage of a ground.

    Water takes the steepest way down to one of eight neighbours (J. F. O'Callaghan, D. M. Mark, "The extraction of
    drainage networks from digital elevation data", 1984), on the ground with filled depressions. The area is the one
    UPSLOPE of a vertex: small on ridges and large in valleys.

    Args:
        height: [m], at least 2 x 2.
        cell: distance between vertices [m].
    """
    filled = fill(height)
    receiver = _steepest(filled, cell)
    return Drainage(filled, receiver, _upslope(receiver).reshape(height.shape) * cell**2)


def fill(height: Field, rise: float = _RISE) -> Field:
    """The lowest surface above a ground from which all water runs to the edge, rising by ``rise`` [m] a vertex.

    It is the surface that R. Barnes, C. Lehman and D. Mulla define in "Priority-flood" (2014). A queue would visit
    vertex after vertex; here the level of a vertex is that of the lowest pass out of it, which the minimum spanning
    tree knows, and lakes drain along the shortest way to their outlets.
    """
    level = _level(height)
    towards = _way_out(level)
    steps = _steps(towards)
    # w[vertex] = max(level[vertex], w[next] + rise): along a way, the running maximum of level - rise * steps
    top = _highest_on_way(level.ravel() - rise * steps, towards)
    return (top + rise * steps).reshape(height.shape)


def carve(height: Field, cell: float, share: float, smooth: float) -> Field:
    """The ground with the beds of its streams cut into it.

    The depth goes with the logarithm of the upslope area, from nothing where less than 1 % of the area of the largest
    stream drains, to ``share`` of the relief.

    Args:
        height: [m].
        share: depth of the deepest bed, as a share of the difference between the highest and the lowest point.
        smooth: standard deviation of the Gaussian that makes banks of steps [m].
    """
    area = drain(height, cell).area
    least = max(0.01 * area.max(), cell**2)
    bed = np.clip(np.log(area / least) / max(np.log(area.max() / least), 1e-12), 0, 1)
    if smooth > 0:
        bed = ndimage.gaussian_filter(bed, smooth / cell, mode="nearest")
    deepest = bed.max()
    if deepest <= 0:
        return height.copy()
    return height - share * np.ptp(height) * bed / deepest


def _level(height: Field) -> Field:
    """The lowest pass on any way from a vertex to the edge, itself included [m].

    Water reaches the pit of its basin without climbing, so that only the passes from basin to basin matter.
    """
    basin = np.unique(_outlet(_steepest(height)), return_inverse=True)[1].reshape(height.shape)
    outside = int(basin.max()) + 1
    edge = _edge(height.shape)
    one = [basin[edge], *(basin[a].ravel() for a, _ in _PAIRS)]
    other = [np.full(len(one[0]), outside), *(basin[b].ravel() for _, b in _PAIRS)]
    passes = [height[edge], *(np.maximum(height[a], height[b]).ravel() for a, b in _PAIRS)]
    first, second, level = np.concatenate(one), np.concatenate(other), np.concatenate(passes)
    apart = first != second
    first, second, level = first[apart], second[apart], level[apart]
    key = np.minimum(first, second) * (outside + 1) + np.maximum(first, second)
    order = np.lexsort((level, key))
    lowest = order[np.diff(key[order], prepend=-1) > 0]  # the lowest pass of each pair of basins
    values, rank = np.unique(level[lowest], return_inverse=True)
    links = sparse.csr_array((rank + 1.0, (first[lowest], second[lowest])), shape=(outside + 1, outside + 1))
    tree = csgraph.minimum_spanning_tree(links).tocoo()
    ways = sparse.csr_array((tree.data, (tree.row, tree.col)), shape=links.shape)
    _, before = csgraph.breadth_first_order(ways, outside, directed=False)
    towards = before.astype(np.int64)
    towards[outside] = outside
    climb = ways + ways.T
    rank = np.asarray(climb[np.arange(outside), towards[:outside]]).ravel().astype(np.int64) - 1
    over = _highest_on_way(np.append(values[rank], -np.inf), towards)
    return np.maximum(height, over[basin])


def _way_out(level: Field) -> Receivers:
    """A next vertex for each that is no higher, such that all ways end at the edge; across a lake the shortest way."""
    rows, columns = level.shape
    here = np.arange(level.size).reshape(level.shape)
    steepest = _steepest(level).reshape(level.shape)
    towards = np.pad(np.where((steepest != here) | _edge(level.shape), steepest, -1), 1, constant_values=-2).ravel()
    surface = np.pad(level, 1, constant_values=np.inf).ravel()
    number = np.pad(here, 1).ravel()
    offsets = np.array([row * (columns + 2) + column for row, column in _NEIGHBOURS])
    lake = np.flatnonzero(towards == -1)
    around = lake[:, None] + offsets
    shore = (towards[around] >= 0) & (surface[around] == surface[lake, None])
    front = lake[shore.any(axis=1)]
    towards[front] = number[front + offsets[np.argmax(shore[shore.any(axis=1)], axis=1)]]
    while len(front):
        sources = np.repeat(front, len(offsets))
        found = (front[:, None] + offsets).ravel()
        fits = (towards[found] == -1) & (surface[found] == surface[sources])
        front, first = np.unique(found[fits], return_index=True)
        towards[front] = number[sources[fits][first]]
    return towards.reshape(rows + 2, columns + 2)[1:-1, 1:-1].ravel()


def _steepest(surface: Field, cell: float = 1.0) -> Receivers:
    """The neighbour in the direction of steepest descent; the vertex itself where none is lower."""
    rows, columns = surface.shape
    around = np.pad(surface, 1, constant_values=np.inf)
    best = np.zeros(surface.shape)
    receiver = np.arange(surface.size).reshape(surface.shape)
    here = receiver.copy()
    for row, column in _NEIGHBOURS:
        there = around[1 + row : 1 + row + rows, 1 + column : 1 + column + columns]
        descent = (surface - there) / (cell * (row**2 + column**2) ** 0.5)
        better = descent > best
        best = np.where(better, descent, best)
        receiver = np.where(better, here + row * columns + column, receiver)
    return receiver.ravel()


def _upslope(receiver: Receivers) -> NDArray[np.float64]:
    """How many vertices drain through each, itself included: summed from the longest ways to the outlets."""
    steps = _steps(receiver)
    order = np.argsort(-steps, kind="stable")
    count = np.ones(len(receiver))
    ends = np.cumsum(np.bincount(steps)[::-1])
    for start, end in zip([0, *ends[:-1]], ends[:-1], strict=False):  # the last are the outlets
        level = order[start:end]
        np.add.at(count, receiver[level], count[level])
    return count


def _edge(shape: tuple[int, int]) -> NDArray[np.bool_]:
    edge = np.ones(shape, dtype=bool)
    edge[1:-1, 1:-1] = False
    return edge


def _outlet(towards: Receivers) -> Receivers:
    """The vertex where the way of each ends."""
    while True:
        further = towards[towards]
        if np.array_equal(further, towards):
            return towards
        towards = further


def _steps(towards: Receivers) -> NDArray[np.int64]:
    """Vertices on the way to an outlet, by doubling the length of a jump."""
    steps = (towards != np.arange(len(towards))).astype(np.int64)
    jump = towards
    while True:
        further = jump[jump]
        if np.array_equal(further, jump):
            return steps
        steps = steps + steps[jump]
        jump = further


def _highest_on_way(values: NDArray[np.float64], towards: Receivers) -> NDArray[np.float64]:
    """The highest value on the way from each vertex to its outlet, both included, by doubling the length of a jump."""
    jump = towards
    while True:
        values = np.maximum(values, values[jump])
        further = jump[jump]
        if np.array_equal(further, jump):
            return values
        jump = further
