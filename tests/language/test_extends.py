"""Tasks that extend others, imports, and the same document as YAML."""

from __future__ import annotations

from pathlib import Path

from stripe_dsl.ir.program import Program
from stripe_dsl.pipeline import check_file
from stripe_dsl.source import SourceFile
from stripe_dsl.spec.modules import read
from stripe_dsl.spec.write import to_stripe, to_yaml

from .frames import ROBOTS
from .meaning import program, tunables

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
        observe policy { slider.vel; tilt }
        sim { episode 10 s }
        train ppo { iterations 300 }
        let tilt = pole.pos
        """
    )
    assert tunables(found, "reward")["swing"] == (-0.5, "")
    assert tunables(found, "param") == {"reach": (2.0, "m")}
    assert [entry.name for entry in found.groups[0].items] == ["slider_vel", "tilt"]
    assert (found.sim.episode, found.sim.decimation, found.sim.num_envs) == (10.0, 2, 64)
    assert (found.train.steps, found.train.iterations) == (16, 300)


def test_none_removes_an_entry() -> None:
    found = derived("reward per second { swing = none }\nreward once { fall = none }\nreset { slider.pos = none }")
    assert [term.name for term in found.rewards] == ["alive"]
    assert found.resets == ()


def test_what_is_removed_is_not_called_unused(tmp_path: Path) -> None:
    kept = "task Kept extends Base { sensor wrench = joint_wrench(cartpole); observe policy { wrench.force } }"
    less = "task Less extends Kept { sensor wrench = none; observe policy { slider.pos } }"
    file = tmp_path / "less.stripe"
    file.write_text(f"{BASE}\n{kept}\n{less}\n")
    found = check_file(file)
    assert len(found.programs) == 3, found.diagnostics
    assert [item.message for item in found.diagnostics if "wrench" in item.message] == []


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


def test_none_removes_whole_blocks() -> None:
    more = """
    randomize { at startup { slider.armature += 0..0.1 kg }; every 2..3 s { slider.vel += +-0.1 m/s } }
    observe critic { slider.pos }
    curriculum { reward.alive = 2.0 over 0..100 }
    truncate { slow = |slider.vel| < 0.001 m/s }
    train { rnd { weight 1 } }
    """
    base = f"{BASE}\ntask More extends Base {{\n{more}\n}}\n"
    full = program(base, task="More")
    assert full.randomize.startup and full.randomize.intervals and full.curriculum
    assert [group.name for group in full.groups] == ["policy", "critic"]
    assert full.train.rnd is not None
    gone = """
    randomize = none; observe critic = none; curriculum = none; truncate = none; reward once = none; reset = none
    train { rnd none }
    """
    bare = program(f"{base}\ntask Bare extends More {{\n{gone}\n}}\n", task="Bare")
    assert not (bare.randomize.startup or bare.randomize.intervals or bare.curriculum or bare.resets)
    assert [group.name for group in bare.groups] == ["policy"]
    assert (bare.train.rnd, bare.train.steps) == (None, 16)
    assert [term.name for term in bare.rewards] == ["alive", "swing"]
    assert [term.name for term in bare.terminations] == ["off_track"]
    startup = program(f"{base}\ntask Some extends More {{ randomize {{ every 2..3 s = none }} }}\n", task="Some")
    assert startup.randomize.startup
    assert not startup.randomize.intervals


def test_what_is_removed_is_the_same_in_yaml() -> None:
    body = "reset = none; reward once = none; terminate { none; timeout }; train = none"
    source = f"{BASE}\ntask Bare extends Base {{ {body} }}\n"
    document, found = read(SourceFile("a.stripe", source))
    assert not found
    again, found = read(SourceFile("a.stripe.yaml", to_yaml(document)))
    assert not found
    assert to_stripe(again) == to_stripe(document)
    assert "reset = none" in " ".join(to_stripe(document).split())
