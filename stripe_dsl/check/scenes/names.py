"""Names of one scene: what they stand for, and who uses whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_dsl.check.report import Reporter
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.rules import SOLID, TERRAIN_FIELDS
from stripe_dsl.source import Span
from stripe_dsl.spec.scene import SceneSpec
from stripe_dsl.spec.values import Text
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE, AREA, DIMENSIONLESS, LENGTH, Dimension

SPAWN = "spawn"
LAYERS = ("trees", "scatter", "cover", "place")
KINDS = ("zone", *LAYERS, "water")
FIELDS: dict[str, Dimension] = dict(
    zip(TERRAIN_FIELDS, (LENGTH, ANGLE, ANGLE, DIMENSIONLESS, AREA, DIMENSIONLESS), strict=True)
)
OF_A_LAYER: dict[str, Dimension] = {
    "distance": LENGTH,
    "density": DIMENSIONLESS / AREA,
    "cover": DIMENSIONLESS,
}


@dataclass
class Names:
    """What the names of a scene stand for.

    Attributes:
        kinds: ``zone``, ``trees``, ``scatter``, ``cover``, ``place`` or ``water`` by name, in this order, and
            of one kind in that of the file.
        fields: the user's fields, with what they measure.
        uses: which names each of them uses, with the first place where it does.
        species: of each layer of trees.
        shaped: zones with a shape, which are known before there is a ground.
    """

    report: Reporter
    kinds: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Dimension] = field(default_factory=dict)
    uses: dict[str, dict[str, Span]] = field(default_factory=dict)
    species: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shaped: set[str] = field(default_factory=set)

    @property
    def layers(self) -> list[str]:
        """Names of layers."""
        return [name for name, kind in self.kinds.items() if kind in LAYERS]

    @property
    def zones(self) -> list[str]:
        """Names of zones."""
        return [name for name, kind in self.kinds.items() if kind == "zone"]

    def target(self, name: str, span: Span, user: str | None) -> bool:
        """Whether ``name`` is a zone, a layer, water or ``solid``; another one is reported.

        Args:
            user: the zone or layer that speaks of it; ``None`` for maps and requirements, which stand behind all.
        """
        if name == SOLID:
            if user is None:
                return True
            help = "name the layers that are meant"
            self.report.error("E0309", "`solid` is known when all layers stand, for maps alone", span, help)
            return False
        if name not in self.kinds:
            known = [*self.kinds, SOLID] if user is None else [item for item in self.kinds if item != user]
            helps = did_you_mean(name, known, listing=True) or (
                f"the scene has neither zones nor other layers; a zone is as `zone {name} = circle 2 m at spawn`",
            )
            self.report.error("E0201", f"there is no zone or layer `{name}`", span, *helps)
            return False
        if user is not None:
            self.uses.setdefault(user, {}).setdefault(name, span)
        return True

    def dimension(self, name: str, span: Span, user: str | None) -> Dimension | None:
        """What a field measures; one that is not there is reported."""
        if name in FIELDS:
            return FIELDS[name]
        if name in self.fields:
            return self.fields[name]
        owner, _, part = name.partition(".")
        if part and owner in self.kinds:
            known = OF_A_LAYER if self.kinds[owner] in LAYERS else {"distance": LENGTH}
            if part not in known:
                helps = did_you_mean(part, list(known), listing=True)
                self.report.error("E0213", f"`{owner}` has no field `{part}`", span, *helps)
                return None
            self.target(owner, span, user)
            return known[part]
        known_fields = [*FIELDS, *self.fields]
        helps = did_you_mean(name, known_fields, listing=True)
        self.report.error("E0201", f"there is no field `{name}`", span, *helps)
        return None

    def ordered(self) -> tuple[str, ...]:
        """All names so that each stands behind those that it uses; circles are reported and cut."""
        done: list[str] = []
        open_: list[str] = []

        def visit(name: str) -> None:
            if name in done:
                return
            open_.append(name)
            for used, span in self.uses.get(name, {}).items():
                if used in open_:
                    self.circle([*open_[open_.index(used) :], used], span)
                elif used in self.kinds:
                    visit(used)
            open_.pop()
            done.append(name)

        for name in self.kinds:
            visit(name)
        return tuple(done)

    def circle(self, path: list[str], span: Span) -> None:
        """Reports a circle."""
        if len(path) == 2:
            message = f"`{path[0]}` depends on itself"
            self.report.error("E0210", message, span, "`spacing` keeps the things of one layer apart")
            return
        chain = " -> ".join(path)
        self.report.error("E0210", f"layers use each other: {chain}", span, "remove one of the rules")


def collect(spec: SceneSpec, report: Reporter) -> Names:
    """The names that a scene gives; one that stands for two things is reported."""
    from stripe_dsl.check.task import valid_name

    names = Names(report)
    first: dict[str, Text] = {}
    taken = (*FIELDS, SOLID, SPAWN)
    for kind in (*KINDS, "map"):
        for name in getattr(spec, kind):
            if name in taken:
                message = f"`{name}` is a word of scenes and cannot name a {kind}"
                report.error("E0217", message, name.span, f"choose another name, such as `my_{name}`")
                continue
            valid_name(name, report)
            if name in first:
                before = first[name].span
                notes = (Annotation(before, "first defined here"),) if before is not None else ()
                report.error("E0202", f"`{name}` is defined twice", name.span, "rename one of them", notes=notes)
                continue
            first[str(name)] = name
            if kind != "map":
                names.kinds[str(name)] = kind
    names.shaped = {str(name) for name, zone in spec.zone.items() if zone.shape is not None}
    for name, trees in spec.trees.items():
        names.species[str(name)] = tuple(str(item) for item in trees.species)
    return names
