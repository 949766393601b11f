"""What layers place: files, primitives, grown things, and named assets of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import hypot
from pathlib import Path

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.rotations import IDENTITY, rotation
from stripe_dsl.check.scenes.files import MESHES, STAGES, find_files
from stripe_dsl.check.scenes.words import PhraseError, Words, share
from stripe_dsl.check.world import color
from stripe_dsl.ir.assets import Asset, Choice, Grown, Part
from stripe_dsl.ir.robots import Robot
from stripe_dsl.ir.terrain import Rgb
from stripe_dsl.source import Span
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.read import StatementReader
from stripe_dsl.spec.scene import GROWN, PRIMITIVES, AssetSpec, GrownSpec, PartSpec
from stripe_dsl.spec.values import Expression, Phrase, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS, LENGTH

GREY: Rgb = (0.5, 0.5, 0.5)


def _grown(kind: str, color: Rgb, bark: Rgb, rough: float, **sizes: float) -> tuple[str, Grown]:
    """One look of a grown thing; a size that it does not have is 0."""
    none = dict.fromkeys(("height", "radius", "length", "trunk"), 0.0)
    return kind, Grown(kind=kind, **{**none, **sizes}, color=color, bark=bark, rough=rough, variety=1)


WOOD, BARK, STONE = (0.62, 0.47, 0.31), (0.33, 0.24, 0.17), (0.47, 0.46, 0.44)
DEFAULTS: dict[str, Grown] = dict(
    (
        _grown("conifer", (0.10, 0.28, 0.14), (0.30, 0.21, 0.14), 0.15, height=9.0, radius=1.6, trunk=0.14),
        _grown("broadleaf", (0.25, 0.42, 0.16), (0.55, 0.52, 0.47), 0.2, height=8.0, radius=2.2, trunk=0.14),
        _grown("rock", STONE, STONE, 0.25, height=0.6, radius=0.5),
        _grown("log", WOOD, BARK, 0.1, radius=0.15, length=2.5),
        _grown("stump", WOOD, BARK, 0.1, height=0.4, radius=0.2),
    )
)
"""What a grown thing is where a file does not say; m and shares."""
TREES = ("conifer", "broadleaf")


class Assets:
    """The assets of one scene, each made once.

    Args:
        named: asset blocks that the scene knows by name, its own before those of its file.
        module: the file of the scene, whose imports may hold others.
    """

    def __init__(self, settings: Settings, named: Mapping[Text, AssetSpec], module: Module) -> None:
        self.settings = settings
        self.report: Reporter = settings.report
        self.named = named
        self.module = module
        self.made: dict[str, Asset | None] = {}
        self.robots: dict[str, Robot] = {}
        """Robots that layers repeat, by the names of their assets."""
        self.taken: set[str] = set()

    # ---- choices of a layer

    def choices(self, phrases: Sequence[Phrase], layer: str) -> tuple[Choice, ...]:
        """The assets of a layer with their shares, which sum to 1."""
        found: list[tuple[Choice, bool]] = []
        weights: list[tuple[Phrase, float | None, bool]] = []
        for phrase in phrases:
            try:
                assets, weight, percent, spacing = self.choice(phrase, layer)
            except PhraseError:
                continue
            weights.append((phrase, weight, percent))
            part = (1.0 if weight is None else weight) / max(1, len(assets))
            found += [(Choice(asset=asset, weight=part, spacing=spacing), weight is None) for asset in assets]
        if len(weights) == len(phrases):  # else one was reported, and the others do not sum
            self.shares(weights)
        total = sum(choice.weight for choice, _ in found) or 1.0
        return tuple(replace(choice, weight=choice.weight / total) for choice, _ in found)

    def dead(self, phrases: Sequence[Phrase], layer: str) -> tuple[tuple[Choice, ...], float]:
        """What dead trees leave, and how many of them do: ``dead log 20 %``."""
        found: list[Choice] = []
        for phrase in phrases:
            try:
                assets, weight, _, _ = self.choice(phrase, layer)
            except PhraseError:
                continue
            part = (1.0 if weight is None else weight) / max(1, len(assets))
            found += [Choice(asset=asset, weight=part) for asset in assets]
        total = sum(choice.weight for choice in found)
        if total > 1 + 1e-9:
            message = f"the shares of `dead` sum to {100 * total:.4g} %"
            self.report.error("E0309", message, phrases[0].span, "100 % is every dead tree")
            total = 1.0
        if not found or total <= 0:
            return (), 0.0
        return tuple(replace(choice, weight=choice.weight / total) for choice in found), min(total, 1.0)

    def shares(self, weights: Sequence[tuple[Phrase, float | None, bool]]) -> None:
        """Shares are said for all assets or for none, and percentages sum to 100 %."""
        said = [weight for _, weight, _ in weights if weight is not None]
        if said and len(said) < len(weights):
            phrase = next(phrase for phrase, weight, _ in weights if weight is None)
            help = "write a share behind each of them, or behind none"
            self.report.error("E0214", f"`{phrase.word}` has no share, and others have one", phrase.span, help)
        elif said and all(percent for _, _, percent in weights) and abs(sum(said) - 1) > 1e-6:
            span = weights[0][0].span.to(weights[-1][0].span)
            self.report.error(
                "E0309", f"the shares of the assets sum to {sum(said):.4g}", span, "let them sum to 100 %"
            )

    def choice(self, phrase: Phrase, layer: str) -> tuple[list[Asset], float | None, bool, float | None]:
        """Assets of one entry, its share, whether that is in percent, and its spacing [m]."""
        if phrase.broken:
            raise PhraseError
        words = Words(self.settings, phrase, 'assets "rock_*.usd" 55 %, pine 45 %')
        statement = phrase.statement
        inside: list[ast.Expr] = []
        if phrase.word in (*PRIMITIVES, *GROWN) and statement.target is None and phrase.word not in self.named:
            while words.rest and not isinstance(words.rest[0], ast.Number):
                inside.append(words.rest.pop(0))
        elif isinstance(words.peek(), ast.Field):
            raise words.fail("an asset is named before its share", phrase.span)
        weight, percent, spacing = None, False, None
        first = words.peek()
        if isinstance(first, ast.Number):
            weight, percent = words.number(DIMENSIONLESS, "the share"), first.unit == "%"
            if weight <= 0:
                raise words.fail("a share is above zero", first.span)
        if words.maybe("spacing"):
            spacing = words.length("the spacing", zero=False)
        words.end()
        return self.found(phrase, layer, inside), weight, percent, spacing

    def found(self, phrase: Phrase, layer: str, inside: Sequence[ast.Expr]) -> list[Asset]:
        """The assets that an entry means."""
        statement = phrase.statement
        if isinstance(statement.target, ast.String):
            files = find_files(self.settings, statement.key, statement.key_span, (*STAGES, *MESHES), several=True)
            if not files:
                raise PhraseError
            label = label_of(statement.key)
            return [self.of_file(file.path, file, label) for file in files]
        if isinstance(statement.target, ast.Field):
            return [self.imported(statement.target)]
        if phrase.word in self.named:
            found = self.block(phrase.word, self.named[Text(phrase.word)])
            if found is None:
                raise PhraseError
            return [found]
        if phrase.word in self.module.document.robot:
            return [self.jointed(Text(phrase.word), self.module, phrase.word, statement.key_span)]
        if phrase.word in (*PRIMITIVES, *GROWN):
            name = self.free(f"{layer}_{phrase.word}")
            return [self.made_of([phrase], name, phrase.word, inside)]
        known = [*self.named, *PRIMITIVES, *GROWN]
        helps = did_you_mean(phrase.word, known, listing=True)
        self.report.error("E0201", f"there is no asset `{phrase.word}`", statement.key_span, *helps)
        raise PhraseError

    def imported(self, node: ast.Field) -> Asset:
        """``plants.pine``: an asset of an imported file."""
        alias = node.object.id if isinstance(node.object, ast.Name) else ""
        module = self.module.imports.get(alias)
        if module is None:
            if alias not in self.module.document.imports:
                helps = did_you_mean(alias, list(self.module.document.imports))
                self.report.error("E0201", f"no import is called `{alias}`", node.object.span, *helps)
            raise PhraseError
        table = module.document.asset
        if node.name in module.document.robot:
            return self.jointed(Text(node.name), module, f"{alias}.{node.name}", node.span)
        if node.name not in table:
            helps = did_you_mean(node.name, list(table)) or (f"`{alias}` has no such asset",)
            message = f"there is no asset `{node.name}` in `{module.source.name}`"
            self.report.error("E0218", message, node.name_span, *helps)
            raise PhraseError
        found = self.block(node.name, table[Text(node.name)], f"{alias}.{node.name}")
        if found is None:
            raise PhraseError
        return found

    # ---- assets

    def jointed(self, name: Text, module: Module, key: str, span: Span) -> Asset:
        """A robot of a file, which a layer repeats."""
        from stripe_dsl.check.scenes.jointed import jointed_asset  # few scenes have one

        key = f"robot:{key}"
        if key not in self.made:
            self.made[key] = None
            found = jointed_asset(name, module, self.settings, span)
            if found is not None:
                asset = replace(found[0], name=self.free(found[0].name))
                self.made[key], self.robots[asset.name] = asset, found[1]
        made = self.made[key]
        if made is None:
            raise PhraseError
        return made

    def block(self, name: str, spec: AssetSpec, key: str = "") -> Asset | None:
        """The asset of an ``asset`` block."""
        key = key or name
        if key not in self.made:
            self.made[key] = None
            with contextlib.suppress(PhraseError):
                self.made[key] = self.of_block(name, spec)
        return self.made[key]

    def of_block(self, name: str, spec: AssetSpec) -> Asset:
        """One ``asset`` block."""
        label = str(spec.label) if spec.label else name
        if spec.file is not None and spec.parts:
            message = f"the asset `{name}` has a file and parts"
            self.report.error("E0202", message, spec.parts[0].span, "keep one of them")
        if spec.file is not None:
            span = spec.file.span
            if span is None:
                raise PhraseError
            files = find_files(self.settings, str(spec.file), span, (*STAGES, *MESHES), several=False)
            if not files:
                raise PhraseError
            scale = self.settings.positive(spec.scale, DIMENSIONLESS, "scale", 1.0)
            return Asset(name=self.free(name), label=label, file=files[0], scale=scale, span=spec.span)
        if spec.scale is not None:
            message = "`scale` is of a file, primitives have sizes"
            self.report.error("E0206", message, spec.scale.span, "remove it")
        if not spec.parts:
            help = 'write `file "rock.usd"`, `cone { radius 1 m; height 4 m }` or `conifer { height 9 m }`'
            self.report.error("E0214", f"the asset `{name}` is made of nothing", spec.span, help)
            raise PhraseError
        return self.made_of(spec.parts, self.free(name), label, None)

    def of_file(self, path: Path, file: object, label: str) -> Asset:
        """The asset of a file, the same one for the same file."""
        from stripe_dsl.ir.terrain import File

        assert isinstance(file, File)
        key = f"file:{path}"
        if key not in self.made:
            self.made[key] = Asset(name=self.free(path.stem), label=label, file=file)
        found = self.made[key]
        assert found is not None
        return found

    def free(self, name: str) -> str:
        """The name, or with a number behind it where it is taken."""
        chosen, number = name, 2
        while chosen in self.taken:
            chosen, number = f"{name}_{number}", number + 1
        self.taken.add(chosen)
        return chosen

    def made_of(self, phrases: Sequence[Phrase], name: str, label: str, inside: Sequence[ast.Expr] | None) -> Asset:
        """An asset of primitives, or of one grown thing."""
        grown = [phrase for phrase in phrases if phrase.word in GROWN]
        if grown and len(phrases) > 1:
            message = f"`{grown[0].word}` is a whole asset and stands alone"
            self.report.error("E0309", message, grown[0].span, "give it a block of its own")
            raise PhraseError
        span = phrases[0].span
        args = [list(phrase.args) if inside is None else list(inside) for phrase in phrases]
        if grown:
            thing = self.grown(grown[0], args[0])
            reach = max(thing.radius, thing.length / 2)
            height = thing.height or 2 * thing.radius
            return Asset(name=name, label=label, grown=thing, radius=reach, height=height, span=span)
        parts = tuple(self.part(phrase, values) for phrase, values in zip(phrases, args, strict=True))
        reach = max(hypot(part.at[0], part.at[1]) + _across(part) for part in parts)
        height = max(part.at[2] + _up(part) for part in parts)
        return Asset(name=name, label=label, parts=parts, radius=reach, height=max(height, 0.0), span=span)

    def part(self, phrase: Phrase, args: Sequence[ast.Expr]) -> Part:
        """``cone { radius 1 m; height 4 m; at (0, 0, 3) m; color #126B12 }``."""
        spec = self.read(PartSpec, phrase, args)
        assert isinstance(spec, PartSpec)
        kind, settings = phrase.word, self.settings
        wanted = {"box": ("size",), "sphere": ("radius",)}.get(kind, ("radius", "height"))
        for key in ("size", "radius", "height"):
            value: Expression | None = getattr(spec, key)
            if value is None and key in wanted:
                example = {"size": "size (1, 1, 0.5) m", "radius": "radius 50 cm", "height": "height 2 m"}[key]
                self.report.error("E0214", f"`{kind}` does not say its `{key}`", phrase.span, f"add `{example}`")
            elif value is not None and key not in wanted:
                self.report.error("E0206", f"`{kind}` has no `{key}`", value.span, f"it has `{wanted[0]}`")
        size = settings.vector(spec.size, LENGTH, "size", (1.0, 1.0, 1.0))
        if min(size) <= 0 and spec.size is not None:
            self.report.error("E0309", "the edges of a box are above zero", spec.size.span)
            size = (1.0, 1.0, 1.0)
        radius = settings.positive(spec.radius, LENGTH, "radius", 0.5)
        height = settings.positive(spec.height, LENGTH, "height", 1.0)
        part = Part(
            kind=kind,
            size=(size[0], size[1], size[2]) if kind == "box" else (0.0, 0.0, 0.0),
            radius=0.0 if kind == "box" else radius,
            height=0.0 if kind in ("box", "sphere") else height,
            at=(0.0, 0.0, 0.0),
            rotation=rotation(settings, spec.facing),
            color=color(spec.color, settings, GREY),
            collides=not spec.visual,
        )
        at = settings.vector(spec.at, LENGTH, "at", (0.0, 0.0, _up(part)))
        return replace(part, at=(at[0], at[1], at[2]))

    def grown(self, phrase: Phrase, args: Sequence[ast.Expr]) -> Grown:
        """``conifer { height 9 m; radius 1.6 m; trunk 28 cm }``."""
        spec = self.read(GrownSpec, phrase, args)
        assert isinstance(spec, GrownSpec)
        kind, settings = phrase.word, self.settings
        base = DEFAULTS[kind]
        for key, has in (("height", base.height > 0), ("length", base.length > 0), ("trunk", base.trunk > 0)):
            value: Expression | None = getattr(spec, key)
            if value is not None and not has:
                self.report.error("E0206", f"`{kind}` has no `{key}`", value.span, "remove it")
        trunk = settings.positive(spec.trunk, LENGTH, "trunk", 2 * base.trunk)
        own = color(spec.color, settings, base.color)
        bark = base.bark if kind != "rock" else own
        return Grown(
            kind=kind,
            height=settings.positive(spec.height, LENGTH, "height", base.height),
            radius=settings.positive(spec.radius, LENGTH, "radius", base.radius),
            length=settings.positive(spec.length, LENGTH, "length", base.length),
            trunk=trunk / 2,
            color=own,
            bark=color(spec.bark, settings, bark),
            rough=share(settings, spec.rough, "rough", base.rough),
            variety=settings.whole(spec.variety, "variety", 1),
        )

    def read(self, model: type[PartSpec | GrownSpec], phrase: Phrase, args: Sequence[ast.Expr]) -> object:
        """The keys of a thing written in place."""
        reader = StatementReader()
        statement = phrase.statement
        block = reader.block(model, statement.body or (), statement.key_span, args)
        self.report.diagnostics.extend(reader.diagnostics)
        if any(item.severity == "error" for item in reader.diagnostics):
            raise PhraseError
        return block


def label_of(pattern: str) -> str:
    """The semantic class of files: ``rock`` for ``assets/rock_*.usd`` and ``rock_1.usd``."""
    stem = Path(pattern).name.partition("*")[0] if "*" in pattern else Path(pattern).stem
    return stem.rstrip("0123456789").rstrip("_-. ") or Path(pattern).stem


def _across(part: Part) -> float:
    """Radius of the vertical cylinder about a part's middle that holds it, of the sphere where it is turned."""
    if part.rotation != IDENTITY:
        return _diagonal(part)
    return hypot(part.size[0], part.size[1]) / 2 if part.kind == "box" else part.radius


def _up(part: Part) -> float:
    """From a part's middle to its top."""
    if part.rotation != IDENTITY:
        return _diagonal(part)
    if part.kind == "box":
        return part.size[2] / 2
    caps = part.radius if part.kind == "capsule" else 0.0
    return part.radius if part.kind == "sphere" else part.height / 2 + caps


def _diagonal(part: Part) -> float:
    if part.kind == "box":
        return hypot(*part.size) / 2
    if part.kind == "sphere":
        return part.radius
    return part.height / 2 + part.radius if part.kind == "capsule" else hypot(part.radius, part.height / 2)
