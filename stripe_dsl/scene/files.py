"""Asset files as pieces: USD through its own library, and OBJ, STL, GLB, GLTF and PLY through trimesh.

An asset stands on z = 0 of its file. A USD stage says which way is up and how long its unit is, and glTF is y up by
its standard, so both are turned and scaled; the other formats say neither, and are taken as z up in metres.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.shapes import box, capsule, cone, cylinder, joined, placed, sphere
from stripe_dsl.scene.things import Color, Piece

USD_SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")
MESH_SUFFIXES = (".obj", ".stl", ".glb", ".gltf", ".ply")
SUFFIXES = (*USD_SUFFIXES, *MESH_SUFFIXES)
PLAIN: Color = (0.6, 0.6, 0.6)
"""Of what has no colour."""


class AssetFileError(Exception):
    """An asset file that gives no triangles.

    Attributes:
        reason: one sentence.
        hint: what to do about it; empty for nothing.
        asset: name of the asset, once it is known.
    """

    def __init__(self, reason: str, hint: str = "", asset: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.asset = asset


def read_pieces(path: Path) -> tuple[Piece, ...]:
    """The pieces of a file, in the order of the file; those of one name and one colour are one.

    Raises:
        AssetFileError: if the file is missing or broken, of another format, or has no triangles.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise AssetFileError(f'"{path.name}" is not a format of assets', f"those are {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise AssetFileError(f'there is no asset file "{path.name}"')
    pieces = _merged(_usd_pieces(path) if suffix in USD_SUFFIXES else _mesh_pieces(path))
    if not pieces:
        raise AssetFileError(f'the asset "{path.name}" has no triangles')
    if not all(np.isfinite(piece.mesh.points).all() for piece in pieces):
        raise AssetFileError(f'the asset "{path.name}" has a point that is not a number')
    return pieces


def _merged(pieces: Iterator[Piece]) -> tuple[Piece, ...]:
    found: dict[tuple[str, Color], list[Mesh]] = {}
    for piece in pieces:
        if len(piece.mesh.triangles):
            found.setdefault((piece.name, piece.color), []).append(piece.mesh)
    return tuple(Piece(name, joined(meshes), color) for (name, color), meshes in found.items())


def _mesh_pieces(path: Path) -> Iterator[Piece]:
    import trimesh

    try:
        scene: Any = trimesh.load_scene(path, process=False)
    except Exception as problem:  # trimesh's readers raise whatever their format makes them stumble over
        raise AssetFileError(f'the asset "{path.name}" is broken: {problem or type(problem).__name__}') from None
    # glTF: x to the right, y up, z towards the viewer; here y is ahead
    turn = np.array([(1.0, 0, 0), (0, 0, -1), (0, 1, 0)]) if path.suffix.lower() in (".glb", ".gltf") else np.eye(3)
    for node in scene.graph.nodes_geometry:
        matrix, name = scene.graph[node]
        shape = scene.geometry[name]
        if not isinstance(shape, trimesh.Trimesh):
            continue
        points = np.asarray(shape.vertices) @ matrix[:3, :3].T + matrix[:3, 3]
        triangles = np.asarray(shape.faces, dtype=np.int64)
        mirrored = np.linalg.det(matrix[:3, :3]) < 0
        mesh = Mesh(points @ turn.T, triangles[:, ::-1] if mirrored else triangles)
        yield Piece(str(node) if str(node) != "world" else path.stem, mesh, _mesh_color(shape))


def _mesh_color(shape: Any) -> Color:
    visual = shape.visual
    material = getattr(visual, "material", None)
    color = getattr(material, "main_color", None) if material is not None else None
    if color is None and getattr(visual, "defined", False) and hasattr(visual, "main_color"):
        color = visual.main_color
    if color is None:
        return PLAIN
    red, green, blue = (round(float(value) / 255, 4) for value in color[:3])
    return red, green, blue


def _usd_pieces(path: Path) -> Iterator[Piece]:
    try:
        stage = pxr("Usd").Stage.Open(str(path))
    except pxr("Tf").ErrorException as problem:
        reason = str(problem).strip().splitlines()[-1]
        raise AssetFileError(f'the asset "{path.name}" is broken: {reason}') from None
    root = stage.GetDefaultPrim() or stage.GetPseudoRoot()
    unit = pxr("UsdGeom").GetStageMetersPerUnit(stage)
    up = np.eye(3)
    if pxr("UsdGeom").GetStageUpAxis(stage) == pxr("UsdGeom").Tokens.y:
        up = np.array([(1.0, 0, 0), (0, 0, -1), (0, 1, 0)])
    transforms = pxr("UsdGeom").XformCache()
    for prim in pxr("Usd").PrimRange(root, pxr("Usd").TraverseInstanceProxies()):
        mesh = _usd_mesh(prim)
        shown = pxr("UsdGeom").Imageable(prim)
        if mesh is None or shown.ComputeVisibility() == pxr("UsdGeom").Tokens.invisible:
            continue
        if shown.ComputePurpose() in (pxr("UsdGeom").Tokens.guide, pxr("UsdGeom").Tokens.proxy):
            continue
        matrix = np.array(transforms.GetLocalToWorldTransform(prim))
        points = (mesh.points @ matrix[:3, :3] + matrix[3, :3]) * unit @ up.T
        mirrored = np.linalg.det(matrix[:3, :3]) < 0
        triangles = mesh.triangles[:, ::-1] if mirrored else mesh.triangles
        yield Piece(prim.GetName(), Mesh(points, triangles), _usd_color(prim))


def _usd_mesh(prim: Any) -> Mesh | None:
    """The triangles of a prim in its own frame; ``None`` for what has none."""
    if prim.IsA(pxr("UsdGeom").Mesh):
        return _triangulated(pxr("UsdGeom").Mesh(prim))
    shape: Mesh | None = None
    if prim.IsA(pxr("UsdGeom").Cube):
        edge = float(pxr("UsdGeom").Cube(prim).GetSizeAttr().Get())
        return placed(box((edge, edge, edge)), (0, 0, -edge / 2))
    if prim.IsA(pxr("UsdGeom").Sphere):
        radius = float(pxr("UsdGeom").Sphere(prim).GetRadiusAttr().Get())
        return placed(sphere(radius), (0, 0, -radius))
    axis = "Z"
    if prim.IsA(pxr("UsdGeom").Cylinder):
        schema: Any = pxr("UsdGeom").Cylinder(prim)
        long = float(schema.GetHeightAttr().Get())
        shape, axis = cylinder(float(schema.GetRadiusAttr().Get()), long), str(schema.GetAxisAttr().Get())
    elif prim.IsA(pxr("UsdGeom").Cone):
        schema = pxr("UsdGeom").Cone(prim)
        long = float(schema.GetHeightAttr().Get())
        shape, axis = cone(float(schema.GetRadiusAttr().Get()), long), str(schema.GetAxisAttr().Get())
    elif prim.IsA(pxr("UsdGeom").Capsule):
        schema = pxr("UsdGeom").Capsule(prim)
        between, radius = float(schema.GetHeightAttr().Get()), float(schema.GetRadiusAttr().Get())
        long = between + 2 * radius
        shape, axis = capsule(radius, between), str(schema.GetAxisAttr().Get())
    else:
        return None
    # USD's shapes lie around the origin, and their axis may be another
    order = {"Z": (0, 1, 2), "X": (2, 0, 1), "Y": (1, 2, 0)}[axis]
    return Mesh((shape.points - (0, 0, long / 2))[:, order], shape.triangles)


def _triangulated(mesh: Any) -> Mesh | None:
    """A mesh of polygons as fans of triangles, seen from outside as the mesh says."""
    points, counts, corners = (
        mesh.GetPointsAttr().Get(),
        mesh.GetFaceVertexCountsAttr().Get(),
        mesh.GetFaceVertexIndicesAttr().Get(),
    )
    if not points or not counts or not corners:
        return None
    counts, corners = np.asarray(counts, dtype=np.int64), np.asarray(corners, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    fans = np.maximum(counts - 2, 0)
    face = np.repeat(np.arange(len(counts)), fans)
    step = np.arange(len(face)) - np.repeat(np.cumsum(fans) - fans, fans)
    first = starts[face]
    triangles = np.stack((corners[first], corners[first + step + 1], corners[first + step + 2]), axis=1)
    if mesh.GetOrientationAttr().Get() == pxr("UsdGeom").Tokens.leftHanded:
        triangles = triangles[:, ::-1]
    return Mesh(np.asarray(points, dtype=np.float64), triangles)


def _usd_color(prim: Any) -> Color:
    """The colour of a prim's material where it is a plain one, else its display colour."""
    material = pxr("UsdShade").MaterialBindingAPI(prim).ComputeBoundMaterial()[0]
    value = None
    if material:
        shader = material.ComputeSurfaceSource()[0]
        diffuse = shader.GetInput("diffuseColor") if shader else None
        value = diffuse.Get() if diffuse else None
    if value is None:
        display = pxr("UsdGeom").Gprim(prim).GetDisplayColorAttr().Get()
        value = display[0] if display else None
    if value is None:
        return PLAIN
    red, green, blue = (round(float(part), 4) for part in value)
    return red, green, blue
