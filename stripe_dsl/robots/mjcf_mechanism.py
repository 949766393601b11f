"""MJCF files to a :class:`Mechanism`, which is written as USD. What cannot be carried over is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import hypot, inf
from pathlib import Path
from xml.etree.ElementTree import Element

from stripe_dsl.robots import xml_file
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.inertia import DENSITY, MassProperties, combined, diagonal
from stripe_dsl.robots.mechanism import FRAME, WORLD_BODY, Body, Joint, Mechanism, Part, Pose, moved
from stripe_dsl.robots.meshes import Mesh, ellipsoid, read_mesh
from stripe_dsl.robots.mjcf import MjcfBody, MjcfFile, effort_limit, touches
from stripe_dsl.robots.mjcf_defaults import towards
from stripe_dsl.robots.model import JointType, RobotModel
from stripe_dsl.robots.order import WORLD
from stripe_dsl.robots.primitives import PrimitiveShape, ShapeKind
from stripe_dsl.robots.rotations import Vector, minus

_TYPES = {"hinge": JointType.REVOLUTE, "slide": JointType.PRISMATIC, "ball": JointType.BALL}
_COMPILER = {"boundmass": "0", "boundinertia": "0", "balanceinertia": "false"}
"""Settings that change inertia behind the file's back, and their values when they do not."""


def mechanism(path: Path, name: str, model: RobotModel) -> tuple[Mechanism, list[str]]:
    """The mechanism of an MJCF file that :func:`stripe_dsl.robots.mjcf.read` gave ``model`` for.

    Geoms of the world, sites, actuators, sensors and the solver's settings are not part of a robot. Meshes collide as
    their convex hulls, as MuJoCo has them; ellipsoids do so too.

    Returns:
        The mechanism, and what was left out.

    Raises:
        RobotFileError: if a mesh cannot be read, or an element cannot be simulated.
    """
    return _Conversion(path, model).convert(name)


class _Conversion:
    def __init__(self, path: Path, model: RobotModel) -> None:
        self.model = model
        self.file = MjcfFile(path)
        self.left_out: list[str] = []
        for key, neutral in _COMPILER.items():
            given = self.file.settings.get(key, neutral)
            if given.strip() not in (neutral, f"{neutral}.0"):
                raise self.refused(f'<compiler {key}="{given}">', "write the masses that it leads to into the bodies")
        self.meshes = {_mesh_name(mesh): mesh for mesh in self.file.root.findall("asset/mesh")}
        self.materials = {
            str(material.get("name")): material.get("rgba") for material in self.file.root.findall("asset/material")
        }
        self.read: dict[Path, Mesh] = {}

    def refused(self, what: str, hint: str | None = None) -> RobotFileError:
        return RobotFileError(f'"{self.file.path.name}": {what} cannot be carried over', hint)

    def convert(self, name: str) -> tuple[Mechanism, list[str]]:
        found, carried = self.file.bodies(self.model.prim)
        by_name = {body.name: body for body in found}
        poses: dict[str, Pose] = {WORLD: Pose(), WORLD_BODY: Pose()}

        def pose(body: str) -> Pose:
            if body not in poses:
                own = by_name[body]
                # a floating robot starts where it is spawned
                poses[body] = Pose() if own.free else pose(own.parent) * own.pose
            return poses[body]

        bodies = [Body(WORLD_BODY, Pose(), (), inertia=FRAME)] if carried else []
        for described in self.model.bodies[len(bodies) :]:
            bodies.append(self.body(by_name[described.name], pose(described.name)))
        bodies = self.weighed(bodies)
        joints = [joint for body in found if body.parent != WORLD for joint in self.joints(body)]
        made = Mechanism(name, self.model.root_body, tuple(bodies), tuple(joints), self.model.fixed_base)
        return made, self.left_out

    # bodies

    def weighed(self, bodies: list[Body]) -> list[Body]:
        """The bodies with the total mass that the file asks for."""
        total = xml_file.number(self.file.settings.get("settotalmass", "-1"), "settotalmass")
        if total <= 0.0:
            return bodies
        if len(self.file.root.findall("worldbody/body")) > 1:
            raise self.refused("settotalmass of several robots", "write masses into the bodies")
        heavy = [body for body in bodies if body.inertia not in (None, FRAME)]
        factor = total / sum(body.inertia.mass for body in heavy if body.inertia is not None)
        return [
            replace(body, inertia=body.inertia.scaled(factor * body.inertia.mass))
            if body in heavy and body.inertia
            else body
            for body in bodies
        ]

    def body(self, body: MjcfBody, pose: Pose) -> Body:
        parts = [part for geom, frame in body.geoms if (part := self.part(body, geom, frame)) is not None]
        return Body(body.name, pose, tuple(parts), inertia=self.inertia(body))

    def inertia(self, body: MjcfBody) -> MassProperties:
        given = body.element.find("inertial")
        choice = self.file.settings.get("inertiafromgeom", "auto")
        if given is not None and choice != "true":
            return self.inertial(body, given)
        low, high = (int(x) for x in xml_file.numbers(self.file.settings.get("inertiagrouprange", "0 5"), "a range", 2))
        solids: list[MassProperties] = []
        for geom, frame in body.geoms:
            if not low <= int(geom.get("group", "0")) <= high or choice == "false":
                continue
            what = f'a geom of body "{body.name}"'
            mass = xml_file.number(geom["mass"], f"mass of {what}") if "mass" in geom else None
            density = xml_file.number(geom.get("density", f"{DENSITY}"), f"density of {what}")
            if mass == 0.0 or (mass is None and density == 0.0):
                continue
            part = self.part(body, geom, frame, weighed=True)
            if part is not None:
                solid = part.solid(density or DENSITY)
                solids.append(solid if mass is None else solid.scaled(mass))
        return combined(solids) if solids else FRAME

    def inertial(self, body: MjcfBody, given: Element) -> MassProperties:
        what = f'inertial of body "{body.name}"'
        mass = xml_file.number(given.get("mass", ""), f"mass of {what}")
        if mass <= 0.0:
            return FRAME
        if "fullinertia" in given.attrib:
            xx, yy, zz, xy, xz, yz = xml_file.numbers(given.attrib["fullinertia"], what, 6)
            matrix = ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))
        else:
            matrix = diagonal(xml_file.vector(given.get("diaginertia", ""), f"diaginertia of {what}"))
        properties = MassProperties(mass, (0.0, 0.0, 0.0), matrix)
        return moved(properties, self.file.pose(given.attrib, what))

    # shapes

    def part(self, body: MjcfBody, geom: Mapping[str, str], frame: Pose, *, weighed: bool = False) -> Part | None:
        """The shape of a geom; ``None`` for one that can only not be drawn."""
        what = f'geom "{geom["name"]}"' if "name" in geom else f'a geom of body "{body.name}"'
        collides = touches(geom)
        try:
            shape, mesh, pose = self.shape(geom, what)
        except RobotFileError as problem:
            if collides or weighed:
                raise
            self.left_out.append(f"the look of {what} is left out: {problem.reason}")
            return None
        if collides and not weighed and "friction" in geom:
            friction = xml_file.numbers(geom["friction"], f"friction of {what}")
            if friction and friction[0] != 1.0:
                self.left_out.append(
                    f"the friction {friction[0]:g} of geoms is left out: bodies have that of the scene"
                )
        drawn = any(not touches(other) for other, _ in body.geoms)
        return Part(shape, frame * pose, mesh, self.color(geom), collides, seen=not collides or not drawn)

    def shape(self, geom: Mapping[str, str], what: str) -> tuple[PrimitiveShape | None, Mesh | None, Pose]:
        kind = geom.get("type", "mesh" if "mesh" in geom else "sphere")
        if kind == "mesh":
            return None, self.mesh(geom.get("mesh", ""), what), self.file.pose(geom, what)
        if "mesh" in geom:
            raise self.refused(f"{what}, which is fitted to a mesh", "give its sizes")
        if kind not in ("sphere", "capsule", "cylinder", "box", "ellipsoid"):
            raise self.refused(f"{what}, which is a {kind}", "make it of primitives or a mesh")
        sizes: tuple[float, ...] = xml_file.numbers(geom.get("size", ""), f"size of {what}")
        pose = self.file.pose(geom, what)
        wanted = {"sphere": 1, "capsule": 2, "cylinder": 2, "box": 3, "ellipsoid": 3}[kind]
        if "fromto" in geom and kind != "sphere":
            ends = xml_file.numbers(geom["fromto"], f"fromto of {what}", 6)
            start, end = (ends[0], ends[1], ends[2]), (ends[3], ends[4], ends[5])
            along = minus(end, start)
            length = hypot(*along)
            if length == 0.0:
                raise self.refused(f"{what}, whose ends are one point")
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, (start[2] + end[2]) / 2)
            pose = Pose(middle, towards((along[0] / length, along[1] / length, along[2] / length)))
            # the size across comes first, and the length is that between the ends
            across = sizes[:1] if wanted == 2 else (sizes * 2)[:2]
            sizes = (*across, length / 2)
        if len(sizes) < wanted or not all(size > 0.0 for size in sizes[:wanted]):
            raise RobotFileError(f'"{self.file.path.name}": the size of {what} needs {wanted} positive numbers')
        match kind:
            case "sphere":
                shape = PrimitiveShape(ShapeKind.SPHERE, radius=sizes[0])
            case "box":
                shape = PrimitiveShape(ShapeKind.BOX, size=(2 * sizes[0], 2 * sizes[1], 2 * sizes[2]))
            case "ellipsoid":
                return None, ellipsoid((sizes[0], sizes[1], sizes[2])), pose
            case _:
                shape = PrimitiveShape(ShapeKind(kind), radius=sizes[0], length=2 * sizes[1])
        return shape, None, pose

    def mesh(self, name: str, what: str) -> Mesh:
        element = self.meshes.get(name)
        if element is None:
            raise RobotFileError(f'"{self.file.path.name}": {what} names the mesh "{name}", which is not there')
        attributes = self.file.defaults.merged(element, None)
        if "file" not in attributes:
            raise self.refused(f'mesh "{name}", whose vertices stand in the file', "write it as STL or OBJ")
        for key in ("refpos", "refquat"):
            if key in attributes:
                raise self.refused(f'{key} of mesh "{name}"', "move the mesh itself")
        folder = self.file.settings.get("meshdir", self.file.settings.get("assetdir", ""))
        path = self.file.path.parent / folder / attributes["file"]
        if path not in self.read:
            self.read[path] = read_mesh(path)
        return self.read[path].scaled(xml_file.vector(attributes.get("scale", "1 1 1"), f'scale of mesh "{name}"'))

    def color(self, geom: Mapping[str, str]) -> Vector | None:
        text = geom.get("rgba") or self.materials.get(geom.get("material", ""))
        if text is None:
            return None
        r, g, b, _ = xml_file.numbers(text, "rgba", 4)
        return (r, g, b)

    # joints

    def joints(self, body: MjcfBody) -> list[Joint]:
        """The joints between a body and its parent, as one joint of several degrees of freedom."""
        if not body.joints:
            return [Joint(body.prims[0], JointType.FIXED, body.parent, body.name, (0.0, 0.0, 1.0), body.pose, Pose())]
        kinds = [joint["type"] for joint, _ in body.joints]
        what = f'body "{body.name}" with the joints {", ".join(kinds)}'
        if len(kinds) > 1 and "ball" in kinds:
            raise self.refused(what, "a ball joint has to be the only one of its body")
        if kinds != sorted(kinds, reverse=True):
            raise self.refused(what, "slides have to come before hinges")
        places = [
            frame * Pose(xml_file.vector(joint.get("pos", "0 0 0"), f'position of joint "{joint["name"]}"'))
            for joint, frame in body.joints
        ]
        # all turn about one point, and where a slide is does not matter
        anchor = next((place for place, kind in zip(places, kinds, strict=True) if kind != "slide"), places[0])
        out: list[Joint] = []
        for prim, place, (joint, _) in zip(body.prims, places, body.joints, strict=True):
            if joint["type"] != "slide" and hypot(*minus(place.position, anchor.position)) > 1e-6:
                reason = f'joint "{joint["name"]}", which is not where the other joints of its body are'
                raise self.refused(reason, "give it a body of its own")
            out.append(self.joint(body, prim, joint, Pose(anchor.position, place.rotation)))
        return out

    def joint(self, body: MjcfBody, prim: str, joint: dict[str, str], inner: Pose) -> Joint:
        """A joint whose frame lies at ``inner`` in its body."""
        what = f'joint "{joint["name"]}"'
        kind = _TYPES[joint["type"]]
        lower, upper = (-inf, inf) if kind is JointType.BALL else self.file.limits(joint)
        return Joint(
            prim,
            kind,
            body.parent,
            body.name,
            (0.0, 0.0, 1.0) if kind is JointType.BALL else self.file.axis(joint),
            body.pose * inner,
            inner,
            lower,
            upper,
            effort=effort_limit(joint),
            armature=xml_file.number(joint.get("armature", "0"), f"armature of {what}"),
            friction=xml_file.number(joint.get("frictionloss", "0"), f"frictionloss of {what}"),
            damping=xml_file.number(joint.get("damping", "0"), f"damping of {what}"),
            stiffness=xml_file.number(joint.get("stiffness", "0"), f"stiffness of {what}"),
            rest=self.file.coordinate(joint, "springref"),
        )


def _mesh_name(mesh: Element) -> str:
    """Its name, or its file's without the ending."""
    return mesh.get("name") or Path(mesh.get("file", "")).stem
