"""From the record of a terrain to its ground: the relief is summed, then terraces, drainage and micro-relief follow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir import terrain as ir
from stripe_dsl.ir.scene import Scene
from stripe_dsl.scene import relief
from stripe_dsl.scene.drainage import carve
from stripe_dsl.scene.functions import WHERE, load_function
from stripe_dsl.scene.grid import Field, Grid
from stripe_dsl.scene.ground import Ground, Wetting
from stripe_dsl.scene.meshes import heights_of
from stripe_dsl.scene.problem import SceneError
from stripe_dsl.scene.rasters import Raster, RasterError, read_raster
from stripe_dsl.scene.rules import holds
from stripe_dsl.scene.streams import variant_seed
from stripe_dsl.scene.surroundings import Surroundings
from stripe_dsl.scene.zones import Zone, shaped
from stripe_dsl.source import Span

HIGHEST = 10_000.0
"""Heights beyond this are a mistake with units [m]."""


def build_ground(scene: Scene, variant: int = 0) -> Ground:
    """The ground of a variant of a scene, which has no tiles.

    Raises:
        SceneError: if a file or a function of the user's gives no field.
    """
    grid = Grid.of(scene.size, scene.terrain.cell)
    shapes = {zone.name: made for zone in scene.zones if (made := shaped(zone)) is not None}
    return build_terrain(scene.terrain, grid, variant_seed(scene.seed, variant), scene.name, shapes)


def build_terrain(
    terrain: ir.Terrain, grid: Grid, seed: int, scene: str, zones: Mapping[str, Zone] | None = None
) -> Ground:
    """The ground of a scene, with its fields and classes.

    Args:
        grid: ``Grid.of(scene.size, terrain.cell)``.
        seed: of the variant.
        scene: the scene's name; random streams hang on it.
        zones: with a shape, by name, which classes may read.

    Raises:
        SceneError: if a file or a function of the user's gives no field.
    """
    height = _height(terrain, grid, seed, scene)
    weights = terrain.moisture
    wetting = Wetting(weights.flow, weights.slope, weights.north)
    extra = {item.name: _user_field(item, grid, height) for item in terrain.fields}
    ground = Ground(grid, height, wetting, extra=extra)
    if terrain.classes:
        ground.classes = classes(terrain.classes, Surroundings(ground, dict(zones or {})), seed, scene)
    return ground


def classes(rules: tuple[ir.GroundClass, ...], around: Surroundings, seed: int, scene: str) -> NDArray[np.uint8]:
    """The class of each cell, shape (ny - 1, nx - 1): k + 1 for the first class k whose rules hold, else 0.

    Rules hold where the mean of their product over the four corners is at least 0.5.
    """
    rows, columns = around.ground.grid.shape
    out = np.zeros((rows - 1, columns - 1), dtype=np.uint8)
    for number, item in reversed(list(enumerate(rules, 1))):
        suits = holds(item.rules, around, (seed, scene, "terrain", item.name))
        middle = (suits[:-1, :-1] + suits[:-1, 1:] + suits[1:, :-1] + suits[1:, 1:]) / 4
        out[middle >= 0.5] = number
    return out


def _height(terrain: ir.Terrain, grid: Grid, seed: int, scene: str) -> Field:
    if terrain.mesh is not None:
        height = _mesh(terrain.mesh, grid)
    else:
        height = np.zeros(grid.shape)
        for part in terrain.relief:
            height = height + _part(part, grid, seed, scene)
    if terrain.terraces is not None:
        height = relief.terraced(height, terrain.terraces)
    if terrain.drainage is not None and terrain.drainage.carve > 0:
        height = carve(height, grid.cell, terrain.drainage.carve, terrain.drainage.smooth)
    if terrain.micro is not None:
        height = height + relief.micro(terrain.micro, grid, seed, scene)
    return height


def _part(part: ir.Relief, grid: Grid, seed: int, scene: str) -> Field:
    match part:
        case ir.Fractal():
            return relief.fractal(part, grid, seed, scene)
        case ir.Incline():
            return relief.incline(part, grid)
        case ir.Steps():
            return relief.steps(part, grid)
        case ir.Hill():
            return relief.hill(part, grid)
        case ir.Crater():
            return relief.crater(part, grid)
        case ir.Heightmap():
            height = relief.heightmap(part, _read(part.file, part), grid)
            if np.abs(height).max() > HIGHEST:
                message = f'"{part.file.written}" has heights up to {np.abs(height).max():.0f} m'
                help = "its values are taken for metres; `height 3 m` scales them to that height"
                raise _error("E0617", message, part.span, help)
            return height


def _mesh(part: ir.MeshFile, grid: Grid) -> Field:
    from stripe_dsl.scene.files import AssetFileError, read_pieces
    from stripe_dsl.scene.shapes import joined

    try:
        mesh = joined([piece.mesh for piece in read_pieces(part.file.path)])
    except AssetFileError as problem:
        raise _error("E0617", problem.reason, part.span, problem.hint) from None
    height = heights_of(mesh.points * part.scale, mesh.triangles, grid)
    holes = np.isnan(height)
    if holes.any():
        low, high = (mesh.points[:, :2] * part.scale).min(axis=0), (mesh.points[:, :2] * part.scale).max(axis=0)
        message = f'"{part.file.written}" leaves {100 * holes.mean():.0f} % of the ground open'
        lies = f"the mesh lies at x {low[0]:.4g}..{high[0]:.4g} m and y {low[1]:.4g}..{high[1]:.4g} m"
        wanted = f"the ground is 0..{grid.size[0]:.4g} m x 0..{grid.size[1]:.4g} m"
        raise _error("E0618", message, part.span, f"{lies}, and {wanted}", "change `size`, or the mesh's `scale`")
    return height


def _user_field(item: ir.UserField, grid: Grid, height: Field) -> Field:
    if item.python is None:
        assert item.file is not None
        return _read(item.file, item).on(grid) * item.unit
    x, y = grid.coordinates()
    try:
        out = np.asarray(load_function(item.python, item.span)(x, y, height.copy()), dtype=np.float64)
    except Exception as problem:  # a user's function may raise anything
        message = f"`{item.python}`: {type(problem).__name__}: {problem}"
        help = "it is called as `function(x, y, height)`"
        if isinstance(problem, ModuleNotFoundError):
            help = WHERE
        raise _error("E0619", message, item.span, help) from problem
    if out.shape != grid.shape:
        message = f"`{item.python}` gives an array of shape {out.shape}, not {grid.shape}"
        raise _error("E0619", message, item.span, "x, y and height have the shape that is wanted")
    if not np.isfinite(out).all():
        raise _error("E0619", f"`{item.python}` gives values that are no numbers", item.span)
    return out * item.unit


def _read(file: ir.File, item: ir.Heightmap | ir.UserField) -> Raster:
    try:
        return read_raster(file.path)
    except RasterError as problem:
        raise _error("E0617", problem.reason, item.span, problem.hint) from None


def _error(code: str, message: str, span: Span | None, *helps: str) -> SceneError:
    return SceneError(Diagnostic(code, message, span, helps=tuple(help for help in helps if help)))
