"""The environment in Warp: its kernels and the methods that launch them, as data for ``env_warp.py.jinja``.

One control step is four kernels: ``apply_actions`` before the physics, then ``end_step`` (terminations and rewards),
``reset_envs`` and ``observe``. Each holds everything of its phase, so that values are read from memory once. Pictures
are written by kernels of their own, behind ``observe``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stripe_dsl.emit.actuators import delay_steps
from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.encoders import Encoding
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.outlines import OutlineText
from stripe_dsl.emit.scenes import ground_import
from stripe_dsl.emit.sensors import CASTING, INTEGRATING, RENDERING, camera_mount
from stripe_dsl.emit.substitution import is_previous_action, memory_operands
from stripe_dsl.emit.values import Precedence, Value, infix
from stripe_dsl.emit.warp.actions import command_leaf, keep_actions, starts, write_command, write_goals
from stripe_dsl.emit.warp.context import CameraText, EncoderText, KernelText, ReachText, WarpEnv
from stripe_dsl.emit.warp.curriculum import follow_text
from stripe_dsl.emit.warp.delays import Delays
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves, dtype
from stripe_dsl.emit.warp.memory import Memory
from stripe_dsl.emit.warp.module import Attribute, Module
from stripe_dsl.emit.warp.observations import Observing
from stripe_dsl.emit.warp.operators import SAMPLERS
from stripe_dsl.emit.warp.pictures import write_pixels
from stripe_dsl.emit.warp.randomize import RESERVED, interval_kernel, moved_joints, moves, told
from stripe_dsl.emit.warp.reach import write_step
from stripe_dsl.emit.warp.resets import reset_kernel
from stripe_dsl.emit.warp.wrenches import command_buffers, push_kernel, pushed_robots
from stripe_dsl.ir.graph import Node, walk
from stripe_dsl.ir.ops import REDUCTIONS
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.sensors import CameraSettings, Sensor


def warp_env(program: Program, outlined: Sequence[OutlineText] = ()) -> WarpEnv:
    """The contents of ``env_warp.py``.

    Args:
        outlined: what has to be kept out of the ground.
    """
    return _Writer(program, outlined).write()


class _Writer:
    def __init__(self, program: Program, outlined: Sequence[OutlineText]) -> None:
        self.program = program
        self.module = Module(program)
        self.groups = {group.name: self.module.own(group.name) for group in program.groups}
        self.leaves = Leaves(program, self.module)
        self.lets = {key: safe_identifier(name) for key, name in program.names.items()}
        self.env = WarpEnv(f"{safe_identifier(program.name)}WarpEnv")
        self.env.outlines = {item.key: self.module.own(f"{item.key}_outline") for item in outlined}
        self.observing = Observing(program, self.module, self.leaves, self.groups)
        self.operands = memory_operands(program)
        self.delays = Delays(program, self.module, self.leaves)
        self.memory = Memory(program, self.module, self.leaves, self.operands)
        self.env.keeps_previous_actions = any(is_previous_action(node) for node in walk(program.ending))

    def write(self) -> WarpEnv:
        env, program, module = self.env, self.program, self.module
        env.memories += self.memory.buffers()
        seen = walk([*program.observing, *self.operands])
        looked_back = {node.args[0].id for node in seen if node.op == "prev"}
        env.remembered = [name for key, name in self.leaves.memories.items() if key in looked_back]
        env.memories += self.observing.buffers
        env.memories += self.delays.buffers()
        env.memories += command_buffers(program, self.leaves)
        self.actions()
        self.end_step()
        self.observe()
        env.kernels["reset_envs"] = self.finish(
            "reset_envs",
            "Begin a new episode where ``mask`` is set: log the old one and draw the state.",
            reset_kernel(
                program,
                module,
                self.leaves,
                self.lets,
                self.observing,
                self.delays,
                self.memory,
                keeps_previous_actions=env.keeps_previous_actions,
            ),
        )
        self.reaches()
        self.intervals()
        env.curriculum = follow_text(program, module)
        entities = self.leaves.entities
        env.robots = [(entities[robot.name], robot.name, robot.model.fixed_base) for robot in program.robots]
        env.jointless = [entities[robot.name] for robot in program.robots if robot.jointless]
        env.objects = [entities[item.name] for item in program.objects]
        env.soft = [entities[item.name] for item in (*program.soft, *program.grains)]
        env.cables = [entities[item.name] for item in program.cables]
        env.delayed = [
            robot.name
            for robot in program.robots
            if robot.learned or any(delay_steps(item, program.sim.physics_dt) for item in robot.actuators)
        ]
        env.learned = any(robot.learned for robot in program.robots)
        env.foreign = [f"cfg.scene.{entities[robot.name]}" for robot in program.robots if robot.cfg_reference]
        env.sensors = [(self.leaves.sensors[sensor.name], sensor.kind) for sensor in program.sensors]
        env.integrating = [name for name, kind in env.sensors if kind in INTEGRATING]
        env.lazy = [name for name, kind in env.sensors if kind not in (*INTEGRATING, *CASTING, *RENDERING)]
        env.resetting = [name for name, kind in env.sensors if kind not in (*CASTING, *RENDERING)]
        env.casting = {
            kernel: [name for name, kind in env.sensors if kind in CASTING and self.reads(kernel, name)]
            for kernel in ("end_step", "observe")
        }
        env.cameras = [self.camera(sensor) for sensor in program.sensors if sensor.kind in RENDERING]
        env.rendering = [
            kernel
            for kernel in ("end_step", "observe")
            if any(self.reads(kernel, camera.name) for camera in env.cameras)
        ]
        env.sets = [(name, literal(names)) for names, name in module.sets.items()]
        env.constants = module.constants
        env.structs = module.structs
        env.helpers = module.helpers
        env.fields, env.spots = self.leaves.fields, self.leaves.spots
        placed = any("ground_height(" in line for line in env.kernels["reset_envs"].lines)
        used = {SAMPLERS[kind] for kind in self.leaves.sampled} | ({"ground_height"} if placed else set())
        used |= {"lift_from_ground"} if env.outlines else set()
        used |= {"drawn_point", "ground_points"} if env.spots else set()
        env.ground_imports = ground_import(program, used, fields=bool(env.fields), outlines=bool(env.outlines))
        env.needs_any = any("Any" in text for text in module.helpers)
        env.attributes = module.attributes
        nodes = walk([*self.operands, *program.ending, *program.observing])
        read = {node.read.quantity for node in nodes if node.read is not None}
        env.reads_effort, env.reads_acceleration = "joint.effort" in read, "joint.acc" in read
        env.encoders = [self.encoder(*item) for item in self.observing.encoded]
        env.groups = [
            (
                group.name,
                self.groups[group.name],
                group.width,
                f".view(-1, {', '.join(map(str, group.shape))})" if group.picture is not None else "",
            )
            for group in program.groups
        ]
        return env

    def camera(self, sensor: Sensor) -> CameraText:
        """What it takes to point a camera where its body looks."""
        assert isinstance(sensor.settings, CameraSettings)
        name, owner = self.leaves.sensors[sensor.name], self.leaves.entities[sensor.robot]
        mount = self.module.attribute(camera_mount(sensor.settings), f"{name}_mount")
        body = self.leaves.single(sensor.robot, "body", sensor.bodies[0])
        return CameraText(name, f"self.{owner}.data.body_link_pose_w.warp", body, mount)

    def encoder(self, item: Encoding, picture: str, places: Sequence[tuple[str, int]]) -> EncoderText:
        """What it takes to run a network behind the graph."""
        columns = [(group, f"{start}:{start + item.encoder.size}") for group, start in places]
        tensors = [
            ("self.torch_obs_buf" if group == "policy" else f"self._torch_groups[{literal(group)}]", text)
            for group, text in columns
        ]
        shape = ", ".join(map(str, item.encoder.picture))
        attribute = self.module.own(f"{item.name}_encoder")
        return EncoderText(item.name, attribute, f"{item.name}_encoder", picture, shape, tensors, columns)

    def reads(self, kernel: str, sensor: str) -> bool:
        """Whether a kernel reads the data of a sensor."""
        kernels = [self.env.kernels.get(kernel), *(self.env.pictures if kernel == "observe" else ())]
        hosts = [host for item in kernels if item is not None for _, _, host in item.parameters]
        return any(
            item.text.startswith(f"self.{sensor}.") and f"self.{item.name}" in hosts for item in self.module.attributes
        )

    def kernel(
        self,
        reserved: Sequence[str] = (),
        given: Mapping[str, str] | None = None,
        *,
        remembers: bool = False,
    ) -> Kernel:
        leaf = self.leaves.step(given or {}, previous_actions="actions" if remembers else "previous_actions")
        return Kernel(self.module, leaf, self.lets, reserved, remembers=remembers)

    def finish(self, name: str, doc: str, kernel: Kernel, pixels: str = "") -> KernelText:
        parameters = tuple((item.name, item.annotation, item.host) for item in kernel.parameters.values())
        return KernelText(name, doc, parameters, tuple(kernel.lines), pixels)

    # kernels

    def actions(self) -> None:
        """Commands that hold over a control step, and those that are computed before each physics step."""
        kernel = self.kernel()
        new = keep_actions(kernel, previous=self.env.keeps_previous_actions)
        self.observing.move(kernel)
        for action, start in starts(self.program):
            if action.delay:
                self.delays.begin(kernel, action, start, new)
            elif action.goals:
                kernel.leaf_of(command_leaf(self.leaves, action, start, f"{new}[env, "))
                write_goals(kernel, self.leaves, action)
            elif not action.each_step:
                kernel.leaf_of(command_leaf(self.leaves, action, start, f"{new}[env, "))
                write_command(kernel, self.leaves, action)
        self.env.kernels["apply_actions"] = self.finish(
            "apply_actions",
            "Keep the new actions and turn them into targets of the joints, for Isaac Lab's data and for Newton.",
            kernel,
        )
        moving = [action for action in self.program.actions if action.each_step]
        if moving:
            kernel = self.kernel()
            spell = self.leaves.step({}, previous_actions="previous_actions")
            for action in moving:
                row = self.delays.arrived(kernel, action) if action.delay else ""
                kernel.leaf_of(command_leaf(self.leaves, action, 0, row) if row else spell)
                write_command(kernel, self.leaves, action)
            self.delays.end(kernel)
            doc = "Set the targets that change within a control step, before each physics step."
            self.env.kernels["follow_state"] = self.finish("follow_state", doc, kernel)
        for quantity, (name, type) in self.leaves.goals.items():
            text = f"wp.zeros(self.num_envs, dtype={dtype(type)}, device=self.device)"
            comment = f"what ``{quantity.split('.')[1]}`` is to reach, in the world"
            self.env.memories.append(Attribute(name, text, comment))
        for action in self.program.actions:
            if action.remembers:
                text = f"wp.zeros((self.num_envs, {len(action.joints)}), dtype=float, device=self.device)"
                name = self.leaves.targets[action.name]
                self.env.memories.append(Attribute(name, text, f"the last target of ``{action.name}``"))

    def end_step(self) -> None:
        program = self.program
        given = {"env.failed": "failed", "env.timeout": "timeout"}
        kernel = self.kernel(["failed", "timeout", "terms"], given=given)
        terms = {term.name: kernel.names.unique(term.name) for term in program.terminations}
        given |= {f"term.{name}": local for name, local in terms.items()}
        failures = [term.value for term in program.terminations]
        values = [term.value for term in program.rewards]
        kernel.plan(program.ending)
        length = kernel.parameter("self._episode_length_buf_wp", "wp.array(dtype=int)", "episode_length")
        kernel.line(f"{length}[env] = {length}[env] + 1")
        self.memory.update(kernel)
        kernel.compute(failures)
        for term in program.terminations:
            kernel.comment(origin(term.span))
            kernel.statement(f"{terms[term.name]} = ", kernel.value(term.value).text)
        conditions = [*terms.values(), *(["timeout"] if program.timeout else [])]
        failures, truncations = conditions[: program.failures], conditions[program.failures :]
        kernel.line(f"failed = {' or '.join(failures) or 'wp.bool(False)'}")
        if program.timeout:
            longest = kernel.parameter("self.max_episode_length", "int", "max_episode_length")
            kernel.line(f"timeout = {length}[env] >= {longest}")
        if conditions:
            counted = kernel.parameter("self._terminations", "wp.array2d(dtype=wp.bool)", "terminations")
            for place, text in enumerate(conditions):
                kernel.line(f"{counted}[env, {place}] = {text}")
        for name, host, text in (
            ("terminated", "self.reset_terminated", "failed"),
            ("truncated", "self.reset_time_outs", " or ".join(truncations) or "wp.bool(False)"),
            ("done", "self.reset_buf", " or ".join(["failed", *truncations])),
        ):
            kernel.line(f"{kernel.parameter(host, 'wp.array(dtype=wp.bool)', name)}[env] = {text}")
        kernel.lines.append("")
        self.rewards(kernel, values)
        self.metrics(kernel)
        self.levels(kernel)
        self.env.kernels["end_step"] = self.finish(
            "end_step", "Compute which episodes end, and the reward of each environment.", kernel
        )

    def reaches(self) -> None:
        """A kernel for each step towards what a reset is to reach."""
        for item in self.program.reaches:
            kernel = self.kernel()
            write_step(kernel, self.program, self.leaves, item)
            name = safe_identifier(f"reach_{item.name}")
            doc = f"Turn joints by one step, so that ``{item.body}`` comes nearer to where it begins."
            text = self.env.kernels[name] = self.finish(name, doc, kernel)
            robot, method = self.leaves.entities[item.robot], self.module.own(name)
            self.env.reaches.append(ReachText(text, method, robot, item.steps, origin(item.span)))

    def intervals(self) -> None:
        """What is drawn anew while the simulation runs."""
        env, randomize = self.env, self.program.randomize
        changes = [change for interval in randomize.intervals for change in interval.changes]
        env.told_at_reset, env.told_on_time = told(randomize.reset), told(changes)
        env.moves = moves(self.program)
        env.moved_joints = [self.leaves.entities[robot] for robot in moved_joints(self.program)]
        env.needs_shapes = any(change.quantity == "shape.friction" for change in randomize.later)
        env.needs_flags = any("ModelFlags" in line for line in (*env.told_at_reset, *env.told_on_time))
        env.pushed = [self.leaves.entities[robot] for robot in randomize.pushed]
        env.acts_on_bodies = bool(pushed_robots(self.program))
        if env.acts_on_bodies:
            kernel = push_kernel(self.kernel(RESERVED), self.program, self.module, self.leaves)
            doc = "Turn the forces and torques on bodies into the world, where Newton reads them."
            env.kernels["push_bodies"] = self.finish("push_bodies", doc, kernel)
        if randomize.intervals:
            kernel = interval_kernel(self.kernel(RESERVED), self.program, self.module, self.leaves)
            doc = "Draw anew where the time has come, in each environment at its own times."
            env.kernels["draw_on_time"] = self.finish("draw_on_time", doc, kernel)

    def rewards(self, kernel: Kernel, values: Sequence[Node]) -> None:
        for term, node in zip(self.program.rewards, values, strict=True):
            totals = [item for item in walk([node]) if item.op in REDUCTIONS]
            if len(totals) == 1:
                kernel.wishes.setdefault(totals[0].id, f"{term.name}_{totals[0].op.removeprefix('list_')}")
        kernel.compute(values)
        names: list[str] = []
        for term, node in zip(self.program.rewards, values, strict=True):
            kernel.comment(origin(term.span))
            weight = Value(self.leaves.setting(kernel, term.weight))
            value = infix("*", Precedence.PRODUCT, weight, kernel.value(node))
            if term.per_second:
                value = infix(
                    "*", Precedence.PRODUCT, value, Value(kernel.parameter("self.step_dt", "float", "step_dt"))
                )
            ends = term.name in ("failed", "timeout", *(end.name for end in self.program.terminations))
            names.append(kernel.names.unique(f"{term.name}_reward" if ends else term.name))
            kernel.statement(f"{names[-1]} = ", value.text)
        rewards = kernel.parameter("self._rewards", "wp.array(dtype=float)", "rewards")
        kernel.statement(f"{rewards}[env] = ", " + ".join(names) or "0.0")
        if names:
            sums = kernel.parameter("self._episode_sums", "wp.array2d(dtype=float)", "episode_sums")
            if len(names) == 1:
                kernel.line(f"{sums}[env, 0] = {sums}[env, 0] + {names[0]}")
                return
            kernel.statement("terms = ", f"wp.vector({', '.join(names)})")
            kernel.line("for k in range(wp.static(len(REWARD_TERMS))):")
            kernel.line(f"{sums}[env, k] = {sums}[env, k] + terms[k]", 2)

    def metrics(self, kernel: Kernel) -> None:
        """What is logged of the commands."""
        kernel.compute([item.value for item in self.program.metrics])
        for place, item in enumerate(self.program.metrics):
            metrics = kernel.parameter("self._metrics", "wp.array2d(dtype=float)", "metrics")
            kernel.comment(origin(item.span))
            kernel.statement(f"{metrics}[env, {place}] = ", kernel.value(item.value).text)

    def levels(self, kernel: Kernel) -> None:
        """Conditions that move an environment up or down when its episode ends."""
        level = self.program.level
        conditions = level.conditions if level is not None else {}
        kernel.compute([*conditions.values()])
        for way, node in conditions.items():
            target = kernel.parameter(f"self._level_{way}", "wp.array(dtype=wp.bool)", f"level_{way}")
            kernel.comment(origin(level.span if level is not None else None))
            kernel.statement(f"{target}[env] = ", kernel.value(node).text)

    def observe(self) -> None:
        kernel = self.kernel(["fresh", "rng"], remembers=True)
        self.observing.write(kernel, self.memory)
        if kernel.lines:  # there is more than pictures
            self.env.kernels["observe"] = self.finish(
                "observe", "Write the observations of all groups, and remember what the next step asks for.", kernel
            )
        by_pixel = self.observing.by_pixel
        for group in self.program.groups:
            items = [item for owner, item in by_pixel if owner is group and item.encoder is None]
            if items and group.picture is not None:
                kernel = self.kernel(["rng"], remembers=True)
                write_pixels(self.observing, kernel, group, items)
                name, doc = f"observe_{safe_identifier(group.name)}", f"Write the pictures of ``{group.name}``."
                self.env.pictures.append(self.finish(name, doc, kernel, "{} * {}".format(*group.picture)))
        for each, _ in self.observing.encodings:
            group, item = each.places[0]
            if (group, item) in by_pixel:
                kernel = self.kernel(["rng"], remembers=True)
                write_pixels(self.observing, kernel, group, [item])
                doc = f"Write the picture that the network of ``{item.name}`` is given."
                pixels = "{} * {}".format(*each.encoder.picture[1:])
                self.env.pictures.append(self.finish(f"picture_{each.name}", doc, kernel, pixels))
