"""The kernel that begins new episodes: it logs the old ones and draws the state that they start in."""

from __future__ import annotations

from collections.abc import Mapping

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.naming import word
from stripe_dsl.emit.scenes import scene_text
from stripe_dsl.emit.values import Precedence, Value, infix
from stripe_dsl.emit.warp.actions import write_goals
from stripe_dsl.emit.warp.curriculum import change_level
from stripe_dsl.emit.warp.deformables import points_of, segment
from stripe_dsl.emit.warp.delays import Delays
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves
from stripe_dsl.emit.warp.memory import Memory
from stripe_dsl.emit.warp.module import Module
from stripe_dsl.emit.warp.observations import Observing
from stripe_dsl.emit.warp.randomize import RESERVED, Draws, calm, timer_reset
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.objects import CableObject, GrainsObject, RigidObject, SoftObject
from stripe_dsl.ir.ops import DRAWS
from stripe_dsl.ir.program import Program, Reset
from stripe_dsl.ir.resets import BEGIN, begins_read, lines_of, reset_order
from stripe_dsl.ir.robots import Robot
from stripe_dsl.ir.types import Axis


def reset_kernel(
    program: Program,
    module: Module,
    leaves: Leaves,
    lets: Mapping[int, str],
    observing: Observing,
    delays: Delays,
    memory: Memory,
    *,
    keeps_previous_actions: bool,
) -> Kernel:
    """The body of ``reset_envs``."""
    given: dict[str, str] = {}
    kernel = Kernel(module, leaves.reset(given), lets, (*RESERVED, "first", "at"))
    mask = kernel.parameter("mask", "wp.array(dtype=wp.bool)", "mask")
    kernel.line(f"if not {mask}[env]:")
    kernel.line("return", 2)
    change_level(kernel, program, leaves)
    _log(kernel, program)
    length = kernel.parameter("self._episode_length_buf_wp", "wp.array(dtype=int)", "episode_length")
    kernel.line(f"{length}[env] = 0")
    actions = kernel.parameter("self._actions", "wp.array2d(dtype=float)", "actions")
    kernel.line(f"for i in range({actions}.shape[1]):")
    kernel.line(f"{actions}[env, i] = 0.0", 2)
    if keeps_previous_actions:
        previous = kernel.parameter("self._previous_actions", "wp.array2d(dtype=float)", "previous_actions")
        kernel.line(f"{previous}[env, i] = 0.0", 2)
    delays.reset(kernel)
    randomize = program.randomize
    draws = any(_draws(reset.value) for reset in lines_of(program)) or observing.biases
    draws = draws or any(_draws(state.initial) for state in program.states if state.early)
    draws = draws or bool(randomize.reset or randomize.intervals or delays.drawn)
    states = kernel.parameter("self._rng", "wp.array(dtype=wp.uint32)", "rng_states") if draws else ""
    if draws:
        kernel.line(f"rng = {states}[env]")
    memory.begin_early(kernel)
    items = {item.name: item for item in (*program.robots, *program.objects)}
    for robot in map(items.__getitem__, reset_order([*items], lines_of(program))[0]):
        _RobotReset(kernel, program, robot, leaves, given).write()
    for item in (*program.soft, *program.grains):
        _SoftReset(kernel, program, item, leaves, given).write()
    for item in program.cables:
        _CableReset(kernel, program, item, leaves, given).write()
    _put_back(kernel, program, leaves)
    observing.draw(kernel)
    delays.draw(kernel)
    calm(kernel, program, leaves)
    Draws(kernel, program, module, leaves).write(randomize.reset)
    timer_reset(kernel, randomize.intervals, leaves)
    if draws:
        kernel.line(f"{states}[env] = rng")
    return kernel


def _put_back(kernel: Kernel, program: Program, leaves: Leaves) -> None:
    """What can be pushed stands again where it stood."""
    scene = scene_text(program)
    for item in scene.loose if scene is not None else ():
        data, poses = f"self.{item.key}.data", "wp.array2d(dtype=wp.transform)"
        pose = kernel.parameter(f"{data}.body_link_pose_w.warp", poses, f"{item.key}_pose")
        velocity = kernel.parameter(
            f"{data}.body_com_vel_w.warp", "wp.array2d(dtype=wp.spatial_vector)", f"{item.key}_vel"
        )
        first = kernel.parameter(f"{data}.default_body_pose.warp", poses, f"default_{item.key}_pose")
        kernel.comment(origin(item.span))
        kernel.line(f"for k in range({pose}.shape[1]):")
        kernel.line(f"first = {first}[env, k]", 2)
        kernel.line(f"at = wp.transform_get_translation(first) + {leaves.origins(kernel)}[env]", 2)
        kernel.line(f"{pose}[env, k] = wp.transform(at, wp.transform_get_rotation(first))", 2)
        kernel.line(f"{velocity}[env, k] = wp.spatial_vector()", 2)


def _log(kernel: Kernel, program: Program) -> None:
    """Adds the sums and the ends of the episodes that are over to the log."""
    log = kernel.parameter("self._log_sums", "wp.array(dtype=float)", "log_sums")
    ends = "len(REWARD_TERMS) + len(TERMINATION_TERMS)"
    logged = "LOGGED" if program.metrics else ends
    kernel.line(f"wp.atomic_add({log}, wp.static({logged}), 1.0)")
    if program.rewards:
        sums = kernel.parameter("self._episode_sums", "wp.array2d(dtype=float)", "episode_sums")
        kernel.line("for k in range(wp.static(len(REWARD_TERMS))):")
        kernel.line(f"wp.atomic_add({log}, k, {sums}[env, k])", 2)
        kernel.line(f"{sums}[env, k] = 0.0", 2)
    if program.terminations or program.timeout:
        ended = kernel.parameter("self._terminations", "wp.array2d(dtype=wp.bool)", "terminations")
        kernel.line("for k in range(wp.static(len(TERMINATION_TERMS))):")
        kernel.line(f"wp.atomic_add({log}, wp.static(len(REWARD_TERMS)) + k, float({ended}[env, k]))", 2)
        kernel.line(f"{ended}[env, k] = False", 2)
    if program.metrics:
        metrics = kernel.parameter("self._metrics", "wp.array2d(dtype=float)", "metrics")
        kernel.line("for k in range(wp.static(len(METRICS))):")
        kernel.line(f"wp.atomic_add({log}, wp.static({ends}) + k, {metrics}[env, k])", 2)
    kernel.lines.append("")


class _RobotReset:
    """The part of the kernel that speaks of one robot or object."""

    def __init__(
        self,
        kernel: Kernel,
        program: Program,
        robot: Robot | RigidObject | SoftObject | CableObject | GrainsObject,
        leaves: Leaves,
        given: dict[str, str],
    ) -> None:
        self.kernel = kernel
        self.robot = robot
        self.leaves = leaves
        self.given = given
        self.resets = [reset for reset in program.resets if reset.robot == robot.name]
        self.actions = [action for action in program.actions if action.robot == robot.name and action.remembers]
        self.own = "" if robot.name == leaves.alone else f"{word(robot.name)}_"
        self.attribute = leaves.entities[robot.name]
        self.jointed = isinstance(robot, Robot) and not robot.jointless
        self.fixed = isinstance(robot, Robot) and robot.model.fixed_base
        self.on_ground = scene_text(program) is not None
        self.reaches = [item for item in program.reaches if item.robot == robot.name]
        self.begins = begins_read(lines_of(program)).get(robot.name, ())
        self.state: dict[str, str] = {}
        """Local variables that hold the state of the base: ``root_pos``, ``root_quat``, …"""

    def write(self) -> None:
        if not self.fixed:
            self.root_defaults()
        if self.jointed:
            self.joint_defaults()
        for reset in self.resets:
            self.kernel.comment(origin(reset.span))
            self.kernel.plan([reset.value])
            self.kernel.compute([reset.value])
            if reset.quantity.startswith("joint."):
                self.joints(reset)
            else:
                self.root(reset)
        if self.jointed:
            self.limit_joints()
        for item in self.reaches:
            write_goals(self.kernel, self.leaves, item)
        if not self.fixed:
            self.tell()
            self.place_root()

    def output(self, name: str, annotation: str) -> str:
        """The argument that holds what is sent to the simulator."""
        return self.kernel.parameter(f"self._{self.attribute}_{name}", annotation, f"{self.own}{name}")

    def root_defaults(self) -> None:
        kernel, own = self.kernel, self.own
        pose = f"{self.leaves.data(kernel, self.robot.name, 'default_root_pose', 1, 'wp.transform')}[env]"
        velocity = f"{self.leaves.data(kernel, self.robot.name, 'default_root_vel', 1, 'wp.spatial_vector')}[env]"
        kernel.lines.append("")
        for name, function, source in (
            ("root_pos", "wp.transform_get_translation", pose),
            ("root_quat", "wp.transform_get_rotation", pose),
            ("root_lin_vel", "wp.spatial_top", velocity),
            ("root_ang_vel", "wp.spatial_bottom", velocity),
        ):
            local = kernel.names.unique(f"{own}{name}")
            self.state[name] = local
            kernel.line(f"{local} = {function}({source})")
        needed = {node.read.quantity for reset in self.resets for node in walk([reset.value]) if node.read is not None}
        for quantity, name in (
            ("root.default_pos", "root_pos"),
            ("root.default_rot", "root_quat"),
            ("root.default_lin_vel", "root_lin_vel"),
            ("root.default_ang_vel", "root_ang_vel"),
        ):
            if quantity in needed:
                self.given[quantity] = kernel.names.unique(f"{own}default_{name}")
                kernel.line(f"{self.given[quantity]} = {self.state[name]}")
        if "root.default_yaw" in needed or any(reset.quantity == "root.yaw" for reset in self.resets):
            self.given["root.default_yaw"] = kernel.names.unique(f"{own}default_yaw")
            kernel.line(f"{self.given['root.default_yaw']} = {kernel.helper('yaw_of')}({self.state['root_quat']})")

    def joint_defaults(self) -> None:
        kernel = self.kernel
        pos, vel = self.output("joint_pos", JOINTS), self.output("joint_vel", JOINTS)
        default_pos = self.leaves.data(kernel, self.robot.name, "default_joint_pos", 2, "float")
        default_vel = self.leaves.data(kernel, self.robot.name, "default_joint_vel", 2, "float")
        kernel.line(f"for column in range({pos}.shape[1]):")
        kernel.line(f"{pos}[env, column] = {default_pos}[env, column]", 2)
        kernel.line(f"{vel}[env, column] = {default_vel}[env, column]", 2)

    def joints(self, reset: Reset) -> None:
        kernel = self.kernel
        target = self.output("joint_pos" if reset.quantity == "joint.pos" else "joint_vel", JOINTS)
        if len(reset.joints) == 1 and reset.value.type.axis is None:
            host = self.leaves.single(reset.robot, "joint", reset.joints[0])
            joint = kernel.parameter(host, "int", word(reset.joints[0]))
            kernel.statement(f"{target}[env, {joint}] = ", kernel.value(reset.value).text)
            return
        if reset.value.type.axis is None and _draws(reset.value):
            kernel.name(reset.value)  # before the loop, which would draw for each joint
        axis = reset.value.type.axis or Axis("joint", reset.robot, reset.joints)
        with kernel.loop(axis, [reset.value]) as loop:
            joint = loop.member(self.leaves.several(kernel, reset.robot, "joint", reset.joints), "joint")
            loop.line(f"{target}[env, {joint}] = {loop.value(reset.value).text}")

    def root(self, reset: Reset) -> None:
        kernel, node = self.kernel, reset.value
        if reset.quantity == "root.yaw":
            quat = self.state["root_quat"]
            turn = infix("-", Precedence.SUM, kernel.value(node), Value(self.given["root.default_yaw"]))
            kernel.statement(f"{quat} = ", f"wp.quat_from_axis_angle(wp.vec3(0.0, 0.0, 1.0), {turn.text}) * {quat}")
            return
        if reset.quantity == "root.rot":
            kernel.statement(f"{self.state['root_quat']} = ", kernel.value(node).text)
            return
        target = self.state[reset.quantity.replace(".", "_")]
        parts = reset.parts or "xyz"
        if len(parts) == 3 and node.type.components == 3:
            kernel.statement(f"{target} = ", kernel.value(node).text)
            return
        named = node.type.components > 1 or (len(parts) > 1 and (_draws(node) or kernel.is_long(node)))
        name = kernel.name(node) if named else ""
        for place, letter in enumerate(parts):
            text = f"{name}[{place}]" if node.type.components > 1 else name or kernel.value(node).text
            kernel.statement(f"{target}[{'xyz'.index(letter)}] = ", text)

    def limit_joints(self) -> None:
        kernel = self.kernel
        pos, vel = self.output("joint_pos", JOINTS), self.output("joint_vel", JOINTS)
        limits = self.leaves.data(kernel, self.robot.name, "soft_joint_pos_limits", 2, "wp.vec2")
        speeds = self.leaves.data(kernel, self.robot.name, "soft_joint_vel_limits", 2, "float")
        kernel.comment("the simulator takes any state, so keep what was drawn within the limits of the joints;")
        kernel.comment("zero stands for a velocity limit that the robot file does not name")
        kernel.line(f"for column in range({pos}.shape[1]):")
        kernel.line(f"limits = {limits}[env, column]", 2)
        kernel.line(f"{pos}[env, column] = wp.clamp({pos}[env, column], limits[0], limits[1])", 2)
        kernel.line(f"speed = {speeds}[env, column]", 2)
        kernel.line("if speed > 0.0:", 2)
        kernel.line(f"{vel}[env, column] = wp.clamp({vel}[env, column], -speed, speed)", 3)
        for action in self.actions:
            kernel.comment(f"the moving average of ``{action.name}`` begins where the joints are")
            target = self.leaves.target(kernel, action)
            with kernel.loop(Axis("joint", action.robot, action.joints)) as loop:
                joint = loop.member(self.leaves.several(kernel, action.robot, "joint", action.joints), "joint")
                loop.line(f"{target}[env, i] = {pos}[env, {joint}]")

    def tell(self) -> None:
        """Keeps what other resets read, before the height of the ground is added."""
        names = {"pos": "root_pos", "rot": "root_quat", "lin_vel": "root_lin_vel", "ang_vel": "root_ang_vel"}
        for quantity in self.begins:
            local = self.state[names[quantity.removeprefix(BEGIN)]]
            if self.on_ground and quantity == f"{BEGIN}pos":
                kept = self.kernel.names.unique(f"{self.own}begin_pos")
                self.kernel.line(f"{kept} = {local}")
                local = kept
            self.given[f"{self.robot.name} {quantity}"] = local

    def place_root(self) -> None:
        """Writes the base where Newton keeps it; the pose of the other bodies follows from it."""
        kernel, name = self.kernel, self.robot.name
        pose = self.leaves.data(kernel, name, "root_link_pose_w", 1, "wp.transform")
        velocity = self.leaves.data(kernel, name, "root_com_vel_w", 1, "wp.spatial_vector")
        if self.on_ground:
            ground = kernel.parameter("self._ground", "wp.array3d(dtype=float)", "ground")
            at = self.state["root_pos"]
            kernel.comment("heights are above the ground, wherever that is")
            kernel.statement(f"{at}[2] = ", f"{at}[2] + ground_height({ground}, env, {at}[0], {at}[1])")
        position = f"{self.state['root_pos']} + {self.leaves.origins(kernel)}[env]"
        kernel.line(f"{pose}[env] = wp.transform({position}, {self.state['root_quat']})")
        speeds = f"{self.state['root_lin_vel']}, {self.state['root_ang_vel']}"
        kernel.line(f"{velocity}[env] = wp.spatial_vector({speeds})")


class _SoftReset(_RobotReset):
    """The part of the kernel that speaks of an object that can be deformed: undeformed and at rest, somewhere."""

    def write(self) -> None:
        kernel, leaves, name = self.kernel, self.leaves, self.robot.name
        state = f"self.{self.attribute}.data.default_nodal_state_w.torch"
        text = f"wp.from_torch({state}[..., :3].contiguous(), dtype=wp.vec3)"
        wish = f"{word(name)}_default_points"
        first = kernel.parameter(leaves.module.attribute(text, wish), "wp.array2d(dtype=wp.vec3)", wish)
        kernel.lines.append("")
        shift = self.shift(f"{kernel.helper('middle_of')}({first}, env)") if self.resets else ""
        kernel.comment("Newton steps from one of its states into the other")
        kernel.line(f"for k in range({first}.shape[1]):")
        for state in (0, 1):
            points = points_of(leaves, kernel, name, "particle_q", state)
            kernel.line(f"{points}[env, k] = {first}[env, k]{shift}", 2)
            kernel.line(f"{points_of(leaves, kernel, name, 'particle_qd', state)}[env, k] = wp.vec3()", 2)

    def shift(self, middle: str) -> str:
        """By how much the middle of the points is moved; ``middle`` is where it is spawned, in the world."""
        kernel = self.kernel
        default = self.given["soft.default_pos"] = kernel.names.unique(f"{self.own}default_pos")
        place = self.state["soft_pos"] = kernel.names.unique(f"{self.own}pos")
        kernel.line(f"{default} = {middle} - {self.leaves.origins(kernel)}[env]")
        kernel.line(f"{place} = {default}")
        for reset in self.resets:
            kernel.comment(origin(reset.span))
            kernel.plan([reset.value])
            kernel.compute([reset.value])
            self.root(reset)
        return f" + ({place} - {default})"


class _CableReset(_SoftReset):
    """The part of the kernel that speaks of a cable: straight and at rest, somewhere."""

    def write(self) -> None:
        kernel, leaves, name = self.kernel, self.leaves, self.robot.name
        first = leaves.data(kernel, name, "default_segment_pose_w", 2, "wp.transform")
        kernel.lines.append("")
        shift = self.shift(f"{kernel.helper('middle_of_segments')}({first}, env)") if self.resets else ""
        kernel.comment("Newton steps from one of its states into the other")
        kernel.line(f"for k in range({first}.shape[1]):")
        kernel.line(f"first = {first}[env, k]", 2)
        pose = "first"
        if shift:
            kernel.line(f"at = wp.transform_get_translation(first){shift}", 2)
            pose = "wp.transform(at, wp.transform_get_rotation(first))"
        for state in (0, 1):
            kernel.line(f"{segment(leaves, kernel, name, 'body_q', 'k', state)} = {pose}", 2)
            kernel.line(f"{segment(leaves, kernel, name, 'body_qd', 'k', state)} = wp.spatial_vector()", 2)


def _draws(value: Node) -> bool:
    """Whether a value is drawn, so that it may be computed once only."""
    return any(node.op in DRAWS for node in walk([value]))


JOINTS = "wp.array2d(dtype=float)"
"""The annotation of an array with a column for each joint."""

__all__ = ["reset_kernel"]
