"""The document model back into text: as YAML, and as a ``.stripe`` file.

Reading the text gives an equal document. Comments, blank lines and the order of keys of a block are not part of a
document, and are lost. (A carriage return inside a string is one that no ``.stripe`` file can hold.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.document import (
    CommandSpec,
    Document,
    FunctionSpec,
    Placed,
    RandomizeSpec,
    RewardSpec,
    ScheduleSpec,
    TaskSpec,
)
from stripe_dsl.spec.fields import NAMED_BY_REFERENCE, Shape, Slot, is_entry, own_key, slots
from stripe_dsl.spec.nothing import is_nothing
from stripe_dsl.spec.robots import ObjectSpec, RobotSpec
from stripe_dsl.spec.scene import AssetSpec, SceneSpec
from stripe_dsl.spec.terrain import TerrainSpec
from stripe_dsl.spec.values import Expression, Phrase, Text, Update
from stripe_dsl.spec.write_values import (
    argument,
    is_word,
    item_line,
    key_of,
    name_or_string,
    reference_name,
    signature,
    words,
)
from stripe_dsl.spec.yaml_names import takes_bare_names
from stripe_dsl.syntax import ast
from stripe_dsl.syntax.format import format_source
from stripe_dsl.syntax.unparse import quote

WIDTH = 100

_UNUSUAL = re.compile(r"[^ -~\u00a1-\u1fff\u2070-\ud7ff\ue000-\ufefe]")
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?")


# ---- YAML


def to_yaml(document: Document) -> str:
    """A document as the text of a ``.stripe.yaml`` file."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Short collections on one line, and no aliases."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
            return self._short(super().represent_sequence(tag, sequence, flow_style))

        def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
            return self._short(super().represent_mapping(tag, mapping, flow_style))

        def represent_text(self, data: str) -> Any:
            # In single quotes YAML reads every line end as a line feed.
            return self.represent_scalar("tag:yaml.org,2002:str", data, style='"' if _UNUSUAL.search(data) else None)

        def represent_wide(self, data: _Wide) -> Any:
            node = yaml.SafeDumper.represent_mapping(self, "tag:yaml.org,2002:map", data)
            node.flow_style = False
            return node

        def _short(self, node: Any) -> Any:
            leaves = [part for child in node.value for part in (child if isinstance(child, tuple) else (child,))]
            flat = all(isinstance(leaf, yaml.ScalarNode) for leaf in leaves)
            node.flow_style = flat and sum(len(leaf.value) + 2 for leaf in leaves) < WIDTH - 16
            return node

    Dumper.add_representer(_Wide, Dumper.represent_wide)
    Dumper.add_representer(str, Dumper.represent_text)
    data = _mapping(document)
    if not data:
        return "{}\n"
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100_000)


class _Wide(dict[str, Any]):
    """Entries that stand one on a line, however short they are."""


def _mapping(block: Block) -> dict[str, Any]:
    """The keys of a block as plain data."""
    return {key: _data(type(block), slot, value) for key, slot, value in _set_fields(block)}


def _data(model: type[Block], slot: Slot, value: Any) -> Any:
    """The value of a field as plain data."""
    if is_nothing(slot, value):
        return "none"
    if isinstance(value, Expression):
        return _scalar(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, str | Phrase):
        return str(value)
    if isinstance(value, list):
        return [_item(item, observed=True) if isinstance(item, Item) else _data(model, slot, item) for item in value]
    if isinstance(value, dict):
        assert slot.inner is not None
        if model is TaskSpec and slot.attribute in NAMED_BY_REFERENCE and len(value) == 1:
            ((name, placed),) = value.items()
            if reference_name(placed.value) == name and _short_block(placed) == str(placed.value):
                return str(placed.value)
        entries = {str(name): _data(model, slot.inner, member) for name, member in value.items()}
        if takes_bare_names(model, slot) and entries and not any(data != {} for data in entries.values()):
            return list(entries)
        wide = slot.inner.shape in (Shape.EXPRESSION, Shape.UPDATE) or is_entry(slot.inner)
        return _Wide(entries) if wide else entries
    if isinstance(value, Entry) and not isinstance(value, CommandSpec):
        return _item(value, observed=False)
    return _short_block(value)


def _short_block(block: Block) -> Any:
    """A block; where only its head is set, the head's value."""
    data = _mapping(block)
    if list(data) == [block.head]:
        value = data[block.head]
        return value[0] if isinstance(value, list) and len(value) == 1 else value
    return data


def _item(item: Entry, *, observed: bool) -> Any:
    """An observation, an action or a sensor, as one string where that says everything."""
    return item_line(item, observed=observed) or _mapping(item)


def _scalar(expression: Expression) -> Any:
    """An expression as a string, or as a number or boolean where YAML writes the same characters."""
    text = str(expression)
    if text in ("true", "false"):
        return text == "true"
    if _PLAIN_NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        if repr(number) == text:
            return number
    return text


# ---- .stripe


def to_stripe(document: Document) -> str:
    """A document as the text of a ``.stripe`` file."""
    lines = [f"import {quote(path)} as {name}" for name, path in document.imports.items()]
    for key in ("param", "fn", "robot", "object", "asset", "scene", "task"):
        slot = slots(Document)[key]
        for line in _map(Document, slot, key, getattr(document, slot.attribute)):
            if lines and not (key in ("param", "fn") and lines[-1].startswith(key)):
                lines.append("")
            lines.append(line)
    return format_source("\n".join(lines) + "\n")


def _set_fields(block: Block) -> Iterator[tuple[str, Slot, Any]]:
    """The fields of a block that say something: key, slot, value."""
    for key, slot in slots(type(block)).items():
        value = getattr(block, slot.attribute)
        default = type(block).model_fields[slot.attribute].get_default(call_default_factory=True)
        if type(value) is not type(default) or value != default:
            yield key, slot, value
    own = own_key(type(block))
    if own is not None:
        for name, value in getattr(block, own.attribute).items():
            yield str(name), own, value


def _lines(block: Block, *, without: str = "") -> list[str]:
    """The statements of a block, one of several lines where it holds blocks itself."""
    out: list[str] = []
    for key, slot, value in _set_fields(block):
        if slot.attribute != without:
            out.extend(_statements(type(block), slot, key, value))
    return out


def _statements(model: type[Block], slot: Slot, key: str, value: Any) -> list[str]:
    """What a field is in the language."""
    if is_nothing(slot, value):
        return [f"{key} = none"]
    if isinstance(value, bool):
        return [key if value else f"{key} false"]
    if isinstance(value, Expression):
        return [_setting(key, value)]
    if isinstance(value, str):
        return [f"{key} {quote(value)}"]
    if isinstance(value, Phrase):
        return [f"{key} {value}"]
    if isinstance(value, list) and slot.shape is Shape.PHRASES:
        gathers = slot.attribute in model.gathers.values()
        return [str(item) if gathers else f"{key} {item}" for item in value]
    if isinstance(value, list):
        texts = [quote(item) if isinstance(item, str) else words(item) for item in value]
        return [" ".join([key, *texts])]
    if isinstance(value, dict):
        return _map(model, slot, key, value)
    if isinstance(value, RewardSpec):
        inner = slots(RewardSpec)["once"]
        blocks = [("per second", value.per_second), ("once", value.once)]
        shown = [(name, terms) for name, terms in blocks if terms] or blocks[:1]
        return [f"{key} {name} {'= none' if is_nothing(inner, terms) else _entries(terms)}" for name, terms in shown]
    if isinstance(value, RandomizeSpec):
        return [f"{key} {_braces(_occasions(value), wide=True)}"]
    if isinstance(value, SceneSpec) and {key for key, _, _ in _set_fields(value)} == {"use", "given"}:
        return [f"{key} {value.use} {_entries(value.given)}"]
    head, inside = _head(value)
    return [" ".join([key, *head, _braces(inside)])] if inside or not head else [" ".join([key, *head])]


def _occasions(block: RandomizeSpec) -> list[str]:
    """``at startup { … }``, ``every 10..15 s { … }``."""
    blocks = [("at startup", block.at_startup), ("at reset", block.at_reset)]
    out = [f"{when} {_changes(members)}" for when, members in blocks if members]
    return out + [f"every {period} {_changes(members)}" for period, members in block.every.items()]


def _changes(members: dict[Text, Update]) -> str:
    """``{ base.mass += -1..3 kg }``."""
    if is_nothing(slots(RandomizeSpec)["at_reset"], members):
        return "= none"
    lines = [f"{name} {value.op} {Expression.__str__(value)}" for name, value in members.items()]
    return _braces(lines, wide=True)


def _setting(key: str, value: Expression) -> str:
    """``key value``, or ``key = value`` where the value has operators."""
    text = argument(value.node)
    if text is None and str(value).startswith("{"):
        return f"{key} {value}"  # numbers by pattern
    return f"{key} {text}" if text is not None else f"{key} = {value}"


def _map(model: type[Block], slot: Slot, key: str, members: dict[Text, Any]) -> list[str]:
    """Named entries: each a statement, or all of them in one block."""
    assert slot.inner is not None
    named = slot.attribute in ("param", "let") or (model is TaskSpec and slot.attribute in NAMED_BY_REFERENCE)
    if slot.inner.shape is Shape.EXPRESSION and not named:
        return [f"{key} {_entries(members)}"] if members else []
    if slot.inner.block is ScheduleSpec:
        lines = [f"{name} = {item_line(value, observed=False)}" for name, value in members.items()]
        return [f"{key} {_braces(lines, wide=True)}"] if members else []
    out: list[str] = []
    for name, value in members.items():
        start = f"{key} {name_or_string(name)}"
        if is_nothing(slot.inner, value):
            out.append(f"{start} = none")
        elif isinstance(value, Placed):
            begin = key if reference_name(value.value) == name else f"{start} ="
            lines = _lines(value.model_copy(update={"pose": {}}), without="value")
            posed = [_braces([f"pose {_entries(value.pose)}"])] if value.pose else []
            out.append(" ".join([f"{begin} {value.value}", *lines, *posed]))
        elif isinstance(value, Expression):
            out.append(f"{start} = {value}")
        elif isinstance(value, list):
            found = [item_line(item, observed=True) for item in value]
            out.append(f"{start} {_braces([line for line in found if line is not None], wide=True)}")
        elif isinstance(value, CommandSpec):
            inside = _lines(value, without=value.head)
            out.append(f"{start} = {value.value}" + (f" {_braces(inside)}" if inside else ""))
        elif isinstance(value, Entry):
            line, options = f"{start} = {item_line(value, observed=False)}", _lines(value, without=value.head)
            if not isinstance(value, Item) and len(options) > 2:
                line = f"{start} = {value.value} {_braces(options)}"
            out.append(line)
        elif isinstance(value, FunctionSpec):
            out.append(f"{key} {signature(name, value)} = {value.value}")
        else:
            out.append(_named_block(start, value))
    return out


def _named_block(start: str, block: Block) -> str:
    """``joint slider = "pattern" { … }``, ``task B extends A { … }``."""
    head = getattr(block, block.head, None) if block.head else None
    if isinstance(head, str):
        start += f" = {quote(head)}"
    elif isinstance(head, Phrase):
        start += f" = {head}"
    elif isinstance(head, list) and head and all(isinstance(item, str) for item in head):
        start += " = " + (quote(head[0]) if len(head) == 1 else "[" + ", ".join(map(quote, head)) + "]")
    if isinstance(block, TaskSpec):
        if block.extends is not None:
            start += f" extends {block.extends}"
        return f"{start} {_braces(_lines(block, without='extends'), wide=True)}"
    inside = _lines(block, without=block.head)
    wide = any(isinstance(value, dict) for _, _, value in _set_fields(block))
    if inside or isinstance(block, ObjectSpec | RobotSpec | SceneSpec | AssetSpec | TerrainSpec):
        start += f" {_braces(inside, wide=wide)}"
    return start


def _head(block: Block) -> tuple[list[str], list[str]]:
    """A block's value on its first line, and the statements for its braces."""
    value = getattr(block, block.head, None) if block.head else None
    if isinstance(value, Expression):
        text = argument(value.node)
        is_key = isinstance(value.node, ast.Name) and value.node.id in slots(type(block))
        if text is not None and not is_key:
            return [text], _lines(block, without=block.head)
    return [], _lines(block)


def _entries(members: dict[Text, Expression]) -> str:
    """``{ name = value … }``; a name alone where its value is true."""
    lines = []
    for name, value in members.items():
        bare = is_word(name) and isinstance(value.node, ast.Name) and value.node.id == "true"
        lines.append(str(name) if bare else f"{key_of(name)} = {value}")
    return _braces(lines, wide=True)


def _braces(lines: list[str], *, wide: bool = False) -> str:
    """Statements in braces: on one line where they are short and ``wide`` is not asked for."""
    if not lines:
        return "{ }"
    line = "{ " + "; ".join(lines) + " }"
    if "\n" not in line and len(line) < WIDTH - 30 and (not wide or len(lines) == 1):
        return line
    inner = "\n".join(lines).replace("\n", "\n  ")
    return "{\n  " + inner + "\n}"


__all__ = ["to_stripe", "to_yaml"]
