"""What an environment should have answered: the program of a task evaluated by the NumPy reference on what it read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stripe_dsl.ir.graph import Node, Read, walk
from stripe_dsl.ir.memory import renewed, updated
from stripe_dsl.ir.observations import Group, Observation
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.rasters import Raster
from stripe_dsl.ir.reference import Inputs, evaluate, with_history
from stripe_dsl.scene.made import make
from stripe_dsl.scene.measure import measure
from stripe_dsl.scene.sampled import rasters

from .recorder import Recording, roots_of

type Array = npt.NDArray


@dataclass(frozen=True)
class Replay:
    """As in :class:`~tests.sim.recorder.Recording`; observations before noise, clip and scale by group and entry."""

    terminations: Array
    reward_terms: Array
    observations: dict[tuple[str, str], Array]


def replay(program: Program, recording: Recording) -> Replay:
    """Evaluate terminations, rewards and observations, step by step, with the memory that ``prev`` needs."""
    steps, num_envs = recording.reward.shape
    nodes = list(walk(roots_of(program)))
    memory = [node for node in nodes if node.op == "prev"]
    kept = {node.args[0].id: node.args[0] for node in memory if not _is_action(node.args[0])}
    actions = {f"action.{action.name}": (start, start + action.width) for action, start in _starts(program).values()}
    items = [(group.name, item) for group in program.groups for item in group.items]
    rows: dict[tuple[str, str], list[Array]] = {(group, item.name): [] for group, item in items}
    terminations, rewards = [], []

    def columns(node: Node, values: Array) -> Array:
        assert node.read is not None
        first, last = actions[node.read.quantity]
        return values[:, first] if node.type.axis is None else values[:, first:last]

    states: dict[str, Array] = {}
    dt = recording.facts["step_dt"]
    fields = fields_of(program)

    def inputs(reads: dict[Read, Array], before: dict[int, Array], now: Array, last: Array) -> Inputs:
        """Reads of one moment; ``now`` is what an action's name means and ``last`` what ``prev`` of it means."""
        found, previous = dict(reads), dict(before)
        for node in nodes:
            if node.read is not None and _is_action(node):
                found[node.read] = columns(node, now)
            if node.op == "prev" and _is_action(node.args[0]):
                previous[node.args[0].id] = columns(node.args[0], last)
        return Inputs(found, recording.tunables, previous, states=states, dt=dt, fields=fields)

    def observe(row: int, seen: dict[int, Array], last: Array) -> dict[int, Array]:
        """Adds the observations of one moment; what ``prev`` will mean in the next step."""
        reads = {read: values[row] for read, values in recording.at_observation.items()}
        fresh = recording.fresh[row]
        last = np.where(fresh[:, None], 0.0, last)
        past: dict[int, Array] = {}
        states.update(renewed(program.states, fresh, inputs(reads, {}, last, last), num_envs))
        for key, node in sorted(kept.items()):  # what an operand holds comes before it
            (present,) = evaluate([node], inputs(reads, past, last, last), num_envs)
            mask = fresh.reshape(-1, *[1] * (present.ndim - 1))
            past[key] = np.where(mask, present, seen.get(key, present))
        given = inputs(reads, past, last, last)
        for (group, item), value in zip(items, evaluate([i.value for _, i in items], given, num_envs), strict=True):
            rows[group, item.name].append(value)
        return dict(zip(kept, evaluate(list(kept.values()), given, num_envs), strict=True))

    last = np.zeros_like(recording.actions[0])
    seen = observe(0, {}, last)
    for step in range(steps):
        action = recording.actions[step]
        reads = {read: values[step] for read, values in recording.after_step.items()}
        before = np.where(recording.fresh[step][:, None], 0.0, last)
        states.update(updated(program.states, inputs(reads, seen, action, before), num_envs))
        given = inputs(reads, seen, action, before)
        ended = evaluate([term.value for term in program.terminations], given, num_envs)
        failed = np.any(ended[: program.failures], axis=0) if program.failures else np.zeros(num_envs, bool)
        late = recording.terminations[step, :, -1] if program.timeout else np.zeros(num_envs, bool)
        for term, value in zip(program.terminations, ended, strict=True):
            reads[Read("", f"term.{term.name}")] = value
        reads[Read("", "env.failed")], reads[Read("", "env.timeout")] = failed, late
        given = inputs(reads, seen, action, before)
        values = evaluate([term.value for term in program.rewards], given, num_envs)
        factors = [recording.tunables[term.weight] * (dt if term.per_second else 1) for term in program.rewards]
        rewards.append(np.stack([factor * value for factor, value in zip(factors, values, strict=True)], axis=-1))
        terminations.append(np.stack([*ended, *([late] if program.timeout else [])], axis=-1))
        last = action
        seen = observe(step + 1, seen, last)
    return Replay(np.stack(terminations), np.stack(rewards), {key: np.stack(values) for key, values in rows.items()})


def fields_of(program: Program) -> dict[str, Raster]:
    """The fields of the program's scene, made anew."""
    scene = program.scene
    if scene is None or not any(node.op == "sample" for node in walk(roots_of(program))):
        return {}
    variants = [make(scene, variant, measure)[0] for variant in range(scene.variants)]
    return rasters([item for item in variants if item is not None])


def without_noise(item: Observation, value: Array, tunables: dict) -> Array:
    """The present value of an entry as the group holds it, but for noise and bias: clipped, scaled, flat."""
    value = value.reshape(*value.shape[:2], -1)
    if item.clip is not None:
        value = np.clip(value, *tunables[item.clip])
    return value * tunables[item.scale] if item.scale is not None else value


def encoded(item: Observation, value: Array) -> Array:
    """What the network of an entry makes of its pictures, which come pixel by pixel; other entries as they are."""
    if item.encoder is None:
        return value
    import torch

    channels, rows, columns = item.encoder.picture
    pictures = np.moveaxis(value.reshape(-1, rows, columns, channels), -1, 1)
    with torch.no_grad():
        numbers = torch.jit.load(item.encoder.file)(torch.tensor(pictures, dtype=torch.float32))
    return numbers.flatten(1).numpy().reshape(*value.shape[:2], -1)


def entries(program: Program, recording: Recording) -> dict[tuple[str, str], Array]:
    """The columns of each entry of each group, as the environment gave them."""
    found = {}
    for group in program.groups:
        column = 0
        if group.picture is not None:
            found |= _pictures(group, recording.groups[group.name])
            continue
        for item in group.items:
            width = item.width
            found[group.name, item.name] = recording.groups[group.name][..., column : column + width]
            column += width
        assert column == recording.groups[group.name].shape[-1]
    return found


def _pictures(group: Group, values: Array) -> dict[tuple[str, str], Array]:
    """The entries of a group of pictures, whose channels stand above each other: pixel by pixel, as lists are."""
    assert values.shape[2:] == group.shape
    found, channel = {}, 0
    for item in group.items:
        end = channel + item.value.type.components
        found[group.name, item.name] = np.moveaxis(values[:, :, channel:end], 2, -1).reshape(*values.shape[:2], -1)
        channel = end
    return found


def assert_replayed(program: Program, recording: Recording, *, absolute: float, loose: dict[str, float]) -> Replay:
    """Assert that the environment answered as the reference does.

    Args:
        absolute: Bound of the difference of observations and reward terms, relative to 1 + the value.
        loose: Other bounds by name of reward term or ``group.entry``.
    """
    expected = replay(program, recording)
    np.testing.assert_array_equal(recording.terminations, expected.terminations)
    failures = program.failures
    np.testing.assert_array_equal(recording.terminated, expected.terminations[..., :failures].any(axis=-1))
    np.testing.assert_array_equal(recording.truncated, expected.terminations[..., failures:].any(axis=-1))
    for index, term in enumerate(program.rewards):
        bound = loose.get(term.name, absolute)
        ours, theirs = recording.reward_terms[..., index], expected.reward_terms[..., index]
        np.testing.assert_allclose(ours, theirs, rtol=bound, atol=bound, err_msg=f"reward {term.name}")
    total = sum(loose.get(term.name, absolute) for term in program.rewards)
    np.testing.assert_allclose(recording.reward, expected.reward_terms.sum(-1), rtol=total, atol=total)
    assert_observed(program, recording, expected, absolute=absolute, loose=loose)
    return expected


def assert_replayed_from_outside(
    program: Program, recording: Recording, *, absolute: float, loose: dict[str, float]
) -> Replay:
    """As :func:`assert_replayed`, for a run that was only seen after its steps: every observation, and the rewards of
    steps that ended no episode and changed no state besides, as pushes do, after which the state is still the one that
    they were computed from. A program with pushes needs the probe :func:`~tests.sim.drawn.time_left`."""
    after = {read: values[1:] for read, values in recording.at_observation.items()}
    seen = replace(recording, after_step=after, terminations=timed_out(recording)[..., None])
    expected = replay(program, seen)
    going = ~recording.fresh[1:]
    assert 0.5 < going.mean() < 1.0
    assert not expected.terminations[going].any()
    if not any(term.truncates for term in program.terminations):
        np.testing.assert_array_equal(recording.truncated, timed_out(recording))
    same = going & ~disturbed(program, recording)
    assert same.mean() > 0.5
    total = sum(loose.get(term.name, absolute) for term in program.rewards)
    rewards = expected.reward_terms.sum(-1)
    np.testing.assert_allclose(recording.reward[same], rewards[same], rtol=total, atol=total)
    assert_observed(program, recording, expected, absolute=absolute, loose=loose)
    return expected


def timed_out(recording: Recording) -> Array:
    """Whether the time of an episode was over after each step, from the lengths of the episodes, ``(T, N)``."""
    before = recording.states["episode_length"][:-1].copy()
    for step, lengths in recording.facts["shuffled"].items():
        before[int(step)] = lengths
    return before + 1 >= recording.facts["max_episode_length"]


def disturbed(program: Program, recording: Recording) -> Array:
    """Whether an interval of the program's randomisation was over in each step of a running episode, ``(T, N)``."""
    if not program.randomize.intervals:
        return np.zeros(recording.reward.shape, bool)
    left = recording.probes["time_left"]
    return (left[1:] > left[:-1]).any(axis=-1) & ~recording.fresh[1:]


def assert_observed(
    program: Program, recording: Recording, expected: Replay, *, absolute: float, loose: dict[str, float]
) -> None:
    """Assert that the observations without noise and bias are as expected."""
    for (group, name), value in entries(program, recording).items():
        (item,) = [item for each in program.groups if each.name == group for item in each.items if item.name == name]
        if item.noise is None and item.bias is None:
            bound = loose.get(f"{group}.{name}", absolute)
            wanted = without_noise(item, expected.observations[group, name], recording.tunables)
            wanted = with_history(wanted, recording.fresh, item.history)
            wanted = encoded(item, wanted)
            np.testing.assert_allclose(value, wanted, rtol=bound, atol=bound, err_msg=f"{group}.{name}")


def _is_action(node: Node) -> bool:
    return node.read is not None and node.read.quantity.startswith("action.")


def _starts(program: Program) -> dict:
    found, start = {}, 0
    for action in program.actions:
        found[action.name] = (action, start)
        start += action.width
    return found
