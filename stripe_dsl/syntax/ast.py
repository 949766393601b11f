"""The tree a parser makes: statements in blocks, and expressions. Every node knows its span.

Both surface forms end here: a ``.stripe`` file parses to :class:`Statement`, and the strings of a YAML document
parse to :class:`Expr` with the same grammar. Nothing is resolved or checked yet.

Nodes are equal only to themselves. (Methods that a dataclass writes are compiled at every start of the program; without
``__eq__``, ``__hash__`` and ``__repr__`` the classes of this module are made in half the time.)
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from stripe_dsl.source import Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Expr:
    """Base of all expressions."""

    span: Span

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.span.text!r})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Number(Expr):
    """``3``, ``2.5e-7 /(N*m)^2``: a number and the text of its unit, with ``unit_span`` at the unit."""

    value: float
    unit: str = ""
    unit_span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class String(Expr):
    """``"text"``, escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Name(Expr):
    """An identifier; also the words ``any``, ``none``, ``default``, ``true``, ``false``."""

    id: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Field(Expr):
    """``object.name``; ``name_span`` is the part after the dot."""

    object: Expr
    name: str
    name_span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Frame(Expr):
    """``object@frame``."""

    object: Expr
    frame: str
    frame_span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Index(Expr):
    """``object[item, ...]``."""

    object: Expr
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Expr):
    """``function(args, name = value)``."""

    function: Expr
    args: tuple[Expr, ...]
    keywords: tuple[tuple[Name, Expr], ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Unary(Expr):
    """``-x`` or ``not x``; ``op`` is ``-`` or ``not``."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary(Expr):
    """Arithmetic (``+ - * / ^``), comparison (``< <= > >= == !=``) and logic (``and or``)."""

    op: str
    left: Expr
    right: Expr
    op_span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Norm(Expr):
    """``|x|``."""

    operand: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class If(Expr):
    """``then if condition else otherwise``; without ``else`` it is zero where the condition does not hold."""

    then: Expr
    condition: Expr
    otherwise: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Where(Expr):
    """``value where condition``: the elements of a list that hold the condition, zero in place of the others."""

    value: Expr
    condition: Expr


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Range(Expr):
    """``low..high``, or ``+-x`` as ``-x..x``. A unit on ``high`` alone holds for both."""

    low: Expr
    high: Expr
    symmetric: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tuple(Expr):
    """``(a, b, c) unit``: a vector, or a bare list of arguments. The unit holds for every item without one."""

    items: tuple[Expr, ...]
    unit: str = ""
    unit_span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class List(Expr):
    """``[a, b, c]``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Braces(Expr):
    """``{ xy +-0.5 m; yaw any }`` where a value stands: property statements inside an expression."""

    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Typed(Expr):
    """``vec3@body [m/s]``: what a parameter of a function takes; ``units`` are those that its values may have."""

    kind: Expr
    units: tuple[Name, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Parameter(Expr):
    """``std: number [m/s] = 0.5 m/s``; ``type`` is a word, a word with a frame, or :class:`Typed`."""

    name: Name
    type: Expr | None = None
    default: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Broken(Expr):
    """What stands where nothing could be parsed; an error has been reported already."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Option:
    """``noise +-0.1 m/s`` after an expression: a word and one value."""

    key: Name
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Statement:
    """One line of a block. The same shape for all of them:

    ``damping 10 N*s/m``                 key ``damping``, args ``(10 N*s/m,)``
    ``joint slider = "slider_to_cart"``   key ``joint``, args ``(slider,)``, op ``=``, value the string
    ``task B extends A { … }``            key ``task``, args ``(B, extends, A)``, body the block
    ``reward per second { … }``           key ``reward``, args ``(per, second)``, body the block
    ``alive = 1.0 * not failed``          key ``alive``, op ``=``, value the expression
    ``base.lin_vel.x += +-0.5 m/s``       key ``""``, target the left side, op ``+=``
    ``joints.vel noise +-1.5 rad/s``      key ``""``, value the expression, options ``(noise …,)``
    ``let v = base.lin_vel@body``         key ``let``, args ``(v,)``, op ``=``, value the expression
    ``fn f(x: number = 1) = 2 * x``       key ``fn``, args ``(f, parameter x)``, op ``=``, value the expression

    Attributes:
        span: the whole statement, its block included.
        key: first word; empty for a bare expression and for an assignment to anything but a single word.
        key_span: where the first word stands (for an empty key: the start of the statement).
        target: left side of an assignment that is not a single word (``slider.pos``).
        args: values after the key.
        op: ``=``, ``+=``, ``*=`` or empty.
        value: right side of ``op``, or the bare expression.
        options: words with a value after ``value``.
        body: the statements in braces; ``None`` where there are no braces.
    """

    span: Span
    key: str
    key_span: Span
    target: Expr | None = None
    args: tuple[Expr, ...] = ()
    op: str = ""
    value: Expr | None = None
    options: tuple[Option, ...] = ()
    body: tuple[Statement, ...] | None = None


def parts(node: Any) -> list[Any]:
    """Expressions and statements directly inside an expression, an option, a statement or a tuple of them."""
    if isinstance(node, tuple):
        return list(node)
    if not isinstance(node, Expr | Statement | Option):
        return []
    values = [getattr(node, item.name) for item in fields(node)]
    return [value for value in values if isinstance(value, Expr) or (isinstance(value, tuple) and value)]
