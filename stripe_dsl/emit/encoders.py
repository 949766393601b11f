"""Networks that make numbers of pictures: which ones a package holds, and what each is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stripe_dsl.emit.actuators import file_text
from stripe_dsl.emit.identifiers import literal, safe_identifier
from stripe_dsl.emit.naming import Names
from stripe_dsl.ir.observations import Encoder, Group, Observation
from stripe_dsl.ir.program import Program

type Place = tuple[str, str]
"""Names of a group and of its entry."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Pictures that are encoded once a step.

    Attributes:
        name: unique in the package, an identifier.
        places: the entries that show it, the first of them first: those of groups that include another.
    """

    name: str
    encoder: Encoder
    places: tuple[tuple[Group, Observation], ...]

    @property
    def channels(self) -> int:
        """Numbers of each pixel."""
        return self.encoder.picture[0]

    def finder(self, assets: Path) -> str:
        """The function of the package that finds the file; empty where its path is absolute."""
        name, call, _ = self.text(assets).partition("(")
        return name if call and name.isidentifier() else ""

    def text(self, assets: Path) -> str:
        """Source text of the network's arguments but for the device.

        Args:
            assets: the folder that relative paths of files start in.
        """
        path = file_text(self.encoder.reference, self.encoder.file, assets)
        return f"{path}, {literal(self.encoder.picture)}, {self.encoder.size}"


def encodings(program: Program) -> list[Encoding]:
    """What the networks of a program are given, in source order.

    Groups that show the same picture share it. Noise is drawn for each group.
    """
    shared: dict[tuple[object, ...], list[tuple[Group, Observation]]] = {}
    for group, item, encoder in program.encoded:
        own = (group.name, item.name) if item.noise is not None else ()
        key = (item.value.id, item.clip, item.scale, encoder.file, encoder.size, *own)
        shared.setdefault(key, []).append((group, item))
    names, out = Names([]), []
    for places in shared.values():
        encoder = places[0][1].encoder
        assert encoder is not None
        out.append(Encoding(names.unique(safe_identifier(places[0][1].name)), encoder, tuple(places)))
    return out


def by_place(found: list[Encoding]) -> Mapping[Place, Encoding]:
    """The encoding of each entry that has one."""
    return {(group.name, item.name): each for each in found for group, item in each.places}
