"""Writes a tree as text again, with no more parentheses than it needs."""

from __future__ import annotations

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
    Parameter,
    Range,
    Statement,
    String,
    Tuple,
    Typed,
    Unary,
    Where,
)

# How tightly an expression holds together; the levels of the grammar, loosest first.
_ANY, _RANGE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGNED, _POWER, _ATOM = range(11)
_BINARY = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _COMPARE),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/"), _PRODUCT),
    "^": _POWER,
}


def unparse(expr: Expr) -> str:
    """The expression as text on one line.

    It parses to an equal tree (spans aside) if the tree is one that the parser makes. What could not be parsed stands
    as ``…``, which is no Stripe.
    """
    return _write(expr, _ANY)


def unparse_phrase(statement: Statement) -> str:
    """A line of a property block as text on one line, its block in braces behind it."""
    return _one_line(statement)


def unparse_statement(statement: Statement, indent: int = 0) -> str:
    """The statement as text, its block on lines of their own, indented by two spaces for each level."""
    pad = "  " * indent
    line = pad + _head(statement)
    if statement.body is None:
        return line
    if not statement.body:
        return f"{line} {{ }}"
    body = "\n".join(unparse_statement(item, indent + 1) for item in statement.body)
    return f"{line} {{\n{body}\n{pad}}}"


def quote(text: str) -> str:
    """A text in quotes, as the language writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def number_text(value: float) -> str:
    """The shortest text of a number that reads as the same value."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value)) if value or str(value)[0] != "-" else "-0"
    return repr(value).replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def _head(statement: Statement) -> str:
    if statement.key == "fn" and statement.op == "=" and statement.value is not None and statement.args:
        name, *parameters = statement.args
        return f"fn {unparse(name)}({', '.join(map(unparse, parameters))}) = {unparse(statement.value)}"
    words = []
    args = list(statement.args)
    if isinstance(statement.target, String):
        words.append(quote(statement.target.value))
    elif _is_rule(statement):
        pass
    elif statement.target is not None:
        words.append(unparse(statement.target))
    elif statement.key:
        words.append(statement.key)
    for before, arg in zip([None, *args], args, strict=False):
        if isinstance(before, Number) and isinstance(arg, Range) and arg.symmetric:
            words[-1] += ","  # `2 +-1` would be one value
        words.append(_value(arg))
    if statement.op:
        words.append(statement.op)
    if statement.value is not None:
        words.append(_right_side(statement.value))
    words.extend(f"{option.key.id} {_option_value(option)}" for option in statement.options)
    return " ".join(words)


def _is_rule(statement: Statement) -> bool:
    """``slope < 38 deg``, ``canopy.cover > 0.2``: the key stands in the argument."""
    first = statement.args[0] if statement.args else None
    return (
        isinstance(first, Binary)
        and _BINARY.get(first.op) == _COMPARE
        and (
            (isinstance(first.left, Name) and first.left.id == statement.key and first.left.span == statement.key_span)
            or (statement.target is not None and first.left.span == statement.target.span)
        )
    )


def _right_side(value: Expr) -> str:
    """A bare list of values (``circle 6 m at spawn``) has no parentheses; it starts with a word."""
    if isinstance(value, Tuple) and not value.unit and is_bare(value):
        return " ".join([unparse(value.items[0]), *(_value(item) for item in value.items[1:])])
    return unparse(value)


def is_bare(value: Tuple) -> bool:
    """The parser's spans tell; in a tree made by hand they are empty, and parentheses are right as well."""
    return (
        value.span.start < value.span.end
        and value.items[0].span.start == value.span.start
        and value.items[-1].span.end == value.span.end
    )


def _option_value(option: Option) -> str:
    value = option.value
    if isinstance(value, Tuple) and not value.unit and is_bare(value):
        return ", ".join(unparse(item) for item in value.items)
    return unparse(value)


def _value(expr: Expr) -> str:
    """An argument of a property, where operators need parentheses."""
    match expr:
        case Binary(op=op, left=left, right=right) if op in ("+-", "/") or _BINARY.get(op) == _COMPARE:
            return f"{_operand(left)} {op} {_operand(right)}"
        case Range(low=low, high=high, symmetric=symmetric):
            return f"+-{_range_end(high)}" if symmetric else f"{_range_end(low)}..{_range_end(high)}"
        case Unary(op="-", operand=operand):
            return "-" + _write(operand, _ATOM)
        case Binary() | Unary() | If() | Where() | Norm() | Braces():
            return f"({unparse(expr)})"
    return unparse(expr)


def _operand(expr: Expr) -> str:
    return f"({unparse(expr)})" if isinstance(expr, Binary) else _value(expr)


def _range_end(expr: Expr) -> str:
    text = _value(expr)
    return f"({text})" if isinstance(expr, Range | Binary) and not text.startswith("(") else text


def _write(expr: Expr, level: int) -> str:
    text, own = _text(expr)
    return f"({text})" if own < level else text


def _text(expr: Expr) -> tuple[str, int]:
    """The text of an expression, and how tightly it holds together."""
    match expr:
        case Number(value=value, unit=unit):
            text = number_text(value)
            if unit:  # `2 m^2` has the unit m^2
                return f"{text} {unit}", _SIGNED
            return text, (_SIGNED if text.startswith("-") else _POWER)
        case String(value=value):
            return quote(value), _POWER
        case Name(id=name):
            return name, _ATOM
        case Field(object=base, name=name):
            return f"{_base(base)}.{name}", _ATOM
        case Frame(object=base, frame=frame):
            return f"{_base(base)}@{frame}", _ATOM
        case Index(object=base, items=items):
            return f"{_base(base)}[{_list(items)}]", _ATOM
        case Call(function=function, args=args, keywords=keywords):
            named = [f"{name.id} = {unparse(value)}" for name, value in keywords]
            return f"{_base(function)}({', '.join([*(unparse(arg) for arg in args), *named])})", _ATOM
        case Norm(operand=operand):
            return f"|{unparse(operand)}|", _POWER
        case Typed(kind=kind, units=units):
            return f"{unparse(kind)} [{' or '.join(unit.id for unit in units)}]", _ANY
        case Parameter(name=name, type=type, default=default):
            text = f"{name.id}: {unparse(type)}" if type is not None else name.id
            return (text if default is None else f"{text} = {unparse(default)}"), _ANY
        case Tuple(items=items, unit=unit):
            return f"({_list(items)}){' ' + unit if unit else ''}", _ATOM
        case List(items=items):
            return f"[{_list(items)}]", _ATOM
        case Braces(body=body):
            inside = "; ".join(_one_line(item) for item in body)
            return (f"{{ {inside} }}" if inside else "{ }"), _POWER
        case If() | Where() | Range() | Unary() | Binary():
            return _operation(expr)
    return "…", _ATOM


def _operation(expr: If | Where | Range | Unary | Binary) -> tuple[str, int]:
    match expr:
        case If(then=then, condition=condition, otherwise=otherwise):
            text = f"{_write(then, _RANGE)} if {_write(condition, _OR)}"
            return (text if otherwise is None else f"{text} else {_write(otherwise, _ANY)}"), _ANY
        case Where(value=value, condition=condition):
            return f"{_write(value, _RANGE)} where {_write(condition, _OR)}", _ANY
        case Range(low=low, high=high, symmetric=symmetric):
            if symmetric:
                return f"+-{_write(high, _SIGNED)}", _SIGNED
            return f"{_write(low, _OR)}..{_write(high, _OR)}", _RANGE
        case Unary(op="not", operand=operand):
            return f"not {_write(operand, _NOT)}", _NOT
        case Unary(op=op, operand=operand):
            return f"{op}{_write(operand, _SIGNED)}", _SIGNED
    if expr.op == "^":
        exponent = _write(expr.right, _POWER) if not _is_minus(expr.right) else _text(expr.right)[0]
        return f"{_write(expr.left, _POWER + 1 if isinstance(expr.left, Binary) else _POWER)}^{exponent}", _POWER
    own = _BINARY.get(expr.op, _ANY)
    # `and` and `or`, sums and products group to the left; comparisons do not chain.
    left = _write(expr.left, own + 1 if own == _COMPARE else own)
    if own == _PRODUCT and isinstance(expr.right, Unary) and expr.right.op == "not":
        right = _negated(expr.right)
    else:
        right = _write(expr.right, own + 1)
    return f"{left} {expr.op} {right}", own


def _negated(expr: Unary) -> str:
    """``not`` as the right operand of ``*`` or ``/``, which binds what follows as tightly as they do."""
    if isinstance(expr.operand, Unary) and expr.operand.op == "not":
        return f"not {_negated(expr.operand)}"
    return f"not {_write(expr.operand, _SIGNED)}"


def _is_minus(expr: Expr) -> bool:
    """A minus before a power: what an exponent may be without parentheses."""
    if isinstance(expr, Number):
        return number_text(expr.value).startswith("-")
    return isinstance(expr, Unary) and expr.op == "-" and (_is_minus(expr.operand) or _text(expr.operand)[1] >= _POWER)


def _base(expr: Expr) -> str:
    """What a dot, a frame, an index or a call can follow."""
    return _write(expr, _ATOM) if not (isinstance(expr, Tuple) and expr.unit) else f"({_write(expr, _ANY)})"


def _list(items: tuple[Expr, ...]) -> str:
    return ", ".join(unparse(item) for item in items)


def _one_line(statement: Statement) -> str:
    head = _head(statement)
    if statement.body is None:
        return head
    inside = "; ".join(_one_line(item) for item in statement.body)
    return f"{head} {{ {inside} }}" if inside else f"{head} {{ }}"
