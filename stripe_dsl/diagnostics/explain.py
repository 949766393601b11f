"""The pages of ``stripec explain``: one Markdown file a code, beside this module."""

from __future__ import annotations

from importlib import resources

from stripe_dsl.diagnostics.codes import CODES


def explain(code: str) -> str | None:
    """The page of a code as Markdown; case and surrounding spaces do not matter. ``None`` for an unknown code."""
    code = code.strip().upper()
    if code not in CODES:
        return None
    page = resources.files("stripe_dsl.diagnostics").joinpath("explain", f"{code}.md")
    return page.read_text(encoding="utf-8")


def suggest_codes(text: str) -> list[str]:
    """Codes that an unknown one may have meant, likeliest first: ``E203`` → ``E0203``, a title's words too."""
    wanted = text.strip().upper()
    letter, digits = wanted[:1], wanted[1:]
    if letter not in ("E", "W") or not digits.isdecimal():
        letter, digits = "", wanted if wanted.isdecimal() else ""
    if digits:
        number = digits.lstrip("0").zfill(4)
        same = [code for code in CODES if code[1:] == number and code.startswith(letter)]
        if same:
            return same
    words = [word for word in text.lower().replace("-", " ").split() if word]
    titled = [code for code, entry in CODES.items() if words and all(word in entry.slug for word in words)]
    if titled:
        return titled
    import difflib

    return difflib.get_close_matches(wanted, CODES, n=3, cutoff=0.75)
