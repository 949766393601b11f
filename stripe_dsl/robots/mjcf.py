"""MJCF (MuJoCo) files to :class:`RobotModel`, without MuJoCo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import hypot, inf, radians
from pathlib import Path
from xml.etree.ElementTree import Element

from stripe_dsl.robots import xml_file
from stripe_dsl.robots.errors import RobotFileError
from stripe_dsl.robots.match import suggest
from stripe_dsl.robots.mechanism import WORLD_BODY, Pose, prim_name
from stripe_dsl.robots.mjcf_defaults import Defaults, expand_includes, is_true, orientation
from stripe_dsl.robots.model import JointType, RobotBody, RobotJoint, RobotModel
from stripe_dsl.robots.order import WORLD, depth_first
from stripe_dsl.robots.rotations import Vector, rotate

_TYPES = {"hinge": JointType.REVOLUTE, "slide": JointType.PRISMATIC, "ball": JointType.BALL, "free": JointType.FREE}


def read(path: Path, prim: str | None = None) -> RobotModel:
    """Read the robot in an MJCF file: the body below the world that has joints, or the one that ``prim`` names.

    A body with several joints has one joint of several degrees of freedom in the simulator, named after the first of
    them: ``hip_x:0``, ``hip_x:1``; what the file calls these is their ``alias``. A joint without a name is called
    ``<body>_joint``. Bodies and joints come depth first, children by the name of their first joint, as in a flat USD
    stage, and their names are as there: letters, digits and underscores. Where the first joint moves against the world,
    a body ``world`` carries the robot.

    Raises:
        RobotFileError: if the file or an included one is missing or broken, or holds no or several robots.
    """
    return read_with_includes(path, prim)[0]


def read_with_includes(path: Path, prim: str | None = None) -> tuple[RobotModel, tuple[Path, ...]]:
    """As :func:`read`; also gives the included files, for caching."""
    file = MjcfFile(path)
    return file.model(prim), file.included


@dataclass(slots=True)
class MjcfBody:
    """A body and its own joints, with the defaults already merged in.

    Attributes:
        parent: its parent's name; :data:`WORLD` for one that floats or is fixed to the world.
        pose: in its parent's frame.
        prims: names of its joints' prims, which are one joint to the simulator; of one fixed joint where it has none.
        joints: attributes of the joints, free ones included, each with the frame in the body that it is given in.
        geoms: attributes of the geoms, with their frames likewise.
    """

    name: str
    parent: str
    element: Element
    pose: Pose
    prims: list[str] = field(default_factory=list)
    joints: list[tuple[dict[str, str], Pose]] = field(default_factory=list)
    geoms: list[tuple[dict[str, str], Pose]] = field(default_factory=list)

    @property
    def free(self) -> bool:
        """Whether it floats."""
        return any(joint["type"] == "free" for joint, _ in self.joints)


class MjcfFile:
    """One reading of one file: compiler settings and defaults, then the tree of bodies.

    Attributes:
        included: the included files.
        settings: attributes of ``<compiler>``.
    """

    def __init__(self, path: Path) -> None:
        root = xml_file.parse(path)
        if root.tag == "robot":
            raise RobotFileError(f'"{path.name}" is a URDF file', "read it with urdf instead of mjcf")
        if root.tag != "mujoco":
            raise RobotFileError(f'"{path.name}" is not an MJCF file: it holds <{root.tag}> where <mujoco> is expected')
        self.included = expand_includes(root, path)
        self.root = root
        self.path = path
        self.settings: dict[str, str] = {}
        for compiler in root.findall("compiler"):
            self.settings.update(compiler.attrib)
        self.degrees = self.settings.get("angle", "degree") != "radian"
        self.autolimits = is_true(self.settings.get("autolimits", "true"))
        self.eulerseq = self.settings.get("eulerseq", "xyz")
        self.defaults = Defaults(root, path)
        self._unnamed = 0

    def model(self, prim: str | None) -> RobotModel:
        """The robot below the world, or the one that ``prim`` names."""
        bodies, carried = self.bodies(prim)
        named = {body.name: body for body in bodies}
        order = depth_first([(body.parent, body.name) for body in bodies])
        root = order.bodies[0]
        joints = [joint for index in order.joints for joint in self._joints_of(bodies[index])]
        return RobotModel(
            name=self.root.get("model") or self.path.stem,
            source=str(self.path),
            format="mjcf",
            fixed_base=carried or not named[root].free,
            root_body=root,
            joints=tuple(joints),
            bodies=tuple(self._body(name, named.get(name)) for name in order.bodies),
            collision_shapes=sum(touches(geom) for body in bodies for geom, _ in body.geoms),
            prim=prim,
            warnings=tuple(self._left_out()),
            kept_apart=tuple(
                f'contact <exclude> of "{item.get("body1")}" and "{item.get("body2")}" is left out: they may touch'
                for item in self.root.findall("contact/exclude")
            ),
        )

    def bodies(self, prim: str | None) -> tuple[list[MjcfBody], bool]:
        """The robot's bodies by the name of their first joint, and whether the root moves against the world."""
        bodies = list(self._collect(self._choose(prim), WORLD, None, Pose()))
        self._check_unique(bodies)
        taken: set[str] = set()
        for body in bodies:
            # of several joints, the simulator shows the name of the first
            first = body.joints[0][0]["name"] if body.joints else f"{body.name}_fixed"
            for number in range(max(1, len(body.joints))):
                prim_of = first if number == 0 else f"{first}_{number}"
                while prim_of in taken:
                    prim_of += "_"
                taken.add(prim_of)
                body.prims.append(prim_of)
        top = bodies[0]
        carried = bool(top.joints) and not top.free
        if carried:
            if any(body.name == WORLD_BODY for body in bodies):
                raise RobotFileError(
                    f'"{self.path.name}" has a body "{WORLD_BODY}", which carries the robot', "rename it"
                )
            top.parent = WORLD_BODY
        return sorted(bodies, key=lambda body: body.prims[0]), carried

    # Which robot -----------------------------------------------------------------------------------------------------

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

    def _collect(self, element: Element, parent: str, childclass: str | None, outer: Pose) -> Iterator[MjcfBody]:
        childclass = element.get("childclass", childclass)
        name = element.get("name")
        if name is None:
            name = f"body_{self._unnamed}"
            self._unnamed += 1
        pose = outer * self.pose(element.attrib, f'body "{name}"')
        body = MjcfBody(prim_name(name), parent, element, pose)
        inside: list[tuple[Element, str | None, Pose]] = []
        self._fill(body, element, childclass, Pose(), inside)
        for number, (joint, _) in enumerate(body.joints):
            fallback = f"{name}_joint" if len(body.joints) == 1 else f"{name}_joint_{number + 1}"
            joint["name"] = prim_name(joint.get("name", fallback))
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
        yield body
        for child, inherited, frame in inside:
            yield from self._collect(child, body.name, inherited, frame)

    def _fill(
        self,
        body: MjcfBody,
        element: Element,
        childclass: str | None,
        frame: Pose,
        inside: list[tuple[Element, str | None, Pose]],
    ) -> None:
        """What a body holds; a ``<frame>`` only moves what is in it."""
        for child in element:
            match child.tag:
                case "freejoint":
                    body.joints.append(({"type": "free", **child.attrib}, frame))
                case "joint":
                    body.joints.append(({"type": "hinge", **self.defaults.merged(child, childclass)}, frame))
                case "geom":
                    body.geoms.append((self.defaults.merged(child, childclass), frame))
                case "body":
                    inside.append((child, childclass, frame))
                case "frame":
                    moved = frame * self.pose(child.attrib, f'a frame in body "{body.name}"')
                    self._fill(body, child, child.get("childclass", childclass), moved, inside)
                case _:
                    pass

    def pose(self, attributes: Mapping[str, str], what: str) -> Pose:
        """Position and orientation of an element."""
        position = xml_file.vector(attributes.get("pos", "0 0 0"), f"position of {what}")
        return Pose(position, orientation(attributes, f"orientation of {what}", self.degrees, self.eulerseq))

    def _check_unique(self, bodies: list[MjcfBody]) -> None:
        seen: set[tuple[str, str]] = set()
        for body in bodies:
            for kind, name in [("body", body.name), *(("joint", joint["name"]) for joint, _ in body.joints)]:
                if (kind, name) in seen:
                    plural = "bodies" if kind == "body" else "joints"
                    raise RobotFileError(f'"{self.path.name}" has two {plural} named "{name}"')
                seen.add((kind, name))

    def _body(self, name: str, body: MjcfBody | None) -> RobotBody:
        if body is None:
            return RobotBody(name, None, collides=False)
        return RobotBody(name, self._mass(body), collides=any(touches(geom) for geom, _ in body.geoms))

    def _mass(self, body: MjcfBody) -> float | None:
        """Authored mass, or the sum of those of its geoms; ``None`` as soon as one has to be derived from a density."""
        if "settotalmass" in self.settings:
            return None
        inertial = body.element.find("inertial")
        if inertial is not None and inertial.get("mass") is not None:
            return xml_file.number(inertial.get("mass", ""), f'mass of body "{body.name}"')
        masses = [geom.get("mass") for geom, _ in body.geoms]
        if not masses or any(mass is None for mass in masses):
            return None
        what = f'mass of a geom of body "{body.name}"'
        return sum(xml_file.number(mass, what) for mass in masses if mass is not None) or None

    def _left_out(self) -> Iterator[str]:
        """What MuJoCo would simulate and a stage of bodies and joints does not hold."""
        for section in ("equality", "tendon"):
            for element in (child for found in self.root.findall(section) for child in found):
                name = f' "{element.get("name")}"' if element.get("name") else ""
                yield f"{section} <{element.tag}>{name} is left out"
        for pair in self.root.findall("contact/pair"):
            yield f'contact <pair> of "{pair.get("geom1")}" and "{pair.get("geom2")}" is left out'

    # Joints ----------------------------------------------------------------------------------------------------------

    def _joints_of(self, body: MjcfBody) -> Iterator[RobotJoint]:
        moving = [(joint, frame) for joint, frame in body.joints if joint["type"] != "free"]
        for number, (joint, frame) in enumerate(moving):
            kind = _TYPES[joint["type"]]
            own = joint["name"]
            if kind is JointType.BALL:
                for part in range(3):
                    axis = self._in_parent(body, Pose(), tuple(1.0 if index == part else 0.0 for index in range(3)))
                    yield RobotJoint(f"{own}:{part}", kind, -inf, inf, inf, inf, body.parent, body.name, axis)
                continue
            several = len(moving) > 1
            name = f"{body.prims[0]}:{number}" if several else body.prims[0]
            lower, upper = self.limits(joint)
            if kind is JointType.REVOLUTE and lower == -inf:
                kind = JointType.CONTINUOUS
            axis = self._in_parent(body, frame, self.axis(joint))
            effort = effort_limit(joint)
            alias = own if name != own else ""
            yield RobotJoint(name, kind, lower, upper, inf, effort, body.parent, body.name, axis, alias)

    def axis(self, joint: dict[str, str]) -> Vector:
        """Axis of a hinge or slide, of any length, in the frame it is given in."""
        given = xml_file.vector(joint.get("axis", "0 0 1"), f'axis of joint "{joint["name"]}"')
        if hypot(*given) == 0.0:
            raise RobotFileError(f'"{self.path.name}": the axis of joint "{joint["name"]}" is zero')
        return given

    def limits(self, joint: dict[str, str]) -> tuple[float, float]:
        """Range of a hinge (rad) or slide (m), from the pose that the file gives, which MuJoCo counts as ``ref``."""
        angular = joint["type"] == "hinge"
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
        ref = self.coordinate(joint, "ref", shifted=False)
        turn = radians(1.0) if angular and self.degrees else 1.0
        return (lower * turn - ref, upper * turn - ref)

    def coordinate(self, joint: dict[str, str], key: str, *, shifted: bool = True) -> float:
        """A position of a hinge (rad) or slide (m), zero where it is not given; from the pose that the file gives."""
        value = xml_file.number(joint.get(key, "0"), f'{key} of joint "{joint["name"]}"')
        value = radians(value) if joint["type"] == "hinge" and self.degrees else value
        return value - self.coordinate(joint, "ref", shifted=False) if shifted else value

    def _in_parent(self, body: MjcfBody, frame: Pose, axis: tuple[float, ...]) -> Vector:
        """A direction of the joint's frame, as a unit vector in the parent body's."""
        x, y, z = rotate((body.pose * frame).rotation, (axis[0], axis[1], axis[2]))
        length = hypot(x, y, z)
        return (round(x / length, 9) + 0.0, round(y / length, 9) + 0.0, round(z / length, 9) + 0.0)


def touches(geom: Mapping[str, str]) -> bool:
    """Whether a geom can collide with others."""
    return geom.get("contype", "1") != "0" or geom.get("conaffinity", "1") != "0"


def _bodies_in(element: Element) -> Iterator[Element]:
    """Bodies directly inside; a ``<frame>`` only moves what it holds."""
    for child in element:
        if child.tag == "body":
            yield child
        elif child.tag == "frame":
            yield from _bodies_in(child)


def effort_limit(joint: dict[str, str]) -> float:
    """Largest force or torque that actuators may exert on a joint [N or N*m]."""
    text = joint.get("actuatorfrcrange")
    if text is None or joint.get("actuatorfrclimited") == "false":
        return inf
    lower, upper = xml_file.numbers(text, f'actuatorfrcrange of joint "{joint["name"]}"', 2)
    return max(abs(lower), abs(upper)) or inf
