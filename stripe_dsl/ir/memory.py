"""Memory: the order in which states change, and what a change means (in NumPy, for tests of the back ends)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.program import State

if TYPE_CHECKING:
    from stripe_dsl.ir.reference import Array, Inputs


def names_in(roots: Sequence[Node]) -> set[str]:
    """Names of the states that the roots read."""
    return {str(node.attr) for node in walk(roots) if node.op in ("state", "old")}


def reached(states: Sequence[State], roots: Sequence[Node]) -> tuple[State, ...]:
    """The states that the roots need, directly or through one another, in the given order."""
    by_name = {state.name: state for state in states}
    found: set[str] = set()
    left = names_in(roots)
    while left:
        state = by_name[left.pop()]
        found.add(state.name)
        inside = [node for node in (state.initial, state.update, state.renew) if node is not None]
        left |= names_in(inside) - found
    return tuple(state for state in states if state.name in found)


def batches(states: Sequence[State]) -> list[list[State]]:
    """States that are renewed at once: of one group and condition, where none reads another. In the given order."""
    found: list[list[State]] = []
    for state in states:
        last = found[-1] if found else []
        alike = bool(last) and last[0].group == state.group and last[0].renew is state.renew
        if alike and not names_in([state.initial]) & {other.name for other in last}:
            last.append(state)
        else:
            found.append([state])
    return found


def updated(states: Sequence[State], inputs: Inputs, num_envs: int) -> dict[str, Array]:
    """Values of all states after the physics; ``inputs.states`` are those before."""
    from stripe_dsl.ir.reference import evaluate

    now = dict(inputs.states)
    for state in states:
        if state.update is not None:
            (value,) = evaluate([state.update], replace(inputs, states=now, old=inputs.states), num_envs)
            now[state.name] = _spread(value, state, num_envs)
    return now


def renewed(states: Sequence[State], fresh: Array, inputs: Inputs, num_envs: int) -> dict[str, Array]:
    """Values of all states after the resets.

    Args:
        fresh: whether an episode has just begun, ``(N,)``.
        inputs: ``states`` are the values before; those of a first episode may be missing.
    """
    import numpy as np

    from stripe_dsl.ir.reference import evaluate

    before: Mapping[str, Array] = {
        state.name: inputs.states.get(state.name, np.zeros((num_envs, *state.type.shape))) for state in states
    }
    now = dict(before)
    for batch in batches(states):
        roots = [state.initial for state in batch]
        condition = batch[0].renew
        given = replace(inputs, states=now, old=before)
        values = evaluate([*roots, *([condition] if condition is not None else [])], given, num_envs)
        mask = fresh | values[-1] if condition is not None else fresh
        for state, value in zip(batch, values, strict=False):
            shaped = mask.reshape(-1, *[1] * len(state.type.shape))
            now[state.name] = np.where(shaped, _spread(value, state, num_envs), before[state.name])
    return now


def _spread(value: Array, state: State, num_envs: int) -> Array:
    """A value that is the same for all members of a list, for each of them."""
    import numpy as np

    missing = len(state.type.shape) + 1 - value.ndim
    shaped = value.reshape(num_envs, *[1] * missing, *value.shape[1:])
    return np.broadcast_to(shaped, (num_envs, *state.type.shape))
