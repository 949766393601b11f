"""Forces and torques of actions, in torch: Isaac Lab composes them with others in each physics step."""

from __future__ import annotations

from stripe_dsl.emit.torch.context import EnvContext, local_name
from stripe_dsl.emit.torch.leaves import Attribute, Leaves
from stripe_dsl.emit.torch.lines import Lines
from stripe_dsl.ir.program import Action


def push_bodies(action: Action, leaves: Leaves, context: EnvContext, lines: Lines) -> None:
    """Hands the command of an action to Isaac Lab.

    Args:
        lines: behind which the local variable of the action holds its command.
    """
    name, robot = local_name(action.name), f"self.{leaves.entities[action.robot]}"
    ids, forces, torques = (leaves.names.unique(f"_{name}_{what}") for what in ("ids", "forces", "torques"))
    found = f"{robot}.find_bodies({leaves.members(action.bodies)}, preserve_order=True)[0]"
    leaves.attributes.append(Attribute(ids, f"wp.array({found}, dtype=wp.int32, device=self.device)"))
    shape = f"torch.zeros(self.num_envs, {len(action.bodies)}, 3, device=self.device)"
    frame = "the world" if action.world else "the frames of their bodies"
    if action.axis:
        context.targets.append(Attribute(forces, shape, f"forces of ``{action.name}`` in {frame}"))
        place, sign = next((place, part) for place, part in enumerate(action.axis) if part)
        lines.statement(f"self.{forces}[..., {place}] = ", name if sign > 0 else f"-{name}")
        arguments = f"self.{forces}"
    else:
        context.targets.append(Attribute(forces, shape, f"force and torque of ``{action.name}`` in {frame}"))
        context.targets.append(Attribute(torques, shape))
        lines.statement(f"self.{forces}[:, 0], self.{torques}[:, 0] = ", f"{name}.split(3, dim=-1)")
        arguments = f"self.{forces}, self.{torques}"
    drive = context.drive_lines
    drive.comment(action.span)
    arguments += ", is_global=True" * action.world
    drive.statement("", f"apply_wrench({robot}, self.{ids}, {arguments})")
