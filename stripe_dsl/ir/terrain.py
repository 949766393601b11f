"""The ground of a scene. Numbers are in SI units: metres, radians, plain shares; frames are those of the scene.

Heights add up: ``relief`` is summed at each vertex of the grid, then ``terraces``, ``drainage`` and ``micro`` follow in
this order. With ``tiles`` none of them is there. ``feature`` is a wavelength, ``height`` is peak to valley, everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stripe_dsl.ir.rules import Rule
from stripe_dsl.source import Span
from stripe_dsl.units import DIMENSIONLESS, Dimension

type Pair = tuple[float, float]
"""Low and high, or x and y."""
type Rgb = tuple[float, float, float]
"""Red, green and blue in 0..1, as ``#RRGGBB`` writes them (sRGB)."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a scene reads.

    Attributes:
        written: as the file of the scene writes it.
        path: where it is on this machine. Not part of equality and of ``repr``: what it holds matters.
    """

    written: str
    path: Path = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fractal:
    """Noise of several octaves: octave i has the wavelength feature / lacunarity^i and the amplitude gain^i.

    Attributes:
        kind: ``fractal`` (their sum), ``ridged`` (of 1 - |noise|: sharp ridges) or ``noise`` (a single octave).
        name: of its random stream; ``fractal``, ``ridged`` and ``noise``.
        height: peak to valley [m]: the result is scaled to it.
        feature: wavelength of the first octave [m].
    """

    kind: str
    name: str
    height: float
    feature: float
    octaves: int = 1
    gain: float = 0.5
    lacunarity: float = 2.0
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incline:
    """A plane that rises by ``angle`` [rad] towards ``toward`` [rad from +x to +y]; height 0 at its lowest corner."""

    angle: float
    toward: float
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A staircase over the whole ground: a step up of ``height`` [m] each ``run`` [m] towards ``toward`` [rad]."""

    height: float
    run: float
    toward: float
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hill:
    """A round hill: height * (1 + cos(pi r / radius)) / 2 within ``radius``; a negative ``height`` is a hollow."""

    name: str
    center: Pair
    radius: float
    height: float
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crater:
    """A bowl with a rim.

    Attributes:
        radius: of the rim's crest [m].
        depth: of the bowl's middle below the ground around it [m], positive.
        rim: height of the crest above the ground around it [m]; it has fallen to 0 at 1.5 radii.
    """

    name: str
    center: Pair
    radius: float
    depth: float
    rim: float
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heightmap:
    """Heights of a file, stretched over the whole ground: PNG, GeoTIFF or NPY. The first row of an image is the north.

    Rows of an NPY go north as those of a grid do.

    Attributes:
        height: peak to valley [m]: values are scaled from lowest..highest to 0..height. ``None``: values are metres.
    """

    file: File
    height: float | None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFile:
    """A mesh in place of the relief: OBJ, STL, PLY or GLB, z up, in metres times ``scale``, in the scene's frame.

    The ground's collider is the mesh itself; its height at the vertices of the grid is what rays from above hit.
    """

    file: File
    scale: float = 1.0
    span: Span | None = field(default=None, compare=False, repr=False)


type Relief = Fractal | Incline | Steps | Hill | Crater | Heightmap


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraces:
    """Heights are pulled to multiples of ``height`` [m]; ``sharp`` 1 makes them steps, 0 leaves the ground as it is."""

    height: float
    sharp: float
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drainage:
    """Channels along the flow of water.

    Attributes:
        carve: depth of the deepest channel as a share of the relief's peak-to-valley height, 0..1.
        smooth: standard deviation of the Gaussian that smooths what is carved [m].
    """

    carve: float
    smooth: float
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Micro:
    """Relief of a few cells: Gaussian noise of the wavelength ``feature`` [m], ``height`` [m] peak to valley.

    It is added last, so that it neither steers the water nor is carved away.
    """

    height: float
    feature: float
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moisture:
    """Weights of the moisture index, as they are written: their sum need not be 1, and synthesis divides by it.

    Wet where much water arrives (``flow``), where it is flat (``slope``) and where the ground faces north (``north``).
    """

    flow: float = 0.5
    slope: float = 0.3
    north: float = 0.2
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What the ground is made of.

    Attributes:
        friction: range of the one coefficient of friction (static and dynamic), drawn once for each variant.
        label: semantic class.
    """

    friction: Pair
    restitution: float
    color: Rgb
    label: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundClass:
    """A part of the ground with a surface of its own: where the product of ``rules`` is at least 0.5.

    Limits here are hard. The first class of a scene that holds wins; the rest has the terrain's own surface.
    """

    name: str
    rules: tuple[Rule, ...]
    surface: Surface
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserField:
    """A field of the user's, in SI units.

    Attributes:
        file: an NPY of shape (rows, columns) whose rows go north, or an image whose first row is the north, stretched
            over the ground; ``None`` where ``python`` is set.
        python: ``package.module:function``. It is called as ``function(x, y, height)`` with arrays of shape (ny, nx)
            in metres and gives an array of that shape.
        unit: factor to SI of the unit that the file's numbers are in.
        dim: of its values.
    """

    name: str
    file: File | None
    python: str | None
    unit: float = 1.0
    dim: Dimension = field(default=DIMENSIONLESS, repr=False)
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A kind of Isaac Lab's sub-terrains.

    Attributes:
        name: its key among the sub-terrains.
        cfg: class in ``isaaclab.terrains`` (``MeshPyramidStairsTerrainCfg``).
        share: of the tiles; shares of all kinds are normalised by Isaac Lab.
        settings: fields of the cfg by name, in its own units.
    """

    name: str
    cfg: str
    share: float
    settings: tuple[tuple[str, float | int | bool | Pair], ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """A ground of Isaac Lab's own sub-terrains: ``rows`` of rising difficulty, ``columns`` of kinds.

    Environments stand at the middles of tiles (Isaac Lab's ``terrain_origins``), and their frames are there.

    Attributes:
        size: edge of a tile [m].
        border: width of the flat border [m].
        curriculum: difficulty rises with the row, else it is drawn.
        cell: horizontal resolution of height fields [m].
    """

    kinds: tuple[Tile, ...]
    rows: int
    columns: int
    size: float
    border: float
    curriculum: bool
    cell: float = 0.1
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """The ground.

    Attributes:
        name: as in the file (``ground``).
        cell: distance of the grid's vertices [m]; ``Grid.of(scene.size, cell)`` exists.
        relief: summed; empty for flat ground at height 0.
        mesh: in place of the relief.
        tiles: in place of all else; the scene then has no layers, zones and maps.
        fields: the user's.
    """

    name: str
    cell: float
    relief: tuple[Relief, ...]
    terraces: Terraces | None
    drainage: Drainage | None
    micro: Micro | None
    moisture: Moisture
    surface: Surface
    classes: tuple[GroundClass, ...] = ()
    fields: tuple[UserField, ...] = ()
    mesh: MeshFile | None = None
    tiles: Tiles | None = None
    span: Span | None = field(default=None, compare=False, repr=False)
