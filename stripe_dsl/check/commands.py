"""Commands: what the agent is asked to do, as states that are drawn when an episode begins and after some time.

They are drawn between the resets and the observations, so a reward speaks of the command that the agent saw. Semantics
and metrics follow ``isaaclab.envs.mdp.commands``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from math import pi
from typing import Any

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.goals import RECIPES, Recipe
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import CommandValue, RangeValue, RobotValue
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Metric, State
from stripe_dsl.ir.types import BOOL, Type
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.spec.document import CommandSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import ANGLE, DIMENSIONLESS, TIME, Dimension

SETTINGS = ("standing", "gain", "heading_share", "frame", "around", "within", "width", "success")
"""Keys that only some kinds of commands have."""
MOVES = ("velocity", "position")
"""Kinds that ask the base to move."""


@dataclass
class Draft:
    """A command that is being made.

    Attributes:
        robot: name of the robot that it speaks of.
        args: what stands in the parentheses of its kind, without the robot.
        fields: what can be read of it.
        due: condition under which it is drawn anew, beside a new episode; ``None`` for never.
        whole: fields that stand for the command in an observation.
    """

    of: Commands
    name: str
    spec: CommandSpec
    robot: str
    args: tuple[ast.Expr, ...]
    fields: dict[str, Node]
    due: Node | None = None
    whole: tuple[str, ...] = ()

    @property
    def low(self) -> Lowering:
        return self.of.low

    def state(self, word: str, initial: Node, *, always: bool = False, update: Node | None = None) -> Node:
        """A field that stays until the command is drawn anew; ``always``: until the next observation."""
        renew = self.low.math.const(True, BOOL) if always else self.due
        state = State(
            self.of.unique(f"{self.name}_{word}"),
            initial.type,
            f"{self.name}.{word}",
            initial,
            update,
            renew,
            self.name,
            self.spec.span,
        )
        self.fields[word] = self.of.remember(state)
        return self.fields[word]

    def draw(self, word: str, dim: Dimension, type: Type | None = None) -> Node | None:
        """A uniform draw from the range of this name; zero where the file names none."""
        type = type or Type(dim=dim)
        value = self.spec.ranges.get(Text(word))
        if value is None:
            return self.low.math.const(0.0, type)
        pair = self.of.pair(value, dim, word)
        if pair is None:
            return None
        path = self.setting(word, pair, dim, value.span, f"Range of `{self.name}.{word}`.")
        return self.between(path, value.span, type)

    def between(self, path: str, span: Span | None, type: Type) -> Node:
        """A uniform draw between the two ends of a field of the cfg."""
        one = Type(dim=type.dim)
        low, high = (self.low.graph.add("tunable", type=one, attr=(path, end)) for end in (0, 1))
        return self.low.draw(RangeValue(low, high), span, type)

    def chance(self, key: str) -> Node | None:
        """A condition that holds with the probability of a key; ``None`` where it is absent."""
        value: Expression | None = getattr(self.spec, key)
        if value is None:
            return None
        share = self.of.settings.number(value, DIMENSIONLESS, key)
        if share is None:
            return None
        if not 0 <= share <= 1:
            self.low.report.error("E0309", f"`{key}` lies between 0 and 1", value.span, f"it is {share:g} here")
            return None
        path = self.setting(key, share, DIMENSIONLESS, value.span, f"Share of the draws of `{self.name}` with `{key}`.")
        zero, one = self.low.math.const(0.0), self.low.math.const(1.0)
        drawn = self.low.draw(RangeValue(zero, one), value.span, Type())
        return self.node("lt", drawn, self.low.graph.add("tunable", type=Type(), attr=path), type=BOOL)

    def number(self, key: str, dim: Dimension) -> Node | None:
        """A number above zero as a field of the cfg; ``None`` where the key is absent."""
        value: Expression | None = getattr(self.spec, key)
        if value is None:
            return None
        found = self.of.settings.positive(value, dim, key, 1.0)
        path = self.setting(key, found, dim, value.span, f"The key `{key}` of `{self.name}`.")
        return self.low.graph.add("tunable", type=Type(dim=dim), attr=path)

    def setting(self, key: str, value: float | tuple[float, float], dim: Dimension, span: Span | None, doc: str) -> str:
        """The path of a new field of the cfg."""
        with self.low.tunables.term("command", f"{self.name}_{key}"):
            return self.low.tunables.add(value, dim, Role.WEIGHT, span, doc)

    def node(self, op: str, *args: Node, type: Type, attr: str | None = None) -> Node:
        """A node of the graph."""
        return self.low.graph.add(op, args, type=type, attr=attr, span=self.spec.value.span)

    def unless(self, condition: Node | None, value: Node) -> Node:
        """Zero where the condition holds."""
        if condition is None:
            return value
        zero = (0.0,) * value.type.components if value.type.is_vector else 0.0
        return self.node("where", condition, self.low.math.const(zero, value.type), value, type=value.type)

    def formula(self, text: str) -> Node:
        """The value of an expression in which ``goal`` is the command and ``base`` the base of its robot."""
        from stripe_dsl.syntax.parser import parse_expression

        source = SourceFile("<command>", text)
        expr, problems = parse_expression(source, 0, len(text))
        assert not problems, text
        several = len(self.low.scope.robots) > 1
        phase, self.low.phase = self.low.phase, Phase.REWARD
        node = self.low.number(placed(expr, self.name, self.robot if several else "", self.spec.value.span))
        self.low.phase = phase
        assert node is not None, text
        return node

    def mean(self, metric: str, text: str) -> None:
        """Logs the mean of a number over the steps of an episode."""
        error = self.formula(text)
        total = self.total(f"{metric}_sum", error)
        steps = self.total("steps", self.low.math.const(1.0))
        self.log(metric, self.node("div", total, steps, type=error.type))

    def total(self, word: str, value: Node) -> Node:
        """The sum of a number over the steps of the episode."""
        name = f"{self.name}_{word}"
        if name not in self.low.memory.states:
            old = self.low.memory.old(name, value.type)
            update = self.node("add", old, value, type=value.type)
            zero = self.low.math.const(0.0, value.type)
            return self.of.remember(
                State(name, value.type, f"{self.name}: {word}", zero, update, None, "", self.spec.span)
            )
        return self.node("state", type=value.type, attr=name)

    def ever(self, metric: str, condition: Node) -> None:
        """Logs whether a condition held in some step of an episode."""
        name = self.of.unique(f"{self.name}_succeeded")
        update = self.node("or", self.low.memory.old(name, BOOL), condition, type=BOOL)
        never = self.low.math.const(False, BOOL)
        state = State(name, BOOL, f"{self.name}: {metric}", never, update, None, "", self.spec.span)
        self.log(metric, self.low.math.as_float(self.of.remember(state)))

    def log(self, metric: str, value: Node) -> None:
        """Logs a number as it is when an episode ends."""
        self.of.metrics.append(Metric(f"{self.name}/{metric}", value, self.spec.span))


@dataclass
class Commands:
    """The commands of one task.

    Attributes:
        metrics: what they log.
    """

    low: Lowering
    settings: Settings
    metrics: list[Metric] = field(default_factory=list)

    def all(self, specs: dict[Text, CommandSpec]) -> list[Metric]:
        """Makes all commands known, and gives what they log."""
        for name, spec in specs.items():
            self.define(name, spec)
        return self.metrics

    def define(self, name: Text, spec: CommandSpec) -> None:
        """``command goal = velocity { … }``: its name and fields become known."""
        scope, before = self.low.scope, len(self.low.report.diagnostics)
        known = self.kind(spec)
        made = known is not None and self.make(name, spec, *known)
        scope.used.discard(str(name))  # by its own formulas
        if not made or len(self.low.report.diagnostics) > before:
            scope.commands.pop(str(name), None)
            scope.unknown_sets.add(str(name))

    def make(self, name: Text, spec: CommandSpec, kind: str, recipe: Recipe, args: tuple[ast.Expr, ...]) -> bool:
        """Whether a command could be made of its keys."""
        if not self.fits(spec, kind, recipe):
            return False
        if not recipe.takes:
            robot = self.robot(kind, args, spec)
        elif len(args) == 1:
            robot = next(iter(self.low.scope.robots), None)
        else:
            self.low.report.error("E0209", f"`{kind}` takes {recipe.takes}", spec.value.span, f"write `{kind}(…)`")
            robot = None
        if robot is None:
            return False
        draft = Draft(self, str(name), spec, robot, args if recipe.takes else (), {})
        if spec.every is not None and not self.timer(spec.every, draft):
            return False
        self.low.scope.commands[str(name)] = CommandValue(str(name), kind, draft.fields)
        model = self.low.scope.robots[robot].model if robot in self.low.scope.robots else None
        if kind in MOVES and model is not None and model.fixed_base:
            message = f"the base of `{robot}` is fixed to the world, and cannot follow a {kind}"
            helps = ["ask for what can move: `pose(hand)` of a body, or `joints(…)`"]
            if kind == "position":
                helps.append("or for a place that something else takes: `sample { x 0..1 m; y 0..1 m; z 0..1 m }`")
            self.low.report.error("E0606", message, spec.value.span, *helps)
            return False
        if not recipe.make(draft):
            return False
        self.low.scope.commands[str(name)] = CommandValue(str(name), kind, draft.fields, draft.whole)
        return True

    def kind(self, spec: CommandSpec) -> tuple[str, Recipe, tuple[ast.Expr, ...]] | None:
        """The word after ``=``, and what stands in its parentheses."""
        node = spec.value.node
        args: tuple[ast.Expr, ...] = ()
        if isinstance(node, ast.Call):
            node, args = node.function, tuple(node.args)
        if isinstance(node, ast.Broken):
            return None
        if not isinstance(node, ast.Name) or node.id not in RECIPES:
            text = node.id if isinstance(node, ast.Name) else spec.value.span.text
            helps = did_you_mean(text, RECIPES) or (f"kinds of commands are {and_list(list(RECIPES))}",)
            self.low.report.error("E0208", f"there is no command `{text}`", node.span, *helps)
            return None
        return node.id, RECIPES[node.id], args

    def fits(self, spec: CommandSpec, kind: str, recipe: Recipe) -> bool:
        """Whether all keys belong to this kind of command."""
        report, before = self.low.report, len(self.low.report.diagnostics)
        known = [*recipe.ranges, *recipe.keys, "every"]
        for key in SETTINGS:
            value: Expression | None = getattr(spec, key)
            if value is not None and key not in recipe.keys:
                report.error("E0206", f"`{kind}` has no key `{key}`", value.span, f"it has {and_list(known)}")
        for name, value in spec.ranges.items():
            if recipe.ranges and name not in recipe.ranges:
                helps = did_you_mean(name, known) or (f"it has {and_list(known)}",)
                report.error("E0206", f"`{kind}` has no key `{name}`", name.span or value.span, *helps)
            elif not recipe.ranges and name in ("time_left", "steps"):
                help = "choose another name"
                report.error("E0217", f"every command has `{name}`, which cannot name a range", name.span, help)
        if not spec.ranges and spec.within is None:
            help = f"give a range of {and_list(list(recipe.ranges))}" if recipe.ranges else "as in `height 5..10 cm`"
            report.error("E0214", f"`{kind}` draws nothing", spec.value.span, help)
        return len(report.diagnostics) == before

    def robot(self, kind: str, args: tuple[ast.Expr, ...], spec: CommandSpec) -> str | None:
        """The robot that a command speaks of: the one that is named, or the only one."""
        robots = self.low.scope.robots
        if args:
            value = self.low.value(args[0])
            if isinstance(value, RobotValue) and len(args) == 1:
                return value.name
            if value is not None:
                self.low.report.error("E0209", f"`{kind}` takes a robot, or nothing", args[0].span)
            return None
        if len(robots) > 1 and kind != "sample":
            message = f"`{kind}` of which robot: {and_list(list(robots))}?"
            self.low.report.error("E0209", message, spec.value.span, f"write `{kind}({next(iter(robots))})`")
            return None
        return next(iter(robots), None)

    def timer(self, every: Expression, draft: Draft) -> bool:
        """``time_left``: the command is due when less than half a control step of it is."""
        pair = self.pair(every, TIME, "every")
        if pair is not None and pair[0] <= 0:
            self.low.report.error("E0309", "`every` has to be above zero", every.span, f"it is {pair[0]:g} s here")
        if pair is None or pair[0] <= 0:
            return False
        type = Type(dim=TIME)
        path = draft.setting("every", pair, TIME, every.span, f"Time until `{draft.name}` is drawn anew.")
        old, step = self.low.memory.old(f"{draft.name}_time_left", type), self.low.memory.step()
        half = draft.node("mul", self.low.math.const(0.5), step, type=type)
        draft.due = draft.node("le", old, half, type=BOOL)
        drawn = draft.between(path, every.span, type)
        draft.state("time_left", drawn, update=draft.node("sub", old, step, type=type))
        return True

    def pair(self, value: Expression, dim: Dimension, key: str) -> tuple[float, float] | None:
        """``low..high``, ``any`` angle, or one number."""
        if isinstance(value.node, ast.Name) and value.node.id == "any" and dim == ANGLE:
            return -pi, pi
        with self.low.tunables.paused():
            found = self.low.value(value.node)
            if found is None:
                return None
            if isinstance(found, RangeValue):
                return self.settings.pair(value, dim, key)
            number = self.settings.number(value, dim, key)
        return (number, number) if number is not None else None

    def dimension(self, value: Expression) -> Dimension | None:
        """The dimension of a range or a number."""
        if isinstance(value.node, ast.Name) and value.node.id == "any":
            return ANGLE
        with self.low.tunables.paused():
            found = self.low.value(value.node)
            if isinstance(found, RangeValue):
                return found.low.type.dim
            node = self.low.number(value.node) if found is not None else None
        return node.type.dim if node is not None else None

    def unique(self, name: str) -> str:
        """A name that no state has."""
        taken = {*self.low.memory.states, *map(str, self.low.scope.states)}
        wish, number = name, 2
        while name in taken:
            name, number = f"{wish}_{number}", number + 1
        return name

    def remember(self, state: State) -> Node:
        """The present value of a new state."""
        self.low.memory.states[state.name] = state
        return self.low.graph.add("state", type=state.type, attr=state.name, span=state.span)


def placed(node: Any, command: str, robot: str, span: Span) -> Any:
    """A syntax tree with every span in one place, and the names of the command and of its robot put in."""
    if isinstance(node, Span):
        return span
    if isinstance(node, tuple):
        return tuple(placed(item, command, robot, span) for item in node)
    if isinstance(node, ast.Name) and node.id == "goal":
        return ast.Name(span, command)
    if isinstance(node, ast.Name) and node.id == "base" and robot:
        return ast.Field(span, ast.Name(span, robot), "base", span)
    if is_dataclass(node) and not isinstance(node, type):
        return replace(
            node, **{item.name: placed(getattr(node, item.name), command, robot, span) for item in fields(node)}
        )
    return node
