"""How generated kernels read the simulation: arrays that Newton and Isaac Lab keep, indexed by environment.

Only arrays that physics itself writes are read. What Isaac Lab derives from them when it is asked (velocities in the
frame of the body, projected gravity) is derived in the kernel: a property that is computed lazily cannot be captured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stripe_dsl.emit.data import JOINTS, WHOLE
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.naming import entity_attributes, escaped, tunable_path, word
from stripe_dsl.emit.sensors import member_word
from stripe_dsl.emit.values import Precedence, Value, call, infix
from stripe_dsl.emit.warp import deformables, sensors
from stripe_dsl.emit.warp.bodies import BODY_DATA, LINK_VELOCITY, body_value, root_velocity
from stripe_dsl.emit.warp.curriculum import places
from stripe_dsl.emit.warp.draws import drawn
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.loop import Loop
from stripe_dsl.emit.warp.module import Module
from stripe_dsl.emit.warp.operators import VECTORS
from stripe_dsl.ir.graph import Node, Read
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.program import Action, Program
from stripe_dsl.ir.types import Kind, Type

type Leaf = Callable[[Kernel, Loop | None, Node], Value]

CONTROL = {"effort": "joint_f", "position": "joint_target_q", "velocity": "joint_target_qd"}
"""What Newton calls the targets of joints."""


def dtype(type: Type) -> str:
    """Warp's type of one element."""
    return "wp.bool" if type.kind is Kind.BOOL else VECTORS.get(type.components, "float")


def array(type: Type) -> str:
    """The annotation of an array that holds a value for each environment."""
    return f"wp.array{'2d' if type.axis is not None else ''}(dtype={dtype(type)})"


class Leaves:
    """Leaf texts of one generated module.

    Args:
        program: the task.
        module: what its kernels share.

    Attributes:
        entities: attribute of each robot and object.
        alone: the only robot, which needs no name; ``None`` where there are several.
        sensors: attribute of each sensor.
        memories: attribute of the memory of each operand of ``prev``, by id.
        targets: attribute that holds the last target of an action, by its name.
        goals: attribute that holds what an action is to reach, and the type of that, by quantity.
        wrenches: attribute that holds the forces which an action commands, by its name.
        states: attribute of each state, by name.
        fields: attribute and kind of each field of the scene, by name; heights of the ground have one of their own.
        sampled: kinds of the fields that are read.
        spots: attribute that holds points of a zone, by name.
    """

    def __init__(self, program: Program, module: Module) -> None:
        self.program = program
        self.module = module
        self.entities = entity_attributes(program)
        self.alone = program.own_robots[0].name if len(program.own_robots) == 1 else None
        self.sensors = {sensor.name: safe_identifier(sensor.name) for sensor in program.sensors}
        self.kinds = {sensor.name: sensor.kind for sensor in program.sensors}
        self.memories: dict[int, str] = {}
        self.targets = {
            action.name: module.own(f"{action.name}_target") for action in program.actions if action.remembers
        }
        self.goals = {
            f"goal.{action.name}.{part}": (module.own(f"{action.name}_goal_{part}"), node.type)
            for action in (*program.actions, *program.reaches)
            for part, node in action.goals
        }
        self.wrenches = {
            action.name: module.own(f"{action.name}_{'thrust' if action.axis else 'wrench'}")
            for action in program.actions
            if action.kind == "wrench"
        }
        self.states: dict[str, str] = {}
        self.fields: dict[str, tuple[str, str]] = {}
        self.sampled: set[str] = set()
        self.spots: dict[str, str] = {}
        self.scheduled = places(program)

    # what kernels read

    def step(self, given: Mapping[str, str], *, previous_actions: str) -> Leaf:
        """Leaves in kernels that work on all environments.

        Args:
            given: local variables that hold quantities (``env.failed``, ``term.fallen``).
            previous_actions: the array that ``prev`` of an action reads.
        """

        def leaf(kernel: Kernel, loop: Loop | None, node: Node) -> Value:
            if node.op == "tunable":
                return self.tunable(kernel, loop, node)
            if node.op == "prev":
                return self.previous(kernel, loop, node, previous_actions)
            if node.op in ("state", "old"):
                return self.kept(kernel, loop, node, self.states[str(node.attr)])
            if node.op in DRAWS:
                return drawn(loop or kernel, node)
            if node.op == "sample":
                return self.field(kernel, node)
            if node.op == "spot":
                return self.points(kernel, node)
            assert node.read is not None
            if node.read.quantity in given:
                return Value(given[node.read.quantity])
            return self.read(kernel, loop, node, node.read)

        return leaf

    def reset(self, given: Mapping[str, str]) -> Leaf:
        """Leaves in the kernel that resets: defaults, limits and draws."""

        def leaf(kernel: Kernel, loop: Loop | None, node: Node) -> Value:
            if node.op == "tunable":
                return self.tunable(kernel, loop, node)
            if node.op in DRAWS:
                return drawn(loop or kernel, node)
            if node.op == "spot":
                return self.points(kernel, node)
            if node.op == "state":
                return self.kept(kernel, loop, node, self.states[str(node.attr)])
            assert node.read is not None
            for key in (node.read.quantity, f"{node.read.entity} {node.read.quantity}"):
                if key in given:
                    return Value(given[key])
            return self.read(kernel, loop, node, node.read)

        return leaf

    def points(self, kernel: Kernel, node: Node) -> Value:
        """The argument that holds points of a zone."""
        name = str(node.attr)
        if name not in self.spots:
            self.spots[name] = self.module.own(name)
        attribute = self.spots[name]
        return Value(kernel.parameter(f"self.{attribute}", "wp.array2d(dtype=wp.vec2)", attribute.strip("_")))

    def field(self, kernel: Kernel, node: Node) -> Value:
        """The argument that holds a field of the scene."""
        assert isinstance(node.attr, tuple)
        kind, name = map(str, node.attr)
        self.sampled.add(kind)
        if name == "ground.height":
            return Value(kernel.parameter("self._ground", "wp.array3d(dtype=float)", "ground"))
        if name not in self.fields:
            self.fields[name] = (self.module.own(name), kind)
        attribute = self.fields[name][0]
        annotation = f"wp.array3d(dtype={'wp.vec3' if kind == 'nearest' else 'float'})"
        return Value(kernel.parameter(f"self.{attribute}", annotation, f"{attribute.strip('_')}_field"))

    def tunable(self, kernel: Kernel, loop: Loop | None, node: Node) -> Value:
        """A field of the settings, or one end of a range."""
        path, end = tunable_path(node.attr)
        member = f"[{loop.index}]" if loop is not None and node.type.axis is not None else end
        return Value(f"{self.setting(kernel, path)}{member}")

    def setting(self, kernel: Kernel, path: str) -> str:
        """``reward.alive``: a field of the struct that carries its group, or what a curriculum makes of it."""
        if path in self.scheduled:
            array, place = self.scheduled[path]
            kind = "wp.vec2" if array == "scheduled_ranges" else "float"
            return f"{kernel.parameter(f'self._{array}', f'wp.array(dtype={kind})', array)}[{place}]"
        group = path.partition(".")[0]
        self.module.setting(group)
        struct = kernel.parameter(f"self._{group}", f"{group.title()}Settings", group)
        return f"{struct}.{self.module.fields[path]}"

    def previous(self, kernel: Kernel, loop: Loop | None, node: Node, previous_actions: str) -> Value:
        """What ``prev`` reads: the value at the last observation."""
        (operand,) = node.args
        if operand.read is not None and operand.read.quantity.startswith("action."):
            return self.action(kernel, loop, operand, previous_actions)
        value = self.kept(kernel, loop, node, self.memories[operand.id])
        if kernel.operands(node):
            scope = loop or kernel
            return call("wp.where", [Value("fresh"), scope.value(operand), value])
        return value

    def kept(self, kernel: Kernel, loop: Loop | None, node: Node, attribute: str) -> Value:
        """An element of a buffer: of one environment, or of one member of a list."""
        name = kernel.parameter(f"self.{attribute}", array(node.type), attribute.strip("_"))
        return Value(
            f"{name}[env, {loop.index}]" if loop is not None and node.type.axis is not None else f"{name}[env]"
        )

    def read(self, kernel: Kernel, loop: Loop | None, node: Node, read: Read) -> Value:
        """One quantity of one environment."""
        quantity = read.quantity
        if quantity.startswith("action."):
            return self.action(kernel, loop, node, "actions")
        if quantity.startswith("target."):
            action = next(item for item in self.program.actions if quantity == f"target.{item.name}")
            return Value(f"{self.target(kernel, action)}[env, {column(0, node.type, loop)}]")
        if quantity.startswith("goal."):
            return Value(f"{self.goal(kernel, quantity)}[env]")
        if quantity.startswith("jacobian."):
            return self.jacobian(kernel, loop, node, read)
        if quantity == "env.origin":
            return Value(f"{self.origins(kernel)}[env]")
        if quantity == "env.place":
            count = kernel.parameter("self.num_envs", "int", "num_envs")
            return infix("/", Precedence.PRODUCT, Value("(float(env) + 0.5)"), Value(f"float({count})"))
        if quantity == "env.time":
            length = kernel.parameter("self._episode_length_buf_wp", "wp.array(dtype=int)", "episode_length")
            step = kernel.parameter("self.step_dt", "float", "step_dt")
            return infix("*", Precedence.PRODUCT, Value(f"float({length}[env])"), Value(step))
        if quantity.startswith("root."):
            return self.root(kernel, read.entity, quantity)
        if quantity in BODY_DATA or quantity == LINK_VELOCITY:
            place = self.place(kernel, loop, node, "body", read)
            return body_value(self, kernel, read.entity, quantity, place)
        if quantity == "camera.mask":
            assert loop is not None
            sensor, name = self.sensors[read.entity], read.names[0]
            text = f'self.{sensor}.data.output["semantic_segmentation"].warp.reshape((self.num_envs, -1))'
            wish = f"{sensor}_labels"
            picture = kernel.parameter(self.module.attribute(text, wish), "wp.array2d(dtype=int)", wish)
            wish = f"{sensor}_{word(name)}"
            number = self.module.attribute(f"label_id(self.{sensor}, {literal(name)})", wish)
            return infix(
                "==", Precedence.COMPARISON, Value(f"{picture}[env, {loop.index}]"),
                Value(kernel.parameter(number, "int", wish)),
            )  # fmt: skip
        if quantity in deformables.QUANTITIES:
            assert loop is not None
            return deformables.reading(self, kernel, read.entity, quantity, loop.index)
        if quantity in WHOLE or quantity in sensors.PICTURES:
            place = loop.index if loop is not None and node.type.axis is not None else ""
            return sensors.reading(self.module, kernel, self.sensors[read.entity], quantity, place)
        if read.entity in self.sensors:
            place = self.place(kernel, loop, node, "body", read)
            return sensors.reading(self.module, kernel, self.sensors[read.entity], quantity, place)
        place = self.place(kernel, loop, node, "joint", read)
        if quantity in ("joint.lower", "joint.upper"):
            limits = self.data(kernel, read.entity, "soft_joint_pos_limits", 2, "wp.vec2")
            return Value(f"{limits}[env, {place}][{int(quantity == 'joint.upper')}]")
        if quantity == "joint.effort":
            robot = self.entities[read.entity]
            host = f"self.{robot}.actuators.applied_effort.warp"
            return Value(f"{kernel.parameter(host, 'wp.array2d(dtype=float)', 'applied_effort')}[env, {place}]")
        return Value(f"{self.data(kernel, read.entity, JOINTS[quantity], 2, 'float')}[env, {place}]")

    def root(self, kernel: Kernel, robot: str, quantity: str) -> Value:
        """Pose and velocity of the base, in local variables."""
        pose = f"{self.data(kernel, robot, 'root_link_pose_w', 1, 'wp.transform')}[env]"
        rotation = f"wp.transform_get_rotation({pose})"
        own = "" if robot == self.alone else f"{word(robot)}_"
        if quantity == "root.pos@world":
            return Value(kernel.local(f"wp.transform_get_translation({pose})", f"{own}root_pos"))
        if quantity == "root.rot@world":
            return Value(kernel.local(rotation, f"{own}root_quat"))
        name, _, frame = quantity.removeprefix("root.").partition("@")
        if name == "gravity":
            gravity = f"wp.normalize({self.data(kernel, robot, 'GRAVITY_VEC_W', 1, 'wp.vec3')}[env])"
            quat = kernel.local(rotation, f"{own}root_quat")
            return Value(kernel.local(f"wp.quat_rotate_inv({quat}, {gravity})", f"{own}gravity_b"))
        velocity = root_velocity(self, kernel, robot, name)
        if frame == "world":
            return Value(kernel.local(velocity, f"{own}root_{name}_w"))
        quat = kernel.local(rotation, f"{own}root_quat")
        return Value(kernel.local(f"wp.quat_rotate_inv({quat}, {velocity})", f"{own}root_{name}_b"))

    def data(self, kernel: Kernel, robot: str, name: str, dims: int, kind: str) -> str:
        """The argument that holds an array of a robot's data."""
        owner = self.entities[robot]
        wish = name.lower() if robot == self.alone else f"{word(robot)}_{name.lower()}"
        annotation = f"wp.array{'2d' if dims == 2 else ''}(dtype={kind})"
        return kernel.parameter(f"self.{owner}.data.{name}.warp", annotation, wish)

    def origins(self, kernel: Kernel) -> str:
        """The argument that holds the origins of the environments."""
        return kernel.parameter("self._env_origins", "wp.array(dtype=wp.vec3)", "env_origins")

    def place(self, kernel: Kernel, loop: Loop | None, node: Node, kind: str, read: Read) -> str:
        """Index of a joint or body: an argument for a single one, an element of an array inside a loop."""
        if node.type.axis is None:
            return kernel.parameter(self.single(read.entity, kind, read.names[0]), "int", word(read.names[0]))
        assert loop is not None
        return loop.member(self.several(kernel, read.entity, kind, read.names), kind)

    def single(self, entity: str, kind: str, name: str) -> str:
        """The attribute that holds the index of one joint or body."""
        owner = self.entities.get(entity) or self.sensors[entity]
        finder = f"self.{owner}.find_{member_word(self.kinds.get(entity, ''), kind)}"
        label = self.module.label((name,), name)
        return self.module.attribute(f"{finder}({literal(escaped(name))})[0][0]", self._own(entity, label))

    def several(self, kernel: Kernel, entity: str, kind: str, names: tuple[str, ...]) -> str:
        """The argument that holds the indices of several joints or bodies."""
        owner = self.entities.get(entity) or self.sensors[entity]
        plural = "joints" if kind == "joint" else "bodies"
        members = self.module.members(names)
        finder = f"self.{owner}.find_{member_word(self.kinds.get(entity, ''), kind)}"
        found = f"{finder}({members}, preserve_order=True)[0]"
        label = self._own(entity, self.module.label(names, plural))
        host = self.module.attribute(f"wp.array({found}, dtype=wp.int32, device=self.device)", label)
        return kernel.parameter(host, "wp.array(dtype=int)", label)

    def _own(self, entity: str, label: str) -> str:
        return label if entity == self.alone else f"{word(self.entities.get(entity) or self.sensors[entity])}_{label}"

    def action(self, kernel: Kernel, loop: Loop | None, node: Node, array: str) -> Value:
        """An element of one action term in an array of all actions."""
        assert node.read is not None
        name = node.read.quantity.removeprefix("action.")
        start = 0
        for action in self.program.actions:
            if action.name == name:
                break
            start += action.width
        parameter = kernel.parameter(f"self._{array}", "wp.array2d(dtype=float)", array)
        return Value(f"{parameter}[env, {column(start, node.type, loop)}]")

    def target(self, kernel: Kernel, action: Action) -> str:
        """The argument that holds the last target of an action."""
        name = self.targets[action.name]
        return kernel.parameter(f"self.{name}", "wp.array2d(dtype=float)", name.strip("_"))

    def goal(self, kernel: Kernel, quantity: str) -> str:
        """The argument that holds what an action is to reach."""
        name, type = self.goals[quantity]
        return kernel.parameter(f"self.{name}", array(type), name.strip("_"))

    def jacobian(self, kernel: Kernel, loop: Loop | None, node: Node, read: Read) -> Value:
        """The column of a body's Jacobian that belongs to a joint; a fixed base has no row, a free one six columns."""
        robot = next(robot for robot in self.program.robots if robot.name == read.entity)
        part, _, body = read.quantity.removeprefix("jacobian.").partition("@world:")
        fixed, owner = robot.model.fixed_base, self.entities[robot.name]
        wish = "jacobian" if robot.name == self.alone else f"{word(robot.name)}_jacobian"
        host = f"self.{owner}.data.body_link_jacobian_w.warp"
        jacobian = kernel.parameter(host, "wp.array4d(dtype=float)", wish)
        row = kernel.parameter(self.single(read.entity, "body", body), "int", word(body)) + " - 1" * fixed
        joint = self.place(kernel, loop, node, "joint", read) + ("" if fixed else " + 6")
        column = f"{kernel.helper('column_of')}({jacobian}, env, {row}, {joint})"
        half = {"linear": "wp.spatial_top", "angular": "wp.spatial_bottom"}
        return Value(f"{half[part]}({column})" if part in half else column)

    def wrench(self, kernel: Kernel, action: Action) -> str:
        """The argument that holds the forces which an action commands."""
        name = self.wrenches[action.name]
        return kernel.parameter(f"self.{name}", "wp.array2d(dtype=float)", name.strip("_"))

    def commands(self, kernel: Kernel, action: Action) -> list[str]:
        """The arguments that hold the targets which an action writes: Isaac Lab's, and those that Newton reads."""
        robot = self.entities[action.robot]
        own = "" if action.robot == self.alone else f"{robot}_"
        host = f"self.{robot}.actuators.target_command.{action.kind}.warp"
        names = [kernel.parameter(host, "wp.array2d(dtype=float)", f"{own}{action.kind}_target")]
        for control in self.controls(action):
            text = f"self.{robot}.root_view.get_attribute({literal(control)}, NewtonManager.get_control())[:, 0]"
            drive = self.module.attribute(text, f"{own}{control}")
            names.append(kernel.parameter(drive, "wp.array2d(dtype=float)", f"{own}{control}"))
        return names

    def controls(self, action: Action) -> list[str]:
        """Newton's arrays: its actuators add a feedforward effort, and write efforts themselves."""
        if action.kind != "effort":
            return [CONTROL[action.kind]]
        robot = next(robot for robot in self.program.robots if robot.name == action.robot)
        explicit = [name in robot.explicit for name in action.joints]
        controls = [] if all(explicit) else [CONTROL["effort"]]
        return [*controls, "joint_act"] if any(explicit) else controls


def column(start: int, type: Type, loop: Loop | None) -> str:
    """A column of a flat array: ``3``, ``i``, ``3 + i``."""
    if type.axis is None or loop is None:
        return str(start)
    return f"{start} + {loop.index}" if start else loop.index
