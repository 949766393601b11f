"""What the kernels of one generated module share: helper functions, constants, settings, attributes of the class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.naming import Names, owners, set_labels, word
from stripe_dsl.emit.scenes import TAKEN
from stripe_dsl.emit.warp.helpers import HELPERS, helper_sources
from stripe_dsl.ir.program import Program, Tunable
from stripe_dsl.ir.types import Axis

GROUPS = {
    "param": "ParamSettings",
    "let": "LetSettings",
    "state": "StateSettings",
    "command": "CommandSettings",
    "action": "ActionSettings",
    "observe": "ObserveSettings",
    "reward": "RewardSettings",
    "terminate": "TerminateSettings",
    "reset": "ResetSettings",
    "curriculum": "CurriculumSettings",
    "randomize": "RandomizeSettings",
}
"""Structs that carry the groups of the cfg into kernels."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """``self.name = text`` in ``__init__``, with a comment above it where there is one."""

    name: str
    text: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Struct:
    """One ``@wp.struct``.

    Attributes:
        group: of the cfg.
        name: of the struct.
        fields: their names and types.
        renamed: fields that have another name in the cfg, and that name.
    """

    group: str
    name: str
    fields: tuple[tuple[str, str], ...]
    renamed: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """What makes one with the values of the cfg."""
        names = [f"{own}={literal(name)}" for own, name in self.renamed]
        return f"settings({', '.join([self.name, f'self.cfg.{self.group}', *names])})"


def with_a_letter(text: str) -> str:
    """The text as a word of an identifier: an underscore alone is none."""
    plain = word(text)
    return plain if any(map(str.isalpha, plain)) else f"x{plain.rstrip('_')}"


class Locals(Names):
    """Names of arguments and variables. Capitals alone are left to the constants of the module."""

    def unique(self, wish: str) -> str:
        """The wished name, changed as little as possible."""
        return super().unique(wish.lower() if wish.isupper() else with_a_letter(wish))


class Module:
    """Names and definitions of one generated module.

    Attributes:
        attributes: what ``__init__`` has to set, in order of first use.
        sets: names of constants that list the members of a set.
        constants: other constants of the module, as ``name, text``.
        fields: field of the struct that carries a setting, by path.
        owners: what values are part of, by id of the node.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.attributes: list[Attribute] = []
        self.sets: dict[tuple[str, ...], str] = {}
        self.constants: list[tuple[str, str]] = []
        self.groups: list[str] = []
        self.reserved = {*HELPERS, *GROUPS.values(), "Any", *(TAKEN if program.scene is not None else ())}
        self._helpers: set[str] = set()
        self._names = Names({"REWARD_TERMS", "TERMINATION_TERMS", "METRICS", "LOGGED", "LOG_ENTRIES", "BLOCK_DIM"})
        robots = ["robot", *(f"{kind}_{robot.name}" for robot in program.robots for kind in ("robot", "loose"))]
        states = [f"_{robot}_{state}" for robot in robots for state in ("joint_pos", "joint_vel", "forces", "torques")]
        self._attribute_names = Names([*ATTRIBUTES, *states, *(f"_{group}" for group in GROUPS)])
        self._known_constants: dict[str, str] = {}
        self._known_attributes: dict[str, str] = {}
        self._labels = set_labels(program)
        self.owners = owners(program)
        names = {group: Names(WORDS_OF_CPP) for group in GROUPS}
        self.fields = {item.path: names[item.group].unique(_field_name(item.name)) for item in program.tunables}

    def helper(self, name: str) -> str:
        """A function of ``HELPERS``, which the module then defines."""
        self._helpers.add(name)
        return name

    @property
    def helpers(self) -> list[str]:
        """Sources of the helper functions."""
        return helper_sources(self._helpers)

    def members(self, names: tuple[str, ...]) -> str:
        """The constant that lists the members of a set."""
        if names not in self.sets:
            self.sets[names] = self._constant_name(self._labels.get(names) or f"set_{len(self.sets) + 1}")
        return self.sets[names]

    def label(self, names: tuple[str, ...], default: str) -> str:
        """What the file calls a set."""
        return safe_identifier(with_a_letter(self._labels.get(names) or default))

    def length(self, axis: Axis) -> str:
        """Text of the number of members of a set."""
        if axis.kind == "wrench":
            return self.count(len(axis), "wrench_numbers")
        if axis.kind in ("ray", "pixel", "point"):
            return self.count(len(axis), f"{axis.entity}_{axis.kind}s")
        return f"wp.static(len({self.members(axis.names)}))"

    def count(self, number: int, wish: str) -> str:
        """A module constant that holds a whole number."""
        text = f"{number}  # {wish}"
        if text not in self._known_constants:
            self._known_constants[text] = self._constant_name(wish)
            self.constants.append((self._known_constants[text], f"wp.constant({number})"))
        return self._known_constants[text]

    def constant(self, values: Sequence[object], wish: str) -> str:
        """A module constant: a vector of numbers, whole numbers or conditions, or a matrix of one vector a row."""
        if isinstance(values[0], tuple):
            flat = [float(part) for row in values for part in row]  # type: ignore[attr-defined]
            kind = f"wp.types.matrix(shape=({len(values)}, {len(values[0])}), dtype=float)"
        else:
            whole = isinstance(values[0], (bool, int))
            flat = [int(value) if whole else float(value) for value in values]  # type: ignore[call-overload, arg-type]
            dtype = "bool" if isinstance(values[0], bool) else "int" if whole else "float"
            kind = f"wp.types.vector(length={len(values)}, dtype={dtype})"
        text = f"wp.constant({kind}({', '.join(map(literal, flat))}))"
        if text not in self._known_constants:
            name = self._constant_name(wish)
            self._known_constants[text] = name
            self.constants.append((name, text))
        return self._known_constants[text]

    def _constant_name(self, wish: str) -> str:
        """In capitals, with at least one letter: no name in a kernel is like that."""
        return self._names.unique(with_a_letter(wish).upper())

    def attribute(self, text: str, wish: str, comment: str = "") -> str:
        """``self._wish``, set to ``text`` once; the same for the same text."""
        if text not in self._known_attributes:
            name = self.own(wish)
            self._known_attributes[text] = name
            self.attributes.append(Attribute(name, text, comment))
        return f"self.{self._known_attributes[text]}"

    def own(self, wish: str) -> str:
        """A free attribute, which the template sets."""
        return self._attribute_names.unique("_" + safe_identifier(with_a_letter(wish)).strip("_"))

    def setting(self, group: str) -> None:
        """Notes that kernels read a group of the cfg."""
        if group not in self.groups:
            self.groups.append(group)

    @property
    def structs(self) -> list[Struct]:
        """The structs of the groups that kernels read."""
        structs = []
        for group, name in GROUPS.items():
            items = [item for item in self.program.tunables if item.group == group and group in self.groups]
            fields = [(self.fields[item.path], item) for item in items]
            renamed = [(own, safe_identifier(item.name)) for own, item in fields if own != safe_identifier(item.name)]
            if items:
                types = tuple((own, _field_type(item)) for own, item in fields)
                structs.append(Struct(group, name, types, tuple(renamed)))
        return structs


ATTRIBUTES = frozenset(
    {
        "_ALL_ENV_MASK",
        "_action_noise_model",
        "_action_space",
        "_actions",
        "_advance",
        "_advance_clocks",
        "_apply_action",
        "_cast_rays",
        "_render_pictures",
        "_encode_pictures",
        "_cached_spec",
        "_command",
        "_compute_efforts",
        "_delays",
        "_substep",
        "_joints_of_all",
        "_reset_delays",
        "_compute_observations",
        "_configure_gym_env_spaces",
        "_control_step",
        "_copy_log",
        "_draw_on_time",
        "_follow_curriculum",
        "_debug_vis_handle",
        "_env_origins",
        "_episode_length_buf_torch",
        "_episode_length_buf_wp",
        "_episode_sums",
        "_final",
        "_final_pictures",
        "_get_dones",
        "_get_final_observations",
        "_get_observations",
        "_get_rewards",
        "_get_states",
        "_graph_cache",
        "_ground",
        "_init_sim",
        "_is_closed",
        "_kept",
        "_level",
        "_level_down",
        "_level_sum",
        "_level_up",
        "_log",
        "_log_sums",
        "_metrics",
        "_metadata",
        "_moved",
        "_new_actions",
        "_np_random",
        "_np_random_seed",
        "_observation_noise_model",
        "_observation_space",
        "_physics_handles_decimation",
        "_post_step_visualize",
        "_pre_physics_step",
        "_push_bodies",
        "_previous_actions",
        "_records",
        "_reset_envs_from_buffer",
        "_reset_idx",
        "_rewards",
        "_rng",
        "_saved_kwargs",
        "_scheduled",
        "_scheduled_ranges",
        "_seed_states",
        "_steps",
        "_set_debug_vis_impl",
        "_setup_scene",
        "_sim_step_counter",
        "_step_warp_end_post",
        "_step_warp_end_pre",
        "_terminations",
        "_tile_columns",
        "_tile_origins",
        "_tell_solver",
        "_time_left",
        "_torch_final",
        "_torch_groups",
        "_torch_log",
        "_torch_new_actions",
        "_torch_scheduled",
        "_window",
    }
)
"""Private attributes and methods of the generated class and its bases."""


_WORDS = """
alignas alignof and_eq asm auto bitand bitor bool case catch char char8_t char16_t char32_t compl concept const
const_cast consteval constexpr constinit co_await co_return co_yield decltype default delete do double dynamic_cast enum
explicit export extern false float friend goto inline int long mutable namespace new noexcept not_eq nullptr operator
private protected public register reinterpret_cast requires short signed sizeof static static_assert static_cast struct
switch template this thread_local throw true typedef typeid typename union unsigned using virtual void volatile wchar_t
while xor xor_eq ret rhs
"""
WORDS_OF_CPP = frozenset(_WORDS.split())
"""What no argument and no field is called: Warp writes both into C++, structs with methods that use the last two."""


def _field_name(name: str) -> str:
    """The name in the cfg where C++ allows it: macros are in capitals."""
    name = safe_identifier(name)
    return f"{name}_" if name in WORDS_OF_CPP or name.isupper() else name


def _field_type(item: Tunable) -> str:
    size = len(item.value) if isinstance(item.value, tuple) else 1
    types = {1: "float", 2: "wp.vec2", 3: "wp.vec3", 4: "wp.vec4"}
    return types.get(size) or f"wp.types.vector(length={size}, dtype=float)"
