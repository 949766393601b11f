"""A baked scene for programs that do not read USD."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from stripe_dsl.scene.files import read_pieces


def write_glb(stage: Path, target: Path) -> None:
    """Writes what is seen of a stage as binary glTF, y up as its standard has it, whole or not at all.

    Raises:
        AssetFileError: if nothing of the stage is seen.
        OSError: if the file cannot be written.
    """
    import trimesh
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial

    scene: Any = trimesh.Scene()
    for number, piece in enumerate(read_pieces(stage)):
        points = piece.mesh.points
        turned = np.stack((points[:, 0], points[:, 2], -points[:, 1]), axis=1)
        mesh: Any = trimesh.Trimesh(turned, piece.mesh.triangles, process=False)
        color = [round(255 * value) for value in piece.color]
        material = PBRMaterial(baseColorFactor=[*color, 255], roughnessFactor=0.9, metallicFactor=0.0)
        mesh.visual = TextureVisuals(material=material)
        scene.add_geometry(mesh, node_name=f"{piece.name}_{number}")
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(scene.export(file_type="glb"))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
