"""The JSON schema of ``.stripe.yaml`` files, for editors, from the document model."""

from __future__ import annotations

import inspect
import json
from typing import Any

from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.document import Document, FunctionSpec, RewardSpec, TaskSpec
from stripe_dsl.spec.fields import NAMED_BY_REFERENCE, Shape, Slot, slots
from stripe_dsl.spec.nothing import ENTRIES, INHERITED
from stripe_dsl.spec.scene import LightSpec
from stripe_dsl.spec.yaml_names import NAME_PATTERN, takes_bare_names

type Schema = dict[str, Any]

NONE: Schema = {"description": "What is inherited is removed.", "const": "none"}

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Schema:
    """The schema, draft 2020-12: every block and key with its title and description, and all short forms.

    It says which keys there are and what kind of value each takes. Names, units and shapes are checked by
    ``stripec check`` only.
    """
    writer = _Writer()
    document = writer.block(Document)
    return {"$schema": DIALECT, "title": "Stripe", **document, "$defs": dict(sorted(writer.definitions.items()))}


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


class _Writer:
    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {
            "Expression": {
                "title": "Expression",
                "description": "An expression of the language, such as `4 m`, `-45..45 deg` or `|slider.pos| > 3 m`.",
                "type": ["string", "number", "boolean"],
            },
            "Text": {"title": "Text", "description": "A name, a pattern, a path or a file name.", "type": "string"},
        }

    def block(self, model: type[Block]) -> Schema:
        """A block as a mapping of its keys."""
        properties = {key: self.field(model, key, slot) for key, slot in slots(model).items()}
        schema: Schema = {
            "description": _summary(model),
            "type": "object",
            "properties": properties,
            "additionalProperties": {"$ref": "#/$defs/Expression"} if model.others else False,
        }
        if issubclass(model, Entry | FunctionSpec):
            schema["required"] = ["value"]
        return schema

    def reference(self, model: type[Block]) -> Schema:
        """A block in all its forms, kept among the definitions."""
        name = model.__name__.removesuffix("Spec")
        if name not in self.definitions:
            self.definitions[name] = {}  # holds its place while the blocks inside are made
            forms = [self.block(model), *self.short_forms(model)]
            self.definitions[name] = {"title": name, **_any_of(forms)}
        return {"$ref": f"#/$defs/{name}"}

    def short_forms(self, model: type[Block]) -> list[Schema]:
        """What may stand for a whole block: its head's value, or nothing."""
        forms: list[Schema] = []
        head = next((slot for slot in slots(model).values() if slot.attribute == model.head), None)
        if head is not None:
            forms.append(self.value(model, head))
        if not issubclass(model, Entry | FunctionSpec):
            forms.append({"type": "null"})
        return forms

    def field(self, model: type[Block], key: str, slot: Slot) -> Schema:
        """One key of a block."""
        description = model.model_fields[slot.attribute].description or self.described(slot)
        return {"title": key.replace("_", " "), "description": description, **self.value(model, slot)}

    def described(self, slot: Slot) -> str:
        """A description for a key that has none of its own."""
        if slot.shape is Shape.MAP and slot.inner is not None:
            inner = slot.inner
            return f"By name. {_summary(inner.block)}" if inner.block is not None else "Expressions by name."
        if slot.block is not None:
            return _summary(slot.block)
        return {
            Shape.FLAG: "true or false; the key alone means true.",
            Shape.TEXT: self.definitions["Text"]["description"],
            Shape.TEXTS: "One text, or a list of them.",
            Shape.PHRASE: "A line of a block.",
            Shape.PHRASES: "One line of a block, or a list of them.",
            Shape.EXPRESSIONS: "One expression, or a list of them.",
        }.get(slot.shape, self.definitions["Expression"]["description"])

    def value(self, model: type[Block], slot: Slot) -> Schema:
        """What a field takes."""
        expression, text = {"$ref": "#/$defs/Expression"}, {"$ref": "#/$defs/Text"}
        match slot.shape:
            case Shape.EXPRESSION:
                return expression
            case Shape.TEXT:
                return text
            case Shape.UPDATE:
                return self.update()
            case Shape.FLAG:
                return {"type": ["boolean", "null"]}
            case Shape.PHRASE:
                return text
            case Shape.PHRASES:
                return {"anyOf": [text, {"type": "array", "items": text}]}
            case Shape.EXPRESSIONS | Shape.TEXTS:
                inner = expression if slot.shape is Shape.EXPRESSIONS else text
                return {"anyOf": [inner, {"type": "array", "items": inner}]}
            case Shape.ITEMS:
                return {"anyOf": [NONE, {"type": ["array", "null"], "items": self.observation()}]}
            case Shape.MAP:
                return self.map(model, slot)
            case _:
                assert slot.block is not None
                block = self.reference(slot.block)
                if model in INHERITED or slot.block is LightSpec:
                    block = {"anyOf": [NONE, block]}
                return {"anyOf": [expression, block]} if slot.shape is Shape.REFERENCE else block

    def update(self) -> Schema:
        """A new value or a change of one."""
        description = "A new value such as `0.6..0.8`, or a change: `+= -1..3 kg`, `*= 0.8..1.2`."
        self.definitions["Update"] = {"title": "Update", "description": description, "type": ["string", "number"]}
        return {"$ref": "#/$defs/Update"}

    def map(self, model: type[Block], slot: Slot) -> Schema:
        """Named entries."""
        assert slot.inner is not None
        bare = takes_bare_names(model, slot)
        inner = self.value(model, slot.inner)
        if bare and slot.inner.shape is Shape.EXPRESSION:
            inner = {"anyOf": [inner, {"type": "null"}]}
        entries: Schema = {"type": ["object", "null"], "additionalProperties": inner}
        if model in (Document, FunctionSpec, TaskSpec, RewardSpec) and slot.attribute not in ("reset", "curriculum"):
            entries["propertyNames"] = {"pattern": NAME_PATTERN}
        if bare:
            text = {"$ref": "#/$defs/Text"}
            return _any_of([entries, text, {"type": "array", "items": text}])
        if model is TaskSpec and slot.attribute in NAMED_BY_REFERENCE:
            return _any_of([entries, {"$ref": "#/$defs/Expression"}])
        return {"anyOf": [NONE, entries]} if slot.attribute in ENTRIES else entries

    def observation(self) -> Schema:
        """An entry of an observation group: an expression with options, a mapping of them, or one with its name."""
        item = self.reference(Item)
        named = {
            "description": "`name: expression with options`",
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"pattern": NAME_PATTERN, "not": {"enum": list(slots(Item))}},
            "additionalProperties": item,
        }
        return {"anyOf": [item, named]}


def _any_of(forms: list[Schema]) -> Schema:
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _summary(model: type[Block]) -> str:
    """First paragraph of a model's docstring."""
    return " ".join(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
