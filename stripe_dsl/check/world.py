"""Scene and simulation settings."""

from __future__ import annotations

from math import isclose, pi
from typing import TYPE_CHECKING

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.rotations import from_rpy
from stripe_dsl.ir.program import Ground, Light, Sim
from stripe_dsl.source import Span
from stripe_dsl.spec.document import SimSpec
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.scene import SceneSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean
from stripe_dsl.units import ACCELERATION, ANGLE, DIMENSIONLESS, FREQUENCY, LENGTH, TIME

if TYPE_CHECKING:
    from stripe_dsl.check.report import Reporter
    from stripe_dsl.check.scope import Scope
    from stripe_dsl.ir.robots import Robot
    from stripe_dsl.ir.scene import Scene  # only scenes with a terrain need it

LIGHTS = ("dome", "sun")
NEEDS_TERRAIN = (
    "size", "seed", "variants", "shared", "boxes", "spawn", "zone", "trees", "scatter", "cover", "place", "water",
    "map", "require",
)  # fmt: skip
"""Keys of a scene that have no meaning over a plane without end."""


def check_sim(spec: SimSpec | None, settings: Settings, task: Text) -> Sim | None:
    """Rates, length and number of environments; the control rate has to divide the physics rate."""
    report = settings.report
    if spec is None:
        report.error(
            "E0214",
            f"task `{task}` has no `sim`",
            task.span,
            "add `sim { physics 120 Hz; control 60 Hz; episode 5 s; envs 4096 spaced 4 m }`",
        )
        return None
    complete = True
    for key in ("physics", "control", "episode", "envs"):
        if getattr(spec, key) is None:
            code = "E0502" if key == "episode" else "E0214"
            example = {
                "physics": "physics 120 Hz",
                "control": "control 60 Hz",
                "episode": "episode 5 s",
                "envs": "envs 4096 spaced 4 m",
            }
            report.error(code, f"`sim` does not say `{key}`", spec.span, f"add `{example[key]}`")
            complete = False
    before = len(report.diagnostics)
    physics = settings.positive(spec.physics, FREQUENCY, "physics", 120.0)
    control = settings.positive(spec.control, FREQUENCY, "control", physics)
    ratio = physics / control
    decimation = round(ratio)
    rates = spec.physics is not None and spec.control is not None and len(report.diagnostics) == before
    episode = settings.positive(spec.episode, TIME, "episode", 1.0)
    envs = settings.whole(spec.envs, "envs", 1)
    complete = complete and len(report.diagnostics) == before
    if rates and (decimation < 1 or not isclose(ratio, decimation, rel_tol=1e-9)):
        if ratio < 1:
            help = f"the control rate is at most the physics rate, {physics:g} Hz"
        else:
            help = f"rates that divide it: {', '.join(f'{physics / n:g} Hz' for n in _near(ratio))}"
        message = f"the control rate {control:g} Hz does not divide the physics rate {physics:g} Hz"
        assert spec.control is not None
        report.error("E0501", message, spec.control.span, help)
        complete = False
    if complete and episode < decimation / physics:
        assert spec.episode is not None
        message = f"an episode of {episode:g} s is shorter than one control step of {decimation / physics:.3g} s"
        report.error("E0506", message, spec.episode.span, "is its unit the one that was meant?")
        complete = False
    gravity = settings.vector(spec.gravity, ACCELERATION, "gravity", (0.0, 0.0, -9.81))
    sim = Sim(
        physics_dt=1.0 / physics,
        decimation=max(1, decimation),
        episode=episode,
        num_envs=envs,
        spacing=settings.positive(spec.spaced, LENGTH, "spaced", 4.0),
        gravity=(gravity[0], gravity[1], gravity[2]),
        njmax=settings.whole(spec.constraints, "constraints", 1) if spec.constraints is not None else None,
        nconmax=settings.whole(spec.contacts, "contacts", 1) if spec.contacts is not None else None,
        span=spec.span,
    )
    return sim if complete else None


def _near(ratio: float) -> list[int]:
    lower = max(1, int(ratio))
    return [lower, lower + 1]


def check_scene(
    spec: SceneSpec | None, settings: Settings, name: str, module: Module | None
) -> tuple[Ground | None, tuple[Light, ...], Scene | None]:
    """Ground, lights, and the scene where it has a terrain. Without a scene there is nothing.

    Args:
        name: how the scene is called.
        module: the file that defines it.
    """
    if spec is None:
        return None, (), None
    lights = tuple(_light(light, settings, spec) for light in spec.light if _known(light, spec, settings))
    if spec.terrain and module is not None:
        from stripe_dsl.check.scenes.scene import terrain_scene  # only scenes with a terrain need it

        return None, lights, terrain_scene(name, spec, module, settings, lights)
    _plane(spec, settings)
    return _ground(spec, settings), lights, None


def jointed_layers(scene: Scene, scope: Scope, report: Reporter) -> list[Robot]:
    """The articulations that layers of a scene are made of, as robots of the task."""
    if all(layer.robot is None for layer in scene.layers):
        return []
    from stripe_dsl.check.scenes.jointed import layer_robots  # few scenes have one

    return layer_robots(scene, scope, report)


def repeated_things(module: Module) -> set[str]:
    """Names of all that layers of the scenes of a file repeat."""
    document = module.document
    named = [*document.scene.values(), *(task.scene for task in document.task.values())]
    scenes = [scene for scene in named if isinstance(scene, SceneSpec)]
    layers = [layer for scene in scenes for table in (scene.scatter, scene.place) for layer in table.values()]
    return {phrase.word for layer in layers for phrase in layer.assets}


def names_of(spec: SceneSpec | None) -> set[str]:
    """What a task may mean by its scene: zones, layers, water, maps, the ground, all that is solid, and the spawn."""
    kinds = ("zone", "trees", "scatter", "cover", "place", "water", "map")
    return {"ground", "solid", "spawn", *(str(name) for kind in kinds for name in getattr(spec, kind, ()))}


def _plane(spec: SceneSpec, settings: Settings) -> None:
    """Reports what has no place in a scene without terrain."""
    for key in NEEDS_TERRAIN:
        value = getattr(spec, key)
        if value:
            message = f"`{key}` stands on a terrain, and the scene has none"
            help = (
                "add `terrain ground { }`" if spec.ground is None else "write `terrain ground { }` for `ground plane`"
            )
            settings.report.error("E0214", message, first_span(value) or spec.span, help)


def first_span(value: object) -> Span | None:
    """Where the first of some blocks or phrases stands, or a value itself."""
    if isinstance(value, dict):
        return next(iter(value)).span
    return value[0].span if isinstance(value, list) else getattr(value, "span", None)


def _ground(spec: SceneSpec, settings: Settings) -> Ground | None:
    if spec.ground is None:
        return None
    settings.word(spec.ground.kind, "ground", ("plane",), "plane")
    friction = settings.not_negative(spec.ground.friction, DIMENSIONLESS, "friction")
    restitution = settings.not_negative(spec.ground.restitution, DIMENSIONLESS, "restitution")
    friction = 1.0 if friction is None else friction
    return Ground(friction, friction, restitution or 0.0, spec.ground.span)


def _known(name: Text, scene: SceneSpec, settings: Settings) -> bool:
    if scene.light[name].nothing:
        message = "`none` removes what a task inherits, and a scene of a file inherits nothing"
        settings.report.error("E0212", message, scene.light[name].span, "leave it out")
        return False
    if name in LIGHTS:
        return True
    helps = did_you_mean(name, LIGHTS) or (f"lights are {and_list(LIGHTS)}",)
    settings.report.error("E0309", f"there is no light `{name}`", name.span, *helps)
    return False


def _light(name: Text, settings: Settings, scene: SceneSpec) -> Light:
    spec = scene.light[name]
    dome = name == "dome"
    intensity = settings.not_negative(spec.intensity, DIMENSIONLESS, "intensity")
    exposure = settings.number(spec.exposure, DIMENSIONLESS, "exposure", 0.0)
    elevation = settings.number(spec.elevation, ANGLE, "elevation", pi / 4)
    azimuth = settings.number(spec.azimuth, ANGLE, "azimuth", 0.0)
    for key in ("elevation", "azimuth"):
        value: Expression | None = getattr(spec, key)
        if dome and value is not None:
            settings.report.error("E0206", f"a dome light has no `{key}`", value.span, "write `light sun { … }`")
    assert exposure is not None
    assert elevation is not None
    assert azimuth is not None
    if intensity is None:
        intensity = 2000.0 if spec.exposure is None else 1.0
    # USD lights shine along -z; a sun at this azimuth (from +x towards +y) and elevation shines back from there
    rotation = (0.0, 0.0, 0.0, 1.0) if dome else from_rpy(0.0, pi / 2 - elevation, azimuth)
    return Light(
        "dome" if dome else "distant",
        intensity,
        exposure,
        color(spec.color, settings, (0.75, 0.75, 0.75) if dome else (1.0, 1.0, 1.0)),
        rotation,
        spec.span,
    )


def color(
    value: Expression | None, settings: Settings, fallback: tuple[float, float, float]
) -> tuple[float, float, float]:
    """A colour from ``#RRGGBB``, as red, green and blue in 0..1."""
    if value is None:
        return fallback
    if isinstance(value.node, ast.String):
        digits = value.node.value.removeprefix("#")
        try:
            parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        except ValueError:
            parts = []
        if len(digits) == 6 and parts:
            return parts[0], parts[1], parts[2]
    settings.report.error("E0309", "a colour is written `#RRGGBB`", value.span, "as in `color #FF0000`")
    return fallback
