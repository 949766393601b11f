"""Leaves of the document model: expressions and words that remember where they stand."""

from __future__ import annotations

from typing import Any

from stripe_dsl.source import Span
from stripe_dsl.syntax import ast


class Text(str):
    """A string that knows its span. Dictionary keys and file names are of this type."""

    span: Span | None

    def __new__(cls, value: str, span: Span | None = None) -> Text:
        text = super().__new__(cls, value)
        text.span = span
        return text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class Expression:
    """An expression of the language; in YAML and JSON a string (or a plain number or boolean).

    Attributes:
        node: the parsed tree.
    """

    __slots__ = ("node",)

    def __init__(self, node: ast.Expr) -> None:
        self.node = node

    @property
    def span(self) -> Span:
        """Where the expression stands."""
        return self.node.span

    def __str__(self) -> str:
        from stripe_dsl.syntax.unparse import unparse

        return unparse(self.node)

    def __repr__(self) -> str:
        return f"Expression({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _validate,
            json_schema_input_schema=core_schema.union_schema(
                [core_schema.str_schema(), core_schema.float_schema(), core_schema.bool_schema()]
            ),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}],
            "description": "An expression of the language, such as `4 m`, `-45..45 deg` or `|slider.pos| > 3 m`.",
        }


class Update(Expression):
    """A new value, or a change of the one that is there: ``0.6..0.8``, ``+= -1..3 kg``, ``*= 0.8..1.2``.

    Attributes:
        op: ``=``, ``+=`` or ``*=``.
    """

    __slots__ = ("op",)

    def __init__(self, node: ast.Expr, op: str = "=") -> None:
        super().__init__(node)
        self.op = op

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.op == "=" else f"{self.op} {text}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _validate_update,
            json_schema_input_schema=core_schema.union_schema([core_schema.str_schema(), core_schema.float_schema()]),
            serialization=core_schema.to_string_ser_schema(),
        )


class Phrase:
    """A line of a property block that is kept as it is: ``avoid start by 4 m``, ``cone 55 % { radius 1 m }``.

    In YAML and JSON a string.

    Attributes:
        statement: the parsed line. Its key, or the left side of its comparison, is the phrase's first word.
    """

    __slots__ = ("statement",)

    def __init__(self, statement: ast.Statement) -> None:
        self.statement = statement

    @property
    def span(self) -> Span:
        """Where the phrase stands."""
        return self.statement.span

    @property
    def word(self) -> str:
        """The first word, or the text of a string in its place; empty where it is neither."""
        return self.statement.key

    @property
    def broken(self) -> bool:
        """Whether it could not be read, which was reported."""
        return isinstance(self.statement.target, ast.Broken)

    @property
    def args(self) -> tuple[ast.Expr, ...]:
        """What follows the first word; of a comparison (``slope < 38 deg``) the comparison alone."""
        return self.statement.args

    def __str__(self) -> str:
        from stripe_dsl.syntax.unparse import unparse_phrase

        return unparse_phrase(self.statement)

    def __repr__(self) -> str:
        return f"Phrase({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrase) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _validate_phrase,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )


UPDATES = ("+=", "*=")
"""What a change begins with where it is one text."""


def _validate_update(value: object) -> Update:
    if isinstance(value, Update):
        return value
    if isinstance(value, str) and value.lstrip().startswith(UPDATES):
        return Update(_validate(value.lstrip()[2:]).node, value.lstrip()[:2])
    return Update(_validate(value).node)


def _validate_phrase(value: object) -> Phrase:
    if isinstance(value, Phrase):
        return value
    if not isinstance(value, str):
        raise ValueError("a line of a block is a string")
    from stripe_dsl.source import SourceFile
    from stripe_dsl.syntax.parser import parse_phrase

    source = SourceFile("<value>", value)
    statement, diagnostics = parse_phrase(source, 0, len(value))
    if diagnostics:
        raise ValueError(diagnostics[0].message)
    return Phrase(statement)


def _validate(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int | float | str):
        from stripe_dsl.source import SourceFile
        from stripe_dsl.syntax.parser import parse_expression

        source = SourceFile("<value>", str(value))
        node, diagnostics = parse_expression(source, 0, len(source.text))
        if diagnostics:
            raise ValueError(diagnostics[0].message)
        return Expression(node)
    raise ValueError("an expression is a string, a number or a boolean")
