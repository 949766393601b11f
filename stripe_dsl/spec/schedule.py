"""The ``curriculum`` block of a ``.stripe`` file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stripe_dsl.spec.fields import Slot
from stripe_dsl.spec.values import Text
from stripe_dsl.syntax import ast

if TYPE_CHECKING:
    from stripe_dsl.spec.read import StatementReader


def read_curriculum(reader: StatementReader, slot: Slot, statement: ast.Statement) -> dict[Text, Any]:
    """``curriculum { reward.jerk = -0.1 over 10000..20000 }``: schedules by the path of what they change."""
    assert slot.inner is not None
    members: dict[Text, Any] = {}
    for line in statement.body or ():
        target = line.target
        if isinstance(line.value, ast.Name) and line.value.id == "terrain":
            help = (
                "write `level = 0..9 up |base.pos.xy| > 4 m down failed` where the scene has `tiles { …; curriculum }`"
            )
            reader.error("E0309", "the `level` of an environment is its row of tiles", line.span, help)
            continue
        if line.op != "=" or line.value is None:
            help = "as in `reward.jerk = -0.1 over 10000..20000`"
            reader.error("E0309", "a line here names a setting, what it becomes, and when", line.span, help)
            continue
        name = "".join(target.span.text.split()) if target is not None else line.key
        key = Text(name, target.span if target is not None else line.key_span)
        named = replace(line, key=statement.key, args=(ast.Name(key.span or line.span, name),), body=None)
        member = reader.named(slot.inner, named, key)
        if member is not None:
            reader.member(members, key, member)
    return members
