"""Cameras: the settings of one, and the pictures that make an observation group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import pi, radians
from typing import TYPE_CHECKING

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.rotations import rotation
from stripe_dsl.ir.observations import Observation
from stripe_dsl.ir.sensors import CameraSettings
from stripe_dsl.spec.values import Text
from stripe_dsl.units import ANGLE, DIMENSIONLESS, LENGTH

if TYPE_CHECKING:
    from stripe_dsl.check.values import SensorValue
    from stripe_dsl.spec.blocks import Item
    from stripe_dsl.spec.document import SensorSpec

PIXELS = "pixel"
"""Kind of the set that the values of a picture run over."""

SIZE = (64, 48)
LARGEST = 1024
"""Columns or rows of a picture: one for each environment is drawn in every control step."""

BARE = ("history", "bias")
"""Options of an observation that a picture does not have."""


def camera(settings: Settings, spec: SensorSpec) -> CameraSettings:
    """The settings of a camera; what is wrong is reported."""
    at = settings.vector(spec.at, LENGTH, "at", (0.0, 0.0, 0.0))
    columns, rows = _size(settings, spec)
    fov = settings.positive(spec.fov, ANGLE, "fov", radians(80))
    if spec.fov is not None and fov >= pi:
        message = "a camera sees less than 180 deg"
        settings.report.error("E0309", message, spec.fov.span, "several cameras see all around")
        fov = radians(80)
    reach = settings.positive(spec.reach, LENGTH, "reach", 20.0)
    return CameraSettings((at[0], at[1], at[2]), rotation(settings, spec.facing), columns, rows, fov, reach)


def _size(settings: Settings, spec: SensorSpec) -> tuple[int, int]:
    """Columns and rows of pixels."""
    if spec.size is None:
        return SIZE
    found = settings.pair_of(spec.size, DIMENSIONLESS, "size")
    if found is None:
        return SIZE
    if not all(edge == int(edge) and 1 <= edge <= LARGEST for edge in found):
        message = f"the `size` of a picture is two whole numbers up to {LARGEST}"
        settings.report.error("E0309", message, spec.size.span, "as in `size (64, 48)`: columns and rows")
        return SIZE
    return int(found[0]), int(found[1])


def is_picture(entry: Observation) -> bool:
    """Whether an observation has a value for each pixel."""
    axis = entry.value.type.axis
    return entry.encoder is None and axis is not None and axis.kind == PIXELS


def picture(
    name: Text,
    entries: Sequence[Observation],
    items: Sequence[Item],
    sensors: Mapping[str, SensorValue],
    report: Reporter,
) -> tuple[int, int] | None:
    """Rows and columns of the pictures of a group; ``None`` for a group without any.

    Pictures of one size stand above each other, as the channels of one picture. Reports what does not fit.
    """
    pictures = [entry for entry in entries if is_picture(entry)]
    if not pictures:
        return None
    others = [entry for entry in entries if entry not in pictures]
    if others:
        # what the first entry is, the group is meant to be
        first, odd = (pictures[0], others[0]) if entries[0] in pictures else (others[0], pictures[0])
        what, holds = ("no picture", "pictures") if first in pictures else ("a picture", "numbers")
        help = "give each kind a group of its own, or make a number of a picture, as in `min(eye.depth)`"
        report.error("E0301", f"`{odd.name}` is {what}, and the group `{name}` holds {holds}", odd.span, help)
        return None
    for item in items:
        for key in BARE:
            value = getattr(item, key)
            if value is not None:
                report.error("E0206", f"a picture has no option `{key}`", value.span, "remove it")
    sizes: dict[tuple[int, int], Observation] = {}
    for entry in pictures:
        axis = entry.value.type.axis
        settings = sensors[axis.entity].camera if axis is not None else None
        if settings is not None:
            sizes.setdefault((settings.rows, settings.columns), entry)
    if len(sizes) > 1:
        words = " and ".join(f"{columns} x {rows}" for rows, columns in sizes)
        message = f"the pictures of the group `{name}` differ in size: {words}"
        report.error("E0301", message, list(sizes.values())[1].span, "give each size a group of its own")
    return next(iter(sizes), None)
