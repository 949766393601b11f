"""How generated torch code reads the simulation: text of leaves, and the attributes that they need.

One :class:`Leaves` belongs to one generated class. It hands out the attributes that ``__init__`` has to make
(``self._slider``, a column) and those that hold what was read of the simulation (``self._slider_pos``), and gives
the function that spells the leaves of expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stripe_dsl.emit.data import JOINTS, WHOLE
from stripe_dsl.emit.identifiers import literal, safe_identifier, validate_identifier
from stripe_dsl.emit.naming import Names, entity_attributes, escaped, set_labels, tunable_path, word
from stripe_dsl.emit.sensors import member_word
from stripe_dsl.emit.torch import sensors
from stripe_dsl.ir.graph import Attr, Node, Read
from stripe_dsl.ir.program import Action, Program

ROOT_DATA = {
    "root.pos@world": "root_pos_w",
    "root.rot@world": "root_quat_w",
    "root.lin_vel@world": "root_lin_vel_w",
    "root.lin_vel@body": "root_lin_vel_b",
    "root.link_lin_vel@world": "root_link_lin_vel_w",
    "root.link_lin_vel@body": "root_link_lin_vel_b",
    "root.ang_vel@world": "root_ang_vel_w",
    "root.ang_vel@body": "root_ang_vel_b",
    "root.gravity@body": "projected_gravity_b",
}
BODY_DATA = {
    "body.pos@world": "body_pos_w",
    "body.rot@world": "body_quat_w",
    "body.lin_vel@world": "body_lin_vel_w",
    "body.link_lin_vel@world": "body_link_lin_vel_w",
    "body.ang_vel@world": "body_ang_vel_w",
    "body.mass": "body_mass",
    "body.com@body": "body_com_pos_b",
}
POINT_DATA = {"soft.points@world": "nodal_pos_w", "soft.velocities@world": "nodal_vel_w"}
SEGMENT_DATA = {
    "cable.points@world": ("segment_pose_w", ":3", "points"),
    "cable.rotations@world": ("segment_pose_w", "3:", "rotations"),
    "cable.velocities@world": ("segment_velocity_w", ":3", "velocities"),
    "cable.ang_velocities@world": ("segment_velocity_w", "3:", "ang_velocities"),
}
"""Name and columns of Isaac Lab's data of cables, and what to call them."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """``self.name = text`` in ``__init__``, with a comment above it where there is one."""

    name: str
    text: str
    comment: str = ""


class Leaves:
    """Leaf texts and attributes of one generated class.

    Args:
        program: the task.
        names: attributes of the class.

    Attributes:
        attributes: what ``__init__`` has to set, in order of first use.
        constants: names of sets of several members, as constants of the module.
        state: what is read of the simulation for terminations, rewards and values that observations share with them.
        observed: what is read for observations alone; see :meth:`observing`.
        values: attributes that hold shared values, by node id.
        placed: robots and bodies whose position in the frame of the environment a node stands for, by its id.
        previous: attributes that hold ``prev`` values, by id of the operand.
        targets: attributes that hold the last target of an action, by its name.
        goals: attributes that hold what an action is to reach, by quantity.
        states: attributes that hold states, by name.
        uses_time: whether the time of the episode is read.
        fields: attributes that hold fields of the scene, by name; the heights of its ground have one of their own.
        sampled: kinds of the fields that are read.
        spots: attributes that hold points of zones, by name.
        imports: what texts need of ``isaaclab.utils.math``.
    """

    def __init__(self, program: Program, names: Names) -> None:
        self.program = program
        self.names = names
        self.entities = entity_attributes(program)
        self.alone = program.own_robots[0].name if len(program.own_robots) == 1 else None
        self.sensors = {sensor.name: safe_identifier(sensor.name) for sensor in program.sensors}
        self.kinds = {sensor.name: sensor.kind for sensor in program.sensors}
        self.attributes: list[Attribute] = []
        self.constants: dict[tuple[str, ...], str] = {}
        self.state: list[Attribute] = []
        self.observed: list[Attribute] = []
        self.values: dict[int, str] = {}
        self.placed: dict[int, Read] = {}
        self.previous: dict[int, str] = {}
        self.targets = {
            action.name: names.unique(f"_{safe_identifier(action.name)}_target")
            for action in program.actions
            if action.remembers
        }
        self.goals = {
            f"goal.{action.name}.{part}": names.unique(f"_{safe_identifier(action.name)}_goal_{part}")
            for action in program.actions
            for part, _ in action.goals
        }
        self.states: dict[str, str] = {}
        self.uses_time = False
        self.fields: dict[str, str] = {}
        self.spots: dict[str, str] = {}
        self.imports: set[str] = set()
        self.sampled: set[str] = set()
        self._reads = self.state
        self._sources: dict[str, str] = {}
        self._known: dict[tuple[str, str, tuple[str, ...]], str] = {}
        self._labels = set_labels(program)

    def entity(self, name: str) -> str:
        """The attribute of a robot, an object or a sensor: ``robot``."""
        return self.entities.get(name) or self.sensors[name]

    def index(self, entity: str, kind: str, names: tuple[str, ...], *, single: bool) -> str:
        """``self._slider``: the column of one joint or body, or the columns of several."""
        key = (entity, kind, (*names, "single") if single else names)
        if key not in self._known:
            wish = self._labels.get(names) or (names[0] if single else f"{kind}_{len(names)}")
            if entity in self.sensors:
                wish = f"{self.sensors[entity]}_{wish}"
            attribute = self.names.unique("_" + validate_identifier(safe_identifier(word(wish))))
            members = member_word(self.kinds.get(entity, ""), kind)
            finder = f"self.{self.entity(entity)}.find_{members}"
            if single:
                text = f"{finder}({literal(escaped(names[0]))})[0][0]"
            else:
                owner = f"self.{self.entity(entity)}.num_{members}"
                found = f"{finder}({self.members(names)}, preserve_order=True)[0]"
                text = f"columns({found}, {owner}, self.device)"
            self.attributes.append(Attribute(attribute, text))
            self._known[key] = attribute
        return f"self.{self._known[key]}"

    def members(self, names: tuple[str, ...]) -> str:
        """The constant that lists the members of a set; a list in place for a single one."""
        if len(names) == 1:
            return literal([escaped(names[0])])
        if names not in self.constants:
            wish = word(self._labels.get(names) or f"set_{len(self.constants) + 1}").upper()
            self.constants[names] = self.names.unique(validate_identifier(wish))
        return self.constants[names]

    def command_ids(self, action: Action) -> str:
        """``self._drive_ids``: joints that an action commands, as the array that Isaac Lab's kernels take."""
        attribute = self.names.unique(f"_{safe_identifier(action.name)}_ids")
        finder = f"self.{self.entity(action.robot)}.find_joints"
        found = f"{finder}({self.members(action.joints)}, preserve_order=True)[0]"
        self.attributes.append(Attribute(attribute, f"wp.array({found}, dtype=wp.int32, device=self.device)"))
        return f"self.{attribute}"

    def observing(self) -> None:
        """From now on, what was not read yet is read for observations alone."""
        self._reads = self.observed

    # leaves

    def step(self, cfg: Mapping[str, str], *, previous_actions: str, at_once: bool = False) -> Callable[[Node], str]:
        """Leaves in methods that work on all environments.

        Args:
            cfg: local aliases of groups of the cfg (``{"reward": "cfg"}``).
            previous_actions: the tensor that ``prev`` of an action reads.
            at_once: read the simulation in place, where its state was not read into attributes before.
        """

        def leaf(node: Node) -> str:
            if node.op == "tunable":
                # a vector or a list becomes a tensor in ``__init__``, where no alias is known
                return tunable_text(node.attr, cfg if node.type.is_scalar else {})
            if node.op in ("state", "old"):
                return f"self.{self.states[str(node.attr)]}"
            if node.op == "sample":
                return self.field(node)
            if node.op == "spot":
                return f"{self.points(node)}, self._envs"
            if node.op == "prev":
                (operand,) = node.args
                if operand.read is not None and operand.read.quantity.startswith("action."):
                    return self.action(operand, previous_actions)
                return f"self.{self.previous[operand.id]}"
            assert node.read is not None
            return self.read(node, node.read, at_once=at_once)

        return leaf

    def read(self, node: Node, read: Read, *, at_once: bool = False) -> str:
        """Text of one quantity of all environments."""
        quantity = read.quantity
        if node.id in self.values:
            return f"self.{self.values[node.id]}"
        if node.id in self.placed:
            world = self.placed[node.id]
            text, name = self.source(world, single=node.type.axis is None)
            origins = "self.scene.env_origins" + ("" if node.type.axis is None else "[:, None]")
            return self.kept(f"{text} - {origins}", name.removesuffix("_w"))
        if quantity.startswith("action."):
            return self.action(node, "self.actions")
        if quantity.startswith("goal."):
            return f"self.{self.goals[quantity]}"
        if quantity.startswith("target."):
            return f"self.{self.targets[quantity.removeprefix('target.')]}"
        if quantity.startswith("term."):
            terms = [term.name for term in self.program.terminations]
            return f"self._terminations[:, {terms.index(quantity.removeprefix('term.'))}]"
        match quantity:
            case "env.failed":
                return "self.reset_terminated"
            case "env.timeout":
                # the time is the last of the columns, where something else truncates too
                truncates = self.program.failures < len(self.program.terminations)
                return "self._terminations[:, -1]" if truncates else "self.reset_time_outs"
            case "env.time":
                self.uses_time = True
                return "self.episode_time"
        text, name = self.source(read, single=node.type.axis is None)
        return text if at_once else self.kept(text, name)

    def field(self, node: Node) -> str:
        """The attribute that holds a field of the scene."""
        assert isinstance(node.attr, tuple)
        kind, name = map(str, node.attr)
        self.sampled.add(kind)
        if name == "ground.height":
            return "self._ground"
        if name not in self.fields:
            self.fields[name] = self.names.unique(f"_{safe_identifier(word(name))}")
        return f"self.{self.fields[name]}"

    def points(self, node: Node) -> str:
        """The attribute that holds points of a zone."""
        name = str(node.attr)
        if name not in self.spots:
            self.spots[name] = self.names.unique(f"_{safe_identifier(word(name))}")
        return f"self.{self.spots[name]}"

    def kept(self, text: str, name: str) -> str:
        """The attribute that holds what was read of the simulation."""
        if text not in self._sources:
            self._sources[text] = self.names.unique(f"_{name}")
            self._reads.append(Attribute(self._sources[text], text))
        return f"self.{self._sources[text]}"

    def source(self, read: Read, *, single: bool) -> tuple[str, str]:
        """How a quantity is read of the simulation, and what to call it.

        Args:
            single: whether it belongs to one joint or body.
        """
        quantity = read.quantity
        if quantity == "env.origin":
            return "self.scene.env_origins", "env_origins"
        if quantity == "env.place":
            return "(torch.arange(self.num_envs, device=self.device) + 0.5) / self.num_envs", "place"
        owner = f"self.{self.entity(read.entity)}"
        if quantity in ROOT_DATA:
            name = ROOT_DATA[quantity]
            wish = name if read.entity == self.alone else f"{word(read.entity)}_{name}"
            if quantity.startswith("root.link_lin_vel") and any(read.entity == one.name for one in self.program.robots):
                return self.link_velocity(owner, turned=quantity.endswith("@body")), wish
            return f"{owner}.data.{name}.torch", wish
        if quantity in POINT_DATA:
            name = POINT_DATA[quantity]
            return f"{owner}.data.{name}.torch", f"{word(read.entity)}_{name}"
        if quantity in SEGMENT_DATA:
            data, columns, name = SEGMENT_DATA[quantity]
            return f"{owner}.data.{data}.torch[..., {columns}]", f"{word(read.entity)}_{name}_w"
        if quantity in WHOLE:
            name = sensors.name(quantity)
            return f"{owner}.data.{WHOLE[quantity]}.torch", f"{self.sensors[read.entity]}_{name}"
        if quantity == "camera.mask":
            number = self.label(read.entity, read.names[0])
            picture = f"{owner}.data.output[{literal('semantic_segmentation')}].torch.flatten(1)"
            return f"{picture} == self.{number}", f"{self.sensors[read.entity]}_sees_{word(read.names[0])}"
        if quantity in sensors.PICTURES:
            name = sensors.name(quantity)
            return f"{owner}.data.{sensors.PICTURES[quantity]}", f"{self.sensors[read.entity]}_{name}"
        if quantity.startswith("jacobian."):
            return self.jacobian(read), "jacobian"
        kind = "body" if read.entity in self.sensors or quantity in BODY_DATA else "joint"
        ids = self.index(read.entity, kind, read.names, single=single)
        label = ids.removeprefix("self._")
        if read.entity in self.sensors:
            return sensors.reading(owner, quantity, ids), f"{label}_{sensors.name(quantity)}"
        if kind == "body":
            name = BODY_DATA[quantity]
            return f"{owner}.data.{name}.torch[:, {ids}]", f"{label}_{name.removeprefix('body_')}"
        name = f"{label}_{quantity.removeprefix('joint.')}"
        if quantity == "joint.effort":
            return f"{owner}.actuators.applied_effort.torch[:, {ids}]", name
        if quantity in ("joint.lower", "joint.upper"):
            return f"{owner}.data.soft_joint_pos_limits.torch[:, {ids}, {int(quantity == 'joint.upper')}]", name
        return f"{owner}.data.{JOINTS[quantity]}.torch[:, {ids}]", name

    def link_velocity(self, owner: str, *, turned: bool) -> str:
        """The velocity of a robot's first body: as that of its root, Isaac Lab's ovphysx gives the centre of mass's."""
        world = f"{owner}.data.body_link_lin_vel_w.torch[:, 0]"
        if not turned:
            return world
        self.imports.add("quat_apply_inverse")
        return f"quat_apply_inverse({owner}.data.root_quat_w.torch, {world})"

    def label(self, camera: str, name: str) -> str:
        """The attribute that holds the number of a semantic class in the pictures of a camera."""
        key = (camera, "label", (name,))
        if key not in self._known:
            attribute = self.names.unique(f"_{self.sensors[camera]}_{safe_identifier(word(name))}")
            self.attributes.append(Attribute(attribute, f"label_id(self.{self.sensors[camera]}, {literal(name)})"))
            self._known[key] = attribute
        return self._known[key]

    def jacobian(self, read: Read) -> str:
        """Columns of a body's Jacobian, one for each joint."""
        robot = next(robot for robot in self.program.robots if robot.name == read.entity)
        part, _, body = read.quantity.removeprefix("jacobian.").partition("@world:")
        row = self.jacobian_row(robot.name, body, fixed=robot.model.fixed_base)
        joints = self.index(read.entity, "joint", read.names, single=False)
        rows = {"linear": ", :3", "angular": ", 3:", "twist": ""}[part]
        columns = "" if robot.model.fixed_base else "[:, :, 6:]"  # the first are the base's
        text = f"self.{self.entity(read.entity)}.data.body_link_jacobian_w.torch.mT{columns}"
        return f"{text}[:, {row}, {joints}{rows}]"

    def jacobian_row(self, robot: str, body: str, *, fixed: bool) -> str:
        """``self._hand_row``: the place of a body in Jacobians, which leave a fixed base out."""
        key = (robot, "row", (body,))
        if key not in self._known:
            attribute = self.names.unique(f"_{validate_identifier(safe_identifier(word(body)))}_row")
            text = f"self.{self.entity(robot)}.find_bodies({literal(escaped(body))})[0][0]" + " - 1" * fixed
            self.attributes.append(Attribute(attribute, text))
            self._known[key] = attribute
        return f"self.{self._known[key]}"

    def action(self, node: Node, tensor: str) -> str:
        """Columns of one action term in a tensor of all actions."""
        assert node.read is not None
        name = node.read.quantity.removeprefix("action.")
        start = 0
        for action in self.program.actions:
            if action.name == name:
                break
            start += action.width
        width = node.type.width
        if node.read.names:  # a vector of some of the numbers
            names = next(action for action in self.program.actions if action.name == name).raw.type.axis
            assert names is not None
            start += names.names.index(node.read.names[0])
            return f"{tensor}[:, {start}:{start + width}]"
        if node.type.axis is None:
            return f"{tensor}[:, {start}]"
        total = sum(action.width for action in self.program.actions)
        return tensor if width == total else f"{tensor}[:, {start}:{start + width}]"


def tunable_text(attr: Attr, cfg: Mapping[str, str]) -> str:
    """``self.cfg.reward.alive``, through a local alias of the group where there is one."""
    path, end = tunable_path(attr)
    group, _, name = path.partition(".")
    return f"{cfg.get(group) or f'self.cfg.{group}'}.{safe_identifier(name)}{end}"
