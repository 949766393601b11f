"""The method that changes settings as training goes on, in torch: numbers of Python, which the others read."""

from __future__ import annotations

from stripe_dsl.emit.naming import Names, word
from stripe_dsl.emit.torch.leaves import Attribute, tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.ir.curriculum import Ending
from stripe_dsl.ir.program import Program


class Following:
    """``_follow_curriculum`` and what it needs.

    Attributes:
        attributes: what settings are before they change.
        lines: the body of the method.
        logged: entries of the log and the settings that they show.
        level_lines: the body of ``_change_level``.
        level_start: the levels that environments begin with.
        needs_line: whether something changes along a line.
        needs_range: whether a range does.
    """

    def __init__(self, program: Program, names: Names) -> None:
        self.attributes: list[Attribute] = []
        self.lines = Lines()
        self.logged: list[tuple[str, str]] = []
        self.needs_range = False
        self.needs_line = any(item.over and not item.at_once for item in program.curriculum)
        self.level_lines = level_lines(program)
        self.level_start = level_start(program)
        if any(not item.over for item in program.curriculum):
            self.lines.statement("low, high = ", "cfg.level")
            self.lines.statement("share = ", "(self._level.mean() - low) / max(high - low, 1.0)")
        for item in program.curriculum:
            setting, alias = tunable_text(item.path, {}), {"curriculum": "cfg"}
            name = names.unique(f"_first_{word(item.path)}")
            self.attributes.append(Attribute(name, setting))
            last, over = tunable_text(item.last, alias), tunable_text(item.over, alias) if item.over else ""
            self.lines.comment(item.span)
            if not item.over:
                text = f"self.{name} + share * ({last} - self.{name})"
            elif item.at_once:
                text = f"{last} if step > {over} else self.{name}"
            elif isinstance(program.tunable(item.path).value, tuple):
                self.needs_range = True
                text = f"scheduled_range(step, {over}, self.{name}, {last})"
            else:
                text = f"scheduled(step, {over}, self.{name}, {last})"
            self.lines.statement(f"{setting} = ", text)
            if not isinstance(program.tunable(item.path).value, tuple):
                make = "full((), " if item.over else "as_tensor("
                self.logged.append((f"Curriculum/{item.path}", f"torch.{make}{setting}, device=self.device)"))
        if program.level is not None:
            self.logged.append(("Curriculum/level", "self._level.mean()"))


def level_lines(program: Program) -> Lines:
    """The body of ``_change_level``, behind what says which episodes end."""
    lines, level = Lines(), program.level
    if level is None:
        return lines
    lines.comment(level.span)
    change = ""
    for way, sign, ending in (("up", "+", level.up), ("down", "-", level.down)):
        if ending is not None and ending.kind == "condition":
            change += f" {sign} self._level_{way}.float()"
        elif ending is not None:
            lines.statement(f"{way} = ", _ending(ending, program))
            change += f" {sign} {way}.float()"
    if program.level_is_row:
        lines.statement("low, high = ", "self.cfg.curriculum.level")
        lines.statement("level = ", f"(self._level{change}).clamp(min=low)")
        lines.remark("who is done with the last level goes on at any of them, as with Isaac Lab's terrains")
        anywhere = "torch.floor(torch.empty_like(level).uniform_(low, high + 1.0))"
        lines.statement("level = ", f"torch.where(level > high, {anywhere}, level)")
    else:
        lines.statement("level = ", f"(self._level{change}).clamp(*self.cfg.curriculum.level)")
    lines.statement("self._level = ", "torch.where(ended, level, self._level)")
    if program.level_is_row:
        lines.remark("the middle of its tile is the origin of an environment")
        lines.statement("terrain = ", "self.scene.terrain")
        lines.statement("terrain.terrain_levels = ", "self._level.long()")
        tile = "terrain.terrain_origins[terrain.terrain_levels, terrain.terrain_types]"
        lines.statement("terrain.env_origins[:] = ", tile)
    return lines


def level_start(program: Program) -> str:
    """Source text of the levels that environments begin with, as torch has them, shape (num_envs,)."""
    level = program.level
    if level is None:
        return ""
    if not level.start:
        return "torch.full((self.num_envs,), float(self.cfg.curriculum.level[0]), device=self.device)"
    start = tunable_text(level.start, {})
    low, high = f"int({start}[0])", f"int({start}[1]) + 1"
    return f"torch.randint({low}, {high}, (self.num_envs,), device=self.device).float()"


def _ending(ending: Ending, program: Program) -> str:
    """Whether the episode of each environment ended so."""
    match ending.kind:
        case "failed":
            return f"self._terminations[:, :{program.failures}].any(dim=-1)"
        case "end":
            names = [*(term.name for term in program.terminations), "timeout"]
            return f"self._terminations[:, {names.index(ending.name)}]"
    place = [term.name for term in program.rewards].index(ending.name)
    operator = ">" if ending.kind == "above" else "<"
    bound = tunable_text(ending.bound, {})
    return f"self._episode_sums[:, {place}] / self.max_episode_length_s {operator} {bound}"
