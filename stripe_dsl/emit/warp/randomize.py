"""What is drawn anew while the simulation runs, in kernels that write where Newton reads."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.data import FLAGS, JOINTS
from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.naming import set_labels, word
from stripe_dsl.emit.textures import texture_made, texture_name
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves
from stripe_dsl.emit.warp.module import Module
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.randomize import TEXTURE, WRENCH, Change, Interval
from stripe_dsl.ir.robots import Robot
from stripe_dsl.ir.types import Axis

GAINS = ("joint.stiffness", "joint.damping", "joint.friction")
"""What Newton copies to MuJoCo by kernels alone."""
RESERVED = ("rng", "left", "value", "velocity", "vector", "level", "level_rng", "quat", "column", "limits", "speed")
RESERVED += ("picture",)
"""Variables that the statements below use."""


class Draws:
    """Statements of a kernel that draw anew.

    Args:
        kernel: with a variable ``rng``.
        depth: how far the statements are indented.
    """

    def __init__(self, kernel: Kernel, program: Program, module: Module, leaves: Leaves, depth: int = 1) -> None:
        self.kernel = kernel
        self.program = program
        self.module = module
        self.leaves = leaves
        self.depth = depth

    def line(self, text: str, deeper: int = 0) -> None:
        """Adds a statement; an assignment may be long."""
        target, equals, value = text.partition(" = ")
        if equals:
            self.kernel.lines.append(layout(f"{target} = ", value, 4 * (self.depth + deeper)))
        else:
            self.kernel.line(text, self.depth + deeper)

    def write(self, changes: Sequence[Change]) -> None:
        """The statements of some changes."""
        for change in changes:
            self.kernel.comment(origin(change.span), self.depth)
            if change.quantity == "env.gravity":
                self.gravity(change)
            elif change.quantity in WRENCH:
                self.wrench(change)
            elif change.quantity == "shape.friction":
                self.friction(change)
            elif change.quantity == TEXTURE:
                self.texture(change)
            elif change.quantity in GAINS:
                self.gain(change)
            elif change.quantity.startswith("joint."):
                self.joints(change)
            else:
                self.root(change)

    def drawn(self, change: Change) -> str:
        """Text of a new number."""
        numbers = self.leaves.setting(self.kernel, change.range)
        match change.distribution:
            case "gaussian":
                return f"{numbers}[0] + {numbers}[1] * wp.randn(rng)"
            case "log_uniform":
                return f"wp.exp(wp.randf(rng, wp.log({numbers}[0]), wp.log({numbers}[1])))"
        return f"wp.randf(rng, {numbers}[0], {numbers}[1])"

    def changed(self, change: Change, before: str) -> str:
        """Text of the new value of what was ``before``."""
        new = self.drawn(change)
        if change.operation == "add":
            new = f"{before} + {new}"
        elif change.operation == "scale":
            new = f"{before} * ({new})" if change.distribution == "gaussian" else f"{before} * {new}"
        if change.least is None or not (change.operation == "add" or change.distribution == "gaussian"):
            return new
        return f"wp.max({new}, {literal(change.least)})"

    def kept(self, host: str, wish: str, annotation: str, attribute: str = "") -> str:
        """The argument that holds a copy of an array, made when the environment is built."""
        name = self.module.attribute(f"wp.clone({host})", attribute or wish)
        return self.kernel.parameter(name, annotation, wish)

    def gravity(self, change: Change) -> None:
        text = "NewtonManager.get_model().gravity"
        array = self.kernel.parameter(self.module.attribute(text, "gravity"), "wp.array(dtype=wp.vec3)", "gravity")
        default = ""
        if change.operation != "set":
            host = self.module.attribute(text, "gravity")
            default = self.kept(host, "default_gravity", "wp.array(dtype=wp.vec3)")
        self.line(f"vector = {array}[env]")
        for place in _places(change):
            self.line(f"vector[{place}] = {self.changed(change, f'{default}[env][{place}]')}")
        self.line(f"{array}[env] = vector")

    def friction(self, change: Change) -> None:
        robot = self.leaves.entities[change.robot]
        own = "" if len(self.program.own_robots) == 1 else f"{robot}_"
        text = f'self.{robot}.root_view.get_attribute("shape_material_mu", NewtonManager.get_model())[:, 0]'
        host = self.module.attribute(text, f"{own}shape_friction")
        array = self.kernel.parameter(host, "wp.array2d(dtype=float)", f"{own}shape_friction")
        default = ""
        if change.operation != "set":
            default = self.kept(host, f"default_{own}shape_friction", "wp.array2d(dtype=float)")
        label = word(set_labels(self.program).get(change.names) or change.names[0])
        model = next(item.model for item in self.program.robots if item.name == change.robot)
        if set(change.names) == set(model.body_names):
            members = '".*"'
        else:
            members = f"{self.module.members(change.names)}, preserve_order=True"
        found = f"shapes_of(self.{robot}, self.{robot}.find_bodies({members})[0])"
        text = f"wp.array({found}, dtype=wp.int32, device=self.device)"
        shapes = self.kernel.parameter(
            self.module.attribute(text, f"{own}{label}_shapes"), "wp.array(dtype=int)", f"{own}{label}_shapes"
        )
        self.line(f"for i in range({shapes}.shape[0]):")
        self.line(f"{array}[env, {shapes}[i]] = {self.changed(change, f'{default}[env, {shapes}[i]]')}", 1)

    def texture(self, change: Change) -> None:
        name = texture_name(change)
        made = self.module.attribute(texture_made(change, "self.scene", "self.cfg.randomize"), name)

        def part(field: str, annotation: str) -> str:
            return self.kernel.parameter(f"{made}.{field}", annotation, f"{name}_{field}")

        first = next(item for item in self.program.randomize.reset if item.quantity == TEXTURE)  # all have the same ids
        host = self.module.attribute(texture_made(first, "self.scene", "self.cfg.randomize"), texture_name(first))
        ids = self.kernel.parameter(f"{host}.ids", "wp.array(dtype=int)", "texture_ids")
        shapes, drawn = part("shapes", "wp.array2d(dtype=int)"), f"wp.randi(rng, 0, {part('count', 'int')})"
        number = f"picture = {part('first', 'int')} + {drawn}"
        if len(change.names) > 1:
            starts = part("starts", "wp.array(dtype=int)")
            self.line(f"for k in range({starts}.shape[0] - 1):")
            self.line(number, 1)
            self.line(f"for i in range({starts}[k], {starts}[k + 1]):", 1)
        else:
            self.line(number)
            self.line(f"for i in range({shapes}.shape[1]):")
        self.line(f"{ids}[{shapes}[env, i]] = picture", 2 if len(change.names) > 1 else 1)

    def wrench(self, change: Change) -> None:
        array = pushes(self.kernel, change.robot, self.program, self.leaves)[change.quantity]
        if len(change.names) == 1:
            host = self.leaves.single(change.robot, "body", change.names[0])
            deeper, body = 0, self.kernel.parameter(host, "int", word(change.names[0]))
        else:
            bodies = self.leaves.several(self.kernel, change.robot, "body", change.names)
            self.line(f"for i in range({self.module.length(Axis('body', change.robot, change.names))}):")
            deeper, body = 1, f"{bodies}[i]"
        self.line(f"vector = {array}[env, {body}]", deeper)
        for place in _places(change):
            self.line(f"vector[{place}] = {self.changed(change, '')}", deeper)
        self.line(f"{array}[env, {body}] = vector", deeper)

    def gain(self, change: Change) -> None:
        name = JOINTS[change.quantity]
        array = self.leaves.data(self.kernel, change.robot, name, 2, "float")
        host = f"self.{self.leaves.entities[change.robot]}.data.{name}.warp"
        default = ""
        if change.operation != "set":
            default = self.kept(host, f"default_{array}", "wp.array2d(dtype=float)")
        deeper, joint = self.members(change)
        self.line(f"{array}[env, {joint}] = {self.changed(change, f'{default}[env, {joint}]')}", deeper)

    def members(self, change: Change) -> tuple[int, str]:
        """Opens a loop over several joints; further indentation, and the index of a joint."""
        if len(change.names) == 1:
            host = self.leaves.single(change.robot, "joint", change.names[0])
            return 0, self.kernel.parameter(host, "int", word(change.names[0]))
        joints = self.leaves.several(self.kernel, change.robot, "joint", change.names)
        axis = Axis("joint", change.robot, change.names)
        self.line(f"for i in range({self.module.length(axis)}):")
        return 1, f"{joints}[i]"

    def joints(self, change: Change) -> None:
        """A new state of joints, within their limits; it is sent to the simulator afterwards."""
        kernel, robot = self.kernel, self.leaves.entities[change.robot]
        own = "" if len(self.program.own_robots) == 1 else f"{word(change.robot)}_"
        name = "joint_pos" if change.quantity == "joint.pos" else "joint_vel"
        output = kernel.parameter(f"self._{robot}_{name}", "wp.array2d(dtype=float)", f"{own}new_{name}")
        deeper, joint = self.members(change)
        self.line(f"value = {self.changed(change, f'{output}[env, {joint}]')}", deeper)
        if name == "joint_pos":
            limits = self.leaves.data(kernel, change.robot, "soft_joint_pos_limits", 2, "wp.vec2")
            self.line(f"limits = {limits}[env, {joint}]", deeper)
            self.line(f"{output}[env, {joint}] = wp.clamp(value, limits[0], limits[1])", deeper)
            return
        speeds = self.leaves.data(kernel, change.robot, "soft_joint_vel_limits", 2, "float")
        self.line(f"speed = {speeds}[env, {joint}]", deeper)
        self.line("if speed > 0.0:", deeper)
        self.line("value = wp.clamp(value, -speed, speed)", deeper + 1)
        self.line(f"{output}[env, {joint}] = value", deeper)

    def root(self, change: Change) -> None:
        kernel = self.kernel
        if change.quantity == "root.pos":
            pose = self.leaves.data(kernel, change.robot, "root_link_pose_w", 1, "wp.transform")
            self.line(f"vector = wp.transform_get_translation({pose}[env])")
            for place in _places(change):
                origin_ = f"{self.leaves.origins(kernel)}[env][{place}] + " if change.operation == "set" else ""
                self.line(f"vector[{place}] = {origin_}{self.changed(change, f'vector[{place}]')}")
            self.line(f"{pose}[env] = wp.transform(vector, wp.transform_get_rotation({pose}[env]))")
            return
        velocity = self.leaves.data(kernel, change.robot, "root_com_vel_w", 1, "wp.spatial_vector")
        shift = 3 if change.quantity == "root.ang_vel" else 0
        self.line(f"velocity = {velocity}[env]")
        for place in _places(change):
            part = f"velocity[{place + shift}]"
            self.line(f"{part} = {self.changed(change, part)}")
        self.line(f"{velocity}[env] = velocity")


def pushes(kernel: Kernel, robot: str, program: Program, leaves: Leaves) -> dict[str, str]:
    """The arguments that hold the forces and torques on the bodies of a robot, by quantity."""
    own = "" if len(program.own_robots) == 1 else f"{word(robot)}_"
    names = {"body.force": "forces", "body.torque": "torques"}
    return {
        quantity: kernel.parameter(
            f"self._{leaves.entities[robot]}_{name}", "wp.array2d(dtype=wp.vec3)", f"{own}{name}"
        )
        for quantity, name in names.items()
    }


def calm(kernel: Kernel, program: Program, leaves: Leaves) -> None:
    """The forces of an episode end with it."""
    for robot in program.randomize.pushed:
        forces, torques = pushes(kernel, robot, program, leaves).values()
        kernel.line(f"for i in range({forces}.shape[1]):")
        kernel.line(f"{forces}[env, i] = wp.vec3(0.0)", 2)
        kernel.line(f"{torques}[env, i] = wp.vec3(0.0)", 2)


def timer_reset(kernel: Kernel, intervals: Sequence[Interval], leaves: Leaves) -> None:
    """A new episode draws the times that are left."""
    for place, interval in enumerate(intervals):
        times = kernel.parameter("self._time_left", "wp.array2d(dtype=float)", "time_left")
        period = leaves.setting(kernel, interval.period)
        kernel.line(f"{times}[env, {place}] = wp.randf(rng, {period}[0], {period}[1])")


def interval_kernel(kernel: Kernel, program: Program, module: Module, leaves: Leaves) -> Kernel:
    """The body of ``draw_on_time``."""
    times = kernel.parameter("self._time_left", "wp.array2d(dtype=float)", "time_left")
    step = kernel.parameter("self.step_dt", "float", "step_dt")
    states = kernel.parameter("self._rng", "wp.array(dtype=wp.uint32)", "rng_states")
    moved = kernel.parameter("self._moved", "wp.array(dtype=wp.bool)", "moved") if moves(program) else ""
    kernel.line(f"rng = {states}[env]")
    if moved:
        kernel.line(f"{moved}[env] = False")
    for robot in program.robots:
        _present(kernel, program, robot, leaves)
    for place, interval in enumerate(program.randomize.intervals):
        kernel.comment(origin(interval.span))
        period = leaves.setting(kernel, interval.period)
        kernel.line(f"left = {times}[env, {place}] - {step}")
        kernel.line("if left < 1.0e-6:")
        kernel.line(f"left = wp.randf(rng, {period}[0], {period}[1])", 2)
        Draws(kernel, program, module, leaves, 2).write(interval.changes)
        if any(change.is_state for change in interval.changes):
            kernel.line(f"{moved}[env] = True", 2)
        kernel.line(f"{times}[env, {place}] = left")
    kernel.line(f"{states}[env] = rng")
    return kernel


def _present(kernel: Kernel, program: Program, robot: Robot, leaves: Leaves) -> None:
    """Copies the state of joints that some change starts from."""
    if robot.name not in moved_joints(program):
        return
    own = "" if len(program.own_robots) == 1 else f"{word(robot.name)}_"
    attribute = leaves.entities[robot.name]
    for name in ("joint_pos", "joint_vel"):
        output = kernel.parameter(f"self._{attribute}_{name}", "wp.array2d(dtype=float)", f"{own}new_{name}")
        present = leaves.data(kernel, robot.name, name, 2, "float")
        kernel.line(f"for column in range({output}.shape[1]):")
        kernel.line(f"{output}[env, column] = {present}[env, column]", 2)


def moves(program: Program) -> bool:
    """Whether some robot is moved at intervals."""
    return any(change.is_state for change in program.randomize.later)


def moved_joints(program: Program) -> list[str]:
    """Robots whose joints are moved at intervals."""
    changes = [change for change in program.randomize.later if change.quantity in ("joint.pos", "joint.vel")]
    return list(dict.fromkeys(change.robot for change in changes))


def told(changes: Sequence[Change]) -> list[str]:
    """Statements that hand new properties to MuJoCo, which keeps copies of its own."""
    quantities = {change.quantity for change in changes}
    flags = [f"ModelFlags.{flag}" for quantity, flag in FLAGS.items() if quantity in quantities]
    lines = [f"NewtonManager._solver.notify_model_changed({' | '.join(flags)})"] if flags else []
    if quantities & set(GAINS):
        lines.append("NewtonManager._solver._update_joint_dof_properties()")
    return lines


def _places(change: Change) -> list[int]:
    return ["xyz".index(letter) for letter in change.parts or "xyz"]


__all__ = ["Draws", "interval_kernel", "moved_joints", "moves", "timer_reset", "told"]
