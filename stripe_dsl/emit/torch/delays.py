"""Actions that arrive later, in torch: what is on its way, by control steps, and how old what arrives is."""

from __future__ import annotations

from stripe_dsl.emit.torch.context import EnvContext, local_name
from stripe_dsl.emit.torch.leaves import Attribute, Leaves
from stripe_dsl.ir.program import Action, Program


def delay_action(action: Action, start: int, program: Program, leaves: Leaves, context: EnvContext) -> str:
    """The local variable of ``_apply_action`` that holds what arrives of an action, after the statements for it.

    Args:
        start: the action's first column.
    """
    sent, delay = (leaves.names.unique(f"_{local_name(action.name)}_{what}") for what in ("sent", "delay"))
    field = f"self.cfg.action.{program.tunable(action.delay).name}"
    drawn = isinstance(program.tunable(action.delay).value, tuple)
    longest = f"self.{delay}"
    if drawn:
        bounds = leaves.names.unique(f"{delay}s")
        longest = f"self.{bounds}[1]"
        text = f"tuple(round(time / self.physics_dt) for time in {field})"
        comment = f"physics steps that ``{action.name}`` takes to arrive: the fewest and the most, and those of now"
        context.targets.append(Attribute(bounds, text, comment))
        context.targets.append(Attribute(delay, "torch.zeros_like(self.episode_length_buf)"))
        context.late_lines.statement("low, high = ", f"self.{bounds}")
        new = "torch.randint(low, high + 1, rows.shape, device=self.device)"
        context.late_lines.statement(f"self.{delay}[rows] = ", new)
    else:
        comment = f"physics steps that ``{action.name}`` takes to arrive"
        context.targets.append(Attribute(delay, f"round({field} / self.physics_dt)", comment))
    shape = f"(self.num_envs, 1 - (-{longest} // self.cfg.decimation), {action.width})"
    comment = f"``{action.name}`` of this control step and of those before, as far as they are on their way"
    context.targets.append(Attribute(sent, f"torch.zeros({shape}, device=self.device)", comment))
    context.late_lines.statement("", f"index_fill_(self.{sent}, rows, 0.0)")
    total = sum(each.width for each in program.actions)
    new = "self.actions" if action.width == total else f"self.actions[:, {start}:{start + action.width}]"
    newest = f"torch.cat(({new}.unsqueeze(1), self.{sent}[:, :-1]), dim=1)"
    context.action_lines.statement(f"self.{sent} = ", newest)
    lines, age, name = context.drive_lines, f"{local_name(action.name)}_age", f"{local_name(action.name)}_sent"
    lines.comment(action.span)
    left = f"(self._substep - self.{delay}).clamp(max=0)" if drawn else f"min(self._substep - self.{delay}, 0)"
    lines.statement(f"{age} = ", f"-({left} // self.cfg.decimation)")
    if drawn:
        text = f"torch.take_along_dim(self.{sent}, {age}[:, None, None], dim=1).squeeze(1)"
        lines.statement(f"{name} = ", text)
    else:
        lines.statement(f"{name} = ", f"self.{sent}[:, {age}]")
    return name
