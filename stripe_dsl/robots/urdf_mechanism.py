"""URDF files to a :class:`Mechanism`, which is written as USD. What cannot be carried over is refused by name."""

from __future__ import annotations

from importlib.util import find_spec
from math import inf
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from stripe_dsl.robots import xml_file
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.inertia import MassProperties, combined
from stripe_dsl.robots.mechanism import FRAME, WORLD_BODY, Body, Joint, Mechanism, Part, Pose, moved
from stripe_dsl.robots.meshes import read_mesh
from stripe_dsl.robots.model import JointType, RobotModel
from stripe_dsl.robots.order import WORLD
from stripe_dsl.robots.primitives import PrimitiveShape, ShapeKind
from stripe_dsl.robots.rotations import Vector, quaternion
from stripe_dsl.robots.urdf import edges_of, limits, parse


def mechanism(path: Path, name: str, model: RobotModel) -> tuple[Mechanism, list[str]]:
    """The mechanism of a URDF file that :func:`stripe_dsl.robots.urdf.read` gave ``model`` for.

    Collision meshes collide as their convex hulls. A link without inertia gets that of its collision shapes at 1000
    kg/m^3; one without these too is a mere frame.

    Returns:
        The mechanism, and what was left out.

    Raises:
        RobotFileError: if a mesh cannot be read, or a joint cannot be simulated.
    """
    return _Conversion(path, model).convert(name)


class _Conversion:
    def __init__(self, path: Path, model: RobotModel) -> None:
        self.path, self.model = path, model
        self.root = parse(path)
        self.colors = {
            str(material.get("name")): color
            for material in self.root.findall("material")
            if (color := _color(material)) is not None
        }
        self.left_out: list[str] = []

    def convert(self, name: str) -> tuple[Mechanism, list[str]]:
        elements, edges = edges_of(self.root, self.path)
        poses: dict[str, Pose] = {WORLD: Pose(), self.model.root_body: Pose()}
        by_child = {child: (element, parent) for element, (parent, child) in zip(elements, edges, strict=True)}

        def pose(body: str) -> Pose:
            if body not in poses or (body == self.model.root_body and body in by_child):
                element, parent = by_child[body]
                floats = element.get("type") == "floating"
                poses[body] = pose(parent) * (Pose() if floats else _origin(element, f'joint "{element.get("name")}"'))
            return poses[body]

        links = {str(link.get("name")): link for link in self.root.findall("link")}
        bodies = tuple(self.body(body.name, links.get(body.name), pose(body.name)) for body in self.model.bodies)
        joints = [
            self.joint(element, parent, child)
            for element, (parent, child) in zip(elements, edges, strict=True)
            if parent != WORLD
        ]
        made = Mechanism(name, self.model.root_body, bodies, tuple(joints), self.model.fixed_base)
        return made, self.left_out

    def body(self, name: str, link: Element | None, pose: Pose) -> Body:
        if link is None or name == WORLD_BODY:
            return Body(name, pose, (), inertia=FRAME)
        parts = self.parts(link)
        return Body(name, pose, tuple(parts), inertia=self.inertia(link, parts))

    def inertia(self, link: Element, parts: list[Part]) -> MassProperties:
        name, given = link.get("name"), link.find("inertial")
        mass = None if given is None else given.find("mass")
        value = 0.0 if mass is None else xml_file.number(mass.get("value", "0"), f'mass of link "{name}"')
        matrix = None if given is None else given.find("inertia")
        solids = [part.solid() for part in parts if part.collides]
        if given is None or value <= 0.0:
            return combined(solids) if solids and given is None else FRAME
        if matrix is None:
            return combined(solids).scaled(value) if solids else MassProperties(value, (0.0, 0.0, 0.0), FRAME.inertia)
        what = f'inertia of link "{name}"'
        xx, xy, xz, yy, yz, zz = (
            xml_file.number(matrix.get(key, "0"), what) for key in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
        )
        properties = MassProperties(value, (0.0, 0.0, 0.0), ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz)))
        return moved(properties, _origin(given, what))

    # shapes

    def parts(self, link: Element) -> list[Part]:
        """Its collision shapes, and its visual ones where they are others."""
        drawn = {_key(visual): visual for visual in link.findall("visual")}
        parts: list[Part] = []
        for collision in link.findall("collision"):
            twin = drawn.pop(_key(collision), None)
            color = self.color(twin) if twin is not None else None
            part = self.part(link, collision, color)
            # where a link is drawn otherwise, what collides stays unseen
            parts.append(part if twin is not None or not link.findall("visual") else _unseen(part))
        for visual in drawn.values():
            try:
                parts.append(self.part(link, visual, self.color(visual), collides=False))
            except RobotFileError as problem:
                self.left_out.append(f'the look of link "{link.get("name")}" is left out: {problem.reason}')
        return parts

    def part(self, link: Element, holder: Element, color: Vector | None, *, collides: bool = True) -> Part:
        what = f'{holder.tag} of link "{link.get("name")}"'
        pose = _origin(holder, what)
        geometry = holder.find("geometry")
        shape = next(iter(geometry), None) if geometry is not None else None
        if shape is None:
            raise RobotFileError(f'"{self.path.name}": the {what} has no geometry')
        match shape.tag:
            case "box":
                made = PrimitiveShape(ShapeKind.BOX, size=xml_file.vector(shape.get("size", ""), what))
            case "sphere":
                made = PrimitiveShape(ShapeKind.SPHERE, radius=_length(shape, "radius", what))
            case "cylinder" | "capsule":
                made = PrimitiveShape(
                    ShapeKind(shape.tag), radius=_length(shape, "radius", what), length=_length(shape, "length", what)
                )
            case "mesh":
                scale = xml_file.vector(shape.get("scale", "1 1 1"), what)
                mesh = read_mesh(self.mesh_path(shape.get("filename", ""))).scaled(scale)
                return Part(None, pose, mesh, color, collides)
            case other:
                raise RobotFileError(f'"{self.path.name}": the {what} is a <{other}>, which URDF lacks')
        return Part(made, pose, None, color, collides)

    def color(self, visual: Element) -> Vector | None:
        material = visual.find("material")
        if material is None:
            return None
        return _color(material) or self.colors.get(material.get("name", ""))

    def mesh_path(self, reference: str) -> Path:
        """The file of a mesh: relative to the URDF file, or of a ``package://`` in a folder above or installed."""
        folder = self.path.resolve().parent
        if reference.startswith("package://"):
            package, _, inner = reference.removeprefix("package://").partition("/")
            for above in (folder, *folder.parents):
                for root in (above / package, *((above,) if above.name == package else ())):
                    if (root / inner).is_file():
                        return root / inner
            spec = find_spec(package) if package.isidentifier() else None
            for root in (spec and spec.submodule_search_locations) or ():
                if Path(root, inner).is_file():
                    return Path(root, inner)
            reason = f'"{self.path.name}" names the mesh "{reference}", which is not there'
            raise RobotFileError(reason, f"put the folder `{package}` beside the file or above it")
        return folder / reference.removeprefix("file://")

    # joints

    def joint(self, element: Element, parent: str, child: str) -> Joint:
        name, kind = element.get("name", ""), element.get("type", "")
        if kind in ("planar", "floating"):
            hint = (
                "make it of prismatic and revolute joints" if kind == "planar" else "a robot floats by its root alone"
            )
            raise RobotFileError(f'"{self.path.name}": joint "{name}" is {kind}, which cannot be simulated', hint)
        lower, upper, velocity, effort = limits(element, name)
        if kind == "continuous":
            lower, upper = -inf, inf
        if kind in ("revolute", "prismatic") and lower >= upper:
            reason = f'"{self.path.name}": the limits {lower:g} .. {upper:g} of joint "{name}" leave no room'
            raise RobotFileError(reason, "make its type fixed")
        axis = element.find("axis")
        dynamics = element.find("dynamics")
        what = f'dynamics of joint "{name}"'
        return Joint(
            name,
            JointType(kind),
            parent,
            child,
            xml_file.vector(axis.get("xyz", "1 0 0"), f'axis of joint "{name}"')
            if axis is not None
            else (1.0, 0.0, 0.0),
            _origin(element, f'joint "{name}"'),
            Pose(),
            lower,
            upper,
            velocity,
            effort,
            friction=xml_file.number(dynamics.get("friction", "0"), what) if dynamics is not None else 0.0,
            damping=xml_file.number(dynamics.get("damping", "0"), what) if dynamics is not None else 0.0,
        )


def _unseen(part: Part) -> Part:
    return Part(part.shape, part.pose, part.mesh, part.color, part.collides, seen=False)


def _key(holder: Element) -> tuple[bytes, ...]:
    """Equal for a visual and a collision of the same shape at the same place."""
    return tuple(
        b"" if found is None else b"".join(tostring(found).split())
        for found in map(holder.find, ("geometry", "origin"))
    )


def _origin(element: Element, what: str) -> Pose:
    origin = element.find("origin")
    if origin is None:
        return Pose()
    xyz = xml_file.vector(origin.get("xyz", "0 0 0"), f"origin of {what}")
    return Pose(xyz, quaternion(xml_file.vector(origin.get("rpy", "0 0 0"), f"origin of {what}")))


def _length(shape: Element, key: str, what: str) -> float:
    value = xml_file.number(shape.get(key, ""), f"{key} of {what}")
    if value <= 0.0:
        raise RobotFileError(f"the {key} of the {what} is not positive")
    return value


def _color(material: Element) -> Vector | None:
    color = material.find("color")
    if color is None:
        return None
    r, g, b, _ = xml_file.numbers(color.get("rgba", "0.5 0.5 0.5 1"), "a color", 4)
    return (r, g, b)
