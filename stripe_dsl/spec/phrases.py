"""Lines of property blocks that are kept as they are: rules, assets, spots and the like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stripe_dsl.source import Span
from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.builder import Builder
from stripe_dsl.spec.fields import Shape, Slot, slots
from stripe_dsl.spec.stray import report_stray
from stripe_dsl.spec.values import Expression, Phrase, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean

if TYPE_CHECKING:
    from stripe_dsl.spec.read import StatementReader

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
PHRASED = ("require",)
"""Keys of phrases in blocks that hold no others."""
SEVERAL = ("avoid", "near", "fade", "within", "suit", "assets", "dead", "require")
"""Words behind which a comma begins another phrase: ``avoid start by 4 m, trail by 1 m``."""


def gathered(
    reader: StatementReader,
    model: type[Block],
    statement: ast.Statement,
    values: dict[str, Any],
    spans: dict[str, Span],
) -> bool:
    """Reads a line that the block keeps as a phrase; whether it is one."""
    attribute = model.gathers.get(statement.key)
    if attribute is None and model.compares and statement.key not in slots(model) and _compares(statement):
        attribute = model.compares
    if attribute is not None:
        _add(values, attribute, _lines(reader, statement))
        return True
    slot = slots(model).get(statement.key)
    if slot is None or slot.shape not in (Shape.PHRASE, Shape.PHRASES):
        return False
    text = Text(statement.key, statement.key_span)
    if slot.attribute in (*model.gathers.values(), model.compares):
        reader.unknown_key(model, statement.key, statement.key_span)
        return True
    if slot.shape is Shape.PHRASE:
        phrase = phrase_of(reader, text, reader.arguments(statement), statement.body)
        if phrase is not None:
            reader.store(values, spans, slot, text, phrase)
        return True
    _add(values, slot.attribute, phrases_of(reader, text, reader.arguments(statement), statement.body))
    return True


def phrases_of(
    reader: StatementReader, key: Text, args: Sequence[ast.Expr], body: tuple[ast.Statement, ...] | None = None
) -> list[Phrase]:
    """The phrases behind a key, which commas part; a block belongs to the last one."""
    args = flattened(args)
    parts = _split(args) if key in SEVERAL else [args]
    found = [phrase_of(reader, key, part, body if part is parts[-1] else None) for part in parts]
    return [phrase for phrase in found if phrase is not None]


def phrase_of(
    reader: StatementReader, key: Text, args: Sequence[ast.Expr], body: tuple[ast.Statement, ...] | None = None
) -> Phrase | None:
    """The phrase that some values make; ``None`` after a mistake was reported."""
    args = flattened(args)
    if not args:
        reader.needs_value(key)
        return None
    first, rest = args[0], tuple(args[1:])
    if isinstance(first, ast.Broken):
        return None
    span = first.span.to(args[-1].span)
    if isinstance(first, ast.Binary) and first.op in COMPARISONS and not rest:
        left = first.left
        word = left.id if isinstance(left, ast.Name) else ""
        target = None if word else left
        return Phrase(ast.Statement(span, word, left.span, target, (first,), body=body))
    if isinstance(first, ast.Name):
        return Phrase(ast.Statement(span, first.id, first.span, None, rest, body=body))
    if isinstance(first, ast.String):
        return Phrase(ast.Statement(span, first.value, first.span, first, rest, body=body))
    if isinstance(first, ast.Field):
        return Phrase(ast.Statement(span, "", first.span, first, rest, body=body))
    reader.error("E0309", "a word or a string is wanted here", first.span)
    return None


def in_place(builder: Builder, model: type[Block], slot: Slot, phrases: Sequence[Phrase]) -> list[Phrase]:
    """The phrases of a YAML file that may stand in a field; others are reported."""
    known = [word for word, attribute in model.gathers.items() if attribute == slot.attribute]
    kept = []
    for phrase in phrases:
        if _misplaced(model, slot, phrase):
            helps = did_you_mean(phrase.word, known, listing=True)
            builder.error("E0206", f"`{phrase}` is none of the `{slot.attribute}`", phrase.span, *helps)
        else:
            kept.append(phrase)
    return kept


def _misplaced(model: type[Block], slot: Slot, phrase: Phrase) -> bool:
    """Whether a phrase would not be one of that field in a ``.stripe`` file."""
    if slot.attribute not in (*model.gathers.values(), model.compares):
        return False
    statement = phrase.statement
    if any(isinstance(item, ast.Broken) for item in statement.args):
        return False
    if model.gathers.get(phrase.word) == slot.attribute and not isinstance(statement.target, ast.String):
        return statement.op != ""
    return slot.attribute != model.compares or phrase.word in slots(model) or not _compares(statement)


def flattened(args: Sequence[ast.Expr]) -> list[ast.Expr]:
    """Values one by one, where several that stand right of ``=`` are one list without parentheses."""
    from stripe_dsl.syntax.unparse import is_bare

    out: list[ast.Expr] = []
    for arg in args:
        out.extend(arg.items if isinstance(arg, ast.Tuple) and not arg.unit and is_bare(arg) else (arg,))
    return out


def read_size(statement: ast.Statement) -> ast.Statement:
    """``size 50 m x 50 m`` as ``size (50 m, 50 m)``."""
    args = statement.args
    if len(args) == 3 and isinstance(args[1], ast.Name) and args[1].id == "x":
        vector = ast.Tuple(args[0].span.to(args[2].span), (args[0], args[2]))
        return replace(statement, args=(vector,))
    return statement


def read_use(reader: StatementReader, model: type[Block], statement: ast.Statement) -> Block:
    """``scene forest.pine_forest { stems = 300 /ha }`` in a task: the scene and what is given for its parameters."""
    values: dict[str, Any] = {"use": Expression(statement.args[0])}
    for extra in statement.args[1:]:
        report_stray(reader, model, extra)
    values["given"] = reader.entries(statement.body or ())
    return reader.finish(model, values, statement.key_span)


def _compares(statement: ast.Statement) -> bool:
    """Whether a line of an unknown key is a comparison, or a field with a range or a mean and a deviation."""
    if statement.body is not None or statement.op or len(statement.args) != 1:
        return False
    value = statement.args[0]
    return isinstance(value, ast.Range) or (isinstance(value, ast.Binary) and value.op in (*COMPARISONS, "+-"))


def _lines(reader: StatementReader, statement: ast.Statement) -> list[Phrase]:
    """The phrases of a line that is kept with its first word."""
    if statement.op:
        reader.error("E0101", f"`{statement.op}` has no meaning here", statement.key_span, "remove it")
        return []
    parts = _split(list(statement.args)) if statement.key in SEVERAL else [list(statement.args)]
    out = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        span = statement.key_span.to(part[-1].span) if part else statement.span
        out.append(Phrase(replace(statement, span=span, args=tuple(part), body=statement.body if last else None)))
    return out


def _split(args: list[ast.Expr]) -> list[list[ast.Expr]]:
    """Values in groups, which commas part."""
    parts: list[list[ast.Expr]] = [[]]
    for arg in args:
        before = parts[-1][-1].span if parts[-1] else None
        if before is not None and "," in arg.span.source.text[before.end : arg.span.start].split("#")[0]:
            parts.append([])
        parts[-1].append(arg)
    return parts


def _add(values: dict[str, Any], attribute: str, phrases: list[Phrase]) -> None:
    values.setdefault(attribute, []).extend(phrases)
