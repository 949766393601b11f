"""A variant of a scene with everything in it, and all that is to be said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir.scene import Scene
from stripe_dsl.scene.extents import Measure, extent
from stripe_dsl.scene.grid import Field
from stripe_dsl.scene.layout import Layout, build_layout
from stripe_dsl.scene.maps import build_maps
from stripe_dsl.scene.placements import Instances, Problem
from stripe_dsl.scene.problem import SceneError
from stripe_dsl.scene.require import check_requirements
from stripe_dsl.scene.rules import RuleError
from stripe_dsl.scene.steps import step
from stripe_dsl.scene.terrain import build_ground

_CODES = {"packing": "E0701", "outside": "E0706"}


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Ground, instances and maps of a variant.

    Attributes:
        layout: with the ground.
        maps: by name, shape (ny, nx), 0..1.
    """

    layout: Layout
    maps: dict[str, Field]


def make(scene: Scene, variant: int = 0, measure: Measure = extent) -> tuple[Made | None, list[Diagnostic]]:
    """Makes a variant of a scene, which has no tiles.

    Args:
        measure: sizes of assets; those of files have to be read.

    Returns:
        What was made as far as that went, ``None`` where there is no ground or no rule to place by; and what could not
        be placed, or does not hold.
    """
    step("making the ground")
    try:
        layout = build_layout(scene, variant, ground=build_ground(scene, variant), measure=measure)
        maps = build_maps(layout)
    except SceneError as problem:
        return None, list(problem.diagnostics)
    except RuleError as problem:
        return None, [Diagnostic("E0619", str(problem), scene.span)]
    step("checking what is required")
    diagnostics = [infeasible(problem) for problem in layout.problems]
    diagnostics += [item for found in layout.layers.values() if (item := _fewer(found, layout.problems))]
    diagnostics += [finding.diagnostic for finding in check_requirements(layout, maps) if not finding.holds]
    if scene.reads:
        from stripe_dsl.scene.spots import no_spots  # for tasks that draw from zones

        diagnostics += no_spots(layout, maps)
    return Made(layout, maps), diagnostics


def _fewer(found: Instances, known: Sequence[Problem]) -> Diagnostic | None:
    """Of things with joints, which a task has counted before anything was placed; and of things that can be pushed, of
    which a simulator wants one at least."""
    layer = found.layer
    if layer.movable and len(found) == 0 and not any(item.layer is layer and not item.warning for item in known):
        message = f"{layer.name}: none stands, and of things that can be pushed there has to be one"
        return Diagnostic("E0702", message, layer.span, helps=("ask for more of them, or loosen the rules",))
    if layer.robot is None or len(found) == layer.number or any(item.layer is layer for item in known):
        return None
    message = f"{layer.name}: {len(found)} of {layer.number} stand, and things with joints have to be there all"
    return Diagnostic("E0702", message, layer.span, helps=("say `at` for each, or loosen the rules",))


def infeasible(problem: Problem) -> Diagnostic:
    """What a layer cannot have."""
    code = "W0017" if problem.warning else _CODES.get(problem.kind, "E0702")
    return Diagnostic(code, problem.message, problem.layer.span)
