"""In which form what collides in a layer is given to the simulator: as one mesh, or each thing as a hull of its own.

Both have the same surface. A mesh is a shell, which a fast body passes; a hull is solid all through. What a hull costs
grows with the number of hulls, for the simulator pairs each with each shape of each robot; what a mesh costs hardly
does (``docs/performance.md``, "Forms of what collides"). So the smallest layers of a scene are hulls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stripe_dsl.ir.scene import Layer
from stripe_dsl.scene.files import AssetFileError
from stripe_dsl.scene.placements import Instances
from stripe_dsl.scene.things import Thing

APART = 32
"""Hulls of a scene, in all its variants together, where the file does not say: as many as make a step about a
twentieth longer, by what ``benchmarks/scene_forms.py`` measures for a thousand."""
CORNERS = 64
"""Of a hull at most: simulators leave out corners of larger ones."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a layer is given.

    Attributes:
        apart: each thing is a hull of its own, else all are one mesh.
        why: in a few words.
    """

    apart: bool = False
    why: str = ""

    def told(self, name: str, count: int) -> str:
        """A line about it: of a layer's name and the number of its things that collide."""
        what = f"{count:,} {'hull' if count == 1 else 'hulls'}" if self.apart else f"one mesh of {count:,}"
        return f"{name}: collides as {what} ({self.why})"


def forms_of(layers: Mapping[str, Instances], variants: int) -> dict[str, Form]:
    """The form of each layer that stands still, by what the file says and by the number of things.

    Args:
        layers: what was placed in a variant.
        variants: of the scene, which stand side by side in one world.
    """
    found = {name: item for name, item in layers.items() if item.layer.stands and len(item)}
    written = {name: item.layer.collide for name, item in found.items() if item.layer.collide is not None}
    forms = {name: Form(apart=word == "apart", why="as written") for name, word in written.items()}
    taken = sum(len(found[name]) * variants for name, form in forms.items() if form.apart)
    for name, item in sorted(found.items(), key=lambda entry: (len(entry[1]), entry[0])):
        count = len(item) * variants
        if name in forms or not any(species.solid.touches for species in item.layer.species):
            continue
        things = f"{count:,} things" if variants == 1 else f"{count:,} things in all variants"
        if any(species.solid.kind == "mesh" for species in item.layer.species):
            forms[name] = Form(why="`solid mesh` may be hollow")
        elif taken + count > APART:
            forms[name] = Form(why=f"{things}, and {taken:,} of {APART} hulls are taken" if taken else things)
        else:
            forms[name] = Form(apart=True, why=f"the scene has no more than {APART}")
            taken += count
    return forms


def fitting(form: Form, layer: Layer, things: Sequence[Thing]) -> Form:
    """The form of a layer if its things are small enough for it, else one mesh.

    Raises:
        AssetFileError: if the file asks for hulls and one would have too many corners.
    """
    wide = max(things, key=corners, default=None)
    if not form.apart or wide is None or corners(wide) <= CORNERS:
        return form
    if layer.collide == "apart":
        message = f"`{wide.name}` has {corners(wide)} corners, and what collides apart has {CORNERS} at most"
        raise AssetFileError(message, f"write `collide together` in the layer `{layer.name}`", wide.name)
    return Form(why=f"`{wide.name}` has {corners(wide)} corners, a hull at most {CORNERS}")


def corners(thing: Thing) -> int:
    """Of what collides in its place."""
    return 0 if thing.solid is None else len(thing.solid.points)
