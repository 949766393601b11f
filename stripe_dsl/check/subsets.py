"""Members of a list by name: ``(drive * joints.vel)[hips]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.values import Base, BodySet, JointSet, Value, describe
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.types import Kind
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


def chosen(low: Lowering, owner: Value | None, expr: ast.Index) -> list[Value | None]:
    """The sets, joints and bodies that stand in brackets. Mistakes are reported."""
    axis = owner.type.axis if isinstance(owner, Node) else None
    what = "joints" if isinstance(owner, JointSet) or (axis is not None and axis.kind == "joint") else "bodies"
    found: list[Value | None] = []
    for item in expr.items:
        if isinstance(item, ast.Number) and isinstance(owner, Node) and axis is None and owner.type.is_vector:
            help = "write `.x`, `.y` or `.z` in place of the brackets"
            low.report.error("E0303", "parts of a vector are chosen by names, not by a number", item.span, help)
            found.append(None)
            continue
        if isinstance(item, ast.String | ast.Number):
            given = "a pattern" if isinstance(item, ast.String) else "a number"
            example = item.span.text if isinstance(item, ast.String) else '"…"'
            help = f"name them in the robot, as in `{what} chosen = {example}`, and write `[chosen]`"
            low.report.error("E0303", f"members are chosen by names, not by {given}", item.span, help)
            found.append(None)
            continue
        low.names.wanted = "[]" if axis is None else what
        found.append(low.value(item))
    low.names.wanted = ""
    return found


def members(low: Lowering, owner: Value, expr: ast.Index, sets: Sequence[Value | None]) -> Node | None:
    """Some members of a list, in the order of the sets; of one joint or body its value. Mistakes are reported."""
    axis = owner.type.axis if isinstance(owner, Node) else None
    if not isinstance(owner, Node) or axis is None or axis.kind not in ("joint", "body"):
        message = f"only sensors and lists over joints or bodies are indexed, not {describe(owner)}"
        low.report.error("E0303", message, expr.span, "as in `wrench[feet].force` or `drive[hips]`")
        return None
    names: list[str] = []
    labels: list[str] = []
    for item, value in zip(expr.items, sets, strict=True):
        if isinstance(value, Base):
            value = BodySet(value.robot, value.model, (value.model.root_body,), value.label, single=True)
        kind = {JointSet: "joint", BodySet: "body"}.get(type(value))
        if kind != axis.kind or not isinstance(value, JointSet | BodySet):
            assert value is not None
            what = {"joint": "joints", "body": "bodies"}[axis.kind]
            low.report.error("E0303", f"a list over {what} has no members for {describe(value)}", item.span)
            return None
        missing = [name for name in value.names if value.robot != axis.entity or name not in axis.names]
        if missing:
            help = f"it is over {and_list(list(axis.names), 12)}"
            low.report.error("E0303", f"the list has no {and_list(missing)}", item.span, help)
            return None
        names += [name for name in value.names if name not in names]
        labels.append(value.label)
    places = tuple(axis.names.index(name) for name in names)
    single = len(sets) == 1 and (isinstance(sets[0], Base) or getattr(sets[0], "single", False))
    node = owner
    if places != tuple(range(len(axis.names))):
        some = replace(owner.type, axis=replace(axis, names=tuple(names), label=", ".join(labels)))
        node = low.graph.add("pick", (owner,), type=some, attr=places, span=expr.span)
    if not single:
        return node
    reduction = "any" if owner.type.kind is Kind.BOOL else "sum"
    return low.graph.add(reduction, (node,), type=replace(owner.type, axis=None), span=expr.span)
