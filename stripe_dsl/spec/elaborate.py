"""From documents to one flat task: ``extends`` merged, references to robots and scenes followed, ``--set`` applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.source import SourceFile, Span
from stripe_dsl.spec.blocks import Block, Item
from stripe_dsl.spec.document import FunctionSpec, RandomizeSpec, RewardSpec, TaskSpec
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
    incomplete: bool = False
    used: set[str] = field(default_factory=set)
    called: list[FunctionSpec] = field(default_factory=list)


def elaborate(loader: Loader, module: Module, name: Text, settings: Mapping[str, str]) -> Task:
    """The flat form of the task ``name`` of a module.

    Args:
        settings: values of parameters by name, from ``--set``; ``scene`` replaces the scene.
    """
    return _Elaborator(loader, module, settings).task(name)


class _Elaborator:
    def __init__(self, loader: Loader, module: Module, settings: Mapping[str, str]) -> None:
        self.module = module
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
        spec = chain[-1][0]
        for derived, _ in reversed(chain[:-1]):
            spec = self.merge_task(spec, derived)
        task = Task(name, spec, self.module, self.modules)
        for _, module in reversed(chain):
            task.params.update(_plain(module.document.param))
        task.params.update(_plain(spec.param))
        self.robots(task)
        self.objects(task)
        self.scene(task)
        self.apply_settings(task)
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

    def scene(self, task: Task) -> None:
        scene, given = task.spec.scene, {}
        if isinstance(scene, SceneSpec) and scene.use is not None:
            scene, given = scene.use, scene.given
        if "scene" in self.settings:
            scene, given = self.parsed_setting("scene"), {}
        task.scene_name, task.scene_module = str(task.name), task.module
        if isinstance(scene, Expression):
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

        prefix = f"--set {key}="
        source = SourceFile("<command line>", prefix + self.settings[key])
        node, diagnostics = parse_expression(source, len(prefix), len(source.text))
        self.diagnostics.extend(diagnostics)
        return Expression(node)

    def merge_task(self, base: TaskSpec, derived: TaskSpec) -> TaskSpec:
        """``derived`` over ``base``: entries of the same name are replaced, ``none`` removes one."""
        changes: dict[str, object] = {}
        for name in type(base).model_fields:
            old, new = getattr(base, name), getattr(derived, name)
            if name == "extends":
                changes[name] = new
            elif name == "scene":
                changes[name] = self.merge_scene(old, new)
            elif name == "reward":
                changes[name] = self.merge_reward(old, new)
            elif name == "observe":
                changes[name] = self.merge_map(old, self.with_inherited(old, new))
            elif name == "randomize":
                empty = RandomizeSpec.model_construct(None)
                changes[name] = old if new is None else self.merge_block(old or empty, new)
            elif isinstance(old, dict):
                changes[name] = self.merge_map(old, new)
            elif isinstance(old, Block) and isinstance(new, Block) and type(old) is type(new):
                changes[name] = self.merge_block(old, new)
            else:
                changes[name] = old if new is None else new
        merged = TaskSpec.model_construct(None, **changes)
        merged._span = derived.span
        return merged

    def merge_scene(
        self, base: Expression | SceneSpec | None, derived: Expression | SceneSpec | None
    ) -> Expression | SceneSpec | None:
        """A scene that is named takes the place of the one before; one written in the task adds to it."""
        if derived is None or isinstance(derived, Expression) or derived.use is not None:
            return base if derived is None else derived
        return self.merge_block(base, derived) if isinstance(base, SceneSpec) else derived  # type: ignore[return-value]

    def merge_block(self, base: Block, derived: Block) -> Block:
        changes: dict[str, object] = {}
        for name, info in type(base).model_fields.items():
            old, new = getattr(base, name), getattr(derived, name)
            if isinstance(old, dict):
                changes[name] = self.merge_map(old, new)
            elif isinstance(old, Block) and isinstance(new, Block):
                changes[name] = self.merge_block(old, new)
            else:
                changes[name] = old if new == info.get_default(call_default_factory=True) else new
        merged = type(base).model_construct(None, **changes)
        merged._span = derived.span
        return merged

    def merge_map[V](self, base: dict[Text, V], derived: dict[Text, V]) -> dict[Text, V]:
        merged = dict(base)
        for name, value in derived.items():
            if _is_none(value):
                if name not in base:
                    self.nothing_there(name, base)
                merged.pop(name, None)
                continue
            if isinstance(value, dict) and name in merged:
                merged[name] = self.merge_map(merged[name], value)  # type: ignore[arg-type, assignment]
                continue
            if name in merged:  # the key of a dict stays the first one: put the new name with its span in its place
                merged = {(name if known == name else known): entry for known, entry in merged.items()}
            merged[name] = value
        return merged

    def with_inherited(self, base: dict[Text, list[Item]], derived: dict[Text, list[Item]]) -> dict[Text, list[Item]]:
        """Groups take the place of those of their name; one that names itself has the inherited entries there."""
        groups = {}
        for name, items in derived.items():
            inherited = base.get(name)
            groups[name] = items
            if inherited is None or _is_none(items):
                continue
            groups[name] = [part for item in items for part in (_inherited(inherited, item, name) or [item])]
            known, named = {str(item.value) for item in inherited}, str(name)
            if not any(str(item.value) in known or str(item.value) == named for item in groups[name]):
                first = next(key for key in base if key == name)
                self.error(
                    "W0018",
                    f"`{name}` takes the place of the inherited group, and has none of its {len(inherited)} entries",
                    name.span,
                    f"begin it with `{name}` to keep them",
                    notes=(Annotation(first.span, "the inherited group"),) if first.span is not None else (),
                )
        return groups

    def merge_reward(self, base: RewardSpec | None, derived: RewardSpec | None) -> RewardSpec | None:
        if base is None or derived is None:
            return derived or base
        per_second, once = dict(base.per_second), dict(base.once)
        known = [*per_second, *once]
        for target, other, terms in (
            (per_second, once, derived.per_second),
            (once, per_second, derived.once),
        ):
            for name, value in terms.items():
                if _is_none(value):
                    if name not in known:
                        self.nothing_there(name, known)
                    target.pop(name, None)
                    other.pop(name, None)
                    continue
                if name not in known:
                    self.looks_like_override(name, known)
                other.pop(name, None)
                target[name] = value
        merged = RewardSpec.model_construct(None, per_second=per_second, once=once)
        merged._span = derived.span
        return merged

    def nothing_there(self, name: Text, known: object) -> None:
        helps = did_you_mean(name, list(known), listing=True)  # type: ignore[call-overload]
        self.error("E0212", f"the extended task has no `{name}` to remove", name.span, *helps)

    def looks_like_override(self, name: Text, known: list[Text]) -> None:
        from difflib import get_close_matches

        close = get_close_matches(name, known, n=1, cutoff=0.75)  # words of one field are often a little alike
        if close:
            first = next(item for item in known if item == close[0])
            notes = (Annotation(first.span, "the inherited term"),) if first.span is not None else ()
            self.error(
                "W0009",
                f"`{name}` is a new term beside the inherited `{close[0]}`",
                name.span,
                f"write `{close[0]}` to replace the inherited term",
                notes=notes,
            )


def _plain(params: Mapping[Text, Expression]) -> dict[str, Expression]:
    return {str(name): value for name, value in params.items()}


def _inherited(entries: list[Item], item: Item, group: Text) -> list[Item] | None:
    """What ``policy``, ``policy without noise`` or ``policy history 3`` stands for in a group of that name."""
    others = [name for name in type(item).model_fields if name not in ("value", "without", "history")]
    if not (isinstance(item.value.node, ast.Name) and item.value.node.id == group):
        return None
    if any(getattr(item, name) is not None for name in others):
        return None
    if item.without is not None and not (isinstance(item.without.node, ast.Name) and item.without.node.id == "noise"):
        return None
    if item.without is not None:
        entries = [entry.model_copy(update={"noise": None, "bias": None}) for entry in entries]
    if item.history is not None:
        entries = [entry.model_copy(update={"history": entry.history or item.history}) for entry in entries]
    return entries


def _is_none(value: object) -> bool:
    if isinstance(value, Expression):
        return isinstance(value.node, ast.Name) and value.node.id == "none"
    inner = getattr(value, value.head, None) if isinstance(value, Block) and value.head else None
    return isinstance(inner, Expression) and _is_none(inner)
