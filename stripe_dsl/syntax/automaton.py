"""Walks the LALR tables: shifts tokens, and reduces them to nodes through a builder."""

from __future__ import annotations

from typing import Any

from stripe_dsl.syntax.grammar import Tables
from stripe_dsl.syntax.token import Token


class Automaton:
    """A parse in progress.

    Attributes:
        states: the stack of states.
        values: the stack of tokens and nodes; always one shorter than ``states``.
    """

    def __init__(self, tables: Tables, builder: Any, start: str) -> None:
        self.tables = tables
        self.builder = builder
        self.states = [tables.starts[start]]
        self.values: list[Any] = []
        self._end = tables.ends[start]

    def expected(self) -> dict[str, int]:
        """What may come next, by name of terminal; some of it only until the next reduction."""
        return self.tables.actions[self.states[-1]]

    def feed(self, token: Token) -> bool:
        """Takes one token; ``False`` if it cannot stand here. Reductions before it stay done."""
        states, values = self.states, self.values
        actions, rules = self.tables.actions, self.tables.rules
        kind = token.type
        while True:
            target = actions[states[-1]].get(kind)
            if target is None:
                return False
            if target >= 0:
                states.append(target)
                values.append(token)
                return True
            origin, size, callback, keep, expand = rules[~target]
            if expand and size == 1:
                states[-1] = actions[states[-2]][origin]
                continue
            if size:
                raw = values[-size:]
                del values[-size:]
                del states[-size:]
            else:
                raw = []
            children: list[Any] = []
            for mark, child in zip(keep, raw, strict=True):
                if mark == 1:
                    children.append(child)
                elif mark == 2:
                    children.extend(child)
            if not callback:
                value = children
            elif expand and len(children) == 1:
                value = children[0]
            else:
                value = getattr(self.builder, callback)(children)
            states.append(actions[states[-1]][origin])
            values.append(value)
            if kind == "$END" and states[-1] == self._end:
                return True

    def accepts(self, *kinds: str) -> bool:
        """Whether these tokens, one after the other, could stand here. Nothing is built, nothing changes."""
        actions, rules = self.tables.actions, self.tables.rules
        states = list(self.states)
        for kind in kinds:
            while True:
                target = actions[states[-1]].get(kind)
                if target is None:
                    return False
                if target >= 0:
                    states.append(target)
                    break
                origin, size = rules[~target][:2]
                if size:
                    del states[-size:]
                states.append(actions[states[-1]][origin])
                if kind == "$END" and states[-1] == self._end:
                    break
        return True
