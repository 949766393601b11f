"""What ``_reset_idx`` holds: the state that new episodes begin with, for each robot."""

from __future__ import annotations

from stripe_dsl.emit.identifiers import safe_identifier
from stripe_dsl.emit.naming import word
from stripe_dsl.emit.scenes import scene_text
from stripe_dsl.emit.torch.expressions import Expression, TorchWriter
from stripe_dsl.emit.torch.leaves import Leaves, tunable_text
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.emit.torch.reach import write_reach
from stripe_dsl.emit.values import Precedence, Spread, Value, aligned, suffixed
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.objects import CableObject, GrainsObject, RigidObject, SoftObject
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.program import Program, Reset
from stripe_dsl.ir.resets import BEGIN, begins_read, lines_of
from stripe_dsl.ir.robots import Robot

RESET_LOCALS = (
    "body_pose", "middle", "nodes", "segments", "root_pose", "root_vel", "joint_pos", "joint_vel", "lower", "upper",
    "max_vel", "turn", "ids", "rows",
)  # fmt: skip
"""Variables of ``_reset_idx``; with ``default_`` before them, what they held before the first statement."""

TENSORS = {
    "joint.pos": "joint_pos",
    "joint.vel": "joint_vel",
    "root.pos": "root_pose",
    "root.yaw": "root_pose",
    "root.rot": "root_pose",
    "root.lin_vel": "root_vel",
    "root.ang_vel": "root_vel",
    "soft.pos": "middle",
}
"""The tensor that a quantity is written to. The default of a quantity is read from the same one."""

COLUMNS = {
    "root.pos": {"x": "0", "y": "1", "z": "2", "xy": "0:2", "yz": "1:3", "xz": "0:3:2", "": ":3"},
    "root.rot": {"": "3:"},
    "root.lin_vel": {"x": "0", "y": "1", "z": "2", "xy": "0:2", "yz": "1:3", "xz": "0:3:2", "": ":3"},
    "soft.pos": {"x": "0", "y": "1", "z": "2", "xy": "0:2", "yz": "1:3", "xz": "0:3:2", "": ":3"},
    "root.ang_vel": {"x": "3", "y": "4", "z": "5", "xy": "3:5", "yz": "4:6", "xz": "3::2", "": "3:"},
}

BEGINS = {
    f"{BEGIN}pos": ("root_pose", ":3"),
    f"{BEGIN}rot": ("root_pose", "3:"),
    f"{BEGIN}lin_vel": ("root_vel", ":3"),
    f"{BEGIN}ang_vel": ("root_vel", "3:"),
}
"""Tensor and columns of what other resets read."""


def begin_name(name: str, quantity: str) -> str:
    """``tray_begin_pos``: the variable that holds where a robot or object begins."""
    return safe_identifier(f"{word(name)}_{quantity.removeprefix('root.')}")


ELEMENT_BY_ELEMENT = ("neg", "abs", "add", "sub", "mul", "div", "min", "max", "clip", *DRAWS)
"""Operators that mean the same in whatever order the joints of a list stand."""


class RobotReset:
    """The statements of one robot or object, from the defaults of its state to what is written to the simulator."""

    def __init__(
        self,
        program: Program,
        robot: Robot | RigidObject | SoftObject | CableObject | GrainsObject,
        leaves: Leaves,
        writer: TorchWriter,
        outline: str = "",
    ) -> None:
        self.robot = robot
        self.outline = outline
        self.leaves = leaves
        self.writer = writer
        self.resets = [reset for reset in program.resets if reset.robot == robot.name]
        self.actions = [action for action in program.actions if action.robot == robot.name and action.remembers]
        # a cfg of Isaac Lab may make another base and other joints of the file
        self.jointed = isinstance(robot, Robot) and not robot.jointless
        known = isinstance(robot, Robot) and not robot.cfg_reference
        self.fixed = isinstance(robot, Robot) and robot.model.fixed_base and known
        self.alike = {
            id(reset) for reset in self.resets if isinstance(robot, Robot) and known and _takes_all(reset, robot)
        }
        """Statements that treat all joints alike, so that they write whole tensors in whatever order joints stand."""
        self.kept = {TENSORS[reset.quantity] for place, reset in enumerate(self.resets) if self.is_read_later(place)}
        """Tensors whose defaults are read after a statement has overwritten them."""
        self.on_ground = scene_text(program) is not None
        self.reaches = [item for item in program.reaches if item.robot == robot.name]
        self.begins = begins_read(lines_of(program)).get(robot.name, ())
        """What other resets read of where this one begins."""
        self.whole = False
        """Whether the present statement is one of those that treat all joints alike."""

    def write(self) -> Lines:
        """All statements."""
        lines, statements = Lines(), Lines()
        attribute = self.leaves.entities[self.robot.name]
        for reset in self.resets:
            statements.comment(reset.span)
            self.assign(statements, reset)
        lines.statement("data = ", f"self.{attribute}.data")
        self.defaults(lines)
        lines += statements
        self.tell(lines)
        if not self.fixed:
            if self.on_ground:
                lines.remark("heights are above the ground, wherever that is")
                lines.statement("root_pose[:, 2] += ", "height_at(self._ground, rows, root_pose[:, :2])")
                if self.outline and not isinstance(self.robot, Robot):
                    lines.remark("what begins below a mesh falls through it")
                    depth = f"depth_in_ground(self._ground, rows, root_pose[:, None], *self.{self.outline})"
                    lines.statement("root_pose[:, 2] += ", depth)
            lines.statement("root_pose[:, :3] += ", "self.scene.env_origins[rows]")
        self.limit(lines)
        self.send(lines, attribute)
        if self.outline and isinstance(self.robot, Robot):
            self.lift(lines, attribute)
        return lines

    def tell(self, lines: Lines) -> None:
        """Variables for what other resets read, before heights of the ground and origins are added."""
        if self.begins:
            lines.remark("other things begin where this one does")
        for quantity in self.begins:
            tensor, columns = BEGINS[quantity]
            copy = ".clone()" if quantity == f"{BEGIN}pos" else ""  # origins are added in place
            lines.statement(f"{begin_name(self.robot.name, quantity)} = ", f"{tensor}[:, {columns}]{copy}")

    def defaults(self, lines: Lines) -> None:
        """The default state of the environments, and the limits of their joints."""
        tensors = ([] if self.fixed else ["root_pose", "root_vel"]) + ["joint_pos", "joint_vel"] * self.jointed
        read = [name for name in tensors if not self.is_replaced(name)]
        if read:
            lines.remark("indexing copies, so the defaults stay as they are")
        for name in read:
            lines.statement(f"{name} = ", f"data.default_{name}.torch[rows]")
        for name in tensors:
            if name in self.kept:
                lines.statement(f"default_{name} = ", f"{name}.clone()")
        quantities = {node.read.quantity for reset in self.resets for node in walk([reset.value]) if node.read}
        if quantities & {"joint.lower", "joint.upper"} or self.sets("joint.pos") or self.reaches:
            lines.statement("lower, upper = ", "data.soft_joint_pos_limits.torch[rows].unbind(dim=-1)")
        if "joint.vel_limit" in quantities or self.sets("joint.vel"):
            lines.statement("max_vel = ", "data.joint_vel_limits.torch[rows]")

    def is_replaced(self, name: str) -> bool:
        """Whether the first statement about a tensor makes a new one, and none asks for the default."""
        about = [reset for reset in self.resets if TENSORS[reset.quantity] == name]
        read = any(TENSORS.get(quantity) == name for reset in self.resets for quantity, _ in _defaults_of(reset))
        return bool(about) and not read and self.makes_new(about[0])

    def makes_new(self, reset: Reset) -> bool:
        """Whether the value is a new tensor of all joints."""
        return id(reset) in self.alike and bool(reset.value.type.shape) and reset.value.read is None

    def sets(self, quantity: str) -> bool:
        """Whether some statement writes the quantity."""
        return any(reset.quantity == quantity for reset in self.resets)

    def limit(self, lines: Lines) -> None:
        """Keeps what was drawn within the limits of the joints."""
        limits = {"joint.pos": "joint_pos.clamp_(lower, upper)", "joint.vel": "joint_vel.clamp_(-max_vel, max_vel)"}
        wanted = [text for quantity, text in limits.items() if self.sets(quantity)]
        if wanted:
            lines.append("")
            lines.remark("the simulator takes any state, so keep what was drawn within the limits of the joints")
        for text in wanted:
            lines.statement("", text)

    def send(self, lines: Lines, attribute: str) -> None:
        """Writes the state to the simulator."""
        lines.append("")
        if self.fixed:
            lines.remark("the base is fixed to the world: its pose stays")
        else:
            if self.jointed:
                lines.remark("the last call marks what follows from the state as out of date, for all three")
            for quantity, name in (("pose", "root_pose"), ("velocity", "root_vel")):
                arguments = f"root_{quantity}={name}, env_ids=ids{', skip_forward=True' * self.jointed}"
                lines.statement("", f"self.{attribute}.write_root_{quantity}_to_sim_index({arguments})")
        if not self.jointed:
            return
        arguments = "position=joint_pos, velocity=joint_vel, env_ids=ids"
        lines.statement("", f"self.{attribute}.write_joint_state_to_sim_index({arguments})")
        for item in self.reaches:
            assert isinstance(self.robot, Robot)
            write_reach(lines, item, self.robot, self.leaves, self.writer, self.leaf)
        for action in self.actions:
            lines.remark(f"the moving average of ``{action.name}`` begins where the joints are")
            single = action.command.type.axis is None
            ids = self.leaves.index(self.robot.name, "joint", action.joints, single=single)
            target = f"self.{self.leaves.targets[action.name]}[rows{', 0' * single}]"
            lines.statement(f"{target} = ", f"joint_pos[:, {ids}]")

    def lift(self, lines: Lines, attribute: str) -> None:
        """Raises a robot whose feet would begin below the ground."""
        lines.append("")
        lines.remark(
            "joints as they were drawn may put a foot below a slope; what begins below a mesh falls through it"
        )
        lines.statement("body_pose = ", f"self.{attribute}.data.body_link_pose_w.torch[rows]")
        lines.statement("body_pose[..., :3] -= ", "self.scene.env_origins[rows, None]")
        arguments = f"self._ground, rows, body_pose, *self.{self.outline}"
        lines.statement("root_pose[:, 2] += ", f"depth_in_ground({arguments})")
        lines.statement("", f"self.{attribute}.write_root_pose_to_sim_index(root_pose=root_pose, env_ids=ids)")

    # statements

    def assign(self, lines: Lines, reset: Reset) -> None:
        """One statement: what it computes, and the columns that it writes."""
        self.whole = id(reset) in self.alike
        if reset.quantity == "root.yaw":
            self.turn(lines, reset)
            return
        target, one, is_view = self.target(reset)
        default, change = self.change(reset)
        value = self.value(lines, change)
        if default is not None:
            lines.statement(f"{target} += ", aligned([default.type, change.type], [Value(target), value])[1].text)
            return
        empty = f"torch.empty({self.size(reset)}, device=self.device)."
        alike = not change.type.shape and not one  # one draw for several columns
        if is_view and not alike and value.text.startswith(empty):
            lines.statement("", f"{target}.{value.text.removeprefix(empty)}")
            return
        if self.whole and not self.makes_new(reset):
            target += "[:]"
        elif not one and reset.joints and value.spread is Spread.HOST:
            # a number that is assigned to columns by a tensor would be sent to the device, and waited for
            name, _, columns = target.removesuffix("]").partition("[:, ")
            lines.statement("", f"index_fill_({name}, {columns}, {value.text}, dim=1)")
            return
        if not one and not change.type.shape and value.spread is not Spread.HOST:
            value = suffixed(value, "[:, None]")
        lines.statement(f"{target} = ", value.text)

    def target(self, reset: Reset) -> tuple[str, bool, bool]:
        """What a statement writes, whether it is one number for each environment, and whether it is surely a view."""
        name = TENSORS[reset.quantity]
        if not reset.quantity.startswith("joint."):
            return f"{name}[:, {COLUMNS[reset.quantity][reset.parts]}]", len(reset.parts) == 1, True
        if self.whole:
            return name, False, False
        one = not reset.value.type.shape and len(reset.joints) == 1
        return f"{name}[:, {self.leaves.index(reset.robot, 'joint', reset.joints, single=one)}]", one, one

    def change(self, reset: Reset) -> tuple[Node | None, Node]:
        """The default that a value is added to and what is added; the value itself where it is no such sum."""
        value = reset.value
        if value.op == "add" and TENSORS[reset.quantity] not in self.kept:
            for default, change in (value.args, value.args[::-1]):
                if _is_default(default, reset):
                    return default, change
        return None, value

    def turn(self, lines: Lines, reset: Reset) -> None:
        """Turns the base about the vertical."""
        pose = self.tensor("root_pose")
        default, change = self.change(reset)
        value = self.value(lines, change)
        if default is None:
            self.writer.imports.add("euler_xyz_from_quat")
            value = Value(f"{value.within(Precedence.SUM)} - euler_xyz_from_quat({pose}[:, 3:])[2]")
        self.writer.imports |= {"quat_from_euler_xyz", "quat_mul"}
        lines.statement("turn = ", Expression(value, ()).for_all("len(env_ids)"))
        zero = "torch.zeros_like(turn)"
        lines.statement("root_pose[:, 3:] = ", f"quat_mul(quat_from_euler_xyz({zero}, {zero}, turn), {pose}[:, 3:])")

    def value(self, lines: Lines, node: Node) -> Value:
        """The value, after statements for what it needs."""
        block = self.writer.block([node], self.leaf, "len(env_ids)")
        lines.block(block)
        return block.results[0].value

    def size(self, reset: Reset) -> str:
        """Shape of a tensor of the value."""
        shape = reset.value.type.shape
        return f"({', '.join(['len(env_ids)', *map(str, shape)])})" if shape else "len(env_ids)"

    def leaf(self, node: Node) -> str:
        """Defaults and limits of the environments that are reset, and fields of the cfg."""
        if node.op == "tunable":
            return tunable_text(node.attr, {"reset": "cfg"} if node.type.is_scalar else {})
        if node.op == "spot":
            return f"{self.leaves.points(node)}, rows"
        if node.op == "state":
            return f"self.{self.leaves.states[str(node.attr)]}[rows]"
        assert node.read is not None
        read = node.read
        if read.quantity == "env.origin":
            return "self.scene.env_origins[rows]"
        if read.quantity == "env.place":
            return "(rows + 0.5) / self.num_envs"
        if read.quantity.startswith(BEGIN):
            return begin_name(read.entity, read.quantity)
        match read.quantity:
            case "root.default_pos":
                return f"{self.tensor('root_pose')}[:, :3]"
            case "soft.default_pos":
                return self.tensor("middle")
            case "root.default_rot":
                return f"{self.tensor('root_pose')}[:, 3:]"
            case "root.default_yaw":
                self.writer.imports.add("euler_xyz_from_quat")
                return f"euler_xyz_from_quat({self.tensor('root_pose')}[:, 3:])[2]"
            case "root.default_lin_vel":
                return f"{self.tensor('root_vel')}[:, :3]"
            case "root.default_ang_vel":
                return f"{self.tensor('root_vel')}[:, 3:]"
        names = {
            "joint.default_pos": self.tensor("joint_pos"),
            "joint.default_vel": self.tensor("joint_vel"),
            "joint.lower": "lower",
            "joint.upper": "upper",
            "joint.vel_limit": "max_vel",
        }
        name = names[read.quantity]
        if self.whole:
            return name
        return f"{name}[:, {self.leaves.index(read.entity, 'joint', read.names, single=node.type.axis is None)}]"

    def tensor(self, name: str) -> str:
        """Where the default is read: what will be overwritten, or a copy of it."""
        return f"default_{name}" if name in self.kept else name

    def is_read_later(self, place: int) -> bool:
        """Whether a later statement reads a default that the one at ``place`` overwrites."""
        written = self.resets[place]
        return any(
            written.quantity == quantity and (not names or set(names) & set(written.joints))
            for later in self.resets[place + 1 :]
            for quantity, names in _defaults_of(later)
        )


def _defaults_of(reset: Reset) -> list[tuple[str, tuple[str, ...]]]:
    """Quantities whose defaults a statement reads, with the joints; parts of a vector count as the whole."""
    reads = [node.read for node in walk([reset.value]) if node.read is not None]
    found = [(read.quantity.replace(".default_", "."), read.names) for read in reads if ".default_" in read.quantity]
    return [*found, ("root.yaw", ())] if reset.quantity == "root.yaw" else found


def _is_default(node: Node, reset: Reset) -> bool:
    """Whether the node is the default of exactly what the statement writes."""
    if reset.parts:
        if node.op != "part" or node.attr != reset.parts:
            return False
        node = node.args[0]
    owner, _, quantity = reset.quantity.partition(".")
    read = node.read
    return read is not None and read.quantity == f"{owner}.default_{quantity}" and read.names == reset.joints


def _takes_all(reset: Reset, robot: Robot) -> bool:
    """Whether a statement treats all joints of the robot alike, so that their order does not matter."""
    if len(reset.joints) < 2 or set(reset.joints) != set(robot.model.joint_names):
        return False
    return all(
        node.read.names == reset.joints
        if node.read is not None
        else node.op in ELEMENT_BY_ELEMENT or (node.op in ("const", "tunable") and node.type.is_scalar)
        for node in walk([reset.value])
    )
