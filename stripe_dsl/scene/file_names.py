"""How the files of a baked scene are called."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_dsl.ir.scene import Scene
from stripe_dsl.scene.bodies import BodyFiles, body_files


@dataclass(frozen=True, slots=True)
class FileNames:
    """Names of the files of a scene, as in :class:`stripe_dsl.scene.bake.Baked`."""

    stages: tuple[str, ...]
    tables: tuple[str, ...]
    heights: str
    fields: tuple[str, ...] = ()
    bodies: tuple[tuple[BodyFiles, ...], ...] = ()
    articulations: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def all_bodies(self) -> tuple[str, ...]:
        """Names of the files of all that moves, of all variants."""
        bodies = (name for variant in self.bodies for item in variant for name in (item.stage, item.poses))
        return (*bodies, *(name for variant in self.articulations for _, name in variant))


def file_names(scene: Scene) -> FileNames:
    """How the files of a scene are called."""
    names = [f"{scene.name}_{number}" for number in range(scene.variants)] if scene.variants > 1 else [scene.name]
    return FileNames(
        tuple(f"{name}.usdc" for name in names),
        tuple(f"{name}.npz" for name in names),
        f"{scene.name}.heights",
        tuple(f"{scene.name}.{name}.field" for name in scene.reads),
        tuple(body_files(scene, name) for name in names),
        tuple(tuple((layer.name, layer.articulation(name)) for layer in scene.layers if layer.robot) for name in names),
    )
