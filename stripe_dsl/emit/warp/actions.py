"""The agent's numbers as commands: the kernel before the physics, and the one before each physics step."""

from __future__ import annotations

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.naming import word
from stripe_dsl.emit.values import Value
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaf, Leaves, column
from stripe_dsl.emit.warp.loop import Loop
from stripe_dsl.emit.warp.operators import VECTORS
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.program import Action, Program
from stripe_dsl.ir.reach import Reach
from stripe_dsl.ir.types import Axis

COLUMNS = "wp.array2d(dtype=float)"
"""The annotation of an array with a column for each action or joint."""


def keep_actions(kernel: Kernel, *, previous: bool) -> str:
    """Copies the new actions to where the other kernels read them; the name of the argument that holds the new ones."""
    new = kernel.parameter("actions", COLUMNS, "new_actions")
    kept = kernel.parameter("self._actions", COLUMNS, "actions")
    kernel.line(f"for i in range({kept}.shape[1]):")
    if previous:
        before = kernel.parameter("self._previous_actions", COLUMNS, "previous_actions")
        kernel.line(f"{before}[env, i] = {kept}[env, i]", 2)
    kernel.line(f"{kept}[env, i] = {new}[env, i]", 2)
    return new


def command_leaf(leaves: Leaves, action: Action, start: int, row: str) -> Leaf:
    """Leaves of a command: the agent's numbers stand behind ``row`` (``actions[env, ``), from column ``start`` on."""
    spell = leaves.step({}, previous_actions="previous_actions")

    def leaf(kernel: Kernel, loop: Loop | None, node: Node) -> Value:
        if node.read is not None and node.read.quantity == f"action.{action.name}":
            if node.read.names:  # a vector of some of the numbers
                axis = action.raw.type.axis
                assert axis is not None
                first = start + axis.names.index(node.read.names[0])
                parts = [f"{row}{place}]" for place in range(first, first + node.type.components)]
                return Value(f"{VECTORS[node.type.components]}({', '.join(parts)})")
            return Value(f"{row}{column(start, node.type, loop)}]")
        return spell(kernel, loop, node)

    return leaf


def write_goals(kernel: Kernel, leaves: Leaves, action: Action | Reach) -> None:
    """Computes what an action is to reach, for the kernel before each physics step, or a reset."""
    kernel.comment(origin(action.span))
    roots = [node for _, node in action.goals]
    kernel.plan(roots)
    kernel.compute(roots)
    for part, node in action.goals:
        array = leaves.goal(kernel, f"goal.{action.name}.{part}")
        kernel.statement(f"{array}[env] = ", kernel.value(node).text)


def write_command(kernel: Kernel, leaves: Leaves, action: Action) -> None:
    """Computes the command of an action and writes it where Isaac Lab and Newton read it."""
    kernel.comment(origin(action.span))
    root = action.command
    kernel.wishes[root.id] = action.kind
    kernel.plan([root])
    kernel.compute([root])
    if action.kind == "wrench":
        _write_wrench(kernel, leaves, action)
        return
    outputs = [f"{name}[env, {{joint}}]" for name in leaves.commands(kernel, action)]
    if action.remembers:
        outputs.append(f"{leaves.target(kernel, action)}[env, {{i}}]")
    if root.type.axis is None:
        (member,) = action.joints
        joint = kernel.parameter(leaves.single(action.robot, "joint", member), "int", word(member))
        name = kernel.value(root).text
        if not name.isidentifier():
            name = kernel.names.unique(action.kind)
            kernel.statement(f"{name} = ", kernel.value(root).text)
        for output in outputs:
            kernel.line(f"{output.format(joint=joint, i=0)} = {name}")
        return
    name = kernel.names.unique(action.kind)
    with kernel.loop(Axis("joint", action.robot, action.joints), [root]) as loop:
        joint = loop.member(leaves.several(kernel, action.robot, "joint", action.joints), "joint")
        loop.line(f"{name} = {loop.value(root).text}")
        for output in outputs:
            loop.line(f"{output.format(joint=joint, i='i')} = {name}")


def _write_wrench(kernel: Kernel, leaves: Leaves, action: Action) -> None:
    """Writes the forces that an action commands to where the kernel before each physics step reads them."""
    root, array = action.command, leaves.wrench(kernel, action)
    if root.type.axis is None:
        kernel.statement(f"{array}[env, 0] = ", kernel.value(root).text)
        return
    with kernel.loop(root.type.axis, [root]) as loop:
        loop.line(f"{array}[env, i] = {loop.value(root).text}")


def starts(program: Program) -> list[tuple[Action, int]]:
    """Actions with their first columns."""
    found, start = [], 0
    for action in program.actions:
        found.append((action, start))
        start += action.width
    return found
