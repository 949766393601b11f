"""Triangle meshes of robots: STL and OBJ files, and what a mesh weighs. Needs NumPy, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.rotations import Vector

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from stripe_dsl.robots.inertia import MassProperties

SUFFIXES = (".stl", ".obj")
_STL_HEAD, _STL_FACET = 84, 50  # bytes
_AROUND, _ALONG = 24, 12  # vertices of an ellipsoid


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles: ``points`` (N, 3) [m], and ``triangles`` (M, 3) of their indices, counterclockwise from outside."""

    points: npt.NDArray[np.float64]
    triangles: npt.NDArray[np.int64]

    def scaled(self, scale: Vector) -> Mesh:
        """Scaled along the axes; turned inside out again where that mirrors it."""
        mirrored = scale[0] * scale[1] * scale[2] < 0
        return Mesh(self.points * scale, self.triangles[:, ::-1] if mirrored else self.triangles)

    @property
    def extent(self) -> tuple[Vector, Vector]:
        """Corners of the bounding box."""
        (a, b, c), (x, y, z) = self.points.min(axis=0).tolist(), self.points.max(axis=0).tolist()
        return (a, b, c), (x, y, z)


def read_mesh(path: Path) -> Mesh:
    """Read a mesh file.

    Raises:
        RobotFileError: if it is missing or broken, or of another format.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise RobotFileError(f'the mesh "{path.name}" is not STL or OBJ', "convert it, as with `trimesh.load`")
    try:
        content = path.read_bytes()
    except OSError:
        raise RobotFileError(f'there is no mesh file "{path}"') from None
    try:
        mesh = _stl(content) if suffix == ".stl" else _obj(content.decode("utf-8", "replace"))
    except (ValueError, IndexError) as error:
        raise RobotFileError(f'the mesh "{path.name}" is broken: {error}') from None
    if len(mesh.triangles) == 0:
        raise RobotFileError(f'the mesh "{path.name}" has no triangles')
    return mesh


def ellipsoid(radii: Vector) -> Mesh:
    """An ellipsoid, which USD lacks, as a mesh."""
    import numpy as np

    rings: list[Vector] = []
    for i in range(1, _ALONG):
        across, along = sin(pi * i / _ALONG), cos(pi * i / _ALONG)
        turns = [2 * pi * j / _AROUND for j in range(_AROUND)]
        rings += [(across * cos(turn), across * sin(turn), along) for turn in turns]
    points = np.array([(0.0, 0.0, 1.0), *rings, (0.0, 0.0, -1.0)]) * radii
    last = len(points) - 1
    triangles: list[tuple[int, int, int]] = []
    for j in range(_AROUND):
        after = (j + 1) % _AROUND
        triangles += [(0, 1 + j, 1 + after), (last, last - _AROUND + after, last - _AROUND + j)]
        for i in range(_ALONG - 2):
            row, below = 1 + i * _AROUND, 1 + (i + 1) * _AROUND
            triangles += [(row + j, below + j, below + after), (row + j, below + after, row + after)]
    return Mesh(points, np.array(triangles))


def of_mesh(mesh: Mesh, density: float) -> MassProperties:
    """Mass properties of the solid inside a closed mesh, as sums over the tetrahedra from the origin to its triangles.

    Raises:
        RobotFileError: if the mesh encloses no volume.
    """
    import numpy as np

    from stripe_dsl.robots.inertia import MassProperties

    a, b, c = (mesh.points[mesh.triangles[:, corner]] for corner in range(3))
    six = np.einsum("ij,ij->i", a, np.cross(b, c))  # six times the signed volumes
    volume = six.sum() / 6
    size = float(np.ptp(mesh.points, axis=0).max())
    if abs(volume) < 1e-9 * size**3:
        raise RobotFileError("a mesh encloses no volume, so it has no mass", "give the body its inertia")
    sign = 1.0 if volume > 0 else -1.0  # of one that is inside out
    center = (six[:, None] * (a + b + c)).sum(axis=0) / 24 / volume
    # second moments of a tetrahedron with one corner at the origin
    total = a + b + c
    second = sum(np.einsum("n,ni,nj->ij", six, p, p) for p in (a, b, c, total)) / 120
    second = sign * second - abs(volume) * np.outer(center, center)
    inertia = density * (np.trace(second) * np.eye(3) - second)
    x, y, z = center.tolist()
    rows = [tuple(row) for row in inertia.tolist()]
    return MassProperties(density * abs(float(volume)), (x, y, z), (rows[0], rows[1], rows[2]))


def _stl(content: bytes) -> Mesh:
    import numpy as np

    count = int.from_bytes(content[80:84], "little")
    if len(content) == _STL_HEAD + _STL_FACET * count:
        facets = np.frombuffer(content, dtype=np.uint8, offset=_STL_HEAD).reshape(count, _STL_FACET)
        corners = facets[:, 12:48].copy().view("<f4").reshape(-1, 3).astype(np.float64)
    else:
        found = re.findall(rb"vertex\s+(\S+)\s+(\S+)\s+(\S+)", content)
        if not found or len(found) % 3:
            raise ValueError("neither binary nor text STL")
        corners = np.array([[float(part) for part in row] for row in found])
    points, indices = np.unique(corners, axis=0, return_inverse=True)
    return _clean(points, indices.reshape(-1, 3))


def _obj(text: str) -> Mesh:
    import numpy as np

    points: list[list[float]] = []
    triangles: list[tuple[int, int, int]] = []
    for line in text.splitlines():
        key, *words = line.split() or [""]
        if key == "v":
            points.append([float(word) for word in words[:3]])
        elif key == "f":
            corners = [int(word.partition("/")[0]) for word in words]
            corners = [corner - 1 if corner > 0 else len(points) + corner for corner in corners]
            triangles += [(corners[0], corners[i], corners[i + 1]) for i in range(1, len(corners) - 1)]
    if any(not 0 <= corner < len(points) for triangle in triangles for corner in triangle):
        raise ValueError("a face names a vertex that is not there")
    return _clean(np.array(points, dtype=np.float64).reshape(-1, 3), np.array(triangles, dtype=np.int64).reshape(-1, 3))


def _clean(points: npt.NDArray[np.float64], triangles: npt.NDArray[np.int64]) -> Mesh:
    """Without triangles that have two equal corners."""
    import numpy as np

    if not np.isfinite(points).all():
        raise ValueError("a vertex is not finite")
    a, b, c = triangles.T
    return Mesh(points, triangles[(a != b) & (b != c) & (c != a)])
