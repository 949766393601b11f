"""Checks every program of the documents beside this file against the diagnostics that they show."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.pipeline import check_file

from .blocks import Expected, Mark, Place, Program, programs

DOCUMENTS = sorted(Path(__file__).parent.glob("*.md"))
PROGRAMS = [pytest.param(program, id=program.id) for path in DOCUMENTS for program in programs(path)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ISAACSIM_ASSET_ROOT", raising=False)
    for name, text in program.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = check_file(tmp_path / program.main, task=program.task, settings=program.settings).diagnostics
    left = list(found)
    missing = [expected for expected in program.expected if not take(expected, left)]
    if missing or left:
        pytest.fail(difference(program, found, missing, left), pytrace=False)
    placed = [item.place for item in program.expected if item.place is not None]
    order = [item for item in map(place, found) if item is not None]
    assert order == sorted(order), "diagnostics stand in source order"
    assert len(placed) == len(order)


def take(expected: Expected, found: list[Diagnostic]) -> bool:
    """Removes the diagnostic that was expected; whether there was one."""
    for item in found:
        if (
            item.code == expected.code
            and place(item) == expected.place
            and expected.message in item.message
            and expected.help in mark(item)[3]
        ):
            found.remove(item)
            return True
    return False


def place(item: Diagnostic) -> Place | None:
    """File, line, column and length."""
    if item.span is None or item.span.source.path is None:
        return None
    return item.span.source.name, item.span.line, item.span.column, item.span.end - item.span.start


def difference(program: Program, found: list[Diagnostic], missing: list[Expected], extra: list[Diagnostic]) -> str:
    """The document's text as it is and as it would have to be."""
    actual = [mark(item) for item in found]
    kept = [mark(item) for item in found if not any(item is other for other in extra)]
    wanted = kept + [(item.code, item.place, item.message, item.help) for item in missing]
    lines: list[str] = []
    for name in program.texts:
        before, after = (program.written(name, side).splitlines() for side in (wanted, actual))
        lines += difflib.unified_diff(before, after, f"{name} (document)", f"{name} (compiler)", lineterm="", n=2)
    return f"{program.id}, line {program.line}:\n" + "\n".join(lines)


def mark(item: Diagnostic) -> Mark:
    """A diagnostic as a document shows it."""
    return item.code, place(item), item.message, " / ".join(item.helps)
