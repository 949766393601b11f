"""Curriculum: settings that change as training goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.observations import slug
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.tunables import Role
from stripe_dsl.check.values import RangeValue, varies
from stripe_dsl.ir.curriculum import Ending, Level, Schedule
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Reward, Sim, Termination, Tunable
from stripe_dsl.source import Span
from stripe_dsl.spec.document import ScheduleSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean
from stripe_dsl.units import DIMENSIONLESS, TIME, Dimension

if TYPE_CHECKING:
    from stripe_dsl.ir.terrain import Tiles  # only scenes with a terrain need it

GROUPS = ("reward", "terminate", "truncate", "observe", "action", "reset", "randomize", "command", "state")
"""Settings that are read in each step. Others are read when the environment is built."""
BY_LEVEL = ("reward", "terminate", "truncate")
"""Settings that may be numbers on the device in torch too."""


class Curriculum:
    """Lowers a ``curriculum`` block, once all settings are known."""

    def __init__(
        self,
        lowering: Lowering,
        settings: Settings,
        sim: Sim | None,
        rewards: Sequence[Reward],
        terminations: Sequence[Termination],
        *,
        timeout: bool,
        tiles: Tiles | None = None,
    ) -> None:
        self.low = lowering
        self.rewards = [term.name for term in rewards]
        self.ends = [*(term.name for term in terminations), *(["timeout"] if timeout else [])]
        self.settings = settings
        self.tiles = tiles
        self.report = lowering.report
        self.step = sim.physics_dt * sim.decimation if sim is not None else 1.0

    def run(self, spec: Mapping[Text, ScheduleSpec]) -> tuple[tuple[Schedule, ...], Level | None]:
        """All schedules, in source order, and the level where there is one."""
        self.low.phase = Phase.CONSTANT
        known = list(self.low.tunables.items)
        found = [self.schedule(target, value, spec, known) for target, value in spec.items() if target != "level"]
        level = next((self.level(target, value) for target, value in spec.items() if target == "level"), None)
        return tuple(item for item in found if item is not None), level

    def level(self, target: Text, spec: ScheduleSpec) -> Level | None:
        """``level = 0..10 up timeout down failed``."""
        pair = self.settings.pair(spec.value, DIMENSIONLESS, "level")
        if spec.over is not None or spec.after is not None:
            self.report.error("E0309", "`level` goes with the ends of episodes, not with time", target.span)
            return None
        if pair is None:
            return None
        if spec.up is None:
            help = "write `level = 0..10 up timeout down failed`"
            self.report.error("E0214", "nothing raises the `level`", target.span, help)
            return None
        if not self.rows(pair, spec.value):
            return None
        with self.low.tunables.term("curriculum", "level"):
            doc = "The first level of an environment and the last."
            path = self.low.tunables.add(pair, DIMENSIONLESS, Role.WEIGHT, spec.value.span, doc)
        start = self.start(spec.start, pair)
        if start is None:
            return None
        up, down = self.ending(spec.up, "up"), self.ending(spec.down, "down")
        if up is None or (spec.down is not None and down is None):
            return None
        return Level(path, up, down, start, target.span)

    def rows(self, pair: tuple[float, float], value: Expression) -> bool:
        """Whether a terrain that gets harder by rows has one for each level; where there is none, all levels do."""
        if self.tiles is None or not self.tiles.curriculum:
            return True
        last = self.tiles.rows - 1
        if all(number == int(number) and 0 <= number <= last for number in pair):
            return True
        help = f"write whole numbers in `0..{last}`"
        message = f"a level is a row of tiles, and there are {self.tiles.rows}"
        self.report.error("E0309", message, value.span, help)
        return False

    def start(self, value: Expression | None, levels: tuple[float, float]) -> str | None:
        """``start 0..5``: path of the setting, empty where all begin with the first; ``None`` after a mistake."""
        if value is None:
            return ""
        pair = self.settings.pair(value, DIMENSIONLESS, "start")
        if pair is None:
            return None
        if pair[0] < levels[0] or pair[1] > levels[1] or any(number != int(number) for number in pair):
            help = f"write whole numbers in `{levels[0]:g}..{levels[1]:g}`"
            self.report.error("E0309", "environments begin with one of the levels", value.span, help)
            return None
        with self.low.tunables.term("curriculum", "level_start"):
            doc = "The lowest and the highest level that an environment begins with."
            return self.low.tunables.add(pair, DIMENSIONLESS, Role.WEIGHT, value.span, doc)

    def ending(self, value: Expression | None, way: str) -> Ending | None:
        """``failed``, a condition that ends an episode, a reward term against a number, or any condition."""
        if value is None:
            return None
        node = value.node
        if isinstance(node, ast.Name) and node.id == "failed":
            return Ending("failed")
        if isinstance(node, ast.Name) and node.id in self.ends:
            return Ending("end", node.id)
        compares = isinstance(node, ast.Binary) and node.op in ("<", ">") and isinstance(node.left, ast.Name)
        if compares and node.left.id in self.rewards:  # type: ignore[attr-defined]
            assert isinstance(node, ast.Binary)
            assert isinstance(node.left, ast.Name)
            bound = self.settings.number(Expression(node.right), DIMENSIONLESS, f"level {way}")
            if bound is None:
                return None
            with self.low.tunables.term("curriculum", f"level_{way}"):
                doc = f"Mean of `{node.left.id}` per second of an episode that moves an environment {way}."
                path = self.low.tunables.add(bound, DIMENSIONLESS, Role.WEIGHT, node.right.span, doc)
            return Ending("above" if node.op == ">" else "below", node.left.id, path)
        condition = self.condition(value, way)
        return Ending("condition", condition=condition) if condition is not None else None

    def condition(self, value: Expression, way: str) -> Node | None:
        """``|base.pos.xy| > 4 m``, as it is in the last step of an episode."""
        before = len(self.report.diagnostics)
        self.low.phase = Phase.REWARD
        with self.low.tunables.term("curriculum", f"level_{way}"):
            node = self.low.number(value.node)
        self.low.phase = Phase.CONSTANT
        if node is None:
            return None
        if not node.type.is_bool or not node.type.is_scalar or not varies(node):
            if len(self.report.diagnostics) == before:
                help = (
                    "write `failed`, a termination, a reward term as the log shows it (`track > 0.8`), or a condition"
                )
                self.report.error("E0309", "a level goes with how an episode ended", value.span, help)
            return None
        return node

    def schedule(
        self, target: Text, spec: ScheduleSpec, others: Mapping[Text, ScheduleSpec], known: Sequence[str]
    ) -> Schedule | None:
        """``reward.jerk = -0.1 over 10000..20000``."""
        setting = self.setting(target, known)
        if setting is None:
            return None
        for key in ("start", "up", "down"):
            option: Expression | None = getattr(spec, key)
            if option is not None:
                self.report.error("E0206", f"a setting has no option `{key}`", option.span, "`level` has it")
        if isinstance(spec.over, Expression) and isinstance(spec.over.node, ast.Name) and spec.over.node.id == "level":
            return self.by_level(target, spec, setting, others)
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

    def by_level(
        self, target: Text, spec: ScheduleSpec, setting: Tunable, others: Mapping[Text, ScheduleSpec]
    ) -> Schedule | None:
        """``reward.jerk = -0.1 over level``."""
        assert spec.over is not None
        if not any(name == "level" for name in others):
            help = "define it beside: `level = 0..10 up timeout down failed`"
            self.report.error("E0201", "unknown name `level`", spec.over.span, help)
            return None
        if isinstance(setting.value, tuple) or setting.group not in BY_LEVEL:
            message = f"`{target}` cannot go with the level, which lies on the device"
            self.report.error("E0515", message, target.span, "weights and thresholds of terminations can")
            return None
        value = self.settings.number(spec.value, setting.dim, str(target))
        if value is None:
            return None
        with self.low.tunables.term("curriculum", slug(target)):
            doc = f"What `{target}` becomes at the last level."
            last = self.low.tunables.add(value, setting.dim, Role.WEIGHT, spec.value.span, doc)
        return Schedule(setting.path, last, "", False, target.span)

    def setting(self, target: Text, known: Sequence[str]) -> Tunable | None:
        """The setting that changes; another name is reported."""
        items = self.low.tunables.items
        known = [path for path in known if items[path].group in GROUPS]
        setting = items.get(str(target))
        if setting is None:
            helps = did_you_mean(str(target), [*known, "level"], listing=True)
            self.report.error("E0201", f"the task has no setting `{target}`", target.span, *helps)
            return None
        nodes = [node for node in self.low.graph.nodes if node.op == "tunable" and node.attr == setting.path]
        vector = any(node.type.is_vector for node in nodes)
        delays = setting.group == "action" and setting.dim == TIME
        if setting.group not in GROUPS or vector or delays:
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
