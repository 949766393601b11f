"""Boxes of tetrahedra: they fill the box, none is turned inside out, and neighbours share whole faces."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from stripe_dsl.robots.author import deformable_usda
from stripe_dsl.robots.tetrahedra import box_of_tetrahedra


@pytest.mark.parametrize("cells", [(1, 1, 1), (2, 2, 2), (3, 2, 4), (15, 2, 2)])
def test_a_box_is_filled(cells: tuple[int, int, int]) -> None:
    size = (0.3, 0.1, 0.2)
    found, tetrahedra = box_of_tetrahedra(size, cells)
    points = np.array(found)
    assert len(points) == np.prod(np.array(cells) + 1)
    np.testing.assert_allclose(points.min(axis=0), -0.5 * np.array(size))
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-12)
    first, *others = np.moveaxis(points[np.array(tetrahedra)], 1, 0)
    a, b, c = (other - first for other in others)
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    assert volumes.min() > 0
    assert volumes.sum() == pytest.approx(np.prod(size))
    faces = Counter(frozenset(face) for item in tetrahedra for face in combinations(item, 3))
    assert set(faces.values()) <= {1, 2}
    # what one tetrahedron alone has is the surface: two triangles of each face of a cell
    x, y, z = cells
    assert sum(count == 1 for count in faces.values()) == 4 * (x * y + y * z + z * x)


def test_the_stage_holds_the_mesh() -> None:
    from pxr import Usd, UsdGeom

    stage: Any = Usd.Stage.CreateInMemory()
    stage.GetRootLayer().ImportFromString(deformable_usda((0.1, 0.1, 0.1), (2, 1, 1)))
    kind: Any = UsdGeom.TetMesh
    mesh = kind(stage.GetPrimAtPath("/box/sim_mesh"))
    points, tetrahedra = box_of_tetrahedra((0.1, 0.1, 0.1), (2, 1, 1))
    np.testing.assert_allclose(np.array(mesh.GetPointsAttr().Get()), points, atol=1e-7)
    assert [tuple(corners) for corners in mesh.GetTetVertexIndicesAttr().Get()] == tetrahedra
    surface = kind.ComputeSurfaceFaces(mesh)
    assert len(surface) == 4 * (2 + 1 + 2)
