"""Curriculum: settings that change as training goes on."""

from __future__ import annotations

from collections.abc import Mapping

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.observations import slug
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import RangeValue
from stripe_dsl.ir.curriculum import Schedule
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Sim, Tunable
from stripe_dsl.source import Span
from stripe_dsl.spec.document import ScheduleSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS, TIME, Dimension

GROUPS = ("reward", "terminate", "truncate", "observe", "action", "reset", "randomize")
"""Settings that are read in each step. Others are read when the environment is built."""


class Curriculum:
    """Lowers a ``curriculum`` block, once all settings are known."""

    def __init__(self, lowering: Lowering, settings: Settings, sim: Sim | None) -> None:
        self.low = lowering
        self.settings = settings
        self.report = lowering.report
        self.step = sim.physics_dt * sim.decimation if sim is not None else 1.0

    def run(self, spec: Mapping[Text, ScheduleSpec]) -> tuple[Schedule, ...]:
        """All schedules, in source order."""
        self.low.phase = Phase.CONSTANT
        found = [self.schedule(target, value) for target, value in spec.items()]
        return tuple(item for item in found if item is not None)

    def schedule(self, target: Text, spec: ScheduleSpec) -> Schedule | None:
        """``reward.jerk = -0.1 over 10000..20000``."""
        setting = self.setting(target)
        if setting is None:
            return None
        if (spec.over is None) == (spec.after is None):
            message = f"`{target}` needs one of `over` and `after`: when it changes"
            help = "write `over 10000..20000` for a change along a line, or `after 10000` for one at once"
            self.report.error("E0214", message, target.span, help)
            return None
        value: float | tuple[float, float] | None
        if isinstance(setting.value, tuple):
            value = self.settings.pair(spec.value, setting.dim, str(target))
        else:
            value = self.settings.number(spec.value, setting.dim, str(target))
        when = self.over(spec.over) if spec.over is not None else self.after(spec.after)
        if value is None or when is None:
            return None
        with self.low.tunables.term("curriculum", slug(target)):
            last = self.low.tunables.add(value, setting.dim, Role.WEIGHT, spec.value.span, f"What `{target}` becomes.")
        at_once = spec.over is None
        word = "after" if at_once else "over"
        with self.low.tunables.term("curriculum", f"{slug(target)}_{word}"):
            doc = f"Control steps {word} which `{target}` changes."
            path = self.low.tunables.add(when, DIMENSIONLESS, Role.WEIGHT, target.span, doc)
        return Schedule(setting.path, last, path, at_once, target.span)

    def setting(self, target: Text) -> Tunable | None:
        """The setting that changes; another name is reported."""
        items = self.low.tunables.items
        known = [path for path, item in items.items() if item.group in GROUPS]
        setting = items.get(str(target))
        if setting is None:
            helps = did_you_mean(str(target), known, listing=True)
            self.report.error("E0201", f"the task has no setting `{target}`", target.span, *helps)
            return None
        nodes = [node for node in self.low.graph.nodes if node.op == "tunable" and node.attr == setting.path]
        vector = any(node.type.is_vector for node in nodes)
        if setting.group not in GROUPS or vector:
            message = f"`{target}` is read when the environment is built, and cannot change later"
            self.report.error("E0515", message, target.span, "weights, thresholds, scales and ranges can")
            return None
        return setting

    def over(self, value: Expression) -> tuple[float, float] | None:
        """Control steps from and to which something changes."""
        unit = self.unit(value)
        pair = self.settings.pair(value, unit, "over") if unit is not None else None
        if pair is None or not self.counts(pair[0], value.span):
            return None
        return (pair[0] / self.step, pair[1] / self.step) if unit == TIME else pair

    def after(self, value: Expression | None) -> float | None:
        """The control step after which something changes."""
        assert value is not None
        unit = self.unit(value)
        number = self.settings.number(value, unit, "after") if unit is not None else None
        if number is None or not self.counts(number, value.span):
            return None
        return number / self.step if unit == TIME else number

    def counts(self, number: float, span: Span) -> bool:
        """Whether it is a number of steps; a negative one is reported."""
        if number < 0:
            self.report.error("E0309", "training begins with step 0", span, "count control steps of one environment")
        return number >= 0

    def unit(self, value: Expression) -> Dimension | None:
        """A time where the value has the unit of one, else that of a number of steps; ``None`` after a mistake."""
        found = self.low.value(value.node)
        node = found.high if isinstance(found, RangeValue) else found
        if node is None:
            return None
        return TIME if isinstance(node, Node) and node.type.dim == TIME else DIMENSIONLESS
