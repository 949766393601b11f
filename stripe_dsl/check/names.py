"""Names in expressions: definitions, parameters, actions and terminations, each known only in some phases."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

from stripe_dsl.check.phase import KNOWN_AT_RESET, Phase
from stripe_dsl.check.values import Value
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.types import BOOL, Type
from stripe_dsl.source import Span
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


class Names:
    """Lowers names. Definitions and parameters are lowered once, when they are first used."""

    def __init__(self, low: Lowering) -> None:
        self.low = low
        self.lets: dict[str, Node | None] = {}
        self.params: dict[str, Node | None] = {}
        self._open: list[str] = []

    def name(self, expr: ast.Name) -> Value | None:
        name = expr.id
        self.low.scope.used.add(name)
        if name in ("true", "false"):
            return self.low.math.const(name == "true", BOOL, expr.span)
        if name == "pi":
            return self.low.math.const(pi, Type(dim=ANGLE), expr.span)
        if name == "default":
            if self.low.default is not None:
                return self.low.default
            help = "write it beside a joint position, as in `joints.pos - default`"
            self.low.report.error("E0201", "`default` has no meaning here", expr.span, help)
            return None
        if name in self.low.scope.lets:
            return self.let(expr)
        if name in self.low.scope.actions:
            return self.action(expr, previous=False)
        if name in self.low.scope.params:
            return self.param(expr)
        if name == "failed" or name in self.low.scope.terminations:
            return self.termination(expr)
        entity = self.low.scope.entity(name)
        if entity is not None:
            return entity
        if name in self.low.scope.unknown_sets or self.low.scope.incomplete:
            return None
        self.unknown(expr)
        return None

    def unknown(self, expr: ast.Name) -> None:
        from stripe_dsl.check.functions import FUNCTIONS

        if expr.id in FUNCTIONS:
            self.low.report.error("E0209", f"`{expr.id}` is a function", expr.span, f"call it: `{expr.id}(…)`")
            return
        helps = did_you_mean(expr.id, self.low.scope.known_names())
        for robot in self.low.scope.robots.values():
            word = "joint" if expr.id in robot.model.joint_names else "body"
            if expr.id in (*robot.model.joint_names, *robot.model.body_names):
                helps = (f'name it in robot `{robot.name}`: `{word} {expr.id} = "{expr.id}"`',)
        self.low.report.error("E0201", f"unknown name `{expr.id}`", expr.span, *helps)

    def cycle(self, name: str, span: Span) -> bool:
        if name not in self._open:
            return False
        chain = " -> ".join([*self._open[self._open.index(name) :], name])
        self.low.report.error(
            "E0210", f"`{name}` is defined by itself: {chain}", span, "break the circle at one of them"
        )
        return True

    def let(self, expr: ast.Name) -> Node | None:
        name = expr.id
        if name not in self.lets:
            if self.cycle(name, expr.span):
                return None
            self._open.append(name)
            phase, default = self.low.phase, self.low.default
            self.low.phase, self.low.default = Phase.REWARD, None
            with self.low.tunables.term("let", name):
                self.lets[name] = self.low.number(self.low.scope.lets[name].node)  # type: ignore[index]
            self.low.phase, self.low.default = phase, default
            self._open.pop()
        node = self.lets[name]
        if node is not None:
            self.check_phase(node, expr.span)
        return node

    def param(self, expr: ast.Name) -> Value | None:
        name = expr.id
        if name not in self.params:
            if self.cycle(name, expr.span):
                return None
            self._open.append(name)
            with self.low.tunables.paused():
                self.params[name] = self._folded(self.low.number(self.low.scope.params[name].node))
            self._open.pop()
        node = self.params[name]
        if node is None or not self.low.tunables.active or node.op != "const" or isinstance(node.attr, bool):
            return node
        path = self.low.tunables.param(name, node)
        return self.low.graph.add("tunable", type=node.type, attr=path, span=node.span)

    def _folded(self, node: Node | None) -> Node | None:
        """``2 * 1.5 m`` as the one number that it is."""
        from stripe_dsl.check.constants import fold

        value = fold(node) if node is not None else None
        return self.low.math.const(value, node.type, node.span) if node is not None and value is not None else node

    def action(self, expr: ast.Name, *, previous: bool) -> Node | None:
        action = self.low.scope.actions[expr.id]
        type = Type(axis=action.axis)
        node = self.low.graph.add("read", type=type, read=Read("", f"action.{action.name}"), span=expr.span)
        return node if previous or self.check_phase(node, expr.span) else None

    def previous_action(self, expr: ast.Name) -> Node:
        """``prev(legs)``: in an observation the last action, in a reward the one before the action just applied."""
        self.low.scope.used.add(expr.id)
        node = self.action(expr, previous=True)
        assert node is not None
        return self.low.graph.add("prev", (node,), type=node.type, span=expr.span)

    def termination(self, expr: ast.Name) -> Node | None:
        name = expr.id
        if name == "failed":
            node = self.low.graph.add("read", type=BOOL, read=Read("", "env.failed"), span=expr.span)
        elif name == "timeout":
            node = self.low.graph.add("read", type=BOOL, read=Read("", "env.timeout"), span=expr.span)
        else:
            node = self.low.graph.add("read", type=BOOL, read=Read("", f"term.{name}"), span=expr.span)
        return node if self.check_phase(node, expr.span) else None

    def check_phase(self, root: Node, span: Span) -> bool:
        """Whether everything that ``root`` reads is known in this phase; else it is reported at ``span``."""
        if self.low.phase is Phase.REWARD:
            return True  # everything is: no need to walk a graph that may be deep
        for node in _now(root):
            if node.read is None:
                continue
            quantity = node.read.quantity
            notes = (Annotation(node.span, "read here"),) if node.span not in (None, span) else ()
            if self.low.phase is Phase.RESET and not quantity.startswith(KNOWN_AT_RESET):
                self.low.report.error(
                    "E0505",
                    "a reset sets the state and cannot read it",
                    span,
                    "use `default`, ranges, limits and parameters",
                    notes=notes,
                )
                return False
            if quantity.startswith("action.") and self.low.phase in (Phase.OBSERVE, Phase.RESET):
                name = quantity.removeprefix("action.")
                self.low.report.error(
                    "E0504",
                    f"the action `{name}` is not known yet when it is to be chosen",
                    span,
                    f"write `prev({name})` for the last action",
                    notes=notes,
                )
                return False
            if quantity.startswith(("env.failed", "env.timeout", "term.")) and self.low.phase is not Phase.REWARD:
                word = quantity.split(".")[1]
                self.low.report.error(
                    "E0505",
                    f"`{word}` is known only in rewards, not in `{self.low.phase}`",
                    span,
                    "use its condition, which a `let` can name",
                    notes=notes,
                )
                return False
        return True


def _now(root: Node) -> list[Node]:
    """The nodes that are evaluated now: all but what stands inside ``prev``."""
    out: list[Node] = []
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if node.id in seen:
            continue
        seen.add(node.id)
        out.append(node)
        if node.op != "prev":
            stack.extend(node.args)
    return out
