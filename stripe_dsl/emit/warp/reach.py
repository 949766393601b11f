"""Inverse kinematics of a reset in Warp: a kernel for one step, of which the graph of a control step holds several."""

from __future__ import annotations

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.naming import word
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.reach import Reach
from stripe_dsl.ir.types import Axis

COLUMNS = "wp.array2d(dtype=float)"
"""The annotation of an array with a column for each joint."""


def write_step(kernel: Kernel, program: Program, leaves: Leaves, reach: Reach) -> None:
    """Turns the joints of the environments that are reset, within their limits."""
    mask = kernel.parameter("mask", "wp.array(dtype=wp.bool)", "mask")
    kernel.line(f"if not {mask}[env]:")
    kernel.line("return", 2)
    kernel.comment(origin(reach.span))
    kernel.plan([reach.command])
    kernel.compute([reach.command])
    own = "" if reach.robot == leaves.alone else f"{word(reach.robot)}_"
    pos = kernel.parameter(f"self._{leaves.entities[reach.robot]}_joint_pos", COLUMNS, f"{own}new_joint_pos")
    limits = leaves.data(kernel, reach.robot, "soft_joint_pos_limits", 2, "wp.vec2")
    axis = Axis("joint", reach.robot, reach.joints)
    with kernel.loop(axis, [reach.command]) as loop:
        joint = loop.member(leaves.several(kernel, reach.robot, "joint", reach.joints), "joint")
        own_limits = kernel.names.unique("limits")
        loop.line(f"{own_limits} = {limits}[env, {joint}]")
        turned = loop.value(reach.command).text
        loop.line(f"{pos}[env, {joint}] = wp.clamp({turned}, {own_limits}[0], {own_limits}[1])")
    for action in program.actions:
        if action.robot != reach.robot or not action.remembers:
            continue
        kernel.comment(f"the moving average of ``{action.name}`` begins where the joints are")
        target = leaves.target(kernel, action)
        with kernel.loop(Axis("joint", action.robot, action.joints)) as loop:
            joint = loop.member(leaves.several(kernel, action.robot, "joint", action.joints), "joint")
            loop.line(f"{target}[env, i] = {pos}[env, {joint}]")
