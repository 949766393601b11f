"""Calls of functions that a file defines: the right formula, its arguments, and its value in the place of the call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_dsl.check.foreign import MODULES, function_help
from stripe_dsl.check.parameters import Argument, Fitting, read_type
from stripe_dsl.check.tunables import Given
from stripe_dsl.check.values import Value
from stripe_dsl.diagnostics import Annotation
from stripe_dsl.source import Span
from stripe_dsl.spec.document import FunctionSpec
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.values import Text
from stripe_dsl.spec.write_values import signature
from stripe_dsl.syntax import ast
from stripe_dsl.text import and_list, close_names, did_you_mean

if TYPE_CHECKING:
    from stripe_dsl.check.expressions import Lowering


@dataclass(frozen=True)
class Function:
    """A function and the file that defines it."""

    name: Text
    spec: FunctionSpec
    module: Module


@dataclass
class Frame:
    """What names mean inside a function.

    Attributes:
        function: the function whose value is being worked out.
        args: its parameters.
    """

    function: Function
    args: dict[str, Argument] = field(default_factory=dict)


class Calls:
    """Expands calls. A function has no value of its own: its formula stands where it is called."""

    def __init__(self, low: Lowering) -> None:
        self.low = low
        self.called: list[FunctionSpec] = []
        self._open: list[tuple[Function, Span | None]] = []

    # finding functions

    def module(self, span: Span) -> Module | None:
        """The file that an expression stands in; for values from the command line the task's own."""
        return self.low.scope.modules.get(span.source, self.low.scope.module)

    def find(self, expr: ast.Call) -> Function | None:
        """The function that a call names: one of its own file, or ``file.name``; others are not reported."""
        node, module = expr.function, self.module(expr.span)
        if isinstance(node, ast.Field) and isinstance(node.object, ast.Name):
            name, module = node.name, module.imports.get(node.object.id) if module is not None else None
        elif isinstance(node, ast.Name):
            name = node.id
        else:
            return None
        table = module.document.fn if module is not None else {}
        found = next((known for known in table if known == name), None)
        return Function(found, table[found], module) if found is not None and module is not None else None

    def unknown(self, expr: ast.Call, name: str, builtin: list[str]) -> None:
        """Reports a function that is nowhere, with the closest name of this file and of those that it imports."""
        node, module = expr.function, self.module(expr.span)
        if isinstance(node, ast.Field) and isinstance(node.object, ast.Name):
            alias = node.object.id
            imports = module.document.imports if module is not None else {}
            imported = module.imports.get(alias) if module is not None else None
            if imported is not None:
                table = imported.document.fn
                helps = did_you_mean(node.name, table, listing=True) or ("the file defines no functions",)
                message = f"there is no function `{node.name}` in `{imported.source.name}`"
                self.low.report.error("E0208", message, node.name_span, *helps)
            elif self.low.scope.incomplete or alias in self.low.scope.unknown_sets:
                return  # it may be of what is missing
            elif alias == "ground":
                help = "add `ground plane` or a `terrain` to its scene"
                self.low.report.error("E0201", "the task stands on no ground", node.object.span, help)
            elif alias not in imports and alias not in self.low.scope.known_names():
                known = [*imports, *self.low.scope.known_names()]
                message = f"no import is called `{alias}`"
                python = function_help(node.name, builtin) if alias in MODULES else ()
                self.low.report.error("E0201", message, node.object.span, *(python or did_you_mean(alias, known)))
            elif alias not in imports:
                self.low.report.error("E0208", "this cannot be called", node.span, "to multiply, write `a * b`")
            return
        if not isinstance(node, ast.Name):
            self.low.report.error("E0208", "this cannot be called", node.span, self.further_in(node, module))
            return
        candidates = {word: word for word in builtin}
        if module is not None:
            for alias, imported in module.imports.items():
                candidates |= {str(word): f"{alias}.{word}" for word in imported.document.fn}
            candidates |= {str(word): str(word) for word in module.document.fn}
        close = close_names(name, candidates)
        own = [word for word in close if word not in builtin]
        helps = () if own else function_help(name, ())
        helps = helps or ((f"did you mean `{candidates[close[0]]}`?",) if close else ())
        self.low.report.error("E0208", f"unknown function `{name}`", node.span, *helps)

    @staticmethod
    def further_in(node: ast.Expr, module: Module | None) -> str:
        """What to do about ``file.other.name(…)``: what a file imports is its own."""
        match node:
            case ast.Field(object=ast.Field(object=ast.Name(id=outer), name=inner), name=name) if (
                module is not None and outer in module.imports
            ):
                document = module.imports[outer].document
                path = next((str(path) for alias, path in document.imports.items() if alias == inner), "")
                if path:
                    return f"import `{path}`, which `{outer}` imports, in this file too, and write `{inner}.{name}(…)`"
        return "to multiply, write `a * b`"

    # arguments

    def expand(self, function: Function, expr: ast.Call) -> Value | None:
        """The value of a call; mistakes are reported."""
        self.called.append(function.spec)
        if self._circular(function, expr):
            return None
        args = self._arguments(function, expr)
        if args is None:
            return None
        return self.value(function, args, expr.span)

    def value(self, function: Function, args: dict[str, Argument], call: Span | None) -> Value | None:
        """The formula of a function with its parameters in place."""
        low = self.low
        assert function.spec.value is not None
        phase_default, low.default = low.default, None  # `default` of a reset is none of the function's business
        self._open.append((function, call))
        try:
            with self.inside(Frame(function, args)), low.report.within(_note(function, call)):
                return low.value(function.spec.value.node)
        finally:
            self._open.pop()
            low.default = phase_default

    @contextmanager
    def inside(self, frame: Frame | None) -> Iterator[None]:
        """Names mean what they mean in a function; with ``None`` what they mean in the task."""
        before, self.low.frame = self.low.frame, frame
        try:
            yield
        finally:
            self.low.frame = before

    def _circular(self, function: Function, expr: ast.Call) -> bool:
        start = next((number for number, (item, _) in enumerate(self._open) if item.spec is function.spec), None)
        if start is None:
            return False
        circle = [item for item, _ in self._open[start:]]
        calls = [*(call for _, call in self._open[start + 1 :]), expr.span]  # of the next one, in each of them
        first = min(range(len(circle)), key=lambda i: (circle[i].module.source.name, str(circle[i].name)))
        names = [str(item.name) for item in (*circle[first:], *circle[: first + 1])]
        message = f"functions call each other: {' -> '.join(names)}"
        if len(circle) == 1:
            message = f"the function `{names[0]}` calls itself"
        help = "a function is written out where it is called, so this would never end"
        self.low.report.error("E0210", message, calls[first], help)
        return True

    def _arguments(self, function: Function, expr: ast.Call) -> dict[str, Argument] | None:
        """The parameters' values, in their order."""
        takes, name = function.spec.takes, expr.function.span.text
        given: dict[str, ast.Expr] = dict(zip(map(str, takes), expr.args, strict=False))
        ok = True
        if len(expr.args) > len(takes):
            count = f"{len(takes)} argument{'s' if len(takes) != 1 else ''}"
            message = f"`{name}` takes {count}, not {len(expr.args)}"
            self._wrong(function, message, expr.args[len(takes)].span)
            ok = False
        for word, value in expr.keywords:
            if word.id not in takes:
                self._wrong(
                    function, f"`{name}` has no parameter `{word.id}`", word.span, *did_you_mean(word.id, takes)
                )
                ok = False
            elif word.id in given:
                self._wrong(function, f"`{word.id}` of `{name}` is given twice", word.span)
                ok = False
            else:
                given[word.id] = value
        missing = [str(word) for word, spec in takes.items() if str(word) not in given and spec.default is None]
        if missing and ok:
            self._wrong(function, f"`{name}` needs {and_list(missing)}", expr.span)
            ok = False
        structural = self._exponents(function)
        args: dict[str, Argument] = {}
        for word, spec in takes.items():
            wanted = read_type(self.low, spec.type)
            node = given.get(str(word))
            if node is not None:
                self.low.names.wanted = wanted.word if wanted is not None else ""
                value = self._argument(node, None if word in structural else Given(str(word)))
            elif spec.default is not None and ok:
                with self.inside(Frame(function)), self.low.report.within(_note(function, expr.span)):
                    value = self._argument(spec.default.node, None if word in structural else Given(str(word)))
                    node = spec.default.node
            else:
                continue
            if value is not None and node is not None and wanted is not None:
                value = Fitting(self.low, name, word, node.span).fit(value, wanted)
            if value is None:
                ok = False
            else:
                args[str(word)] = value
        return args if ok else None

    def _argument(self, node: ast.Expr, role: Given | None) -> Argument | None:
        """An argument: a value, a set, a sensor, or an action by its name."""
        if isinstance(node, ast.Name):
            if self.low.frame is not None and node.id in self.low.frame.args:
                return self.low.frame.args[node.id]
            action = self.low.names.action_of(node)
            if action is not None:
                self.low.scope.used.add(node.id)
                return action
        if role is None:
            with self.low.tunables.paused():
                return self.low.value(node)
        return self.low.value(node, role)

    def _exponents(self, function: Function, open_: tuple[FunctionSpec, ...] = ()) -> set[str]:
        """Parameters that stand in exponents, or are angles of `rpy`: part of the formula, and no settings."""
        out: set[str] = set()
        stack: list[tuple[object, bool]] = [(function.spec.value.node, False)] if function.spec.value else []
        while stack:
            node, inside = stack.pop()
            if isinstance(node, ast.Name) and inside:
                out.add(node.id)
            elif isinstance(node, ast.Binary) and node.op == "^":
                stack += [(node.left, inside), (node.right, True)]
            elif isinstance(node, ast.Call):
                called = self.find(node)
                known = called is not None and not any(called.spec is spec for spec in open_)
                deeper = self._exponents(called, (*open_, function.spec)) if called is not None and known else set()
                takes = list(called.spec.takes) if called is not None else []
                given = [*zip(takes, node.args, strict=False), *((word.id, value) for word, value in node.keywords)]
                turned = isinstance(node.function, ast.Name) and node.function.id == "rpy"
                stack += [(value, inside or str(word) in deeper) for word, value in given]
                stack += [(value, inside or turned) for value in (node.args if called is None else ())]
            else:
                stack += [(part, inside) for part in ast.parts(node)]
        return out

    def _wrong(self, function: Function, message: str, span: Span, *helps: str) -> None:
        notes = (Annotation(function.name.span, "defined here"),) if function.name.span is not None else ()
        text = f"it is `{signature(function.name, function.spec)}`"
        self.low.report.error("E0209", message, span, *helps, text, notes=notes)


def _note(function: Function, call: Span | None) -> Annotation | None:
    return Annotation(call, f"`{function.name}` is called here") if call is not None else None
