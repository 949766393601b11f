"""Calls of functions: what is written out, which numbers become settings, and what a function knows."""

from __future__ import annotations

import pytest

from stripe_dsl.diagnostics.text import render_all
from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

ROBOT = """
robot cartpole {
  usd "package://newton/examples/assets/cartpole_single_pendulum.usda" prim "/cartpole"
  joint slider = "slider_to_cart"
  joint pole   = "cart_to_pole"
  joints rail  = "slider_to_cart"
  body cart    = "cart"
  actuator joints { implicit }
}
"""


def compiled(functions: str, term: str, *, more: str = "", settings: dict[str, str] | None = None) -> Program:
    """A task whose reward `near` is ``term``."""
    task = f"""
task Test {{
  robot cartpole
  sim {{ physics 120 Hz; control 60 Hz; episode 5 s; envs 64 }}
  action push = effort(rail) scale 100 N
  observe policy {{ slider.pos; pole.pos }}
  reward per second {{ near = {term} }}
  terminate {{ off_track = |slider.pos| > 3 m; timeout }}
  {more}
}}
"""
    checked = check_source(SourceFile("test.stripe", functions + ROBOT + task), settings=settings)
    errors = [item for item in checked.diagnostics if item.severity == "error"]
    assert not errors, render_all(errors, color=False)
    (program,) = checked.programs
    return program


def values(program: Program) -> dict[str, object]:
    """Settings of the reward."""
    return {item.name: item.value for item in program.tunables if item.group == "reward"}


def shape(program: Program) -> str:
    """The reward's formula as nested operators, without the names of settings."""

    def text(node: object) -> str:
        op, args = node.op, node.args  # type: ignore[attr-defined]
        what = node.attr if op in ("const", "part") else node.read.quantity if op == "read" else ""  # type: ignore[attr-defined]
        return f"{op}{what}({', '.join(map(text, args))})"

    return text(program.rewards[0].value)


@pytest.mark.parametrize(
    ("function", "call", "inline"),
    [
        (
            "fn f(x: number [m], w: number [m]) = exp(-x^2 / w^2)",
            "f(slider.pos, 0.5 m)",
            "exp(-slider.pos^2 / (0.5 m)^2)",
        ),
        ("fn f(a, b) = a - b", "f(b = pole.pos, a = 2 * pole.pos)", "2 * pole.pos - pole.pos"),
        ("fn f(x) = sq(x) + 1\nfn sq(x) = x^2", "f(wrap(pole.pos) / 1 rad)", "(wrap(pole.pos) / 1 rad)^2 + 1"),
        ("fn f(r: robot) = r.joints.vel", "|f(cartpole)|^2 / 1 m^2", None),
        ("fn f(x) = prev(x) - x", "f(slider.pos)", "prev(slider.pos) - slider.pos"),
        ("fn f(a: action) = |a - prev(a)|", "f(push)", "|push - prev(push)|"),
        ("fn f(x: numbers) = sum(x)", "f(push)", "sum(push)"),
        ("fn f(x) = x - default", "f(slider.pos)", "slider.pos - default"),
        ("fn f(j: joint) = j.vel * failed", "f(pole)", "pole.vel * failed"),
        ("fn f(n: number = 2) = slope(n)\nfn slope(n) = 3^n", "f()", "3^2"),
    ],
)
def test_a_call_is_its_formula(function: str, call: str, inline: str | None) -> None:
    if inline is None:
        with pytest.raises(AssertionError, match="E0409"):
            compiled(function + "\n", call)
        return
    assert shape(compiled(function + "\n", call)) == shape(compiled("", inline))


def test_arguments_are_settings_of_the_term() -> None:
    functions = "fn f(x: number [m], width: number [m] = 0.5 m, n = 2) = n * exp(-x^2 / width^2) + 0.25\n"
    assert values(compiled(functions, "1.5 * f(slider.pos)")) == {
        "near": 1.5,
        "near_width": 0.5,
        "near_n": 2.0,
        "near_offset": 0.25,
    }
    assert values(compiled(functions, "f(slider.pos, 30 cm)"))["near_width"] == 0.3
    twice = values(compiled(functions, "f(slider.pos) + f(slider.pos, width = 1 m, n = 3)"))
    assert twice["near_width"] == 0.5
    assert twice["near_width_2"] == 1.0
    assert twice["near_n_2"] == 3.0


def test_an_argument_used_twice_is_one_setting() -> None:
    found = values(compiled("fn f(w: number [m]) = w / (1 m) + w^2 / (1 m^2)\n", "f(0.5 m)"))
    assert [name for name in found if name.startswith("near_w")] == ["near_w"]


def test_an_exponent_is_part_of_the_formula() -> None:
    found = compiled("fn f(x: number [m], n: number = 2) = x^n\n", "f(slider.pos, n = 3)")
    assert values(found) == {"near": 1.0}
    assert str(found.rewards[0].value.type.dim) == "m^3"


def test_angles_of_a_rotation_are_part_of_the_formula() -> None:
    functions = "fn f(r, yaw: number [rad]) = angle_between(r, rpy(0, 10 deg, yaw)) / 1 rad\n"
    found = compiled(functions, "2.0 * f(base.rot, yaw = 0.5 rad)")
    assert values(found) == {"near": 2.0, "near_scale": 1.0}


def test_a_range_that_is_an_argument() -> None:
    functions = "fn around(r: range [m]) = r + 0 m\nfn cut(x, r: range) = clip(x, r)\n"
    program = compiled(functions, "cut(pole.pos / 1 rad, 0..2)", more="reset { slider.pos = around(+-1 m) }")
    paths = {item.path: item.value for item in program.tunables}
    assert paths["reset.slider_pos_r"] == (-1.0, 1.0)
    assert paths["reward.near_r"] == (0.0, 2.0)


def test_a_literal_takes_the_frame_of_its_parameter() -> None:
    functions = "fn f(v: vec3@body [m/s], w: vec3@world [m/s]) = |(v)@world - w|\n"
    program = compiled(functions, "f((1, 0, 0) m/s, cart.lin_vel@world)")
    assert "rotate" in shape(program)


def test_parameters_of_its_file() -> None:
    functions = "param reach = 2 m\nfn f(x) = x / reach\n"
    assert values(compiled(functions, "f(slider.pos)")) == {"near": 1.0}
    set_ = compiled(functions, "f(slider.pos)", settings={"reach": "3 m"})
    assert {item.path: item.value for item in set_.tunables}["param.reach"] == 3.0


def test_a_name_of_the_task_is_not_seen() -> None:
    with pytest.raises(AssertionError, match="E0201"):
        compiled("fn f(x) = x * gain\n", "f(slider.pos)", more="let gain = 2 * slider.pos")


def test_a_parameter_hides_a_name_of_the_task() -> None:
    program = compiled("fn f(gain) = 2 * gain\n", "f(pole.pos)", more="let gain = slider.pos^2")
    assert shape(program) == shape(compiled("", "1.0 * (2 * pole.pos)"))


def test_the_call_is_shown() -> None:
    text = "fn f(x) = late(x)\nfn late(x) = x + 1 s\n" + ROBOT
    text += """task Test {
  robot cartpole
  sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 }
  action push = effort(slider) scale 100 N
  observe policy { slider.pos }
  reward per second { near = f(slider.pos) }
  terminate { timeout }
}
"""
    (found,) = [item for item in check_source(SourceFile("test.stripe", text)).diagnostics if item.code == "E0401"]
    assert found.span is not None
    assert found.span.text == "x + 1 s"
    assert [(note.span.text, note.message) for note in found.notes] == [
        ("late(x)", "`late` is called here"),
        ("f(slider.pos)", "`f` is called here"),
    ]
