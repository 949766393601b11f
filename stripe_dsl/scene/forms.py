"""In which form what collides in a layer is given to the simulator: as one mesh, or each thing as a hull of its own.

Both have the same surface. A mesh is a shell, which a fast body passes; a hull is solid all through. What a hull costs
grows with the number of things, for the simulator pairs each with each shape of each robot; what a mesh costs hardly
does (``docs/performance.md``, "Forms of what collides").
"""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.ir.scene import Layer
from stripe_dsl.scene.files import AssetFileError
from stripe_dsl.scene.placements import Instances
from stripe_dsl.scene.things import Thing

APART = 64
"""Things of a layer, in all variants of its scene together, that are hulls of their own where the file does not say:
``benchmarks/scene_forms.py`` measures what more of them cost."""
CORNERS = 64
"""Of a hull at most: simulators leave out corners of larger ones."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a layer is given.

    Attributes:
        apart: each thing is a hull of its own, else all are one mesh.
        why: in a few words.
    """

    apart: bool
    why: str

    def told(self, name: str, count: int) -> str:
        """A line about it: of a layer's name and the number of its things that collide."""
        what = f"{count} {'hull' if count == 1 else 'hulls'}" if self.apart else f"one mesh of {count}"
        return f"{name}: collides as {what} ({self.why})"


def form_of(found: Instances, things: tuple[Thing, ...], variants: int) -> Form:
    """The form of a layer that stands still.

    Args:
        found: what was placed.
        things: the shapes of it.
        variants: of the scene, which stand side by side in one world.

    Raises:
        AssetFileError: if the file asks for hulls and one would have too many corners.
    """
    layer: Layer = found.layer
    if layer.collide == "together":
        return Form(apart=False, why="as written")
    wide = max(things, key=corners, default=None)
    if layer.collide == "apart":
        if wide is not None and corners(wide) > CORNERS:
            message = f"`{wide.name}` has {corners(wide)} corners, and what collides apart has {CORNERS} at most"
            raise AssetFileError(message, f"write `collide together` in the layer `{layer.name}`", wide.name)
        return Form(apart=True, why="as written")
    if any(species.solid.kind == "mesh" for species in layer.species):
        return Form(apart=False, why="`solid mesh` may be hollow")
    if wide is not None and corners(wide) > CORNERS:
        return Form(apart=False, why=f"`{wide.name}` has {corners(wide)} corners, a hull at most {CORNERS}")
    if len(found) * variants > APART:
        where = "things" if variants == 1 else "things in all variants"
        return Form(apart=False, why=f"{len(found) * variants:,} {where}, more than {APART}")
    return Form(apart=True, why=f"no more than {APART} things")


def corners(thing: Thing) -> int:
    """Of what collides in its place."""
    return 0 if thing.solid is None else len(thing.solid.points)
