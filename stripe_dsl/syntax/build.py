"""The tree's nodes, made while the parser reduces: one method for each alias in ``grammar/stripe.lark``."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from math import isinf
from typing import Any

from stripe_dsl.diagnostics.model import Diagnostic
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.syntax.ast import (
    Binary,
    Braces,
    Broken,
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
    Parameter,
    Range,
    Statement,
    String,
    Tuple,
    Typed,
    Unary,
    Where,
)
from stripe_dsl.syntax.pieces import DEPTH, Block, Keyword, Rest, is_deep, split_rest
from stripe_dsl.syntax.token import STATEMENT_WORDS, Token

Children = list[Any]

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ESCAPE = re.compile(r'\\(["\\n])')  # any other backslash stays, for the sake of regular expressions


class Builder:
    """Makes the nodes of one parse.

    Attributes:
        source: the file; every span refers to it.
        diagnostics: what is wrong though the grammar allows it.
    """

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []

    def _span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    def _of(self, item: Any) -> Span:
        return item.span if not isinstance(item, Token) else Span(self.source, item.start, item.end)

    def _over(self, children: Children) -> Span:
        first, last = children[0], children[-1]
        start = first.start if isinstance(first, Token) else first.span.start
        end = last.end if isinstance(last, Token) else last.span.end
        return Span(self.source, start, end)

    def _name(self, token: Token) -> Name:
        return Name(Span(self.source, token.start, token.end), token.value)

    # ---- files and statements

    def file(self, children: Children) -> tuple[Statement, ...]:
        return tuple(child for child in children if isinstance(child, Statement))

    def expression(self, children: Children) -> Expr:
        return self._shallow(children[0])

    def item(self, children: Children) -> Statement | None:
        return children[0] if children else None

    def phrase(self, children: Children) -> Statement | None:
        return children[0] if children else None

    def block(self, children: Children) -> Block:
        return Block(self._over(children), tuple(child for child in children if isinstance(child, Statement)))

    def import_statement(self, children: Children) -> Statement:
        keyword, path, word, name = children
        args = (path if isinstance(path, Expr) else self.string([path]), self._name(word), self._name(name))
        return Statement(self._over(children), keyword.value, self._of(keyword), args=args)

    def declaration(self, children: Children) -> Statement:
        keyword, *args, block = children
        return Statement(
            self._over(children),
            keyword.value,
            self._of(keyword),
            args=tuple(self._name(arg) if isinstance(arg, Token) else arg for arg in args),
            body=block.body,
        )

    def definition(self, children: Children) -> Statement:
        keyword, name, op, value, *others = children
        return Statement(
            self._over(children),
            keyword.value,
            self._of(keyword),
            args=(self._name(name),),
            op=op.value,
            value=self._shallow(value),
            options=tuple(other for other in others if isinstance(other, Option)),
            body=others[-1].body if others and isinstance(others[-1], Block) else None,
        )

    def function(self, children: Children) -> Statement:
        keyword, name, *others = children
        parameters = tuple(other for other in others if isinstance(other, Parameter))
        return Statement(
            self._over(children),
            keyword.value,
            self._of(keyword),
            args=(self._name(name), *parameters),
            op="=",
            value=self._shallow(children[-1]),
        )

    def parameter(self, children: Children) -> Parameter:
        name, *others = children
        type, default = None, None
        for before, other in pairwise(others):
            if isinstance(before, Token) and before.type == "COLON":
                type = other
            elif isinstance(before, Token) and before.type == "EQUAL":
                default = self._shallow(other)
        return Parameter(self._over(children), self._name(name), type, default)

    def typed(self, children: Children) -> Expr:
        kind, _, *others = children
        return Typed(self._over(children), kind, tuple(other for other in others if isinstance(other, Name)))

    def unit_text(self, children: Children) -> Name:
        span = self._over(children)
        return Name(span, span.text)

    def setting(self, children: Children) -> Statement:
        key, key_span, target = self._head_of(children[0])
        args: list[Expr] = []
        op, value, options, body = "", None, (), None
        for child in children[1:]:
            if isinstance(child, Expr):
                args.append(self._shallow(child))
            elif isinstance(child, Rest):
                value, options = split_rest(child)
                value = self._shallow(value)
            elif isinstance(child, Block):
                body = child.body
            elif child.type != "COMMA":
                op = child.value
        return Statement(self._over(children), key, key_span, target, tuple(args), op, value, options, body)

    def rule(self, children: Children) -> Statement:
        """``slope < 38 deg``: the comparison is the argument, so that ``must slope < 38 deg`` looks alike."""
        subject, op, value, *block = children
        key, key_span, target = self._head_of(subject)
        left = subject if not isinstance(subject, String) else Broken(subject.span)
        args = (Binary(subject.span.to(value.span), op.value, left, value, self._of(op)),)
        return Statement(self._over(children), key, key_span, target, args, body=block[0].body if block else None)

    def rest(self, children: Children) -> Rest:
        return Rest(self._over(children), tuple(children))

    def bare(self, children: Children) -> Statement:
        value, *options = children
        span = self._over(children)
        return Statement(
            span, "", self._span(span.start, span.start), value=self._shallow(value), options=tuple(options)
        )

    def assignment(self, children: Children) -> Statement:
        left, op, value, *options = children
        key, key_span, target = self._head_of(left)
        return Statement(
            self._over(children), key, key_span, target, (), op.value, self._shallow(value), tuple(options)
        )

    def override(self, children: Children) -> Statement:
        keyword, left, op, value, *options = children
        return Statement(
            self._over(children),
            keyword.value,
            self._of(keyword),
            None,
            (left,),
            op.value,
            self._shallow(value),
            tuple(options),
        )

    def option(self, children: Children) -> Option:
        key, value = children
        if key.value in STATEMENT_WORDS:
            end = len(self.source.text[: key.start].rstrip())
            label = f"expected `;` or a line end before `{key.value}`"
            helps = ("put `;` between them",)
            here = self._span(end, end)
            self.diagnostics.append(Diagnostic("E0103", "two statements on one line", here, label, helps))
        return Option(self._name(key), self._shallow(value), self._over(children))

    def option_cases(self, children: Children) -> Option:
        cases = [child for child in children[1:] if isinstance(child, Expr)]
        return Option(self._name(children[0]), Tuple(self._over(cases), tuple(cases)), self._over(children))

    def _head_of(self, head: Any) -> tuple[str, Span, Expr | None]:
        if isinstance(head, Token):
            return head.value, self._of(head), None
        if isinstance(head, Name):
            return head.id, head.span, None
        if isinstance(head, String):
            return head.value, head.span, head
        return "", self._span(head.span.start, head.span.start), head

    def _shallow(self, value: Any) -> Any:
        """The expression, or :class:`Broken` in the place of one that nests too deeply."""
        if value.span.end - value.span.start < DEPTH or not is_deep(value):
            return value
        helps = ("name parts of it with `let`",)
        self.diagnostics.append(Diagnostic("E0101", "the expression nests too deeply", value.span, helps=helps))
        return Broken(value.span)

    # ---- operators

    def binary(self, children: Children) -> Expr:
        left, op, right = children
        return Binary(left.span.to(right.span), op.value, left, right, self._of(op))

    def compare(self, children: Children) -> Token:
        return children[0]

    def unary(self, children: Children) -> Expr:
        op, operand = children
        span = self._over(children)
        if op.value == "-" and isinstance(operand, Number) and not str(operand.value).startswith("-"):
            return replace(operand, span=span, value=-operand.value)
        return Unary(span, op.value, operand)

    def value_negative(self, children: Children) -> Expr:
        """A sign in a property: a minus with space after it, or none before it, was meant as a subtraction."""
        op, _ = children
        text = self.source.text
        before, after = text[max(op.start - 1, 0) : op.start], text[op.end : op.end + 1]
        if after.isspace() or before.isalnum() or before in (")", "]", "_", "%"):
            self.diagnostics.append(
                Diagnostic(
                    "E0101",
                    "a property's value holds no operators outside parentheses",
                    self._of(op),
                    helps=("put the subtraction into parentheses",),
                )
            )
        return self.unary(children)

    def symmetric(self, children: Children) -> Expr:
        high = children[1]
        return Range(self._over(children), self.unary_minus(high), high, symmetric=True)

    def unary_minus(self, operand: Expr) -> Expr:
        if isinstance(operand, Number) and not str(operand.value).startswith("-"):
            return replace(operand, value=-operand.value)
        return Unary(operand.span, "-", operand)

    def interval(self, children: Children) -> Expr:
        low, _, high = children
        return Range(low.span.to(high.span), low, high)

    def if_else(self, children: Children) -> Expr:
        otherwise = children[4] if len(children) > 3 else None
        return If(self._over(children), children[0], children[2], otherwise)

    def where(self, children: Children) -> Expr:
        return Where(self._over(children), children[0], children[2])

    # ---- atoms

    def literal(self, children: Children) -> Expr:
        token = children[0]
        span = self._of(token)
        digits = _NUMBER.match(token.value)
        assert digits is not None
        if isinf(float(digits.group())):
            self.diagnostics.append(Diagnostic("E0106", f"`{digits.group()}` is too large for a number", span))
        if token.type == "NUMBER":
            return Number(span, float(token.value))
        unit = token.value[digits.end() :].lstrip(" \t")
        return Number(span, float(digits.group()), unit, self._span(token.end - len(unit), token.end))

    def string(self, children: Children) -> Expr:
        token = children[0]
        value = _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], token.value[1:-1])
        return String(self._of(token), value)

    def color(self, children: Children) -> Expr:
        return String(self._of(children[0]), children[0].value)

    def broken(self, children: Children) -> Expr:
        return Broken(self._of(children[0]))

    def name(self, children: Children) -> Expr:
        return self._name(children[0])

    def field(self, children: Children) -> Expr:
        return Field(self._over(children), children[0], children[2].value, self._of(children[2]))

    def frame(self, children: Children) -> Expr:
        return Frame(self._over(children), children[0], children[2].value, self._of(children[2]))

    def index(self, children: Children) -> Expr:
        items = tuple(child for child in children[1:] if isinstance(child, Expr))
        return Index(self._over(children), children[0], items)

    def call(self, children: Children) -> Expr:
        args = tuple(child for child in children[1:] if isinstance(child, Expr))
        keywords = tuple((child.name, child.value) for child in children[1:] if isinstance(child, Keyword))
        return Call(self._over(children), children[0], args, keywords)

    def keyword(self, children: Children) -> Keyword:
        return Keyword(self._name(children[0]), children[2])

    def parenthesised(self, children: Children) -> Expr:
        span = self._over(children)
        inner = children[1]
        if len(children) == 3:
            return replace(inner, span=span)
        unit = children[3]
        unit_span = self._of(unit)
        if isinstance(inner, Range) and isinstance(inner.low, Number) and isinstance(inner.high, Number):
            ends = [
                end if end.unit else replace(end, unit=unit.value, unit_span=unit_span)
                for end in (inner.low, inner.high)
            ]
            return Range(span, ends[0], ends[1], inner.symmetric)
        self.diagnostics.append(
            Diagnostic(
                "E0101",
                "a unit follows a number, a vector or a range of numbers",
                unit_span,
                helps=(f"multiply by `1 {unit.value}`",),
            )
        )
        return replace(inner, span=span)

    def vector(self, children: Children) -> Expr:
        items = [child for child in children if isinstance(child, Expr)]
        unit = children[-1] if children[-1].type == "UNIT" else None
        span = self._over(children)
        if unit is None:
            return Tuple(span, tuple(items))
        return Tuple(span, tuple(items), unit.value, self._of(unit))

    def sequence(self, children: Children) -> Expr:
        items = [child for child in children if isinstance(child, Expr)]
        return List(self._over(children), tuple(items))

    def norm(self, children: Children) -> Expr:
        return Norm(self._over(children), children[1])

    def braces(self, children: Children) -> Expr:
        return Braces(children[0].span, children[0].body)
