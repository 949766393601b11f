"""URDF files to :class:`RobotModel`. Plain URDF: xacro has to be expanded before."""

from __future__ import annotations

from math import hypot, inf
from pathlib import Path
from xml.etree.ElementTree import Element

from stripe_dsl.robots import xml_file
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.match import suggest
from stripe_dsl.robots.mechanism import WORLD_BODY, check_names, prim_name
from stripe_dsl.robots.model import JointType, RobotBody, RobotJoint, RobotModel
from stripe_dsl.robots.order import WORLD, NotATreeError, depth_first
from stripe_dsl.robots.rotations import quaternion, rotate

_TYPES = ("revolute", "continuous", "prismatic", "fixed", "floating", "planar")
_XACRO = "xacro"


def read(path: Path, prim: str | None = None) -> RobotModel:
    """Read a URDF file; ``prim`` has no meaning here and has to be ``None``.

    A link named ``world`` stands for the world. A revolute joint without limits counts as continuous. Fixed joints are
    kept, so every link is a body; the order of joints and bodies is the one they have in a flat USD stage, and their
    names are as there: letters, digits and underscores.

    Raises:
        RobotFileError: if the file is missing, is not URDF, or its links are not one tree.
    """
    if prim is not None:
        raise RobotFileError(f'"{path.name}" has no prims', "`prim` is for USD and MJCF: remove it", "E0604")
    root = parse(path)
    links = {_name(link, path): link for link in root.findall("link")}
    elements, edges = edges_of(root, path)
    loose = set(links) - {WORLD, WORLD_BODY} - {body for edge in edges for body in edge}
    if edges:
        try:
            order = depth_first(edges)
        except NotATreeError as error:
            raise RobotFileError(f'"{path.name}": {error}', "a robot is one tree of links") from None
        indices, bodies = order.joints, order.bodies
    else:
        indices, bodies = (), (next(iter(links)),)
        loose.discard(bodies[0])
    if loose:
        raise RobotFileError(f'"{path.name}": link "{min(loose)}" is joined to nothing', "a robot is one tree of links")

    ordered = [(elements[index], edges[index]) for index in indices]
    hanging = [element.get("type") for element, (parent, _) in ordered if parent == WORLD]
    return RobotModel(
        name=root.get("name") or path.stem,
        source=str(path),
        format="urdf",
        fixed_base=bodies[0] == WORLD_BODY or (bool(hanging) and "floating" not in hanging),
        root_body=bodies[0],
        joints=tuple(dof for element, (parent, child) in ordered for dof in _degrees(element, parent, child)),
        bodies=tuple(_body(name, links.get(name)) for name in bodies),
        collision_shapes=len(root.findall("link/collision")),
        warnings=tuple(_warnings(elements)),
    )


def parse(path: Path) -> Element:
    """Root element of a URDF file, checked for its kind, with names as prims can have them."""
    root = xml_file.parse(path)
    _check_root(root, path)
    if not root.findall("link"):
        raise RobotFileError(f'"{path.name}" has no link')
    _check_unique(root, path)
    for tag in ("link", "joint"):
        elements = root.findall(tag)
        check_names((_name(element, path) for element in elements), f"{tag}s", path.name)
        for element in elements:
            element.set("name", prim_name(_name(element, path)))
    for end in root.iter():
        if end.tag in ("parent", "child") and end.get("link"):
            end.set("link", prim_name(end.get("link", "")))
    return root


def edges_of(root: Element, path: Path) -> tuple[list[Element], list[tuple[str, str]]]:
    """The joints by name, and the links that each of them joins.

    A link named ``world`` is the world, unless a joint moves against it: then it is a body, fixed to the world.
    """
    links = {_name(link, path): link for link in root.findall("link")}
    elements = sorted(root.findall("joint"), key=lambda joint: _name(joint, path))
    edges = [_edge(joint, links, path) for joint in elements]
    carried = any(
        parent == WORLD_BODY and element.get("type") not in ("fixed", "floating")
        for element, (parent, _) in zip(elements, edges, strict=True)
    )
    if not carried:
        edges = [(WORLD if parent == WORLD_BODY else parent, child) for parent, child in edges]
    return elements, edges


def _check_root(root: Element, path: Path) -> None:
    if root.tag == "mujoco":
        raise RobotFileError(f'"{path.name}" is an MJCF file', "read it with mjcf instead of urdf")
    if root.tag != "robot":
        raise RobotFileError(f'"{path.name}" is not a URDF file: it holds <{root.tag}> where <robot> is expected')
    if any(_XACRO in element.tag for element in root.iter() if isinstance(element.tag, str)):
        raise RobotFileError(f'"{path.name}" is a xacro file', "expand it first: xacro model.xacro > model.urdf")


def _check_unique(root: Element, path: Path) -> None:
    for tag in ("link", "joint"):
        seen: set[str] = set()
        for element in root.findall(tag):
            name = _name(element, path)
            if name in seen:
                raise RobotFileError(f'"{path.name}" has two {tag}s named "{name}"')
            seen.add(name)


def _name(element: Element, path: Path) -> str:
    name = element.get("name")
    if not name:
        raise RobotFileError(f'"{path.name}" has a {element.tag} without a name')
    return name


def _edge(joint: Element, links: dict[str, Element], path: Path) -> tuple[str, str]:
    ends: list[str] = []
    for tag in ("parent", "child"):
        element = joint.find(tag)
        link = None if element is None else element.get("link")
        if not link:
            raise RobotFileError(f'"{path.name}": joint "{joint.get("name")}" has no {tag} link')
        if link not in links and not (link == "world" and tag == "parent"):
            close = suggest(link, links, n=1)
            hint = f'did you mean "{close[0]}"?' if close else None
            raise RobotFileError(
                f'"{path.name}": joint "{joint.get("name")}" names link "{link}", which is not there', hint
            )
        ends.append(link)
    kind = joint.get("type", "")
    if kind not in _TYPES:
        close = suggest(kind, _TYPES, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"one of {', '.join(_TYPES)}"
        raise RobotFileError(f'"{path.name}": joint "{joint.get("name")}" is of type "{kind}", which URDF lacks', hint)
    return ends[0], ends[1]


def _degrees(element: Element, parent: str, child: str) -> list[RobotJoint]:
    """The driven degrees of freedom of one joint."""
    kind = element.get("type", "")
    name = element.get("name", "")
    if kind in ("fixed", "floating"):
        return []
    if kind == "planar":
        # Two slides in the plane and a turn about its normal, which is how a USD stage has to express it.
        types = (JointType.PRISMATIC, JointType.PRISMATIC, JointType.CONTINUOUS)
        axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
        return [
            RobotJoint(f"{name}:{number}", one, -inf, inf, inf, inf, parent, child, axis)
            for number, (one, axis) in enumerate(zip(types, axes, strict=True))
        ]
    lower, upper, velocity, effort = limits(element, name)
    joint_type = JointType(kind)
    if joint_type is JointType.CONTINUOUS:
        lower, upper = -inf, inf
    elif joint_type is JointType.REVOLUTE and lower == -inf and upper == inf:
        joint_type = JointType.CONTINUOUS
    return [RobotJoint(name, joint_type, lower, upper, velocity, effort, parent, child, _axis(element, name))]


def limits(element: Element, name: str) -> tuple[float, float, float, float]:
    """Lower and upper limit (rad or m), largest speed (rad/s or m/s) and effort (N*m or N) of a joint."""
    limit = element.find("limit")
    if limit is None:
        return -inf, inf, inf, inf
    values = {
        key: xml_file.number(text, f'{key} limit of joint "{name}"')
        for key in ("lower", "upper", "velocity", "effort")
        if (text := limit.get(key)) is not None
    }
    lower, upper = values.get("lower", -inf), values.get("upper", inf)
    if ("lower" in values) != ("upper" in values):
        # The missing one is 0 by the format's definition.
        lower, upper = values.get("lower", 0.0), values.get("upper", 0.0)
    # Exporters write 0 for a velocity or effort they do not know; a joint that may not move would be fixed.
    return lower, upper, values.get("velocity") or inf, values.get("effort") or inf


def _axis(element: Element, name: str) -> tuple[float, float, float]:
    given = element.find("axis")
    axis = (
        xml_file.vector(given.get("xyz", "1 0 0"), f'axis of joint "{name}"') if given is not None else (1.0, 0.0, 0.0)
    )
    length = hypot(*axis)
    if length == 0.0:
        raise RobotFileError(f'the axis of joint "{name}" is zero')
    origin = element.find("origin")
    rpy = xml_file.vector(origin.get("rpy", "0 0 0"), f'origin of joint "{name}"') if origin is not None else (0.0,) * 3
    x, y, z = rotate(quaternion((rpy[0], rpy[1], rpy[2])), axis)
    return (round(x / length, 9) + 0.0, round(y / length, 9) + 0.0, round(z / length, 9) + 0.0)


def _body(name: str, link: Element | None) -> RobotBody:
    if link is None:
        return RobotBody(name, None, collides=False)
    return RobotBody(name, _mass(link), collides=link.find("collision") is not None)


def _mass(link: Element) -> float | None:
    mass = link.find("inertial/mass")
    if mass is None:
        return None
    value = xml_file.number(mass.get("value", ""), f'mass of link "{link.get("name")}"')
    return value if value > 0.0 else None


def _warnings(elements: list[Element]) -> list[str]:
    warnings: list[str] = []
    for element in elements:
        name = element.get("name", "")
        if element.get("type") in ("revolute", "prismatic"):
            lower, upper, _, _ = limits(element, name)
            if lower >= upper:
                warnings.append(f'the limits {lower:g} .. {upper:g} of joint "{name}" leave no room')
        if element.find("mimic") is not None:
            warnings.append(f'joint "{name}" mimics another joint, which is not carried over: it moves freely')
    return warnings
