"""Terrain in the document model: ``terrain`` blocks of scenes, and the rules that they share with layers."""

from typing import ClassVar

from pydantic import Field

from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.values import Expression, Phrase, Text

RULES: dict[str, str] = dict.fromkeys(
    ("must", "near", "avoid", "fade", "within", "patches", "suit", "combine", "around"), "rules"
)
"""Words that rules begin with; others compare a field."""


class RuledBlock(Block):
    """Base of blocks that hold rules."""

    gathers = RULES
    compares = "rules"
    rules: list[Phrase] = Field(
        default_factory=list, description="`slope < 38 deg`, `moisture 0.16 +- 0.26`, `avoid start by 4 m` and the like"
    )


class FractalSpec(Block):
    """Noise of several octaves."""

    height: Expression | None = Field(None, description="peak to valley, m")
    feature: Expression | None = Field(None, description="wavelength of the first octave, m")
    octaves: Expression | None = Field(None, description="4 where absent")
    gain: Expression | None = Field(None, description="amplitude of an octave by that of the one before, 0.5")
    lacunarity: Expression | None = Field(None, description="frequency of an octave by that of the one before, 2")


class NoiseSpec(Block):
    """Noise of one octave."""

    height: Expression | None = Field(None, description="peak to valley, m")
    feature: Expression | None = Field(None, description="wavelength, m")


class RidgedSpec(FractalSpec):
    """Noise of several octaves with sharp ridges."""


class MicroSpec(NoiseSpec):
    """Relief of a few cells, which is added last."""


class TerracesSpec(Block):
    """Heights are pulled to multiples of one."""

    height: Expression | None = Field(None, description="of a terrace, m")
    sharp: Expression | None = Field(None, description="100 % (where absent) makes steps, 0 leaves the ground as it is")


class StepsSpec(Block):
    """A staircase over the whole ground."""

    height: Expression | None = Field(None, description="of a step, m")
    run: Expression | None = Field(None, description="length of a step, m")
    toward: Expression | None = Field(None, description="direction in which it rises, from +x to +y; 0 where absent")


class InclineSpec(Block):
    """The whole ground rises in one direction."""

    head: ClassVar[str] = "angle"
    angle: Expression | None = None
    toward: Expression | None = Field(None, description="direction in which it rises, from +x to +y; 0 where absent")


class HillSpec(Block):
    """A round hill, or a hollow where its height is negative."""

    at: Expression | None = Field(None, description="its middle, (x, y) m")
    radius: Expression | None = None
    height: Expression | None = None


class CraterSpec(Block):
    """A bowl with a rim."""

    at: Expression | None = Field(None, description="its middle, (x, y) m")
    radius: Expression | None = Field(None, description="of the crest of its rim")
    depth: Expression | None = None
    rim: Expression | None = Field(None, description="height of the rim; a fifth of the depth where absent")


class HeightmapSpec(Block):
    """Heights from a file, stretched over the ground."""

    head: ClassVar[str] = "file"
    file: Text | None = Field(None, description="PNG, GeoTIFF or NPY")
    height: Expression | None = Field(None, description="peak to valley; where absent, values are metres")


class MeshSpec(Block):
    """A mesh that is the ground."""

    head: ClassVar[str] = "file"
    file: Text | None = Field(None, description="OBJ, STL, PLY or GLB")
    scale: Expression | None = Field(None, description="metres in a unit of the file, 1 where absent")


class DrainageSpec(Block):
    """Channels along the flow of water."""

    carve: Expression | None = Field(None, description="depth of the deepest one as a share of the height, 30 %")
    smooth: Expression | None = Field(None, description="width of what is carved, 40 cm where absent")


class MoistureSpec(Block):
    """What makes ground moist: weights, of which the sum does not matter."""

    flow: Expression | None = Field(None, description="water that arrives, 0.5 where absent")
    slope: Expression | None = Field(None, description="flat ground, 0.3 where absent")
    north: Expression | None = Field(None, description="ground that faces north, 0.2 where absent")


class SurfaceSpec(Block):
    """What the ground is made of."""

    friction: Expression | None = Field(None, description="one number, or a range that each variant draws from; 1")
    restitution: Expression | None = Field(None, description="0 where absent")
    color: Expression | None = None
    label: Text | None = Field(None, description="semantic class; the terrain's name where absent")


class ClassSpec(RuledBlock):
    """A part of the ground with a surface of its own, where its rules hold."""

    friction: Expression | None = None
    restitution: Expression | None = None
    color: Expression | None = None
    label: Text | None = Field(None, description="semantic class; its name where absent")


class TileSpec(Block):
    """A kind of tile: the range of its difficulty, the easiest first."""

    head: ClassVar[str] = "range"
    range: Expression | None = Field(None, description="from the easiest tile to the hardest")
    share: Expression | None = Field(None, description="of the tiles; equal shares where absent")
    width: Expression | None = Field(None, description="of a step, a box or a bar, m")
    platform: Expression | None = Field(None, description="edge of the flat middle, m")


class TilesSpec(Block):
    """Isaac Lab's own sub-terrains: rows of rising difficulty, columns of kinds."""

    flat: TileSpec | None = Field(None, description="a plane")
    stairs: TileSpec | None = Field(None, description="pyramids of steps, by their height")
    stairs_down: TileSpec | None = Field(None, description="the same upside down")
    slope: TileSpec | None = Field(None, description="pyramids, by rise over run")
    slope_down: TileSpec | None = Field(None, description="the same upside down")
    rough: TileSpec | None = Field(None, description="random heights, by their range")
    boxes: TileSpec | None = Field(None, description="a grid of boxes, by their height")
    rails: TileSpec | None = Field(None, description="two rails around the middle, by their height")
    pit: TileSpec | None = Field(None, description="the middle lies in a pit, by its depth")
    gap: TileSpec | None = Field(None, description="a gap around the middle, by its width")
    waves: TileSpec | None = Field(None, description="waves, by their amplitude")
    obstacles: TileSpec | None = Field(None, description="boxes here and there, by their height")
    stones: TileSpec | None = Field(None, description="stepping stones, by the distance between them")
    rows: Expression | None = Field(None, description="10 where absent")
    columns: Expression | None = Field(None, description="20 where absent")
    size: Expression | None = Field(None, description="edge of a tile, 8 m where absent")
    border: Expression | None = Field(None, description="width of the flat ground around all, 20 m where absent")
    cell: Expression | None = Field(None, description="of height fields, 10 cm where absent")
    curriculum: bool = Field(
        False, description="difficulty rises with the rows, which are levels; else each tile draws its own"
    )


class FieldSpec(Block):
    """A field of one's own: a raster, or what a function makes."""

    head: ClassVar[str] = "source"
    source: Phrase | None = Field(
        None, description='`"wet.npy"`, `"depth.png" unit 1 m`, or `python "package.module:function"`'
    )


class TerrainSpec(Block):
    """The ground of a scene."""

    fractal: FractalSpec | None = None
    ridged: RidgedSpec | None = None
    noise: NoiseSpec | None = None
    micro: MicroSpec | None = None
    terraces: TerracesSpec | None = None
    steps: StepsSpec | None = None
    incline: InclineSpec | None = None
    hill: dict[Text, HillSpec] = Field(default_factory=dict)
    crater: dict[Text, CraterSpec] = Field(default_factory=dict)
    heightmap: HeightmapSpec | None = None
    mesh: MeshSpec | None = None
    drainage: DrainageSpec | None = None
    moisture: MoistureSpec | None = None
    grid: Expression | None = Field(None, description="distance of the points that heights are computed at, 25 cm")
    surface: SurfaceSpec | None = None
    classes: dict[Text, ClassSpec] = Field(default_factory=dict, alias="class")
    field: dict[Text, FieldSpec] = Field(default_factory=dict)
    tiles: TilesSpec | None = None
