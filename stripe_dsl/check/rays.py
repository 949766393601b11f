"""Settings of sensors that measure with rays."""

from __future__ import annotations

from math import inf, pi, radians

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import rotation
from stripe_dsl.ir.sensors import RaySettings
from stripe_dsl.spec.document import SensorSpec
from stripe_dsl.spec.values import Expression
from stripe_dsl.units import ANGLE, LENGTH

MANY = 10_000
"""Rays beyond which something else was meant: a step of 0.1 degrees, a grid of millimetres."""


class Rays:
    """Reads the keys of one sensor, and reports those that do not fit."""

    def __init__(self, settings: Settings) -> None:
        self.read = settings
        self.report = settings.report

    def settings(self, kind: str, spec: SensorSpec) -> RaySettings:
        """The settings of a height scan or a lidar."""
        at = self.read.vector(spec.at, LENGTH, "at", (0.0, 0.0, 0.0))
        reach = self.read.positive(spec.reach, LENGTH, "reach", inf) if spec.reach is not None else None
        if kind == "height_scan":
            above = self.read.positive(spec.above, LENGTH, "above", 20.0)
            start = (at[0], at[1], at[2] + above)
            spacing = self.read.positive(spec.spacing, LENGTH, "spacing", 0.1)
            found = RaySettings("grid", start, size=self.size(spec.size), spacing=spacing, reach=reach)
            wide: Expression | None = spec.spacing or spec.size
        else:
            channels = self.read.whole(spec.channels, "channels", 1)
            level = (-radians(15), radians(15)) if channels > 1 else (0.0, 0.0)
            found = RaySettings(
                "lidar",
                (at[0], at[1], at[2]),
                rotation(self.read, spec.facing),
                channels=channels,
                vertical=self.angles(spec.vertical, "vertical", level),
                horizontal=self.angles(spec.horizontal, "horizontal", (-pi, pi)),
                step=self.read.positive(spec.step, ANGLE, "step", radians(10)),
                reach=reach,
            )
            wide = spec.step or spec.channels
        if found.rays > MANY and wide is not None:
            message = f"these are {found.rays} rays in each environment"
            self.report.error("E0309", message, wide.span, f"let there be {MANY} at most")
        return found

    def size(self, value: Expression | None) -> tuple[float, float]:
        """Length and width."""
        fallback = RaySettings("grid", (0.0, 0.0, 0.0)).size
        found = self.read.pair_of(value, LENGTH, "size") if value is not None else fallback
        if found is not None and value is not None and min(found) < 0:
            self.report.error("E0309", "`size` cannot be negative", value.span, "remove the sign")
            return fallback
        return found or fallback

    def angles(self, value: Expression | None, key: str, fallback: tuple[float, float]) -> tuple[float, float]:
        """A range of angles."""
        found = self.read.pair(value, ANGLE, key) if value is not None else None
        return found or fallback
