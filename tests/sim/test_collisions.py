"""The broad phase of generated scenes, on a small model of Newton's: what it leaves out, and what stays."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .recorder import ROOT

pytestmark = pytest.mark.sim

RADIUS = 0.1
PLACES = {
    "on the plain": (1.0, 1.0, 0.09),
    "above the plain": (1.0, 3.0, 0.5),
    "inside the tower's cell, beside it": (4.9, 5.0, 0.5),
    "on the tower": (5.5, 5.5, 2.09),
    "above the tower": (5.5, 5.5, 2.6),
    "over the edge": (-0.3, 5.0, 0.05),
}
"""Where balls are: x, y, z [m]."""
KEPT = {"on the plain", "inside the tower's cell, beside it", "on the tower"}


@pytest.fixture(scope="module")
def collisions() -> ModuleType:
    """The module as it is generated."""
    sys.path.insert(0, str(ROOT / "generated"))
    return importlib.import_module("forest_walk.collisions")


def ground() -> tuple[np.ndarray, np.ndarray]:
    """A plain of 10 m with a tower, 1 m wide and 2 m high, at 5..6 m; vertices and corners of triangles."""
    vertices = [(0, 0, 0), (10, 0, 0), (10, 10, 0), (0, 10, 0)]
    vertices += [(x, y, z) for z in (0, 2) for x, y in ((5, 5), (6, 5), (6, 6), (5, 6))]
    triangles = [(0, 1, 2), (0, 2, 3), (8, 9, 10), (8, 10, 11)]
    for i in range(4):
        a, b = 4 + i, 4 + (i + 1) % 4
        triangles += [(a, b, b + 4), (a, b + 4, a + 4)]
    return np.array(vertices, float), np.array(triangles)


@pytest.fixture(scope="module", params=[1.0, 0.5], ids=["as it is", "scaled and turned"])
def seen(request: pytest.FixtureRequest, collisions: ModuleType) -> dict[str, Any]:
    """Pairs that are left, and contacts with either broad phase; the mesh is the same in the world in both cases."""
    import newton
    import warp as wp
    from newton.geometry import BroadPhaseExplicit

    vertices, triangles = ground()
    builder = newton.ModelBuilder()
    pose = wp.transform_identity()
    if request.param != 1.0:  # a mesh that is turned by 90 degrees about z, and moved, in a frame that is turned back
        vertices = np.stack([vertices[:, 1], -vertices[:, 0], vertices[:, 2]], axis=1) / request.param
        pose = wp.transform(wp.vec3(0.0), wp.quat_from_axis_angle(wp.vec3(0.0, 0.0, 1.0), np.pi / 2))
    mesh = newton.Mesh(vertices, triangles.reshape(-1), compute_inertia=False)
    builder.add_shape_mesh(body=-1, xform=pose, mesh=mesh, scale=(request.param,) * 3)
    for place in PLACES.values():
        body = builder.add_body(xform=wp.transform(wp.vec3(*place), wp.quat_identity()), mass=1.0)
        builder.add_shape_sphere(body, radius=RADIUS)
    model = builder.finalize(device="cpu")
    pairs = [(0, number) for number in range(1, len(PLACES) + 1)]
    listed = wp.array(pairs, dtype=wp.vec2i, device="cpu")
    pipeline = newton.CollisionPipeline(model, broad_phase="explicit", shape_pairs_filtered=listed)
    contacts, found = pipeline.contacts(), {}
    for name, phase in (("newton", BroadPhaseExplicit()), ("ours", collisions.MeshBroadPhase(model, len(pairs)))):
        pipeline.broad_phase = phase
        pipeline.collide(model.state(), contacts)
        count = int(pipeline.broad_phase_pair_count.numpy()[0])
        balls = pipeline.broad_phase_shape_pairs.numpy()[:count].max(axis=1) - 1
        found[f"{name} pairs"] = {list(PLACES)[ball] for ball in balls}
        rows = int(contacts.rigid_contact_count.numpy()[0])
        table = np.column_stack(
            [contacts.rigid_contact_shape1.numpy()[:rows], contacts.rigid_contact_point1.numpy()[:rows]]
        )
        found[f"{name} contacts"] = table[np.lexsort(table.T)]
    return found


def test_what_is_above_a_mesh_is_left_out(seen: dict[str, Any]) -> None:
    assert seen["ours pairs"] == KEPT
    assert seen["newton pairs"] > KEPT, "by boxes alone, a mesh is near to all that is no higher than its highest point"


def test_contacts_are_the_same(seen: dict[str, Any]) -> None:
    assert len(seen["newton contacts"]) >= 2
    np.testing.assert_array_equal(seen["ours contacts"], seen["newton contacts"])
