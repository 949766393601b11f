"""Every code has its page, every page its code, and each page shows the mistake and the mend."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from stripe_dsl.diagnostics.codes import CODES
from stripe_dsl.diagnostics.explain import explain, suggest_codes

from .pages import examples

BANDS = {"E01", "E02", "E03", "E04", "E05", "E06", "E07", "W00"}


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    folder = resources.files("stripe_dsl.diagnostics") / "explain"
    assert {page.name for page in folder.iterdir()} == {f"{code}.md" for code in CODES}


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_why_and_how(code: str) -> None:
    page = explain(code)
    assert page is not None
    headings = re.findall(
        r"^#+ .*$", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL), flags=re.MULTILINE
    )
    assert headings == [f"# {code}: {CODES[code].title}", "## Why it matters", "## Example", "## Mend"]
    meaning = page.split("\n\n")[1]
    assert len(meaning.split()) >= 5
    assert max(map(len, page.splitlines())) <= 120


@pytest.mark.parametrize("code", CODES)
def test_a_page_shows_the_mistake_and_the_mend(code: str) -> None:
    shown = examples(code)
    assert set(shown) == {"bad", "good"}
    assert shown["bad"].main == shown["good"].main
    assert shown["bad"].files != shown["good"].files


def test_codes_are_well_formed_and_titles_distinct() -> None:
    assert all(re.fullmatch(r"[EW]\d{4}", code) and code[:3] in BANDS for code in CODES)
    assert list(CODES) == sorted(CODES)
    assert all(entry.code == code for code, entry in CODES.items())
    slugs = [entry.slug for entry in CODES.values()]
    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)
    assert CODES["E0501"].slug == "control-rate-does-not-divide-physics-rate"


def test_every_code_that_the_compiler_uses_is_in_the_table() -> None:
    package = resources.files("stripe_dsl")
    used: dict[str, str] = {}
    folders = [package]
    while folders:
        for entry in folders.pop().iterdir():
            if entry.is_dir():
                folders.append(entry)
            elif entry.name.endswith(".py"):
                used |= dict.fromkeys(re.findall(r'"([EW]0\d{3})"', entry.read_text(encoding="utf-8")), entry.name)
    assert {code: where for code, where in used.items() if code not in CODES} == {}


def test_explain_is_lenient_about_case() -> None:
    assert explain(" e0203 ") == explain("E0203")
    assert explain("E9999") is None
    assert explain("../model") is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("E203", ["E0203"]),
        ("w1", ["W0001"]),
        ("0203", ["E0203"]),
        ("E0O203", ["E0203"]),
        ("import cycle", ["E0211"]),
        ("Import-Cycle", ["E0211"]),
        ("nothing like it", []),
        ("", []),
    ],
)
def test_an_unknown_code_comes_with_suggestions(text: str, codes: list[str]) -> None:
    assert suggest_codes(text)[: max(1, len(codes))] == codes
