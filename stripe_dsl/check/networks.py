"""TorchScript files: networks of learned actuators with how their numbers are scaled and ordered, and encoders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.check.report import Reporter
from stripe_dsl.ir.robots import Network
from stripe_dsl.robots.errors import RobotFileError, RobotUnavailableError
from stripe_dsl.robots.locate import resolve
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.units import DIMENSIONLESS

if TYPE_CHECKING:
    from stripe_dsl.check.actuators import ActuatorCheck

LEARNED = ("mlp", "lstm")
"""Kinds of actuators that are networks."""

ORDERS = ("pos_vel", "vel_pos")
SCALES = ("pos_scale", "vel_scale", "torque_scale")


def network(check: ActuatorCheck, kind: str) -> Network | None:
    """The network of an actuator; ``None`` for other actuators, and after a mistake."""
    spec, report = check.spec, check.report
    if kind not in LEARNED:
        return None
    if spec.network is None:
        message = f"the actuator `{check.name}` does not say its `network`"
        report.error("E0214", message, spec.span, 'add `network "motor.pt"`, a TorchScript file')
        return None
    file = torchscript_file(spec.network, check.robot.module.folder, report)
    scales = [check.settings.number(getattr(spec, key), DIMENSIONLESS, key, 1.0) or 0.0 for key in SCALES]
    order = check.settings.word(spec.input_order, "input_order", ORDERS, "pos_vel")
    steps = _steps(check, spec.input_idx)
    if file is None:
        return None
    return Network(
        check.robot.module.qualified(str(spec.network)), str(file), order, steps, scales[0], scales[1], scales[2]
    )


def _steps(check: ActuatorCheck, value: Expression | None) -> tuple[int, ...]:
    """How many physics steps ago each input is from."""
    if value is None:
        return (0,)
    items = value.node.items if isinstance(value.node, ast.List) else ()
    numbers = [item.value for item in items if isinstance(item, ast.Number) and not item.unit]
    if not items or len(numbers) < len(items) or any(number != int(number) or number < 0 for number in numbers):
        message = "`input_idx` is a list of whole numbers: the physics steps that are looked back"
        check.report.error("E0309", message, value.span, "as in `input_idx [0, 2, 4]`; 0 is the present")
        return (0,)
    return tuple(int(number) for number in numbers)


def torchscript_file(reference: Text, folder: Path | None, report: Reporter) -> Path | None:
    """The file on this machine, which has to be a TorchScript archive; ``None`` after a mistake was reported.

    Args:
        reference: as it is written.
        folder: where relative paths start.
    """
    span = reference.span
    try:
        path = resolve(str(reference), relative_to=folder)
    except RobotUnavailableError as problem:
        report.error("E0607", problem.reason, span, *((problem.hint,) if problem.hint else ()))
        return None
    except RobotFileError as problem:
        report.error(problem.code, problem.reason, span, *((problem.hint,) if problem.hint else ()))
        return None
    if not _is_torchscript(path):
        message = f'"{reference}" is no TorchScript archive'
        report.error("E0602", message, span, "write it with `torch.jit.script(network).save(…)`")
        return None
    return path


def _is_torchscript(path: Path) -> bool:
    """Whether the file is an archive with code: one of weights alone has none."""
    import zipfile  # not at the top: few tasks have a network, and every check would pay for it

    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.partition("/")[2] for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile):
        return False
    return "constants.pkl" in names and any(name.startswith("code/") for name in names)
