"""Values of a Python module's names, found by reading its source: nothing is imported and nothing is run.

Understood is what configuration modules are made of: literals, arithmetic, f-strings, names, calls that build an object
(kept as :class:`Call`), ``replace``/``clone``/``copy`` of one, and assignments to its fields. Everything else is
:data:`UNKNOWN`.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.locate import package_folder
from stripe_dsl.robots.match import suggest


class _Unknown:
    """A value that cannot be told from the source."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: dict[int, Any]) -> _Unknown:
        return self


UNKNOWN: Any = _Unknown()


@dataclass(slots=True)
class Call:
    """A call that builds an object: ``sim_utils.UsdFileCfg(usd_path=…)``.

    Attributes:
        name: last part of what is called, ``UsdFileCfg``.
        fields: keyword arguments, and fields that were assigned later.
        complete: whether every change made to it afterwards was understood.
    """

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    complete: bool = True


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_COPIES = ("replace", "clone", "copy", "deepcopy")
# A module that imports from a module that imports …: far enough for configuration packages.
_DEPTH = 8


def module_file(name: str) -> Path:
    """File of a module, by its dotted name. Raises :class:`RobotFileError` if it is not there."""
    package, *parts = name.split(".")
    if not parts:
        # Looking for a top-level name imports nothing.
        spec = find_spec(package)
        if spec is not None and spec.origin is not None and Path(spec.origin).suffix == ".py":
            return Path(spec.origin)
    path = package_folder(package)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if last and (path / f"{part}.py").is_file():
            return path / f"{part}.py"
        path = path / part
        if not path.is_dir():
            known = [entry.stem for entry in path.parent.iterdir() if entry.suffix == ".py" or entry.is_dir()]
            close = suggest(part, known, n=1)
            hint = f'did you mean "{".".join([package, *parts[:number], close[0]])}"?' if close else None
            raise RobotFileError(f'there is no Python module "{name}"', hint, "E0603")
    return path / "__init__.py"


class ModuleReader:
    """Reads modules; each is read once.

    Args:
        constants: values of names that are known without reading, by name; they win over what the source says.
    """

    def __init__(self, constants: dict[str, Any]) -> None:
        self._constants = constants
        self._modules: dict[str, dict[str, Any]] = {}

    def names(self, module: str) -> list[str]:
        """Names that a module assigns or imports. Raises :class:`RobotFileError` if it is not there or broken."""
        return list(self._module(module))

    def value(self, module: str, name: str, depth: int = 0) -> Any:
        """Value of a module's name; ``KeyError`` if the module does not mention it."""
        values = self._module(module, depth)
        value = values[name]
        if isinstance(value, _Imported):
            if depth >= _DEPTH:
                return UNKNOWN
            try:
                value = self.value(value.module, value.name, depth + 1)
            except (RobotFileError, KeyError):
                value = UNKNOWN
            values[name] = value
        return value

    def _module(self, module: str, depth: int = 0) -> dict[str, Any]:
        if module not in self._modules:
            # Entered before it is read: modules import each other in circles.
            self._modules[module] = {}
            path = module_file(module)
            is_package = path.name == "__init__.py"
            values = self._modules[module]
            # A package that loads lazily says in its stub what it exports.
            stub = path.with_suffix(".pyi")
            for file in (stub, path) if stub.is_file() else (path,):
                _Body(self, module, is_package, values, self._constants, depth).run(_statements(file))
        return self._modules[module]


@dataclass(frozen=True, slots=True)
class _Imported:
    """``from module import name``, not looked up yet."""

    module: str
    name: str


def _statements(file: Path) -> list[ast.stmt]:
    try:
        return ast.parse(file.read_bytes()).body
    except (OSError, ValueError) as error:
        raise RobotFileError(f'the Python module "{file.name}" cannot be read: {error}') from None
    except SyntaxError as error:
        raise RobotFileError(f'the Python module "{file.name}" is not valid Python (line {error.lineno})') from None


@dataclass(slots=True)
class _Body:
    """The statements of one module."""

    reader: ModuleReader
    module: str
    is_package: bool
    values: dict[str, Any]
    constants: dict[str, Any]
    depth: int

    def run(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            match statement:
                case ast.ImportFrom():
                    self._import(statement)
                case ast.Assign(targets=targets, value=value):
                    result = self.evaluate(value)
                    for target in targets:
                        self._assign(target, result)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assign(target, self.evaluate(value))
                case ast.For():
                    self._loop(statement)
                case ast.Expr(value=ast.Constant()) | ast.Import() | ast.Pass():
                    pass
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    self.values.pop(statement.name, None)
                case _:
                    self._spoil(statement)

    def _import(self, statement: ast.ImportFrom) -> None:
        source = statement.module or ""
        if statement.level:
            base = self.module.split(".")
            base = base[: len(base) - statement.level + (1 if self.is_package else 0)]
            source = ".".join([*base, *([source] if source else [])])
        for alias in statement.names:
            if alias.name != "*":
                self.values[alias.asname or alias.name] = _Imported(source, alias.name)
                continue
            try:
                names = self.reader.names(source)
            except RobotFileError:
                continue
            for name in names:
                if not name.startswith("_"):
                    self.values[name] = _Imported(source, name)

    def _assign(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self.values[name] = value
            case ast.Attribute(value=owner, attr=name):
                holder = self.evaluate(owner)
                if isinstance(holder, Call):
                    holder.fields[name] = value
                else:
                    self._spoil(target)
            case ast.Subscript(value=owner, slice=index):
                holder, key = self.evaluate(owner), self.evaluate(index)
                if isinstance(holder, dict) and isinstance(key, str):
                    holder[key] = value
                else:
                    self._spoil(target)
            case _:
                self._spoil(target)

    def _loop(self, statement: ast.For) -> None:
        items = self.evaluate(statement.iter)
        if not isinstance(statement.target, ast.Name) or not isinstance(items, list | tuple):
            self._spoil(statement)
            return
        for item in items:
            self.values[statement.target.id] = item
            self.run(statement.body)

    def _spoil(self, node: ast.AST) -> None:
        """Something happens here that is not understood: what it mentions may have changed."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                value = self.values.get(inner.id)
                if isinstance(value, Call):
                    value.complete = False
                elif isinstance(inner.ctx, ast.Store):
                    self.values[inner.id] = UNKNOWN

    def evaluate(self, node: ast.expr) -> Any:
        """Value of an expression."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=ast.Name(id="math"), attr=name):
                return getattr(math, name, UNKNOWN)
            case ast.Attribute(value=owner, attr=name):
                holder = self.evaluate(owner)
                if isinstance(holder, Call):
                    return holder.fields.get(name, UNKNOWN)
                return self.constants.get(name, UNKNOWN)
            case ast.Subscript(value=owner, slice=index):
                return self._item(self.evaluate(owner), self.evaluate(index))
            case ast.List(elts=items):
                return [self.evaluate(item) for item in items]
            case ast.Tuple(elts=items):
                return tuple(self.evaluate(item) for item in items)
            case ast.Dict(keys=keys, values=values):
                return self._dictionary(keys, values)
            case ast.JoinedStr(values=parts):
                return self._text(parts)
            case ast.BinOp(left=left, op=op, right=right):
                return _apply(_OPERATORS.get(type(op)), self.evaluate(left), self.evaluate(right))
            case ast.UnaryOp(op=op, operand=operand):
                return _apply(_OPERATORS.get(type(op)), self.evaluate(operand))
            case ast.Call():
                return self._call(node)
            case _:
                return UNKNOWN

    def _name(self, name: str) -> Any:
        if name in self.constants:
            return self.constants[name]
        if name not in self.values:
            return UNKNOWN
        return self.reader.value(self.module, name, self.depth)

    @staticmethod
    def _item(holder: Any, key: Any) -> Any:
        try:
            return holder[key] if isinstance(holder, dict | list | tuple) else UNKNOWN
        except (KeyError, IndexError, TypeError):
            return UNKNOWN

    def _dictionary(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Any:
        result: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            evaluated = self.evaluate(value)
            if key is None:
                if not isinstance(evaluated, dict):
                    return UNKNOWN
                result.update(evaluated)
                continue
            name = self.evaluate(key)
            if not isinstance(name, str | int | float):
                return UNKNOWN
            result[name] = evaluated
        return result

    def _text(self, parts: list[ast.expr]) -> Any:
        texts: list[str] = []
        for part in parts:
            plain = isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None
            value = self.evaluate(part.value) if plain and isinstance(part, ast.FormattedValue) else self.evaluate(part)
            if not isinstance(value, str | int):
                return UNKNOWN
            texts.append(str(value))
        return "".join(texts)

    def _call(self, node: ast.Call) -> Any:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        changes = {word.arg: self.evaluate(word.value) for word in node.keywords if word.arg is not None}
        if name in _COPIES:
            original = UNKNOWN
            if isinstance(node.func, ast.Attribute):
                original = self.evaluate(node.func.value)
            if not isinstance(original, Call) and node.args:
                original = self.evaluate(node.args[0])
            if not isinstance(original, Call):
                return UNKNOWN
            copied = deepcopy(original)
            copied.fields.update(changes)
            return copied
        if name == "dict" and not node.args:
            return changes
        if name.endswith("join") and "path" in ast.unparse(node.func):
            pieces = [self.evaluate(piece) for piece in node.args]
            return "/".join(pieces) if all(isinstance(piece, str) for piece in pieces) else UNKNOWN
        if name[:1].isupper():
            unpacked = any(word.arg is None for word in node.keywords)
            return Call(name, changes, complete=not unpacked)
        return UNKNOWN


def _apply(function: Callable[..., Any] | None, *operands: Any) -> Any:
    if function is None or any(operand is UNKNOWN for operand in operands):
        return UNKNOWN
    try:
        return function(*operands)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN
