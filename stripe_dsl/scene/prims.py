"""Prims of which the stages of scenes are made: meshes, boxes, and what they collide and are seen with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene.things import Color

ROOT = "/Scene"
"""The default prim of a stage."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a surface meets others: coefficient of friction and of restitution."""

    friction: float = 1.0
    restitution: float = 0.0


def prim_name(name: str) -> str:
    """A name as a prim may have it."""
    clean = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return clean if clean and not clean[0].isdigit() else f"_{clean}"


def mesh_prim(stage: Any, path: str, points: NDArray[np.floating], triangles: NDArray[np.integer]) -> Any:
    """A mesh of triangles, points of the shape (n, 3) [m]."""
    mesh = pxr("UsdGeom").Mesh.Define(stage, path)
    points = np.ascontiguousarray(points, dtype=np.float32)
    corners = np.ascontiguousarray(triangles, dtype=np.int32).reshape(-1)
    mesh.CreatePointsAttr(pxr("Vt").Vec3fArray.FromNumpy(points))
    mesh.CreateFaceVertexIndicesAttr(pxr("Vt").IntArray.FromNumpy(corners))
    mesh.CreateFaceVertexCountsAttr(pxr("Vt").IntArray.FromNumpy(np.full(len(corners) // 3, 3, dtype=np.int32)))
    mesh.CreateSubdivisionSchemeAttr(pxr("UsdGeom").Tokens.none)
    extent = np.stack((points.min(axis=0), points.max(axis=0)))
    mesh.CreateExtentAttr(pxr("Vt").Vec3fArray.FromNumpy(np.ascontiguousarray(extent)))
    return mesh


def box_prim(stage: Any, path: str, low: NDArray[np.floating], high: NDArray[np.floating]) -> Any:
    """A box between two corners [m], parallel to the axes."""
    box = pxr("UsdGeom").Cube.Define(stage, path)
    box.CreateSizeAttr(1.0)
    box.CreateExtentAttr([pxr("Gf").Vec3f(-0.5), pxr("Gf").Vec3f(0.5)])
    box.AddTranslateOp().Set(pxr("Gf").Vec3d(*((low + high) / 2).astype(float).tolist()))
    box.AddScaleOp().Set(pxr("Gf").Vec3f(*(high - low).astype(float).tolist()))
    return box


def scope(stage: Any, path: str) -> None:
    """A prim that holds others, made once."""
    if not stage.GetPrimAtPath(path):
        pxr("UsdGeom").Xform.Define(stage, path)


def collides(shape: Any, material: Any, *, convex: bool = False) -> None:
    """Makes a mesh collide as it is, or as its hull; or a box."""
    prim = shape.GetPrim()
    pxr("UsdPhysics").CollisionAPI.Apply(prim)
    if prim.IsA(pxr("UsdGeom").Mesh):
        pxr("UsdPhysics").MeshCollisionAPI.Apply(prim).CreateApproximationAttr(
            pxr("UsdPhysics").Tokens.convexHull if convex else pxr("UsdPhysics").Tokens.none
        )
    pxr("UsdShade").MaterialBindingAPI.Apply(prim).Bind(
        material, pxr("UsdShade").Tokens.weakerThanDescendants, materialPurpose="physics"
    )


def label(prim: Any, labels: Mapping[str, Sequence[str]]) -> None:
    """Gives a prim semantic labels by type."""
    for kind, names in labels.items():
        pxr("UsdSemantics").LabelsAPI.Apply(prim, kind).CreateLabelsAttr(
            pxr("Vt").TokenArray([str(name) for name in names])
        )


class Materials:
    """Materials of a stage, each made once."""

    def __init__(self, stage: Any, root: str = ROOT) -> None:
        self._stage = stage
        self._scope = f"{root}/Materials"
        self._contacts: dict[Contact, Any] = {}
        self._colors: dict[tuple[Color, float], Any] = {}

    def contact(self, name: str, contact: Contact) -> Any:
        """The physics material of a surface; surfaces that meet others alike share one, named after the first."""
        if contact not in self._contacts:
            scope(self._stage, self._scope)
            material = pxr("UsdShade").Material.Define(self._stage, f"{self._scope}/{name}_contact")
            physics = pxr("UsdPhysics").MaterialAPI.Apply(material.GetPrim())
            physics.CreateStaticFrictionAttr(contact.friction)
            physics.CreateDynamicFrictionAttr(contact.friction)
            physics.CreateRestitutionAttr(contact.restitution)
            # as MuJoCo combines two frictions; PhysX takes their mean where neither says otherwise
            prim, token = material.GetPrim(), pxr("Sdf").ValueTypeNames.Token
            prim.AddAppliedSchema("PhysxMaterialAPI")
            prim.CreateAttribute("physxMaterial:frictionCombineMode", token).Set("max")
            self._contacts[contact] = material
        return self._contacts[contact]

    def colored(self, mesh: Any, color: Color, opacity: float = 1.0) -> None:
        """Gives a mesh a colour: as a preview surface, and as the display colour for readers without materials."""
        if (color, opacity) not in self._colors:
            scope(self._stage, self._scope)
            path = f"{self._scope}/color_{len(self._colors):03d}"
            material = pxr("UsdShade").Material.Define(self._stage, path)
            shader = pxr("UsdShade").Shader.Define(self._stage, f"{path}/surface")
            shader.CreateIdAttr("UsdPreviewSurface")
            shader.CreateInput("diffuseColor", pxr("Sdf").ValueTypeNames.Color3f).Set(pxr("Gf").Vec3f(*color))
            shader.CreateInput("roughness", pxr("Sdf").ValueTypeNames.Float).Set(0.9)
            if opacity < 1:
                shader.CreateInput("opacity", pxr("Sdf").ValueTypeNames.Float).Set(opacity)
            material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
            self._colors[color, opacity] = material
        mesh.CreateDisplayColorAttr([pxr("Gf").Vec3f(*color)])
        pxr("UsdShade").MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(self._colors[color, opacity])
