"""The scenes of a file, those that no task uses among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stripe_dsl.check.constants import Settings
from stripe_dsl.check.expressions import Lowering
from stripe_dsl.check.given import given_values
from stripe_dsl.check.report import Reporter
from stripe_dsl.check.scope import Scope
from stripe_dsl.check.world import check_scene
from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.source import SourceFile
from stripe_dsl.spec.elaborate import Task
from stripe_dsl.spec.modules import Module
from stripe_dsl.spec.values import Expression
from stripe_dsl.text import and_list, did_you_mean

if TYPE_CHECKING:
    from stripe_dsl.ir.scene import Scene  # only scenes with a terrain need it


def check_scenes(
    module: Module, tasks: Sequence[Task], given: Mapping[str, str]
) -> tuple[tuple[Scene, ...], list[Diagnostic]]:
    """The scenes of a file that have a terrain, and what is wrong with those that no task of it uses.

    Args:
        given: values of parameters by name, from ``--set``.
    """
    used = [task.scene for task in tasks if task.scene is not None]
    report, scenes = Reporter(), []
    document = module.document
    if not tasks and document.scene:
        _known(module, given, report)
    for name, spec in document.scene.items():
        quiet = Reporter() if any(spec is other for other in used) else report
        params = {str(key): value for key, value in {**document.param, **spec.param}.items()}
        overridden = {key: params[key] for key in given if key in params}
        scope = Scope(params={**params, **{key: _parsed(key, given[key], quiet) for key in overridden}}, module=module)
        scope.overridden = overridden
        given_values(scope, quiet)
        if spec.use is not None or spec.given:
            span = spec.use.span if spec.use is not None else spec.span
            quiet.error("E0206", "`use` and `given` belong to the scene of a task", span, "remove them")
        scene = check_scene(spec, Settings(Lowering(scope, quiet)), str(name), module)[2]
        if scene is not None and not quiet.failed:
            scenes.append(scene)
    if document.asset:
        from stripe_dsl.check.scenes.scene import check_assets

        scope = Scope(params={str(key): value for key, value in document.param.items()}, module=module)
        check_assets(module, Settings(Lowering(scope, report)))
    return tuple(scenes), report.diagnostics


def _known(module: Module, given: Mapping[str, str], report: Reporter) -> None:
    """Reports what ``--set`` names and no scene takes."""
    known = {str(name) for spec in module.document.scene.values() for name in spec.param}
    known |= {str(name) for name in module.document.param}
    for key in given:
        if key not in known and key != "scene":
            names = sorted(known)
            helps = did_you_mean(key, names) or (
                (f"parameters here: {and_list(names)}",) if names else ("the file has no parameters",)
            )
            report.error("E0216", f"there is no parameter `{key}` to set", None, *helps)


def _parsed(key: str, value: str, report: Reporter) -> Expression:
    """A value of ``--set``."""
    from stripe_dsl.syntax.parser import parse_expression

    prefix = f"--set {key}="
    source = SourceFile("<command line>", prefix + value)
    node, diagnostics = parse_expression(source, len(prefix), len(source.text))
    report.diagnostics.extend(diagnostics)
    return Expression(node)
