"""Reads the words of a phrase one by one, and the values that scenes need beside those of all settings."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from stripe_dsl.check.constants import Settings
from stripe_dsl.source import Span
from stripe_dsl.spec.values import Expression, Phrase
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS, LENGTH, Dimension, UnitError, parse_unit

type Point = tuple[float, float]
type Pair = tuple[float, float]


class PhraseError(Exception):
    """A phrase was reported; what it would have made is left out."""


class Words:
    """The values of a phrase behind its first word.

    Every method takes what it is called for from the front, or reports that it is missing and raises
    :class:`PhraseError`.

    Args:
        form: the phrase as it should be, for messages.
    """

    def __init__(self, settings: Settings, phrase: Phrase, form: str, args: tuple[ast.Expr, ...] | None = None) -> None:
        from stripe_dsl.spec.phrases import flattened

        self.settings = settings
        self.phrase = phrase
        self.form = form
        self.rest = flattened(phrase.args if args is None else args)

    def fail(self, message: str, span: Span | None = None, code: str = "E0309") -> PhraseError:
        """Reports a mistake; to be raised."""
        if not any(isinstance(item, ast.Broken) for item in self.phrase.args):
            self.settings.report.error(code, message, span or self.phrase.span, f"write `{self.form}`")
        return PhraseError()

    def next(self, what: str) -> ast.Expr:
        """The next value, whatever it is."""
        if not self.rest:
            raise self.fail(f"`{self.phrase}` does not say {what}", code="E0214")
        return self.rest.pop(0)

    def peek(self) -> ast.Expr | None:
        """The next value, left where it is."""
        return self.rest[0] if self.rest else None

    def name(self, what: str) -> ast.Name:
        """A name."""
        value = self.next(what)
        if not isinstance(value, ast.Name):
            raise self.fail(f"{what} is a name here", value.span)
        return value

    def maybe(self, *words: str) -> str | None:
        """The next word where it is one of these."""
        first = self.peek()
        if isinstance(first, ast.Name) and first.id in words:
            self.rest.pop(0)
            return first.id
        return None

    def need(self, word: str) -> None:
        """A word that has to stand here."""
        value = self.next(f"`{word}`")
        if not (isinstance(value, ast.Name) and value.id == word):
            raise self.fail(f"`{word}` is missing before `{value.span.text}`", value.span)

    def number(self, dim: Dimension, what: str) -> float:
        """A number in SI units."""
        value = self.next(what)
        found = self.settings.number(Expression(value), dim, what.removeprefix("the "))
        if found is None:
            raise PhraseError
        return found

    def length(self, what: str, *, zero: bool = True) -> float:
        """A length that is not negative [m]."""
        value = self.peek()
        found = self.number(LENGTH, what)
        if found < 0 or (found == 0 and not zero):
            raise self.fail(f"{what} is {'not negative' if zero else 'above zero'}", value.span if value else None)
        return found

    def whole(self, what: str) -> int:
        """A whole number of at least one."""
        value = self.next(what)
        before = len(self.settings.report.diagnostics)
        found = self.settings.whole(Expression(value), what, 1)
        if len(self.settings.report.diagnostics) > before:
            raise PhraseError
        return found

    def point(self, what: str) -> Point:
        """A point of the scene [m]."""
        found = point(self.settings, Expression(self.next(what)), what.removeprefix("the ").removeprefix("a "))
        if found is None:
            raise PhraseError
        return found

    def end(self) -> None:
        """Nothing may follow."""
        if self.rest:
            extra = self.rest[0]
            text = extra.id if isinstance(extra, ast.Name) else ""
            known = [word for word in self.form.replace(",", " ").split() if word.isalpha()]
            helps = did_you_mean(text, known) if text else ()
            self.settings.report.error(
                "E0309",
                f"`{extra.span.text}` has no meaning in `{self.phrase.word}`",
                extra.span,
                *(helps or (f"write `{self.form}`",)),
            )
            raise PhraseError


def in_metres(value: Expression) -> Expression:
    """Coordinates without a unit are metres: ``(5, 5)`` is ``(5, 5) m``."""
    node = value.node
    plain = isinstance(node, ast.Tuple) and not node.unit
    if plain and all(isinstance(item, ast.Number) and not item.unit for item in node.items):  # type: ignore[union-attr]
        return Expression(replace(node, unit="m", unit_span=node.span))  # type: ignore[arg-type]
    return value


def point(settings: Settings, value: Expression, what: str) -> Point | None:
    """A point of a scene [m]; ``None`` after a mistake was reported."""
    found = settings.pair_of(in_metres(value), LENGTH, what)
    return found if found is None or all(map(isfinite, found)) else None


def interval(
    settings: Settings,
    value: Expression | None,
    dim: Dimension,
    key: str,
    fallback: Pair,
    *,
    least: float | None = None,
    most: float | None = None,
) -> Pair:
    """A range in SI units, or one number for both of its ends; ``fallback`` where it is absent or wrong."""
    if value is None:
        return fallback
    if isinstance(value.node, ast.Range):
        found = settings.pair(value, dim, key)
    else:
        number = settings.number(value, dim, key)
        found = None if number is None else (number, number)
    if found is None:
        return fallback
    if found[0] > found[1]:
        settings.report.error("E0308", f"the range of `{key}` is empty", value.span, "write the smaller end first")
        return fallback
    if (least is not None and found[0] < least) or (most is not None and found[1] > most):
        bounds = f"at least {least:g}" if most is None else f"between {least or 0:g} and {most:g}"
        shown = "between 0 % and 100 %" if dim == DIMENSIONLESS and most == 1 else bounds
        settings.report.error("E0309", f"`{key}` has to be {shown}", value.span)
        return fallback
    return found


def is_length(settings: Settings, value: Expression | None) -> bool:
    """Whether a key that takes a share or a length has the latter: a number with a unit of it, or a parameter."""
    node = value.node if value is not None else None
    if isinstance(node, ast.Name) and node.id in settings.lowering.scope.params:
        return is_length(settings, settings.lowering.scope.params[node.id])
    node = node.high if isinstance(node, ast.Range) else node
    try:
        return isinstance(node, ast.Number) and parse_unit(node.unit or "1").dimension == LENGTH
    except UnitError:  # what is wrong with it is said where it is read
        return False


def share(settings: Settings, value: Expression | None, key: str, fallback: float) -> float:
    """A share in 0..1."""
    return interval(settings, value, DIMENSIONLESS, key, (fallback, fallback), least=0.0, most=1.0)[0]
