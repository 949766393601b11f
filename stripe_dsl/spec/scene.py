"""Scenes in the document model: ``scene`` and ``asset`` blocks."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.robots import Spawn
from stripe_dsl.spec.terrain import RuledBlock, TerrainSpec
from stripe_dsl.spec.values import Expression, Phrase, Text

PRIMITIVES = ("box", "sphere", "cylinder", "cone", "capsule")
GROWN = ("conifer", "broadleaf", "rock", "log", "stump")
SPOTS = ("at", "grid", "row", "ring", "along")
"""Words that say where things of a ``place`` stand."""


class GroundSpec(Block):
    """The ground."""

    head: ClassVar[str] = "kind"
    kind: Expression | None = Field(None, description="plane")
    friction: Expression | None = Field(None, description="static and dynamic, one number for both")
    restitution: Expression | None = None


class LightSpec(Block):
    """A light: ``dome`` from everywhere, ``sun`` from one direction."""

    intensity: Expression | None = Field(None, description="2000 where absent, and 1 with an `exposure`")
    exposure: Expression | None = Field(None, description="doublings of the intensity; 0 where absent")
    color: Expression | None = None
    elevation: Expression | None = None
    azimuth: Expression | None = None


class PartSpec(Block):
    """A primitive of an asset."""

    radius: Expression | None = None
    height: Expression | None = None
    size: Expression | None = Field(None, description="edge lengths of a box, (x, y, z) m")
    at: Expression | None = Field(None, description="its middle, (x, y, z) m; it stands on the ground where absent")
    facing: Expression | None = Field(None, description="an angle about the vertical, or rpy(0, 90 deg, 0)")
    color: Expression | None = None
    visual: bool = Field(False, description="seen, and not part of what is solid")


class GrownSpec(Block):
    """A tree, a rock, a log or a stump that is made from numbers."""

    height: Expression | None = Field(None, description="of a tree, a rock or a stump")
    radius: Expression | None = Field(None, description="of the crown, the rock, the stump or the log")
    length: Expression | None = Field(None, description="of a log")
    trunk: Expression | None = Field(None, description="thickness of a tree's trunk")
    color: Expression | None = None
    bark: Expression | None = Field(None, description="colour of trunk and bark")
    rough: Expression | None = Field(None, description="how uneven, as a share of the radius")
    variety: Expression | None = Field(None, description="how many different ones are made, 1 where absent")


class AssetSpec(Block):
    """Something that layers place: a file, primitives together, or something grown."""

    gathers = dict.fromkeys((*PRIMITIVES, *GROWN), "parts")
    file: Text | None = Field(None, description="USD, OBJ, STL, PLY or GLB")
    scale: Expression | None = Field(None, description="metres in a unit of the file, where it does not say")
    parts: list[Phrase] = Field(
        default_factory=list, description="`cylinder { radius 10 cm; height 2 m }`, or one `conifer { … }` and the like"
    )
    label: Text | None = Field(None, description="semantic class; its name where absent")


class PoseSpec(Block):
    """How things stand; each is drawn from its range."""

    yaw: Expression | None = Field(None, description="about the vertical; `any` is all around")
    scale: Expression | None = None
    lean: Expression | None = Field(None, description="away from the vertical")
    align: Expression | None = Field(None, description="`slope`, or the share in which things follow the slope")
    sink: Expression | None = Field(None, description="what is below the ground: a share of the height, or a length")
    tint: Expression | None = Field(None, description="change of brightness, as `+-10 %`")


class SeedsSpec(Block):
    """Seeds of a tree."""

    head: ClassVar[str] = "rate"
    rate: Expression | None = Field(None, description="of a mature tree, as `2 /year`")
    within: Expression | None = Field(None, description="distance within which they fall")


class ClusterSpec(Block):
    """Things stand in groups."""

    head: ClassVar[str] = "count"
    count: Expression | None = Field(None, description="things of a group, as `3..6`")
    within: Expression | None = Field(None, description="standard deviation of their distance from its middle")


class PlacedThing(RuledBlock):
    """What layers and species have in common."""

    assets: list[Phrase] = Field(
        default_factory=list, description='files or assets with shares: `"rock_*.usd" 55 %`, `pine`, `cone { … }`'
    )
    pose: PoseSpec | None = None
    solid: Phrase | None = Field(
        None, description="`trunk 20 cm`, `hull`, `mesh`, `box`, `cylinder 30 cm` or `sphere`: what can be touched"
    )
    soft: bool = Field(False, description="rays see it, bodies pass through")
    visual: bool = Field(False, description="nothing but pictures sees it")
    label: Text | None = Field(None, description="semantic class; the name where absent")


class SpeciesSpec(PlacedThing):
    """A species of trees."""

    density: Expression | None = Field(None, description="where it suits them best, as `500 /ha`")
    count: Expression | None = Field(None, description="how many, a number or a range")
    spacing: Expression | None = Field(None, description="least distance between two")
    lifespan: Expression | None = Field(None, description="85 years where absent")
    mature: Expression | None = Field(None, description="age of full size and of seeds; a quarter of the lifespan")
    decline: Expression | None = Field(None, description="age from which strength falls; four fifths of the lifespan")
    seeds: SeedsSpec | None = None
    dead: list[Phrase] = Field(default_factory=list, description="what dead trees leave, with shares: `log 20 %`")


class LayerBlock(PlacedThing):
    """What all layers have in common."""

    kind: Expression | None = Field(
        None, description="`static`, `rigid`: things that can be pushed, or `articulation`: things with joints"
    )
    mass: Expression | None = Field(None, description="of `kind rigid`: a number or a range")
    friction: Expression | None = Field(None, description="1 where absent")
    restitution: Expression | None = Field(None, description="0 where absent")
    collide: Expression | None = Field(
        None,
        description="`apart`: each thing as a hull; `together`: all as one mesh; where absent, by their number",
    )
    best: Expression | None = Field(None, description="`effort`: what finds no place is left out with a warning")


class TreesSpec(LayerBlock):
    """Trees, which grow from seeds in competition with one another."""

    grow: Expression | None = Field(None, description="years; 0 (where absent) is a plain scatter")
    species: dict[Text, SpeciesSpec] = Field(default_factory=dict)


class ScatterSpec(LayerBlock):
    """Things here and there."""

    density: Expression | None = Field(None, description="where it suits them best, as `50 /ha`")
    count: Expression | None = Field(None, description="how many, a number or a range")
    spacing: Expression | None = Field(None, description="least distance between two")
    cluster: ClusterSpec | None = None


class CoverSpec(LayerBlock):
    """Many small things that are only seen."""

    density: Expression | None = Field(None, description="where it suits them best, as `4 /m2`")
    count: Expression | None = Field(None, description="how many, a number or a range")
    spacing: Expression | None = Field(None, description="least distance between two")
    budget: Expression | None = Field(None, description="the most that are drawn, 100000 where absent")


class PlaceSpec(LayerBlock):
    """Things at given places."""

    gathers: ClassVar[Mapping[str, str]] = {**RuledBlock.gathers, **dict.fromkeys(SPOTS, "spots")}
    spots: list[Phrase] = Field(
        default_factory=list,
        description="`at (5, 5) m facing 90 deg`, `grid 4 x 6 spaced (4, 3) m at (5, 5) m`, "
        "`row (5, 5) to (20, 5) m every 3 m`, `ring 12 at (25, 25) m radius 5 m`, `along trail every 5 m offset 2 m`",
    )


class WaterSpec(Block):
    """A level surface of water, which is seen and not felt."""

    level: Expression | None = Field(None, description="height of the surface")
    within: Expression | None = Field(None, description="zone that it is limited to")
    color: Expression | None = None
    opacity: Expression | None = Field(None, description="60 % where absent")
    label: Text | None = Field(None, description="semantic class; its name where absent")


class ZoneSpec(RuledBlock):
    """A part of the ground by its shape, or where rules hold."""

    head: ClassVar[str] = "shape"
    shape: Phrase | None = Field(
        None,
        description="`circle 6 m at spawn`, `box 4 m x 2 m at (5, 5) yaw 30 deg`, `polygon (0, 0) (5, 0) (5, 5)`, "
        "`path 1.5 m through (5, 5) (25, 20)`",
    )


class MapSpec(RuledBlock):
    """A raster of numbers in 0..1: the product of its rules."""


class SceneSpec(Block):
    """What stands around the robot."""

    use: Expression | None = Field(None, description="of a task: the scene that is meant, with `given` parameters")
    given: dict[Text, Expression] = Field(
        default_factory=dict, description="of a task: parameters of `use`, as in `scene forest { stems = 300 /ha }`"
    )
    param: dict[Text, Expression] = Field(default_factory=dict)
    ground: GroundSpec | None = None
    size: Expression | None = Field(None, description="length along x (east) and y (north), `50 m x 50 m`")
    seed: Expression | None = Field(None, description="0 where absent")
    variants: Expression | None = Field(None, description="scenes that are made, one for each environment in turn")
    shared: bool = Field(False, description="one scene for all environments (the default)")
    boxes: bool = Field(False, description="things are seen as the boxes that hold them; what collides stays as it is")
    spawn: Spawn | None = Field(None, description="where robots stand; the middle where absent")
    terrain: dict[Text, TerrainSpec] = Field(default_factory=dict)
    asset: dict[Text, AssetSpec] = Field(default_factory=dict)
    zone: dict[Text, ZoneSpec] = Field(default_factory=dict)
    trees: dict[Text, TreesSpec] = Field(default_factory=dict)
    scatter: dict[Text, ScatterSpec] = Field(default_factory=dict)
    cover: dict[Text, CoverSpec] = Field(default_factory=dict)
    place: dict[Text, PlaceSpec] = Field(default_factory=dict)
    water: dict[Text, WaterSpec] = Field(default_factory=dict)
    light: dict[Text, LightSpec] = Field(default_factory=dict)
    map: dict[Text, MapSpec] = Field(default_factory=dict)
    require: list[Phrase] = Field(
        default_factory=list,
        description="`start reaches trail`, `cover canopy 20..40 %`, `count rocks > 5`, `clearance start 2 m`",
    )
