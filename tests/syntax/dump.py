"""Trees as text without spans: to compare two, and to read one."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from stripe_dsl.source import SourceFile
from stripe_dsl.syntax.ast import Expr, Name, Number, Option, Statement, String
from stripe_dsl.syntax.parser import parse_file


def dump(node: object) -> str:
    """One expression or option as nested calls."""
    match node:
        case None:
            return "-"
        case Number(value=value, unit=unit):
            return f"{value!r} {unit}".strip()
        case String(value=value):
            return repr(value)
        case Name(id=name):
            return name
        case Option(key=key, value=value):
            return f"{key.id}: {dump(value)}"
        case tuple():
            return "(" + ", ".join(map(dump, node)) + ")"
        case Statement():
            return "; ".join(line.strip() for line in dump_statement(node))
        case Expr():
            values = [getattr(node, item.name) for item in fields(node) if not item.name.endswith("span")]
            return f"{type(node).__name__}({', '.join(dump(value) for value in values)})"
    return str(node)


def dump_statement(statement: Statement, indent: int = 0) -> list[str]:
    """A statement as lines, its block indented."""
    words = ["  " * indent + (statement.key or "·")]
    if statement.target is not None:
        words.append(f"target={dump(statement.target)}")
    if statement.args:
        words.append(f"args={dump(statement.args)}")
    if statement.op:
        words.append(statement.op)
    if statement.value is not None:
        words.append(dump(statement.value))
    words.extend(f"[{dump(option)}]" for option in statement.options)
    if statement.body is None:
        return [" ".join(words)]
    lines = [" ".join([*words, "{"])]
    for item in statement.body:
        lines.extend(dump_statement(item, indent + 1))
    return [*lines, "  " * indent + "}"]


def dump_text(text: str) -> str:
    """What a file parses to; it must have no mistakes."""
    statements, diagnostics = parse_file(SourceFile("dump.stripe", text))
    assert diagnostics == [], diagnostics
    return "".join(f"{line}\n" for statement in statements for line in dump_statement(statement))


if __name__ == "__main__":  # writes the golden files anew; read the difference before you commit it
    for file in sorted((Path(__file__).parent / "data").glob("*.stripe")):
        sys.stdout.write(f"{file.name}\n")
        file.with_suffix(".tree").write_text(dump_text(file.read_text()))
