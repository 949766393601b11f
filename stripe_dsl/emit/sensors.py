"""Sensors of a task in Isaac Lab's terms: their classes, their configurations, and when they have to be updated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stripe_dsl.emit.cfg import origin
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.naming import escaped
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.sensors import ContactSettings, Sensor

CLASSES = {"joint_wrench": "JointWrenchSensor", "contacts": "ContactSensor"}
"""Isaac Lab's class of each kind."""

INTEGRATING = ("contacts",)
"""Kinds that see every physics step: they keep a history, or count time."""

TIMES = ("air_time", "contact_time", "last_air_time", "last_contact_time", "landed", "lifted")
"""Readings of contacts that need ``track_air_time``."""


def member_word(kind: str, what: str) -> str:
    """What Isaac Lab calls the members of a sensor or robot: ``find_<word>``, ``num_<word>``.

    Args:
        kind: of the sensor; empty for a robot.
        what: ``joint`` or ``body``.
    """
    if kind == "contacts":
        return "sensors"
    return "joints" if what == "joint" else "bodies"


@dataclass(frozen=True, slots=True)
class SensorText:
    """One field of the scene's class: where it comes from, and its statement."""

    origin: str
    text: str


def quantities(program: Program, sensor: Sensor) -> set[str]:
    """What the task reads of a sensor, without kind and frame: ``force``, ``air_time``."""
    roots = [term.value for term in (*program.terminations, *program.rewards)]
    roots += [item.value for group in program.groups for item in group.items]
    reads = [node.read for node in walk(roots) if node.read is not None]
    return {read.quantity.partition(".")[2].partition("@")[0] for read in reads if read.entity == sensor.name}


def sensor_cfgs(program: Program, prims: Mapping[str, str]) -> list[SensorText]:
    """The sensors as fields of the scene's class.

    Args:
        prims: name of the prim of each robot.
    """
    out: list[SensorText] = []
    for sensor in program.sensors:
        cfg = f"{CLASSES[sensor.kind]}Cfg"
        arguments = _arguments(program, sensor, f"{{ENV_REGEX_NS}}/{prims[sensor.robot]}")
        text = f"{cfg}({', '.join(f'{name}={value}' for name, value in arguments.items())})"
        out.append(SensorText(origin(sensor.span), layout(f"{safe_identifier(sensor.name)}: {cfg} = ", text, 4)))
    return out


def _arguments(program: Program, sensor: Sensor, prim: str) -> dict[str, str]:
    """Arguments of the configuration, as source texts."""
    if not isinstance(sensor.settings, ContactSettings):
        return {"prim_path": literal(prim)}
    reads = quantities(program, sensor)
    # without a history, Isaac Lab would look at the last physics step of a control step alone
    history = sensor.settings.history or (program.sim.decimation if "peak" in reads else 1)
    names = "|".join(map(escaped, sensor.bodies))
    bodies = f"{prim}/.*({names})" if len(sensor.bodies) > 1 else f"{prim}/.*{names}"
    arguments = {"prim_path": literal(bodies), "history_length": str(history)}
    if reads & set(TIMES):
        arguments["track_air_time"] = "True"
        if sensor.settings.threshold is not None:
            arguments["force_threshold"] = literal(sensor.settings.threshold)
    return arguments
