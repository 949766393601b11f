"""Inverse kinematics of a reset in torch: the joints are turned step by step, with Isaac Lab's Jacobians."""

from __future__ import annotations

from collections.abc import Callable

from stripe_dsl.emit.identifiers import safe_identifier
from stripe_dsl.emit.naming import word
from stripe_dsl.emit.torch.expressions import TorchWriter
from stripe_dsl.emit.torch.leaves import BODY_DATA, Leaves, tunable_text
from stripe_dsl.emit.torch.lines import BODY, Lines
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.reach import Reach
from stripe_dsl.ir.robots import Robot


def goal_name(reach: Reach, part: str) -> str:
    """``arm_pos_goal_rot``: the variable that holds what is to be reached."""
    return safe_identifier(f"{word(reach.name)}_goal_{part}")


def write_reach(
    lines: Lines, reach: Reach, robot: Robot, leaves: Leaves, writer: TorchWriter, leaf: Callable[[Node], str]
) -> None:
    """Statements behind those that have written the state: ``joint_pos`` is what the joints have then.

    Args:
        leaf: texts of leaves in the statements of the reset.
    """
    attribute = leaves.entities[robot.name]
    joints = leaves.index(robot.name, "joint", reach.joints, single=False)

    def step_leaf(node: Node) -> str:
        if node.op == "tunable":
            return tunable_text(node.attr, {"reset": "cfg"} if node.type.is_scalar else {})
        assert node.read is not None
        quantity = node.read.quantity
        if quantity.startswith("goal."):
            return goal_name(reach, quantity.rpartition(".")[2])
        if quantity == "joint.pos":
            return f"joint_pos[:, {joints}]"
        if quantity in BODY_DATA:
            body = leaves.index(robot.name, "body", node.read.names, single=True)
            return f"data.{BODY_DATA[quantity]}.torch[rows, {body}]"
        part, _, body = quantity.removeprefix("jacobian.").partition("@world:")
        row = leaves.jacobian_row(robot.name, body, fixed=robot.model.fixed_base)
        rows = {"linear": ", :3", "angular": ", 3:", "twist": ""}[part]
        columns = "" if robot.model.fixed_base else "[:, 6:]"  # the first are the base's
        return f"data.body_link_jacobian_w.torch[rows, {row}].mT{columns}[:, {joints}{rows}]"

    lines.append("")
    lines.comment(reach.span)
    lines.remark(f"the joints are turned step by step until ``{reach.body}`` is there")
    block = writer.block([node for _, node in reach.goals], leaf, "len(env_ids)")
    lines.block(block)
    for (part, _), result in zip(reach.goals, block.results, strict=True):
        lines.statement(f"{goal_name(reach, part)} = ", result.for_all("len(env_ids)"))
    lines.append(f"{' ' * BODY}for _ in range({reach.steps}):")
    inner = Lines(indent=BODY + 4)
    block = writer.block([reach.command], step_leaf, "len(env_ids)")
    inner.block(block)
    inner.statement(f"joint_pos[:, {joints}] = ", block.results[0].text)
    inner.statement("", "joint_pos.clamp_(lower, upper)")
    inner.statement("", f"self.{attribute}.write_joint_position_to_sim_index(position=joint_pos, env_ids=ids)")
    lines += inner
