"""Sensors of a task in Isaac Lab's terms: their classes, their configurations, and when they have to be updated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import tan

from stripe_dsl.emit.cfg import origin, prim_names
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.naming import entity_attributes, escaped
from stripe_dsl.ir.graph import walk
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.sensors import (
    CameraSettings,
    ContactSettings,
    MountSettings,
    Partner,
    RaySettings,
    Sensor,
    in_degrees,
)
from stripe_dsl.robots.rotations import times

CLASSES = {
    "joint_wrench": "JointWrenchSensor",
    "contacts": "ContactSensor",
    "height_scan": "RayCaster",
    "lidar": "RayCaster",
    "imu": "Imu",
    "camera": "Camera",
}
"""Isaac Lab's class of each kind."""

INTEGRATING = ("contacts",)
"""Kinds that see every physics step: they keep a history, or count time."""

CASTING = ("height_scan", "lidar")
"""Kinds that cast rays, from where their body is now."""

RENDERING = ("camera",)
"""Kinds that draw pictures, from where their body is now."""

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
    """One field of the scene's class: where it comes from, its statement, and whether that asks for the physics."""

    origin: str
    text: str
    chooses: bool


def quantities(program: Program, sensor: Sensor) -> set[str]:
    """What the task reads of a sensor, without kind and frame: ``force``, ``air_time``."""
    roots = [term.value for term in (*program.terminations, *program.rewards)]
    roots += [item.value for group in program.groups for item in group.items]
    reads = [node.read for node in walk(roots) if node.read is not None]
    return {read.quantity.partition(".")[2].partition("@")[0] for read in reads if read.entity == sensor.name}


def labels(program: Program) -> set[str]:
    """Semantic classes that cameras tell from each other."""
    roots = [term.value for term in (*program.terminations, *program.rewards)]
    roots += [item.value for group in program.groups for item in group.items]
    reads = [node.read for node in walk(roots) if node.read is not None]
    return {name for read in reads if read.quantity == "camera.mask" for name in read.names}


LABEL_ID = '''
def label_id(camera: Camera, name: str) -> int:
    """Return the number that stands for a semantic class in the pictures of a camera."""
    labels = camera.data.info["semantic_segmentation"]["idToLabels"]
    return next(number for number, label in labels.items() if label == {"class": name})
'''.strip("\n")
"""What both environments define where a mask is read."""


def cfg_class(program: Program, kind: str) -> str:
    """Isaac Lab's class of a sensor's configuration: on PhysX, one of them sees the several meshes of a baked scene."""
    return "MultiMeshRayCasterCfg" if kind in CASTING and ground_prims(program) else f"{CLASSES[kind]}Cfg"


def sensor_cfgs(program: Program) -> list[SensorText]:
    """The sensors as fields of the scene's class."""
    out: list[SensorText] = []
    prims = prim_names(program)
    for sensor in program.sensors:
        cfg = cfg_class(program, sensor.kind)
        arguments = _arguments(program, sensor, f"{{ENV_REGEX_NS}}/{prims[sensor.robot]}")
        if isinstance(sensor.settings, ContactSettings) and sensor.settings.partner is not None:
            arguments |= _partner(program, sensor.settings.partner, prims)
        text = f"{cfg}({_keywords(arguments)})"
        statement = layout(f"{safe_identifier(sensor.name)}: {cfg} = ", text, 4)
        out.append(SensorText(origin(sensor.span), statement, "preset(" in text))
    return out


def _arguments(program: Program, sensor: Sensor, prim: str) -> dict[str, str]:
    """Arguments of the configuration, as source texts."""
    if isinstance(sensor.settings, RaySettings | MountSettings | CameraSettings):
        model = next(robot.model for robot in program.robots if robot.name == sensor.robot)
        body = f"{prim}{model.body(sensor.bodies[0]).below}"
        if isinstance(sensor.settings, RaySettings):
            return _rays(sensor.settings, body, ground_prims(program), alone=not seen_layers(program, sensor))
        if isinstance(sensor.settings, CameraSettings):
            # in the order of the table, whatever the order of the file
            seen = [isaaclab for name, isaaclab in CAMERA.items() if name in quantities(program, sensor)]
            return _camera(sensor.settings, f"{body}/{safe_identifier(sensor.name)}", seen or ["depth"])
        return {"prim_path": literal(body)} | _offset("ImuCfg", sensor.settings)
    if not isinstance(sensor.settings, ContactSettings):
        return {"prim_path": literal(prim)}
    reads = quantities(program, sensor)
    # without a history, Isaac Lab would look at the last physics step of a control step alone
    history = sensor.settings.history or (program.sim.decimation if "peak" in reads else 1)
    arguments = {"prim_path": literal(_bodies(prim, sensor.bodies)), "history_length": str(history)}
    if reads & set(TIMES):
        arguments["track_air_time"] = "True"
        # where it is not said, Newton takes zero and PhysX a newton
        arguments["force_threshold"] = literal(sensor.settings.threshold or 0.0)
    return arguments


def _bodies(prim: str, bodies: tuple[str, ...]) -> str:
    """The expression for some bodies of a robot; for all of them where none are named."""
    names = "|".join(map(escaped, bodies))
    return f"{prim}/.*({names})" if len(bodies) > 1 else f"{prim}/.*{names}"


def _partner(program: Program, partner: Partner, prims: Mapping[str, str]) -> dict[str, str]:
    """The arguments that filter contacts."""
    if not partner.owner:
        # what does not move is no body, only a shape
        shapes = {"filter_shape_prim_expr": literal(part_shapes(program, partner.part))}
        if program.scene is not None:
            return shapes  # of many prims, for each of which PhysX would want an expression
        plane = literal(["/World/Ground/CollisionPlane"])
        names = ("physx", "ovphysx", "isaacsim_physx")
        presets = {"default": "[]"} | dict.fromkeys(names, plane)
        return shapes | {"filter_prim_paths_expr": f"preset({_keywords(presets)})"}
    prim = f"{{ENV_REGEX_NS}}/{prims[partner.owner]}"
    thing = next((item for item in program.objects if item.name == partner.owner), None)
    below = thing.file.below if thing is not None and thing.file is not None else ""
    if thing is not None:
        return {"filter_prim_paths_expr": literal([prim + below])}
    model = next(robot.model for robot in program.robots if robot.name == partner.owner)
    # one by one: PhysX's patterns have no alternatives
    return {
        "filter_prim_paths_expr": literal(
            [prim + model.body(body).below for body in partner.bodies or model.body_names]
        )
    }


def part_shapes(program: Program, part: str) -> list[str]:
    """Patterns of the prims that collide in a part of the scene, see :class:`stripe_dsl.ir.sensors.Partner`."""
    scene = program.scene
    if scene is None or scene.terrain.tiles is not None:
        return ["/World/Ground/.*"]
    from stripe_dsl.ir.rules import SOLID
    from stripe_dsl.scene.prims import prim_name

    stage = r"/World/Ground_\d+" if scene.variants > 1 else "/World/Ground"
    if part == "ground":
        return [f"{stage}/Ground/.*"]
    if any(item.name == part for item in scene.terrain.classes):
        return [f"{stage}/Ground/{prim_name(part)}"]
    chosen = [layer for layer in scene.layers if part in (SOLID, layer.name)]
    found = [f"{stage}/Solids/.*" if part == SOLID else f"{stage}/Solids/{prim_name(part)}(/.*)?"]
    found = found if any(layer.stands for layer in chosen) else []
    found += [f"{{ENV_REGEX_NS}}/loose_{layer.name}/.*/solid" for layer in chosen if layer.movable]
    prims = prim_names(program)
    return found + [f"{{ENV_REGEX_NS}}/{prims[layer.name]}/.*" for layer in chosen if layer.robot is not None]


def seen_layers(program: Program, sensor: Sensor) -> tuple[str, ...]:
    """Prims, in an environment, of the layers that move and that the rays of a sensor hit: all but the one it is on."""
    if sensor.kind not in CASTING or program.scene is None:
        return ()
    prims = prim_names(program)
    moving = [layer for layer in program.scene.layers if not layer.stands and layer.name != sensor.robot]
    return tuple(f"loose_{layer.name}" if layer.movable else prims[layer.name] for layer in moving)


def seeing(program: Program) -> list[str]:
    """Statements that let rays hit layers that move; sensors that see the same share what they look at."""
    found: dict[tuple[str, ...], list[str]] = {}
    for sensor in program.sensors:
        if layers := seen_layers(program, sensor):
            found.setdefault(layers, []).append(f"self.{safe_identifier(sensor.name)}")
    attributes = {prim: entity_attributes(program).get(name, prim) for name, prim in prim_names(program).items()}
    texts = {
        layers: ", ".join(f"{literal(prim)}: self.{attributes.get(prim, prim)}" for prim in layers) for layers in found
    }
    return [f"see_layers([{', '.join(names)}], {{{texts[layers]}}})" for layers, names in found.items()]


def ground_prims(program: Program) -> list[str]:
    """Prims of a baked scene, one for each variant; none where the ground is a plane, or of Isaac Lab's tiles."""
    scene = program.scene
    if scene is None or scene.terrain.tiles is not None:
        return []
    return [f"/World/Ground_{number}" for number in range(scene.variants)] if scene.variants > 1 else ["/World/Ground"]


def _rays(settings: RaySettings, prim: str, grounds: list[str], *, alone: bool) -> dict[str, str]:
    """Arguments of a ``RayCasterCfg`` on a prim.

    Args:
        settings: the pattern of the rays.
        prim: of the body that carries them.
        grounds: the prims of a baked scene.
        alone: whether they hit what all environments share and no more.
    """
    grid = settings.pattern == "grid"
    arguments = {"class_type": 'f"{__package__}.rays:ray_caster"'} if grounds else {}
    cfg = "MultiMeshRayCasterCfg" if grounds else "RayCasterCfg"
    arguments |= {"prim_path": literal(prim), "spawn": "None"} | _offset(cfg, settings)
    arguments["ray_alignment"] = literal("yaw" if grid else "base")
    if grid:
        pattern = {"resolution": literal(settings.spacing), "size": literal(settings.size)}
    else:
        pattern = {
            "channels": str(settings.channels),
            "vertical_fov_range": literal(tuple(map(in_degrees, settings.vertical))),
            "horizontal_fov_range": literal(tuple(map(in_degrees, settings.horizontal))),
            "horizontal_res": literal(in_degrees(settings.step)),
        }
    name = "GridPatternCfg" if grid else "LidarPatternCfg"
    arguments["pattern_cfg"] = f"patterns.{name}({_keywords(pattern)})"
    if settings.reach is not None:
        arguments["max_distance"] = literal(settings.reach)
    # Newton casts against all that does not move, PhysX against the prims that are named
    paths = literal(grounds or ["/World/Ground"])
    return arguments | {"mesh_prim_paths": paths} | ({"global_world_only": "True"} if alone else {})


CAMERA = {"depth": "depth", "rgb": "rgb", "normals": "normals", "mask": "semantic_segmentation"}
"""What Isaac Lab calls the readings of a camera."""

FOCAL_LENGTH = 24.0
"""Of every camera, in USD's tenths of a unit: with the aperture it makes the angle of view."""


def _camera(settings: CameraSettings, prim: str, kinds: list[str]) -> dict[str, str]:
    """Arguments of a ``CameraCfg``, whose prim is made below that of the body."""
    aperture = 2 * FOCAL_LENGTH * tan(settings.fov / 2)
    lens = {
        "focal_length": literal(FOCAL_LENGTH),
        "horizontal_aperture": literal(round(aperture, 6)),
        "clipping_range": literal((0.01, settings.reach)),
    }
    renderer = {"depth_clipping_behavior": literal("max")}
    if CAMERA["mask"] in kinds:
        renderer["colorize_semantic_segmentation"] = "False"
    offset = {"pos": literal(settings.at), "rot": literal(settings.facing), "convention": literal("world")}
    return {
        "prim_path": literal(prim),
        "offset": f"CameraCfg.OffsetCfg({_keywords(offset)})",
        "spawn": f"sim_utils.PinholeCameraCfg({_keywords(lens)})",
        "data_types": literal(kinds),
        "width": str(settings.columns),
        "height": str(settings.rows),
        "update_latest_camera_pose": "True",
        "renderer_cfg": f"NewtonWarpRendererCfg({_keywords(renderer)})",
    }


def camera_mount(settings: CameraSettings) -> str:
    """The pose of the camera of the renderer in the frame of the body: it looks along -z, with y up."""
    x, y, z, w = settings.facing
    turned = times((w, x, y, z), (0.5, 0.5, -0.5, -0.5))
    rotation = literal(tuple(round(part, 9) + 0.0 for part in (*turned[1:], turned[0])))
    return f"wp.transform({literal(settings.at)}, {rotation})"


def _offset(cfg: str, settings: RaySettings | MountSettings) -> dict[str, str]:
    """The argument that places a sensor on its body; none where it sits at the body's origin."""
    offset = {"pos": literal(settings.at)} if any(settings.at) else {}
    if settings.facing != (0.0, 0.0, 0.0, 1.0):
        offset["rot"] = literal(settings.facing)
    return {"offset": f"{cfg}.OffsetCfg({_keywords(offset)})"} if offset else {}


def _keywords(arguments: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())
