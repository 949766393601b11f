"""Actuator groups as Isaac Lab's configurations, as data for ``env_cfg.py.jinja``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from stripe_dsl.emit.identifiers import literal
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.robots import Actuator, Gain, Network

CLASSES = {
    "implicit": "ImplicitActuatorCfg",
    "ideal_pd": "IdealPDActuatorCfg",
    "dc_motor": "DCMotorCfg",
    "mlp": "ActuatorNetMLPCfg",
    "lstm": "ActuatorNetLSTMCfg",
}
"""Isaac Lab's configuration of each kind."""


@dataclass(frozen=True, slots=True)
class ActuatorText:
    """One group.

    Attributes:
        name: its key, as source text.
        class_name: of its configuration, in ``isaaclab.actuators``.
        fields: names and source texts.
    """

    name: str
    class_name: str
    fields: tuple[tuple[str, str], ...]


def actuator_text(actuator: Actuator, physics_dt: float, assets: Path) -> ActuatorText:
    """A group's configuration.

    Args:
        physics_dt: time step of the physics [s], which delays are counted in.
        assets: the folder that relative paths of files start in.
    """
    fields = [("joint_names_expr", literal(list(actuator.joint_patterns)))]
    if actuator.network is not None:
        fields += _network_fields(actuator.network, actuator.kind, assets)
    else:
        fields += [("stiffness", gain(actuator.stiffness or 0.0)), ("damping", gain(actuator.damping or 0.0))]
    # the solver limits implicit drives; the other models limit their efforts themselves
    owner = "actuator" if actuator.explicit else "joint"
    given = (
        (f"{owner}_effort_limit", actuator.effort_limit),
        (f"{owner}_velocity_limit", actuator.velocity_limit),
        ("saturation_effort", actuator.saturation),
        ("armature", actuator.armature),
        ("friction", actuator.friction),
        ("viscous_friction", actuator.viscous_friction),
    )
    fields += [(name, gain(value)) for name, value in given if value is not None]
    name = CLASSES[actuator.kind]
    if actuator.delay is not None or actuator.effort_at:
        name = "RemotizedPDActuatorCfg" if actuator.effort_at else "DelayedPDActuatorCfg"
        steps = delay_steps(actuator, physics_dt)
        fields += [("min_delay", str(steps)), ("max_delay", str(steps))] if steps else []
    if actuator.effort_at:
        # position, transmission ratio (not used), largest effort
        rows = [[position, 1.0, effort] for position, effort in actuator.effort_at]
        fields.append(("joint_parameter_lookup", literal(rows)))
    return ActuatorText(literal(actuator.name), name, tuple(fields))


def _network_fields(network: Network, kind: str, assets: Path) -> list[tuple[str, str]]:
    fields = [("network_file", file_text(network.reference, network.file, assets))]
    if kind == "mlp":
        for key in ("pos_scale", "vel_scale", "torque_scale"):
            fields.append((key, literal(float(getattr(network, key)))))
        fields += [("input_order", literal(network.order)), ("input_idx", literal(list(network.steps)))]
    return fields


def file_text(reference: str, file: str, assets: Path) -> str:
    """Source text of the path of a file that is there already.

    Args:
        reference: as the user wrote it.
        file: where it is on this machine.
        assets: the folder that relative paths start in.
    """
    if reference.startswith("package://"):
        package, _, path = reference.removeprefix("package://").partition("/")
        return f"package_file({literal(package)}, {literal(path)})"
    if reference.startswith("isaacsim://"):
        return f"isaacsim_file({literal(reference.removeprefix('isaacsim://'))})"
    if Path(reference).expanduser().is_absolute():
        return literal(str(Path(reference).expanduser()))
    return f"asset({literal(Path(os.path.relpath(file, assets.resolve())).as_posix())})"


def delay_steps(actuator: Actuator, physics_dt: float) -> int:
    """Physics steps that commands take."""
    return round((actuator.delay or 0.0) / physics_dt)


def gain(value: Gain) -> str:
    """Source text of one number, or of a dictionary by pattern."""
    return literal(dict(value)) if isinstance(value, tuple) else literal(float(value))


def actuator_classes(program: Program) -> list[str]:
    """The configurations that a program's robots need, in order."""
    groups = [actuator for robot in program.robots for actuator in robot.actuators]
    return sorted({actuator_text(group, program.sim.physics_dt, Path()).class_name for group in groups})
