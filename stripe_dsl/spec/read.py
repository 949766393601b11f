"""Statements of a ``.stripe`` file into the document model.

Driven by the fields of the models: a block's keys are its fields. A key may be followed by further keys of the same
block on its line, so ``usd "a.usda" prim "/robot"`` is ``usd "a.usda"; prim "/robot"``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.builder import Builder, block_name, example_of
from stripe_dsl.spec.document import Document, FunctionSpec, ParameterSpec, Placed, RewardSpec, TaskSpec
from stripe_dsl.spec.fields import NAMED_BY_REFERENCE, Shape, Slot, own_key, slots
from stripe_dsl.spec.nothing import named_nothing, removes
from stripe_dsl.spec.phrases import PHRASED, gathered, phrase_of, phrases_of, read_size, read_use
from stripe_dsl.spec.randomize import read_randomize
from stripe_dsl.spec.schedule import read_curriculum
from stripe_dsl.spec.stray import report_stray
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast


def read_document(source: SourceFile, statements: Sequence[ast.Statement]) -> tuple[Document, list[Diagnostic]]:
    """The document that the statements of a file make, and what is wrong with them."""
    reader = StatementReader()
    whole = Span(source, 0, len(source.text))
    return reader.block(Document, statements, whole), reader.diagnostics  # type: ignore[return-value]


class StatementReader(Builder):
    """Reads the blocks of a ``.stripe`` file."""

    def words(self, model: type[Block]) -> list[str]:
        """Words that a line of the block may begin with; lines that are kept as phrases have words of their own."""
        kept = {*model.gathers.values(), model.compares}
        return [*(key for key, slot in slots(model).items() if slot.attribute not in kept), *model.gathers]

    def block(
        self,
        model: type[Block],
        statements: Sequence[ast.Statement],
        span: Span,
        args: Sequence[ast.Expr] = (),
        headed: bool = False,
    ) -> Block:
        """A block from the values on its first line and the statements in its braces."""
        values: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        self.inline(model, args, values, spans, headed)
        for statement in statements:
            self.statement(model, statement, values, spans)
        return self.finish(model, values, span)

    def inline(
        self,
        model: type[Block],
        args: Sequence[ast.Expr],
        values: dict[str, Any],
        spans: dict[str, Span],
        headed: bool = False,
    ) -> None:
        """Reads ``value key value key value`` on one line: the head's value first, then keys.

        A first value that is a key's word counts as the key, unless ``headed``: it stands after ``=``.
        """
        rest = list(args)
        table = slots(model)
        head = next((slot for slot in table.values() if slot.attribute == model.head), None)
        keyed = bool(rest) and isinstance(rest[0], ast.Name) and rest[0].id in table
        if rest and head is not None and (headed or not keyed):
            taken = len(rest) if head.shape in (Shape.TEXTS, Shape.EXPRESSIONS, Shape.PHRASE) else 1
            text = Text(head.attribute, rest[0].span)
            self.store(values, spans, head, text, self.value(head, text, rest[:taken]))
            rest = rest[taken:]
        while rest:
            first = rest.pop(0)
            slot = table.get(first.id) or own_key(model) if isinstance(first, ast.Name) else None
            if slot is None or slot.shape is Shape.MAP or slot.attribute in (*model.gathers.values(), model.compares):
                report_stray(self, model, first)
                return
            count = next(
                (i for i, arg in enumerate(rest) if isinstance(arg, ast.Name) and arg.id in table and i > 0), len(rest)
            )
            if slot.shape is Shape.FLAG:
                count = 0
            elif slot.shape in (Shape.EXPRESSION, Shape.TEXT, Shape.REFERENCE):
                count = min(count, 1)
            text = Text(first.id, first.span)  # type: ignore[union-attr]
            if slot.shape is Shape.PHRASES:
                values.setdefault(slot.attribute, []).extend(phrases_of(self, text, rest[:count]))
                rest = rest[count:]
                continue
            self.store(values, spans, slot, text, self.value(slot, text, rest[:count]))
            rest = rest[count:]

    def statement(
        self, model: type[Block], statement: ast.Statement, values: dict[str, Any], spans: dict[str, Span]
    ) -> None:
        """One line of a block."""
        key = statement.key
        if model is Document and key == "import":
            self.import_(statement, values, spans)
            return
        if (model.gathers or model.compares or key in PHRASED) and gathered(self, model, statement, values, spans):
            return
        slot = slots(model).get(key)
        if slot is None and key and statement.body is None:
            slot = own_key(model)
        if slot is None:
            self.no_slot(model, statement)
            return
        text = Text(key, statement.key_span)
        if removes(self, model, slot, statement, values, spans):
            return
        if model is Document and key == "fn":
            name, function = self.function(statement)
            self.store(values, spans, slot, text, {name: function})
        elif model is TaskSpec and key == "reward":
            self.reward(statement, values)
        elif model is TaskSpec and key == "randomize":
            read_randomize(self, statement, values)
        elif model is TaskSpec and key == "curriculum":
            self.store(values, spans, slot, text, read_curriculum(self, slot, statement))
        elif model is TaskSpec and key in NAMED_BY_REFERENCE and statement.op == "" and statement.args:
            reference = statement.args[0]
            name = reference.name if isinstance(reference, ast.Field) else statement.args[0].span.text
            placed = self.block(
                Placed, statement.body or (), statement.key_span, self.arguments(statement), headed=True
            )
            members = {Text(name, reference.span): placed}
            self.store(values, spans, slot, text, members)
        elif model is TaskSpec and key == "scene" and statement.args and statement.body is not None:
            self.store(values, spans, slot, text, read_use(self, slot.block or Block, statement))
        elif slot.shape is Shape.MAP:
            assert slot.inner is not None
            self.map_statement(slot, slot.inner, statement, values, spans)
        elif slot.shape is Shape.BLOCK or (slot.shape is Shape.REFERENCE and statement.body is not None):
            assert slot.block is not None
            block = self.block(slot.block, statement.body or (), statement.key_span, self.arguments(statement))
            self.store(values, spans, slot, text, block)
        else:
            args = self.arguments(read_size(statement) if key == "size" else statement)
            if statement.body is not None and not args and key in getattr(model, "by_pattern", ()):
                args = [ast.Braces(_braces(statement), statement.body)]
            elif statement.body is not None:
                self.error("E0309", f"`{key}` takes no block", statement.key_span)
            taken = len(args)
            if slot.shape in (Shape.EXPRESSION, Shape.TEXT, Shape.REFERENCE):
                taken = min(1, len(args))
            elif slot.shape is Shape.FLAG:
                taken = 1 if args and isinstance(args[0], ast.Name) and args[0].id in ("true", "false") else 0
            self.store(values, spans, slot, text, self.value(slot, text, args[:taken]))
            self.inline(model, args[taken:], values, spans)

    def no_slot(self, model: type[Block], statement: ast.Statement) -> None:
        """Reports a statement whose key the block does not have."""
        if statement.key and statement.body is not None:
            self.unknown_block(model, statement.key, statement.key_span)
        elif statement.key:
            self.unknown_key(model, statement.key, statement.key_span)
        elif statement.target is not None or statement.value is not None:
            span = (statement.target or statement.value or statement).span
            known = ", ".join(f"`{name}`" for name in slots(model))
            self.error(
                "E0101", f"{block_name(model)} holds keys with values, not expressions", span, f"its keys are {known}"
            )

    def arguments(self, statement: ast.Statement) -> list[ast.Expr]:
        """Everything after the key in one list; ``key = value`` counts as ``key value``."""
        args = list(statement.args)
        if statement.value is not None:
            args.append(statement.value)
        for option in statement.options:
            args.extend((option.key, option.value))
        return args

    def import_(self, statement: ast.Statement, values: dict[str, Any], spans: dict[str, Span]) -> None:
        """``import "path" as name``."""
        args = statement.args
        if not (len(args) == 3 and isinstance(args[0], ast.String) and isinstance(args[2], ast.Name)):
            self.error("E0101", 'an import reads `import "file.stripe" as name`', statement.span)
            return
        name = Text(args[2].id, args[2].span)
        slot = slots(Document)["import"]
        self.store(values, spans, slot, name, {name: Text(args[0].value, args[0].span)})

    def reward(self, statement: ast.Statement, values: dict[str, Any]) -> None:
        """``reward per second { … }`` and ``reward once { … }``; both may stand several times."""
        words = " ".join(arg.span.text for arg in statement.args)
        attribute = {"per second": "per_second", "once": "once"}.get(words)
        if attribute is None:
            self.error(
                "E0214",
                "a reward block says how time enters",
                statement.key_span,
                "write `reward per second { … }` for terms that accrue with time, "
                "or `reward once { … }` for terms that count once a step",
            )
            attribute = "per_second"
        block = values.get("reward")
        if block is None:
            block = self.finish(RewardSpec, {"per_second": {}, "once": {}}, statement.key_span)
            values["reward"] = block
        self.reward_terms(block, attribute, self.entries(statement.body or ()))  # type: ignore[arg-type]

    def function(self, statement: ast.Statement) -> tuple[Text, Block]:
        """``fn name(parameters) = value``."""
        name, *parameters = statement.args
        takes: dict[Text, Block] = {}
        for item in parameters:
            assert isinstance(item, ast.Parameter)
            given = {"type": item.type, "default": item.default}
            values = {key: Expression(node) for key, node in given.items() if node is not None}
            self.member(takes, Text(item.name.id, item.name.span), self.finish(ParameterSpec, values, item.span))
        assert isinstance(name, ast.Name)
        assert statement.value is not None
        head = statement.key_span.to(parameters[-1].span if parameters else name.span)
        function = self.finish(FunctionSpec, {"takes": takes, "value": Expression(statement.value)}, head)
        return Text(name.id, name.span), function

    def map_statement(
        self, slot: Slot, inner: Slot, statement: ast.Statement, values: dict[str, Any], spans: dict[str, Span]
    ) -> None:
        """A named entry (``actuator slider { … }``, ``let v = …``) or a block of entries (``terminate { … }``)."""
        key = Text(statement.key, statement.key_span)
        if not statement.args:
            if statement.body is not None and inner.shape is Shape.EXPRESSION:
                self.store(values, spans, slot, key, self.entries(statement.body))
            else:
                self.error("E0214", f"`{statement.key}` needs a name", statement.key_span, *example_of(statement.key))
            return
        first = statement.args[0]
        if not isinstance(first, ast.Name | ast.String):
            self.error("E0220", f"`{statement.key}` needs a name before its value", first.span)
            return
        name = Text(first.id if isinstance(first, ast.Name) else first.value, first.span)
        member = self.named(inner, statement, name)
        if member is not None:
            self.store(values, spans, slot, name, {name: member})

    def named(self, inner: Slot, statement: ast.Statement, name: Text) -> Any:
        """The value of a named entry."""
        rest = list(statement.args[1:])
        value = [statement.value] if statement.value is not None else []
        if inner.shape is Shape.ITEMS:
            items = [item for item in map(self.item, statement.body or ()) if item is not None]
            return self.with_options(items, rest)
        if inner.shape is Shape.BLOCK:
            assert inner.block is not None
            args: list[ast.Expr] = value + rest
            for option in statement.options:
                args.extend((option.key, option.value))
            span = statement.key_span.to(name.span or statement.key_span)
            if issubclass(inner.block, Entry) and not value:
                self.error("E0214", f"`{statement.key} {name}` needs a value: `{statement.key} {name} = …`", span)
                return None
            if (nothing := named_nothing(self, inner, statement, args)) is not None:
                return nothing
            return self.block(inner.block, statement.body or (), span, args, headed=bool(value))
        if not value:
            self.error("E0214", f"`{statement.key} {name}` needs a value", name.span, "write `= value` after the name")
            return None
        for option in statement.options:
            self.error("E0206", f"`{statement.key}` takes no `{option.key.id}`", option.key.span)
        return self.value(inner, name, value)

    def with_options(self, items: list[Item], args: Sequence[ast.Expr]) -> list[Item]:
        """``observe policy history 5 { … }``: options of a whole group, for entries that have none of their own."""
        given: dict[str, Expression] = {}
        for key, value in zip(args[::2], [*args[1::2], None], strict=False):
            if not (isinstance(key, ast.Name) and key.id == "history"):
                self.error(
                    "E0206", f"an observation group has no option `{key.span.text}`", key.span, "it has `history`"
                )
            elif value is None:
                self.needs_value(Text(key.id, key.span))
            elif key.id in given:
                self.twice(Text(key.id, key.span), given[key.id].span)
            else:
                given[key.id] = Expression(value)
        if not given:
            return items
        filled = [{name: getattr(item, name) for name in Item.model_fields} for item in items]
        for values in filled:
            values |= {name: value for name, value in given.items() if values[name] is None}
        return [self.finish(Item, values, item.span) for values, item in zip(filled, items, strict=True)]  # type: ignore[misc]

    def entries(self, statements: Sequence[ast.Statement]) -> dict[Text, Expression]:
        """The lines of an expression block: ``name = value``, or a bare word such as ``timeout``."""
        members: dict[Text, Expression] = {}
        for statement in statements:
            value = statement.value
            if statement.target is not None:
                target = statement.target
                name = target.value if isinstance(target, ast.String) else "".join(target.span.text.split())
                key = Text(name, target.span)
            elif statement.key:
                key = Text(statement.key, statement.key_span)
            elif isinstance(value, ast.Name):
                key, value = Text(value.id, value.span), ast.Name(value.span, "true")
            else:
                span = value.span if value is not None else statement.span
                self.error("E0214", "this term needs a name", span, "write `name = …` before it")
                continue
            if value is None and len(statement.args) == 1:
                value = statement.args[0]
            if value is None and not statement.args and statement.key:
                value = ast.Name(statement.key_span, "true")
            if value is None:
                self.needs_value(key)
                continue
            for option in statement.options:
                helps = ("a range is written `low..high`",) if option.key.id == "to" else ()
                self.error("E0206", f"a term takes no `{option.key.id}`", option.key.span, *helps)
            if statement.op not in ("", "="):
                self.error("E0101", f"`{statement.op}` has no meaning here", key.span, "write `name = value`")
            self.member(members, key, Expression(value))
        return members

    def item(self, statement: ast.Statement) -> Item | None:
        """One line of an ``observe`` block."""
        if statement.value is None:
            span = statement.key_span if statement.key else statement.span
            self.no_observation(span)
            return None
        values: dict[str, Any] = {"value": Expression(statement.value)}
        spans: dict[str, Span] = {}
        if statement.key and statement.op == "=":
            values["name"] = Text(statement.key, statement.key_span)
        for option in statement.options:
            text = Text(option.key.id, option.key.span)
            slot = self.observation_option(text)
            if slot is not None:
                self.store(values, spans, slot, text, self.value(slot, text, [option.value]))
        return self.finish(Item, values, statement.span)  # type: ignore[return-value]

    def value(self, slot: Slot, key: Text, args: Sequence[ast.Expr]) -> Any:
        """The value of a field from the words after its key."""
        if slot.shape is Shape.FLAG:
            return not (args and isinstance(args[0], ast.Name) and args[0].id == "false")
        if slot.shape is Shape.EXPRESSIONS:
            return [Expression(arg) for arg in args]
        if slot.shape is Shape.PHRASE:
            return phrase_of(self, key, args)
        if slot.shape is Shape.TEXTS:
            flat = [item for arg in args for item in (arg.items if isinstance(arg, ast.List | ast.Tuple) else (arg,))]
            return [self.text(item) for item in flat]
        if slot.shape is Shape.BLOCK:
            assert slot.block is not None
            return self.block(slot.block, (), key.span or args[0].span, args)
        if not args:
            self.needs_value(key)
            where = key.span
            assert where is not None
            return Text("", where) if slot.shape is Shape.TEXT else Expression(ast.Broken(where))
        if slot.shape is Shape.TEXT:
            return self.text(args[0])
        return Expression(args[0])

    def text(self, value: ast.Expr) -> Text:
        """A string or a bare name."""
        if isinstance(value, ast.String):
            return Text(value.value, value.span)
        if isinstance(value, ast.Name):
            return Text(value.id, value.span)
        return self.wants_text(value.span)


def _braces(statement: ast.Statement) -> Span:
    """The braces of a statement and what is in them."""
    span = statement.span
    return Span(span.source, span.source.text.index("{", statement.key_span.end), span.end)
