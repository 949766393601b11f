"""The line that says what takes so long: on a terminal, after a second, and gone in the end."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from stripe_dsl.cli.working import INTERVAL, working
from stripe_dsl.scene.made import make
from stripe_dsl.scene.steps import step, told
from tests.scene.written import scene_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "cartpole.stripe"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_steps_are_shown_one_at_a_time_and_wiped() -> None:
    out = Terminal()
    with working("baking wood", out, patience=0.0):
        sleep(2 * INTERVAL)
        step("placing rocks")
        sleep(3 * INTERVAL)
    lines = out.getvalue().split("\r\x1b[K")
    assert lines[0] == "" and lines[-1] == "", "each line takes the place of the one before, and nothing stays"
    assert lines[1].startswith("baking wood … ") and lines[-2].startswith("placing rocks … ")
    assert "\n" not in out.getvalue()


def test_what_is_quick_shows_nothing() -> None:
    out = Terminal()
    with working("baking wood", out):
        step("placing rocks")
    assert out.getvalue() == ""


def test_nothing_is_written_where_nobody_watches() -> None:
    out = io.StringIO()
    with working("baking wood", out, patience=0.0):
        sleep(2 * INTERVAL)
    assert out.getvalue() == ""


def test_an_error_ends_the_line() -> None:
    out = Terminal()

    def fails() -> None:
        with working("baking wood", out, patience=0.0):
            sleep(2 * INTERVAL)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert out.getvalue().endswith("\r\x1b[K")


def test_a_scene_says_what_it_does(tmp_path: Path) -> None:
    rest = "  zone start = circle 1 m at spawn\n  scatter rocks { assets rock; count 3; spacing 1 m; avoid start }"
    found: list[str] = []
    with told(found.append):
        make(scene_of(tmp_path, "", rest))
    assert found == ["making the ground", "finding start", "placing rocks", "checking what is required"]
    make(scene_of(tmp_path, "", rest))
    assert len(found) == 4, "nobody listens any more"


def test_runs_say_what_they_wait_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that bakes a forest first is not silent meanwhile."""
    from stripe_dsl.cli import common

    said: list[str] = []

    @contextmanager
    def listening(first: str) -> Iterator[None]:
        said.append(first)
        yield

    monkeypatch.setattr(common, "working", listening)
    monkeypatch.chdir(tmp_path)
    package = common.compiled(EXAMPLE, None, None)
    assert (package / "env.py").is_file()
    assert said == ["compiling cartpole.stripe"]
