"""Checking the names of overrides without importing Isaac Lab, by reading the source of the configuration classes.

Importing a generated package's configuration takes seconds, since it imports Isaac Lab and torch. A misspelt override
should be answered at once, so this reads the syntax of the package and of the classes that it derives from and follows
the path of an override from class to class. It knows names only: where a class cannot be found, or a field holds
something other than a configuration object, it lets the path pass; :func:`stripe_dsl.runtime.overrides.check_overrides`
checks the rest on the real objects.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from stripe_dsl.runtime.overrides import Override, parse_override, unknown_field
from stripe_dsl.runtime.problem import Problem
from stripe_dsl.runtime.register import AGENT

_MAX_DEPTH = 8
_SEARCH_DEPTH = 4


@dataclass
class _Class:
    """A class in a source file, its fields read when they are asked for."""

    file: Path
    node: ast.ClassDef
    _fields: dict[str, ast.expr | None] | None = field(default=None, init=False)
    is_open: bool = field(default=False, init=False)
    """Whether a base class could not be found, so that there may be other fields."""

    def fields(self) -> dict[str, ast.expr | None]:
        """The fields by name, each with the expression that says its class, if one does."""
        if self._fields is None:
            self._fields = {}
            for base in self.node.bases:
                found = _find_class(self.file, base)
                if found is None:
                    self.is_open = True
                    continue
                self._fields |= dict.fromkeys(found.fields())
                self.is_open |= found.is_open
            self._fields |= dict(_own_fields(self.node))
        return self._fields

    def child(self, name: str, package: Path) -> _Class | None:
        """The class of a field, where the package says it; None where it does not.

        What a library's class says of its own field is not followed: the package may have put another class there.
        """
        if not self.file.is_relative_to(package):
            return None
        for field_name, hint in _own_fields(self.node):
            if field_name == name:
                found = _find_class(self.file, hint) if hint is not None else None
                return None if found is None or _is_preset(found) else found
        for base in self.node.bases:
            found = _find_class(self.file, base)
            if found is not None and name in found.fields():
                return found.child(name, package)
        return None


def check_names(package: Path, overrides: list[str], agent: str = AGENT) -> list[Problem]:
    """The overrides that name no field, as far as the source tells.

    Args:
        package: Folder of a generated package.
        overrides: ``env.x.y=value`` and ``agent.z=value``.
        agent: Entry point of the agent's configuration.

    Returns:
        A problem for each override that is malformed or names a field that certainly does not exist.
    """
    package = package.resolve()
    roots = _roots(package, agent)
    problems: list[Problem] = []
    for text in overrides:
        override = parse_override(text)
        found = override if isinstance(override, Problem) else _check(override, roots.get(override.root), package)
        if found is not None:
            problems.append(found)
    return problems


def _check(override: Override, root: _Class | None, package: Path) -> Problem | None:
    current = root
    for depth, name in enumerate(override.path):
        if current is None:
            return None
        fields = current.fields()
        if name not in fields:
            if current.is_open:
                return None
            assert root is not None
            return unknown_field(override, depth, list(fields), _paths(root, package, _SEARCH_DEPTH))
        current = current.child(name, package)
    return None


def _paths(node: _Class, package: Path, depth: int, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in node.fields():
        yield (*path, name)
        child = node.child(name, package) if depth > 1 else None
        if child is not None:
            yield from _paths(child, package, depth - 1, (*path, name))


def _roots(package: Path, agent: str) -> dict[str, _Class]:
    """The configuration classes that the package registers."""
    tree = _parse(package / "__init__.py")
    roots: dict[str, _Class] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            for root, entry_point in {"env": "env_cfg_entry_point", "agent": agent}.items():
                if isinstance(key, ast.Constant) and key.value == entry_point:
                    module, _, name = _text(value).partition(":")
                    file = package.joinpath(*module.strip(".").split(".")).with_suffix(".py")
                    found = _class_in(file, name)
                    if found is not None:
                        roots[root] = found
    return roots


def _text(node: ast.expr) -> str:
    """The constant part of ``f"{__name__}.env_cfg:CartpoleEnvCfg"``."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _own_fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None]]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            # A value that is written as a call says its class better than the annotation, which may be a base class.
            value = statement.value
            yield statement.target.id, value.func if isinstance(value, ast.Call) else statement.annotation
        elif isinstance(statement, ast.Assign):
            hint = statement.value.func if isinstance(statement.value, ast.Call) else None
            for target in statement.targets:
                if isinstance(target, ast.Name) and not target.id.startswith("_"):
                    yield target.id, hint


def _is_preset(found: _Class) -> bool:
    """Whether a class offers alternatives, of which the run chooses one."""
    return any(_last_name(base) == "PresetCfg" for base in found.node.bases)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _find_class(file: Path, expression: ast.expr) -> _Class | None:
    """The class that a name or ``module.Name`` means in a file."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        try:
            expression = ast.parse(expression.value, mode="eval").body
        except SyntaxError:
            return None
    if isinstance(expression, ast.Name):
        return _class_in(file, expression.id)
    if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
        module = _imported_modules(file).get(expression.value.id)
        if module is not None:
            return _class_in(module, expression.attr)
        outer = _class_in(file, expression.value.id)
        inner = [node for node in outer.node.body if isinstance(node, ast.ClassDef)] if outer is not None else []
        return next((_Class(outer.file, node) for node in inner if outer and node.name == expression.attr), None)
    return None


@cache
def _class_in(file: Path, name: str, depth: int = 0) -> _Class | None:
    """The class of that name in a file, followed through ``from … import …``."""
    tree = _parse(file)
    if tree is None or depth > _MAX_DEPTH:
        return None
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _Class(file, node)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if alias.name == "*" or (alias.asname or alias.name) == name:
                module = _module_file(file, node.module or "", node.level)
                original = name if alias.name == "*" else alias.name
                found = _class_in(module, original, depth + 1) if module is not None else None
                if found is not None:
                    return found
    return None


@cache
def _imported_modules(file: Path) -> dict[str, Path]:
    """The modules that a file imports whole, by the name it uses: ``import isaaclab.sim as sim_utils``."""
    modules: dict[str, Path] = {}
    tree = _parse(file)
    for node in tree.body if tree is not None else ():
        for alias in node.names if isinstance(node, ast.Import) else ():
            found = _module_file(file, alias.name, 0) if alias.asname is not None else None
            if found is not None and alias.asname is not None:
                modules[alias.asname] = found
    return modules


def _module_file(file: Path, module: str, level: int) -> Path | None:
    """The source of a module as imported from ``file``; a stub stands for a package that loads its names lazily."""
    parts = module.split(".") if module else []
    if level:
        folder = file.parents[level - 1]
    else:
        top = _top_folder(parts[0]) if parts else None
        if top is None:
            return None
        folder, parts = top, parts[1:]
    target = folder.joinpath(*parts)
    candidates = (target / "__init__.pyi", target / "__init__.py", target.with_suffix(".py"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@cache
def _top_folder(name: str) -> Path | None:
    """The folder of an installed package, found without importing it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(locations[0]) if locations else None


@cache
def _parse(file: Path) -> ast.Module | None:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
