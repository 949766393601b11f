"""Settings that change as training goes on, in Warp: arrays on the device that a kernel of the recorded step writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.torch.leaves import tunable_text
from stripe_dsl.emit.warp.module import Module
from stripe_dsl.ir.program import Program


@dataclass
class FollowText:
    """The kernel ``follow_curriculum`` and the arrays that it writes.

    Attributes:
        groups: of settings that it reads.
        numbers: source texts of the numbers before they change, of the cfg.
        ranges: of the ranges.
        logged: entries of the log, in the order of the numbers.
        needs_line: whether something changes along a line.
        lines: its body.
    """

    groups: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    needs_line: bool = False
    lines: list[str] = field(default_factory=list)


def places(program: Program) -> dict[str, tuple[str, int]]:
    """The array that holds a setting under curriculum and its place there, by path."""
    found: dict[str, tuple[str, int]] = {}
    counts = {"scheduled": 0, "scheduled_ranges": 0}
    for item in program.curriculum:
        array = "scheduled_ranges" if isinstance(program.tunable(item.path).value, tuple) else "scheduled"
        found[item.path] = (array, counts[array])
        counts[array] += 1
    return found


def follow_text(program: Program, module: Module) -> FollowText | None:
    """The kernel; ``None`` without a curriculum."""
    if not program.curriculum:
        return None
    text, where = FollowText(), places(program)
    text.needs_line = any(not item.at_once for item in program.curriculum)
    groups = dict.fromkeys(["curriculum", *(item.path.partition(".")[0] for item in program.curriculum)])
    text.groups = list(groups)
    for group in groups:
        module.setting(group)
    for item in program.curriculum:
        array, place = where[item.path]
        first, last, over = (
            f"{path.partition('.')[0]}.{module.fields[path]}" for path in (item.path, item.last, item.over)
        )
        (text.ranges if array == "scheduled_ranges" else text.numbers).append(tunable_text(item.path, {}))
        if array == "scheduled":
            text.logged.append(f"Curriculum/{item.path}")
        text.lines.append(f"    # {origin(item.span)}")
        if item.at_once:
            value = f"wp.where(step > {over}, {last}, {first})"
        else:
            text.lines.append(f"    share = share_of(step, {over})")
            value = f"{first} + share * ({last} - {first})"
        text.lines.append(layout(f"{array}[{place}] = ", value, 4))
    return text
