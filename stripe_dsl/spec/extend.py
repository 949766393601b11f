"""``task B extends A``: what a task says over what it inherits, where ``name = none`` removes something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.source import Span
from stripe_dsl.spec.blocks import Block, Entry, Item
from stripe_dsl.spec.document import RewardSpec, TaskSpec
from stripe_dsl.spec.scene import SceneSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.syntax import ast
from stripe_dsl.text import did_you_mean


def merged(chain: Sequence[TaskSpec]) -> tuple[TaskSpec, list[Diagnostic]]:
    """A task with those it extends merged in, and what is wrong with that.

    Args:
        chain: the task and those it extends, nearest first.
    """
    merger = _Merger(complete=chain[-1].extends is None)
    spec = TaskSpec.model_construct(None)
    for derived in reversed(chain):
        spec = merger.task(spec, derived)
        merger.inherits = True
    return spec, merger.diagnostics


class _Merger:
    """Merges one chain of tasks, the most basic one first.

    Attributes:
        complete: whether everything that is extended is there.
        inherits: whether the present task extends one.
    """

    def __init__(self, *, complete: bool) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.complete = complete
        self.inherits = False

    def task(self, base: TaskSpec, derived: TaskSpec) -> TaskSpec:
        """``derived`` over ``base``: entries of the same name are replaced, ``none`` removes one."""
        changes: dict[str, object] = {}
        for name in type(base).model_fields:
            old, new = getattr(base, name), getattr(derived, name)
            if name == "extends":
                changes[name] = new
            elif is_none(new):
                changes[name] = self.removed(name, old, new)
            elif name == "scene":
                changes[name] = self.scene(old, new)
            elif name == "reward":
                changes[name] = self.reward(old, new)
            elif name == "observe":
                changes[name] = self.map(old, self.with_inherited(old, new), name)
            elif isinstance(old, dict):
                changes[name] = self.map(old, new, name)
            elif isinstance(new, Block):
                changes[name] = self.block(old, new)
            else:
                changes[name] = old if new is None else new
        spec = TaskSpec.model_construct(None, **changes)
        spec._span = derived.span
        return spec

    def removed(self, key: str, old: object, none: Any) -> Any:
        """What is left of an inherited key or block that ``none`` removes; that there is nothing is reported."""
        if not old:
            self.nothing_there(Text(key.replace("_", " "), none.span))
        return {} if isinstance(old, dict) else None

    def scene(
        self, base: Expression | SceneSpec | None, derived: Expression | SceneSpec | None
    ) -> Expression | SceneSpec | None:
        """A scene that is named takes the place of the one before; one written in the task adds to it."""
        if derived is None or isinstance(derived, Expression) or derived.use is not None:
            return base if derived is None else derived
        return self.block(base if isinstance(base, SceneSpec) else None, derived)

    def block[B: Block](self, base: Block | None, derived: B) -> B:
        """One block over another, key by key."""
        changes: dict[str, object] = {}
        for name, info in type(derived).model_fields.items():
            default = info.get_default(call_default_factory=True)
            old, new = getattr(base, name) if base is not None else default, getattr(derived, name)
            if is_none(new):
                self.removed(name, old, new[0] if isinstance(new, list) else new)
                changes[name] = default
            elif isinstance(new, dict):
                changes[name] = self.map(old, new, name)
            elif isinstance(new, Block) and not isinstance(new, Entry):
                changes[name] = self.block(old if isinstance(old, Block) else None, new)
            else:
                changes[name] = old if new == default else new
        block = type(derived).model_construct(None, **changes)
        block._span = derived.span
        return block

    def map[V](self, base: dict[Text, V], derived: dict[Text, V], key: str) -> dict[Text, V]:
        """Entries over those of the same names; ``none`` without a name removes all that are inherited."""
        whole = whole_none(derived)
        if whole is not None and not base:
            self.nothing_there(Text(key.replace("_", " "), whole.span))
        entries = dict(base) if whole is None else {}
        for name, value in derived.items():
            if name is whole:
                continue
            if is_none(value):
                if name not in base:
                    self.nothing_there(name, base)
                entries.pop(name, None)
                continue
            if isinstance(value, dict):
                entries[name] = self.map(entries.get(name, {}), value, key)  # type: ignore[arg-type, assignment]
                continue
            if name in entries:  # the key of a dict stays the first one: put the new name with its span in its place
                entries = {(name if known == name else known): entry for known, entry in entries.items()}
            entries[name] = value
        return entries

    def with_inherited(self, base: dict[Text, list[Item]], derived: dict[Text, list[Item]]) -> dict[Text, list[Item]]:
        """Groups take the place of those of their name; one that names itself has the inherited entries there."""
        groups = {}
        for name, items in derived.items():
            inherited = base.get(name)
            groups[name] = items
            if inherited is None or is_none(items):
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

    def reward(self, base: RewardSpec | None, derived: RewardSpec | None) -> RewardSpec | None:
        """Terms of either kind over those of the same names, of whichever kind these are."""
        if derived is None:
            return base
        per_second = dict(base.per_second) if base is not None else {}
        once = dict(base.once) if base is not None else {}
        known = [*per_second, *once]
        for key, target, other, terms in (
            ("per second", per_second, once, derived.per_second),
            ("once", once, per_second, derived.once),
        ):
            whole = whole_none(terms)
            if whole is not None:
                if not target:
                    self.nothing_there(Text(f"reward {key}", whole.span))
                target.clear()
            for name, value in terms.items():
                if name is whole:
                    continue
                if is_none(value):
                    if name not in known:
                        self.nothing_there(name, known)
                    target.pop(name, None)
                    other.pop(name, None)
                    continue
                if name not in known:
                    self.looks_like_override(name, known)
                other.pop(name, None)
                target[name] = value
        spec = RewardSpec.model_construct(None, per_second=per_second, once=once)
        spec._span = derived.span
        return spec

    def error(
        self, code: str, message: str, span: Span | None, *helps: str, notes: tuple[Annotation, ...] = ()
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, helps=helps, notes=notes))

    def nothing_there(self, name: Text, known: Iterable[Text] = ()) -> None:
        """Reports that ``none`` removes what is not there."""
        if not self.complete:
            return
        if self.inherits:
            message = f"the extended task has no `{name}` to remove"
            helps = did_you_mean(name, list(known), listing=True)
        else:
            message, helps = "`none` removes what a task inherits, and this one extends no task", ("leave it out",)
        self.error("E0212", message, name.span, *helps)

    def looks_like_override(self, name: Text, known: list[Text]) -> None:
        """Warns of a new term whose name is close to an inherited one."""
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


def is_none(value: object) -> bool:
    """Whether a value is the word ``none``, or what stands for it: a block, or the only entry of a list."""
    if isinstance(value, Expression):
        return isinstance(value.node, ast.Name) and value.node.id == "none"
    if isinstance(value, list):
        return len(value) == 1 and is_none(value[0])
    if isinstance(value, Block) and value.nothing:
        return True
    inner = getattr(value, value.head, None) if isinstance(value, Block) and value.head else None
    return isinstance(inner, Expression) and is_none(inner)


def whole_none(entries: dict[Text, Any]) -> Text | None:
    """The word ``none`` among entries by name, where it removes all that are inherited: ``reset = none``."""
    name = next((name for name in entries if name == "none"), None)
    alone = name is not None and (is_none(entries[name]) or str(entries[name]) == "true")
    return name if alone else None


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
