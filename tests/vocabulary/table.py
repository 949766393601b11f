"""``docs/vocabulary.md``: how to write each term of Isaac Lab. Run it to bring the page up to date.

A row's line of ``.stripe`` is the one that ``tasks/*.stripe`` has under the term's name and that ``test_equal.py``
compares with the upstream function; what such a task cannot show stands in ``notes.toml``, with the test that does, or
with the reason why the language cannot say it.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stripe_dsl.source import read_source
from stripe_dsl.spec.document import Document
from stripe_dsl.spec.modules import STANDARD, read
from stripe_dsl.spec.values import Expression, Text

from .counterparts import TASKS
from .events import EVENTS

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/vocabulary.md"
LIVE = "tests/vocabulary/test_equal.py"
DRAWN = "tests/vocabulary/test_drawn.py"
GEARS = f"{LIVE}::test_a_gear_is_drawn_for_each_episode"
ELSEWHERE = (
    "tests/sim/test_camera.py::test_a_picture_is_centred_as_isaac_lab_does",
    "tests/sim/test_camera.py::test_networks_make_of_pictures_what_isaac_labs_term_does",
    "tests/sim/test_grains.py::test_what_is_spilled_is_what_upstream_says",
    "tests/sim/test_objects.py::test_a_cube_is_pushed",
    "tests/sim/test_soft.py::test_values_are_those_of_isaac_labs_terms",
)
"""Tests of single features that call upstream's functions beside what they are about."""
_CALL = re.compile(r"\b(rewards|terminations|observations|manipulation)\.(\w+)\(")
_TITLES = {"reward": "Rewards", "observation": "Observations", "termination": "Terminations", "event": "Events"}


@dataclass(frozen=True)
class Row:
    """An upstream term.

    Attributes:
        uses: how often the tasks of Isaac Lab use it.
        line: how it is written; empty where it cannot be.
        test: what shows that it is the same; or why it cannot be written.
        but: what of it is left out.
    """

    category: str
    name: str
    uses: int
    module: str
    line: str
    test: str
    but: str = ""

    @property
    def live(self) -> bool:
        """Whether it is compared with the upstream function on a live environment."""
        return self.test.startswith((LIVE, DRAWN, *ELSEWHERE))

    @property
    def function(self) -> str:
        """The function of the standard library."""
        found = _CALL.search(self.line)
        return f"`{found[1]}.{found[2]}`" if found else ""


def upstream() -> list[dict[str, str]]:
    """The terms that are used at least twice, the most used first, the general ones before those of single tasks."""
    with (HERE / "terms.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def notes() -> dict[str, dict[str, dict[str, str]]]:
    """What the tasks do not show, by category and name."""
    return tomllib.loads((HERE / "notes.toml").read_text(encoding="utf-8"))


def documents() -> Iterator[Document]:
    """The vocabulary tasks."""
    for path in (HERE / f"tasks/{task}.stripe" for task in TASKS):
        document, diagnostics = read(read_source(path))
        assert not diagnostics
        yield document


def shown() -> dict[tuple[str, str], str]:
    """Lines of the tasks by category and name."""
    out: dict[tuple[str, str], str] = {}
    for document in documents():
        for title, task in document.task.items():
            terms = {**task.reward.per_second, **task.reward.once} if task.reward is not None else {}
            out |= {("reward", str(name)): f"{name} = {_text(value)}" for name, value in terms.items()}
            for name, value in task.terminate.items():
                key = ("termination", "time_out" if name == "timeout" else str(name))
                out[key] = str(name) if name == "timeout" else f"{name} = {_text(value)}"
            for group, items in task.observe.items():
                lines = [(f"{item.name} = " if item.name else "") + _text(item.value) for item in items]
                for item, line in zip(items, lines, strict=True):
                    if item.name is not None:
                        out["observation", str(item.name)] = line if group == "policy" else "; ".join(lines)
            for name, event in EVENTS[str(title).lower()].items():
                lines = [f"state {state} = {_text(task.state[Text(state)].value)}" for state in event.states]
                lines += [f"{target} = {_text(task.reset[Text(target)])}" for target in event.targets]
                out["event", name] = event.line or "; ".join(lines) or "reset { }"
    return out


def _text(value: Expression) -> str:
    """An expression as it is written."""
    return " ".join(value.span.text.split())


def rows() -> list[Row]:
    """Every term, in the order of the page."""
    lines, extra, out = shown(), notes(), []
    for term in upstream():
        category, name = term["category"], term["name"]
        note = extra.get(category, {}).get(name, {})
        line = lines.get((category, name), note.get("line", ""))
        test = LIVE if (category, name) in lines else note.get("test", note.get("missing", ""))
        out.append(Row(category, name, int(term["uses"]), term["module"], line, test, note.get("but", "")))
    return out


def page() -> str:
    """The text of the page."""
    every = rows()
    written = [row for row in every if row.line]
    live = [row for row in written if row.live]
    drawn = [row for row in live if row.test.startswith((DRAWN, GEARS))]
    text = f"""# The vocabulary

Isaac Lab's terms and how they are written here: every reward, observation, termination and event that its tasks
use at least twice. {len(written)} of {len(every)} can be written. {len(live)} of these are compared with the upstream
function on a live environment and in both back ends: {len(live) - len(drawn)} give the same values in the same step
(`{LIVE}`, or the test that is named), and {len(drawn)} are events that draw numbers. Of these both sides
draw for many environments; then the same places of the simulation have changed, within the same range and by the same
distribution (`{DRAWN}`, or the test that is named). Of the others a test shows what they do.
Where a part of a term is left out, its row says which. The functions are those of the standard library,
as in `import "std/rewards.stripe" as rewards`.

The page is made from `tests/vocabulary`; the lines are those that the tests run.
"""
    for category, title in _TITLES.items():
        mine = [row for row in every if row.category == category]
        text += f"\n## {title}\n"
        for heading, group in (
            ("Of `isaaclab.envs.mdp`", [row for row in mine if row.module.startswith("isaaclab.") and row.line]),
            ("Of single tasks", [row for row in mine if not row.module.startswith("isaaclab.") and row.line]),
        ):
            if group:
                text += (
                    f"\n### {heading}\n\n| Isaac Lab | uses | Stripe | function | shown by |\n|---|---|---|---|---|\n"
                )
                text += "".join(_line(row) for row in group)
        absent = [row for row in mine if not row.line]
        if absent:
            text += "\n### Not expressible\n\n| Isaac Lab | uses | why |\n|---|---|---|\n"
            text += "".join(f"| {_link(row)} | {row.uses} | {_cell(row.test)} |\n" for row in absent)
    return text


def _line(row: Row) -> str:
    test = "live" if row.test == LIVE else f"live, `{row.test}`" if row.live else f"`{row.test}`"
    test = "live, by distribution" if row.test.startswith(DRAWN) else test
    test += f", {row.but}" if row.but else ""
    code = "<br>".join(f"`{_cell(part)}`" for part in row.line.split("; "))
    return f"| {_link(row)} | {row.uses} | {code} | {row.function} | {test} |\n"


def _link(row: Row) -> str:
    short = row.module.removeprefix("isaaclab.envs.mdp.").removeprefix("isaaclab_tasks.")
    return f"`{row.name}`" if row.module.startswith("isaaclab.envs.mdp") else f"`{row.name}` ({short})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def described() -> dict[str, str]:
    """The comment above each function of the standard library, by ``file.function``."""
    out = {}
    for path in sorted(STANDARD.glob("*.stripe")):
        above: list[str] = []
        for line in path.read_text(encoding="utf-8").split("\n"):
            found = re.match(r"fn (\w+)", line)
            if found:
                out[f"{path.stem}.{found[1]}"] = " ".join(above)
            above = [*above, line.removeprefix("# ")] if line.startswith("# ") else []
    return out


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
