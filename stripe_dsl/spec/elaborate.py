"""From documents to one flat task: ``extends`` merged, references to robots and scenes followed, ``--set`` applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.document import FunctionSpec, TaskSpec
from stripe_dsl.spec.extend import merged
from stripe_dsl.spec.modules import Loader, Module
from stripe_dsl.spec.robots import ObjectSpec, RobotSpec
from stripe_dsl.spec.scene import SceneSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, did_you_mean


@dataclass
class Task:
    """A task with everything it refers to.

    Attributes:
        name: as written after ``task``.
        spec: the task's own block with those it extends merged in.
        module: the file that defines it.
        modules: every file that was read, by source name, to resolve names where they were written.
        params: parameters that expressions may use, ``--set`` applied.
        overridden: what the file says for the parameters that ``--set`` changes.
        robots: robot blocks by their name in the task, with the module they stand in.
        objects: rigid objects, likewise.
        scene: the scene block; ``None`` where the task has none.
        scene_name: how the scene is called; the task's name where it is written in the task.
        scene_module: the file that defines it.
        headers: of its block and of those that it extends, and whether these were written for another scene.
        incomplete: whether something it refers to is not there; names of it are unknown then.
        used: the names that its expressions use, once it was checked.
        called: the functions that they call.
    """

    name: Text
    spec: TaskSpec
    module: Module
    modules: dict[str, Module]
    params: dict[str, Expression] = field(default_factory=dict)
    overridden: dict[str, Expression] = field(default_factory=dict)
    robots: dict[Text, tuple[RobotSpec, Module]] = field(default_factory=dict)
    objects: dict[Text, tuple[ObjectSpec, Module]] = field(default_factory=dict)
    scene: SceneSpec | None = None
    scene_name: str = ""
    scene_module: Module | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    headers: list[tuple[Span, bool]] = field(default_factory=list)
    incomplete: bool = False
    used: set[str] = field(default_factory=set)
    called: list[FunctionSpec] = field(default_factory=list)

    def is_moved(self, span: Span) -> bool:
        """Whether what stands there is in a block that was written for another scene."""
        above = [(header.start, moved) for header, moved in self.headers if header.source is span.source]
        return max((item for item in above if item[0] <= span.start), default=(0, False))[1]


def elaborate(loader: Loader, module: Module, name: Text, settings: Mapping[str, str]) -> Task:
    """The flat form of the task ``name`` of a module.

    Args:
        settings: values of parameters by name, from ``--set``; ``scene`` replaces the scene.
    """
    return _Elaborator(loader, module, settings).task(name)


class _Elaborator:
    def __init__(self, loader: Loader, module: Module, settings: Mapping[str, str]) -> None:
        self.module = module
        self.loader = loader
        self.settings = dict(settings)
        self.modules = {item.source.name: item for item in loader.modules.values()}
        self.modules.setdefault(module.source.name, module)
        self.diagnostics: list[Diagnostic] = []
        self.incomplete = False

    def error(
        self, code: str, message: str, span: Span | None, *helps: str, notes: tuple[Annotation, ...] = ()
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, helps=helps, notes=notes))

    def task(self, name: Text) -> Task:
        chain = self.chain(name)
        spec, found = merged([spec for spec, _ in chain])
        self.diagnostics += found
        task = Task(name, spec, self.module, self.modules)
        for _, module in reversed(chain):
            task.params.update(_plain(module.document.param))
        task.params.update(_plain(spec.param))
        self.robots(task)
        self.objects(task)
        self.scene(task, [module for _, module in chain])
        self.apply_settings(task)
        if task.scene is not None and task.scene.terrain:
            for place, (block, _) in enumerate(chain):
                if block.span is not None:
                    first = self.scene_of([spec for spec, _ in chain[place:]])
                    task.headers.append((block.span, _ground(first) != _ground(task.scene)))
        task.diagnostics, task.incomplete = self.diagnostics, self.incomplete
        return task

    def chain(self, name: Text) -> list[tuple[TaskSpec, Module]]:
        """The task and those it extends, nearest first."""
        module, spec = self.module, self.module.document.task[name]
        chain = [(spec, module)]
        seen = [(module, str(name))]
        while spec.extends is not None:
            found = self.follow(spec.extends, module, "task")
            if found is None:
                self.incomplete = True
                break
            base_name, base, module = found
            assert isinstance(base, TaskSpec)
            if (module, base_name) in seen:
                self.incomplete = True
                circle = seen[seen.index((module, base_name)) :]
                first = circle.index(min(circle, key=lambda item: (item[0].source.name, item[1])))
                tasks = [task for _, task in (*circle[first:], *circle[: first + 1])]
                span = circle[first][0].document.task[Text(tasks[0])].extends
                path = " -> ".join(tasks)
                self.error("E0210", f"tasks extend each other: {path}", span and span.span, "remove one `extends`")
                break
            seen.append((module, base_name))
            spec = base
            chain.append((spec, module))
        return chain

    def follow(self, reference: Expression, module: Module, kind: str) -> tuple[str, Block, Module] | None:
        """What ``name`` or ``module.name`` refers to: its name, its block and the module it stands in."""
        node = reference.node
        if isinstance(node, ast.Broken):
            return None
        if isinstance(node, ast.Field) and isinstance(node.object, ast.Name):
            alias = node.object
            imported = module.imports.get(alias.id)
            if imported is None:
                if alias.id not in module.document.imports:
                    known = list(module.document.imports)
                    self.error("E0201", f"no import is called `{alias.id}`", alias.span, *did_you_mean(alias.id, known))
                return None
            module, name, span = imported, node.name, node.name_span
        elif isinstance(node, ast.Name):
            name, span = node.id, node.span
        else:
            self.error("E0309", f"a {kind} is named here: `name` or `file.name`", node.span)
            return None
        table: dict[Text, Block] = getattr(module.document, kind)
        if name in table:
            return name, table[name], module  # type: ignore[index]
        elsewhere = [alias for alias, other in module.imports.items() if name in getattr(other.document, kind)]
        helps = tuple(f"did you mean `{alias}.{name}`?" for alias in elsewhere) or did_you_mean(name, table)
        helps = helps or ((f"the file has {and_list(list(table))}",) if table else (f"the file defines no {kind}",))
        self.error("E0218", f"there is no {kind} `{name}` in `{module.source.name}`", span, *helps)
        return None

    def robots(self, task: Task) -> None:
        if not task.spec.robot and not self.incomplete:
            self.incomplete = True
            self.error("E0214", f"task `{task.name}` has no robot", task.spec.span, "add `robot name`")
        for name, placed in task.spec.robot.items():
            reference = placed.value
            module = self.modules.get(reference.span.source.name, task.module)
            found = self.follow(reference, module, "robot")
            if found is None:
                self.incomplete = True
                continue
            _, block, owner = found
            task.robots[name] = (block, owner)  # type: ignore[assignment]

    def objects(self, task: Task) -> None:
        for name, placed in task.spec.object.items():
            reference = placed.value
            module = self.modules.get(reference.span.source.name, task.module)
            found = self.follow(reference, module, "object")
            if found is None:
                self.incomplete = True
                continue
            _, block, owner = found
            task.objects[name] = (block, owner)  # type: ignore[assignment]

    def scene(self, task: Task, files: list[Module]) -> None:
        scene, given = task.spec.scene, {}
        if isinstance(scene, SceneSpec) and scene.use is not None:
            scene, given = scene.use, scene.given
        task.scene_name, task.scene_module = str(task.name), task.module
        if "scene" in self.settings:
            given, found = {}, self.chosen(files)
            if found is None:
                self.incomplete = True
                return
            task.scene_name, scene, task.scene_module = found
        elif isinstance(scene, Expression):
            module = self.modules.get(scene.span.source.name, task.module)
            found = self.follow(scene, module, "scene")
            if found is None:
                self.incomplete = True
                return
            task.scene_name, scene, task.scene_module = found  # type: ignore[assignment]
        elif scene is not None and scene.span is not None:
            task.scene_module = self.modules.get(scene.span.source.name, task.module)
        task.scene = scene if isinstance(scene, SceneSpec) else None
        if task.scene is None or task.scene_module is None:
            return
        self.given(task, task.scene, given)
        task.params = {**_plain(task.scene_module.document.param), **_plain(task.scene.param), **task.params}
        for name, value in given.items():
            if name in task.scene.param:
                task.overridden[name] = task.scene.param[name]
                task.params[name] = value

    def chosen(self, files: list[Module]) -> tuple[str, SceneSpec, Module] | None:
        """The scene of ``--set scene=…``; ``None`` after a mistake was reported."""
        from stripe_dsl.spec.chosen import chosen_scene

        source, start = self.setting("scene")
        choice = chosen_scene(self.settings["scene"], Span(source, start, len(source.text)), files, self.loader)
        self.diagnostics += choice.diagnostics
        for module in self.loader.modules.values():
            self.modules.setdefault(module.source.name, module)
        return choice.found

    def scene_of(self, chain: list[TaskSpec]) -> SceneSpec | None:
        """The scene of a part of a chain of tasks, nearest first; mistakes in it are reported elsewhere."""
        before = len(self.diagnostics)
        scene = merged(chain)[0].scene
        if isinstance(scene, SceneSpec) and scene.use is not None:
            scene = scene.use
        if isinstance(scene, Expression):
            module = self.modules.get(scene.span.source.name, self.module)
            found = self.follow(scene, module, "scene")
            scene = found[1] if found is not None else None  # type: ignore[assignment]
        del self.diagnostics[before:]
        return scene if isinstance(scene, SceneSpec) else None

    def given(self, task: Task, scene: SceneSpec, given: Mapping[Text, Expression]) -> None:
        """Reports what a task gives and its scene does not take."""
        for name in given:
            if name not in scene.param:
                known = list(scene.param)
                has = f"its parameters are {and_list(known)}" if known else "it has no parameters"
                helps = did_you_mean(name, known) or (has,)
                message = f"the scene `{task.scene_name}` has no parameter `{name}`"
                self.error("E0216", message, name.span, *helps)

    def apply_settings(self, task: Task) -> None:
        for key in self.settings:
            if key == "scene":
                continue
            if key not in task.params:
                known = list(task.params)
                helps = did_you_mean(key, known) or (
                    (f"parameters here: {and_list(known)}",) if known else (f"task `{task.name}` has no parameters",)
                )
                self.error("E0216", f"there is no parameter `{key}` to set", None, *helps)
                continue
            task.overridden.setdefault(key, task.params[key])
            task.params[key] = self.parsed_setting(key)

    def parsed_setting(self, key: str) -> Expression:
        from stripe_dsl.syntax.parser import parse_expression

        source, start = self.setting(key)
        node, diagnostics = parse_expression(source, start, len(source.text))
        self.diagnostics.extend(diagnostics)
        return Expression(node)

    def setting(self, key: str) -> tuple[SourceFile, int]:
        """What was written on the command line, and where the value begins in it."""
        prefix = f"--set {key}="
        return SourceFile("<command line>", prefix + self.settings[key]), len(prefix)


def _ground(scene: SceneSpec | None) -> tuple[object, ...] | None:
    """What places and heights in a scene depend on; ``None`` for a plane."""
    return (scene.terrain, scene.size, scene.spawn) if scene is not None and scene.terrain else None


def _plain(params: Mapping[Text, Expression]) -> dict[str, Expression]:
    return {str(name): value for name, value in params.items()}
