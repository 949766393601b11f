"""Shapes, plants and solids: closed, outside out, standing on the ground, of few triangles, and always the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stripe_dsl.ir.assets import SOLIDS, Asset, Grown, Part, Solid
from stripe_dsl.ir.terrain import File
from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.scene import shapes
from stripe_dsl.scene.assets import things_of
from stripe_dsl.scene.things import Piece, Thing, solid_of

GREEN, BROWN = (0.1, 0.3, 0.1), (0.3, 0.2, 0.1)
GROWN = {
    "conifer": Grown(
        kind="conifer", height=12, radius=1.8, length=0, trunk=0.15, color=GREEN, bark=BROWN, rough=0.2, variety=3
    ),
    "broadleaf": Grown(
        kind="broadleaf", height=9, radius=2.5, length=0, trunk=0.2, color=GREEN, bark=BROWN, rough=0.2, variety=2
    ),
    "rock": Grown(
        kind="rock", height=0.6, radius=0.5, length=0, trunk=0, color=BROWN, bark=BROWN, rough=0.3, variety=4
    ),
    "log": Grown(kind="log", height=0.4, radius=0.2, length=3, trunk=0, color=BROWN, bark=GREEN, rough=0.2, variety=1),
    "stump": Grown(
        kind="stump", height=0.4, radius=0.35, length=0, trunk=0, color=BROWN, bark=GREEN, rough=0.2, variety=1
    ),
}


def closed(mesh: Mesh) -> bool:
    """Every edge belongs to two triangles that run along it in opposite directions."""
    edges = np.concatenate([mesh.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    there = {tuple(edge) for edge in edges.tolist()}
    return len(there) == len(edges) and all((b, a) in there for a, b in there)


def grown(kind: str, solid: str = "hull") -> tuple[Thing, ...]:
    asset = Asset(name=kind, label=kind, grown=GROWN[kind])
    return things_of(asset, Solid(kind=solid), 7, "forest")


@pytest.mark.parametrize(
    ("mesh", "volume"),
    [
        (shapes.box((1, 2, 3)), 6.0),
        (shapes.cylinder(0.5, 2, sides=64), np.pi * 0.25 * 2),
        (shapes.cone(0.5, 2, sides=64), np.pi * 0.25 * 2 / 3),
        (shapes.frustum(0, 0.5, 2, sides=64), np.pi * 0.25 * 2 / 3),
        (shapes.sphere(0.5, finer=4), np.pi / 6),
        (shapes.capsule(0.5, 1, sides=64), np.pi * 0.25 + np.pi / 6),
        (shapes.icosphere(2), 4 / 3 * np.pi),
    ],
    ids=["box", "cylinder", "cone", "tip down", "sphere", "capsule", "icosphere"],
)
def test_primitives_are_closed_and_hold_what_they_should(mesh: Mesh, volume: float) -> None:
    assert closed(mesh)
    assert shapes.volume(mesh) == pytest.approx(volume, rel=0.07)
    assert shapes.volume(mesh) <= volume * 1.001  # points lie on the shape, so triangles lie inside it


@pytest.mark.parametrize(
    "mesh", [shapes.box((1, 2, 3)), shapes.cylinder(1, 2), shapes.cone(1, 2), shapes.sphere(1), shapes.capsule(1, 2)]
)
def test_primitives_stand_on_the_ground_around_the_origin(mesh: Mesh) -> None:
    low, high = np.array(mesh.extent)
    assert low[2] == pytest.approx(0, abs=1e-12)
    assert low[:2] == pytest.approx(-high[:2], abs=1e-12)


def test_a_hull_holds_all_points_and_a_mirrored_mesh_stays_outside_out() -> None:
    points = np.random.default_rng(1).normal(size=(60, 3))
    wrapped = shapes.hull(Mesh(points, np.array([(0, 1, 2)])))
    assert closed(wrapped)
    normals = np.cross(
        *(wrapped.points[wrapped.triangles[:, k]] - wrapped.points[wrapped.triangles[:, 0]] for k in (1, 2))
    )
    outwards = np.einsum("ij,nij->ni", normals, points[:, None] - wrapped.points[wrapped.triangles[:, 0]])
    assert outwards.max() < 1e-9
    mirrored = shapes.placed(wrapped, (1, 2, 3), scale=(-1, 1, 1))
    assert shapes.volume(mirrored) == pytest.approx(shapes.volume(wrapped))


@pytest.mark.parametrize("kind", list(GROWN))
def test_what_grows_has_the_size_that_is_asked_for(kind: str) -> None:
    what = GROWN[kind]
    things = grown(kind)
    assert len(things) == what.variety
    for thing in things:
        lowest = min(piece.mesh.points[:, 2].min() for piece in thing.pieces)
        assert lowest == pytest.approx(0, abs=1e-9)
        assert sum(len(piece.mesh.triangles) for piece in thing.pieces) <= 100
        if kind == "log":
            assert thing.radius == pytest.approx(what.length / 2, rel=0.05)
        else:
            assert thing.height == pytest.approx(what.height)
            assert thing.radius <= what.radius * (1 + 1e-9)
            assert thing.radius >= what.radius * (1 - what.rough)


def test_varieties_differ_and_stay_the_same() -> None:
    first, second = grown("rock"), grown("rock")
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.pieces[0].mesh.points, other.pieces[0].mesh.points)
    assert not np.array_equal(first[0].pieces[0].mesh.points[:5], first[1].pieces[0].mesh.points[:5])


def test_a_stump_is_a_stump_and_a_log_lies() -> None:
    """Neither is a stone: they have the wood's colour where they are cut, and the shapes of wood."""
    stump, log = grown("stump")[0], grown("log")[0]
    assert [piece.name for piece in stump.pieces] == ["stump", "cut"]
    assert [piece.name for piece in log.pieces] == ["log", "cut"]
    low, high = np.array(log.pieces[0].mesh.extent)
    assert high[0] - low[0] > 5 * (high[2] - low[2])
    cut = stump.pieces[1].mesh.points
    assert np.ptp(cut[stump.pieces[1].mesh.triangles][..., 2]) == pytest.approx(0)


@pytest.mark.parametrize("kind", [name for name in SOLIDS if name not in ("trunk", "mesh")])
def test_a_solid_contains_the_thing(kind: str) -> None:
    pieces = grown("rock")[0].pieces
    solid = solid_of(pieces, kind)
    assert closed(solid)
    points = pieces[0].mesh.points
    hull = shapes.hull(solid)
    a, b, c = (hull.points[hull.triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    beyond = np.einsum("ij,nij->ni", normal, points[:, None] - a).max()
    # a round solid of flat sides cuts into what it contains by the height of its segments
    assert beyond < (0.06 if kind in ("cylinder", "sphere") else 1e-9)


def test_a_trunk_is_a_cylinder_of_the_given_radius_as_high_as_the_wood() -> None:
    thing = grown("broadleaf", "trunk")[0]
    wood = thing.pieces[0].mesh
    assert thing.solid is not None
    assert thing.solid.extent[1][2] == pytest.approx(wood.extent[1][2])
    assert thing.solid.extent[1][0] == pytest.approx(0.2, rel=0.02)
    given = solid_of(thing.pieces, "trunk", radius=0.1, height=2)
    assert given.extent == (pytest.approx((-0.1, -0.1, 0)), pytest.approx((0.1, 0.1, 2)))


def test_primitives_of_a_file_are_put_where_it_says() -> None:
    quarter = float(np.sqrt(0.5))
    parts = (
        Part(kind="cylinder", radius=0.1, height=2, at=(0, 0, 1), color=BROWN),
        Part(kind="cone", radius=1, height=4, at=(0, 0, 4), color=GREEN, collides=False),
        Part(kind="box", size=(2, 0.2, 0.2), at=(0, 0, 0.1), rotation=(0, 0, quarter, quarter), color=BROWN),
    )
    thing = things_of(Asset(name="tree", label="tree", parts=parts), Solid(kind="mesh"), 1, "s")[0]
    stem, crown, beam = (piece.mesh.extent for piece in thing.pieces)
    assert (stem[0][2], stem[1][2]) == pytest.approx((0, 2))
    assert (crown[0][2], crown[1][2]) == pytest.approx((2, 6))
    assert beam[1] == pytest.approx((0.1, 1, 0.2))
    assert thing.solid is not None
    assert thing.solid.extent[1][2] == pytest.approx(2)  # the crown does not collide


def test_what_is_seen_alone_has_no_solid_and_flat_things_no_hull() -> None:
    assert grown("rock", "visual")[0].solid is None
    flat = Piece("leaf", Mesh(np.array([(0.0, 0, 0), (1, 0, 0), (0, 1, 0)]), np.array([(0, 1, 2)])), GREEN)
    with pytest.raises(ValueError, match="no hull"):
        solid_of([flat], "hull")


@pytest.mark.parametrize("suffix", [".obj", ".stl", ".glb", ".ply"])
def test_mesh_files_are_read_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    import trimesh

    box = shapes.box((1, 2, 3))
    points = box.points
    if suffix == ".glb":  # y up by its standard: what is our z is its y
        points = np.stack((points[:, 0], points[:, 2], -points[:, 1]), axis=1)
    trimesh.Trimesh(points, box.triangles, process=False).export(tmp_path / f"crate{suffix}")
    file = File(f"crate{suffix}", tmp_path / f"crate{suffix}")
    thing = things_of(Asset(name="crate", label="crate", file=file, scale=2), Solid(kind="hull"), 1, "s")[0]
    assert thing.solid is not None
    assert thing.solid.extent == (pytest.approx((-1, -2, 0)), pytest.approx((1, 2, 6)))
    assert shapes.volume(thing.pieces[0].mesh) == pytest.approx(48)


def usd_tree(path: Path) -> None:
    """A trunk and a crown in centimetres, y up, the crown mirrored and with a colour."""
    path.write_text(
        """#usda 1.0
(
    defaultPrim = "Tree"
    metersPerUnit = 0.01
    upAxis = "Y"
)
def Xform "Tree"
{
    def Cylinder "trunk"
    {
        double height = 300
        double radius = 15
        uniform token axis = "Y"
        double3 xformOp:translate = (0, 150, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }
    def Mesh "crown"
    {
        int[] faceVertexCounts = [4, 4, 4, 4, 4, 4]
        int[] faceVertexIndices = [0, 1, 3, 2, 4, 6, 7, 5, 0, 4, 5, 1, 2, 3, 7, 6, 0, 2, 6, 4, 1, 5, 7, 3]
        point3f[] points = [(-1, -1, -1), (-1, -1, 1), (-1, 1, -1), (-1, 1, 1),
            (1, -1, -1), (1, -1, 1), (1, 1, -1), (1, 1, 1)]
        color3f[] primvars:displayColor = [(0.1, 0.5, 0.2)]
        double3 xformOp:translate = (0, 400, 100)
        double3 xformOp:scale = (-100, 100, 50)
        uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
    }
    def Cube "hidden"
    {
        token visibility = "invisible"
    }
}
"""
    )


def test_usd_files_say_their_unit_and_what_is_up(tmp_path: Path) -> None:
    usd_tree(tmp_path / "tree.usda")
    file = File("tree.usda", tmp_path / "tree.usda")
    thing = things_of(Asset(name="tree", label="tree", file=file), Solid(kind="trunk"), 1, "s")[0]
    trunk, crown = thing.pieces
    assert (trunk.name, crown.name) == ("trunk", "crown")
    assert trunk.mesh.extent[1][2] == pytest.approx(3)
    assert crown.color == (0.1, 0.5, 0.2)
    assert crown.mesh.extent == (pytest.approx((-1, -1.5, 3)), pytest.approx((1, -0.5, 5)))
    assert shapes.volume(crown.mesh) == pytest.approx(2 * 1 * 2)
    assert thing.solid is not None
    assert thing.solid.extent[1] == pytest.approx((0.15, 0.15, 3))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("tree.fbx", b"", "is not a format of assets"),
        ("none.obj", None, "there is no asset file"),
        ("broken.glb", b"glTF and no more", "is broken"),
        ("broken.usda", b"#usda 1.0\nnonsense", "is broken"),
        ("empty.usda", b'#usda 1.0\ndef Xform "a" {\n}\n', "has no triangles"),
        ("nan.obj", b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "not a number"),
    ],
)
def test_broken_files_are_told(
    tmp_path: Path, name: str, content: bytes | None, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from stripe_dsl.scene.files import AssetFileError, read_pieces

    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AssetFileError, match=reason):
        read_pieces(tmp_path / name)
