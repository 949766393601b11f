"""Names and values on their way into generated Python."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.emit.identifiers import docstring, literal, paragraph, remark, safe_identifier, validate_identifier


@pytest.mark.parametrize("name", ["pole_pos", "_ids", "x", "Cartpole", "v2"])
def test_identifiers_pass(name: str) -> None:
    assert validate_identifier(name) == name


@pytest.mark.parametrize(
    "name", ["", "2x", "a b", "a-b", "a.b", "x\n", "lambda", "match", "None", "sum", "print", "self", "__class__", "é"]
)
def test_what_generated_code_must_not_bind_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        validate_identifier(name)


@pytest.mark.parametrize(("name", "safe"), [("lambda", "lambda_"), ("sum", "sum_"), ("gain", "gain")])
def test_reserved_names_get_an_underscore(name: str, safe: str) -> None:
    assert safe_identifier(name) == safe


@given(st.text(max_size=8))
def test_an_identifier_that_passes_can_be_bound(name: str) -> None:
    try:
        validate_identifier(name)
    except ValueError:
        return
    scope: dict[str, object] = {}
    exec(f"{name} = 1", scope)
    assert scope[name] == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (7 * 100 * 0.01, "7.0"),
        (1e-5, "1e-05"),
        (math.pi / 4, "0.7853981633974483"),
        (-2.0, "-2.0"),
        (math.inf, 'float("inf")'),
        (-math.inf, 'float("-inf")'),
        ("a'b", '"a\'b"'),
        ('say "x"', "'say \"x\"'"),
        ((1.0,), "(1.0,)"),
        ([1, (2.5, None)], "[1, (2.5, None)]"),
        ({"policy": (True, False)}, '{"policy": (True, False)}'),
    ],
)
def test_literals(value: object, text: str) -> None:
    assert literal(value) == text


def test_a_literal_of_something_else_is_an_error() -> None:
    with pytest.raises(TypeError):
        literal(object())


@given(
    st.recursive(
        st.text() | st.booleans() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.tuples(inner)
    )
)
def test_literals_mean_the_value(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_change_by_rounding_at_most(value: float) -> None:
    assert math.isclose(float(literal(value)), value, rel_tol=5e-15, abs_tol=1e-300)


WORDS = st.lists(st.text("ab\"\\\n#'", min_size=1, max_size=30), min_size=1, max_size=40).map(" ".join)


@settings(max_examples=25)
@given(WORDS, st.integers(0, 8))
def test_docstrings_are_as_narrow_as_their_words_allow(text: str, indent: int) -> None:
    written = docstring(text, indent)
    assert ast.literal_eval(written).split() == remark(text).split()
    assert all(len(line) <= 120 for line in (" " * indent + written).split("\n"))
    assert ("\n" in written) == (indent + len(remark(text)) + 6 > 120)
    lines = paragraph(text, '"""').split("\n")
    assert " ".join(lines) == '"""' + remark(text)
    assert all(len(line) <= 120 for line in lines)
