"""Mass properties against sums over points, and against Newton's own."""

from __future__ import annotations

from math import pi

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_dsl.robots.inertia import combined, of_body, of_shape, principal_axes, turned
from stripe_dsl.robots.primitives import PrimitiveBody, PrimitiveShape, ShapeKind
from stripe_dsl.robots.rotations import quaternion, rotate

turns = st.tuples(st.floats(-3.0, 3.0), st.floats(-1.5, 1.5), st.floats(-3.0, 3.0))
SHAPES = {
    "box": PrimitiveShape(ShapeKind.BOX, size=(0.3, 0.2, 0.1)),
    "sphere": PrimitiveShape(ShapeKind.SPHERE, radius=0.2),
    "capsule": PrimitiveShape(ShapeKind.CAPSULE, radius=0.1, length=0.3, axis="x"),
    "cylinder": PrimitiveShape(ShapeKind.CYLINDER, radius=0.1, length=0.3, axis="y"),
}


def points_in(shape: PrimitiveShape, step: float = 0.005) -> npt.NDArray[np.float64]:
    """Points of a grid that lie in a shape, in the frame that the shape is placed in."""
    line = np.arange(-0.35 + step / 2, 0.35, step)
    grid = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    along = grid[:, "xyz".index(shape.axis)]
    match shape.kind:
        case ShapeKind.BOX:
            inside = (np.abs(grid) < np.array(shape.size) / 2).all(axis=1)
        case ShapeKind.SPHERE:
            inside = (grid**2).sum(axis=1) < shape.radius**2
        case ShapeKind.CYLINDER:
            across = (grid**2).sum(axis=1) - along**2
            inside = (across < shape.radius**2) & (np.abs(along) < shape.length / 2)
        case ShapeKind.CAPSULE:
            beyond = np.maximum(np.abs(along) - shape.length / 2, 0.0)
            inside = (grid**2).sum(axis=1) - along**2 + beyond**2 < shape.radius**2
    turn = np.array([rotate(quaternion(shape.rotation), (*row,)) for row in np.eye(3)])
    return grid[inside] @ turn + np.array(shape.position)


def by_points(points: npt.NDArray[np.float64], mass: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    center = points.mean(axis=0)
    arms = points - center
    return center, mass / len(points) * ((arms**2).sum() * np.eye(3) - arms.T @ arms)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_what_a_sum_over_points_gives(name: str) -> None:
    from dataclasses import replace

    shape = replace(SHAPES[name], position=(0.1, -0.2, 0.3), rotation=(0.3, -0.5, 1.1))
    found, points = of_shape(shape), points_in(shape)
    center, inertia = by_points(points, found.mass)
    assert found.mass == pytest.approx(1000.0 * len(points) * 0.005**3, rel=0.01)
    np.testing.assert_allclose(found.center, center, atol=2e-3)
    np.testing.assert_allclose(found.inertia, inertia, atol=0.02 * np.max(inertia))


def test_a_body_of_several_shapes_with_a_mass() -> None:
    one = PrimitiveShape(ShapeKind.SPHERE, radius=0.1, position=(0.3, 0.0, 0.0))
    other = PrimitiveShape(ShapeKind.BOX, size=(0.2, 0.2, 0.4), position=(-0.1, 0.1, 0.0), rotation=(0.0, 0.4, 0.0))
    found = of_body(PrimitiveBody("body", (one, other), mass=3.0))
    step = 0.005
    center, inertia = by_points(np.concatenate([points_in(one, step), points_in(other, step)]), 3.0)
    assert found.mass == 3.0
    np.testing.assert_allclose(found.center, center, atol=2e-3)
    np.testing.assert_allclose(found.inertia, inertia, atol=0.02 * np.max(inertia))
    assert of_body(PrimitiveBody("body", (one,))).mass == pytest.approx(1000 * 4 / 3 * pi * 0.001)


def test_parts_of_a_whole_are_the_whole() -> None:
    whole = PrimitiveShape(ShapeKind.BOX, size=(0.4, 0.2, 0.1))
    halves = [PrimitiveShape(ShapeKind.BOX, size=(0.2, 0.2, 0.1), position=(x, 0.0, 0.0)) for x in (-0.1, 0.1)]
    np.testing.assert_allclose(combined(map(of_shape, halves)).inertia, of_shape(whole).inertia, atol=1e-12)


@given(st.tuples(*[st.floats(0.01, 10.0)] * 3), turns)
def test_principal_axes_give_the_matrix_back(
    moments: tuple[float, float, float], rpy: tuple[float, float, float]
) -> None:
    matrix = turned(((moments[0], 0.0, 0.0), (0.0, moments[1], 0.0), (0.0, 0.0, moments[2])), quaternion(rpy))
    values, turn = principal_axes(matrix)
    assert sorted(values) == pytest.approx(sorted(moments), rel=1e-9)
    back = turned(((values[0], 0.0, 0.0), (0.0, values[1], 0.0), (0.0, 0.0, values[2])), turn)
    np.testing.assert_allclose(back, matrix, atol=1e-9 * max(moments))


def test_axes_of_a_diagonal_matrix_stay() -> None:
    assert principal_axes(((3.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 2.0))) == (
        (3.0, 1.0, 2.0),
        (1.0, 0.0, 0.0, 0.0),
    )
