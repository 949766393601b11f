"""What a generated environment logs about its terms when episodes end."""

from __future__ import annotations

REWARD_GROUP = "Episode_Reward"
"""``Episode_Reward/<term>`` is the mean reward of the term per second."""
TERMINATION_GROUP = "Episode_Termination"
"""``Episode_Termination/<term>`` is the share of episodes that it ended, in 0..1."""


def split_log(means: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """The reward terms and the terminations of an episode log, by their own names."""
    groups: dict[str, dict[str, float]] = {REWARD_GROUP: {}, TERMINATION_GROUP: {}}
    for key, value in means.items():
        group, slash, name = key.partition("/")
        if slash and group in groups:
            groups[group][name] = value
    return groups[REWARD_GROUP], groups[TERMINATION_GROUP]


def is_solved(mean_length: float | None, max_length: int | None, terminations: dict[str, float]) -> bool:
    """Whether an agent that could have failed never did: episodes last as long as they may, though they can end early.

    A task that ends by its timeout only has full episodes from the start, which says nothing.
    """
    can_fail = len(terminations) > 1
    return can_fail and mean_length is not None and max_length is not None and mean_length >= max_length
