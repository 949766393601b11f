"""Random trees of the kind that the parser makes, and random damage to texts."""

from __future__ import annotations

from hypothesis import strategies as st

from stripe_dsl.source import SourceFile, Span
from stripe_dsl.syntax.ast import (
    Binary,
    Braces,
    Call,
    Expr,
    Field,
    Frame,
    If,
    Index,
    List,
    Name,
    Norm,
    Number,
    Option,
    Range,
    Statement,
    String,
    Tuple,
    Unary,
    Where,
)

HERE = Span(SourceFile("random", ""), 0, 0)

words = st.sampled_from(
    ["a", "joints", "pos", "v", "default", "any", "failed", "x_1", "reward", "scene", "track", "exp2"]
)
units = st.sampled_from(["m", "m/s", "N*m/rad", "/s", "/(N*m)^2", "(m/s)^2", "%", "deg", "kg*m^2", "m^-1", "/m2"])
values = st.floats(min_value=0, max_value=1e12, allow_nan=False) | st.integers(0, 4096).map(float)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=8)


def number(value: float, unit: str) -> Number:
    return Number(HERE, value, unit, HERE if unit else None)


names = words.map(lambda word: Name(HERE, word))
numbers = st.builds(number, values, st.just("") | units)
strings = texts.map(lambda text: String(HERE, text))


def negative(operand: Expr) -> Expr:
    """A minus as the parser builds it: it becomes part of a number."""
    if isinstance(operand, Number) and not str(operand.value).startswith("-"):
        return number(-operand.value, operand.unit)
    return Unary(HERE, "-", operand)


def symmetric(high: Expr) -> Range:
    return Range(HERE, negative(high), high, symmetric=True)


def paths(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """Names with what may follow them."""

    def extend(base: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        items = st.lists(inner, min_size=1, max_size=2).map(tuple)
        keywords = st.lists(st.tuples(names, inner), max_size=1).map(tuple)
        return (
            st.builds(Field, st.just(HERE), base, words, st.just(HERE))
            | st.builds(Frame, st.just(HERE), base, words, st.just(HERE))
            | st.builds(Index, st.just(HERE), base, items)
            | st.builds(Call, st.just(HERE), base, st.lists(inner, max_size=2).map(tuple), keywords)
        )

    return st.recursive(names, extend, max_leaves=2)


def compounds(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    here = st.just(HERE)
    arithmetic = st.sampled_from(["+", "-", "*", "/", "^", "and", "or", "<", "<=", ">", ">=", "==", "!="])
    pairs = st.lists(inner, min_size=2, max_size=3).map(tuple)
    braces = st.lists(properties(inner), max_size=2).map(lambda body: Braces(HERE, tuple(body)))
    group = st.builds(Tuple, here, pairs) | st.builds(List, here, st.lists(inner, max_size=2).map(tuple))
    return (
        paths(inner)
        | inner.map(negative)
        | inner.map(symmetric)
        | inner.map(lambda operand: Unary(HERE, "not", operand))
        | st.builds(Binary, here, arithmetic, inner, inner, here)
        | st.builds(Range, here, inner, inner)
        | st.builds(If, here, inner, inner, st.none() | inner)
        | st.builds(Where, here, inner, inner)
        | st.builds(Norm, here, inner)
        | st.builds(lambda items, unit: Tuple(HERE, items, unit, HERE), pairs, units)
        | group
        | st.builds(Field, here, group, words, here)
        | braces
    )


def properties(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Statement]:
    """``key value …``, without a block."""
    low = numbers | names | numbers.map(negative)
    arguments = (
        low
        | strings
        | st.builds(Range, st.just(HERE), low, low)
        | low.map(symmetric)
        | names.map(negative)
        | paths(inner)
        | st.builds(Tuple, st.just(HERE), st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Binary, st.just(HERE), st.just("+"), inner, inner, st.just(HERE))
    )
    return st.builds(
        lambda key, args: Statement(HERE, key, HERE, args=tuple(args)), words, st.lists(arguments, max_size=3)
    )


expressions = st.recursive(numbers | names | strings, compounds, max_leaves=12)


def bare(value: Expr, options: list[tuple[str, Expr]]) -> Statement:
    made = tuple(Option(Name(HERE, word), item, HERE) for word, item in options)
    return Statement(HERE, "", HERE, value=value, options=made)


options = st.lists(st.tuples(st.sampled_from(["noise", "clip", "scale", "without"]), expressions), max_size=2)
lines = st.builds(bare, expressions, options)
definitions = st.builds(
    lambda key, op, value: Statement(HERE, key, HERE, op=op, value=value),
    words,
    st.sampled_from(["=", "+=", "*="]),
    expressions,
)


@st.composite
def files(draw: st.DrawFn) -> Statement:
    """A task with a few blocks."""
    body = []
    for keyword in draw(st.lists(st.sampled_from(["observe", "reward", "reset", "sim", "train"]), max_size=4)):
        inside = properties(expressions) if keyword in ("sim", "train") else lines | definitions
        args = tuple(draw(st.lists(names, max_size=2)))
        body.append(Statement(HERE, keyword, HERE, args=args, body=tuple(draw(st.lists(inside, max_size=4)))))
    return Statement(HERE, "task", HERE, args=(Name(HERE, "T"),), body=tuple(body))


@st.composite
def damaged(draw: st.DrawFn, texts: list[str]) -> str:
    """A text with up to four pieces removed, doubled or put in."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(
            st.sampled_from(
                [
                    "",
                    *'{}()[]|"#;\n,.=+-*/^<>@ 5eE_%$&!:\\é',
                    "..",
                    "+-",
                    "2 m",
                    "if",
                    "where",
                    "not",
                    "reward",
                    "2 metrs",
                ]
            )
            | st.just(text[start:end] * 2)
            | st.text(max_size=3)
        )
        text = text[:start] + piece + text[end:]
    return text
