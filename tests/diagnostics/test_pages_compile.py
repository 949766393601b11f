"""The examples of the pages are compiled: each bad one has its own mistake and no other, each good one has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_dsl.diagnostics.codes import CODES
from stripe_dsl.pipeline import check_file

from .pages import Example, examples

SHOWN = [(code, kind, example) for code in CODES for kind, example in examples(code).items()]
COMPILED = [pytest.param(*item, id=f"{item[0]}-{item[1]}") for item in SHOWN if item[2].main != "console"]
COMMANDS = {code for code, _, example in SHOWN if example.main == "console"}


@pytest.mark.parametrize(("code", "kind", "example"), COMPILED)
def test_example(code: str, kind: str, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ISAACSIM_ASSET_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    for name, text in example.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = check_file(tmp_path / example.main).diagnostics
    assert [item.code for item in found] == ([code] if kind == "bad" else []), [item.message for item in found]


def test_only_mistakes_on_the_command_line_show_commands() -> None:
    made = [
        "E0617",
        "E0618",
        "E0619",
        "E0702",
        "E0703",
        "W0017",
    ]  # of scenes that were made, which checking does not do
    commands = ["E0216", "E0221", "E0222", "E0607", "E0608", "E0609", "E0610", "E0616", "W0010", "W0016", *made]
    assert sorted(COMMANDS) == sorted(commands)
