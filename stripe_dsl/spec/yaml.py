"""YAML files into the document model: the same content as a ``.stripe`` file, with the same messages.

A block is a mapping whose keys are the block's fields; named things are mappings from names; expressions are strings
in the grammar of the language. Every span is one in the YAML file, inside expression strings too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.diagnostics.model import sort_diagnostics
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.builder import Builder, block_name
from stripe_dsl.spec.document import Document, FunctionSpec, Placed, RewardSpec, TaskSpec
from stripe_dsl.spec.fields import NAMED_BY_REFERENCE, Shape, Slot, is_entry, own_key, slots
from stripe_dsl.spec.nothing import nothing
from stripe_dsl.spec.phrases import in_place
from stripe_dsl.spec.read import StatementReader
from stripe_dsl.spec.values import UPDATES, Expression, Phrase, Text, Update
from stripe_dsl.spec.yaml_hints import (
    QUOTE,
    headed,
    no_expression,
    no_map,
    no_name,
    no_value,
    side_by_side,
    unknown_key,
)
from stripe_dsl.spec.yaml_names import check_name, removes, takes_bare_names
from stripe_dsl.spec.yaml_nodes import Mapping, Node, Scalar, Sequence, compose, moved
from stripe_dsl.syntax import ast
from stripe_dsl.syntax.parser import parse_expression, parse_item, parse_phrase
from stripe_dsl.text import and_list

SPARE_VISITS = 10_000
"""A file without aliases has fewer nodes than characters; with aliases of aliases reading would never end."""


def read_yaml(source: SourceFile) -> tuple[Document, list[Diagnostic]]:
    """The document of a YAML file, and what is wrong with it, in source order.

    Of a file that is not YAML at all the document is empty.
    """
    root, diagnostics = compose(source)
    reader = YamlReader(source)
    reader.diagnostics.extend(diagnostics)
    return reader.document(root), sort_diagnostics(reader.diagnostics)


class YamlReader(Builder):
    """Reads the nodes of one YAML file. Lines inside strings go through a :class:`StatementReader`."""

    def __init__(self, source: SourceFile) -> None:
        super().__init__()
        self.source = source
        self.lines = StatementReader()
        self.lines.diagnostics = self.diagnostics
        self.visits_left = len(source.text) + SPARE_VISITS

    def document(self, root: Node | None) -> Document:
        """The document of the root node."""
        whole = Span(self.source, 0, len(self.source.text))
        try:
            if isinstance(root, Mapping):
                return self.block(Document, root, Text("", whole))  # type: ignore[return-value]
            if root is not None and not (isinstance(root, Scalar) and (root.null or root.broken)):
                known = and_list(list(slots(Document)))
                self.error("E0309", "a file is a mapping of keys to values", root.span, f"its keys are {known}")
        except _TooManyVisitsError as problem:
            message = "aliases repeat their values too often"
            self.error("E0109", message, problem.span, "write the values out, or repeat them less")
        return self.finish(Document, {}, whole)  # type: ignore[return-value]

    # ---- blocks

    def block(self, model: type[Block], node: Node, key: Text, field: str = "") -> Block:
        """A block from a mapping of its keys, from its head's value alone, or from nothing."""
        values: dict[str, Any] = {}
        head = next((slot for slot in slots(model).values() if slot.attribute == model.head), None)
        if isinstance(node, Mapping):
            self.fill(model, node, values)
        elif isinstance(node, Scalar) and (node.null or node.broken):
            pass
        elif head is not None and isinstance(node, self.head_kinds(head)):
            if not headed(self, model, key, node):
                values[head.attribute] = self.value(model, head, key, node)
        else:
            known = list(slots(model))
            help = f"as in `{key}: {{{known[0]}: …}}`; its keys are {and_list(known, 6)}"
            self.error("E0309", f"{block_name(model)} is a block of keys and values", node.span, help)
        if issubclass(model, Entry | FunctionSpec) and "value" not in values:
            if not (isinstance(node, Scalar) and node.broken):
                self.needs_value(key, no_value(key, field))
            values["value"] = Expression(ast.Broken(key.span or node.span))
        return self.finish(model, values, key.span)

    def head_kinds(self, head: Slot) -> tuple[type[Node], ...]:
        """The nodes that may stand for a block whose head is ``head``."""
        if head.shape in (Shape.TEXTS, Shape.EXPRESSIONS):
            return (Scalar, Sequence)
        return (Scalar,)

    def fill(self, model: type[Block], node: Mapping, values: dict[str, Any]) -> None:
        """Reads the keys of a block."""
        table = slots(model)
        reward = self.finish(RewardSpec, {"per_second": {}, "once": {}}, None) if model is RewardSpec else None
        for key, inner in self.pairs(node):
            slot = table.get(key) or own_key(model)
            if slot is None:
                unknown_key(self, model, key, inner, node)
                continue
            value = self.value(model, slot, key, inner)
            if slot.own:
                check_name(self, TaskSpec, slots(TaskSpec)["let"], key)
                self.member(values.setdefault(slot.attribute, {}), key, value)
                continue
            if reward is not None:
                self.reward_terms(reward, slot.attribute, value)  # type: ignore[arg-type]
                value = getattr(reward, slot.attribute)
            values[slot.attribute] = value

    def pairs(self, node: Mapping) -> list[tuple[Text, Node]]:
        """Keys and values of a mapping, those that ``<<`` merges in last; repeated keys are reported."""
        self.visit(node, len(node.pairs))
        out: dict[str, tuple[Text, Node]] = {}
        merged: list[Node] = []
        for key, value in node.pairs:
            if not isinstance(key, Scalar):
                self.error("E0309", "a key is a word", key.span, QUOTE)
            elif key.broken:
                continue
            elif key.plain and key.value == "<<":
                merged.extend(value.items if isinstance(value, Sequence) else [value])
            else:
                text = Text(key.value, key.inner)
                if text in out:
                    self.twice(text, out[text][0].span)
                else:
                    out[text] = (text, value)
        for other in merged:
            if isinstance(other, Mapping):
                for text, value in self.pairs(other):
                    out.setdefault(text, (text, value))
            elif not (isinstance(other, Scalar) and other.broken):
                self.error("E0309", "`<<` merges mappings", other.span, "write `<<: *name`, with `&name` at a mapping")
        return list(out.values())

    def visit(self, node: Node, count: int) -> None:
        """Counts nodes that are read."""
        self.visits_left -= count + 1
        if self.visits_left < 0:
            raise _TooManyVisitsError(node.span)

    # ---- values

    def value(self, model: type[Block], slot: Slot, key: Text, node: Node) -> Any:
        """The value of a field."""
        if removes(model, slot, node):
            return nothing(self, slot, node.span)
        if slot.shape is Shape.MAP:
            return self.map(model, slot, key, node)
        if slot.shape is Shape.BLOCK or (slot.shape is Shape.REFERENCE and isinstance(node, Mapping)):
            assert slot.block is not None
            return self.block(slot.block, node, key, slot.attribute)
        if slot.shape is Shape.ITEMS:
            return self.items(node)
        if slot.shape is Shape.UPDATE:
            return self.update(key, node)
        if slot.shape is Shape.FLAG:
            return self.flag(key, node)
        if slot.shape is Shape.PHRASE:
            return self.phrase(key, node)
        if slot.shape in (Shape.TEXTS, Shape.EXPRESSIONS, Shape.PHRASES):
            readers = {Shape.TEXTS: self.text, Shape.EXPRESSIONS: self.expression, Shape.PHRASES: self.phrase}
            inner = readers[slot.shape]
            if slot.shape is Shape.EXPRESSIONS and side_by_side(self, key, node):
                return []
            items = node.items if isinstance(node, Sequence) else (node,)
            self.visit(node, len(items))
            found = [inner(key, item) for item in items]
            return found if slot.shape is not Shape.PHRASES else in_place(self, model, slot, found)
        if slot.shape is Shape.TEXT:
            return self.text(key, node)
        return self.expression(key, node)

    def flag(self, key: Text, node: Node) -> bool:
        """``true``, ``false``, or the key alone."""
        if isinstance(node, Scalar):
            if node.null or node.broken:
                return True
            if node.value in ("true", "false"):
                return node.value == "true"
        self.error("E0309", f"`{key}` is `true` or `false`", node.span)
        return False

    def text(self, key: Text, node: Node) -> Text:
        """A string."""
        if not isinstance(node, Scalar):
            return self.wants_text(node.span)
        if node.null:
            self.needs_value(key)
        return Text(node.value, node.span)

    def expression(self, key: Text, node: Node) -> Expression:
        """A string, number or boolean in the grammar of expressions."""
        if not isinstance(node, Scalar):
            self.error("E0309", "an expression is wanted here", node.span, no_expression(key, node))
            return Expression(ast.Broken(node.span))
        if node.broken:
            return Expression(ast.Broken(node.span))
        if node.null or not node.value.strip():
            self.needs_value(key)
            return Expression(ast.Broken(key.span or node.span))
        return Expression(self.parse(node, parse_expression))

    def phrase(self, key: Text, node: Node) -> Phrase:
        """A string that is a line of a property block."""
        if isinstance(node, Scalar) and not node.null and not node.broken and node.value.strip():
            return Phrase(self.parse(node, parse_phrase))
        if not isinstance(node, Scalar):
            self.error("E0309", "a line of a block is wanted here, as a string", node.span, QUOTE)
        elif not node.broken:
            self.needs_value(key)
        return Phrase(ast.Statement(node.span, "", node.span, ast.Broken(node.span)))

    def update(self, key: Text, node: Node) -> Update:
        """A string that may begin with ``+=`` or ``*=``."""
        if not isinstance(node, Scalar) or not node.value.lstrip().startswith(UPDATES):
            return Update(self.expression(key, node).node)
        op, rest = node.value.lstrip()[:2], node.value.lstrip()[2:]
        inner = Span(self.source, node.inner.start + len(node.value) - len(rest), node.inner.end)
        return Update(self.expression(key, replace(node, value=rest, inner=inner)).node, op)

    def parse[N: (ast.Expr, ast.Statement)](
        self, node: Scalar, parse: Callable[[SourceFile, int, int], tuple[N, list[Diagnostic]]]
    ) -> N:
        """What ``parse`` makes of a scalar, with spans in the YAML file.

        Where a character of the value cannot be found in the file (``\\x41``), spans are those of the whole scalar.
        """
        if node.exact:
            tree, diagnostics = parse(self.source, node.inner.start, node.inner.end)
            self.diagnostics.extend(diagnostics)
            return tree
        # A line end would close a statement; in YAML the scalar's end does. (But a comment ends with its line.)
        text = node.value if "#" in node.value else node.value.replace("\n", " ")
        inside = SourceFile(self.source.name, text)
        tree, diagnostics = parse(inside, 0, len(text))
        offsets = node.offsets

        def place(span: Span) -> Span:
            if offsets is None:
                return node.span
            return Span(self.source, offsets[span.start], offsets[span.end])

        self.diagnostics.extend(moved(item, place) for item in diagnostics)
        return moved(tree, place)

    # ---- maps

    def map(self, model: type[Block], slot: Slot, key: Text, node: Node) -> dict[Text, Any]:
        """Named entries, or (where a name alone says something) a list of names."""
        assert slot.inner is not None
        members: dict[Text, Any] = {}
        bare = takes_bare_names(model, slot)
        if isinstance(node, Mapping):
            for name, inner in self.pairs(node):
                check_name(self, model, slot, name)
                null = isinstance(inner, Scalar) and inner.null
                members[name] = self.word(slot.inner, name) if bare and null else self.entry(model, slot, name, inner)
            return members
        if isinstance(node, Scalar) and (node.null or node.broken):
            return members
        if model is TaskSpec and slot.attribute in NAMED_BY_REFERENCE and isinstance(node, Scalar):
            reference = self.expression(key, node)
            name = reference.node.name if isinstance(reference.node, ast.Field) else reference.span.text
            placed = self.finish(Placed, {"value": reference}, key.span)
            return {Text(name, reference.span): placed}
        items = node.items if isinstance(node, Sequence) else (node,)
        if not bare or not all(isinstance(item, Scalar) for item in items):
            no_map(self, model, slot, key, node)
            return members
        for item in items:
            assert isinstance(item, Scalar)
            if no_name(self, key, item):
                continue
            name = Text(item.value, item.inner)
            check_name(self, model, slot, name)
            self.member(members, name, self.word(slot.inner, name))
        return members

    def word(self, inner: Slot, name: Text) -> Any:
        """What a name without a value stands for."""
        assert name.span is not None
        if inner.block is not None:
            return self.finish(inner.block, {}, name.span)
        return Expression(ast.Name(name.span, "true"))

    def entry(self, model: type[Block], slot: Slot, name: Text, node: Node) -> Any:
        """The value of a named entry."""
        assert slot.inner is not None
        assert name.span is not None
        if slot.inner.block is not None and is_entry(slot.inner) and isinstance(node, Scalar):
            if node.null or node.broken:
                return self.block(slot.inner.block, node, name)
            line = self.parse(node, parse_item)
            if line.op or line.value is None:
                self.error("E0309", "an expression with options is wanted here", node.span)
                return self.finish(slot.inner.block, {"value": Expression(ast.Broken(node.span))}, name.span)
            statement = ast.Statement(
                line.span, slot.attribute, name.span, None, (ast.Name(name.span, name),), "=", line.value, line.options
            )
            return self.lines.named(slot.inner, statement, name)
        return self.value(model, slot.inner, name, node)

    # ---- observations

    def items(self, node: Node) -> list[Item]:
        """The entries of an observation group: strings with options, or mappings."""
        if isinstance(node, Scalar) and (node.null or node.broken):
            return []
        if not isinstance(node, Sequence):
            self.error(
                "E0309",
                "a list of observations is wanted here",
                node.span,
                "write `[joints.pos, joints.vel]`, or `- joints.pos` on each line",
            )
            return []
        self.visit(node, len(node.items))
        found = map(self.observation, node.items)
        return [item for item in found if item is not None]

    def observation(self, node: Node) -> Item | None:
        """One observation: ``joints.vel noise +-1.5 rad/s``, ``{value: …, scale: …}`` or ``{name: …}``."""
        if isinstance(node, Scalar):
            if node.broken:
                return None
            if node.null or not node.value.strip():
                self.no_observation(node.span)
                return None
            return self.lines.item(self.parse(node, parse_item))
        if not isinstance(node, Mapping):
            self.error("E0309", "an expression is wanted here", node.span, QUOTE)
            return None
        pairs = self.pairs(node)
        if len(pairs) == 1 and pairs[0][0] not in slots(Item):
            name, inner = pairs[0]
            check_name(self, TaskSpec, slots(TaskSpec)["let"], name)
            item = self.observation(inner)
            return None if item is None else self.renamed(item, name)
        values: dict[str, Any] = {}
        for key, inner in pairs:
            slot = slots(Item)[key] if key in ("value", "name") else self.observation_option(key)
            if slot is not None:
                values[slot.attribute] = self.value(Item, slot, key, inner)
        name = values.get("name")
        if name:
            check_name(self, TaskSpec, slots(TaskSpec)["let"], name)
        if "value" not in values:
            self.no_observation(node.span)
            return None
        return self.finish(Item, values, node.span)  # type: ignore[return-value]

    def renamed(self, item: Item, name: Text) -> Item:
        """The observation with the name that stands before it."""
        if item.name is not None:
            self.error("E0202", f"this observation is called `{name}` already", item.name.span)
        values = {key: getattr(item, key) for key in Item.model_fields}
        return self.finish(Item, {**values, "name": name}, item.span)  # type: ignore[return-value]


class _TooManyVisitsError(Exception):
    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span


__all__ = ["YamlReader", "read_yaml"]
