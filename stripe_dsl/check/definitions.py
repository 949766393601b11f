"""Functions of a file, checked where they are defined: their names, their parameters, and formulas nobody calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stripe_dsl.check.calls import Frame, Function
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.functions import FUNCTIONS
from stripe_dsl.check.parameters import Fitting, placeholder, read_type
from stripe_dsl.check.phase import Phase
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.task import valid_name
from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.source import SourceFile
from stripe_dsl.spec.document import FunctionSpec
from stripe_dsl.spec.elaborate import Task
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.values import Text
from stripe_dsl.syntax import ast

OF_A_ROBOT = ("joints", "bodies", "base")
"""Words of a task that a parameter may be called by: a function does not know them otherwise."""


def check_functions(module: Module, modules: Iterable[Module], tasks: Sequence[Task]) -> list[Diagnostic]:
    """What is wrong with the functions of a file.

    A formula that a task calls was checked there, with its arguments; any other is checked with values of the types
    that its parameters state, as far as these say enough.
    """
    report = Reporter()
    sources = {item.source: item for item in modules}
    called = [spec for task in tasks for spec in task.called]
    for name, spec in module.document.fn.items():
        _names(name, spec, report)
        if not any(spec is other for other in called):
            _formula(Function(name, spec, module), sources, report)
            if tasks and not _called_by_others(spec, module):
                report.error("W0001", f"the function `{name}` is never called", name.span, "remove it")
    return report.diagnostics


def _names(name: Text, spec: FunctionSpec, report: Reporter) -> None:
    if name in FUNCTIONS:
        message = f"`{name}` is a function of the language and cannot name another"
        report.error("E0217", message, name.span, f"choose another name, such as `my_{name}`")
    else:
        valid_name(name, report)
    used = _words(spec)
    for parameter in spec.takes:
        if parameter not in OF_A_ROBOT:
            valid_name(parameter, report)
        if parameter not in used:
            message = f"the parameter `{parameter}` of `{name}` is never used"
            report.error("W0001", message, parameter.span, "remove it")


def _formula(function: Function, sources: dict[SourceFile, Module], report: Reporter) -> None:
    """Lowers a formula on its own."""
    scope = Scope(params={str(key): value for key, value in function.module.document.param.items()})
    scope.module, scope.modules = function.module, sources
    low = Lowering(scope, report)
    low.phase = Phase.REWARD
    args = {}
    for name, spec in function.spec.takes.items():
        wanted = read_type(low, spec.type)
        if spec.default is not None:
            with low.calls.inside(Frame(function)):
                default = low.value(spec.default.node)
            if default is not None and wanted is not None:
                Fitting(low, str(function.name), name, spec.default.span).fit(default, wanted)
        args[str(name)] = placeholder(low, str(name), wanted)
    low.calls.value(function, args, None)


def _called_by_others(spec: FunctionSpec, module: Module) -> bool:
    """Whether another function of the file calls it: then that one is what is never called."""
    name = next(key for key, value in module.document.fn.items() if value is spec)
    return any(name in _words(other) for other in module.document.fn.values() if other is not spec)


def _words(spec: FunctionSpec) -> set[str]:
    """Names that stand in a formula."""
    out: set[str] = set()
    stack: list[object] = [spec.value.node] if spec.value is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            out.add(node.id)
        stack += ast.parts(node)
    return out
