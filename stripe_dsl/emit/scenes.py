"""A scene with a terrain in the generated package: its stages, the heights of its ground, and what stands on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, sin
from typing import TYPE_CHECKING

from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.layout import WIDTH
from stripe_dsl.emit.naming import entity_attributes
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.program import Program
from stripe_dsl.source import Span

if TYPE_CHECKING:
    from stripe_dsl.ir.terrain import Surface, Tiles

type Vector = tuple[float, float, float]
type Quaternion = tuple[float, float, float, float]

TAKEN = (
    "depth_in_ground", "distance_at", "distance_to_nearest", "drawn_point", "ground_field", "ground_height",
    "ground_heights", "ground_normal", "ground_points", "ground_value", "height_at", "lift_from_ground", "normal_at",
    "outline_of", "point_of", "put_on_ground", "see_layers", "stand_on_tiles", "value_at", "VARIANTS",
)  # fmt: skip
"""Names that the module of the ground gives to the environments' modules."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is put in the frame of the environment: position [m] and rotation, quaternion (x, y, z, w)."""

    position: Vector = (0.0, 0.0, 0.0)
    rotation: Quaternion = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class StageText:
    """One variant of the scene: its field in the scene's class, its prim, its file, and where it lies [m]."""

    key: str
    prim: str
    file: str
    origin: Vector


@dataclass(frozen=True, slots=True)
class LooseText:
    """A layer whose things can be pushed.

    Attributes:
        key: its field in the scene's class, and its attribute in the environments.
        prim: parent of the bodies.
        stage, poses: its files.
        span: where the file says it.
    """

    key: str
    prim: str
    stage: str
    poses: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class SceneText:
    """A baked scene, as the templates take it.

    Attributes:
        name: of the scene.
        stages: one for each variant.
        heights: file of the heights of the ground.
        shape: of the heights: variants, rows to the north, columns to the east.
        cell: distance between two heights [m].
        loose: layers whose things can be pushed.
    """

    name: str
    stages: tuple[StageText, ...]
    heights: str
    shape: tuple[int, int, int]
    cell: float
    loose: tuple[LooseText, ...] = ()

    @property
    def variants(self) -> int:
        """How many there are."""
        return len(self.stages)


def scene_text(program: Program) -> SceneText | None:
    """The scene of a program; ``None`` where it has no terrain that is baked."""
    scene = program.scene
    if scene is None or scene.terrain.tiles is not None:
        return None
    from stripe_dsl.scene.bake import variant_origins  # NumPy, for scenes alone
    from stripe_dsl.scene.file_names import file_names
    from stripe_dsl.scene.grid import Grid

    names, grid = file_names(scene), Grid.of(scene.size, scene.terrain.cell)
    many = scene.variants > 1
    stages = tuple(
        StageText(
            f"ground_{number}" if many else "ground",
            f"/World/Ground_{number}" if many else "/World/Ground",
            name,
            (*origin, 0.0),
        )
        for number, (name, origin) in enumerate(zip(names.stages, variant_origins(scene), strict=True))
    )
    spans = {layer.name: layer.span for layer in scene.layers}
    loose = tuple(
        LooseText(
            f"loose_{item.layer}",
            f"{{ENV_REGEX_NS}}/loose_{item.layer}",
            item.stage,
            item.poses,
            spans[item.layer],
        )
        for item in names.bodies[0]
    )
    return SceneText(scene.name, stages, names.heights, (scene.variants, *grid.shape), grid.cell, loose)


@dataclass(frozen=True, slots=True)
class TileText:
    """A kind of Isaac Lab's sub-terrains: its name among them, its cfg, and the cfg's fields as source texts."""

    name: str
    cfg: str
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TilesText:
    """A ground of Isaac Lab's own sub-terrains, as the templates take it.

    Attributes:
        tiles: as they are in the file.
        seed: of the generator.
        kinds: in the order in which columns are divided among them.
        surface: what all of it is made of.
    """

    tiles: Tiles
    seed: int
    kinds: tuple[TileText, ...]
    surface: Surface

    @property
    def import_statement(self) -> str:
        """What the configuration needs of ``isaaclab.terrains``."""
        names = {"TerrainGeneratorCfg", "TerrainImporterCfg", *(kind.cfg for kind in self.kinds)}
        return import_statement("isaaclab.terrains", names)


def tiles_text(program: Program) -> TilesText | None:
    """The ground of tiles of a program; ``None`` where it has none."""
    scene = program.scene
    if scene is None or scene.terrain.tiles is None:
        return None
    tiles = scene.terrain.tiles
    kinds = tuple(
        TileText(
            kind.name,
            kind.cfg,
            (
                ("proportion", literal(kind.share)),
                *((name, literal(value)) for name, value in kind.settings),
            ),
        )
        for kind in tiles.kinds
    )
    return TilesText(tiles, scene.seed, kinds, scene.terrain.surface)


def placed(program: Program, position: Vector, rotation: Quaternion, *, at_spawn: bool) -> Place:
    """The place of a robot or an object.

    Args:
        at_spawn: whether position and rotation are seen from where the scene spawns.
    """
    if program.scene is None or program.scene.terrain.tiles is not None or not at_spawn:
        return Place(position, rotation)
    spawn = program.scene.spawn
    x, y, z = position
    c, s = cos(spawn.yaw), sin(spawn.yaw)
    at = (round(spawn.at[0] + c * x - s * y, 9), round(spawn.at[1] + s * x + c * y, 9), z)
    if spawn.yaw == 0.0:
        return Place(at, rotation)
    # a turn about the vertical before that of the file
    a, b = sin(spawn.yaw / 2), cos(spawn.yaw / 2)
    qx, qy, qz, qw = rotation
    turned = (b * qx - a * qy, b * qy + a * qx, b * qz + a * qw, b * qw - a * qz)
    return Place(at, (turned[0], turned[1], turned[2], turned[3]))


def sampled_kinds(program: Program) -> set[str]:
    """Kinds of the fields that are read, see :mod:`stripe_dsl.ir.rasters`; and ``spot`` where points are drawn."""
    roots = [*program.ending, *program.observing, *(action.command for action in program.actions)]
    nodes = list(walk([*roots, *(reset.value for reset in program.resets)]))
    kinds = {str(node.attr[0]) for node in nodes if node.op == "sample" and isinstance(node.attr, tuple)}
    return kinds | {node.op for node in nodes if node.op == "spot"}


def fixed_robots(program: Program) -> list[str]:
    """Attributes of the robots that are fixed to a ground with heights."""
    keys = entity_attributes(program)
    grounded = scene_text(program) is not None
    return [keys[robot.name] for robot in program.own_robots if robot.model.fixed_base and grounded]


def import_statement(module: str, names: Iterable[str]) -> str:
    """``from module import …``, on lines of its own for each name where one line is too short."""
    chosen = sorted(set(names))
    text = f"from {module} import {', '.join(chosen)}"
    if len(text) <= WIDTH:
        return text
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in chosen), ")"])


def ground_import(program: Program, used: set[str], *, fields: bool, outlines: bool) -> str:
    """The statement that an environment's module takes its names from that of the ground with.

    Args:
        used: functions that its own code calls.
        fields: whether it loads fields of the scene.
        outlines: whether it knows what of robots and objects collides.
    """
    scene = scene_text(program)
    if scene is None:
        return ""
    names = {"ground_heights", *used, *(["ground_field"] * fields), *(["outline_of"] * outlines)}
    names |= {"put_on_ground"} if fixed_robots(program) else set()
    names |= {"stand_on_tiles"} if scene.variants > 1 else set()
    return import_statement(".ground", names)
