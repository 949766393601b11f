"""What the template of ``env.py`` is filled with."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_dsl.emit.identifiers import safe_identifier
from stripe_dsl.emit.torch.curriculum import Following
from stripe_dsl.emit.torch.leaves import Attribute
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.ir.program import Program

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
    "_action_noise_model",
    "_apply_action",
    "_compute_observations",
    "_configure_gym_env_spaces",
    "_debug_vis_handle",
    "_get_dones",
    "_get_observations",
    "_get_rewards",
    "_get_states",
    "_envs",
    "_ground",
    "_init_sim",
    "_is_closed",
    "_observation_noise_model",
    "_physics_handles_decimation",
    "_pre_physics_step",
    "_reset_envs_from_buffer",
    "_reset_idx",
    "_set_debug_vis_impl",
    "_setup_scene",
    "_sim_step_counter",
    "_window",
)
OWN_ATTRIBUTES = (
    "_previous_actions",
    "_episode_sums",
    "_terminations",
    "_read_state",
    "_compute_values",
    "_compute_dones",
    "_compute_groups",
    "_log_episodes",
    "_draw_at_reset",
    "_draw_on_time",
    "_change_level",
    "_follow_curriculum",
    "_level",
    "_level_up",
    "_level_down",
    "_last_draw",
    "_substep",
    "_time_left",
    "_metrics",
)
"""What the template names itself."""

LOCALS = ("apply_wrench", "cfg", "data", "dt", "env_ids", "fresh", "rewards", "self", "torch", "wp")
"""Variables and modules of the methods, which no name of the file may hide."""


@dataclass
class EnvContext:
    """Everything the template needs; lists of finished source lines."""

    program: Program
    class_name: str = ""
    robots: list[tuple[str, str]] = field(default_factory=list)
    outlines: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    spots: dict[str, str] = field(default_factory=dict)
    samples: bool = False
    ground_imports: str = ""
    objects: list[tuple[str, str]] = field(default_factory=list)
    soft: list[tuple[str, str]] = field(default_factory=list)
    cables: list[tuple[str, str]] = field(default_factory=list)
    sensors: list[tuple[str, str, str]] = field(default_factory=list)
    constants: list[tuple[str, str]] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    memories: list[Attribute] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    constant_lines: Lines = field(default_factory=Lines)
    state_lines: Lines = field(default_factory=Lines)
    action_lines: Lines = field(default_factory=Lines)
    drive_lines: Lines = field(default_factory=Lines)
    late_lines: Lines = field(default_factory=Lines)
    targets: list[Attribute] = field(default_factory=list)
    keeps_previous_actions: bool = False
    value_lines: Lines = field(default_factory=Lines)
    done_lines: Lines = field(default_factory=Lines)
    reward_lines: Lines = field(default_factory=Lines)
    metric_lines: Lines = field(default_factory=Lines)
    observed_lines: Lines = field(default_factory=Lines)
    observe_lines: Lines = field(default_factory=Lines)
    histories: list[str] = field(default_factory=list)
    encoders: list[tuple[str, str]] = field(default_factory=list)
    bias_lines: Lines = field(default_factory=Lines)
    reset_start: Lines = field(default_factory=Lines)
    reset_lines: dict[str, Lines] = field(default_factory=dict)
    curriculum: Following | None = None
    drawn_attributes: list[Attribute] = field(default_factory=list)
    textures: list[Attribute] = field(default_factory=list)
    draw_reset_lines: Lines = field(default_factory=Lines)
    draw_time_lines: Lines = field(default_factory=Lines)
    calm_lines: Lines = field(default_factory=Lines)
    timer_lines: Lines = field(default_factory=Lines)
    needs_newton: bool = False
    own_gravity: bool = False
    friction: list[str] = field(default_factory=list)
    pushed: bool = False
    math_imports: str = ""
    compiled: list[str] = field(default_factory=list)
    uses_time: bool = False
    looks: bool = False
    aliases_action: bool = False
    ends: list[str] = field(default_factory=list)
    terminated: str = ""
    truncated: str = ""
    needs_columns: bool = False
    damped: str = ""
    wrenches: tuple[str, ...] = ()
    needs_math: bool = False


def local_name(name: str) -> str:
    """A name of the file as a local variable."""
    return safe_identifier(f"{name}_" if name in LOCALS else name)
