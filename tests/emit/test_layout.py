"""Long lines are broken so that they mean the same and fit; nearly always just as the formatter would."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.emit.layout import layout

NAMES = (
    "self.robot.data.joint_vel.torch",
    "self.cfg.reward.alive",
    "slider_pos",
    "target_distance",
    "self._gear",
    "0.005",
)


def expression(random: Random, depth: int = 4, precedence: int = 0) -> str:
    """A random expression on one line, spaced and parenthesised as the formatter does."""

    def inner(least: int = 0) -> str:
        return expression(random, depth - 1, least)

    kind = random.choice(("name", "sum", "product", "call", "call", "reduction", "comparison")) if depth else "name"
    match kind:
        case "name":
            return random.choice(NAMES)
        case "call":
            function = random.choice(("torch.exp", "torch.where", "torch.clamp", "wrap_to_pi"))
            return f"{function}({', '.join(inner() for _ in range(random.choice((1, 1, 2, 3))))})"
        case "reduction":
            return f"torch.sum({inner()}, dim=-1)"
        case "comparison":
            return f"({inner(1)} > {inner(1)}).float()"
    level, symbols = (1, "+-") if kind == "sum" else (2, "*/")
    text = inner(level)
    for _ in range(random.choice((1, 1, 2, 4))):
        text += f" {random.choice(symbols)} {inner(level + 1)}"
    return f"({text})" if precedence > level else text


def test_what_fits_stays_on_its_line() -> None:
    assert layout("return ", "a + b", 8) == "        return a + b"


def test_sums_break_before_their_operators() -> None:
    assert layout("x = ", "aaaaaaaa + bbbbbbbb * cccc - dddddddd", 0, width=30) == (
        "x = (\n    aaaaaaaa\n    + bbbbbbbb * cccc\n    - dddddddd\n)"
    )


def test_calls_open_up_and_take_a_trailing_comma_only_when_each_argument_has_its_line() -> None:
    assert layout("x = ", "function(aaaaaaaa, bbbbbbbb)", 0, width=30) == "x = function(\n    aaaaaaaa, bbbbbbbb\n)"
    assert layout("x = ", "function(aaaaaaaaaaaaaa, bbbbbbbbbbbbbb)", 0, width=30) == (
        "x = function(\n    aaaaaaaaaaaaaa,\n    bbbbbbbbbbbbbb,\n)"
    )


def test_a_sign_is_no_operator_to_break_at() -> None:
    assert layout("x = ", "f(-aaaaaaaaaaaaaaaaaa, d=-1)", 0, width=30) == ("x = f(\n    -aaaaaaaaaaaaaaaaaa, d=-1\n)")


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from((40, 80, 120)), st.sampled_from(("return ", "x = ")))
def test_broken_lines_mean_the_same(random: Random, width: int, prefix: str) -> None:
    text = expression(random)
    body = layout(prefix, text, 4, width)
    broken, whole = (ast.dump(ast.parse(f"def f():\n{lines}\n")) for lines in (body, f"    {prefix}{text}"))
    assert broken == whole
    # The longest name has 31 columns, and nesting adds some more.
    assert width < 80 or all(len(line) <= width for line in body.splitlines())


def test_the_formatter_agrees(tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    assert ruff, "the development group installs ruff"
    random = Random(0)
    sample = [text for text in (expression(random) for _ in range(600)) if 100 < len(text) < 400]
    assert len(sample) > 100
    written = [f"def f():\n{layout('return ', text, 4)}\n" for text in sample]
    for number, text in enumerate(written):
        (tmp_path / f"{number}.py").write_text(text)
    subprocess.run([ruff, "format", "--quiet", "--isolated", "--line-length", "120", str(tmp_path)], check=True)
    same = sum((tmp_path / f"{number}.py").read_text() == text for number, text in enumerate(written))
    assert same >= 0.95 * len(sample)
