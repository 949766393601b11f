"""What is learned: rewards, terminations and resets."""

from __future__ import annotations

from dataclasses import replace

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import varies
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Reward, Termination
from stripe_dsl.source import Span
from stripe_dsl.spec.document import RewardSpec, TaskSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS


class Terms:
    """Lowers the terms of one task."""

    def __init__(self, lowering: Lowering, settings: Settings) -> None:
        self.low = lowering
        self.settings = settings
        self.report = lowering.report
        self.tunables = lowering.tunables

    # rewards and terminations

    def rewards(self, spec: RewardSpec | None) -> tuple[Reward, ...]:
        """All reward terms, those per second first."""
        if spec is None:
            return ()
        out = [self.reward(name, value, True) for name, value in spec.per_second.items()]
        out += [self.reward(name, value, False) for name, value in spec.once.items()]
        return tuple(term for term in out if term is not None)

    def reward(self, name: Text, value: Expression, per_second: bool) -> Reward | None:
        """``weight * value``: the leading number is the weight and may carry any unit."""
        self.low.phase = Phase.REWARD
        weight, rest = split_weight(value.node)
        with self.tunables.term("reward", str(name)):
            number = 1.0
            dim, span = DIMENSIONLESS, value.span
            if weight is not None:
                with self.tunables.paused():
                    literal = self.low.number(weight)
                if literal is not None:
                    number, dim, span = float(literal.attr), literal.type.dim, weight.span  # type: ignore[arg-type]
                if number == 0:
                    self.report.error(
                        "W0004",
                        f"the weight of `{name}` is zero",
                        weight.span,
                        f"remove the term, or write `{name} = none` to drop an inherited one",
                    )
            path = self.tunables.add(number, dim, Role.WEIGHT, span)
            node = self.low.number(rest) if rest is not None else self.low.math.const(1.0)
        if node is None:
            return None
        if not node.type.is_scalar:
            self.not_scalar(f"the reward `{name}`", node, rest.span if rest is not None else value.span)
            return None
        return Reward(str(name), path, self.low.math.as_float(node), per_second, name.span)

    def not_scalar(self, what: str, node: Node, span: Span) -> None:
        """Reports a value that is not one number for each environment."""
        if node.type.is_vector and node.type.axis is None:
            help = "take its length `|v|`, or a part `v.x`"
        elif node.type.is_bool:
            help = "reduce it with `any(…)` or `all(…)`"
        else:
            help = "reduce it with `sum(…)`, `mean(…)`, `max(…)` or `|…|`"
        self.report.error("E0302", f"{what} has to be one value, not {node.type.describe()}", span, help)

    def terminations(self, spec: TaskSpec) -> tuple[tuple[Termination, ...], bool]:
        """What ends an episode, failures first, and whether its time does."""
        timeout = next((name for name in spec.terminate if name == "timeout"), None)
        if timeout is not None:
            node = spec.terminate[timeout].node
            if not (isinstance(node, ast.Name) and node.id in ("true", "false")):
                self.report.error(
                    "E0217",
                    "`timeout` is a word of the language: the end of the episode's time",
                    timeout.span,
                    "write it alone, and give the term another name",
                )
            elif node.id == "false":
                help = "remove it: then time ends no episode"
                self.report.error("E0309", "`timeout` cannot be `false`", timeout.span, help)
        for name in spec.truncate:
            if name in spec.terminate and name != "timeout":
                notes = (Annotation(name.span, "here too"),) if name.span is not None else ()
                first = next(other for other in spec.terminate if other == name)
                message = f"`{name}` is a failure and truncates too"
                self.report.error("E0202", message, first.span, "an episode ends in one way: remove one", notes=notes)
        ends = [
            *((name, value, False) for name, value in spec.terminate.items() if name != "timeout"),
            *((name, value, True) for name, value in spec.truncate.items()),
        ]
        out = [self.termination(name, value, truncates) for name, value, truncates in ends]
        return tuple(term for term in out if term is not None), timeout is not None

    def termination(self, name: Text, value: Expression, truncates: bool) -> Termination | None:
        """A condition that ends the episode."""
        if name in ("failed", "timeout"):
            meaning = "that any failure holds" if name == "failed" else "the end of the episode's time"
            help = "write it in `terminate`" if name == "timeout" else "give it another name"
            self.report.error("E0217", f"`{name}` means {meaning}, and cannot name one", name.span, help)
            return None
        if value.span == name.span:  # a word alone, which only `timeout` is
            helps = did_you_mean(name, ("timeout",)) or (f"write `{name} = …`, a condition",)
            self.report.error("E0214", f"the termination `{name}` has no condition", name.span, *helps)
            return None
        self.low.phase = Phase.TERMINATE
        with self.tunables.term("terminate", str(name)):
            node = self.low.number(value.node)
        if node is None or not self.low.math.condition(node, value.span):
            return None
        if not node.type.is_scalar:
            self.not_scalar(f"the termination `{name}`", node, value.span)
            return None
        if not varies(node):
            help = "compare something that the simulation changes, such as a joint position"
            self.report.error("E0507", f"the termination `{name}` never changes", value.span, help)
            return None
        return Termination(str(name), node, truncates, name.span)


def split_weight(expr: ast.Expr) -> tuple[ast.Number | None, ast.Expr | None]:
    """The leading number of a product, and the rest; ``-x`` has the weight -1."""
    match expr:
        case ast.Number():
            return expr, None
        case ast.Unary(op="-"):
            weight, rest = split_weight(expr.operand)
            if weight is None:
                return ast.Number(Span(expr.span.source, expr.span.start, expr.span.start + 1), -1.0), expr.operand
            return replace(weight, value=-weight.value), rest
        case ast.Binary(op="*" | "/"):
            weight, rest = split_weight(expr.left)
            if weight is None:
                return None, expr
            if rest is None:
                if expr.op == "*":
                    return weight, expr.right
                one = ast.Number(weight.span, 1.0)
                return weight, replace(expr, left=one)
            return weight, replace(expr, left=rest, span=rest.span.to(expr.right.span))
        case ast.If(otherwise=None):
            weight, rest = split_weight(expr.then)
            if weight is None or rest is None:
                return None, expr
            return weight, replace(expr, then=rest)
    return None, expr
