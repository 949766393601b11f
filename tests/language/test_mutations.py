"""Damaged examples: whatever is deleted, repeated or replaced, checking ends, and what it says points into the file."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from stripe_dsl.diagnostics.codes import CODES
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

ROOT = Path(__file__).parents[2]
EXAMPLES = [*sorted((ROOT / "examples").glob("*.stripe")), ROOT / "stripe_dsl/std/rewards.stripe"]
TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*|[A-Za-z_]\w*|\d+(?:\.\d+)?|\.\.|\+-|==|<=|>=|\n|[^\s\w]')
STRAY = [
    "{",
    "}",
    "(",
    ")",
    "|",
    "..",
    "@",
    ";",
    '"',
    "if",
    "where",
    "=",
    "0",
    "1e999",
    "-",
    "m",
    "none",
    "default",
    "é",
    "\t",
]
ROUNDS = 120


def mutated(text: str, rng: random.Random) -> str:
    """A text with one to four changes to its tokens or lines."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        tokens = list(TOKEN.finditer(text))
        if not tokens:
            break
        token, other = rng.choice(tokens), rng.choice(tokens)
        lines = text.split("\n")
        number, target = rng.randrange(len(lines)), rng.randrange(len(lines))
        change = rng.randrange(7)
        if change == 0:
            text = text[: token.start()] + text[token.end() :]
        elif change == 1:
            text = text[: token.end()] + " " + token.group() + text[token.end() :]
        elif change == 2:
            text = text[: token.start()] + other.group() + text[token.end() :]
        elif change == 3:
            text = text[: token.start()] + rng.choice(STRAY) + text[token.end() :]
        elif change == 4:
            text = "\n".join(lines[:number] + lines[number + 1 :])
        elif change == 5:
            text = "\n".join([*lines[:target], lines[number], *lines[target:]])
        else:
            text = text[: token.start()]
    return text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_mutations(path: Path) -> None:
    rng = random.Random(path.stem)
    original = path.read_text(encoding="utf-8")
    broken = 0
    for _ in range(ROUNDS):
        text = mutated(original, rng)
        source = SourceFile("mutated.stripe", text)
        checked = check_source(source)
        broken += checked.failed
        assert checked.programs == () or not checked.failed
        for item in checked.diagnostics:
            assert item.code in CODES, (item.code, text)
            assert item.message, (item.code, text)
            assert item.span is not None, (item.code, item.message, text)
            assert item.span.source is source, (item.code, text)
            assert 0 <= item.span.start <= item.span.end <= len(text), (item.code, item.message, text)
    assert broken > ROUNDS / 2
