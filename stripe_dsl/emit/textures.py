"""What bodies are covered with: which pictures a package holds, for which of its prims."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stripe_dsl.emit.actuators import file_text
from stripe_dsl.emit.cfg import prim_names
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.ir.program import Program
from stripe_dsl.ir.randomize import Change, Picture


@dataclass(frozen=True, slots=True)
class TextureText:
    """A function of ``textures.py``, as source texts.

    Attributes:
        name: of the function, an identifier; its width is the field ``<name>_width`` of ``cfg.randomize``.
        target: whose texture it is, for the docstring.
        bodies: patterns of the prims below an environment, one for each body.
        files: where the pictures are.
    """

    name: str
    target: str
    bodies: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def finders(self) -> set[str]:
        """Functions of the package that find the files."""
        calls = [text.partition("(") for text in self.files]
        return {name for name, call, _ in calls if call and name.isidentifier()}

    @property
    def call(self) -> str:
        """The arguments of the class that draws."""
        bodies = ", ".join(map(literal, self.bodies))
        return f"Textures(scene, [{bodies}], [{', '.join(self.files)}], width)"


def texture_name(change: Change) -> str:
    """The function of the package that makes what draws a texture."""
    return safe_identifier(change.range.partition(".")[2].replace("_width", ""))


def texture_made(change: Change, scene: str, cfg: str) -> str:
    """Source text of a call of that function."""
    width = safe_identifier(change.range.partition(".")[2])
    return f"{texture_name(change)}({scene}, {cfg}.{width})"


def textures(program: Program, assets: Path) -> list[TextureText]:
    """What is drawn, in source order.

    Args:
        assets: the folder that relative paths of files start in.
    """
    prims = prim_names(program)
    return [
        TextureText(
            texture_name(change),
            change.span.text if change.span is not None else change.robot,
            _bodies(prims, change),
            tuple(file_text(picture.reference, picture.file, assets) for picture in change.pictures),
        )
        for change in program.randomize.textures
    ]


def pictures(program: Program) -> list[Picture]:
    """All files, in source order."""
    return [picture for change in program.randomize.textures for picture in change.pictures]


def _bodies(prims: Mapping[str, str], change: Change) -> tuple[str, ...]:
    """Patterns of prims: all that an object is, or bodies wherever they are in a robot."""
    prim = prims[change.robot]
    return tuple(f"{prim}/(.*/)?{re.escape(name)}" for name in change.names) or (f"{prim}(/.*)?",)
