"""Types, units and frames of expressions."""

from __future__ import annotations

import pytest

from .meaning import framed, observations


def test_types_of_joints() -> None:
    """One joint gives a number, several a list; the unit follows from the kind of joint."""
    assert observations(
        "cartpole.observe", "slider.pos; slider.vel; slider.acc; slider.effort\npole.pos; pole.effort"
    ) == {
        "slider_pos": ("a number [m]", 1),
        "slider_vel": ("a number [m/s]", 1),
        "slider_acc": ("a number [m/s^2]", 1),
        "slider_effort": ("a number [N]", 1),
        "pole_pos": ("a number [rad]", 1),
        "pole_effort": ("a number [N*m]", 1),
    }
    assert observations("ant.observe", "joints.pos; joints.vel^2; joints.pos - default; |joints.vel|") == {
        "joints_pos": ("8 numbers over joints [rad]", 8),
        "joints_vel_2": ("8 numbers over joints [(rad/s)^2]", 8),
        "joints_pos_default": ("8 numbers over joints [rad]", 8),
        "joints_vel": ("a number [rad/s]", 1),
    }


def test_types_of_the_base_and_of_bodies() -> None:
    shown = """
    base.pos
    base.pos - base.pos@world
    base.pos.xy - (1, 2) m
    base.lin_vel@body
    base.lin_vel@heading.xy
    base.ang_vel@world.z
    base.gravity
    base.rot
    base.yaw
    bodies.pos.z
    bodies.lin_vel@world
    """
    assert list(observations("ant.observe", shown).values()) == [
        ("a vec3 [m] @env", 3),
        ("a vec3 [m] @env", 3),
        ("a vec2 [m] @world", 2),
        ("a vec3 [m/s] @body", 3),
        ("a vec2 [m/s] @heading", 2),
        ("a number [rad/s]", 1),
        ("a vec3 @body", 3),
        ("a rotation @world", 4),
        ("a number [rad]", 1),
        ("9 numbers over bodies [m]", 9),
        ("9 vec3s over bodies [m/s] @world", 27),
    ]


@pytest.mark.parametrize(
    ("expression", "type"),
    [
        ("2 * slider.pos", "a number [m]"),
        ("slider.pos / 2 m", "a number"),
        ("slider.pos * pole.vel", "a number [m*rad/s]"),
        ("sqrt(slider.pos^2)", "a number [m]"),
        ("slider.pos^0.5", "a number [m^0.5]"),
        ("1 / slider.vel", "a number [s/m]"),
        ("slider.pos + 0", "a number [m]"),
        ("max(slider.pos, 0)", "a number [m]"),
        ("slider.pos - 30 cm", "a number [m]"),
        ("sin(pole.pos)", "a number"),
        ("atan2(slider.pos, 2 m)", "a number [rad]"),
        ("acos(slider.pos / 4 m)", "a number [rad]"),
        ("wrap(pole.pos - 90 deg)", "a number [rad]"),
        ("pole.pos > 1 rad", "a condition"),
        ("sign(slider.pos)", "a number"),
        ("(pole.pos > 1 rad) * slider.pos", "a number [m]"),
        ("slider.pos if pole.pos > 0 else slider.vel * 1 s", "a number [m]"),
        ("slider.pos if pole.pos > 0", "a number [m]"),
        ("clip(slider.pos, -1..1 m)", "a number [m]"),
        ("clip(slider.pos, -1 m, 1 m)", "a number [m]"),
        ("rescale(slider.pos, slider.lower, slider.upper)", "a number"),
        ("prev(slider.pos)", "a number [m]"),
        ("delta(slider.vel)", "a number [m/s]"),
        ("pi + pole.pos", "a number [rad]"),
        ("episode.time", "a number [s]"),
        ("episode.place", "a number"),
        ("not (pole.pos > 1 rad or slider.pos < 0 m)", "a condition"),
    ],
)
def test_types_of_expressions(expression: str, type: str) -> None:
    found = framed("cartpole.task", f"let value = {expression}\nreward once {{ term = 1.0 * value }}")
    (value,) = (let.value for let in found.lets if let.name == "value")
    assert value.type.describe() == type


@pytest.mark.parametrize(
    ("expression", "type"),
    [
        ("|joints.vel|", "a number [rad/s]"),
        ("sum(joints.vel^2)", "a number [(rad/s)^2]"),
        ("mean(abs(joints.pos))", "a number [rad]"),
        ("max(joints.pos)", "a number [rad]"),
        ("max(joints.pos, 0)", "8 numbers over joints [rad]"),
        ("count(joints.pos > 0)", "a number"),
        ("any(joints.pos > 0)", "a condition"),
        ("joints.vel where joints.pos > 0", "8 numbers over joints [rad/s]"),
        ("mean(joints.vel where joints.pos > 0)", "a number [rad/s]"),
        ("joints.pos * base.yaw", "8 numbers over joints [rad^2]"),
        ("sum(bodies.pos)", "a vec3 [m] @env"),
        ("|bodies.lin_vel@world|", "9 numbers over bodies [m/s]"),
        ("2 * base.pos", "a vec3 [m] @env"),
        ("|base.pos.xy - (1, 2) m|", "a number [m]"),
        ("dot(base.up, base.forward)", "a number"),
        ("cross(base.up, base.lin_vel@world)", "a vec3 [m/s] @world"),
        ("unit(base.pos - (0, 0, 1) m)", "a vec3 @world"),
        ("base.lin_vel@world + (1, 0, 0) m/s", "a vec3 [m/s] @world"),
        ("(base.lin_vel@world + (1, 0, 0) m/s)@body", "a vec3 [m/s] @body"),
        ("base.lin_vel@body.xy", "a vec2 [m/s] @body"),
        ("base.lin_vel@body.x", "a number [m/s]"),
        ("base.pos if base.yaw > 0 else (1, 2, 3) m", "a vec3 [m] @env"),
        ("-base.gravity@body.z", "a number"),
    ],
)
def test_types_of_lists_and_vectors(expression: str, type: str) -> None:
    found = framed("ant.task", f"let value = {expression}\nobserve policy {{ value }}")
    (value,) = (let.value for let in found.lets if let.name == "value")
    assert value.type.describe() == type
