"""Documents written as YAML and as ``.stripe`` text, and read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from spec_documents import documents, same

from stripe_dsl.source import SourceFile, read_source
from stripe_dsl.spec.document import Document
from stripe_dsl.spec.modules import read
from stripe_dsl.spec.write import to_stripe, to_yaml

ROOT = Path(__file__).parents[2]
CAREFUL = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# The YAML form of examples/cartpole.stripe, by hand.
CARTPOLE = """
robot:
  cartpole:
    usd: package://newton/examples/assets/cartpole_single_pendulum.usda
    prim: /cartpole
    spawn: {at: "(0, 0, 2) m"}
    joint: {slider: slider_to_cart, pole: cart_to_pole}
    actuator:
      slider: {implicit: true, damping: 10 N*s/m, effort: 400 N}
      pole: {implicit, effort: 400 N*m}

task:
  Cartpole:
    robot: cartpole
    scene: {ground: plane, light: [dome]}
    sim: {physics: 120 Hz, control: 60 Hz, episode: 5 s, envs: 4096, spaced: 4 m}
    action:
      push: effort(slider) scale 100 N
    observe:
      policy: [slider.pos, pole.pos, slider.vel, pole.vel]
    reward:
      per_second:
        alive: 1.0 * not failed
        failed: -2.0 * failed
        pole_pos: -1.0 * wrap(pole.pos)^2
        cart_vel: -0.01 * |slider.vel|
        pole_vel: -0.005 * |pole.vel|
    terminate:
      off_track: "|slider.pos| > 3 m"
      timeout: true
    reset:
      slider.pos: default + (-1..1 m)
      slider.vel: -0.5..0.5 m/s
      pole.pos: default + (-45..45 deg)
      pole.vel: -45..45 deg/s
    train:
      algorithm: ppo
      steps: 32
      iterations: 60
      rate: 3e-3
      entropy: 0.005
      actor: [32, 32, elu]
      critic: [32, 32, elu]
"""


def document_of(text: str, name: str) -> Document:
    document, diagnostics = read(SourceFile(name, text))
    assert diagnostics == [], [f"{item.span}: {item.message}\n{text}" for item in diagnostics]
    return document


def example(name: str) -> Document:
    document, diagnostics = read(read_source(ROOT / "examples" / f"{name}.stripe"))
    assert diagnostics == []
    return document


def test_both_forms_say_the_same() -> None:
    assert same(document_of(CARTPOLE, "cartpole.stripe.yaml"), example("cartpole"))


def test_forms_that_differ_are_not_the_same() -> None:
    changed = CARTPOLE.replace("-0.005 *", "-0.05 *")
    assert not same(document_of(changed, "cartpole.stripe.yaml"), example("cartpole"))


@pytest.mark.parametrize("name", ["cartpole", "ant"])
def test_examples_there_and_back(name: str) -> None:
    document = example(name)
    assert same(document_of(to_yaml(document), "x.stripe.yaml"), document)
    assert same(document_of(to_stripe(document), "x.stripe"), document)


def test_cartpole_as_yaml_is_what_one_would_write() -> None:
    text = to_yaml(example("cartpole"))
    assert len(text.splitlines()) <= len(CARTPOLE.splitlines()) + 8
    assert "light: [dome]" in text
    assert "ground: plane" in text
    assert "actor: [32, 32, elu]" in text
    assert "timeout: true" in text
    assert "joint: {slider: slider_to_cart, pole: cart_to_pole}" in text


@CAREFUL
@given(documents())
def test_yaml_there_and_back(document: Document) -> None:
    text = to_yaml(document)
    assert same(document_of(text, "x.stripe.yaml"), document), text


@CAREFUL
@given(documents())
def test_stripe_there_and_back(document: Document) -> None:
    text = to_stripe(document)
    assert same(document_of(text, "x.stripe"), document), text


@CAREFUL
@given(documents())
def test_from_one_form_to_the_other(document: Document) -> None:
    """What ``stripec convert`` does, twice."""
    over = document_of(to_yaml(document), "x.stripe.yaml")
    back = document_of(to_stripe(over), "x.stripe")
    assert same(back, document)
    assert to_yaml(back) == to_yaml(over)
    assert to_stripe(back) == to_stripe(over)
