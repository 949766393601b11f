"""What is drawn once, when the simulation has started: the contents of ``startup.py``, for both environments."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_dsl.emit.data import FLAGS
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.naming import Names, escaped, set_labels, word
from stripe_dsl.emit.textures import texture_made, texture_name
from stripe_dsl.emit.torch.leaves import tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.emit.torch.randomize import DATA, assign, component, covers_robot, friction_helpers, part_of
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.randomize import TEXTURE, Change

STARTUP_LOCALS = ("torch", "wp", "math", "cfg", "scene", "robot", "gravity", "shapes", "friction", "inertia")
STARTUP_LOCALS += tuple(dict.fromkeys(name for _, name, _, _ in DATA.values()))
"""Variables and modules of ``startup.py``, which no set of bodies or joints may hide."""


@dataclass
class StartupText:
    """What ``startup.py`` is filled with."""

    lines: list[str] = field(default_factory=list)
    robots: list[tuple[str, str]] = field(default_factory=list)
    needs_math: bool = False
    textures: list[str] = field(default_factory=list)
    needs_newton: bool = False
    needs_articulation: bool = False
    friction: list[str] = field(default_factory=list)
    constants: list[tuple[str, str]] = field(default_factory=list)


def startup_text(program: Program, robots: dict[str, str]) -> StartupText | None:
    """The contents of ``startup.py``; ``None`` where nothing is drawn at the start.

    Args:
        robots: keys of the robots in the scene.
    """
    changes = program.randomize.startup
    if not changes:
        return None
    text = StartupText(needs_math=any(change.distribution == "log_uniform" for change in changes))
    text.friction = friction_helpers(program, changes)
    text.needs_newton = any(change.quantity == "env.gravity" for change in changes)
    text.textures = sorted(texture_name(change) for change in changes if change.quantity == TEXTURE)
    used = {change.robot for change in changes if change.robot and change.quantity != TEXTURE}
    text.needs_articulation = bool(used)
    text.robots = [(key, robots[key]) for key in robots if key in used]
    names = Names([*STARTUP_LOCALS, *text.friction])
    labels = set_labels(program)
    known: dict[tuple[str, ...], str] = {}
    columns: dict[tuple[str, str, tuple[str, ...]], str] = {}
    for change in changes:
        lines = Lines(indent=4)
        lines.comment(change.span)
        robot = robots.get(change.robot, "")
        where = ""
        if change.quantity == TEXTURE:
            everywhere = "torch.ones(scene.num_envs, dtype=torch.bool, device=scene.device)"
            lines.statement("", f"{texture_made(change, 'scene', 'cfg')}.draw({everywhere})")
            text.lines += lines
            continue
        if change.names and not covers_robot(program, change):
            kind = "joint" if change.quantity.startswith("joint.") else "body"
            key = (change.robot, kind, change.names)
            if key not in columns:
                label = safe_identifier(word(labels.get(change.names) or change.names[0]))
                columns[key] = names.unique(label)
                found = _found(program, change, kind, known, names, text)
                finder = f"{robot}.find_{'joints' if kind == 'joint' else 'bodies'}"
                lines.statement(f"{columns[key]} = ", f"{finder}({found})[0]")
            where = columns[key]
        _startup_change(lines, change, robot, where)
        text.lines += lines
    return text


def _found(
    program: Program,
    change: Change,
    kind: str,
    known: dict[tuple[str, ...], str],
    names: Names,
    text: StartupText,
) -> str:
    """The arguments that find the members of a set."""
    model = next(robot.model for robot in program.robots if robot.name == change.robot)
    if set(change.names) == set(model.joint_names if kind == "joint" else model.body_names):
        return '".*"'
    if len(change.names) == 1:
        return literal(escaped(change.names[0]))
    if change.names not in known:
        wish = word(set_labels(program).get(change.names) or f"set_{len(known) + 1}").upper()
        known[change.names] = names.unique(wish)
        text.constants.append((known[change.names], literal(change.names)))
    return f"{known[change.names]}, preserve_order=True"


def _startup_change(lines: Lines, change: Change, robot: str, where: str) -> None:
    numbers = tunable_text(change.range, {"randomize": "cfg"})
    if change.quantity == "env.gravity":
        lines.statement("gravity = ", "wp.to_torch(NewtonManager.get_model().gravity)[: scene.num_envs]")
        column = f"gravity[:, {component(change)}]"
        assign(lines, change, column, column, numbers)
    elif change.quantity == "shape.friction":
        if where:
            lines.statement("shapes = ", f"shapes_of({robot}, {where})")
        lines.statement("friction = ", f"friction_of({robot})")
        column = "friction[:, shapes]" if where else "friction[:]"
        assign(lines, change, column, column if where else "friction", numbers)
        lines.statement("", f"write_friction({robot}, friction)")
    else:
        data, name, writer, argument = DATA[change.quantity]
        lines.statement(f"{name} = ", f"{robot}.data.{data}.torch.clone()")
        column = part_of(f"{name}[:, {where}]", component(change))
        assign(lines, change, column, column, numbers)
        if change.quantity == "body.mass":
            lines.statement("inertia = ", f"{robot}.data.body_inertia.torch.clone()")
            ratio = f"(mass[:, {where}] / {robot}.data.body_mass.torch[:, {where}]).unsqueeze(-1)"
            lines.statement(f"inertia[:, {where}] *= ", ratio)
            lines.statement("", f"{robot}.set_inertias_mask(inertias=inertia)")
        if not writer:
            lines.statement("", f"write_{name}({robot}, {name})")
            return
        quiet = ", warn_limit_violation=False" if name == "limits" else ""
        lines.statement("", f"{robot}.{writer}_mask({argument}={name}{quiet})")
    if change.quantity == "env.gravity":
        lines.statement("", f"NewtonManager.add_model_change(ModelFlags.{FLAGS[change.quantity]})")


__all__ = ["StartupText", "startup_text"]
