"""No text makes the reader raise, and every span lies in the file."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marked import yaml_document

TEXT = """\
robot:
  cart: &cart
    usd: "a b.usda"
    joint: {slider: slider_to_cart, pole: 'cart_to_pole'}
    actuator: {pole: {implicit, effort: 400 N*m}}
task:
  A:
    robot: cart
    action: {push: effort(slider) scale 100 N}
    observe:
      policy: [slider.pos, "joints.vel noise +-1.5 rad/s", {value: a, scale: 2}, {pole: "wrap(p)"}]
    let:
      v: >-
        max(a, b) +
        c
      w: "a + \\x41"
    reward: {per_second: {alive: 1.0 * not failed}}
    terminate: {off: "|slider.pos| > 3 m", timeout: }
    reset: {slider.pos: default + (-1..1 m)}
    train: {algorithm: ppo, actor: [32, 32, elu]}
"""
WORDS = [*"{}[],:=()|>\"'@~%$\\#-?😀\u2028\ufeff\x00\x85", "no", "if", "---", "...", "&a", "*cart", "!!str", "<<:"]
PIECES = st.one_of(
    st.sampled_from(["\n", "\n  ", " ", "\t"]), st.sampled_from([*WORDS, *(f"{word} " for word in WORDS)])
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 6), PIECES), min_size=1, max_size=3))
def test_edited_text(edits: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for start, length, piece in edits:
        text = text[:start] + piece + text[start + length :]
    _check(text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=12).map("".join))
def test_any_text(text: str) -> None:
    _check(text)


def test_the_text_itself_is_fine() -> None:
    assert yaml_document(TEXT)[1] == []


def _check(text: str) -> None:
    _, diagnostics = yaml_document(text)
    for item in diagnostics:
        assert item.span is not None
        assert item.span.source.name == "task.stripe.yaml"
        assert item.span.source.text == text
        assert 0 <= item.span.start <= item.span.end <= len(text)
        assert item.message[0] not in "<'("
        for note in item.notes:
            assert 0 <= note.span.start <= note.span.end <= len(text)
