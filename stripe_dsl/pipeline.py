"""The whole compiler on one screen: parse, elaborate, check, emit.

Every stage takes data and returns data with diagnostics. Nothing here prints or raises for a user's mistake.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.check.definitions import check_functions
from stripe_dsl.check.lint import unused_sets
from stripe_dsl.check.task import check_robots, check_task
from stripe_dsl.diagnostics import Diagnostic, sort_diagnostics
from stripe_dsl.diagnostics.followups import ABSENCE, without_followups
from stripe_dsl.ir.program import Program
from stripe_dsl.robots import RobotFileError
from stripe_dsl.source import SourceFile
from stripe_dsl.spec.elaborate import Task, elaborate
from stripe_dsl.spec.modules import Loader, Missing, Module
from stripe_dsl.text import and_list, did_you_mean

if TYPE_CHECKING:
    from stripe_dsl.emit.output import Package
    from stripe_dsl.ir.scene import Scene
    from stripe_dsl.scene.bake import Baked


CONVERTED = ("urdf", "mjcf")
"""Formats of robots that are brought to USD when a task is compiled."""
RECURSION = 20_000
"""Frames for a chain of about a thousand definitions; Python's own functions take no room on the machine's stack."""


@dataclass(frozen=True)
class Checked:
    """What checking a file gave.

    Attributes:
        module: the file; ``None`` where it could not be read.
        programs: the tasks without errors, in source order.
        scenes: the file's own scenes that have a terrain, without errors; none where a single task is checked.
        diagnostics: in source order.
        sources: texts of the files that were read, by file name.
    """

    module: Module | None
    programs: tuple[Program, ...]
    scenes: tuple[Scene, ...] = ()
    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether there are errors."""
        return any(item.severity == "error" for item in self.diagnostics)


def check_file(
    path: Path,
    *,
    task: str | None = None,
    settings: Mapping[str, str] | None = None,
    backends: Sequence[str] | None = None,
) -> Checked:
    """Checks a ``.stripe`` or ``.stripe.yaml`` file.

    Args:
        task: the task to check; all of them where it is ``None``.
        settings: parameters by name, from ``--set``.
        backends: the back ends that were asked for; where it is ``None``, a task may do without Warp, with a warning.
    """
    loader = Loader(_in_package)
    with _deep_chains():
        return _check(loader, loader.load(path), task, settings or {}, backends)


def check_source(source: SourceFile, *, task: str | None = None, settings: Mapping[str, str] | None = None) -> Checked:
    """Checks a text."""
    loader = Loader(_in_package)
    with _deep_chains():
        return _check(loader, loader.load_source(source), task, settings or {})


def compile_file(
    path: Path,
    out: Path,
    *,
    task: str | None = None,
    settings: Mapping[str, str] | None = None,
    backends: Sequence[str] | None = None,
    bake: bool = True,
) -> tuple[list[Package], list[Diagnostic]]:
    """The packages of the tasks in a file, ready to be written below ``out``; none where there are errors.

    Args:
        backends: which environments a package holds: one in torch, one in Warp, or both. Where it is ``None``, a
            package holds both where its task can have both, and else the one in torch.
        bake: whether scenes are baked; without that the packages lack the files of theirs, and nothing is known of
            what finds no place in them.
    """
    from stripe_dsl.check.backends import backends_of, outside_the_graph
    from stripe_dsl.emit.output import render

    checked = check_file(path, task=task, settings=settings, backends=backends)
    diagnostics = [*checked.diagnostics]
    if not checked.failed and not checked.programs:
        diagnostics.append(Diagnostic("E0214", f"`{path}` defines no task", helps=("add `task Name { … }`",)))
    programs: list[Program] = []
    scenes: list[Baked | None] = []
    for program in checked.programs:
        program, found = with_stages(program)
        programs.append(program)
        diagnostics += found
        scene = None
        if program.scene is not None and bake:
            scene, found = baked_scene(program.scene)
            diagnostics += [*found, *_untouchable(program, scene)]
        scenes.append(scene)
        if "warp" in backends_of(program, backends):
            diagnostics += outside_the_graph(program)
    if any(item.severity == "error" for item in diagnostics):
        return [], diagnostics
    with _deep_chains():
        packages = [
            render(program, out, checked.sources, backends_of(program, backends), scene)
            for program, scene in zip(programs, scenes, strict=True)
        ]
    return packages, diagnostics


def baked_scene(scene: Scene) -> tuple[Baked | None, list[Diagnostic]]:
    """The files of a scene, from the cache or made now; none for Isaac Lab's own tiles, and where there are errors."""
    if scene.terrain.tiles is not None:
        return None, []
    from functools import partial

    from stripe_dsl.scene.bake import bake
    from stripe_dsl.scene.files import AssetFileError
    from stripe_dsl.scene.made import make
    from stripe_dsl.scene.measure import broken_asset, measure

    try:
        return bake(scene, partial(make, measure=measure))
    except AssetFileError as problem:
        return None, [broken_asset(problem, scene)]
    except OSError as problem:
        return None, [Diagnostic("E0609", f"cannot write `{problem.filename}`: {problem.strerror}")]


def _untouchable(program: Program, baked: Baked | None) -> list[Diagnostic]:
    """Sensors of contacts with parts of the scene that turned out to be empty: Newton has no shape to look for."""
    from stripe_dsl.ir.sensors import ContactSettings

    contacts = [(item, item.settings) for item in program.sensors if isinstance(item.settings, ContactSettings)]
    parts = [(item, settings.partner.part) for item, settings in contacts if settings.partner is not None]
    if baked is None or program.scene is None or not parts:
        return []
    from stripe_dsl.scene.bake import is_there

    still = {layer.name for layer in program.scene.layers if layer.stands}
    still |= {item.name for item in program.scene.terrain.classes}
    return [
        Diagnostic(
            "E0703",
            f"`{sensor.name}` measures contacts with `{part}`, and there is none in `{program.scene.name}`",
            sensor.span,
            helps=(f"`stripec map` shows which rules leave no room for `{part}`",),
        )
        for sensor, part in parts
        if part in still and not is_there(baked, part)
    ]


def with_stages(program: Program) -> tuple[Program, list[Diagnostic]]:
    """The program with its URDF and MJCF robots as USD: Isaac Lab reads USD alone on the Newton backend."""
    if all(robot.model.format not in CONVERTED for robot in program.robots):
        return program, []
    from stripe_dsl.robots.convert import convert

    diagnostics: list[Diagnostic] = []
    robots = list(program.robots)
    for place, robot in enumerate(program.robots):
        if robot.model.format not in CONVERTED:
            continue
        try:
            converted = convert(robot.model, robot.name, self_collisions=robot.self_collision)
        except RobotFileError as problem:
            helps = (problem.hint,) if problem.hint else ()
            diagnostics.append(Diagnostic("E0610", problem.reason, robot.span, helps=helps))
            continue
        robots[place] = replace(robot, stage=converted.stage)
        diagnostics += [Diagnostic("W0016", f"robot `{robot.name}`: {item}", robot.span) for item in converted.left_out]
    return replace(program, robots=tuple(robots)), diagnostics


def _not_in_warp(program: Program, backends: Sequence[str] | None) -> list[Diagnostic]:
    """What keeps a task from an environment in Warp."""
    if not program.randomize.later:
        return []
    from stripe_dsl.check.backends import check_backends  # most tasks draw nothing after startup

    return check_backends(program, backends)


def _unfit(program: Program) -> list[Diagnostic]:
    """What of its scene a task cannot have."""
    if program.scene is None:
        return []
    from stripe_dsl.check.scenes.unfit import unfit  # few tasks have a terrain

    return unfit(program)


def _in_package(reference: str) -> Path | Missing:
    """The file of an import that names an installed package."""
    from stripe_dsl.robots.locate import resolve

    try:
        return resolve(reference)
    except RobotFileError as problem:
        return Missing(problem.code, problem.reason, problem.hint)


@contextmanager
def _deep_chains() -> Iterator[None]:
    """Room for definitions that use one another in long chains: passes over expressions call themselves."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _check(
    loader: Loader,
    module: Module | None,
    task: str | None,
    settings: Mapping[str, str],
    backends: Sequence[str] | None = None,
) -> Checked:
    read: list[Diagnostic] = []
    diagnostics: list[Diagnostic] = []
    programs: list[Program] = []
    tasks: list[Task] = []
    scenes: tuple[Scene, ...] = ()
    if module is not None:
        known = module.document.task
        if task is not None and task not in known:
            names = [str(name) for name in known]
            helps = did_you_mean(task, names) or ((f"the file has {and_list(names)}",) if names else ())
            diagnostics.append(Diagnostic("E0218", f"there is no task `{task}` in `{module.source.name}`", helps=helps))
        for name in known:
            if task is None or name == task:
                tasks.append(elaborate(loader, module, name, settings))
                for item in tasks[-1].diagnostics:
                    (diagnostics if item.code in ABSENCE else read).append(item)
                program, found = check_task(tasks[-1])
                diagnostics += found
                if program is not None:
                    programs.append(program)
                    diagnostics += _unfit(program)
                    diagnostics += _not_in_warp(program, backends)
        if task is None:
            diagnostics += [*unused_sets(module, tasks), *check_robots(module, tasks)]
            diagnostics += check_functions(module, loader.modules.values(), tasks)
            if module.document.scene:
                from stripe_dsl.check.scenes.module import check_scenes

                scenes, found = check_scenes(module, tasks, settings)
                diagnostics += found
    diagnostics = sort_diagnostics(without_followups([*loader.diagnostics, *read], diagnostics))
    if any(item.severity == "error" for item in diagnostics):
        programs, scenes = [], ()
    sources = {item.file_name: item.source.text for item in loader.modules.values() if item.source.path}
    return Checked(module, tuple(programs), scenes, diagnostics, sources)
