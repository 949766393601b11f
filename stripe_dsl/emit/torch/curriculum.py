"""The method that changes settings as training goes on, in torch: numbers of Python, which the others read."""

from __future__ import annotations

from stripe_dsl.emit.naming import Names, word
from stripe_dsl.emit.torch.leaves import Attribute, tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.ir.program import Program


class Following:
    """``_follow_curriculum`` and what it needs.

    Attributes:
        attributes: what settings are before they change.
        lines: the body of the method.
        logged: entries of the log and the settings that they show.
        needs_line: whether something changes along a line.
        needs_range: whether a range does.
    """

    def __init__(self, program: Program, names: Names) -> None:
        self.attributes: list[Attribute] = []
        self.lines = Lines()
        self.logged: list[tuple[str, str]] = []
        self.needs_range = False
        self.needs_line = any(not item.at_once for item in program.curriculum)
        for item in program.curriculum:
            setting, alias = tunable_text(item.path, {}), {"curriculum": "cfg"}
            name = names.unique(f"_first_{word(item.path)}")
            self.attributes.append(Attribute(name, setting))
            last, over = tunable_text(item.last, alias), tunable_text(item.over, alias)
            self.lines.comment(item.span)
            if item.at_once:
                text = f"{last} if step > {over} else self.{name}"
            elif isinstance(program.tunable(item.path).value, tuple):
                self.needs_range = True
                text = f"scheduled_range(step, {over}, self.{name}, {last})"
            else:
                text = f"scheduled(step, {over}, self.{name}, {last})"
            self.lines.statement(f"{setting} = ", text)
            if not isinstance(program.tunable(item.path).value, tuple):
                self.logged.append((f"Curriculum/{item.path}", setting))
