"""Mass, centre of mass and inertia of bodies made of primitive shapes, on plain tuples.

A simulator derives these from the shapes that collide. Where other shapes belong to a body too, they are computed here
and written into the stage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot, pi

from stripe_dsl.robots.primitives import PrimitiveBody, PrimitiveShape, ShapeKind
from stripe_dsl.robots.rotations import IDENTITY, Quaternion, Vector, conjugate, minus, quaternion, rotate, times

type Matrix = tuple[Vector, Vector, Vector]

DENSITY = 1000.0
"""Of shapes without a mass [kg/m^3]: what USD, Newton and PhysX take."""
_SWEEPS = 60


@dataclass(frozen=True, slots=True)
class MassProperties:
    """What a rigid body needs to move.

    Attributes:
        mass: kg.
        center: centre of mass in the body's frame [m].
        inertia: about the centre of mass, along the axes of the body's frame [kg*m^2].
    """

    mass: float
    center: Vector
    inertia: Matrix

    def scaled(self, mass: float) -> MassProperties:
        """The same shape with another mass [kg]."""
        factor = mass / self.mass
        return MassProperties(mass, self.center, _scale(self.inertia, factor))

    def principal(self) -> tuple[Vector, Quaternion]:
        """Moments about the principal axes [kg*m^2], and the turn (w, x, y, z) from these axes to the body's frame."""
        return principal_axes(self.inertia)


def of_shape(shape: PrimitiveShape, density: float = DENSITY) -> MassProperties:
    """Mass properties of a solid shape, in the frame that it is placed in."""
    r, h = shape.radius, shape.length
    match shape.kind:
        case ShapeKind.BOX:
            x, y, z = shape.size
            mass = density * x * y * z
            moments = (mass / 12 * (y * y + z * z), mass / 12 * (x * x + z * z), mass / 12 * (x * x + y * y))
        case ShapeKind.SPHERE:
            mass = density * 4 / 3 * pi * r**3
            moments = (0.4 * mass * r * r, 0.4 * mass * r * r, 0.4 * mass * r * r)
        case ShapeKind.CYLINDER:
            mass = density * pi * r * r * h
            moments = _about_axis(shape.axis, mass * (r * r / 4 + h * h / 12), mass * r * r / 2)
        case ShapeKind.CAPSULE:
            tube, caps = density * pi * r * r * h, density * 4 / 3 * pi * r**3
            mass = tube + caps
            across = tube * (r * r / 4 + h * h / 12) + caps * (0.4 * r * r + h * h / 4 + 3 / 8 * h * r)
            moments = _about_axis(shape.axis, across, tube * r * r / 2 + caps * 0.4 * r * r)
    return MassProperties(mass, shape.position, turned(diagonal(moments), quaternion(shape.rotation)))


def of_body(body: PrimitiveBody) -> MassProperties:
    """Mass properties of a body in its own frame: its shapes have one density, which gives its mass."""
    whole = combined(of_shape(shape) for shape in body.shapes)
    return whole if body.mass is None else whole.scaled(body.mass)


def combined(parts: Iterable[MassProperties]) -> MassProperties:
    """Several rigid parts as one, by the parallel axis theorem. There has to be a part with a mass."""
    parts = list(parts)
    mass = sum(part.mass for part in parts)
    x, y, z = (sum(part.mass * part.center[i] for part in parts) / mass for i in range(3))
    center = (x, y, z)
    total = diagonal((0.0, 0.0, 0.0))
    for part in parts:
        total = _add(_add(total, part.inertia), point(part.mass, minus(part.center, center)))
    return MassProperties(mass, center, total)


def point(mass: float, at: Vector) -> Matrix:
    """Inertia of a point mass [kg] about the origin."""
    square = sum(part * part for part in at)
    rows = [[mass * ((square if i == j else 0.0) - at[i] * at[j]) for j in range(3)] for i in range(3)]
    return _matrix(rows)


def diagonal(moments: Vector) -> Matrix:
    """A matrix with these moments on its diagonal."""
    return (moments[0], 0.0, 0.0), (0.0, moments[1], 0.0), (0.0, 0.0, moments[2])


def turned(matrix: Matrix, q: Quaternion) -> Matrix:
    """A matrix given in a frame, in the frame that the first is turned by ``q`` in."""
    columns = [rotate(q, axis) for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))]
    turn = [[columns[j][i] for j in range(3)] for i in range(3)]
    half = [[sum(turn[i][k] * matrix[k][j] for k in range(3)) for j in range(3)] for i in range(3)]
    return _matrix([[sum(half[i][k] * turn[j][k] for k in range(3)) for j in range(3)] for i in range(3)])


def principal_axes(matrix: Matrix) -> tuple[Vector, Quaternion]:
    """Eigenvalues of a symmetric matrix, and the turn (w, x, y, z) from their axes to the matrix's frame.

    By Jacobi's rotations: a matrix that is diagonal already keeps its axes and their order.
    """
    values, q = matrix, IDENTITY
    size = max(abs(part) for row in matrix for part in row)
    for _ in range(_SWEEPS):
        i, j = max(((0, 1), (0, 2), (1, 2)), key=lambda pair: abs(values[pair[0]][pair[1]]))
        if abs(values[i][j]) <= 1e-12 * size:
            break
        ratio = (values[j][j] - values[i][i]) / (2 * values[i][j])
        tangent = (1.0 if ratio >= 0 else -1.0) / (abs(ratio) + hypot(ratio, 1.0))
        cosine = 1 / hypot(tangent, 1.0)
        # the turn by that angle in the plane of i and j, about the third axis
        third = 3 - i - j
        sign = -1.0 if (i, j) == (0, 2) else 1.0
        half = ((1 + cosine) / 2) ** 0.5
        part = -sign * (tangent * cosine) / (2 * half)
        step = (half, part if third == 0 else 0.0, part if third == 1 else 0.0, part if third == 2 else 0.0)
        values = turned(values, conjugate(step))
        q = times(q, step)
    norm = hypot(*q)
    return (values[0][0], values[1][1], values[2][2]), (q[0] / norm, q[1] / norm, q[2] / norm, q[3] / norm)


def _about_axis(axis: str, across: float, along: float) -> Vector:
    x, y, z = (along if axis == letter else across for letter in "xyz")
    return (x, y, z)


def _scale(matrix: Matrix, factor: float) -> Matrix:
    return _matrix([[factor * part for part in row] for row in matrix])


def _add(a: Matrix, b: Matrix) -> Matrix:
    return _matrix([[a[i][j] + b[i][j] for j in range(3)] for i in range(3)])


def _matrix(rows: list[list[float]]) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return (a, b, c), (d, e, f), (g, h, i)
