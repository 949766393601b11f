"""Names in expressions: definitions, parameters, actions and terminations, each known only in some phases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import pi
from typing import TYPE_CHECKING

from stripe_dsl.check.draws import any_angle
from stripe_dsl.check.foreign import VALUES
from stripe_dsl.check.parameters import Unknown
from stripe_dsl.check.phase import DRAWING, ENDINGS, KNOWN_AT_RESET, Phase
from stripe_dsl.check.scope import ActionValue
from stripe_dsl.check.values import CommandValue, Episode, Value
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.types import BOOL, Type
from stripe_dsl.source import Span
from stripe_dsl.spec.values import Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import ANGLE

if TYPE_CHECKING:
    from stripe_dsl.check.calls import Frame
    from stripe_dsl.check.expressions import Lowering
    from stripe_dsl.check.fields import Place
    from stripe_dsl.check.level import Plane, Spawn
    from stripe_dsl.spec.modules import Module

ABOVE_GROUND = "heights in a reset are above the ground by themselves"
WORDS = ("true", "false", "pi", "default", "failed", "timeout", "episode")
"""Names that mean the same in a task and in a function."""


class Names:
    """Lowers names. Definitions and parameters are lowered once, when they are first used."""

    def __init__(self, low: Lowering) -> None:
        self.low = low
        self.lets: dict[str, Node | None] = {}
        self.params: dict[str, Node | None] = {}
        self.of_places: set[int] = set()
        """Nodes that know the scene: the spawn, distances to zones."""
        self._open: list[str] = []
        self.wanted = ""
        """What is asked of the next name, for what is said where the name is unknown: see ``missing.to_add``."""

    def name(self, expr: ast.Name) -> Value | None:
        name = expr.id
        wanted, self.wanted = self.wanted, ""
        if self.low.frame is not None:
            return self.in_function(expr, self.low.frame)
        self.low.scope.used.add(name)
        return self.word(expr) if name in WORDS else self.in_task(expr, wanted)

    def word(self, expr: ast.Name) -> Value | None:
        """Words that mean the same everywhere."""
        name = expr.id
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
        if name == "timeout" and name not in self.low.scope.terminations:
            self.unknown(expr)
            return None
        return self.termination(expr) if name in ("failed", "timeout") else Episode()

    def in_function(self, expr: ast.Name, frame: Frame) -> Value | None:
        """A parameter of the function, or of its file; what the task defines is not known there."""
        name = expr.id
        if name in frame.args:
            value = frame.args[name]
            if isinstance(value, ActionValue):
                return self.action(value, expr, previous=False)
            return None if isinstance(value, Unknown) else value
        if name in WORDS:
            return self.word(expr)
        module = frame.function.module
        if name in module.document.param:
            with self.low.calls.inside(None):
                return self.of_file(expr, module)
        if name in frame.function.spec.takes:
            return None  # its argument is wrong, which was reported
        known = [*frame.function.spec.takes, *module.document.param, *WORDS]
        helps = did_you_mean(name, known)
        with self.low.calls.inside(None):
            ours = (*self.low.scope.known_names(), "joints", "bodies", "base")
            if not helps and (name in ours or self.low.scope.entity(name) is not None):
                helps = (f"a function knows its parameters only: let it take `{name}` as one",)
        if name in module.document.fn:
            helps = (f"`{name}` is a function: call it, `{name}(…)`",)
        message = f"unknown name `{name}` in the function `{frame.function.name}`"
        self.low.report.error("E0201", message, expr.span, *helps)
        return None

    def of_file(self, expr: ast.Name, module: Module) -> Value | None:
        """A parameter of a file: the task's where it is of the same file, else its number."""
        if self.low.scope.of_file(expr.id, module):
            return self.param(expr)
        with self.low.tunables.paused():
            return self._folded(self.low.number(module.document.param[Text(expr.id)].node))

    def in_task(self, expr: ast.Name, wanted: str) -> Value | None:
        """What the task and its file define."""
        name = expr.id
        if name in self.low.scope.lets:
            return self.let(expr)
        if name in self.low.scope.states:
            return self.low.memory.named(expr)
        if name in self.low.scope.actions:
            return self.action(self.low.scope.actions[name], expr, previous=False)
        if name in self.low.scope.params:
            return self.param(expr)
        if name in self.low.scope.terminations:
            return self.termination(expr)
        entity = self.low.scope.entity(name)
        if entity is not None:
            return entity
        if name in self.low.scope.unknown_sets or self.low.scope.incomplete:
            return None
        if name == "any" and self.low.phase in DRAWING:
            return any_angle(self.low, expr.span)
        value = self.place(expr)
        if value is not None:
            return value
        module = self.low.calls.module(expr.span)
        if module is not None and name in module.document.param:  # a robot of another file
            return self.of_file(expr, module)
        self.unknown(expr, wanted)
        return None

    def of_layer(self, name: str) -> bool:
        """Whether layers, as parts of the scene, have a field of this name."""
        from stripe_dsl.check.fields import LAYER_FIELDS

        return name in LAYER_FIELDS

    def layer(self, expr: ast.Field) -> CommandValue | None:
        """A layer of things with joints as a part of the scene, below the base of the only robot."""
        from stripe_dsl.check.fields import place_value

        node = expr.object
        found = place_value(self.low, node.id, expr.span) if isinstance(node, ast.Name) else None
        if found is None and isinstance(node, ast.Name):
            self.of_scene(node)
        return found

    def place(self, expr: ast.Name) -> Value | None:
        """A part of the scene, read below the base of the only robot."""
        if expr.id not in self.low.scope.places:
            return None
        from stripe_dsl.check.fields import place_value  # scenes with a terrain alone

        return place_value(self.low, expr.id, expr.span)

    def unknown(self, expr: ast.Name, wanted: str = "") -> None:
        from stripe_dsl.check.functions import FUNCTIONS
        from stripe_dsl.check.missing import to_add

        module = self.low.calls.module(expr.span)
        if module is not None and expr.id in module.imports:
            help = f"call a function of it, as in `{expr.id}.name(…)`"
            self.low.report.error("E0201", f"`{expr.id}` is an imported file", expr.span, help)
            return
        if expr.id in FUNCTIONS or (module is not None and expr.id in module.document.fn):
            self.low.report.error("E0209", f"`{expr.id}` is a function", expr.span, f"call it: `{expr.id}(…)`")
            return
        if expr.id in self.low.scope.places:
            self.of_scene(expr)
            return
        robots = self.low.scope.robots
        members = {name for robot in robots.values() for name in (*robot.model.joint_names, *robot.model.body_names)}
        known = [*self.low.scope.known_names(), *sorted(self.low.scope.places)]
        if module is not None:
            known += [str(name) for name in module.document.param]
            for word, blocks in (("object", module.document.object), ("robot", module.document.robot)):
                if expr.id in blocks:
                    help = f"the file has this {word}, the task has not: add `{word} {expr.id}` to it"
                    self.low.report.error("E0201", f"unknown name `{expr.id}`", expr.span, help)
                    return
        if expr.id == "ground":
            help = "add `ground plane` or a `terrain` to its scene"
            self.low.report.error("E0201", "the task stands on no ground", expr.span, help)
            return
        helps = (VALUES[expr.id],) if expr.id in VALUES else ()
        helps = helps or (() if expr.id in members else did_you_mean(expr.id, known))
        helps = helps or to_add(expr.id, wanted, robots)
        self.low.report.error("E0201", f"unknown name `{expr.id}`", expr.span, *helps)

    def called_place(self, expr: ast.Call) -> Place | Plane | Spawn | None:
        """The part of the scene that a call reads at a point, as ``ground.height(feet.pos)`` does."""
        node, scope = expr.function, self.low.scope
        if not (isinstance(node, ast.Field) and isinstance(node.object, ast.Name)) or self.low.frame is not None:
            return None
        name = node.object.id
        hidden = name in scope.known_names() or scope.entity(name) not in (None, scope.layers.get(name))
        if name not in scope.places or hidden:
            return None
        from stripe_dsl.check.fields import place

        return place(self.low, name)

    def of_scene(self, expr: ast.Name) -> None:
        """Reports a part of the scene that has nothing to be read here."""
        what = "the ground of the scene" if expr.id == "ground" else f"`{expr.id}` of the scene"
        scene, robots = self.low.scope.scene, list(self.low.scope.robots)
        if self.low.phase is Phase.RESET:
            self.low.report.error("E0505", "a reset does not read the scene", expr.span, ABOVE_GROUND)
        elif (scene is None or scene.terrain.tiles is None) and len(robots) > 1:
            message = f"{what} is read at a point, and there are {len(robots)} robots"
            help = f"say where, as in `ground.height({robots[0]}.base.pos)`"
            self.low.report.error("E0214", message, expr.span, help)
        else:
            help = "write the terrain with `fractal`, `steps` and the like"
            self.low.report.error("E0616", f"a task cannot read {what} yet", expr.span, help)

    def cycle(self, name: str, span: Span) -> bool:
        if name not in self._open:
            return False
        chain = " -> ".join([*self._open[self._open.index(name) :], name])
        self.low.report.error(
            "E0210", f"`{name}` is defined by itself: {chain}", span, "break the circle at one of them"
        )
        return True

    @property
    def innermost(self) -> str:
        """The definition that is read now."""
        return self._open[-1] if self._open else ""

    @contextmanager
    def opened(self, name: str) -> Iterator[None]:
        """While a definition is read, for :meth:`cycle`."""
        self._open.append(name)
        try:
            yield
        finally:
            self._open.pop()

    def let(self, expr: ast.Name) -> Node | None:
        name = expr.id
        if name not in self.lets:
            if self.cycle(name, expr.span):
                return None
            self._open.append(name)
            phase, default = self.low.phase, self.low.default
            self.low.phase, self.low.default = Phase.REWARD, None
            with self.low.tunables.term("let", name), self.low.calls.inside(None):
                self.lets[name] = self.low.number(self.low.scope.lets[name].node)  # type: ignore[index]
            self.low.phase, self.low.default = phase, default
            self._open.pop()
        node = self.lets[name]
        known = node is not None and self.check_phase(node, expr.span, self.low.scope.lets[name].span)  # type: ignore[index]
        return node if known else None

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

    def action_of(self, expr: ast.Expr) -> ActionValue | None:
        """The action that a name stands for, if it does."""
        if not isinstance(expr, ast.Name):
            return None
        if self.low.frame is not None:
            value = self.low.frame.args.get(expr.id)
            return value if isinstance(value, ActionValue) else None
        return self.low.scope.actions.get(expr.id) if expr.id not in self.low.scope.lets else None

    def action(self, action: ActionValue, expr: ast.Name, *, previous: bool) -> Node | None:
        node = self.low.graph.add("read", type=action.type, read=Read("", f"action.{action.name}"), span=expr.span)
        return node if previous or self.check_phase(node, expr.span) else None

    def previous_action(self, action: ActionValue, expr: ast.Name) -> Node:
        """``prev(legs)``: in an observation the last action, in a reward the one before the action just applied."""
        self.low.scope.used.add(action.name)
        node = self.action(action, expr, previous=True)
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

    def check_phase(self, root: Node, span: Span, definition: Span | None = None) -> bool:
        """Whether everything that ``root`` reads is known in this phase; else it is reported at ``span``.

        Args:
            definition: of what the name at ``span`` stands for, where what is wrong is shown too.
        """
        if self.low.phase is Phase.REWARD:
            return True  # everything is: no need to walk a graph that may be deep
        for node in _now(root):
            if node.op == "state" and self.low.phase is Phase.RESET and not self.low.memory.at_reset(str(node.attr)):
                message = f"`{node.attr}` is memory, which is set when the state is"
                help = "a reset may use a state that begins with what is drawn, as in `state spin = any`"
                self.low.report.error("E0505", message, span, help)
                return False
            if node.op == "sample" and self.low.phase is Phase.RESET:
                self.low.report.error("E0505", "a reset does not read the scene", span, ABOVE_GROUND)
                return False
            if node.read is None:
                continue
            quantity = node.read.quantity
            # a node keeps the place of the first such expression, which may be another line's
            inside = definition is not None and node.span is not None and definition.contains(node.span)
            notes = (Annotation(node.span, "read here"),) if inside and node.span is not None else ()
            if self.low.phase is Phase.RESET and not quantity.startswith(KNOWN_AT_RESET):
                self.low.report.error(
                    "E0505",
                    "a reset sets the state and cannot read it",
                    span,
                    "use `default`, ranges, limits and parameters",
                    notes=notes,
                )
                return False
            if quantity.startswith("action.") and self.low.phase in (Phase.OBSERVE, *DRAWING):
                name = quantity.removeprefix("action.")
                self.low.report.error(
                    "E0504",
                    f"the action `{name}` is not known yet when it is to be chosen",
                    span,
                    f"write `prev({name})` for the last action",
                    notes=notes,
                )
                return False
            if quantity.startswith(ENDINGS):
                word, keeper = quantity.split(".")[1], self.low.memory.keeper
                where = f"and `{keeper}` keeps what is known before" if keeper else f"not in `{self.low.phase}`"
                help = "use its condition, which a `let` can name"
                if word == "timeout":
                    help = "compare the time, as in `episode.time > 4 s`"
                self.low.report.error("E0505", f"`{word}` is known only in rewards, {where}", span, help, notes=notes)
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
