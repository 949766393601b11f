"""One generated package: its files, rendered from the templates. Templates hold layout only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.emit.actuators import actuator_classes
from stripe_dsl.emit.agents import SB3_ACTIVATIONS, SKRL_ACTIVATIONS, agent_context, yaml_value
from stripe_dsl.emit.cfg import cables, coupler, grains, groups, objects, origin, period, robots, soft_objects
from stripe_dsl.emit.encoders import encodings
from stripe_dsl.emit.identifiers import docstring, literal, paragraph, remark, safe_identifier, validate_identifier
from stripe_dsl.emit.layout import layout
from stripe_dsl.emit.outlines import outlines
from stripe_dsl.emit.scenes import fixed_robots, sampled_kinds, scene_text, tiles_text
from stripe_dsl.emit.sensors import CASTING, CLASSES, LABEL_ID, cfg_class, labels, seeing, sensor_cfgs
from stripe_dsl.emit.textures import pictures, texture_name, textures
from stripe_dsl.emit.torch.env import EnvContext, env_context
from stripe_dsl.emit.torch.randomize import friction_helpers
from stripe_dsl.emit.torch.startup import startup_text
from stripe_dsl.emit.warp.env import warp_env
from stripe_dsl.ir.objects import ObjectFile
from stripe_dsl.ir.observations import Encoder, Group
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.robots import Network
from stripe_dsl.robots.author import deformable_usda, ground_plane_usda, robot_usda

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from stripe_dsl.ir.scene import Layer  # only scenes with a terrain need it

BACKENDS = ("torch", "warp")


def package_files(program: Program, folder: Path, backends: Sequence[str] = BACKENDS) -> dict[str, str]:
    """Contents of the package's files by their path in it; the same program gives the same bytes.

    Args:
        folder: where the package will stand; robot files beside the source are referred to relative to it.
        backends: which environments to write: ``torch`` gives ``env.py``, ``warp`` gives ``env_warp.py``.
    """
    validate_identifier(program.package)
    outlined = outlines(program)
    env = env_context(program, outlined)
    policy = next(group for group in program.groups if group.name == "policy")
    critic = next((group for group in program.groups if group.name == "critic"), None)
    encoders = encodings(program)
    files_of = (*program.robots, *_networks(program), *_object_files(program), *_encoders(program), *pictures(program))
    covers = textures(program, folder / "assets")
    references = [item.reference for item in files_of]
    uses = {
        "uses_prim": any(item.prim for item in (*program.robots, *_object_files(program))) or bool(_loose(program)),
        "uses_package": any(reference.startswith("package://") for reference in references),
        "uses_files": any(not robot.cfg_reference for robot in program.robots),
        "actuator_classes": actuator_classes(program),
        "uses_actuators": any(robot.actuators for robot in program.robots),
        "uses_isaacsim": any(reference.startswith("isaacsim://") for reference in references),
    }
    robot_texts = robots(program, {name: key for key, name in env.robots}, folder / "assets")
    agent = agent_context(program)
    scene = scene_text(program)
    context = {
        "scene": scene,
        "tiles": tiles_text(program),
        "outlines": outlined,
        "kinds": sampled_kinds(program) | ({"normal"} if outlined else set()),
        "fixed": fixed_robots(program),
        "backends": {name: name in backends for name in BACKENDS},
        "program": program,
        "agent": agent,
        "env": env,
        "class_name": env.class_name,
        "policy": policy,
        "critic": critic,
        "groups": groups(program),
        "robots": robot_texts,
        "objects": objects(program, folder / "assets"),
        "soft": soft_objects(program),
        "cables": cables(program),
        "grains": grains(program),
        "coupler": coupler(program),
        "sensors": sensor_cfgs(program),
        "sensor_cfg_classes": sorted({cfg_class(program, sensor.kind) for sensor in program.sensors}),
        "rays": seeing(program),
        "labels": labels(program),
        "encoders": encoders,
        "encoder_imports": sorted({name for each in encoders if (name := each.finder(folder))}),
        "assets": folder / "assets",
        "textures": covers,
        "texture_imports": sorted(set[str]().union(*(item.finders for item in covers))),
        "textures_at_reset": sorted(texture_name(item) for item in program.randomize.reset if item.pictures),
        # a reset of the Warp environment draws in its kernel
        "draws_textures": "torch" in backends or any(item.pictures for item in program.randomize.startup),
        "label_id": LABEL_ID,
        "cfg_imports": _cfg_imports(program),
        "asset_imports": _asset_imports(program, uses),
        "buffers": _buffers(program),
        "scene_origin": origin(program.span),
        "period": period(program.sim),
        "control_rate": f"{1 / (program.sim.physics_dt * program.sim.decimation):g}",
        "action_width": sum(action.width for action in program.actions),
        "action_columns": ", ".join(f"``{action.name}`` ({action.width})" for action in program.actions),
        "policy_columns": _columns(policy),
        "group_names": [(group.name, name) for group, name in _group_locals(program)],
        "termination_names": [*(term.name for term in program.terminations), *(["timeout"] if program.timeout else [])],
        "example": _example(program, env),
        "packages": _packages(program),
        "startup": startup_text(program, {name: key for key, name in env.robots}),
        "friction": _friction(program, env, backends),
        **uses,
    }
    rendered: dict[str, str] = {}
    if "torch" in backends:
        rendered["env.py"] = template("env.py.jinja").render(context)
    if "warp" in backends:
        rendered["env_warp.py"] = template("env_warp.py.jinja").render(context, warp=warp_env(program, outlined))
    entry_points = _entry_points(env.class_name, rendered)
    context |= {"entry_points": entry_points, "entry_point": entry_points.get("torch") or entry_points.get("warp")}
    files = {
        "__init__.py": "__init__.py.jinja",
        "env_cfg.py": "env_cfg.py.jinja",
        "physics.py": "physics_grains.py.jinja" if program.grains else "physics.py.jinja",
        **agent.files,
        "assets/__init__.py": "assets.py.jinja",
        "pyproject.toml": "pyproject.toml.jinja",
    }
    if scene is not None:
        files["ground.py"] = "ground.py.jinja"
    if scene is not None or context["tiles"] is not None:
        files["collisions.py"] = "collisions.py.jinja"
    if context["startup"] is not None:
        files["startup.py"] = "startup.py.jinja"
    if context["friction"]:
        files["friction.py"] = "friction.py.jinja"
    if scene is not None and any(sensor.kind in CASTING for sensor in program.sensors):
        files["rays.py"] = "rays.py.jinja"
    if encoders:
        files["encoders.py"] = "encoders.py.jinja"
    if covers:
        files["textures.py"] = "textures.py.jinja"
    if uses["uses_prim"]:
        files["assets/spawners.py"] = "spawners.py.jinja"
    rendered |= {path: template(name).render(context) for path, name in files.items()}
    rendered["agents/__init__.py"] = f'"""Agent configurations of the {program.name} task."""\n'
    if program.ground is not None:
        ground = program.ground
        rendered["assets/ground_plane.usda"] = ground_plane_usda(
            static_friction=ground.static_friction,
            dynamic_friction=ground.dynamic_friction,
            restitution=ground.restitution,
        )
    for item in program.soft:
        rendered[f"assets/{item.name}.usda"] = deformable_usda(item.size, item.cells)
    for robot in program.robots:
        if robot.written:
            stage = robot_usda(robot.primitives) if robot.primitives is not None else robot.stage
            rendered[f"assets/{robot.name}.usda"] = stage
    return {path: _tidy(text) for path, text in sorted(rendered.items())}


def _entry_points(class_name: str, rendered: Mapping[str, str]) -> dict[str, str]:
    """``module:Class`` of the environments that the package holds, by back end."""
    classes = {"torch": f"env:{class_name}", "warp": f"env_warp:{class_name.removesuffix('Env')}WarpEnv"}
    return {backend: name for backend, name in classes.items() if f"{name.partition(':')[0]}.py" in rendered}


def _group_locals(program: Program) -> list[tuple[Group, str]]:
    from stripe_dsl.emit.torch.context import local_name

    return [(group, local_name(group.name)) for group in program.groups]


def _cfg_imports(program: Program) -> list[tuple[str, list[str]]]:
    """Isaac Lab cfgs that the scene uses, by module."""
    modules: dict[str, set[str]] = {}
    for robot in program.robots:
        module, _, name = robot.cfg_reference.partition(":")
        if name:
            modules.setdefault(module, set()).add(validate_identifier(name))
    return [(module, sorted(names)) for module, names in sorted(modules.items())]


def _asset_imports(program: Program, uses: dict[str, bool]) -> list[str]:
    grounded = program.ground is not None or scene_text(program) is not None
    shipped = all(map(_remote, [robot.reference for robot in program.robots if not robot.cfg_reference]))
    shipped = shipped and all(_remote(item.reference) for item in (*_networks(program), *_object_files(program)))
    names = ["asset"] if grounded or not shipped or program.soft else []
    names += ["loose_things"] if _loose(program) else []
    names += ["UsdPrimCfg"] if any(item.prim for item in (*program.robots, *_object_files(program))) else []
    names += ["package_file"] if uses["uses_package"] else []
    names += ["isaacsim_file"] if uses["uses_isaacsim"] else []
    return sorted(names, key=lambda name: (name != "UsdPrimCfg", name))


def _loose(program: Program) -> list[Layer]:
    """Layers whose things can be pushed."""
    return [layer for layer in program.scene.layers if layer.movable] if program.scene is not None else []


def _friction(program: Program, env: EnvContext, backends: Sequence[str]) -> set[str]:
    """What ``friction.py`` holds."""
    later = any(change.quantity == "shape.friction" for change in program.randomize.later)
    names = {"shapes_of"} if later and "warp" in backends else set[str]()
    names |= set(env.friction) if "torch" in backends else set[str]()
    return names | set(friction_helpers(program, program.randomize.startup))


def _networks(program: Program) -> list[Network]:
    actuators = [actuator for robot in program.robots for actuator in robot.actuators]
    return [actuator.network for actuator in actuators if actuator.network is not None]


def _object_files(program: Program) -> list[ObjectFile]:
    return [item.file for item in program.objects if item.file is not None]


def _encoders(program: Program) -> list[Encoder]:
    return [encoder for _, _, encoder in program.encoded]


def _remote(reference: str) -> bool:
    return reference.startswith(("package://", "isaacsim://"))


def _packages(program: Program) -> list[str]:
    """Distributions that ship robots, motors and objects, beside those that Isaac Lab needs itself."""
    found = {
        item.reference.removeprefix("package://").partition("/")[0]
        for item in (
            *program.robots,
            *_networks(program),
            *_object_files(program),
            *_encoders(program),
            *pictures(program),
        )
        if item.reference.startswith("package://")
    }
    return sorted(name.replace("_", "-") for name in found - {"newton", "isaaclab", "isaaclab_assets"})


class Buffers:
    """Rows and contacts that the Newton solver makes room for in each environment."""

    def __init__(self, njmax: int, nconmax: int) -> None:
        self.njmax = njmax
        self.nconmax = nconmax


def _buffers(program: Program) -> Buffers:
    """What the task says; else room for every limit and for four contacts of every colliding shape.

    A pyramidal contact takes four rows. Too small drops contacts in silence, so this errs upwards.
    """
    joints = sum(len(robot.model.joints) for robot in program.robots)
    # a robot that could not be read has no shapes in its model: assume many
    shapes = sum(robot.model.collision_shapes or 16 for robot in program.robots) + 2 * sum(
        item.file.shapes if item.file is not None else 1 for item in program.objects
    )
    contacts = program.sim.nconmax or (
        min(4 * shapes, 128) if program.ground is not None or program.scene else max(4, shapes)
    )
    if program.scene is not None and _loose(program) and program.sim.nconmax is None:
        from stripe_dsl.ir.scene import most_bodies

        # hulls of triangles that lie on the triangles of the ground, or on each other
        contacts += 12 * sum(most_bodies(layer, program.scene) for layer in _loose(program))
    rows = program.sim.njmax or 2 * joints + 4 * contacts
    return Buffers(rows, contacts)


def _columns(group: Group) -> str:
    names = [f"``{item.name}``" + (f" ({item.width})" if item.width > 1 else "") for item in group.items]
    text = ", ".join(names)
    if len(text) < 72:
        return text
    few = next((count for count in (3, 2) if len(", ".join(names[:count])) < 72), 1)
    return f"{', '.join(names[:few])}, …"


def _example(program: Program, env: EnvContext) -> str:
    tunable = next((item for item in program.tunables if item.group == "reward"), None)
    return f"{tunable.group}.{safe_identifier(tunable.name)}=2.0" if tunable is not None else "episode_length_s=2.0"


def _tidy(text: str) -> str:
    """At most two empty lines in a row, none at the end."""
    lines: list[str] = []
    for line in text.split("\n"):
        stripped = line.rstrip()
        if stripped or not (len(lines) >= 2 and not lines[-1] and not lines[-2]):
            lines.append(stripped)
    return "\n".join(lines).strip("\n") + "\n"


def _toml(text: str) -> str:
    """A string of TOML, which takes JSON's but for escaped surrogates and characters that do not print."""
    return json.dumps(remark(text), ensure_ascii=False)


def _names_tuple(names: list[str]) -> str:
    text = literal(tuple(names))
    return text if len(text) < 96 else layout("", text, 0, 100)


def template(name: str) -> Template:
    """One of the templates of a package."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    env = Environment(
        loader=PackageLoader("stripe_dsl.emit"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["literal"] = literal
    env.filters["origin"] = origin
    env.filters["docstring"] = docstring
    env.filters["paragraph"] = paragraph
    env.filters["remark"] = remark
    env.filters["names_tuple"] = _names_tuple
    env.filters["sensor_class"] = CLASSES.__getitem__
    env.filters["prefix"] = lambda text, start: start + text
    env.filters["suffix"] = lambda text, end: text + end
    env.filters["safe"] = safe_identifier
    env.filters["toml"] = _toml
    env.filters["statement"] = layout
    env.filters["skrl_activation"] = lambda name: SKRL_ACTIVATIONS.get(name, name)
    env.filters["sb3_activation"] = SB3_ACTIVATIONS.__getitem__
    env.filters["yaml"] = yaml_value
    return env
