"""What the template of ``env.py`` is filled with."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_dsl.emit.torch.leaves import Attribute
from stripe_dsl.ir.program import Program

BODY = 8
"""Columns before the statements of a method."""

ATTRIBUTES_OF_THE_BASE_CLASS = (
    "cfg",
    "sim",
    "scene",
    "actions",
    "extras",
    "device",
    "num_envs",
    "step_dt",
    "physics_dt",
    "render_mode",
    "episode_length_buf",
    "reset_buf",
    "reset_terminated",
    "reset_time_outs",
    "max_episode_length",
    "max_episode_length_s",
    "common_step_counter",
    "reward_buf",
    "obs_buf",
    "event_manager",
    "episode_time",
    "metadata",
    "action_space",
    "observation_space",
    "state_space",
)


@dataclass
class EnvContext:
    """Everything the template needs; lists of finished source lines."""

    program: Program
    class_name: str = ""
    robots: list[tuple[str, str]] = field(default_factory=list)
    sensors: list[tuple[str, str, str]] = field(default_factory=list)
    constants: list[tuple[str, str]] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    memories: list[Attribute] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    action_lines: list[str] = field(default_factory=list)
    keeps_previous_actions: bool = False
    value_lines: list[str] = field(default_factory=list)
    done_lines: list[str] = field(default_factory=list)
    reward_lines: list[str] = field(default_factory=list)
    observe_lines: list[str] = field(default_factory=list)
    reset_lines: dict[str, list[str]] = field(default_factory=dict)
    reset_needs: set[str] = field(default_factory=set)
    math_imports: list[str] = field(default_factory=list)
    uses_time: bool = False
    aliases_action: bool = False
    terms: list[str] = field(default_factory=list)
    needs_columns: bool = False
    needs_math: bool = False
