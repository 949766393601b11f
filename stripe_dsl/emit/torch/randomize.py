"""What is drawn anew while the simulation runs, in torch, and what this has in common with what is drawn at startup.

A change is written for all environments at once and sent to the simulation where a mask is set, so that nothing waits
for the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.data import FLAGS
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.naming import Names, set_labels, word
from stripe_dsl.emit.textures import texture_made, texture_name
from stripe_dsl.emit.torch.leaves import Attribute, Leaves, tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.randomize import TEXTURE, WRENCH, Change

DATA = {
    "body.mass": ("body_mass", "mass", "set_masses", "masses"),
    "body.inertia": ("body_inertia", "inertia", "set_inertias", "inertias"),
    "body.com": ("body_com_pose_b", "com", "set_coms", "coms"),
    "joint.stiffness": ("joint_stiffness", "stiffness", "write_joint_stiffness_to_sim", "stiffness"),
    "joint.damping": ("joint_damping", "damping", "write_joint_damping_to_sim", "damping"),
    "joint.friction": ("joint_friction_coeff", "joint_friction", "", ""),
    "joint.armature": ("joint_armature", "armature", "write_joint_armature_to_sim", "armature"),
    "joint.lower": ("joint_pos_limits", "limits", "write_joint_position_limit_to_sim", "limits"),
    "joint.upper": ("joint_pos_limits", "limits", "write_joint_position_limit_to_sim", "limits"),
    "joint.pos": ("joint_pos", "joint_pos", "write_joint_position_to_sim", "position"),
    "joint.vel": ("joint_vel", "joint_vel", "write_joint_velocity_to_sim", "velocity"),
    "root.pos": ("root_link_pose_w", "root_pose", "write_root_link_pose_to_sim", "root_pose"),
    "root.lin_vel": ("root_com_vel_w", "root_vel", "write_root_com_velocity_to_sim", "root_velocity"),
    "root.ang_vel": ("root_com_vel_w", "root_vel", "write_root_com_velocity_to_sim", "root_velocity"),
}
"""Where Isaac Lab keeps a quantity, what to call it, and the writer (without ``_mask``) with its argument; none for
what ``friction.py`` writes."""

COMPONENTS = {"": ":3", "x": "0", "y": "1", "z": "2", "xy": ":2", "xz": "0:3:2", "yz": "1:3"}

_OPERATORS = {"add": " + ", "scale": " * "}


def component(change: Change) -> str:
    """The last subscript of the columns that a change writes: ``2`` of a vector, nothing of a number."""
    match change.quantity:
        case "root.ang_vel":
            return {"": "3:6", "x": "3", "y": "4", "z": "5", "xy": "3:5", "xz": "3:6:2", "yz": "4:6"}[change.parts]
        case "body.com" | "body.force" | "body.torque" | "root.pos" | "root.lin_vel" | "env.gravity":
            return COMPONENTS[change.parts]
        case "joint.lower" | "joint.upper":
            return str(int(change.quantity == "joint.upper"))
        case "body.inertia":
            return "::4" if change.operation == "add" else ""
    return ""


def draw(change: Change, like: str, numbers: str) -> str:
    """A tensor of the shape of ``like`` with new numbers."""
    match change.distribution:
        case "gaussian":
            return f"torch.empty_like({like}).normal_(*{numbers})"
        case "log_uniform":
            return f"torch.empty_like({like}).uniform_(*map(math.log, {numbers})).exp_()"
    return f"torch.empty_like({like}).uniform_(*{numbers})"


def changed(change: Change, before: str, numbers: str) -> str:
    """The new value of what was ``before``."""
    like = before
    if change.quantity == "body.inertia":  # one number a body, for the tensor keeps its shape
        like = f"{before.removesuffix('::4]')}:1]" if change.operation == "add" else part_of(before, ":1")
    new = draw(change, like, numbers)
    text = new if change.operation == "set" else f"{before}{_OPERATORS[change.operation]}{new}"
    if change.least is None or not (change.operation == "add" or change.distribution == "gaussian"):
        return text
    return f"{text if text == new else f'({text})'}.clamp(min={literal(change.least)})"


def assign(lines: Lines, change: Change, target: str, before: str, numbers: str) -> None:
    """One statement: ``x = y + …``, or ``x += …`` where ``x`` is what was before."""
    text = changed(change, before, numbers)
    if target == before:
        for operator in ("+", "*"):
            start = f"{target} {operator} "
            if text.startswith(start):
                lines.statement(f"{target} {operator}= ", text.removeprefix(start))
                return
    lines.statement(f"{target} = ", text)


def part_of(text: str, part: str) -> str:
    """A tensor with a further subscript for the last dimension."""
    if not part:
        return text
    if text.endswith("]") and "[:, " in text:
        return f"{text[:-1]}, {part}]"
    return f"{text}[..., {part}]"


def covers_robot(program: Program, change: Change) -> bool:
    """Whether friction of all bodies is drawn: then nobody has to ask which shapes are whose."""
    model = next((robot.model for robot in program.robots if robot.name == change.robot), None)
    return change.quantity == "shape.friction" and model is not None and set(change.names) == set(model.body_names)


def friction_helpers(program: Program, changes: Sequence[Change]) -> list[str]:
    """What some changes use of ``friction.py``."""
    names: set[str] = set()
    for change in changes:
        if change.quantity == "shape.friction":
            names |= {"friction_of", "write_friction"}
            names |= set() if covers_robot(program, change) else {"shapes_of"}
        elif change.quantity == "joint.friction":
            names.add("write_joint_friction")
    return sorted(names)


class Randomization:
    """The methods of the environment in torch that draw anew while the simulation runs."""

    def __init__(self, program: Program, leaves: Leaves, names: Names) -> None:
        self.program = program
        self.leaves = leaves
        self.names = names
        self.attributes: list[Attribute] = []
        self.textures: list[Attribute] = []
        self._known: dict[str, str] = {}
        self._buffers: dict[tuple[str, str], str] = {}

    def reset(self) -> Lines:
        """The body of ``_draw_at_reset(mask)``."""
        lines = Lines()
        for change in self.program.randomize.reset:
            self.change(lines, change, "mask")
        self.rub(lines, self.program.randomize.reset, "mask")
        self.push(lines, self.program.randomize.reset, "mask")
        self.tell(lines, self.program.randomize.reset)
        return lines

    def intervals(self) -> Lines:
        """The body of ``_draw_on_time()``."""
        lines = Lines()
        for place, interval in enumerate(self.program.randomize.intervals):
            lines.comment(interval.span)
            left, period = f"self._time_left[:, {place}]", tunable_text(interval.period, {"randomize": "cfg"})
            lines.statement(f"{left} -= ", "self.step_dt")
            lines.statement("due = ", f"{left} < 1e-6")
            again = f"torch.where(due, torch.empty_like({left}).uniform_(*{period}), {left})"
            lines.statement(f"{left} = ", again)
            for change in interval.changes:
                same = origin(change.span) == origin(interval.span)
                self.change(lines, replace(change, span=None) if same else change, "due")
            self.rub(lines, interval.changes, "due")
            self.push(lines, interval.changes, "due")
        self.tell(lines, [change for interval in self.program.randomize.intervals for change in interval.changes])
        return lines

    def timers(self) -> Lines:
        """What a reset does to the times that are left."""
        lines = Lines()
        for place, interval in enumerate(self.program.randomize.intervals):
            period = tunable_text(interval.period, {})
            new = f"torch.empty(len(env_ids), device=self.device).uniform_(*{period})"
            lines.statement(f"self._time_left[rows, {place}] = ", new)
        return lines

    def change(self, lines: Lines, change: Change, mask: str) -> None:
        """One change, where ``mask`` is set."""
        lines.comment(change.span)
        if change.quantity == TEXTURE:
            name = self.names.unique(f"_{texture_name(change)}")
            self.textures.append(Attribute(name, texture_made(change, "self.scene", "self.cfg.randomize")))
            lines.statement("", f"self.{name}.draw({mask})")
            return
        numbers = tunable_text(change.range, {"randomize": "cfg"})
        if change.quantity in FLAGS:
            self.direct(lines, change, mask, numbers)
            return
        if change.quantity in WRENCH:
            target = part_of(f"{self.buffer(change)}[:, {self.columns(change)}]", component(change))
            wide = "[:, None]" * (":" in component(change)) if len(change.names) == 1 else "[:, None, None]"
            wide = wide if len(change.names) == 1 or ":" in component(change) else "[:, None]"
            text = f"torch.where({mask}{wide}, {changed(change, target, numbers)}, {target})"
            lines.statement(f"{target} = ", text)
            return
        robot = f"self.{self.leaves.entities[change.robot]}"
        data, name, writer, argument = DATA[change.quantity]
        lines.statement(f"{name} = ", f"{robot}.data.{data}.torch.clone()")
        where = self.columns(change)
        column = f"{name}[:, {where}]" if where else name
        target = part_of(column, component(change)) if where else f"{name}[:, {component(change)}]"
        if change.is_state:
            self.state(lines, change, name, target, numbers, robot)
        else:
            before = self.default(change, data) if change.operation != "set" or name == "mass" else column
            assign(lines, change, target, part_of(before, component(change)), numbers)
            if change.quantity == "body.mass":
                source, label = f"{robot}.data.body_inertia.torch[:, {where}].clone()", where.removeprefix("self._")
                inertia = self.kept(source, f"default_{label}_inertia")
                lines.statement("inertia = ", f"{robot}.data.body_inertia.torch.clone()")
                lines.statement(f"inertia[:, {where}] = ", f"{inertia} * ({column} / {before}).unsqueeze(-1)")
                lines.statement("", f"{robot}.set_inertias_mask(inertias=inertia, env_mask={mask})")
        if writer:
            lines.statement("", f"{robot}.{writer}_mask({argument}={name}, env_mask={mask})")
        else:
            lines.statement("", f"write_{name}({robot}, {name}, {mask})")

    def rub(self, lines: Lines, changes: Sequence[Change], mask: str) -> None:
        """Has the simulation take frictions of shapes."""
        for robot in dict.fromkeys(change.robot for change in changes if change.quantity == "shape.friction"):
            lines.statement("", f"write_friction(self.{self.leaves.entities[robot]}, {self.friction(robot)}, {mask})")

    def friction(self, robot: str) -> str:
        """The attribute with the coefficients of a robot's shapes."""
        owner = self.leaves.entities[robot]
        own = "" if len(self.program.own_robots) == 1 else f"{owner}_"
        return self.kept(f"friction_of(self.{owner})", f"{own}shape_friction")

    def buffer(self, change: Change) -> str:
        """The forces or torques on all bodies of a robot, as an attribute."""
        owner = self.leaves.entities[change.robot]
        own = "" if len(self.program.own_robots) == 1 else f"{owner}_"
        text = f"torch.zeros(self.num_envs, self.{owner}.num_bodies, 3, device=self.device)"
        name = f"{own}{change.quantity.removeprefix('body.')}s"
        if (name, text) not in self._buffers:
            self._buffers[name, text] = self.names.unique(f"_{safe_identifier(name)}")
            self.attributes.append(Attribute(self._buffers[name, text], text))
        return f"self.{self._buffers[name, text]}"

    def push(self, lines: Lines, changes: Sequence[Change], mask: str) -> None:
        """Hands forces and torques to Isaac Lab, which turns them into the world in each physics step."""
        for robot in dict.fromkeys(change.robot for change in changes if change.quantity in WRENCH):
            later = [change for change in self.program.randomize.later if change.robot == robot]
            kinds = {change.quantity: self.buffer(change) for change in later if change.quantity in WRENCH}
            owner = f"self.{self.leaves.entities[robot]}"
            if "body.force" in kinds:
                lines.statement(
                    "", f"push_bodies({', '.join([owner, mask, *(kinds[kind] for kind in WRENCH if kind in kinds)])})"
                )
            else:
                text = f"torques={kinds['body.torque']}, env_mask=wp.from_torch({mask})"
                lines.statement("", f"{owner}.permanent_wrench_composer.set_forces_and_torques_mask({text})")

    def calm(self) -> Lines:
        """What a reset does to the forces and torques of the episode before."""
        lines = Lines()
        changes = [change for change in self.program.randomize.later if change.quantity in WRENCH]
        for buffer in dict.fromkeys(self.buffer(change) for change in changes):
            lines.statement("", f"index_fill_({buffer}, rows, 0.0)")
        return lines

    def state(self, lines: Lines, change: Change, name: str, target: str, numbers: str, robot: str) -> None:
        """A new state, within the limits of the joints."""
        assign(lines, change, target, target, numbers)
        if change.quantity == "root.pos" and change.operation == "set":
            lines.statement(f"{target} += ", f"self.scene.env_origins[:, {COMPONENTS[change.parts]}]")
        elif change.quantity == "joint.pos":
            lines.statement("lower, upper = ", f"{robot}.data.soft_joint_pos_limits.torch.unbind(dim=-1)")
            lines.statement("", f"{name}.clamp_(lower, upper)")
        elif change.quantity == "joint.vel":
            lines.statement("max_vel = ", f"{robot}.data.joint_vel_limits.torch")
            lines.statement("", f"{name}.clamp_(-max_vel, max_vel)")

    def direct(self, lines: Lines, change: Change, mask: str, numbers: str) -> None:
        """What Isaac Lab has no writer for is written into the tensors that hold it."""
        if change.quantity == "env.gravity":
            array = self.kept("wp.to_torch(NewtonManager.get_model().gravity)[: self.num_envs]", "gravity")
            target = f"{array}[:, {component(change)}]"
            before = part_of(self.kept(f"{array}.clone()", "default_gravity"), component(change))
            wide = "[:, None]" if ":" in component(change) else ""
        else:
            array, wide = self.friction(change.robot), "[:, None]"
            if covers_robot(self.program, change):
                before = self.kept(f"{array}.clone()", f"default_{array.removeprefix('self._')}")
                text = f"torch.where({mask}{wide}, {changed(change, before, numbers)}, {array})"
                lines.statement(f"{array}[:] = ", text)
                return
            target = f"{array}[:, {self.shapes(change)}]"
            before = self.kept(f"{target}.clone()", f"default_{self.shapes(change).removeprefix('self._')}_friction")
        lines.statement(f"{target} = ", f"torch.where({mask}{wide}, {changed(change, before, numbers)}, {target})")

    def shapes(self, change: Change) -> str:
        """The attribute with the columns of the shapes of some bodies."""
        owner = f"self.{self.leaves.entities[change.robot]}"
        label = set_labels(self.program).get(change.names) or change.names[0]
        found = f"{owner}.find_bodies({self.leaves.members(change.names)}, preserve_order=True)[0]"
        return self.kept(f"torch.tensor(shapes_of({owner}, {found}), device=self.device)", f"{word(label)}_shapes")

    def columns(self, change: Change) -> str:
        """The columns of joints or bodies."""
        if not change.names:
            return ""
        kind = "joint" if change.quantity.startswith("joint.") else "body"
        return self.leaves.index(change.robot, kind, change.names, single=len(change.names) == 1)

    def default(self, change: Change, data: str) -> str:
        """The attribute with what a property was after startup."""
        where = self.columns(change)
        label = where.removeprefix("self._")
        robot = self.leaves.entities[change.robot]
        name = DATA[change.quantity][1]
        return self.kept(f"self.{robot}.data.{data}.torch[:, {where}].clone()", f"default_{label}_{name}")

    def kept(self, text: str, wish: str) -> str:
        """An attribute that is set once."""
        if text not in self._known:
            self._known[text] = self.names.unique(f"_{safe_identifier(wish)}")
            self.attributes.append(Attribute(self._known[text], text))
        return f"self.{self._known[text]}"

    @staticmethod
    def tell(lines: Lines, changes: Sequence[Change]) -> None:
        """Tells Newton of changes in its own arrays."""
        if any(change.quantity == "env.gravity" for change in changes):
            lines.statement("", f"NewtonManager.add_model_change(ModelFlags.{FLAGS['env.gravity']})")


__all__ = ["DATA", "Randomization", "assign", "component", "covers_robot", "friction_helpers", "part_of"]
