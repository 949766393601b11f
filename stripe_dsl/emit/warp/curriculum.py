"""Settings that change as training goes on, in Warp: arrays on the device that a kernel of the recorded step writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.torch.leaves import tunable_text
from stripe_dsl.emit.warp.module import Module
from stripe_dsl.ir.curriculum import Ending
from stripe_dsl.ir.program import Program

if TYPE_CHECKING:
    from stripe_dsl.emit.warp.kernel import Kernel
    from stripe_dsl.emit.warp.leaves import Leaves


@dataclass
class FollowText:
    """The kernel ``follow_curriculum`` and the arrays that it writes.

    Attributes:
        groups: of settings that it reads.
        numbers: source texts of the numbers before they change, of the cfg.
        ranges: of the ranges.
        logged: entries of the log, in the order of the numbers.
        needs_steps: whether something goes with control steps.
        needs_line: whether something changes along a line.
        lines: its body.
    """

    groups: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    needs_line: bool = False
    needs_steps: bool = False
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
    if not program.curriculum and program.level is None:
        return None
    text, where = FollowText(), places(program)
    text.needs_line = any(item.over and not item.at_once for item in program.curriculum)
    text.needs_steps = any(item.over for item in program.curriculum)
    if any(not item.over for item in program.curriculum):
        level = f"curriculum.{module.fields['curriculum.level']}"
        mean = f"level_sum[0] / float(num_envs) - {level}[0]"
        text.lines.append(layout("level_share = ", f"({mean}) / wp.max({level}[1] - {level}[0], 1.0)", 4))
    groups = dict.fromkeys(["curriculum", *(item.path.partition(".")[0] for item in program.curriculum)])
    text.groups = list(groups)
    for group in groups:
        module.setting(group)
    for item in program.curriculum:
        array, place = where[item.path]
        first, last, over = (
            f"{path.partition('.')[0]}.{module.fields[path]}" if path else ""
            for path in (item.path, item.last, item.over)
        )
        (text.ranges if array == "scheduled_ranges" else text.numbers).append(tunable_text(item.path, {}))
        if array == "scheduled":
            text.logged.append(f"Curriculum/{item.path}")
        text.lines.append(f"    # {origin(item.span)}")
        if not over:
            value = f"{first} + level_share * ({last} - {first})"
        elif item.at_once:
            value = f"wp.where(step > {over}, {last}, {first})"
        else:
            text.lines.append(f"    share = share_of(step, {over})")
            value = f"{first} + share * ({last} - {first})"
        text.lines.append(layout(f"{array}[{place}] = ", value, 4))
    if program.level is not None:
        text.lines.append(f"    scheduled[{len(text.numbers)}] = level_sum[0] / float(num_envs)")
        text.numbers.append("float(self.cfg.curriculum.level[0])")
        text.logged.append("Curriculum/level")
    return text


def change_level(kernel: Kernel, program: Program, leaves: Leaves) -> None:
    """The statements of ``reset_envs`` that move an environment up or down, by how its episode ended."""
    level = program.level
    if level is None:
        return
    length = kernel.parameter("self._episode_length_buf_wp", "wp.array(dtype=int)", "episode_length")
    levels = kernel.parameter("self._level", "wp.array(dtype=float)", "levels")
    total = kernel.parameter("self._level_sum", "wp.array(dtype=float)", "level_sum")
    bounds = leaves.setting(kernel, level.range)
    ways = {"up": level.up, "down": level.down}
    conditions = [_ending(kernel, ending, way, program, leaves) if ending else "" for way, ending in ways.items()]
    kernel.comment(origin(level.span))
    kernel.line(f"if {length}[env] > 0:")
    kernel.line(f"level = {levels}[env]", 2)
    for condition, sign in zip(conditions, "+-", strict=True):
        if condition:
            kernel.line(f"if {condition}:", 2)
            kernel.line(f"level = level {sign} 1.0", 3)
    if program.level_is_row:
        rng = kernel.parameter("self._rng", "wp.array(dtype=wp.uint32)", "rng_states")
        kernel.line(f"level = wp.max(level, {bounds}[0])", 2)
        kernel.line(f"if level > {bounds}[1]:", 2)
        kernel.line("# who is done with the last level goes on at any of them, as with Isaac Lab's terrains", 3)
        kernel.line(f"level_rng = {rng}[env]", 3)
        kernel.line(f"level = wp.floor(wp.randf(level_rng, {bounds}[0], {bounds}[1] + 1.0))", 3)
        kernel.line(f"{rng}[env] = level_rng", 3)
    else:
        kernel.line(f"level = wp.clamp(level, {bounds}[0], {bounds}[1])", 2)
    kernel.line(f"wp.atomic_add({total}, 0, level - {levels}[env])", 2)
    kernel.line(f"{levels}[env] = level", 2)
    if program.level_is_row:
        tiles = kernel.parameter("self._tile_origins", "wp.array2d(dtype=wp.vec3)", "tile_origins")
        columns = kernel.parameter("self._tile_columns", "wp.array(dtype=int)", "tile_columns")
        kernel.comment("the middle of its tile is the origin of an environment")
        kernel.line(f"{leaves.origins(kernel)}[env] = {tiles}[int({levels}[env]), {columns}[env]]")


def _ending(kernel: Kernel, ending: Ending, way: str, program: Program, leaves: Leaves) -> str:
    """Text of the condition that the episode ended so."""
    if ending.kind == "condition":
        return f"{kernel.parameter(f'self._level_{way}', 'wp.array(dtype=wp.bool)', f'level_{way}')}[env]"
    if ending.kind in ("above", "below"):
        sums = kernel.parameter("self._episode_sums", "wp.array2d(dtype=float)", "episode_sums")
        longest = kernel.parameter("self.max_episode_length_s", "float", "max_episode_length_s")
        place = [term.name for term in program.rewards].index(ending.name)
        operator = ">" if ending.kind == "above" else "<"
        return f"{sums}[env, {place}] / {longest} {operator} {leaves.setting(kernel, ending.bound)}"
    ends = kernel.parameter("self._terminations", "wp.array2d(dtype=wp.bool)", "terminations")
    if ending.kind == "end":
        names = [*(term.name for term in program.terminations), "timeout"]
        return f"{ends}[env, {names.index(ending.name)}]"
    return " or ".join(f"{ends}[env, {place}]" for place in range(program.failures)) or "False"
