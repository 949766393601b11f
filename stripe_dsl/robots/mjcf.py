"""MJCF (MuJoCo) files to :class:`RobotModel`, without MuJoCo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import hypot, inf, radians
from pathlib import Path
from xml.etree.ElementTree import Element

from stripe_dsl.robots import xml_file
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.match import suggest
from stripe_dsl.robots.mjcf_defaults import Defaults, expand_includes, is_true, turn
from stripe_dsl.robots.model import JointType, RobotBody, RobotJoint, RobotModel
from stripe_dsl.robots.order import WORLD, depth_first

_TYPES = {"hinge": JointType.REVOLUTE, "slide": JointType.PRISMATIC, "ball": JointType.BALL, "free": JointType.FREE}


def read(path: Path, prim: str | None = None) -> RobotModel:
    """Read the robot in an MJCF file: the body below the world that has joints, or the one that ``prim`` names.

    Joints keep MuJoCo's names (a joint without one is called ``<body>_joint``), also where a body has several. Bodies
    and joints come depth first, children by the name of their first joint, as they do in a flat USD stage. Axes leave
    out the turn of a ``<frame>`` around a body.

    Raises:
        RobotFileError: if the file or an included one is missing or broken, or holds no or several robots.
    """
    return read_with_includes(path, prim)[0]


def read_with_includes(path: Path, prim: str | None = None) -> tuple[RobotModel, tuple[Path, ...]]:
    """As :func:`read`; also gives the included files, for caching."""
    root = xml_file.parse(path)
    if root.tag == "robot":
        raise RobotFileError(f'"{path.name}" is a URDF file', "read it with urdf instead of mjcf")
    if root.tag != "mujoco":
        raise RobotFileError(f'"{path.name}" is not an MJCF file: it holds <{root.tag}> where <mujoco> is expected')
    included = expand_includes(root, path)
    return _Reader(root, path).read(prim), included


@dataclass(slots=True)
class _Body:
    """A body and its own joints, with the defaults already merged in."""

    name: str
    parent: str
    element: Element
    joints: list[dict[str, str]]
    masses: list[float | None] = field(default_factory=list)
    shapes: int = 0


class _Reader:
    """One reading of one file: compiler settings and defaults, then the tree of bodies."""

    def __init__(self, root: Element, path: Path) -> None:
        self.root = root
        self.path = path
        settings: dict[str, str] = {}
        for compiler in root.findall("compiler"):
            settings.update(compiler.attrib)
        self.degrees = settings.get("angle", "degree") != "radian"
        self.autolimits = is_true(settings.get("autolimits", "true"))
        self.eulerseq = settings.get("eulerseq", "xyz")
        self.defaults = Defaults(root, path)
        self.unnamed = 0

    def read(self, prim: str | None) -> RobotModel:
        top = self._choose(prim)
        bodies = list(self._collect(top, WORLD, None))
        self._check_unique(bodies)
        edges: list[tuple[str, str]] = []
        by_first_joint = sorted(bodies, key=lambda body: body.joints[0]["name"] if body.joints else body.name)
        for body in by_first_joint:
            edges.append((body.parent, body.name))
        order = depth_first(edges)
        named = {body.name: body for body in bodies}
        root = named[order.bodies[0]]
        joints = [joint for index in order.joints for joint in self._joints_of(by_first_joint[index])]
        return RobotModel(
            name=self.root.get("model") or self.path.stem,
            source=str(self.path),
            format="mjcf",
            fixed_base=not any(joint["type"] == "free" for joint in root.joints),
            root_body=root.name,
            joints=tuple(joints),
            bodies=tuple(RobotBody(name, _mass(named[name])) for name in order.bodies),
            collision_shapes=sum(body.shapes for body in bodies),
            prim=prim,
        )

    # Which robot ---------------------------------------------------------------------------------------------------

    def _choose(self, prim: str | None) -> Element:
        tops = [body for world in self.root.findall("worldbody") for body in _bodies_in(world)]
        names = [body.get("name", "") for body in tops]
        if prim is not None:
            wanted = prim.removeprefix("/")
            if wanted in names:
                return tops[names.index(wanted)]
            close = suggest(wanted, [name for name in names if name], n=1)
            hint = f'did you mean "{close[0]}"?' if close else None
            raise RobotFileError(f'"{self.path.name}" has no body "{wanted}" below the world', hint, "E0604")
        robots = [body for body in tops if next(body.iter("joint"), None) is not None]
        if not robots:
            robots = [body for body in tops if next(body.iter("freejoint"), None) is not None]
        if not robots:
            reason = f'"{self.path.name}" holds no robot: no body below the world has a joint'
            raise RobotFileError(reason, code="E0605")
        if len(robots) > 1:
            listed = " or ".join(f'prim "{body.get("name", "")}"' for body in robots[:4])
            raise RobotFileError(
                f'"{self.path.name}" holds {len(robots)} bodies with joints below the world', f"add {listed}", "E0605"
            )
        return robots[0]

    def _collect(self, element: Element, parent: str, childclass: str | None) -> Iterator[_Body]:
        childclass = element.get("childclass", childclass)
        name = element.get("name")
        if name is None:
            name = f"body_{self.unnamed}"
            self.unnamed += 1
        joints: list[dict[str, str]] = []
        for child in element:
            if child.tag == "freejoint":
                joints.append({"type": "free", **child.attrib})
            elif child.tag == "joint":
                joints.append({"type": "hinge", **self.defaults.merged(child, childclass)})
        body = _Body(name, parent, element, joints)
        for number, joint in enumerate(joints):
            fallback = f"{name}_joint" if len(joints) == 1 else f"{name}_joint_{number + 1}"
            joint.setdefault("name", fallback)
            if joint["type"] not in _TYPES:
                close = suggest(joint["type"], _TYPES, n=1)
                hint = f'did you mean "{close[0]}"?' if close else f"one of {', '.join(_TYPES)}"
                raise RobotFileError(
                    f'"{self.path.name}": joint "{joint["name"]}" is of type "{joint["type"]}", which MJCF lacks', hint
                )
            if joint["type"] == "free" and parent != WORLD:
                raise RobotFileError(
                    f'"{self.path.name}": free joint "{joint["name"]}" is not on a body below the world'
                )
        self._add_mass_and_shapes(body, childclass)
        yield body
        for inner in _bodies_in(element):
            yield from self._collect(inner, name, childclass)

    def _add_mass_and_shapes(self, body: _Body, childclass: str | None) -> None:
        inertial = body.element.find("inertial")
        for geom in body.element.findall("geom"):
            merged = self.defaults.merged(geom, childclass)
            if merged.get("contype", "1") != "0" or merged.get("conaffinity", "1") != "0":
                body.shapes += 1
            mass = merged.get("mass")
            body.masses.append(None if mass is None else xml_file.number(mass, f'mass of a geom of body "{body.name}"'))
        if inertial is not None and inertial.get("mass") is not None:
            body.masses = [xml_file.number(inertial.get("mass", ""), f'mass of body "{body.name}"')]

    def _check_unique(self, bodies: list[_Body]) -> None:
        seen: set[tuple[str, str]] = set()
        for body in bodies:
            for kind, name in [("body", body.name), *(("joint", joint["name"]) for joint in body.joints)]:
                if (kind, name) in seen:
                    plural = "bodies" if kind == "body" else "joints"
                    raise RobotFileError(f'"{self.path.name}" has two {plural} named "{name}"')
                seen.add((kind, name))

    # Joints ----------------------------------------------------------------------------------------------------------

    def _joints_of(self, body: _Body) -> Iterator[RobotJoint]:
        for joint in body.joints:
            kind = _TYPES[joint["type"]]
            name = joint["name"]
            if kind is JointType.FREE:
                continue
            if kind is JointType.BALL:
                for number in range(3):
                    axis = self._in_parent(body, tuple(1.0 if index == number else 0.0 for index in range(3)))
                    yield RobotJoint(f"{name}:{number}", kind, -inf, inf, inf, inf, body.parent, body.name, axis)
                continue
            lower, upper = self._limits(joint, angular=kind is JointType.REVOLUTE)
            if kind is JointType.REVOLUTE and lower == -inf:
                kind = JointType.CONTINUOUS
            given = xml_file.vector(joint.get("axis", "0 0 1"), f'axis of joint "{name}"')
            if hypot(*given) == 0.0:
                raise RobotFileError(f'"{self.path.name}": the axis of joint "{name}" is zero')
            axis = self._in_parent(body, given)
            yield RobotJoint(name, kind, lower, upper, inf, _effort(joint), body.parent, body.name, axis)

    def _limits(self, joint: dict[str, str], *, angular: bool) -> tuple[float, float]:
        text = joint.get("range")
        limited = joint.get("limited", "auto")
        if text is None or limited == "false" or (limited == "auto" and not self.autolimits):
            return -inf, inf
        lower, upper = xml_file.numbers(text, f'range of joint "{joint["name"]}"', 2)
        if lower == upper == 0.0 and limited == "auto":
            return -inf, inf
        if lower >= upper:
            raise RobotFileError(
                f'"{self.path.name}": the range {lower:g} .. {upper:g} of joint "{joint["name"]}" leaves no room'
            )
        return (radians(lower), radians(upper)) if angular and self.degrees else (lower, upper)

    def _in_parent(self, body: _Body, axis: tuple[float, ...]) -> tuple[float, float, float]:
        """A direction of the body's frame, as a unit vector in its parent's."""
        what = f'orientation of body "{body.name}"'
        x, y, z = turn(body.element.attrib, (axis[0], axis[1], axis[2]), what, self.degrees, self.eulerseq)
        length = hypot(x, y, z)
        return (round(x / length, 9) + 0.0, round(y / length, 9) + 0.0, round(z / length, 9) + 0.0)


def _bodies_in(element: Element) -> Iterator[Element]:
    """Bodies directly inside; a ``<frame>`` only moves what it holds."""
    for child in element:
        if child.tag == "body":
            yield child
        elif child.tag == "frame":
            yield from _bodies_in(child)


def _mass(body: _Body) -> float | None:
    """Sum of the authored masses; ``None`` as soon as one of them has to be derived from a density."""
    if not body.masses or any(mass is None for mass in body.masses):
        return None
    total = sum(mass for mass in body.masses if mass is not None)
    return total if total > 0.0 else None


def _effort(joint: dict[str, str]) -> float:
    text = joint.get("actuatorfrcrange")
    if text is None or joint.get("actuatorfrclimited") == "false":
        return inf
    lower, upper = xml_file.numbers(text, f'actuatorfrcrange of joint "{joint["name"]}"', 2)
    return max(abs(lower), abs(upper)) or inf
