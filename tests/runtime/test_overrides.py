from __future__ import annotations

from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from stripe_dsl.runtime.overrides import Override, apply_overrides, check_overrides, parse_override
from stripe_dsl.runtime.problem import Problem
from stripe_dsl.runtime.static_names import check_names
from tests.runtime.packages import write_package


@dataclass
class Reward:
    alive: float = 1.0
    pole_pos: float = -1


@dataclass
class Actuator:
    joints: list[str] = field(default_factory=lambda: ["slider"])
    damping: float | dict[str, float] | None = None


@dataclass
class Env:
    decimation: int = 2
    seed: int | None = None
    noise: Unknown | None = None  # type: ignore[name-defined]  # noqa: F821 - as with imports for type checking only
    debug: bool = False
    name: str = ""
    optimizer: Literal["adam", "sgd"] = "adam"
    width: int = field(default_factory=lambda: MISSING)  # type: ignore[arg-type,return-value]
    range: tuple[float, float] = (-1.0, 1.0)
    hidden: list[int] = field(default_factory=lambda: [32, 32])
    actuators: dict[str, Actuator] = field(default_factory=lambda: {"slider": Actuator()})
    props: list[Any] = field(default_factory=lambda: [Reward()])
    reward: Reward = field(default_factory=Reward)
    _private: int = 0


def check(text: str) -> tuple[Any, Problem | None]:
    """The value that an override of a fresh ``Env`` sets, or its problem."""
    assignments, problems = check_overrides([text], {"env": Env()})
    return (assignments[0].value if assignments else None), (problems[0] if problems else None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("env.reward.alive=2", 2.0),
        ("env.reward.pole_pos=-0.5", -0.5),  # an int as default of a float
        ("env.reward.alive=1e-3", 0.001),
        ("env.decimation=4", 4),
        ("env.decimation=1e1", 10),
        ("env.seed=7", 7),
        ("env.seed=none", None),
        ("env.debug=True", True),
        ("env.debug=false", False),
        ("env.name=12", "12"),
        ("env.name=a=b", "a=b"),
        ("env.optimizer=sgd", "sgd"),
        ("env.width=64", 64),
        ("env.range=[-2, 2]", (-2.0, 2.0)),
        ("env.range.0=-3", -3.0),
        ("env.hidden=[64, 64, 32]", [64, 64, 32]),
        ("env.actuators.slider.damping=3", 3.0),
        ("env.actuators.slider.damping={slider: 3}", {"slider": 3}),
        ("env.actuators.slider.joints=[a, b]", ["a", "b"]),
        ("env.props.0.alive=0", 0.0),
    ],
)
def test_values_take_the_type_of_the_field(text: str, value: Any) -> None:
    found, problem = check(text)
    assert problem is None
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        ("env.rewad.alive=2", "env has no field 'rewad'", "did you mean env.reward.alive?"),
        ("env.reward.alve=2", "env.reward has no field 'alve'", "did you mean env.reward.alive?"),
        ("env.alive=2", "env has no field 'alive'", "did you mean env.reward.alive or env.props.0.alive?"),
        ("env.zzz=2", "env has no field 'zzz'", "fields of env: actuators, debug, decimation, hidden, name, noise,"),
        ("env._private=2", "env has no field '_private'", "fields of env:"),
        ("env.actuators.slder.damping=1", "env.actuators has no field 'slder'", "env.actuators.slider.damping?"),
        ("env.props.1.alive=1", "env.props has no field '1'", "fields of env.props: 0"),
        ("env.decimation.x=1", "env.decimation is a value and has no field 'x'", "set it as env.decimation=<value>"),
        ("env.reward=1", "env.reward is a group of fields, not a value", "env.reward.alive, env.reward.pole_pos"),
        ("env.reward.alive=abc", "env.reward.alive takes a number, not 'abc'", "it is 1.0 now"),
        ("env.reward.alive=true", "env.reward.alive takes a number, not 'true'", "it is 1.0 now"),
        ("env.reward.alive=none", "env.reward.alive takes a number, not 'none'", "it is 1.0 now"),
        ("env.decimation=2.5", "env.decimation takes a whole number, not '2.5'", "it is 2 now"),
        ("env.debug=1", "env.debug takes true or false, not '1'", "it is False now"),
        ("env.optimizer=adm", "env.optimizer takes one of adam, sgd, not 'adm'", "did you mean adam?"),
        ("env.width=wide", "env.width takes a whole number, not 'wide'", "it has no value yet"),
        ("env.range=[1, 2, 3]", "env.range takes a list of 2 values, not '[1, 2, 3]'", "it is (-1.0, 1.0) now"),
        ("env.range=[a, b]", "env.range takes a list of numbers, not '[a, b]'", "it is (-1.0, 1.0) now"),
        ("env.range=3", "env.range takes a list such as [1, 2], not '3'", "it is (-1.0, 1.0) now"),
        ("env.noise=3", "env.noise takes a Python object, which the command line cannot write", "it is None now"),
        ("evn.seed=3", "the override 'evn.seed=3' does not begin with env", "did you mean env?"),
        ("env.seed", "the override 'env.seed' has no '='", "an override reads env.<field>=<value>"),
        ("env.=3", "the override 'env.=3' names no field", "an override reads env.<field>=<value>"),
        ("+env.seed=3", "the override '+env.seed=3' adds or removes a field", "fields can only be set"),
    ],
)
def test_mistakes(text: str, message: str, help: str) -> None:
    _, problem = check(text)
    assert problem is not None
    assert problem.message.startswith(message)
    assert any(help in hint for hint in problem.help), problem.help


def test_every_mistake_is_reported_and_nothing_is_changed() -> None:
    env = Env()
    assignments, problems = check_overrides(["env.seed=1", "env.a=1", "env.debug=3"], {"env": env})
    assert len(problems) == 2
    assert [assignment.path for assignment in assignments] == [("seed",)]
    assert env == Env()


def test_applying() -> None:
    env = Env()
    texts = ["env.seed=3", "env.reward.alive=2", "env.range.1=5", "env.props.0.alive=7", "env.hidden.0=8"]
    texts += ["env.actuators.slider.damping=1", "env.actuators.slider.joints=[a]", "env.range.0=-5"]
    assignments, problems = check_overrides(texts, {"env": env})
    assert problems == []
    apply_overrides(assignments, {"env": env})
    assert env == Env(
        seed=3,
        reward=Reward(alive=2.0),
        range=(-5.0, 5.0),
        props=[Reward(alive=7.0)],
        hidden=[8, 32],
        actuators={"slider": Actuator(joints=["a"], damping=1.0)},
    )


def test_parsing_needs_no_configuration() -> None:
    assert parse_override("agent.algorithm.gamma = 0.9") == Override("agent", ("algorithm", "gamma"), "0.9")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("env.rewad.alive=2", "did you mean env.reward.alive?"),
        ("env.reward.alve=2", "did you mean env.reward.alive?"),
        ("env.alive=2", "did you mean env.reward.alive?"),
        ("env.decimaton=2", "did you mean env.decimation?"),
        ("env.episode_length=2", "did you mean env.episode_length_s?"),  # a field of Isaac Lab's base class
        ("env.sim.dtt=1", "did you mean env.sim.dt?"),  # a field of a class of Isaac Lab's
        ("agent.max_iteration=1", "did you mean agent.max_iterations?"),
        ("agent.algorithm.gama=1", "did you mean agent.algorithm.gamma?"),
    ],
)
def test_misspelt_names_are_found_in_the_source(tmp_path: Path, text: str, hint: str) -> None:
    package = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    (problem,) = check_names(package, [text])
    assert hint in problem.help


@pytest.mark.parametrize(
    "text",
    [
        "env.reward.alive=2",
        "env.seed=1",
        "env.viewer.eye=1",
        "env.sim.physics.anything=1",  # the package may have put any class there
        "env.physics.anything=1",  # presets
        "agent.algorithm.gamma=1",
        "agent.actor.hidden_dims=1",
        "agent.seed=1",
    ],
)
def test_what_the_source_cannot_refute_passes(tmp_path: Path, text: str) -> None:
    assert check_names(write_package(tmp_path / "alpha_task", "Stripe-Alpha"), [text]) == []


def test_an_unknown_base_class_may_have_any_field(tmp_path: Path) -> None:
    package = write_package(tmp_path / "alpha_task", "Stripe-Alpha")
    source = (package / "env_cfg.py").read_text().replace("from isaaclab.envs import", "from elsewhere import")
    (package / "env_cfg.py").write_text(source)
    assert check_names(package, ["env.anything=1"]) == []
    (problem,) = check_names(package, ["env.reward.anything=1"])
    assert problem.message == "env.reward has no field 'anything'"
