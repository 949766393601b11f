"""Layers of a scene: trees, scatter, cover and place."""

from __future__ import annotations

from dataclasses import replace
from math import pi, sqrt

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.scenes.assets import TREES, Assets
from stripe_dsl.check.scenes.forms import form
from stripe_dsl.check.scenes.names import Names
from stripe_dsl.check.scenes.rules import Rules, needs
from stripe_dsl.check.scenes.spots import Spots
from stripe_dsl.check.scenes.words import Pair, PhraseError, Words, interval, is_length, share
from stripe_dsl.ir.assets import SOLIDS, Choice, Pose, Solid
from stripe_dsl.ir.scene import Cluster, Growth, Layer, Species, Spot
from stripe_dsl.spec.scene import (
    CoverSpec,
    LayerBlock,
    PlacedThing,
    PlaceSpec,
    PoseSpec,
    ScatterSpec,
    SpeciesSpec,
    TreesSpec,
)
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE, AREA, DIMENSIONLESS, LENGTH, MASS, TIME, parse_unit

YEAR = parse_unit("year").scale
PER_AREA = DIMENSIONLESS / AREA
JAMMING = 0.547
"""Share of a plane that equal discs cover when no more can be added at random without overlap: J. Feder, "Random
sequential adsorption", J. Theor. Biol. 87 (1980), 237-254; 0.5470690 in G. Zhang and S. Torquato, Phys. Rev. E 88
(2013), 053312."""
MOST = 1_000_000
"""Instances of a layer."""
OLDEST = 2000
"""Years of growth."""
BUDGET = 100_000


class Layers:
    """Reads the layers of one scene."""

    def __init__(self, settings: Settings, names: Names, assets: Assets, spots: Spots, size: Pair) -> None:
        self.settings = settings
        self.report = settings.report
        self.names = names
        self.assets = assets
        self.spots = spots
        self.size = size

    def layer(self, kind: str, name: Text, spec: LayerBlock) -> Layer | None:
        """One layer; what is wrong is reported, and left out."""
        rules = Rules(self.settings, self.names, str(name), placing=True).all(spec.rules)
        base = Species(
            name=str(name),
            choices=(),
            density=None,
            count=None,
            spacing=0.0,
            rules=rules,
            label=str(spec.label) if spec.label else str(name),
            solid=self.solid(spec, None, visual=kind == "cover") or Solid(kind="visual" if kind == "cover" else "hull"),
            pose=self.pose(spec.pose, Pose()),
            span=spec.span,
        )
        said = spec.solid is not None or spec.soft or spec.visual
        species: tuple[Species, ...]
        years, cluster, spots, budget = 0, None, (), None
        if isinstance(spec, TreesSpec):
            years = self.years(spec.grow)
            species = self.species(name, spec, base, years, said=said)
        else:
            choices = self.choices(spec, str(name), str(name))
            base = replace(base, choices=choices)
            if isinstance(spec, PlaceSpec):
                spots = self.places(spec, name)
            elif isinstance(spec, ScatterSpec | CoverSpec):
                base = self.amount(base, spec, str(name))
                if isinstance(spec, ScatterSpec):
                    cluster = self.cluster(spec)
                else:
                    budget = self.settings.whole(spec.budget, "budget", BUDGET)
            species = (base if said or kind == "cover" else replace(base, solid=_usual(base)),)
        self.trunks(species, spec)
        moves = self.settings.word(spec.kind, "kind", ("static", "rigid", "articulation"), "static")
        jointed, movable = moves == "articulation", moves == "rigid"
        layer = Layer(
            name=str(name),
            kind=kind,
            species=species,
            years=years,
            cluster=cluster,
            spots=spots,
            budget=budget,
            movable=movable,
            mass=None if jointed else self.mass(spec, kind, species, movable=movable),
            friction=self.not_negative(spec.friction, "friction", 1.0),
            restitution=self.not_negative(spec.restitution, "restitution", 0.0),
            collide=form(spec, species, moves, self.settings),
            label=base.label,
            best_effort=self.settings.word(spec.best, "best", ("effort",), "") == "effort",
            needs=tuple(needs([rule for item in species for rule in item.rules] or rules)),
            span=spec.span,
        )
        return self.jointed(layer, spec) if jointed else self.unjointed(layer, spec)

    def jointed(self, layer: Layer, spec: LayerBlock) -> Layer:
        """A layer of things with joints."""
        from stripe_dsl.check.scenes.jointed import jointed_layer  # few scenes have one

        before = self.report.failed
        names = [choice.asset.name for item in layer.species for choice in item.choices]
        robots = [self.assets.robots[name] for name in names if name in self.assets.robots]
        if before and not names:
            return layer  # its assets are wrong, which was reported
        return jointed_layer(layer, spec, robots, self.report)

    def unjointed(self, layer: Layer, spec: LayerBlock) -> Layer:
        """A layer of things without joints."""
        for choice in (choice for item in layer.species for choice in item.choices):
            if choice.asset.name in self.assets.robots:
                message = f"`{choice.asset.name}` is a robot, which has joints"
                self.report.error("E0309", message, spec.span, "write `kind articulation`")
        return layer

    # ---- species

    def years(self, value: Expression | None) -> int:
        """``grow 70 years``."""
        found = self.settings.not_negative(value, TIME, "grow")
        years = round((found or 0.0) / YEAR)
        if years > OLDEST and value is not None:
            self.report.error("E0309", f"`grow` is at most {OLDEST} years", value.span)
            return 0
        return years

    def species(self, name: Text, spec: TreesSpec, base: Species, years: int, *, said: bool) -> tuple[Species, ...]:
        """The species of a forest, with what the layer says for all of them."""
        if not spec.species:
            help = 'add `species pine { assets "pine_*.usd"; density 500 /ha; spacing 2 m }`'
            self.report.error("E0214", f"the trees `{name}` have no species", spec.span, help)
        common = self.assets.choices(spec.assets, str(name)) if spec.assets else ()
        out = []
        for item, block in spec.species.items():
            choices = common if not block.assets and common else self.choices(block, str(item), f"{name}.{item}")
            rules = Rules(self.settings, self.names, str(name), placing=True).all(block.rules)
            solid = self.solid(block, base.solid if said else None, visual=False)
            dead, dead_share = self.assets.dead(block.dead, str(item)) if block.dead else ((), 0.0)
            made = replace(
                base,
                name=str(item),
                choices=choices,
                rules=(*base.rules, *rules),
                label=str(block.label) if block.label else str(item),
                pose=self.pose(block.pose, base.pose),
                growth=self.growth(block),
                dead=dead,
                dead_share=dead_share,
                span=block.span,
            )
            made = replace(made, solid=solid or _usual(made))
            out.append(self.amount(made, block, str(item)))
        return tuple(out)

    def growth(self, spec: SpeciesSpec) -> Growth:
        """The life of a species."""
        lifespan = self.settings.positive(spec.lifespan, TIME, "lifespan", 85 * YEAR) / YEAR
        mature = self.settings.not_negative(spec.mature, TIME, "mature")
        decline = self.settings.not_negative(spec.decline, TIME, "decline")
        mature = lifespan / 4 if mature is None else mature / YEAR
        decline = 0.8 * lifespan if decline is None else decline / YEAR
        if not mature <= decline <= lifespan:
            late = spec.decline or spec.mature or spec.lifespan
            message = f"a tree is mature at {mature:g} years, declines from {decline:g} and dies at {lifespan:g}"
            self.report.error("E0309", message, late.span if late else spec.span, "let the ages rise in this order")
            mature, decline = lifespan / 4, 0.8 * lifespan
        rate, reach = 0.0, 0.0
        if spec.seeds is not None:
            if spec.seeds.rate is None:
                self.report.error("E0214", "`seeds` does not say how many", spec.seeds.span, "write `seeds 2 /year`")
            if spec.seeds.within is None:
                help = "write `seeds 2 /year within 7 m`"
                self.report.error("E0214", "`seeds` does not say how far they fall", spec.seeds.span, help)
            rate = round((self.settings.not_negative(spec.seeds.rate, DIMENSIONLESS / TIME, "seeds") or 0.0) * YEAR, 9)
            reach = self.settings.positive(spec.seeds.within, LENGTH, "within", 1.0)
        return Growth(lifespan=lifespan, mature=mature, decline=decline, seeds=rate, reach=reach)

    def choices(self, spec: PlacedThing, name: str, what: str) -> tuple[Choice, ...]:
        """The assets of a layer or a species."""
        if not spec.assets:
            help = 'write `assets "rock_*.usd"`, the name of an `asset`, or `assets rock { radius 40 cm }`'
            self.report.error("E0214", f"`{what}` has no `assets`", spec.span, help)
        return self.assets.choices(spec.assets, name)

    def amount(self, species: Species, spec: ScatterSpec | CoverSpec | SpeciesSpec, what: str) -> Species:
        """``density 50 /ha; spacing 1.8 m``, ``count 3..8``."""
        spacing = self.settings.not_negative(spec.spacing, LENGTH, "spacing") or 0.0
        density = None
        count = self.count(spec.count)
        if spec.density is not None and spec.count is not None:
            self.report.error("E0202", f"`{what}` has a density and a count", spec.count.span, "keep one of them")
        elif spec.density is None and spec.count is None:
            help = "add `density 50 /ha` or `count 3..8`"
            self.report.error("E0214", f"`{what}` does not say how many", spec.span, help)
        if spec.density is not None:
            count = None
            density = self.settings.not_negative(spec.density, PER_AREA, "density") or 0.0
        area = self.size[0] * self.size[1]
        wanted = density if density is not None else (count[1] if count is not None else 0) / area
        value = spec.density if spec.density is not None else spec.count
        if value is not None and wanted * area > MOST:
            help = "a layer has at most a million"
            self.report.error("E0309", f"that is {wanted * area:.3g} things", value.span, help)
        elif value is not None and spacing > 0:
            self.packed(wanted, spacing, value)
        return replace(species, density=density, count=count, spacing=spacing)

    def packed(self, density: float, spacing: float, value: Expression) -> None:
        """Reports a density that the spacing cannot hold [1/m^2, m]."""
        most = JAMMING / (pi * spacing**2 / 4)
        if density <= most:
            return
        hexagonal = 2 / (sqrt(3) * spacing**2)
        factor, unit = (1e4, "/ha") if most < 0.1 else (1.0, "/m2")
        message = f"{density * factor:.4g} {unit} do not fit at a distance of {spacing:g} m"
        limit = (
            f"at random at most {most * factor:.4g} {unit} do, and {hexagonal * factor:.4g} {unit} in a hexagonal grid"
        )
        closest = sqrt(4 * JAMMING / (pi * density))
        self.report.error("E0701", message, value.span, limit, f"or let `spacing` be at most {closest:.3g} m")

    def count(self, value: Expression | None) -> tuple[int, int] | None:
        """``count 12`` and ``count 3..8``."""
        if value is None:
            return None
        low, high = interval(self.settings, value, DIMENSIONLESS, "count", (1.0, 1.0), least=0.0)
        if low != int(low) or high != int(high):
            self.report.error("E0309", "`count` is a whole number, or a range of them", value.span)
            return 1, 1
        return int(low), int(high)

    def cluster(self, spec: ScatterSpec) -> Cluster | None:
        """``cluster 3..6 within 4 m``."""
        if spec.cluster is None:
            return None
        help = "write `cluster 3..6 within 4 m`"
        if spec.cluster.count is None or spec.cluster.within is None:
            missing = "how many" if spec.cluster.count is None else "how wide"
            self.report.error("E0214", f"`cluster` does not say {missing}", spec.cluster.span, help)
            return None
        count = self.count(spec.cluster.count) or (1, 1)
        if count[0] < 1:
            self.report.error("E0309", "a cluster has at least one", spec.cluster.count.span, help)
            count = (1, max(1, count[1]))
        return Cluster(count=count, radius=self.settings.positive(spec.cluster.within, LENGTH, "within", 1.0))

    def places(self, spec: PlaceSpec, name: Text) -> tuple[Spot, ...]:
        """The spots of a ``place``."""
        if not spec.spots:
            help = "add `at (5, 5) m`, or a `grid`, `row` or `ring`, or `along` a path"
            self.report.error("E0214", f"`place {name}` does not say where", spec.span, help)
        return self.spots.all(spec.spots)

    # ---- solids and poses

    def solid(self, spec: PlacedThing, base: Solid | None, *, visual: bool) -> Solid | None:
        """What can be touched; ``base`` where a block does not say."""
        flags = [key for key in ("soft", "visual") if getattr(spec, key)]
        if spec.solid is not None and (flags or visual):
            other = f"`{flags[0]}`" if flags else "a cover, which is only seen"
            self.report.error("E0309", f"`solid` does not go with {other}", spec.solid.span, "remove one of them")
            return base
        if len(flags) == 2:
            self.report.error("E0309", "`soft` and `visual` do not go together", spec.span, "keep one of them")
        if flags:
            return Solid(kind=flags[0])
        if spec.solid is None or spec.solid.broken:
            return base
        word = spec.solid.word
        if word not in SOLIDS:
            helps = did_you_mean(word, SOLIDS, listing=True)
            self.report.error("E0309", f"`solid` cannot be `{word}`", spec.solid.statement.key_span, *helps)
            return base
        words = Words(self.settings, spec.solid, "solid trunk 20 cm, height 3 m")
        radius, height = None, None
        try:
            if word in ("trunk", "cylinder", "sphere") and isinstance(words.peek(), ast.Number):
                radius = words.length("the thickness", zero=False) / 2
            if word in ("trunk", "cylinder") and words.maybe("height"):
                height = words.length("the height", zero=False)
            words.end()
        except PhraseError:
            return base
        return Solid(kind=word, radius=radius, height=height)

    def trunks(self, species: tuple[Species, ...], spec: LayerBlock) -> None:
        """A trunk's thickness is known of grown trees alone."""
        for item in species:
            if item.solid.kind != "trunk" or item.solid.radius is not None:
                continue
            if any(choice.asset.grown is None or choice.asset.grown.kind not in TREES for choice in item.choices):
                help = "write `solid trunk 20 cm`"
                self.report.error("E0214", f"the trunks of `{item.name}` have no thickness", spec.span, help)

    def pose(self, spec: PoseSpec | None, base: Pose) -> Pose:
        """``pose yaw any, scale 0.8..1.2, lean 0..3 deg, align slope, sink 20 %, tint +-10 %``."""
        if spec is None:
            return base
        settings = self.settings
        yaw = base.yaw
        if spec.yaw is not None and isinstance(spec.yaw.node, ast.Name) and spec.yaw.node.id == "any":
            yaw = (-pi, pi)
        else:
            yaw = interval(settings, spec.yaw, ANGLE, "yaw", yaw)
        scale = interval(settings, spec.scale, DIMENSIONLESS, "scale", base.scale)
        if scale[0] <= 0 and spec.scale is not None:
            self.report.error("E0309", "`scale` has to be above zero", spec.scale.span)
            scale = base.scale
        align = base.align
        if spec.align is not None:
            is_slope = isinstance(spec.align.node, ast.Name) and spec.align.node.id == "slope"
            if (
                isinstance(spec.align.node, ast.Name)
                and not is_slope
                and spec.align.node.id not in settings.lowering.scope.params
            ):
                message = f"`align` cannot be `{spec.align.node.id}`"
                self.report.error("E0309", message, spec.align.span, "write `align slope`, or a share of it")
            else:
                align = 1.0 if is_slope else share(settings, spec.align, "align", 0.0)
        sink, depth = base.sink, base.depth
        if is_length(settings, spec.sink):
            sink, depth = (0.0, 0.0), interval(settings, spec.sink, LENGTH, "sink", depth, least=0.0)
        elif spec.sink is not None:
            sink = interval(settings, spec.sink, DIMENSIONLESS, "sink", sink, least=0.0, most=1.0)
            depth = (0.0, 0.0)
        return Pose(
            yaw=yaw,
            scale=scale,
            lean=interval(settings, spec.lean, ANGLE, "lean", base.lean, least=0.0, most=pi / 2),
            align=align,
            sink=sink,
            depth=depth,
            tint=interval(settings, spec.tint, DIMENSIONLESS, "tint", base.tint, least=-1.0, most=1.0),
        )

    def mass(self, spec: LayerBlock, kind: str, species: tuple[Species, ...], *, movable: bool) -> Pair | None:
        """``mass 2..5 kg`` of what moves."""
        if not movable:
            if spec.mass is not None:
                help = "write `kind rigid`, or remove it"
                self.report.error("E0309", "what does not move has no `mass`", spec.mass.span, help)
            return None
        if any(not item.solid.touches for item in species):
            message = "what moves has to be solid"
            self.report.error("E0309", message, spec.kind.span if spec.kind else spec.span, "write `solid hull`")
        self.loose(spec, species)
        if spec.mass is None:
            self.report.error("E0214", "`kind rigid` does not say its `mass`", spec.span, "add `mass 2..5 kg`")
            return None
        found = interval(self.settings, spec.mass, MASS, "mass", (1.0, 1.0))
        if found[0] <= 0:
            self.report.error("E0309", "`mass` has to be above zero", spec.mass.span)
        return found

    def loose(self, spec: LayerBlock, species: tuple[Species, ...]) -> None:
        """What a body that moves cannot be."""
        where = spec.kind.span if spec.kind else spec.span
        if any(item.solid.kind == "mesh" for item in species):
            self.report.error("E0309", "what moves collides as its hull", where, "write `solid hull`")
        if any(max(item.pose.sink + item.pose.depth) > 0 for item in species):
            message = "what moves stands on the ground, and not in it"
            self.report.error("E0309", message, where, "remove `sink`, or `kind rigid`")
        if any(item.count is not None and item.count[0] < 1 for item in species):
            message = "a layer of things that move has at least one"
            self.report.error("E0309", message, where, "write `count 1..3`")

    def not_negative(self, value: Expression | None, key: str, fallback: float) -> float:
        """A number of at least zero."""
        found = self.settings.not_negative(value, DIMENSIONLESS, key)
        return fallback if found is None else found


def _usual(species: Species) -> Solid:
    """What is solid where a file does not say: the trunks of grown trees, the hull of all else."""
    grown = [choice.asset.grown for choice in species.choices]
    trees = bool(grown) and all(thing is not None and thing.kind in TREES for thing in grown)
    return Solid(kind="trunk" if trees else "hull")
