"""What valid programs mean: types, units and frames of expressions, tunables, weights, merging, imports, settings."""

from __future__ import annotations

from math import pi, radians
from pathlib import Path

import pytest

from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Observation, Program
from stripe_dsl.pipeline import check_file, check_source
from stripe_dsl.source import SourceFile

from .frames import ROBOTS, frame


def program(text: str, *, task: str | None = None, **settings: str) -> Program:
    """The one program of a text that has no diagnostics."""
    checked = check_source(SourceFile("test.stripe", text), task=task, settings=settings)
    assert [(str(item.span), item.code, item.message) for item in checked.diagnostics] == []
    (found,) = checked.programs
    return found


def framed(place: str, snippet: str, **settings: str) -> Program:
    """The program around a snippet (see :mod:`tests.language.frames`)."""
    before, after = frame(place, snippet)
    return program(before + snippet + "\n" + after, **settings)


def observations(place: str, snippet: str) -> dict[str, tuple[str, int]]:
    """Type and width of every observation of the group ``policy``."""
    (group,) = framed(place, snippet).groups
    return {item.name: (item.value.type.describe(), item.value.type.width) for item in group.items}


def tunables(found: Program, group: str) -> dict[str, tuple[object, str]]:
    """Value and unit of the tunables of a group."""
    return {
        item.name: (item.value, "" if item.dim.is_none else str(item.dim))
        for item in found.tunables
        if item.group == group
    }


def reads(node: Node) -> set[str]:
    """Quantities that a value depends on."""
    own = {node.read.quantity} if node.read is not None else set()
    return own.union(*(reads(arg) for arg in node.args))


def item(found: Program, name: str) -> Observation:
    """An observation of the group ``policy``."""
    return next(entry for entry in found.groups[0].items if entry.name == name)


# Types


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


# Extending


BASE = """
robot cartpole {
  usd "package://newton/examples/assets/cartpole_single_pendulum.usda" prim "/cartpole"
  joint slider = "slider_to_cart"
  joint pole   = "cart_to_pole"
  actuator slider { implicit; effort 400 N }
  actuator pole   { implicit }
}
task Base {
  robot cartpole
  sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 64 spaced 4 m }
  param reach = 3 m
  let tilt = wrap(pole.pos)
  action push = effort(slider) scale 100 N
  observe policy { slider.pos; tilt }
  reward per second { alive = 1.0 * not failed; swing = -0.1 * tilt^2 }
  reward once { fall = -2.0 * failed }
  terminate { off_track = |slider.pos| > reach; timeout }
  reset { slider.pos = default }
  train ppo { steps 16; iterations 150 }
}
"""


def derived(body: str, **settings: str) -> Program:
    """The task ``Derived``, which extends ``Base``."""
    return program(f"{BASE}\ntask Derived extends Base {{\n{body}\n}}\n", task="Derived", **settings)


def test_an_empty_extension_is_the_same_task() -> None:
    base, same = program(BASE), derived("")
    assert same.name == "Derived"
    assert [term.name for term in same.rewards] == [term.name for term in base.rewards]
    assert [(item.path, item.value) for item in same.tunables] == [(item.path, item.value) for item in base.tunables]


def test_entries_of_one_name_are_replaced() -> None:
    found = derived(
        """
        param reach = 2 m
        reward per second { swing = -0.5 * |tilt| }
        observe policy { slider.vel }
        sim { episode 10 s }
        train ppo { iterations 300 }
        let tilt = pole.pos
        """
    )
    assert tunables(found, "reward")["swing"] == (-0.5, "")
    assert tunables(found, "param") == {"reach": (2.0, "m")}
    assert [entry.name for entry in found.groups[0].items] == ["slider_vel"]
    assert (found.sim.episode, found.sim.decimation, found.sim.num_envs) == (10.0, 2, 64)
    assert (found.train.steps, found.train.iterations) == (16, 300)


def test_none_removes_an_entry() -> None:
    found = derived("reward per second { swing = none }\nreward once { fall = none }\nreset { slider.pos = none }")
    assert [term.name for term in found.rewards] == ["alive"]
    assert found.resets == ()


def test_a_term_may_change_how_time_enters() -> None:
    found = derived("reward once { alive = 1.0 * not failed }")
    assert {term.name: term.per_second for term in found.rewards} == {"swing": True, "fall": False, "alive": False}


def test_set_reaches_inherited_parameters() -> None:
    assert tunables(derived("", reach="1 m"), "param") == {"reach": (1.0, "m")}


def test_extensions_of_extensions() -> None:
    text = BASE + "task A extends Base { reward per second { alive = 2.0 } }\ntask B extends A { param reach = 1 m }\n"
    found = program(text, task="B")
    assert tunables(found, "reward")["alive"] == (2.0, "")
    assert tunables(found, "param") == {"reach": (1.0, "m")}


# Modules


def test_imports(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "robots.stripe").write_text(ROBOTS["cartpole"] + "}\n", encoding="utf-8")
    (tmp_path / "scenes.stripe").write_text("scene flat { ground plane friction 0.5; light dome }\n", encoding="utf-8")
    base = BASE[BASE.index("task Base") :].replace(
        "robot cartpole", "robot cart = robots.cartpole\n  scene scenes.flat"
    )
    (tmp_path / "base.stripe").write_text(
        f'import "lib/robots.stripe" as robots\nimport "scenes.stripe" as scenes\n{base}', encoding="utf-8"
    )
    main = tmp_path / "main.stripe"
    main.write_text('import "base.stripe" as base\ntask Mine extends base.Base { sim { envs 8 } }\n', encoding="utf-8")
    checked = check_file(main)
    assert checked.diagnostics == []
    (found,) = checked.programs
    assert found.name == "Mine"
    assert [robot.name for robot in found.robots] == ["cart"]
    assert found.ground is not None
    assert found.ground.static_friction == 0.5
    assert (found.sim.num_envs, found.sim.spacing) == (8, 4.0)


def test_the_scene_can_be_replaced_from_outside() -> None:
    text = "scene ice { ground plane friction 0.1 }\nscene mud { ground plane friction 2 }\n" + BASE.replace(
        "  sim {", "  scene ice\n  sim {"
    )
    for name, friction in (("ice", 0.1), ("mud", 2.0)):
        ground = program(text, scene=name).ground
        assert ground is not None
        assert ground.static_friction == friction


def test_the_same_document_as_yaml(tmp_path: Path) -> None:
    (tmp_path / "main.stripe.yaml").write_text(
        """
robot:
  cartpole:
    usd: package://newton/examples/assets/cartpole_single_pendulum.usda
    prim: /cartpole
    joint: {slider: slider_to_cart, pole: cart_to_pole}
    actuator:
      slider: {implicit: true, effort: 400 N}
      pole: {implicit: true}
task:
  Base:
    robot: {cartpole: cartpole}
    sim: {physics: 120 Hz, control: 60 Hz, episode: 5 s, envs: 64, spaced: 4 m}
    param: {reach: 3 m}
    let: {tilt: wrap(pole.pos)}
    action:
      push: {value: effort(slider), scale: 100 N}
    observe:
      policy: [slider.pos, tilt]
    reward:
      per_second: {alive: 1.0 * not failed, swing: -0.1 * tilt^2}
      once: {fall: -2.0 * failed}
    terminate: {off_track: "|slider.pos| > reach", timeout: true}
    reset: {slider.pos: default}
    train: {algorithm: ppo, steps: 16, iterations: 150}
""",
        encoding="utf-8",
    )
    checked = check_file(tmp_path / "main.stripe.yaml")
    assert checked.diagnostics == []
    (yaml,), plain = checked.programs, program(BASE)
    assert [(item.path, item.value) for item in yaml.tunables] == [(item.path, item.value) for item in plain.tunables]
    assert [(term.name, term.per_second) for term in yaml.rewards] == [
        (term.name, term.per_second) for term in plain.rewards
    ]
    assert yaml.sim.decimation == plain.sim.decimation
