"""Forces and torques on bodies, in Warp: what is drawn anew and what actions command, where Newton reads it."""

from __future__ import annotations

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.identifiers import literal
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.naming import word
from stripe_dsl.emit.warp.kernel import Kernel
from stripe_dsl.emit.warp.leaves import Leaves
from stripe_dsl.emit.warp.module import Attribute, Module
from stripe_dsl.emit.warp.randomize import pushes
from stripe_dsl.ir.program import Action, Program
from stripe_dsl.ir.types import Axis


def pushed_robots(program: Program) -> list[str]:
    """Robots on whose bodies forces act, in the order of the file."""
    driven = {action.robot for action in program.actions if action.kind == "wrench"}
    return [robot.name for robot in program.robots if robot.name in {*driven, *program.randomize.pushed}]


def command_buffers(program: Program, leaves: Leaves) -> list[Attribute]:
    """Attributes of the environment that hold what actions command."""
    found = []
    for action in program.actions:
        if action.kind == "wrench":
            text = f"wp.zeros((self.num_envs, {action.width}), dtype=float, device=self.device)"
            what = "forces" if action.axis else "force and torque"
            found.append(Attribute(leaves.wrenches[action.name], text, f"{what} of ``{action.name}``"))
    return found


def push_kernel(kernel: Kernel, program: Program, module: Module, leaves: Leaves) -> Kernel:
    """The body of ``push_bodies``."""
    for robot in pushed_robots(program):
        poses = leaves.data(kernel, robot, "body_link_pose_w", 2, "wp.transform")
        owner = leaves.entities[robot]
        own = "" if len(program.own_robots) == 1 else f"{owner}_"
        text = f'self.{owner}.root_view.get_attribute("body_f", NewtonManager.get_state_0())[:, 0]'
        host = module.attribute(text, f"{own}body_f")
        wrenches = kernel.parameter(host, "wp.array2d(dtype=wp.spatial_vector)", f"{own}body_f")
        kernel.line(f"for i in range({wrenches}.shape[1]):")
        if robot in program.randomize.pushed:
            forces, torques = pushes(kernel, robot, program, leaves).values()
            kernel.line(f"quat = wp.transform_get_rotation({poses}[env, i])", 2)
            force, torque = (f"wp.quat_rotate(quat, {array}[env, i])" for array in (forces, torques))
            kernel.lines.append(layout(f"{wrenches}[env, i] = ", f"wp.spatial_vector({force}, {torque})", 8))
        else:
            kernel.line(f"{wrenches}[env, i] = wp.spatial_vector()", 2)
        for action in program.actions:
            if action.kind == "wrench" and action.robot == robot:
                _command(kernel, action, module, leaves, wrenches, poses)
    return kernel


def _command(kernel: Kernel, action: Action, module: Module, leaves: Leaves, wrenches: str, poses: str) -> None:
    """Adds what an action commands to what acts on its bodies."""
    kernel.comment(origin(action.span))
    values = leaves.wrench(kernel, action)
    deeper, place = 0, "0"
    if len(action.bodies) == 1:
        host = leaves.single(action.robot, "body", action.bodies[0])
        body = kernel.parameter(host, "int", word(action.bodies[0]))
    else:
        bodies = leaves.several(kernel, action.robot, "body", action.bodies)
        kernel.line(f"for i in range({module.length(Axis('body', action.robot, action.bodies))}):")
        deeper, body, place = 1, f"{bodies}[i]", "i"
    target = f"{wrenches}[env, {body}]"
    if action.axis:
        force, torque = f"wp.vec3({', '.join(map(literal, action.axis))}) * {values}[env, {place}]", "wp.vec3()"
    else:
        force, torque = (
            f"wp.vec3({', '.join(f'{values}[env, {first + part}]' for part in range(3))})" for first in (0, 3)
        )
    if not action.world:
        kernel.line(f"quat = wp.transform_get_rotation({poses}[env, {body}])", 1 + deeper)
        force = f"wp.quat_rotate(quat, {force})"
        torque = torque if action.axis else f"wp.quat_rotate(quat, {torque})"
    text = f"{target} + wp.spatial_vector({force}, {torque})"
    kernel.lines.append(layout(f"{target} = ", text, 4 * (1 + deeper)))
