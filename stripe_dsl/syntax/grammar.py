"""The compiled grammar: Lark turns ``stripe.lark`` into LALR tables, which are kept in the user's cache folder.

With the tables at hand a run needs no Lark at all, which matters: importing it and loading a parser from its own
cache costs 75 ms, these tables 2 ms. What remains is to walk them (:mod:`stripe_dsl.syntax.automaton`).
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

START_RULES = ("file", "expression", "item", "phrase")

_FORMAT = 1  # of the cached tables; raise it with any change of Rule, Terminal or Tables


class Terminal(NamedTuple):
    """A terminal: a regular expression, or a fixed text."""

    name: str
    pattern: str
    fixed: bool
    priority: int


class Rule(NamedTuple):
    """A production.

    Attributes:
        origin: the nonterminal that it makes.
        size: symbols on its right side.
        callback: method of the builder that takes the children; empty for a rule that only passes on what it has.
        keep: for each symbol, 0 to drop it, 1 to keep it, 2 to splice its children in.
        expand: a single child stands for the rule itself.
    """

    origin: str
    size: int
    callback: str
    keep: tuple[int, ...]
    expand: bool


class Tables(NamedTuple):
    """LALR(1) tables.

    Attributes:
        actions: for each state, symbol → next state (``>= 0``: shift, or go to) or ``~rule`` (reduce).
        rules: the productions.
        terminals: in the order in which the lexer should try them.
        starts: start rule → first state.
        ends: start rule → the state that has accepted everything.
    """

    actions: list[dict[str, int]]
    rules: list[Rule]
    terminals: list[Terminal]
    starts: dict[str, int]
    ends: dict[str, int]


def grammar_folder() -> Path:
    """The folder that holds ``stripe.lark`` and ``syntax_errors.toml``.

    A wheel carries it inside the package, a source tree beside it.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "grammar", package.parent / "grammar"):
        if (folder / "stripe.lark").is_file():
            return folder
    raise FileNotFoundError("stripe.lark is missing from this installation of stripe_dsl")


def cache_folder() -> Path:
    """Where compiled things are kept: ``$STRIPEC_CACHE``, else ``stripec`` in the user's cache folder."""
    chosen = os.environ.get("STRIPEC_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "stripec"


@cache
def load_tables() -> Tables:
    """The tables of the grammar, from the cache folder if they are there."""
    text = (grammar_folder() / "stripe.lark").read_text(encoding="utf-8")
    mark = hashlib.sha256(f"{_FORMAT} {sys.version_info[:2]} {text}".encode()).hexdigest()[:16]
    try:
        file = cache_folder() / f"grammar-{mark}.tables"
        return _unpack(marshal.loads(file.read_bytes()))
    except (OSError, RuntimeError, ValueError, EOFError, TypeError):  # absent, unreadable or damaged: made anew
        pass
    tables = compile_tables(text)
    try:
        file = cache_folder() / f"grammar-{mark}.tables"
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}")
        partial.write_bytes(marshal.dumps(_pack(tables)))
        partial.replace(file)  # in one step: another process never reads half a file
    except (OSError, RuntimeError):  # a read-only home, or none: the next run compiles the grammar again
        pass
    return tables


def compile_tables(text: str) -> Tables:
    """Has Lark compile a grammar, and takes what the automaton needs."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    parser: Any = Lark(text, parser="lalr", start=list(START_RULES), maybe_placeholders=False)
    table = parser.parser.parser._parse_table
    numbers = {rule: number for number, rule in enumerate(parser.rules)}
    rules = list(parser.rules)
    actions: list[dict[str, int]] = []
    for state in range(len(table.states)):
        row = {}
        for symbol, (action, target) in table.states[state].items():
            if action is not Shift and target not in numbers:  # the rules that lark adds around the start rules
                numbers[target] = len(rules)
                rules.append(target)
            row[str(symbol)] = target if action is Shift else ~numbers[target]
        actions.append(row)
    terminals = [
        Terminal(str(item.name), item.pattern.to_regexp(), item.pattern.type == "str", item.priority)
        for item in parser.terminals
        if item.pattern is not None
    ]
    terminals.sort(key=lambda item: (-item.priority, item.fixed, -len(item.pattern), item.name))
    return Tables(actions, [_rule(rule) for rule in rules], terminals, dict(table.start_states), dict(table.end_states))


def _rule(rule: Any) -> Rule:
    keep = tuple(
        0 if symbol.is_term and symbol.filter_out else 2 if not symbol.is_term and symbol.name.startswith("_") else 1
        for symbol in rule.expansion
    )
    origin = str(rule.origin.name)
    callback = str(rule.alias or "") or ("" if origin.startswith(("_", "$")) else origin)
    return Rule(origin, len(rule.expansion), callback, keep, bool(rule.options.expand1) and not rule.alias)


def _pack(tables: Tables) -> tuple[Any, ...]:
    """Plain tuples, lists and dictionaries."""
    rules, terminals = [tuple(rule) for rule in tables.rules], [tuple(item) for item in tables.terminals]
    return tables.actions, rules, terminals, tables.starts, tables.ends


def _unpack(data: tuple[Any, ...]) -> Tables:
    actions, rules, terminals, starts, ends = data
    return Tables(actions, [Rule(*rule) for rule in rules], [Terminal(*item) for item in terminals], starts, ends)
