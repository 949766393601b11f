"""Memory: ``state``, ``prev``, ``delta``, ``since``, ``held`` and ``filter``.

``prev`` looks back to the last observation. The others are states of the program: what they begin an episode with,
and what they become once a control step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.arguments import called
from stripe_dsl.check.arithmetic import is_zero, unit_words
from stripe_dsl.check.phase import ENDINGS, Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import RangeValue, Value, parts_of, varies
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import State
from stripe_dsl.ir.types import Kind, Type
from stripe_dsl.source import Span
from stripe_dsl.spec.document import StateSpec
from stripe_dsl.spec.values import Text
from stripe_dsl.syntax import ast
from stripe_dsl.units import TIME

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


class Memory:
    """The states of one task.

    Attributes:
        states: by name, each behind those that it reads.
        keeper: the function whose operand is read now; empty outside of one.
    """

    def __init__(self, low: Lowering) -> None:
        self.low = low
        self.states: dict[str, State] = {}
        self._types: dict[str, Type] = {}
        self._failed: set[str] = set()
        self._becoming = ""
        self._known: dict[tuple[object, ...], str] = {}
        self._times: dict[str, str] = {}
        self.keeper = ""

    # states of the file

    def named(self, expr: ast.Name) -> Node | None:
        """A state by its name: inside its own ``then`` the old value, elsewhere the present one."""
        low, name = self.low, expr.id
        if name == self._becoming and low.names.innermost == name:
            return self.old(name, self._types[name], expr.span)
        if not self.known(name):
            if low.names.cycle(name, expr.span):
                return None
            key = next(key for key in low.scope.states if key == name)
            with low.names.opened(name), low.tunables.term("state", name):
                self.define(key, low.scope.states[key])
            if name not in self.states:
                self._failed.add(name)
        if name in self._failed:
            return None
        node = low.graph.add("state", type=self.states[name].type, attr=name, span=expr.span)
        return node if low.names.check_phase(node, expr.span) else None

    def known(self, name: str) -> bool:
        """Whether the state was read, whatever came of it."""
        return name in self.states or name in self._failed

    def old(self, name: str, type: Type, span: Span | None = None) -> Node:
        """The value of a state before it changes."""
        return self.low.graph.add("old", type=type, attr=name, span=span)

    def define(self, name: Text, spec: StateSpec) -> None:
        """``state best = 0 m then max(best, base.pos.z)``."""
        low = self.low
        with self.phase(Phase.BEGIN):
            begin = low.value(spec.value.node)
            if isinstance(begin, RangeValue):
                begin = low.draw(begin, spec.value.span)
            if begin is not None and not isinstance(begin, Node):
                begin = low.number(spec.value.node)
        if begin is None:
            return
        if spec.then is None:
            self.keep(name, spec, self.without_past(begin))
            return
        result = self.next(str(name), spec, begin)
        if result is None:
            return
        type, update = result
        if begin.type.kind is not type.kind or begin.type.axis not in (None, type.axis):
            begin_words, words = begin.type.describe(), update.type.describe()
            low.report.error("E0301", f"`{name}` begins as {begin_words} and becomes {words}", spec.then.span)
            return
        if begin.type.dim != type.dim and not is_zero(begin):
            message = f"`{name}` begins as {unit_words(begin.type.dim)} and becomes {unit_words(update.type.dim)}"
            low.report.error("E0401", message, spec.then.span, f"it begins as `{spec.value.span.text}`")
            return
        initial = self.without_past(begin)
        self.states[str(name)] = State(str(name), type, f"state {name}", initial, update, span=name.span)

    def keep(self, name: Text, spec: StateSpec, initial: Node) -> None:
        """``state spin = any``: a value that stays what it began with."""
        if varies(initial):
            self.states[str(name)] = State(str(name), initial.type, f"state {name}", initial, span=name.span)
            return
        message = f"the state `{name}` does not say what it becomes"
        help = f"write `state {name} = <begin> then <next>`, or `param` for a number that stays"
        self.low.report.error("E0214", message, name.span or spec.span, help)

    def at_reset(self, name: str) -> bool:
        """Whether a state begins with nothing of the simulation, so that a reset may use what it begins with."""
        state = self.states[name]
        parts = parts_of(state.initial)
        if name not in self.low.scope.states or any(node.read is not None or node.op == "sample" for node in parts):
            return False
        if not all(self.at_reset(str(node.attr)) for node in parts if node.op == "state"):
            return False
        self.states[name] = replace(state, early=True)
        return True

    def next(self, name: str, spec: StateSpec, begin: Node) -> tuple[Type, Node] | None:
        """The state's type and its next value. A list, a frame or (for zero) a unit may come from the next value."""
        low = self.low
        diagnostics, tunables = len(low.report.diagnostics), dict(low.tunables.items)
        result = self.becoming(name, spec, begin.type)
        if result is not None and result[0] != begin.type:
            # the old value takes the shape of the next one
            del low.report.diagnostics[diagnostics:]
            low.tunables.items.clear()
            low.tunables.items.update(tunables)
            type = result[0]
            result = self.becoming(name, spec, type)
            if result is not None and result[0] != type:
                message = f"the next value of `{name}` is {result[0].describe()}, where `{name}` is {type.describe()}"
                low.report.error("E0301", message, spec.then.span if spec.then is not None else None)
                return None
        return result

    def becoming(self, name: str, spec: StateSpec, type: Type) -> tuple[Type, Node] | None:
        """The next value, and its type, where the old value is of this type."""
        assert spec.then is not None
        self._types[name] = type
        outer, self._becoming = self._becoming, name
        if isinstance(spec.value.node, ast.Number):
            self.low.math.beginnings[name] = spec.value.span.text
        with self.phase(Phase.STATE):
            update = self.low.number(spec.then.node)
        self.low.math.beginnings.pop(name, None)
        self._becoming = outer
        if update is None:
            return None
        if type.kind is Kind.FLOAT and update.type.is_bool:
            update = self.low.math.as_float(update)
        return (replace(update.type, dim=type.dim) if is_zero(update) else update.type), update

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Expressions inside are evaluated in another phase than those around."""
        before = self.low.phase, self.low.default
        self.low.phase, self.low.default = phase, None
        try:
            yield
        finally:
            self.low.phase, self.low.default = before

    def without_past(self, root: Node) -> Node:
        """``root`` in an episode that has just begun: what it was one step earlier is what it is."""
        done: dict[int, Node] = {}
        for node in sorted(parts_of(root), key=lambda node: node.id):
            args = tuple(done[arg.id] for arg in node.args)
            kept = node.op != "prev" or (args[0].read is not None and args[0].read.quantity.startswith("action."))
            if not kept:
                done[node.id] = args[0]
            elif args == node.args:
                done[node.id] = node
            else:
                done[node.id] = self.low.graph.add(
                    node.op, args, type=node.type, attr=node.attr, read=node.read, span=node.span
                )
        return done[root.id]

    # states that functions stand for

    def operand(self, expr: ast.Call) -> Node | None:
        """What a function remembers: known after the physics, and not the same for ever."""
        low, source, name = self.low, expr.args[0], called(expr)
        with self.phase(Phase.STATE):
            outer, self.keeper = self.keeper, name
            node = low.number(source)
            known = node is not None and low.names.check_phase(node, source.span)
            self.keeper = outer
        if node is None or not known:
            return None
        if not varies(node):
            low.report.error("E0503", f"`{name}` of a constant never changes", source.span, "remove it")
            return None
        return node if self.is_whole(node, expr) else None

    def is_whole(self, node: Node, expr: ast.Call) -> bool:
        """Whether a value is more than the past of a state that is about to change; else it is reported."""
        inside = next((part for part in parts_of(node) if part.op == "old"), None)
        if inside is None:
            return True
        message = f"`{called(expr)}` of the old value of `{inside.attr}` needs a longer memory than there is"
        self.low.report.error("E0503", message, expr.span, f"inside its own `then`, `{inside.attr}` is the old value")
        return False

    def derived(self, expr: ast.Call, key: tuple[object, ...], type: Type, initial: Node) -> tuple[str, Node]:
        """The name of the state that a call stands for, and its old value; the same for an equal call."""
        if key not in self._known:
            name = self.wish(expr)
            taken = {*self.states, *self.low.scope.states}
            wish, number = name, 2
            while name in taken:
                name, number = f"{wish}_{number}", number + 1
            self._known[key] = name
            text = " ".join(expr.span.text.split())
            self.states[name] = State(name, type, text, initial, None, span=expr.span)
        return self._known[key], self.old(self._known[key], type)

    def wish(self, expr: ast.Call) -> str:
        """What to call the state of a call: after what it reads, or after its term where that is a formula."""
        function, source = called(expr), expr.args[0].span.text
        words = re.sub(r"\W+", "_", source).strip("_")
        return (
            f"{function}_{words}"
            if re.fullmatch(r"[\w.@]+", source)
            else f"{self.low.tunables.owner or 'value'}_{function}"
        )

    def present(self, name: str, update: Node, span: Span) -> Node:
        """The value of a state that becomes ``update``."""
        state = self.states[name]
        if state.update is None:
            self.states[name] = replace(state, update=update)
        return self.low.graph.add("state", type=state.type, attr=name, span=span)

    def duration(self, low: Lowering, expr: ast.Call) -> Node | None:
        """The time of a call, which is above zero."""
        name, time = called(expr), expr.args[1]
        node = low.number(time, Role.TIME)
        if node is None:
            return None
        if node.type.dim != TIME or not node.type.is_scalar:
            help = "as in `0.5 s`"
            low.report.error("E0403", f"`{name}` wants a time, not {node.type.describe()}", time.span, help)
            return None
        value = low.tunables.items[node.attr].value if node.op == "tunable" else node.attr  # type: ignore[index]
        if node.op not in ("tunable", "const") or not isinstance(value, int | float):
            low.report.error("E0309", f"the time of `{name}` has to be known before the simulation", time.span)
            return None
        if value <= 0:
            low.report.error("E0309", f"the time of `{name}` has to be above zero", time.span, "as in `0.5 s`")
            return None
        if node.op == "const" and low.phase is Phase.OBSERVE and not low.tunables.owner:
            return self.observed_time(low, expr, float(value))
        return node

    def observed_time(self, low: Lowering, expr: ast.Call, value: float) -> Node:
        """A time that an observation names: a field of its own, for the numbers of observations are constants else."""
        text, span = " ".join(expr.span.text.split()), expr.args[1].span
        if text not in self._times:
            with low.tunables.term("observe", self.wish(expr)):
                doc = f"Time of `{text}`."
                self._times[text] = low.tunables.add(value, TIME, Role.TIME, span, doc)
        return low.graph.add("tunable", type=Type(dim=TIME), attr=self._times[text], span=span)

    def step(self) -> Node:
        """The control step [s]."""
        return self.low.graph.add("dt", type=Type(dim=TIME))


def prev(low: Lowering, expr: ast.Call) -> Node | None:
    """``prev(x)``: the value one control step earlier."""
    inner = expr.args[0]
    action = low.names.action_of(inner)
    if action is not None and isinstance(inner, ast.Name):
        return low.names.previous_action(action, inner)
    node = low.number(inner)
    if node is None:
        return None
    if not varies(node):
        help = f"write it without `{called(expr)}`" if called(expr) == "prev" else "its change is zero"
        low.report.error("E0503", "a constant has no earlier value", inner.span, help)
        return None
    ending = next((part for part in parts_of(node) if part.read and part.read.quantity.startswith(ENDINGS)), None)
    if ending is not None and ending.read is not None:
        word = ending.read.quantity.split(".")[1]
        message = f"`{word}` has no earlier value: an episode has not ended in a step before"
        low.report.error("E0505", message, inner.span, f"leave `{word}` out of `{called(expr)}`")
        return None
    if node.op == "prev":
        message = "`prev` of `prev` needs a longer memory than there is"
        low.report.error("E0503", message, expr.span, "only the value one control step earlier is kept")
        return None
    return low.graph.add("prev", (node,), type=node.type, span=expr.span) if low.memory.is_whole(node, expr) else None


def delta(low: Lowering, expr: ast.Call) -> Node | None:
    """``delta(x)``: ``x - prev(x)``."""
    now, before = low.number(expr.args[0]), prev(low, expr)
    if now is None or before is None:
        return None
    return low.math.additive("sub", now, before, expr.span, expr.span, expr.span)


def since(low: Lowering, expr: ast.Call) -> Value | None:
    """``since(c)``: zero in the steps in which ``c`` holds, and then one control step more each time."""
    return _time(low, expr, while_it_holds=False)


def held(low: Lowering, expr: ast.Call) -> Value | None:
    """``held(c, 0.5 s)``: ``c`` has held for that many control steps, the time rounded to whole ones."""
    for_long = low.memory.duration(low, expr)
    time = _time(low, expr, while_it_holds=True)
    if for_long is None or time is None:
        return None
    # sums of steps miss the time by a rounding error: half a step less asks for as many steps
    half = low.graph.add("mul", (low.math.const(0.5), low.memory.step()), type=for_long.type)
    least = low.graph.add("sub", (for_long, half), type=for_long.type, span=expr.args[1].span)
    return low.graph.add("ge", (time, least), type=Type(Kind.BOOL, time.type.axis), span=expr.span)


def _time(low: Lowering, expr: ast.Call, *, while_it_holds: bool) -> Node | None:
    """How long a condition has held, or has not held."""
    memory = low.memory
    condition = memory.operand(expr)
    if condition is None or not low.math.condition(condition, expr.args[0].span):
        return None
    type = Type(axis=condition.type.axis, dim=TIME)
    zero = low.math.const(0.0, Type(dim=TIME))
    name, old = memory.derived(expr, (while_it_holds, condition.id), type, zero)
    longer = low.graph.add("add", (old, memory.step()), type=type)
    outcomes = (longer, zero) if while_it_holds else (zero, longer)
    return memory.present(name, low.graph.add("where", (condition, *outcomes), type=type), expr.span)


def smooth(low: Lowering, expr: ast.Call) -> Value | None:
    """``filter(x, T)``: moves towards ``x`` by the share ``1 - exp(-dt / T)`` of what is left, and begins as ``x``."""
    memory, graph = low.memory, low.graph
    time = memory.duration(low, expr)
    x = memory.operand(expr)
    if x is None or time is None or not low.math.numeric(x, expr.args[0].span, "multiply the condition by a number"):
        return None
    name, old = memory.derived(expr, ("filter", x.id, time.id), x.type, memory.without_past(x))
    ratio = graph.add("div", (memory.step(), time), type=Type())
    decay = graph.add("exp", (graph.add("neg", (ratio,), type=Type()),), type=Type())
    share = graph.add("sub", (low.math.const(1.0), decay), type=Type())
    left = graph.add("sub", (x, old), type=x.type)
    update = graph.add("add", (old, graph.add("mul", (share, left), type=x.type)), type=x.type)
    return memory.present(name, update, expr.span)
