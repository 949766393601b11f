"""The runner of the documents notices a wrong code, place, message or help, and shows what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.pipeline import check_file

from .blocks import Program, programs
from .test_language import difference, take

RIGHT = """# Names

```stripe in=cartpole.reward
swing = -0.1 * wrap(pol.pos)^2
#                   ^^^ E0201: unknown name `pol` => did you mean `pole`?
```
"""


def left_over(document: str, folder: Path) -> tuple[int, int, str]:
    """Diagnostics that are expected and missing, and that are there and not expected; and what is shown then."""
    path = folder / "names.md"
    path.write_text(document, encoding="utf-8")
    (program,) = programs(path)
    found = check(program, folder)
    left = list(found)
    missing = [expected for expected in program.expected if not take(expected, left)]
    return len(missing), len(left), difference(program, found, missing, left)


def check(program: Program, folder: Path) -> list[Diagnostic]:
    """The diagnostics of a program."""
    (folder / program.main).write_text(program.files[program.main], encoding="utf-8")
    return check_file(folder / program.main).diagnostics


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_right_document_passes(tmp_path: Path) -> None:
    assert left_over(RIGHT, tmp_path)[:2] == (0, 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("^^^ E0201", "^^^ E0202"),
        ("  ^^^ E0201", " ^^^ E0201"),
        ("^^^ E0201", "^^^^ E0201"),
        ("^^^ E0201", "> E0201"),
        ("unknown name `pol`", "unknown name `pole`"),
        ("`pole`?", "`poles`?"),
        ("#                   ^^^ E0201", "#! E0201"),
    ],
)
def test_a_wrong_expectation_fails_and_shows_both(old: str, new: str, tmp_path: Path) -> None:
    assert old in RIGHT
    missing, extra, shown = left_over(RIGHT.replace(old, new), tmp_path)
    assert (missing, extra) == (1, 1)
    assert "\n+#                   ^^^ E0201: unknown name `pol` => did you mean `pole`?" in shown
    assert shown.count("\n-") == 2  # the heading of the difference, and the wrong line


def test_what_nobody_expected_fails(tmp_path: Path) -> None:
    document = "\n".join(line for line in RIGHT.split("\n") if "E0201" not in line)
    assert left_over(document, tmp_path)[:2] == (0, 1)


def test_an_unknown_option_of_a_fence_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.md"
    path.write_text(RIGHT.replace("in=", "inn="), encoding="utf-8")
    with pytest.raises(ValueError, match="unknown fence"):
        list(programs(path))
