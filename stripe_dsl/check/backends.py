"""What keeps a checked task from an environment in Warp, and what of it runs outside of the step that Warp records."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.randomize import Change
from stripe_dsl.text import and_list

FIXED = {
    "body.mass": "mass",
    "body.inertia": "inertia",
    "body.com": "centre of mass",
    "joint.armature": "armature",
}
"""What MuJoCo derives constants from, by reading the host: a recorded step cannot change it."""


def backends_of(program: Program, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The back ends that a task gets: those that were asked for, or all that it can have where none were."""
    if wanted is not None:
        return tuple(wanted)
    return ("torch",) if _fixed(program) else ("torch", "warp")


def check_backends(program: Program, wanted: Sequence[str] | None) -> list[Diagnostic]:
    """What keeps the task from Warp: mistakes where Warp was asked for, a warning where no back end was."""
    changes = _fixed(program)
    if not changes or (wanted is not None and "warp" not in wanted):
        return []
    if wanted is not None:
        helps = ("draw it `at startup`, or compile the environment in torch alone: `--backend torch`",)
        return [
            Diagnostic(
                "E0515",
                f"the {FIXED[change.quantity]} cannot change while the Warp environment runs",
                change.span,
                helps=helps,
            )
            for change in changes
        ]
    names = and_list(list(dict.fromkeys(FIXED[change.quantity] for change in changes))).replace("`", "")
    reason = f"MuJoCo derives constants from {names} by reads of the host, which a recorded step cannot hold"
    return [
        Diagnostic(
            "W0011",
            f"`{program.name}` gets no Warp environment: {reason}",
            changes[0].span,
            helps=(f"draw {'it' if len(changes) == 1 else 'them'} `at startup` to have both environments",),
            notes=tuple(Annotation(item.span, "and this") for item in changes[1:] if item.span is not None),
        )
    ]


def outside_the_graph(program: Program) -> list[Diagnostic]:
    """What of a control step in Warp no graph can hold: motors and networks in torch, and grains on a CPU."""
    return [*_motors(program), *_encoders(program), *_grains(program)]


def _fixed(program: Program) -> list[Change]:
    """What changes while the simulation runs and cannot in a recorded step."""
    return [change for change in program.randomize.later if change.quantity in FIXED]


def _motors(program: Program) -> list[Diagnostic]:
    """Robots whose actuators compute in torch."""
    from stripe_dsl.robots.isaaclab_cfg import read_cfg

    found: list[Diagnostic] = []
    for robot in program.robots:
        actuators = (read_cfg(robot.cfg_reference).actuators or ()) if robot.cfg_reference else ()
        explicit = sorted({item.type for item in actuators if item.type != "ImplicitActuatorCfg"})
        motors = [and_list(explicit)] if explicit else []
        motors += ["learned actuators"] if robot.learned else []
        if motors:
            message = f"robot `{robot.name}` has {' and '.join(motors)}, so its Warp step is recorded in phases"
            helps = ("actuators in torch run between two physics steps; implicit ones are part of one graph",)
            found.append(Diagnostic("W0010", message, robot.span, helps=helps))
    return found


def _encoders(program: Program) -> list[Diagnostic]:
    """Networks that make numbers of pictures; of groups that include one another each is named once."""
    found: dict[object, Diagnostic] = {}
    for _, item, _ in program.encoded:
        message = f"the network of `{item.name}` is torch, which no graph holds: it runs behind the recorded Warp step"
        helps = ("convolutions of the agent see a picture without it: `observe pixels { eye.rgb }`",)
        found.setdefault((item.name, item.span), Diagnostic("W0010", message, item.span, helps=helps))
    return list(found.values())


def _grains(program: Program) -> list[Diagnostic]:
    """Grains, whose solver reads on the host where they are, wherever it has no sparse grid."""
    if not program.grains:
        return []
    names = and_list([item.name for item in program.grains])
    message = f"on a CPU no step is recorded: in each the solver of {names} reads on the host where the grains are"
    helps = ("on a GPU the grid is sparse, and the Warp step is one graph",)
    return [Diagnostic("W0010", message, program.grains[0].span, helps=helps)]
