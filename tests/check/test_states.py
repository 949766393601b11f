"""States and commands as the compiler sees them: types, what is kept, settings, and what they mean step by step."""

from __future__ import annotations

import numpy as np
import pytest

from stripe_dsl.ir.graph import Read
from stripe_dsl.ir.memory import batches, renewed, updated
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.reference import Array, Inputs
from stripe_dsl.ir.types import Type

from .bench import program, tunables
from .examples import LEGS, number, vec2, vec3

NUM_ENVS, DT = 6, 1 / 30
GOAL = "command ask = velocity { x -1..1 m/s; y 0.5 m/s; yaw +-1 rad/s; heading any; every 2..3 s; standing 20 % }"
PLACE = "command ask = position { x +-1 m; y +-1 m; heading any; success 20 cm }"
POSE = "command ask = pose(tip) { x +-1 m; yaw any; every 2 s }"
JOINTS = "command ask = joints(legs) { offset +-0.2 rad }"
OWN = "command ask = sample { rate 1..2 Hz; turn any; height 5 cm; every 4 s }"


@pytest.mark.parametrize(
    ("command", "text", "type"),
    [
        (GOAL, "ask.xy", vec2("m/s", "body")),
        (GOAL, "ask.x", number("m/s")),
        (GOAL, "ask.yaw", number("rad/s")),
        (GOAL, "ask.heading", number("rad")),
        (GOAL, "ask.time_left", number("s")),
        (GOAL.replace("standing", "frame heading; standing"), "ask.xy", vec2("m/s", "heading")),
        (PLACE, "ask.pos", vec2("m", "env")),
        (PLACE, "ask.way", vec2("m", "heading")),
        (PLACE, "ask.distance", number("m")),
        (PLACE, "ask.turn", number("rad")),
        (PLACE.replace("success", "z 1 m; success"), "ask.way", vec3("m", "heading")),
        (POSE, "ask.pos", vec3("m", "body")),
        (POSE, "ask.pos@env", vec3("m", "env")),
        (POSE, "ask.turn", number("rad")),
        (JOINTS, "ask.pos", number("rad", "legs")),
        (OWN, "ask.rate", number("1/s")),
        (OWN, "ask.height", number("m")),
    ],
)
def test_types_of_fields(command: str, text: str, type: Type) -> None:
    found = program(let=command, observe=f"value = {text}").groups[0].items[0].value.type
    assert (found.kind, found.axis, found.dim, found.frame) == (type.kind, type.axis, type.dim, type.frame)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (GOAL, ["ask_xy", "ask_yaw"]),
        (PLACE, ["ask_way", "ask_turn"]),
        (POSE, ["ask_pos", "ask_rot"]),
        (JOINTS, ["ask"]),
        (OWN, ["ask_rate", "ask_turn", "ask_height"]),
    ],
)
def test_a_whole_command_is_an_entry_for_each_field(command: str, names: list[str]) -> None:
    assert [item.name for item in program(let=command, observe="ask").groups[0].items] == names


def test_ranges_are_fields_of_the_cfg() -> None:
    found = {path: value for path, value in tunables(program(let=GOAL, observe="ask")).items() if "command" in path}
    assert found == {
        "command.ask_every": (2.0, 3.0),
        "command.ask_standing": pytest.approx(0.2),
        "command.ask_x": (-1.0, 1.0),
        "command.ask_y": (0.5, 0.5),
        "command.ask_heading": pytest.approx((-np.pi, np.pi)),
        "command.ask_yaw": (-1.0, 1.0),
    }


def test_only_what_is_read_is_kept() -> None:
    task = program(let=OWN, observe="ask.rate")
    assert [state.name for state in task.states] == ["ask_time_left", "ask_rate"]
    assert not task.metrics
    task = program(let="state far = 0 m then max(far, base.pos.x)", observe="knee.pos")
    assert not task.states


def test_what_a_command_draws_at_once_is_one_batch() -> None:
    task = program(let=GOAL, observe="ask; ask.time_left")
    names = [[state.name for state in batch] for batch in batches(task.states)]
    assert names[0] == ["ask_time_left", "ask_xy", "ask_standing", "ask_heading"]
    # the yaw rate reads the heading that was drawn
    assert names[1] == ["ask_yaw"]


class Simulation:
    """A program's states over some steps; ``value`` is that of its last observation."""

    def __init__(self, task: Program, rng: np.random.Generator) -> None:
        self.task, self.rng = task, rng
        self.states: dict[str, Array] = {}

    def inputs(self, reads: dict[Read, Array]) -> Inputs:
        return Inputs(reads, tunables(self.task), rng=self.rng, states=self.states, dt=DT)

    def begin(self, reads: dict[Read, Array], fresh: Array) -> None:
        self.states = renewed(self.task.states, fresh, self.inputs(reads), NUM_ENVS)

    def step(self, reads: dict[Read, Array]) -> None:
        self.states = updated(self.task.states, self.inputs(reads), NUM_ENVS)


def test_durations_and_filters_step_by_step() -> None:
    text = "since(knee.pos > 0); held(legs.vel > 0, 0.1 s); filter(knee.pos, 0.2 s)"
    task = program(observe=text)
    knee, legs = Read("bot", "joint.pos", ("knee",)), Read("bot", "joint.vel", LEGS)
    rng = np.random.default_rng(0)
    sim = Simulation(task, rng)
    since, held, smooth = np.zeros(NUM_ENVS), np.zeros((NUM_ENVS, 3)), np.zeros(NUM_ENVS)
    names = [state.name for state in task.states]
    assert names == ["value_since", "value_held", "filter_knee_pos"]
    for step in range(60):
        reads = {knee: rng.normal(size=NUM_ENVS), legs: rng.normal(0.5, size=(NUM_ENVS, 3))}
        if step:
            sim.step(reads)
            since = np.where(reads[knee] > 0, 0.0, since + DT)
            held = np.where(reads[legs] > 0, held + DT, 0.0)
            smooth += (1 - np.exp(-DT / 0.2)) * (reads[knee] - smooth)
        fresh = rng.random(NUM_ENVS) < (0.1 if step else 2.0)
        sim.begin(reads, fresh)
        since, smooth = np.where(fresh, 0.0, since), np.where(fresh, reads[knee], smooth)
        held = np.where(fresh[:, None], 0.0, held)
        for name, want in zip(names, (since, held, smooth), strict=True):
            np.testing.assert_allclose(sim.states[name], want, atol=1e-12)


def test_times_of_observations_are_settings() -> None:
    """One for equal calls in several groups; another value of it is another filter."""
    task = program(observe="held(legs.vel > 0, 0.1 s); filter(knee.pos, 0.2 s); delta(filter(knee.pos, 0.2 s))")
    times = {item.path: item.value for item in task.tunables if item.group == "observe"}
    assert times == {"observe.value_held_time": 0.1, "observe.filter_knee_pos_time": 0.2}
    (state,) = [state for state in task.states if state.name == "filter_knee_pos"]
    reads = {Read("bot", "joint.pos", ("knee",)): np.ones(NUM_ENVS)}
    inputs = Inputs(
        reads, times | {"observe.filter_knee_pos_time": 0.5}, states={state.name: np.zeros(NUM_ENVS)}, dt=DT
    )
    now = updated([state], inputs, NUM_ENVS)[state.name]
    np.testing.assert_allclose(now, 1 - np.exp(-DT / 0.5), atol=1e-12)


def test_a_command_is_drawn_anew_when_its_time_is_over() -> None:
    sim = Simulation(program(let=OWN, observe="ask; ask.time_left"), np.random.default_rng(1))
    sim.begin({}, np.ones(NUM_ENVS, bool))
    before = sim.states
    for step in range(1, 250):
        sim.step({})
        sim.begin({}, np.zeros(NUM_ENVS, bool))
        changed = sim.states["ask_rate"] != before["ask_rate"]
        assert changed.all() == changed.any() == (step % 120 == 0), step  # 4 s at 30 Hz
        assert ((sim.states["ask_rate"] >= 1) & (sim.states["ask_rate"] <= 2)).all()
        before = sim.states
