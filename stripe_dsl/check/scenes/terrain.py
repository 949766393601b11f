"""The ground of a scene."""

from __future__ import annotations

from math import atan2, hypot, pi

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.scenes.files import MESHES, RASTERS, find_files
from stripe_dsl.check.scenes.names import FIELDS, Names
from stripe_dsl.check.scenes.rules import Rules, needs, python_reference
from stripe_dsl.check.scenes.tiles import tiles_of
from stripe_dsl.check.scenes.words import Pair, PhraseError, Words, interval, point, share
from stripe_dsl.check.world import color
from stripe_dsl.ir.rules import SOLID
from stripe_dsl.ir.terrain import (
    Crater,
    Drainage,
    File,
    Fractal,
    GroundClass,
    Heightmap,
    Hill,
    Incline,
    MeshFile,
    Micro,
    Moisture,
    Relief,
    Rgb,
    Steps,
    Surface,
    Terraces,
    Terrain,
    UserField,
)
from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.terrain import (
    ClassSpec,
    CraterSpec,
    FieldSpec,
    FractalSpec,
    HillSpec,
    NoiseSpec,
    SurfaceSpec,
    TerrainSpec,
)
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list
from stripe_dsl.units import ANGLE, DIMENSIONLESS, LENGTH

CELL = 0.25
EARTH: Rgb = (0.42, 0.35, 0.24)
FINEST, MOST = 0.01, 16_000_000
"""Least distance of vertices [m], and their largest number."""


class TerrainCheck:
    """Reads one ``terrain`` block."""

    def __init__(self, name: Text, spec: TerrainSpec, settings: Settings, names: Names, size: Pair) -> None:
        self.name = name
        self.spec = spec
        self.settings = settings
        self.report = settings.report
        self.names = names
        self.size = size

    def run(self) -> Terrain:
        """The ground; what is wrong is reported, and left out."""
        spec = self.spec
        tiles = None if spec.tiles is None else tiles_of(spec.tiles, self.settings)
        if spec.tiles is not None or spec.mesh is not None:
            self.alone("tiles" if spec.tiles is not None else "mesh")
        surface = self.surface(spec.surface, str(self.name), None)
        if tiles is not None and surface.friction[0] != surface.friction[1]:
            help = "a range is drawn for each variant of a scene, and tiles have none: write one number"
            self.report.error("E0309", "tiles have one friction", surface.span or spec.span, help)
        return Terrain(
            name=str(self.name),
            cell=self.cell() if spec.tiles is None else CELL,
            relief=self.relief(),
            terraces=self.terraces(),
            drainage=self.drainage(),
            micro=self.micro(),
            moisture=self.moisture(),
            surface=surface,
            classes=tuple(self.ground_class(name, item, surface) for name, item in spec.classes.items()),
            fields=tuple(item for name, value in spec.field.items() if (item := self.field(name, value)) is not None),
            mesh=self.mesh(),
            tiles=tiles,
            span=spec.span,
        )

    def alone(self, key: str) -> None:
        """Tiles and a mesh are the whole ground."""
        others = ["fractal", "ridged", "noise", "terraces", "steps", "incline", "hill", "crater", "heightmap"]
        others += ["mesh", "drainage", "micro", "moisture", "grid", "classes", "field"] if key == "tiles" else []
        for other in others:
            value = getattr(self.spec, other)
            if value:
                block = next(iter(value.values())) if isinstance(value, dict) else value
                word = "class" if other == "classes" else other
                message = f"`{key}` is the whole ground, `{word}` has no place beside it"
                self.report.error("E0309", message, block.span, f"remove `{word}` or `{key}`")

    def cell(self) -> float:
        """Distance of the vertices: squares have to fill the rectangle."""
        cell = self.settings.positive(self.spec.grid, LENGTH, "grid", CELL)
        where = self.spec.grid.span if self.spec.grid is not None else self.spec.span
        if cell < FINEST or self.size[0] * self.size[1] / cell**2 > MOST:
            count = self.size[0] * self.size[1] / cell**2
            message = f"a grid of {cell:g} m has {count:.3g} points here"
            least = max(FINEST, (self.size[0] * self.size[1] / MOST) ** 0.5)
            self.report.error("E0705", message, where, f"make it at least {least:.2g} m")
            return max(self.size) / 100
        if not _fits(self.size, cell):
            message = f"no squares of about {cell:g} m fill {self.size[0]:g} m x {self.size[1]:g} m"
            self.report.error("E0705", message, where, "let both lengths be multiples of one another or of the grid")
        return cell

    # ---- heights

    def relief(self) -> tuple[Relief, ...]:
        """What is summed, in the order of the language."""
        spec, out = self.spec, []
        for kind in ("fractal", "ridged"):
            block: FractalSpec | None = getattr(spec, kind)
            if block is not None:
                out.append(self.fractal(kind, block))
        if spec.noise is not None:
            height, feature = self.noise("noise", spec.noise)
            out.append(Fractal(kind="noise", name="noise", height=height, feature=feature, span=spec.noise.span))
        if spec.incline is not None:
            angle = self.required(spec.incline, "angle", "incline", "incline 5 deg")
            value = self.settings.number(angle, ANGLE, "incline", 0.0) or 0.0
            if angle is not None and not 0 <= value < pi / 2:
                self.report.error("E0309", "`incline` is an angle from 0 deg to below 90 deg", angle.span)
                value = 0.0
            out.append(Incline(angle=value, toward=self.toward(spec.incline.toward), span=spec.incline.span))
        if spec.steps is not None:
            height = self.size_of(spec.steps, "height", "steps", "height 15 cm")
            run = self.size_of(spec.steps, "run", "steps", "run 40 cm")
            out.append(Steps(height=height, run=run, toward=self.toward(spec.steps.toward), span=spec.steps.span))
        out += [item for name, hill in spec.hill.items() if (item := self.hill(name, hill)) is not None]
        out += [item for name, crater in spec.crater.items() if (item := self.crater(name, crater)) is not None]
        if spec.heightmap is not None:
            file = self.file(spec.heightmap.file, "heightmap", spec.heightmap, RASTERS)
            height = spec.heightmap.height
            scaled = None if height is None else self.settings.positive(height, LENGTH, "height", 1.0)
            if file is not None:
                out.append(Heightmap(file=file, height=scaled, span=spec.heightmap.span))
        return tuple(out)

    def fractal(self, kind: str, spec: FractalSpec) -> Fractal:
        """``fractal height 3.2 m, feature 8 m, octaves 4``."""
        octaves = self.settings.whole(spec.octaves, "octaves", 4)
        if octaves > 16:
            assert spec.octaves is not None
            self.report.error("E0309", "more than 16 octaves are finer than any grid", spec.octaves.span)
            octaves = 16
        gain = self.settings.positive(spec.gain, DIMENSIONLESS, "gain", 0.5)
        lacunarity = self.settings.positive(spec.lacunarity, DIMENSIONLESS, "lacunarity", 2.0)
        if lacunarity <= 1:
            assert spec.lacunarity is not None
            message = "each octave is finer than the one before: `lacunarity` is above 1"
            self.report.error("E0309", message, spec.lacunarity.span)
            lacunarity = 2.0
        height = self.size_of(spec, "height", kind, "height 3 m")
        feature = self.size_of(spec, "feature", kind, "feature 8 m")
        return Fractal(
            kind=kind,
            name=kind,
            height=height,
            feature=feature,
            octaves=octaves,
            gain=gain,
            lacunarity=lacunarity,
            span=spec.span,
        )

    def noise(self, kind: str, spec: NoiseSpec) -> Pair:
        """Height and feature."""
        height = self.size_of(spec, "height", kind, "height 2 cm")
        return height, self.size_of(spec, "feature", kind, "feature 20 cm")

    def micro(self) -> Micro | None:
        """``micro height 2 cm, feature 20 cm``."""
        if self.spec.micro is None:
            return None
        height, feature = self.noise("micro", self.spec.micro)
        return Micro(height=height, feature=feature, span=self.spec.micro.span)

    def terraces(self) -> Terraces | None:
        """``terraces height 50 cm, sharp 80 %``."""
        spec = self.spec.terraces
        if spec is None:
            return None
        height = self.size_of(spec, "height", "terraces", "height 50 cm")
        return Terraces(height=height, sharp=share(self.settings, spec.sharp, "sharp", 1.0), span=spec.span)

    def hill(self, name: Text, spec: HillSpec) -> Hill | None:
        """``hill mound { at (10, 10) m; radius 6 m; height 2 m }``."""
        center = self.middle(spec, f"hill {name}")
        radius = self.size_of(spec, "radius", f"hill {name}", "radius 6 m")
        value = self.required(spec, "height", f"hill {name}", "height 2 m")
        height = self.settings.number(value, LENGTH, "height", 0.0) or 0.0
        if center is None:
            return None
        return Hill(name=str(name), center=center, radius=radius, height=height, span=spec.span)

    def crater(self, name: Text, spec: CraterSpec) -> Crater | None:
        """``crater pit { at (10, 10) m; radius 4 m; depth 1 m }``."""
        center = self.middle(spec, f"crater {name}")
        radius = self.size_of(spec, "radius", f"crater {name}", "radius 4 m")
        depth = self.size_of(spec, "depth", f"crater {name}", "depth 1 m")
        rim = self.settings.not_negative(spec.rim, LENGTH, "rim")
        if center is None:
            return None
        rim = depth / 5 if rim is None else rim
        return Crater(name=str(name), center=center, radius=radius, depth=depth, rim=rim, span=spec.span)

    def middle(self, spec: HillSpec | CraterSpec, what: str) -> Pair | None:
        """Where a hill or crater is."""
        value = self.required(spec, "at", what, "at (10, 10) m")
        return None if value is None else point(self.settings, value, "at")

    def toward(self, value: Expression | None) -> float:
        """A direction [rad]: an angle from +x to +y, or a vector."""
        if value is not None and isinstance(value.node, ast.Tuple):
            found = self.settings.pair_of(value, DIMENSIONLESS, "toward")
            return atan2(found[1], found[0]) if found is not None and hypot(*found) > 0 else 0.0
        return self.settings.number(value, ANGLE, "toward", 0.0) or 0.0

    def mesh(self) -> MeshFile | None:
        """``mesh "hill.obj" scale 0.01``."""
        spec = self.spec.mesh
        if spec is None:
            return None
        file = self.file(spec.file, "mesh", spec, MESHES)
        scale = self.settings.positive(spec.scale, DIMENSIONLESS, "scale", 1.0)
        return None if file is None else MeshFile(file=file, scale=scale, span=spec.span)

    def file(self, name: Text | None, key: str, spec: Block, endings: tuple[str, ...]) -> File | None:
        """A file that a key names."""
        if name is None:
            self.report.error("E0214", f"`{key}` names no file", spec.span, f'write `{key} "ground{endings[0]}"`')
            return None
        if name.span is None:
            return None
        found = find_files(self.settings, str(name), name.span, endings, several=False)
        return found[0] if found else None

    # ---- water and surface

    def drainage(self) -> Drainage | None:
        """``drainage carve 30 %, smooth 40 cm``."""
        spec = self.spec.drainage
        if spec is None:
            return None
        smooth = self.settings.not_negative(spec.smooth, LENGTH, "smooth")
        carve = share(self.settings, spec.carve, "carve", 0.3)
        return Drainage(carve=carve, smooth=0.4 if smooth is None else smooth, span=spec.span)

    def moisture(self) -> Moisture:
        """``moisture flow 0.55, slope 0.30, north 0.15``."""
        spec = self.spec.moisture
        if spec is None:
            return Moisture()
        defaults = Moisture()
        found = {}
        for key in ("flow", "slope", "north"):
            value = self.settings.not_negative(getattr(spec, key), DIMENSIONLESS, key)
            found[key] = getattr(defaults, key) if value is None else value
        if not any(found.values()):
            self.report.error("E0309", "one of the weights of `moisture` is above zero", spec.span)
            return defaults
        return Moisture(**found, span=spec.span)

    def surface(self, spec: SurfaceSpec | ClassSpec | None, label: str, base: Surface | None) -> Surface:
        """What the ground is made of; a class takes what it does not say from the terrain."""
        friction = base.friction if base is not None else (1.0, 1.0)
        restitution = base.restitution if base is not None else 0.0
        if spec is None:
            return Surface(friction=friction, restitution=restitution, color=EARTH, label=label)
        bounce = self.settings.not_negative(spec.restitution, DIMENSIONLESS, "restitution")
        return Surface(
            friction=interval(self.settings, spec.friction, DIMENSIONLESS, "friction", friction, least=0.0),
            restitution=restitution if bounce is None else bounce,
            color=color(spec.color, self.settings, base.color if base is not None else EARTH),
            label=str(spec.label) if spec.label else label,
            span=spec.span,
        )

    def ground_class(self, name: Text, spec: ClassSpec, base: Surface) -> GroundClass:
        """``class forest { moisture > 0.3; color #126B12 }``."""
        rules = Rules(self.settings, self.names, None, hard=True).all(spec.rules)
        if not spec.rules:
            help = "add one, as in `moisture > 0.3`"
            self.report.error("E0214", f"the class `{name}` has no rule", spec.span, help)
        unknown = [item for item in needs(rules) if item not in self.names.shaped]
        unknown += [SOLID] if any(getattr(rule, "target", "") == SOLID for rule in rules) else []
        if unknown:
            message = f"the class `{name}` asks for {and_list(unknown)}, and the ground is made before that is there"
            help = "classes read fields of the ground and zones with a shape, as `circle 6 m at spawn`"
            self.report.error("E0309", message, spec.span, help)
        return GroundClass(name=str(name), rules=rules, surface=self.surface(spec, str(name), base), span=spec.span)

    def field(self, name: Text, spec: FieldSpec) -> UserField | None:
        """``field wet = "wet.npy" unit 1 m``, ``field wet = python "package.module:function"``."""
        if name in FIELDS:
            message = f"`{name}` is a field of the ground and cannot name another"
            self.report.error("E0217", message, name.span, f"choose another name, such as `my_{name}`")
            return None
        dim, factor, file, python = DIMENSIONLESS, 1.0, None, None
        self.names.fields[str(name)] = dim
        if spec.source is None:
            self.report.error("E0214", f"`field {name}` needs a value", name.span, f'write `field {name} = "wet.npy"`')
            return None
        if spec.source.broken:
            return None
        words = Words(self.settings, spec.source, f'field {name} = "wet.npy" unit 1 m')
        try:
            first = spec.source.statement.target
            if isinstance(first, ast.String):
                found = find_files(self.settings, first.value, first.span, RASTERS, several=False)
                file = found[0] if found else None
            elif spec.source.word == "python":
                python = python_reference(self.settings, words.next("a function"))
            else:
                raise words.fail("a field is a file or a function of Python")
            if words.maybe("unit"):
                value = words.next("a unit")
                if not isinstance(value, ast.Number):
                    raise words.fail("a unit is written with its number, as `unit 1 m`", value.span)
                unit = self.settings.lowering.unit(value.unit, value.unit_span or value.span) if value.unit else None
                dim = unit[1] if unit is not None else DIMENSIONLESS
                factor = value.value * (unit[0] if unit is not None else 1.0)
            words.end()
        except PhraseError:
            return None
        self.names.fields[str(name)] = dim
        if file is None and python is None:
            return None
        return UserField(name=str(name), file=file, python=python, unit=factor, dim=dim, span=spec.span)

    # ---- values

    def required(self, spec: Block, key: str, what: str, example: str) -> Expression | None:
        """A key that has to be there."""
        value: Expression | None = getattr(spec, key)
        if value is None:
            self.report.error("E0214", f"`{what}` does not say its `{key}`", spec.span, f"add `{example}`")
        return value

    def size_of(self, spec: Block, key: str, what: str, example: str) -> float:
        """A length above zero that has to be there [m]."""
        return self.settings.positive(self.required(spec, key, what, example), LENGTH, key, 1.0)


def _fits(size: Pair, cell: float) -> bool:
    """Whether :meth:`stripe_dsl.scene.grid.Grid.of` finds squares of that size."""
    least = max(1, -int(-(size[0] / cell - 1e-9) // 1))
    return any(
        abs(rows - round(rows)) < 1e-6
        for count in range(least, 2 * least + 2)
        for rows in [size[1] / (size[0] / count)]
    )
