"""The page says what the tests show, and leaves nothing out."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from stripe_dsl.pipeline import check_file
from stripe_dsl.spec.modules import STANDARD

from .counterparts import TASKS
from .drawn import DRAWN as EVENTS_DRAWN
from .events import EVENTS
from .table import DRAWN, HERE, LIVE, PAGE, described, notes, page, rows, shown, upstream

ROOT = HERE.parents[1]
SITE = importlib.util.find_spec("isaaclab_tasks")
FILES = sorted((HERE / "tasks").glob("*.stripe"))


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "bring it up to date: python -m tests.vocabulary.table"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_lines_are_right(path: Path) -> None:
    found = [item for item in check_file(path).diagnostics if not item.code.startswith("W")]
    assert found == []


def test_every_term_is_written_or_explained() -> None:
    assert [row.name for row in rows() if not row.test] == []
    written = [f"{row.category} {row.name}" for row in rows() if row.line]
    assert len(written) == len(set(written))


def test_a_row_is_live_where_it_is_compared() -> None:
    """And the other way round: what is compared stands on the page, unless upstream uses it less than twice."""
    compared = {(category, name) for table in TASKS.values() for category, terms in table.items() for name in terms}
    compared |= {("event", name) for table in EVENTS.values() for name in table}
    live = {(row.category, row.name) for row in rows() if row.test == LIVE}
    assert live <= compared
    assert compared - live <= {key for key in shown() if key not in {(row.category, row.name) for row in rows()}}


def test_lines_stand_in_the_tasks() -> None:
    for task, events in EVENTS.items():
        text = (HERE / f"tasks/{task}.stripe").read_text(encoding="utf-8")
        assert [event.line for event in events.values() if event.line not in text] == []


def test_lines_of_drawn_events_stand_in_their_task() -> None:
    text = (HERE / "tasks/drawn.stripe").read_text(encoding="utf-8")
    shown = {row.name: row.line for row in rows() if row.test.startswith(DRAWN)}
    assert shown.keys() == EVENTS_DRAWN.keys()
    for line in shown.values():
        inside = line.removeprefix("reset {").removesuffix("}") if line.startswith("reset") else line
        for part in inside.split(";"):
            assert re.search(r" +".join(map(re.escape, part.split())), text), line


def test_notes_are_of_terms_that_no_task_shows_whole() -> None:
    known = {(term["category"], term["name"]) for term in upstream()}
    for category, table in notes().items():
        for name, note in table.items():
            assert (category, name) in known
            if (category, name) in shown():
                assert note.keys() == {"but"}
            else:
                assert note.keys() in ({"line", "test"}, {"line", "test", "but"}, {"missing"})


def test_named_tests_exist() -> None:
    for row in rows():
        file, _, function = row.test.partition("::")
        if row.line:
            assert (ROOT / file).exists(), row.test
            assert not function or re.search(rf"^ *def {function}\(", (ROOT / file).read_text(), re.M), row.test


def test_functions_of_the_library_exist() -> None:
    for row in rows():
        if row.function:
            assert row.function.strip("`") in described()


def test_upstream_counterparts_of_the_library_exist() -> None:
    """What a comment names is a function or class of Isaac Lab."""
    if SITE is None or SITE.origin is None:
        pytest.skip("isaaclab_tasks is not installed")
    site = Path(SITE.origin).parents[1]
    named = {
        name
        for path in STANDARD.glob("*.stripe")
        for name in re.findall(r"isaaclab(?:_tasks)?(?:\.\w+)+", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    for name in named:
        module, _, function = name.rpartition(".")
        text = (site / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
        assert re.search(rf"^(def|class) {function}\b", text, re.M), name
