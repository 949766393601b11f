"""The checker: one elaborated task to a program, with everything that is wrong with it."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_dsl.check.actions import Actions
from stripe_dsl.check.agents import check_pictures, check_train
from stripe_dsl.check.constants import Settings
from stripe_dsl.check.delays import check_delays
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.given import given_values
from stripe_dsl.check.limits import check_limits
from stripe_dsl.check.lint import held_still, lint
from stripe_dsl.check.observations import Observations
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.placed import placed, task_objects
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.resets import Resets
from stripe_dsl.check.robots import RobotCheck
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.sights import labels_of_ground
from stripe_dsl.check.terms import Terms
from stripe_dsl.check.world import check_scene, check_sim, jointed_layers, names_of, repeated_things
from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.diagnostics.followups import ABSENCE
from stripe_dsl.ir.memory import reached
from stripe_dsl.ir.program import Action, Let, Metric, Program
from stripe_dsl.ir.randomize import NOTHING_DRAWN
from stripe_dsl.ir.robots import Robot
from stripe_dsl.source import Span
from stripe_dsl.spec.elaborate import Task
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.values import Text
from stripe_dsl.syntax import ast
from stripe_dsl.units import UNIT_NAMES

if TYPE_CHECKING:
    from stripe_dsl.ir.sensors import Sensor

RESERVED = frozenset(
    (
        "failed",
        "timeout",
        "episode",
        "default",
        "any",
        "none",
        "true",
        "false",
        "pi",
        "joints",
        "bodies",
        "base",
        "and",
        "or",
    )
) | {"not", "if", "else", "where"}
"""Words that cannot name anything."""

SCENE_FIELDS = frozenset(
    (
        "robot",
        "ground",
        "terrain",
        "class_type",
        "num_envs",
        "env_spacing",
        "lazy_sensor_update",
        "replicate_physics",
        "filter_collisions",
        "clone_in_fabric",
        "clone_cfg",
    )
)
"""Fields of the generated scene and of Isaac Lab's, beside which sensors stand under their own names."""
SCENE_PREFIXES = ("robot_", "object_", "light_", "ground_", "loose_")
"""What names of other fields begin with."""

TAKEN_PACKAGES = frozenset(
    [
        "torch",
        "warp",
        "numpy",
        "gymnasium",
        "isaaclab",
        "isaaclab_rl",
        "isaaclab_tasks",
        "isaaclab_assets",
        "newton",
        "mujoco",
        "pxr",
        "rsl_rl",
        "stripe_dsl",
    ]
)
"""Packages that a generated one must not hide."""


def check_task(task: Task) -> tuple[Program | None, list[Diagnostic]]:
    """The program of a task, and what is wrong beside ``task.diagnostics``; ``None`` where there are errors."""
    report = Reporter()
    scope = Scope(params=dict(task.params), lets=dict(task.spec.let))
    scope.terminations = {**task.spec.terminate, **task.spec.truncate}
    scope.module, scope.overridden, scope.states = task.module, task.overridden, dict(task.spec.state)
    scope.modules = {module.source: module for module in task.modules.values()}
    scope.incomplete = task.incomplete
    lowering = Lowering(scope, report)
    settings = Settings(lowering)
    terms = Terms(lowering, settings)
    actions_of = Actions(lowering, settings)
    resets_of = Resets(lowering, settings, actions_of)
    spec = task.spec

    names(task, report)
    given_values(scope, report)
    robots = _robots(task, settings, scope)
    scope.learned = {robot.name: robot.learned for robot in robots}
    scope.explicit = {robot.name: robot.explicit for robot in robots}
    objects, soft, cables, grains = task_objects(task, settings, scope)
    sim = check_sim(spec.sim, settings, task.name)
    ground, lights, place = check_scene(task.scene, settings, task.scene_name, task.scene_module)
    scope.grounds = labels_of_ground(place) if place is not None else ("ground",) if ground is not None else ()
    if place is not None:
        scope.places = names_of(task.scene)
        scope.scene = place
        if place.terrain.tiles is None:  # on tiles, places are counted from the middle of one
            robots = [replace(item, at_spawn=spec.robot[Text(item.name)].at is None) for item in robots]
            objects = [replace(item, at_spawn=spec.object[Text(item.name)].at is None) for item in objects]
            robots += jointed_layers(place, scope, report)
            if sim is not None and place.variants == 1:
                sim = replace(sim, spacing=0.0)  # all environments stand in the one scene
    elif task.scene is not None and task.scene.terrain:
        scope.unknown_sets |= names_of(task.scene)  # what is wrong with them has been said
    else:
        scope.places = {"spawn", "ground"} if ground is not None else {"spawn"}
    unread = (task.scene is None and spec.scene is not None) or (task.scene is not None and bool(task.scene.terrain))
    sensors: tuple[Sensor, ...] = ()
    if spec.sensor:  # what many tasks lack is loaded where it is there
        from stripe_dsl.check.sensors import Sensors

        sensors = Sensors(lowering, settings, robots, has_ground=ground is not None or unread).all(spec.sensor)
    if soft or cables or grains:
        from stripe_dsl.check.soft import check_beside

        first = scope.soft[(grains or soft or cables)[0].name]
        check_beside(first, spec, spec.scene.span if place is not None and spec.scene is not None else None, report)
    if grains:
        from stripe_dsl.check.grains import check_alone

        check_alone([*scope.soft.values()], grains, spec.object, report)
    train = check_train(spec.train, settings, task.name, spec.observe)

    declared = {name: actions_of.declare(name, item) for name, item in spec.action.items()}
    actions: list[Action] = []
    for name, item in spec.action.items():
        found = declared[name]
        action = actions_of.action(name, item, *found) if found is not None else None
        if action is not None:
            actions.append(action)
        else:
            scope.unknown_sets.add(str(name))
    if sim is not None:
        check_delays(robots, actions, lowering.tunables.items, sim, report)
    if not spec.action:
        report.error("E0214", f"task `{task.name}` has no action", spec.span, "add `action name = effort(joints)`")
    metrics: list[Metric] = []
    if spec.command:
        from stripe_dsl.check.commands import Commands

        metrics = Commands(lowering, settings).all(spec.command)
    groups = Observations(lowering, settings).groups(spec.observe)
    check_pictures(spec.train, train, groups, settings)
    if "policy" not in groups:
        report.error(
            "E0214",
            f"task `{task.name}` has no observation group `policy`",
            spec.span,
            "add `observe policy { … }`: what the agent sees" + (", under this name" if spec.observe else ""),
        )
    terminations, timeout = terms.terminations(spec)
    rewards = terms.rewards(spec.reward)
    if spec.reward is None or not (spec.reward.per_second or spec.reward.once):
        report.error("E0214", f"task `{task.name}` has no reward", spec.span, "add `reward per second { … }`")
    resets = resets_of.all(spec.reset)
    randomize, curriculum, level = NOTHING_DRAWN, (), None
    if spec.randomize is not None:
        from stripe_dsl.check.randomize import Randomization

        randomize = Randomization(lowering, settings, robots).run(spec.randomize)
    if spec.curriculum:
        from stripe_dsl.check.curriculum import Curriculum

        tiles = place.terrain.tiles if place is not None else None
        lessons = Curriculum(lowering, settings, sim, rewards, terminations, timeout=timeout, tiles=tiles)
        curriculum, level = lessons.run(spec.curriculum)
    lowering.phase = Phase.REWARD  # where everything is known
    for name in (*spec.let, *spec.state):
        # an unused definition is checked all the same
        if name not in lowering.names.lets and not lowering.memory.known(name):
            lowering.value(ast.Name(name.span or Span(task.module.source, 0, 0), str(name)))
            scope.used.discard(str(name))
    if spec.train is not None and spec.train.symmetry is not None and not report.failed:
        from stripe_dsl.check.symmetry import check_symmetry  # few tasks have one

        tunables = tuple(lowering.tunables.items.values())
        seen, states = tuple(groups.values()), tuple(lowering.memory.states.values())
        own = [robot for robot in robots if not robot.baked]
        found = check_symmetry(spec.train.symmetry, settings, train, own, seen, actions, tunables, states)
        train = replace(train, symmetry=found)
    if place is not None and place.terrain.tiles is None:
        from stripe_dsl.check.moved import Moved

        Moved(task, place, lowering, report).run((*terminations, *rewards), groups.values())
    check_limits(resets, robots, lowering.tunables.items, report)
    lint(task, scope, report, timeout=timeout)
    held_still(robots, groups.values(), (*rewards, *terminations), randomize, report)
    task.used, task.called = scope.used, lowering.calls.called
    if scope.incomplete:  # what is missing may be in what it refers to
        report.diagnostics = [item for item in report.diagnostics if item.code not in ABSENCE]

    if sim is None or any(item.severity == "error" for item in (*task.diagnostics, *report.diagnostics)):
        return None, report.diagnostics
    used_lets = tuple(
        Let(str(name), node, name.span, str(spec.let[name]))
        for name in spec.let
        if (node := lowering.names.lets.get(str(name))) is not None and str(name) in scope.used
    )
    roots = [term.value for term in (*terminations, *rewards)]
    roots += [item.value for group in groups.values() for item in group.items]
    roots += [node for action in actions for node in (action.command, *(goal for _, goal in action.goals))]
    used = [f"{name}/" for name in spec.command if str(name) in scope.used]
    logged = tuple(item for item in metrics if item.name.startswith(tuple(used)))
    roots += [*(item.value for item in logged), *(reset.value for reset in resets), *resets_of.goals]
    roots += level.conditions.values() if level is not None else ()
    program = Program(
        name=str(task.name),
        package=package_name(str(task.name)),
        source_name=task.module.source.path.name if task.module.source.path is not None else task.module.source.name,
        doc=description(task),
        sim=sim,
        robots=tuple(robots),
        objects=tuple(objects),
        soft=tuple(soft),
        cables=tuple(cables),
        grains=tuple(grains),
        sensors=sensors,
        ground=ground,
        lights=lights,
        actions=tuple(actions),
        lets=used_lets,
        groups=tuple(groups.values()),
        rewards=rewards,
        terminations=terminations,
        timeout=timeout,
        resets=tuple(resets),
        train=train,
        tunables=tuple(lowering.tunables.items.values()),
        states=reached(tuple(lowering.memory.states.values()), roots),
        metrics=logged,
        span=task.name.span,
        randomize=randomize,
        curriculum=curriculum,
        level=level,
        scene=place,
        reaches=tuple(resets_of.reaches),
    )
    if place is not None:
        from stripe_dsl.check.fields import with_fields

        program = with_fields(program, place)
    return program, report.diagnostics


def check_robots(module: Module, tasks: Sequence[Task]) -> list[Diagnostic]:
    """What is wrong with the robots and objects of a file that no task of it uses."""
    used = [spec for task in tasks for spec, _ in task.robots.values()]
    report = Reporter()
    things = repeated_things(module)
    for name, spec in module.document.robot.items():
        if not any(spec is other for other in used):
            scope = Scope(params={str(key): value for key, value in module.document.param.items()})
            settings = Settings(Lowering(scope, report))
            RobotCheck(name, spec, module, settings, scope, driven=str(name) not in things).run()
    placed = [spec for task in tasks for spec, _ in task.objects.values()]
    for name, spec in module.document.object.items():
        if not any(spec is other for other in placed):
            from stripe_dsl.check.objects import object_of

            scope = Scope(params={str(key): value for key, value in module.document.param.items()})
            object_of(name, spec, module, Settings(Lowering(scope, report)))
    return report.diagnostics


def package_name(task: str) -> str:
    """The Python package of a task: ``GoToGoal`` is ``go_to_goal``; a name that is taken gets ``_task``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", task).lower()
    taken = words in sys.stdlib_module_names or words in TAKEN_PACKAGES or words in ("self", "cls")
    if taken or keyword.iskeyword(words) or keyword.issoftkeyword(words) or hasattr(builtins, words):
        return f"{words}_task"
    return words


def description(task: Task) -> str:
    """The comment directly above the task, or the first one of the file; without one, the task's name."""
    span = task.name.span
    fallback = f"The {task.name} task."
    if span is None:
        return fallback
    lines = span.source.text.split("\n")
    above: list[str] = []
    for line in reversed(lines[: span.line - 1]):
        if not line.startswith("#"):
            break
        above.insert(0, line)
    if not above:
        for line in lines:
            if not line.startswith("#"):
                break
            above.append(line)
    words = " ".join(line.lstrip("# ").strip() for line in above).strip()
    return words or fallback


def names(task: Task, report: Reporter) -> None:
    """Names that cannot be used, and names that hide each other: the first of these tables wins in an expression."""
    spec = task.spec
    seen: dict[str, tuple[Text, str]] = {}
    tables: list[tuple[str, list[Text]]] = [
        ("let", list(spec.let)),
        ("state", list(spec.state)),
        ("command", list(spec.command)),
        ("action", list(spec.action)),
        ("parameter", list(spec.param)),
        ("parameter of the file", list(task.module.document.param)),
        ("termination", [name for name in (*spec.terminate, *spec.truncate) if name not in ("timeout", "failed")]),
        ("robot", list(spec.robot)),
        ("object", list(spec.object)),
        ("sensor", list(spec.sensor)),
    ]
    if len(task.robots) == 1:
        robot, _ = next(iter(task.robots.values()))
        tables.append(("set", [*robot.joint, *robot.joints, *robot.body, *robot.bodies]))
    for what, table in tables:
        for name in table:
            valid_name(name, report)
            first, kind = seen.setdefault(name, (name, what))
            if kind != what:
                notes = (Annotation(name.span, "hidden"),) if name.span is not None else ()
                message = f"the {kind} `{name}` hides the {what} of that name"
                own = what == "set" and kind == "robot"
                help = f"rename one of them, or write `{name}.{name}` for the set" if own else "rename one of them"
                report.error("W0002", message, first.span, help, notes=notes)
    for name in spec.sensor:
        if name in SCENE_FIELDS or str(name).startswith(SCENE_PREFIXES):
            message = f"`{name}` is a field of the generated scene, where the sensor would take its place"
            report.error("E0217", message, name.span, f"choose another name, such as `my_{name}`")
    reward = [*spec.reward.per_second, *spec.reward.once] if spec.reward is not None else []
    for name in [*reward, *spec.observe]:
        valid_name(name, report, term=True)
    if not str(task.name).isidentifier() or keyword.iskeyword(str(task.name)) or str(task.name).startswith("__"):
        report.error("E0220", f"`{task.name}` cannot name a task", task.name.span, "write words as in `MyTask`")


def valid_name(name: Text, report: Reporter, *, term: bool = False) -> None:
    """Reports a name that generated code could not hold."""
    if name in UNIT_NAMES and not term:
        message = f"`{name}` is a unit and cannot name anything else"
        report.error("E0217", message, name.span, f"choose another name, such as `my_{name}`")
    elif name in RESERVED and not term:
        message = f"`{name}` is a word of the language and cannot name anything else"
        report.error("E0217", message, name.span, f"choose another name, such as `my_{name}`")
    elif not str(name).isidentifier() or keyword.iskeyword(str(name)) or str(name).startswith("__"):
        why = "is a word of Python" if keyword.iskeyword(str(name)) else "is not an identifier"
        other = "_".join(re.findall(r"\w+", name)).strip("_")
        other = other if other.isidentifier() and not keyword.iskeyword(other) else f"my_{other}".rstrip("_")
        report.error("E0220", f"`{name}` {why} and cannot name anything", name.span, f"write `{other}`")


def _robots(task: Task, settings: Settings, scope: Scope) -> list[Robot]:
    out: list[Robot] = []
    for name, (spec, module) in task.robots.items():
        where = task.spec.robot[name]
        found = RobotCheck(name, spec, module, settings, scope, where.pose).run()
        if found is not None:
            scope.robots[str(name)], robot = found
            out.append(placed(robot, where, settings))
    return out
