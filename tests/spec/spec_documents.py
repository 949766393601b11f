"""Documents for tests: generated ones, and when two say the same."""

from __future__ import annotations

from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from stripe_dsl.source import SourceFile
from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.builder import OBSERVED
from stripe_dsl.spec.document import Document, FunctionSpec, ParameterSpec, Placed, RandomizeSpec, RewardSpec, TaskSpec
from stripe_dsl.spec.fields import NAMED_BY_REFERENCE, Shape, Slot, slots
from stripe_dsl.spec.values import Expression, Phrase, Text, Update
from stripe_dsl.syntax.parser import parse_expression, parse_phrase


def same(left: Any, right: Any) -> bool:
    """Whether two parts of documents say the same; where they stand does not count."""
    if isinstance(left, Block) or isinstance(right, Block):
        return type(left) is type(right) and all(
            same(getattr(left, name), getattr(right, name)) for name in type(left).model_fields
        )
    if isinstance(left, dict):
        return isinstance(right, dict) and left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


# ---- generated documents

# `no`, `on`, `null` and the like are words of YAML, the others keywords of the language in other places.
NAMES = st.one_of(
    st.sampled_from(
        ["no", "on", "y", "null", "true", "none", "any", "reward", "task", "per", "extends", "noise", "x_1"]
    ),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True),
).filter(lambda name: name not in ("and", "or", "not", "if", "else", "where", "override"))

TEXTS = st.one_of(
    st.sampled_from(
        [".*_leg", "a.usda", "no", "~", "null", "1:30", "010", "*x", "&x", "<<", "a: b", '"', "'", "\\d+\\", ""]
    ),
    st.text(st.characters(exclude_characters="\r"), max_size=8),  # no .stripe file holds a carriage return
)

UNITS = st.sampled_from(["", " m", " deg", " m/s", " N*m*s/rad", " /ha", " %", " (m/s)^2"])
NUMBERS = st.builds(
    "{}{}".format, st.one_of(st.integers(0, 10**6), st.floats(0, 1e6, allow_nan=False).map("{:.6f}".format)), UNITS
)
WORDS = st.sampled_from(["x", "failed", "slider", "joints", "default", "none", "true", "no", "null", "off", "goal"])
PATHS = st.one_of(
    WORDS,
    st.sampled_from(
        ["slider.pos", "base.lin_vel@body.xy", "touch[feet].force@world", "touch[a, b].force", "base.pos.z"]
    ),
)
ATOMS = st.one_of(NUMBERS, PATHS, st.sampled_from(['"text"', '"a: # b"', "-1", "-0.5 m"]))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "<", ">=", "==", "and", "or", "..", "if", "where"])
    return st.one_of(
        st.builds("({}) {} ({})".format, inner, operators, inner),
        st.builds("({}) if ({}) else ({})".format, inner, inner, inner),
        st.builds("|{}|".format, inner),
        st.builds("-({})".format, inner),
        st.builds("not ({})".format, inner),
        st.builds("+-({})".format, inner),
        st.builds("({})^2".format, inner),
        st.builds("max({}, {}, a = {})".format, inner, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
    )


def expression(text: str) -> Expression:
    node, diagnostics = parse_expression(SourceFile("<test>", text), 0, len(text))
    assume(not diagnostics)
    return Expression(node)


def phrase(text: str) -> Phrase:
    statement, diagnostics = parse_phrase(SourceFile("<test>", text), 0, len(text))
    assert not diagnostics, text
    return Phrase(statement)


PHRASES = {
    "rules": ["slope < 38 deg", "must slope < a.b", "moisture 0.16 +- 0.26", "height 1..3 m", "canopy.cover > 20 %"]
    + ["avoid", "avoid start by 4 m", "fade canopy 0.5 m to 2 m", "around solid 7 m penalty 0.45", "x.y -1..2 m"],
    "spots": ["at (5, 5) m facing 90 deg", "grid 4 x 6 spaced (4, 3) m", "along trail every 5 m", "ring"],
    "parts": ['cone { radius 1 m; color "#126B12" }', "box size (1, 2, 3) m", "conifer"],
    "assets": ['"rock_*.usd" 55 %', "pine", "plants.pine 3", "cone 5 { radius 1 m; at (0, 0, 2) m }", '"" 2'],
    "require": ["start reaches trail", "count rocks > 5", "cover canopy 20..40 %", "count canopy.pine 3..8"],
    "shape": ["circle 6 m at spawn", "circle at spawn", "polygon (0, 0) (5, 0) (5, 5)", "x < 3"],
}
PHRASES |= {"dead": PHRASES["assets"], "solid": ["trunk 20 cm", "hull", "x 1..2"]}
PHRASES |= {"source": ['"wet.npy" unit 1 m', 'python "a:b"', '"depth.png"']}


EXPRESSION_TEXTS = st.recursive(ATOMS, _larger, max_leaves=5)


@st.composite
def expressions(draw: st.DrawFn) -> Expression:
    return expression(draw(EXPRESSION_TEXTS))


EXPRESSIONS = expressions()
TYPES = st.sampled_from(["number", "vec3@body", "numbers [rad]", "vec2 [m/s or rad/s]", "vec3@world [m]", "sensor"])
REFERENCES = st.sampled_from(["go2", "robots.go2", "no"])
PLACES = st.sampled_from(["slider.pos", "joints.vel", "base.pose", "base.lin_vel@world.x", "x", "touch[a].b", "no"])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any document, with few of the keys of each block."""
    return _block(draw, Document)  # type: ignore[return-value]


def _block(draw: st.DrawFn, model: type[Block]) -> Block:
    table = {slot.attribute: slot for slot in slots(model).values()}
    if model is Item:
        table = {key: slot for key, slot in table.items() if key in OBSERVED}
    elif issubclass(model, Entry):
        del table["value"]
    chosen = draw(st.lists(st.sampled_from(sorted(table)), max_size=6, unique=True))
    values = {name: _field(draw, model, table[name]) for name in chosen}
    if issubclass(model, Entry):
        values["value"] = draw(EXPRESSIONS)
    if model is FunctionSpec:
        values["value"] = draw(EXPRESSIONS)
    if model.others:
        names = [name for name in draw(st.lists(NAMES, max_size=2, unique=True)) if name not in slots(model)]
        values[model.others] = {Text(name): draw(EXPRESSIONS) for name in names}
    if model is ParameterSpec and "type" in values:
        values["type"] = expression(draw(TYPES))
    if model is RewardSpec:  # a name is a term of one kind only
        once, per_second = values.get("once", {}), values.get("per_second", {})
        values["once"] = {name: term for name, term in once.items() if name not in per_second}
    return model.model_construct(None, **values)


def _field(draw: st.DrawFn, model: type[Block], slot: Slot) -> Any:
    match slot.shape:
        case Shape.EXPRESSION:
            return expression(draw(REFERENCES)) if slot.attribute == "extends" else draw(EXPRESSIONS)
        case Shape.UPDATE:
            return Update(draw(EXPRESSIONS).node, draw(st.sampled_from(["=", "+=", "*="])))
        case Shape.TEXT:
            return Text(draw(TEXTS))
        case Shape.FLAG:
            return draw(st.booleans())
        case Shape.EXPRESSIONS:
            return draw(st.lists(EXPRESSIONS, max_size=3))
        case Shape.PHRASE:
            return phrase(draw(st.sampled_from(PHRASES[slot.attribute])))
        case Shape.PHRASES:
            return list(map(phrase, draw(st.lists(st.sampled_from(PHRASES[slot.attribute]), max_size=3))))
        case Shape.TEXTS:
            return [Text(text) for text in draw(st.lists(TEXTS, max_size=3))]
        case Shape.ITEMS:
            return [_item(draw, name=draw(st.booleans())) for _ in range(draw(st.integers(0, 3)))]
        case Shape.MAP:
            return _map(draw, model, slot)
        case Shape.REFERENCE if draw(st.booleans()):
            return expression(draw(REFERENCES))
    assert slot.block is not None
    return _block(draw, slot.block)


def _item(draw: st.DrawFn, *, name: bool = False, offset: bool = False) -> Block:
    item = _block(draw, Item)
    update: dict[str, Any] = {"name": Text(draw(NAMES))} if name else {}
    if offset:
        update |= {key: draw(EXPRESSIONS) for key in draw(st.sets(st.sampled_from(("offset", "limit", "close"))))}
    return item.model_copy(update=update)


def _map(draw: st.DrawFn, model: type[Block], slot: Slot) -> dict[Text, Any]:
    assert slot.inner is not None
    keys = NAMES
    if slot.attribute == "every" and slot.inner.shape is Shape.MAP:
        keys = st.sampled_from(["10..15 s", "3 s", "low..high", "0.5..1.5 s"])
    elif slot.attribute in ("reset", "curriculum") or model is RandomizeSpec:
        keys = PLACES
    elif slot.attribute in ("pose", "joint", "joints", "body", "bodies", "link", "actuator"):
        keys = TEXTS
    out: dict[Text, Any] = {}
    for name in draw(st.lists(keys, max_size=2, unique=True)):
        if slot.inner.shape is Shape.BLOCK and slot.inner.block is Item:
            value: Any = _item(draw, offset=draw(st.booleans()))
        elif model is TaskSpec and slot.attribute in NAMED_BY_REFERENCE:
            at = expression("(1, 2, 0.5) m") if draw(st.booleans()) else None
            value = Placed.model_construct(None, value=expression(draw(REFERENCES)), at=at, facing=None)
        else:
            value = _field(draw, model, slot.inner)
        out[Text(name)] = value
    return out
