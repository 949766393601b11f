"""What valid programs mean: tunables, weights, parameters, settings, robots."""

from __future__ import annotations

from math import pi, radians

import pytest

from .frames import ROBOTS, frame
from .meaning import framed, item, program, reads, tunables

# Tunables


def test_numbers_become_fields_in_si_units() -> None:
    found = framed(
        "cartpole.task",
        """
        action push = effort(slider) scale 0.1 kN clip -2..2
        observe policy {
          slider.pos  noise +-5 cm
          pole.vel    noise gaussian(3 deg/s)  clip -90..90 deg/s  scale 0.5
        }
        reward per second {
          alive = 1.0 * not failed
          swing = -0.1 * wrap(pole.pos - 10 deg)^2
          fast  = -2.0 * (|slider.vel| > 50 cm/s)
        }
        terminate { off_track = |slider.pos| > 3 m; timeout }
        reset {
          slider.pos = default + (-50..50 cm)
          pole.pos   = -45..45 deg
        }
        """,
    )
    assert tunables(found, "action") == {"push_scale": (100.0, "N"), "push_clip": ((-2.0, 2.0), "")}
    assert tunables(found, "observe") == {
        "policy_slider_pos_noise": ((-0.05, 0.05), "m"),
        "policy_pole_vel_noise": (radians(3), "rad/s"),
        "policy_pole_vel_clip": ((radians(-90), radians(90)), "rad/s"),
        "policy_pole_vel_scale": (0.5, ""),
    }
    assert tunables(found, "reward") == {
        "alive": (1.0, ""),
        "swing": (-0.1, ""),
        "swing_offset": (radians(10), "rad"),
        "fast": (-2.0, ""),
        "fast_threshold": (0.5, "m/s"),
    }
    assert tunables(found, "terminate") == {"off_track_threshold": (3.0, "m")}
    assert tunables(found, "reset") == {"slider_pos": ((-0.5, 0.5), "m"), "pole_pos": ((-pi / 4, pi / 4), "rad")}


@pytest.mark.parametrize(
    ("term", "weight", "unit"),
    [
        ("1.5 * |slider.vel|", 1.5, ""),
        ("-0.01 * |slider.vel|", -0.01, ""),
        ("-|slider.vel|", -1.0, ""),
        ("|slider.vel|", 1.0, ""),
        ("2.0", 2.0, ""),
        ("-2e-4 /(m/s)^2 * slider.vel^2", -2e-4, "(s/m)^2"),
        ("3 /m * |slider.pos|", 3.0, "1/m"),
        ("0.25 * |slider.vel| if slider.pos > 0", 0.25, ""),
        ("0.5 * |slider.vel| / 2", 0.5, ""),
        ("|slider.vel| * 2.5", 1.0, ""),
    ],
)
def test_the_leading_number_is_the_weight(term: str, weight: float, unit: str) -> None:
    found = framed("cartpole.task", f"reward per second {{ term = {term} }}")
    (reward,) = found.rewards
    assert reward.weight == "reward.term"
    assert tunables(found, "reward")["term"] == (weight, unit)
    assert reward.per_second


def test_numbers_that_are_part_of_the_formula_stay_in_the_code() -> None:
    found = framed("cartpole.task", "reward once { term = 1.0 * (2 * slider.pos + 1 m)^2 / (4 - 1) }")
    assert tunables(found, "reward") == {"term": (1.0, ""), "term_offset": (1.0, "m")}
    assert not found.rewards[0].per_second


def test_a_let_has_fields_of_its_own() -> None:
    found = framed(
        "cartpole.task", "let near = |slider.pos| < 50 cm\nreward once { a = 1.0 * near; b = 2.0 * not near }"
    )
    assert tunables(found, "let") == {"near_threshold": (0.5, "m")}


# Parameters


PARAMETRIC = """
  param reach = 3 m
  terminate { off_track = |slider.pos| > reach; timeout }
"""


def test_a_parameter_is_one_field_wherever_it_is_used() -> None:
    found = framed("cartpole.task", PARAMETRIC + "reward once { near = 1.0 * (|slider.pos| < reach / 2) }")
    assert tunables(found, "param") == {"reach": (3.0, "m")}
    assert tunables(found, "terminate") == {}


@pytest.mark.parametrize(("value", "meters"), [("2 m", 2.0), ("250 cm", 2.5), ("2 * 1.5 m", 3.0), ("0", 0.0)])
def test_set_replaces_a_parameter(value: str, meters: float) -> None:
    found = framed("cartpole.task", PARAMETRIC, reach=value)
    assert tunables(found, "param") == {"reach": (meters, "m")}


def test_parameters_stand_for_settings() -> None:
    text = "param rate = 60 Hz\nparam size = 64\nsim { physics 120 Hz; control rate; episode 5 s; envs size }"
    found = framed("cartpole.task", text, rate="40 Hz")
    assert (found.sim.decimation, found.sim.num_envs) == (3, 64)


def test_a_parameter_may_use_another_one() -> None:
    found = framed(
        "cartpole.task",
        "param half = 2 m\nparam reach = 2 * half\nterminate { off_track = |slider.pos| > reach; timeout }",
        half="1 m",
    )
    assert tunables(found, "param") == {"reach": (2.0, "m")}


# Settings


@pytest.mark.parametrize(
    ("physics", "control", "decimation", "dt"),
    [("120 Hz", "60 Hz", 2, 1 / 120), ("0.2 kHz", "50 Hz", 4, 1 / 200), ("60 Hz", "60 Hz", 1, 1 / 60)],
)
def test_rates(physics: str, control: str, decimation: int, dt: float) -> None:
    sim = framed("cartpole.task", f"sim {{ physics {physics}; control {control}; episode 1 min; envs 8 }}").sim
    assert (sim.decimation, sim.physics_dt, sim.episode) == (decimation, dt, 60.0)


def test_keys_may_share_a_line() -> None:
    sim = framed("cartpole.task", "sim { physics 120 Hz control 60 Hz; episode 5 s; envs 8 spaced 3 m }").sim
    assert (sim.decimation, sim.num_envs, sim.spacing) == (2, 8, 3.0)
    assert sim.gravity == (0.0, 0.0, -9.81)


def test_train_settings_and_their_defaults() -> None:
    train = framed("cartpole.task", "train ppo { steps 16; actor 64 32 relu normalize; gamma 0.9 }").train
    assert (train.steps, train.iterations, train.gamma, train.seed) == (16, 300, 0.9, 42)
    assert (train.actor.hidden, train.actor.activation, train.actor.normalize) == ((64, 32), "relu", True)
    assert train.critic is train.actor


def test_ground_and_lights() -> None:
    found = framed("cartpole.task", "scene { ground plane friction 0.8; light dome { color #FF0000; intensity 500 } }")
    assert found.ground is not None
    assert found.ground.static_friction == found.ground.dynamic_friction == 0.8
    (light,) = found.lights
    assert (light.kind, light.intensity, light.color) == ("dome", 500.0, (1.0, 0.0, 0.0))


# Robots


def test_gains_are_in_the_units_of_the_joint() -> None:
    found = framed("cartpole.task", "")
    (robot,) = found.robots
    slider, pole = robot.actuators
    assert (slider.damping, slider.effort_limit, slider.stiffness) == (10.0, 400.0, None)
    assert (pole.damping, pole.effort_limit) == (None, 400.0)


def test_named_sets_keep_the_order_of_their_patterns() -> None:
    text = """
      joints some = ["right_.*_foot", "front_.*_leg"]
    }
    task Test {
      robot ant
      sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 8 }
      action drive = position(some) scale 0.25 rad offset default
      observe policy { some.pos; prev(drive) }
      reward per second { alive = 1.0 }
      terminate { timeout }
    }
    """
    found = program(ROBOTS["ant"] + text)
    names = ("right_back_foot", "front_left_leg", "front_right_leg")
    assert found.actions[0].joints == names
    assert item(found, "some_pos").value.read is not None
    assert found.groups[0].width == 6
    axis = item(found, "some_pos").value.type.axis
    assert axis is not None
    assert axis.names == names


def test_spawn_and_pose() -> None:
    (robot,) = framed("ant.robot", "").robots
    assert robot.position == (0.0, 0.0, 0.5)
    assert dict(robot.joint_pos)["front_left_foot"] == pytest.approx(pi / 4)
    before, after = frame("cartpole.robot", "")
    found = program(before + "  spawn at (0, 0, 2) m facing rpy(0, 0, 90 deg)\n" + after)
    assert found.robots[0].rotation == pytest.approx((0.0, 0.0, 0.5**0.5, 0.5**0.5))


# Defaults, noise, groups


def test_default_is_the_default_of_what_stands_beside_it() -> None:
    found = framed(
        "ant.task",
        """
        observe policy { joints.pos - default; default - joints.vel }
        reset { joints.pos = default; joints.vel = default + (+-0.1 rad/s); base.pos.z = default + (0..10 cm) }
        """,
    )
    assert reads(item(found, "joints_pos_default").value) == {"joint.pos", "joint.default_pos"}
    assert reads(item(found, "default_joints_vel").value) == {"joint.vel", "joint.default_vel"}
    assert [(reset.quantity, reset.parts, reads(reset.value)) for reset in found.resets] == [
        ("joint.pos", "", {"joint.default_pos"}),
        ("joint.vel", "", {"joint.default_vel"}),
        ("root.pos", "z", {"root.default_pos"}),
    ]


def test_groups_include_groups() -> None:
    found = framed(
        "cartpole.task",
        "observe policy { slider.pos noise +-0.1 m; pole.pos }\nobserve critic { policy without noise; slider.vel }",
    )
    policy, critic = found.groups
    assert [entry.name for entry in critic.items] == ["slider_pos", "pole_pos", "slider_vel"]
    assert policy.items[0].noise is not None
    assert critic.items[0].noise is None
    assert (policy.width, critic.width) == (2, 3)


def test_failed_and_terms_of_terminations_are_known_in_rewards() -> None:
    found = framed(
        "cartpole.task", "reward once { fall = -2.0 * failed; track = -1.0 * off_track; end = 1.0 * timeout }"
    )
    assert [reads(term.value) for term in found.rewards] == [{"env.failed"}, {"term.off_track"}, {"env.timeout"}]
    assert found.timeout
    assert [term.name for term in found.terminations] == ["off_track"]


def test_names_may_be_used_before_they_are_defined() -> None:
    found = framed("cartpole.task", "reward once { term = 1.0 * b }\nlet b = 2 * a\nlet a = |slider.pos|")
    assert {let.name for let in found.lets} == {"a", "b"}
