"""What kind of value each field of a block takes, worked out once from its annotation."""

from __future__ import annotations

import types
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeAliasType, Union, get_args, get_origin

from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.values import Expression, Phrase, Text, Update

NAMED_BY_REFERENCE = ("robot", "object")
"""Keys of a task whose entries refer to blocks: `robot arms.panda` is called `panda`."""


class Shape(StrEnum):
    """How a field is written."""

    EXPRESSION = "expression"
    UPDATE = "update"  # an expression, or a change: `+= -1..3 kg`
    TEXT = "text"
    FLAG = "flag"
    EXPRESSIONS = "expressions"
    TEXTS = "texts"
    ITEMS = "items"
    PHRASE = "phrase"
    PHRASES = "phrases"
    BLOCK = "block"
    MAP = "map"
    REFERENCE = "reference"  # an expression, or a block in place


@dataclass(frozen=True, slots=True)
class Slot:
    """One field: its attribute, its shape, and for blocks and maps what is inside.

    ``own`` is a key of the file's own, one of several that a field of the block holds by name.
    """

    attribute: str
    shape: Shape
    block: type[Block] | None = None
    inner: Slot | None = None
    own: bool = False


def is_entry(slot: Slot) -> bool:
    """Whether a value of the field is an expression with options, which may stand on one line."""
    return slot.shape is Shape.BLOCK and slot.block is not None and issubclass(slot.block, Entry)


@cache
def slots(model: type[Block]) -> dict[str, Slot]:
    """The fields of a block by the word that users write; the one for keys of their own has no word."""
    return {
        (field.alias or name): _slot(name, field.annotation)
        for name, field in model.model_fields.items()
        if name != model.others
    }


def own_key(model: type[Block]) -> Slot | None:
    """What a key that is no field of the block takes, where it may have keys of its own."""
    return Slot(model.others, Shape.EXPRESSION, own=True) if model.others else None


def _slot(name: str, annotation: Any) -> Slot:
    if isinstance(annotation, TypeAliasType):
        annotation = annotation.__value__
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        members = [arg for arg in args if arg is not type(None)]
        if len(members) == 2 and members[0] is Expression:
            return Slot(name, Shape.REFERENCE, block=members[1])
        annotation = members[0]
        origin, args = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return Slot(name, Shape.MAP, inner=_slot(name, args[1]))
    if origin is list:
        shapes = {
            Expression: Shape.EXPRESSIONS,
            Text: Shape.TEXTS,
            Item: Shape.ITEMS,
            Phrase: Shape.PHRASES,
        }
        shape = shapes[args[0]]
        return Slot(name, shape, block=Item if shape is Shape.ITEMS else None)
    if annotation is Expression:
        return Slot(name, Shape.EXPRESSION)
    if annotation is Phrase:
        return Slot(name, Shape.PHRASE)
    if annotation is Update:
        return Slot(name, Shape.UPDATE)
    if annotation is Text:
        return Slot(name, Shape.TEXT)
    if annotation is bool:
        return Slot(name, Shape.FLAG)
    return Slot(name, Shape.BLOCK, block=annotation)
