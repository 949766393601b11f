"""Maps of a scene that is in place: rasters of what its rules give, such as where a robot can go."""

from __future__ import annotations

from stripe_dsl.scene.grid import Field
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.rules import holds


def build_maps(layout: Layout) -> dict[str, Field]:
    """The maps of a scene by name: the product of their rules at the vertices of its grid, shape (ny, nx), 0..1.

    Raises:
        stripe_dsl.scene.rules.RuleError: if a function of the user's cannot be used.
    """
    around, names = layout.surroundings, (layout.seed, layout.scene.name)
    return {item.name: holds(item.rules, around, (*names, item.name)) for item in layout.scene.maps}
