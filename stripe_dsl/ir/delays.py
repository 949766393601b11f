"""What a delay of an action means, in NumPy: for tests of the back ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe_dsl.ir.reference import Array


def arrived(numbers: Array, fresh: Array, steps: Array, decimation: int) -> Array:
    """The agent's numbers that a command is made of, in every physics step.

    What was chosen in control step ``t`` arrives ``steps`` physics steps after the first one of ``t``, and stays until
    the next one arrives. Before the first one of an episode, it is zero.

    Args:
        numbers: what the agent chose, ``(T, N, A)``.
        fresh: whether a control step is the first of its episode, ``(T, N)``.
        steps: physics steps that they take, ``(T, N)``.
        decimation: physics steps of a control step.

    Returns:
        Shape ``(T, decimation, N, A)``.
    """
    import numpy as np

    count, num_envs, _ = numbers.shape
    out = np.zeros((count, decimation, *numbers.shape[1:]))
    for env in range(num_envs):
        first = 0
        for step in range(count):
            first = step if fresh[step, env] else first
            for substep in range(decimation):
                # the physics step of the episode in which what arrives now was chosen
                chosen = (step - first) * decimation + substep - int(steps[step, env])
                if chosen >= 0:
                    out[step, substep, env] = numbers[first + chosen // decimation, env]
    return out
