"""Fields of a scene for tests of expressions, and the functions of a generated module that read them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from stripe_dsl.emit.package import template
from stripe_dsl.ir.rasters import KINDS, Raster

CELL, SHAPE = 0.75, (2, 4, 3)
_RNG = np.random.default_rng(7)

FIELDS = {kind: Raster(_RNG.normal(size=SHAPE), CELL) for kind in KINDS if kind != "nearest"}
FIELDS["nearest"] = Raster(np.concatenate([_RNG.normal(size=(*SHAPE, 2)), _RNG.random((*SHAPE, 1))], axis=-1), CELL)
FIELDS["spots"] = Raster(_RNG.normal(size=(2, 5, 2)), 0.0)
"""By kind, with two copies of the ground; points that are drawn about 0 lie within it and outside."""


def functions(backend: str) -> str:
    """The part of ``ground.py`` that reads fields."""
    scene = SimpleNamespace(name="ground", shape=SHAPE, cell=CELL, variants=1, heights="ground.heights")
    text = template("ground.py.jinja").render(
        scene=scene,
        program=SimpleNamespace(source_name="ground.stripe", scene=SimpleNamespace(reads=())),
        backends={"torch": backend == "torch", "warp": backend == "warp"},
        outlines=(),
        fixed=(),
        kinds={*KINDS, "spot"},
    )
    return text.replace("from .assets import asset", "asset = str")
