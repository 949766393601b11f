"""Rules of layers, zones, classes and maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.scenes.names import Names
from stripe_dsl.check.scenes.words import PhraseError, Words
from stripe_dsl.ir.rules import (
    SOLID,
    Around,
    Avoid,
    Between,
    Combine,
    Fade,
    Gauss,
    Limit,
    Near,
    Patches,
    Rule,
    Scale,
    Within,
)
from stripe_dsl.spec.phrases import COMPARISONS
from stripe_dsl.spec.values import Expression, Phrase
from stripe_dsl.syntax import ast
from stripe_dsl.units import DIMENSIONLESS, Dimension

FORMS = {
    "must": "must slope < 38 deg",
    "near": "near canopy 1.4 m to 11 m",
    "avoid": "avoid start by 4 m",
    "fade": "fade canopy 0.5 m to 2 m",
    "within": "within clearing",
    "patches": "patches 40 %, feature 6 m",
    "suit": "suit wetness",
    "combine": 'combine python "package.module:function"',
    "around": "around solid 7 m, penalty 0.45",
}
SOFT = 0.8
"""A soft limit has no effect up to this share of it."""


class Rules:
    """Reads the rules of one block.

    Args:
        user: the zone or layer whose rules they are; ``None`` for maps and classes, which stand behind all.
        hard: limits are hard: in zones and classes, which hold or do not.
        placing: the block places things: ``avoid``, ``combine`` and ``must`` have a meaning.
    """

    def __init__(
        self, settings: Settings, names: Names, user: str | None, *, hard: bool = False, placing: bool = False
    ) -> None:
        self.settings = settings
        self.report = settings.report
        self.names = names
        self.user = user
        self.hard = hard
        self.placing = placing

    def all(self, phrases: Sequence[Phrase]) -> tuple[Rule, ...]:
        """The rules of a block, without those that are wrong."""
        found = []
        for phrase in phrases:
            try:
                rule = self.rule(phrase)
            except PhraseError:
                continue
            if rule is not None:
                found.append(rule)
        return tuple(found)

    def rule(self, phrase: Phrase) -> Rule | None:
        """One rule."""
        args = phrase.args
        if phrase.broken:
            return None
        if phrase.word == "must":
            return self.must(phrase)
        first = args[0] if args else None
        if isinstance(first, ast.Binary) and first.op in COMPARISONS and len(args) == 1:
            return self.limit(phrase, first, hard=self.hard)
        if phrase.word in FORMS:
            return getattr(self, phrase.word)(phrase, Words(self.settings, phrase, FORMS[phrase.word]))
        return self.of_field(phrase)

    # ---- of a field

    def must(self, phrase: Phrase) -> Rule | None:
        """``must slope < 38 deg``."""
        first = phrase.args[0] if phrase.args else None
        if not (isinstance(first, ast.Binary) and first.op in COMPARISONS and len(phrase.args) == 1):
            raise Words(self.settings, phrase, FORMS["must"]).fail("`must` stands before a comparison")
        return self.limit(phrase, first, hard=True)

    def limit(self, phrase: Phrase, comparison: ast.Binary, *, hard: bool) -> Rule | None:
        """``slope < 38 deg``."""
        if comparison.op in ("==", "!="):
            help = "write `<` or `>`, or a range such as `height 1..3 m`"
            self.report.error("E0309", f"a rule has no `{comparison.op}`", comparison.op_span, help)
            return None
        name = self.field_name(comparison.left)
        dim = None if name is None else self.names.dimension(name, comparison.left.span, self.user)
        if dim is None or name is None:
            return None
        value = self.settings.number(Expression(comparison.right), dim, name)
        if value is None:
            return None
        below = comparison.op.startswith("<")
        ramp = 0.0 if hard else (1 - SOFT) * abs(value)
        one = value - ramp if below else value + ramp
        return Limit(text=str(phrase), span=phrase.span, name=name, below=below, one=one, zero=value)

    def field_name(self, node: ast.Expr) -> str | None:
        """``slope`` or ``canopy.cover``."""
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Field) and isinstance(node.object, ast.Name):
            return f"{node.object.id}.{node.name}"
        if not isinstance(node, ast.Broken):
            help = "as in `slope < 38 deg` or `canopy.distance > 2 m`"
            self.report.error("E0309", "a rule begins with a field", node.span, help)
        return None

    def of_field(self, phrase: Phrase) -> Rule | None:
        """``moisture 0.16 +- 0.26`` and ``height 1..3 m``."""
        subject = phrase.statement.target or ast.Name(phrase.statement.key_span, phrase.word)
        name = self.field_name(subject)
        value = phrase.args[0] if len(phrase.args) == 1 else None
        if name is None:
            return None
        dim = self.names.dimension(name, subject.span, self.user)
        if dim is None:
            return None
        if isinstance(value, ast.Range):
            pair = self.settings.pair(Expression(value), dim, name)
            if pair is None:
                return None
            if pair[0] > pair[1]:
                self.report.error("E0308", f"the range of `{name}` is empty", value.span, "write the smaller end first")
                return None
            return Between(text=str(phrase), span=phrase.span, name=name, low=pair[0], high=pair[1])
        if isinstance(value, ast.Binary) and value.op == "+-":
            return self.gauss(phrase, name, dim, value)
        help = f"write `{name} < …`, `{name} mean +- deviation` or `{name} low..high`"
        self.report.error("E0309", f"`{name}` stands without a comparison", phrase.span, help)
        return None

    def gauss(self, phrase: Phrase, name: str, dim: Dimension, value: ast.Binary) -> Rule | None:
        """``moisture 0.16 +- 0.26``; a unit behind the second number alone holds for both."""
        left, right = value.left, value.right
        if isinstance(left, ast.Number) and isinstance(right, ast.Number) and right.unit and not left.unit:
            left = replace(left, unit=right.unit, unit_span=right.unit_span)
        mean = self.settings.number(Expression(left), dim, name)
        std = self.settings.number(Expression(right), dim, name)
        if mean is None or std is None:
            return None
        if std <= 0:
            self.report.error("E0309", "the deviation behind `+-` is above zero", right.span)
            return None
        return Gauss(text=str(phrase), span=phrase.span, name=name, mean=mean, std=std)

    # ---- of distances and others

    def target(self, words: Words, *, zone: bool = False) -> str:
        """The zone, layer or water that a rule speaks of."""
        name = words.name("a zone or layer")
        if zone and name.id in self.names.kinds and self.names.kinds[name.id] != "zone":
            kind = self.names.kinds[name.id]
            what = f"`{name.id}` is {'water' if kind == 'water' else 'a layer'}, not a zone"
            self.report.error("E0309", what, name.span, f"write `near {name.id} 2 m`")
            raise PhraseError
        if not self.names.target(name.id, name.span, self.user):
            raise PhraseError
        return name.id

    def near(self, phrase: Phrase, words: Words) -> Rule:
        """``near canopy 1.4 m to 11 m``; twice the distance where no end is given."""
        target, full = self.target(words), words.length("the distance", zero=False)
        none = words.length("the end") if words.maybe("to") else 2 * full
        words.end()
        self.ordered(phrase, full, none)
        return Near(text=str(phrase), span=phrase.span, target=target, full=full, none=none)

    def fade(self, phrase: Phrase, words: Words) -> Rule:
        """``fade canopy 0.5 m to 2 m``."""
        target, none = self.target(words), words.length("the distance")
        words.need("to")
        full = words.length("the end")
        words.end()
        self.ordered(phrase, none, full)
        return Fade(text=str(phrase), span=phrase.span, target=target, none=none, full=full)

    def ordered(self, phrase: Phrase, low: float, high: float) -> None:
        """Two distances of which the second is larger."""
        if high <= low:
            message = f"`{phrase.word}` ends at {high:g} m, before it begins at {low:g} m"
            self.report.error("E0308", message, phrase.span, "write the smaller distance first")
            raise PhraseError

    def avoid(self, phrase: Phrase, words: Words) -> Rule:
        """``avoid start by 4 m``."""
        target = self.target(words)
        distance = words.length("the distance") if words.maybe("by") else 0.0
        words.end()
        return Avoid(text=str(phrase), span=phrase.span, target=target, distance=distance)

    def within(self, phrase: Phrase, words: Words) -> Rule:
        """``within clearing`` and ``within clearing by 2 m``."""
        zone = self.target(words, zone=True)
        distance = words.length("the distance") if words.maybe("by") else 0.0
        words.end()
        return Within(text=str(phrase), span=phrase.span, zone=zone, distance=distance)

    def patches(self, phrase: Phrase, words: Words) -> Rule:
        """``patches 40 %, feature 6 m, edge 10 %``."""
        share = self.fraction(words, "the share")
        feature, edge = 6.0, 0.1
        while (key := words.maybe("feature", "edge")) is not None:
            if key == "feature":
                feature = words.length("the feature", zero=False)
            else:
                edge = self.fraction(words, "the edge")
        words.end()
        return Patches(text=str(phrase), span=phrase.span, share=share, feature=feature, edge=edge)

    def fraction(self, words: Words, what: str) -> float:
        """A share in 0..1."""
        value = words.peek()
        found = words.number(DIMENSIONLESS, what)
        if not 0 <= found <= 1:
            raise words.fail(f"{what} is between 0 % and 100 %", value.span if value else None)
        return found

    def suit(self, phrase: Phrase, words: Words) -> Rule:
        """``suit wetness``."""
        node = words.next("a field")
        name = self.field_name(node)
        dim = None if name is None else self.names.dimension(name, node.span, self.user)
        words.end()
        if dim is None or name is None:
            raise PhraseError
        if dim != DIMENSIONLESS:
            message = f"`{name}` is no share: it has a unit"
            self.report.error("E0403", message, node.span, f"compare it, as in `{name} < …`")
            raise PhraseError
        return Scale(text=str(phrase), span=phrase.span, name=name)

    def combine(self, phrase: Phrase, words: Words) -> Rule:
        """``combine python "package.module:function" of moisture slope``."""
        words.need("python")
        reference = python_reference(self.settings, words.next("a function"))
        fields: list[str] = []
        if words.maybe("of"):
            while words.peek() is not None:
                node = words.next("a field")
                name = self.field_name(node)
                if name is None or self.names.dimension(name, node.span, self.user) is None:
                    raise PhraseError
                fields.append(name)
        words.end()
        return Combine(text=str(phrase), span=phrase.span, python=reference, names=tuple(fields))

    def around(self, phrase: Phrase, words: Words) -> Rule:
        """``around solid 7 m, penalty 0.45``."""
        target, reach = self.target(words), words.length("the distance", zero=False)
        penalty = self.fraction(words, "the penalty") if words.maybe("penalty") else 1.0
        words.end()
        return Around(text=str(phrase), span=phrase.span, target=target, reach=reach, penalty=penalty)


def python_reference(settings: Settings, node: ast.Expr) -> str:
    """``package.module:function``."""
    import re

    text = node.value if isinstance(node, ast.String) else ""
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", text):
        help = 'write `python "package.module:function"`'
        settings.report.error("E0309", "a function of Python is named by its module", node.span, help)
        raise PhraseError
    return text


def needs(rules: Sequence[Rule]) -> list[str]:
    """Zones, layers and water that rules read, in order, each once."""
    found: dict[str, None] = {}
    for rule in rules:
        match rule:
            case Near(target=name) | Fade(target=name) | Avoid(target=name) | Around(target=name) | Within(zone=name):
                found.setdefault(name)
            case Limit(name=name) | Between(name=name) | Gauss(name=name) | Scale(name=name) if "." in name:
                found.setdefault(name.partition(".")[0])
            case Combine(names=names):
                for name in names:
                    if "." in name:
                        found.setdefault(name.partition(".")[0])
    found.pop(SOLID, None)
    return list(found)
