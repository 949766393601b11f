"""``collide together`` and ``collide apart``: whether a layer asks for one of the forms of what collides in it."""

from __future__ import annotations

from stripe_dsl.check.constants import Settings
from stripe_dsl.ir.scene import Species
from stripe_dsl.spec.scene import LayerBlock


def form(spec: LayerBlock, species: tuple[Species, ...], moves: str, settings: Settings) -> str | None:
    """``together`` or ``apart``; ``None`` where the bake chooses, and after a mistake was reported.

    Args:
        species: of the layer, which say what is solid.
        moves: ``static``, ``rigid`` or ``articulation``.
    """
    if spec.collide is None or moves == "articulation":
        return None  # what links say for themselves is reported with their other keys
    found = settings.word(spec.collide, "collide", ("together", "apart"), "")
    message, help = "", ""
    if moves == "rigid":
        message, help = "each thing that moves is a body of its own", "remove `collide`"
    elif not any(item.solid.touches for item in species):
        message, help = "nothing in this layer collides", "remove `collide`, or give the layer a `solid`"
    elif found == "apart" and any(item.solid.kind == "mesh" for item in species):
        message = "what collides apart is convex, and `solid mesh` need not be"
        help = "write `solid hull`, or `collide together`"
    if message and found:
        settings.report.error("E0309", message, spec.collide.span, help)
        return None
    return found or None
