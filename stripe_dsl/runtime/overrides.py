"""Overrides of the configuration from the command line: ``env.reward.alive=2.0``, ``agent.max_iterations=300``.

Isaac Lab sets whatever it is told: a misspelt ``env.rewad`` becomes a new attribute that nothing reads, and a text
where a number belongs fails minutes later. Here each override is checked against the configuration objects first. A
path names fields, dictionary keys, and list indices; a value is read as Python or YAML would (``2.0``, ``true``,
``none``, ``[64, 64]``, ``elu``).
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import difflib
import enum
import inspect
import sys
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from stripe_dsl.runtime.problem import Problem

_WORDS = {"true": True, "false": False, "none": None, "null": None}
_SEARCH_DEPTH = 6


@dataclass(frozen=True)
class Override:
    """An override as text: the root (``env`` or ``agent``), the path below it, and the value as it was written."""

    root: str
    path: tuple[str, ...]
    text: str

    @property
    def key(self) -> str:
        """The path with dots, root included."""
        return ".".join((self.root, *self.path))


@dataclass(frozen=True)
class Assignment:
    """A checked override: ``value`` has the type of the field at ``path`` below ``root``."""

    root: str
    path: tuple[str, ...]
    value: Any


def parse_override(text: str, roots: typing.Iterable[str] = ("env", "agent")) -> Override | Problem:
    """Split ``env.x.y=value``; needs no configuration."""
    key, equals, value = text.partition("=")
    key = key.strip()
    root, *path = key.split(".")
    names = list(roots)
    form = f"an override reads {' or '.join(f'{name}.<field>=<value>' for name in names)}"
    if not equals:
        return Problem(f"the override {text!r} has no '='", (form,))
    if root.startswith(("+", "~")):
        return Problem(f"the override {text!r} adds or removes a field", (f"fields can only be set; {form}",))
    if root not in names:
        return Problem(f"the override {text!r} does not begin with {' or '.join(names)}", (*closest(root, names), form))
    if not path or not all(path):
        return Problem(f"the override {text!r} names no field", (form,))
    return Override(root, tuple(path), value.strip())


def check_overrides(overrides: list[str], roots: Mapping[str, Any]) -> tuple[list[Assignment], list[Problem]]:
    """Check overrides against configuration objects.

    Args:
        overrides: As the user wrote them.
        roots: The configuration objects by root name, for instance ``{"env": env_cfg, "agent": agent_cfg}``. They are
            read, not changed.

    Returns:
        The assignments to make, and every mistake: unknown roots and fields, with what was probably meant and the
        fields that there are; values of a wrong type.
    """
    assignments: list[Assignment] = []
    problems: list[Problem] = []
    for text in overrides:
        override = parse_override(text, roots)
        checked = override if isinstance(override, Problem) else _check(override, roots[override.root])
        if isinstance(checked, Problem):
            problems.append(checked)
        else:
            assignments.append(checked)
    return assignments, problems


def apply_overrides(assignments: list[Assignment], roots: Mapping[str, Any]) -> None:
    """Set the checked values, in order.

    Isaac Lab's ``update_from_dict`` refuses to set a field that is None, so this sets the fields itself.
    """
    for assignment in assignments:
        root = roots[assignment.root]
        name, *rest = assignment.path
        _set(root, name, _updated(root, name, rest, assignment.value))


def closest(word: str, names: typing.Iterable[str]) -> tuple[str, ...]:
    """A hint "did you mean" for a misspelt word, or nothing."""
    matches = difflib.get_close_matches(word, list(names), n=1, cutoff=0.6)
    return (f"did you mean {matches[0]}?",) if matches else ()


def fields_of(node: Any) -> list[str]:
    """The names below a configuration object, a dictionary or a list, without private ones."""
    if isinstance(node, Mapping):
        return [str(key) for key in node]
    if isinstance(node, (list, tuple)):
        return [str(index) for index in range(len(node))]
    if dataclasses.is_dataclass(node):
        return [name for name in vars(node) if not name.startswith("_")]
    return []


def _child(node: Any, name: str) -> Any:
    if isinstance(node, Mapping):
        return next(value for key, value in node.items() if str(key) == name)
    if isinstance(node, (list, tuple)):
        return node[int(name)]
    return getattr(node, name)


def _is_group(node: Any) -> bool:
    """Whether a path can go on below ``node``."""
    if isinstance(node, (list, tuple)):
        return any(_is_group(item) for item in node)
    return isinstance(node, Mapping) or (dataclasses.is_dataclass(node) and not isinstance(node, type))


def _check(override: Override, root: Any) -> Assignment | Problem:
    parent, node = None, root
    for depth, name in enumerate(override.path):
        names = fields_of(node)
        if name not in names:
            return unknown_field(override, depth, names, _paths(root, _SEARCH_DEPTH))
        parent, node = node, _child(node, name)
    if _is_group(node):
        fields = ", ".join(f"{override.key}.{name}" for name in fields_of(node)[:12])
        return Problem(f"{override.key} is a group of fields, not a value", (f"set one of its fields: {fields}",))
    allowed = _annotation(parent, override.path[-1])
    value = _convert(override.text, node, allowed)
    if isinstance(value, _Mismatch):
        present = f"it is {node!r} now" if node is not MISSING else "it has no value yet"
        return Problem(f"{override.key} takes {value.expected}, not {override.text!r}", (*value.hints, present))
    return Assignment(override.root, override.path, value)


def unknown_field(override: Override, depth: int, names: list[str], paths: typing.Iterable[tuple[str, ...]]) -> Problem:
    """The problem that the name at ``depth`` of an override's path is unknown.

    Args:
        override: The override.
        depth: Index into its path.
        names: The names that exist there.
        paths: All paths below the root, searched for the last name when nothing at this level is similar.
    """
    where = ".".join((override.root, *override.path[:depth]))
    name = override.path[depth]
    if not names:
        return Problem(f"{where} is a value and has no field {name!r}", (f"set it as {where}=<value>",))
    similar = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if similar:
        hints = (f"did you mean {'.'.join((where, similar[0], *override.path[depth + 1 :]))}?",)
    else:  # the field may stand at another level
        elsewhere = sorted((path for path in paths if path[-1] == override.path[-1]), key=len)[:3]
        shown = [".".join((override.root, *path)) for path in elsewhere]
        hints = (f"did you mean {' or '.join(shown)}?",) if shown else ()
    return Problem(f"{where} has no field {name!r}", (*hints, f"fields of {where}: {', '.join(sorted(names))}"))


def _paths(node: Any, depth: int, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in fields_of(node):
        yield (*path, name)
        child = _child(node, name)
        if depth > 1 and _is_group(child):
            yield from _paths(child, depth - 1, (*path, name))


def _updated(node: Any, name: str, rest: list[str], value: Any) -> Any:
    """What ``node.name`` becomes when ``value`` is set at ``rest`` below it. Only tuples are made anew."""
    if not rest:
        return value
    child = _child(node, name)
    inner = _updated(child, rest[0], rest[1:], value)
    if isinstance(child, tuple):
        return tuple(inner if str(index) == rest[0] else item for index, item in enumerate(child))
    _set(child, rest[0], inner)
    return child


def _set(node: Any, name: str, value: Any) -> None:
    if isinstance(node, list):
        node[int(name)] = value
    elif isinstance(node, dict):
        node[next(key for key in node if str(key) == name)] = value
    else:
        setattr(node, name, value)


@dataclass(frozen=True)
class _Mismatch:
    expected: str
    hints: tuple[str, ...] = ()


class _Unresolved:
    """Stands for a name of an annotation that its module imports for type checking only."""


class _Names(dict[str, Any]):
    """The names that an annotation may use: of its module, Python's own, and a placeholder for any other."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, _Unresolved)


def _annotation(parent: Any, name: str) -> Any:
    """The type annotation of a field, or Any where there is none that can be resolved."""
    if not dataclasses.is_dataclass(parent):
        return Any
    for owner in type(parent).__mro__:
        annotation = inspect.get_annotations(owner).get(name, _Unresolved)
        if annotation is _Unresolved:
            continue
        if not isinstance(annotation, str):
            return annotation
        names = _Names(vars(sys.modules.get(owner.__module__, typing)))
        try:
            return eval(annotation, {}, names)  # an annotation of an imported module, not the user's text
        except Exception:  # anything may stand in an annotation
            return Any
    return Any


def _read(text: str) -> Any:
    """The value that a text means: Python's literals, the usual words, YAML's lists, else the text itself."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        pass
    if text[:1] in "[{":
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            pass
    return text


def _convert(text: str, present: Any, annotation: Any) -> Any:
    """The value of ``text`` in the type that the field has, or a mismatch."""
    kinds = _alternatives(annotation)
    choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    value = _read(text)
    if choices:
        if text in choices or value in choices:
            return text if text in choices else value
        words = [str(choice) for choice in choices]
        return _Mismatch(f"one of {', '.join(words)}", closest(text, words))
    if value is None and (present is None or NoneType in kinds):
        return None
    types = {get_origin(kind) or kind for kind in kinds} - {Any, NoneType}
    if isinstance(present, enum.Enum):
        names = [str(member.value) for member in type(present)]
        return value if value in [member.value for member in type(present)] else _Mismatch(f"one of {', '.join(names)}")
    if present is not None and present is not MISSING:
        types.add(type(present))
    return _as_one_of(types, value, text, present)


def _as_one_of(types: set[Any], value: Any, text: str, present: Any) -> Any:
    if bool in types and isinstance(value, bool):
        return value
    if int in types and _is_number(value) and float(value).is_integer() and (type(value) is int or float not in types):
        return int(value)
    if float in types and _is_number(value):
        return float(value)
    if types & {list, tuple} and isinstance(value, (list, tuple)):
        return _as_sequence(value, present, tuple if list not in types else list)
    if dict in types and isinstance(value, dict):
        return value
    if str in types or any(isinstance(kind, type) and issubclass(kind, str) for kind in types):
        return text
    expected = [_NAMES[kind] for kind in (bool, int, float, tuple, list, dict) if kind in types]
    if float in types and int in types:
        expected.remove(_NAMES[int])
    if expected:
        return _Mismatch(" or ".join(dict.fromkeys(expected)))
    # Only what the command line can write: no annotation and no value says what the field takes otherwise.
    return _Mismatch("a Python object, which the command line cannot write") if types else value


_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list such as [1, 2]",
    tuple: "a list such as [1, 2]",
    dict: "a dictionary",
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _as_sequence(value: typing.Sequence[Any], present: Any, kind: type) -> Any:
    if isinstance(present, tuple) and len(value) != len(present):
        return _Mismatch(f"a list of {len(present)} values")
    if isinstance(present, (list, tuple)) and present and all(_is_number(item) for item in present):
        if not all(_is_number(item) for item in value):
            return _Mismatch("a list of numbers")
        if any(isinstance(item, float) for item in present):
            value = [float(item) for item in value]
    return kind(value)


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (typing.Union, UnionType):
        return [kind for part in get_args(annotation) for kind in _alternatives(part)]
    return [annotation]
