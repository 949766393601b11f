"""The quantities that can be read: which fields a set of joints, a body, the base or a sensor has, with unit and frame.

One table a kind of thing. A quantity with several frames has no hidden default, unless the table names one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stripe_dsl.ir.types import Kind
from stripe_dsl.units import (
    ACCELERATION,
    ANGLE,
    ANGULAR_ACCELERATION,
    ANGULAR_DAMPING,
    ANGULAR_SPEED,
    ANGULAR_STIFFNESS,
    DAMPING,
    DIMENSIONLESS,
    FORCE,
    INERTIA,
    LENGTH,
    MASS,
    SPEED,
    STIFFNESS,
    TIME,
    TORQUE,
    Dimension,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One field.

    Attributes:
        read: key that back ends know, without the frame.
        kind: of one element.
        dim: its dimension; for joints the one of revolute joints.
        prismatic: dimension for prismatic joints.
        frames: frames it can be read in; empty for what has none.
        default: frame where none is written; empty where one has to be written.
        doc: one line for hover and documentation.
    """

    read: str
    kind: Kind
    dim: Dimension
    doc: str
    prismatic: Dimension | None = None
    frames: tuple[str, ...] = ()
    default: str = ""


def _joint(read: str, dim: Dimension, prismatic: Dimension, doc: str) -> Quantity:
    return Quantity(read, Kind.FLOAT, dim, doc, prismatic)


JOINT: dict[str, Quantity] = {
    "pos": _joint("joint.pos", ANGLE, LENGTH, "joint position"),
    "vel": _joint("joint.vel", ANGULAR_SPEED, SPEED, "joint velocity"),
    "acc": _joint("joint.acc", ANGULAR_ACCELERATION, ACCELERATION, "joint acceleration, by finite differences"),
    "effort": _joint("joint.effort", TORQUE, FORCE, "effort that the actuators applied"),
    "default": _joint("joint.default_pos", ANGLE, LENGTH, "default joint position"),
    "lower": _joint("joint.lower", ANGLE, LENGTH, "lower soft limit of the position"),
    "upper": _joint("joint.upper", ANGLE, LENGTH, "upper soft limit of the position"),
    "vel_limit": _joint("joint.vel_limit", ANGULAR_SPEED, SPEED, "soft limit of the speed"),
    "stiffness": _joint("joint.stiffness", ANGULAR_STIFFNESS, STIFFNESS, "stiffness of the drive"),
    "damping": _joint("joint.damping", ANGULAR_DAMPING, DAMPING, "damping of the drive"),
    "friction": _joint("joint.friction", TORQUE, FORCE, "dry friction"),
    "armature": _joint("joint.armature", INERTIA, MASS, "armature"),
}
"""Quantities of a joint or of joints."""

BASE: dict[str, Quantity] = {
    "pos": Quantity(
        "root.pos",
        Kind.VEC3,
        LENGTH,
        "position of the base, in `env` from the environment's origin",
        None,
        ("env", "world"),
        "env",
    ),
    "rot": Quantity(
        "root.rot", Kind.QUAT, DIMENSIONLESS, "rotation of the base in the world", None, ("world",), "world"
    ),
    "lin_vel": Quantity(
        "root.lin_vel",
        Kind.VEC3,
        SPEED,
        "linear velocity of the base's centre of mass",
        None,
        ("body", "world", "heading"),
    ),
    "link_lin_vel": Quantity(
        "root.link_lin_vel",
        Kind.VEC3,
        SPEED,
        "linear velocity of the point at `pos`, the origin of the base's frame",
        None,
        ("body", "world", "heading"),
    ),
    "ang_vel": Quantity(
        "root.ang_vel", Kind.VEC3, ANGULAR_SPEED, "angular velocity of the base", None, ("body", "world", "heading")
    ),
    "gravity": Quantity(
        "root.gravity", Kind.VEC3, DIMENSIONLESS, "direction of gravity, a unit vector", None, ("body", "world"), "body"
    ),
    "forward": Quantity(
        "root.forward",
        Kind.VEC3,
        DIMENSIONLESS,
        "direction of the base's x axis, a unit vector",
        None,
        ("world", "heading"),
        "world",
    ),
    "up": Quantity(
        "root.up", Kind.VEC3, DIMENSIONLESS, "direction of the base's z axis, a unit vector", None, ("world",), "world"
    ),
    "roll": Quantity("root.roll", Kind.FLOAT, ANGLE, "roll of the base, in (-pi, pi]"),
    "pitch": Quantity("root.pitch", Kind.FLOAT, ANGLE, "pitch of the base, in [-pi/2, pi/2]"),
    "yaw": Quantity("root.yaw", Kind.FLOAT, ANGLE, "yaw of the base, in (-pi, pi]"),
    "mass": Quantity("body.mass", Kind.FLOAT, MASS, "mass of the base, without what hangs on it"),
    "com": Quantity(
        "body.com", Kind.VEC3, LENGTH, "centre of mass, from the origin of the base", None, ("body",), "body"
    ),
}
"""Quantities of the root body."""

OBJECT = {name: item for name, item in BASE.items() if not item.read.startswith("body.")}
"""Quantities of a rigid object."""

BODY: dict[str, Quantity] = {
    "pos": Quantity(
        "body.pos",
        Kind.VEC3,
        LENGTH,
        "position of the body, in `env` from the environment's origin, in `body` and `heading` from the base",
        None,
        ("env", "world", "body", "heading"),
        "env",
    ),
    "rot": Quantity(
        "body.rot", Kind.QUAT, DIMENSIONLESS, "rotation of the body in the world", None, ("world",), "world"
    ),
    "lin_vel": Quantity(
        "body.lin_vel",
        Kind.VEC3,
        SPEED,
        "linear velocity of the centre of mass; `body` and `heading` are the base's",
        None,
        ("world", "body", "heading"),
    ),
    "link_lin_vel": Quantity(
        "body.link_lin_vel",
        Kind.VEC3,
        SPEED,
        "linear velocity of the point at `pos`, the origin of the body's frame; `body` and `heading` are the base's",
        None,
        ("world", "body", "heading"),
    ),
    "ang_vel": Quantity(
        "body.ang_vel",
        Kind.VEC3,
        ANGULAR_SPEED,
        "angular velocity; `body` and `heading` are the base's",
        None,
        ("world", "body", "heading"),
    ),
    "mass": Quantity("body.mass", Kind.FLOAT, MASS, "mass of the body"),
}
"""Quantities of a body or of bodies."""

JOINT_WRENCH: dict[str, Quantity] = {
    "force": Quantity(
        "wrench.force",
        Kind.VEC3,
        FORCE,
        "force that the parent exerts through the joint of each body",
        None,
        ("joint",),
        "joint",
    ),
    "torque": Quantity(
        "wrench.torque",
        Kind.VEC3,
        TORQUE,
        "torque that the parent exerts through the joint of each body",
        None,
        ("joint",),
        "joint",
    ),
}
"""Quantities of a joint wrench sensor."""

CONTACTS: dict[str, Quantity] = {
    "force": Quantity(
        "contact.force", Kind.VEC3, FORCE, "force of all contacts of the body, with friction", None, ("world",), "world"
    ),
    "normal_force": Quantity(
        "contact.normal_force",
        Kind.VEC3,
        FORCE,
        "force of all contacts of the body, without friction",
        None,
        ("world",),
        "world",
    ),
    "peak": Quantity("contact.peak", Kind.FLOAT, FORCE, "largest normal force over the sensor's `history`"),
    "air_time": Quantity("contact.air_time", Kind.FLOAT, TIME, "time since the body left the ground; 0 in contact"),
    "contact_time": Quantity("contact.contact_time", Kind.FLOAT, TIME, "time since the body touched; 0 in the air"),
    "last_air_time": Quantity("contact.last_air_time", Kind.FLOAT, TIME, "time in the air before the last contact"),
    "last_contact_time": Quantity(
        "contact.last_contact_time", Kind.FLOAT, TIME, "time in contact before the body last left the ground"
    ),
    "touching": Quantity("contact.touching", Kind.BOOL, DIMENSIONLESS, "whether the body touches something"),
    "landed": Quantity("contact.landed", Kind.BOOL, DIMENSIONLESS, "whether contact began in this control step"),
    "lifted": Quantity("contact.lifted", Kind.BOOL, DIMENSIONLESS, "whether contact ended in this control step"),
}
"""Quantities of a contact sensor."""

PARTNER = {
    "force": replace(CONTACTS["force"], read="partner.force", doc="force on the body where both meet, with friction"),
    "normal_force": replace(
        CONTACTS["normal_force"], read="partner.normal_force", doc="force on the body where both meet, without friction"
    ),
    "peak": replace(CONTACTS["peak"], read="partner.peak"),
    "touching": replace(CONTACTS["touching"], read="partner.touching", doc="whether both touch"),
}
"""Quantities of a contact sensor ``against`` something: the simulator keeps no clocks of these."""

HIT = Quantity(
    "ray.hit", Kind.VEC3, LENGTH, "where each ray hits; infinite without a hit", None, ("env", "world"), "env"
)

HEIGHT_SCAN: dict[str, Quantity] = {
    "height": Quantity(
        "ray.height", Kind.FLOAT, LENGTH, "height of what is hit above the body that carries the sensor"
    ),
    "hit": HIT,
}
"""Quantities of a height scan."""

LIDAR: dict[str, Quantity] = {
    "distance": Quantity("ray.distance", Kind.FLOAT, LENGTH, "from the sensor to what is hit; infinite without a hit"),
    "hit": HIT,
}
"""Quantities of a lidar."""

IMU: dict[str, Quantity] = {
    "lin_acc": Quantity(
        "imu.lin_acc",
        Kind.VEC3,
        ACCELERATION,
        "acceleration less gravity, as an accelerometer measures it: upwards at rest",
        None,
        ("sensor",),
        "sensor",
    ),
    "ang_vel": Quantity("imu.ang_vel", Kind.VEC3, ANGULAR_SPEED, "angular velocity", None, ("sensor",), "sensor"),
}
"""Quantities of an inertial sensor."""

CAMERA: dict[str, Quantity] = {
    "depth": Quantity(
        "camera.depth", Kind.FLOAT, LENGTH, "along the view to what each pixel sees; `reach` where it sees nothing"
    ),
    "rgb": Quantity("camera.rgb", Kind.VEC3, DIMENSIONLESS, "red, green and blue of each pixel, 0 to 1"),
    "normals": Quantity(
        "camera.normals",
        Kind.VEC3,
        DIMENSIONLESS,
        "unit vector on the surface that each pixel sees; zero where it sees nothing",
        None,
        ("world",),
        "world",
    ),
}
"""Quantities of a camera, one for each pixel."""

SIGHT: dict[str, Quantity] = {
    "mask": Quantity(
        "camera.mask", Kind.BOOL, DIMENSIONLESS, "whether each pixel sees it: a robot, an object or `ground`"
    ),
}
"""Quantities of a camera that is asked for something, as in ``eye[wall].mask``."""

EPISODE: dict[str, Quantity] = {
    "time": Quantity("env.time", Kind.FLOAT, TIME, "time since the episode began"),
    "step": Quantity("env.dt", Kind.FLOAT, TIME, "the control step"),
    "place": Quantity(
        "env.place", Kind.FLOAT, DIMENSIONLESS, "where its environment stands among all, between 0 and 1; never changes"
    ),
}
"""Quantities of the running episode."""

SOFT: dict[str, Quantity] = {
    "pos": Quantity("soft.pos", Kind.VEC3, LENGTH, "mean of the points' positions", None, ("env", "world"), "env"),
    "lin_vel": Quantity("soft.lin_vel", Kind.VEC3, SPEED, "mean of the points' velocities", None, ("world",), "world"),
    "points": Quantity(
        "soft.points", Kind.VEC3, LENGTH, "position of each point of the mesh", None, ("env", "world"), "env"
    ),
    "velocities": Quantity(
        "soft.velocities", Kind.VEC3, SPEED, "velocity of each point of the mesh", None, ("world",), "world"
    ),
}
"""Quantities of an object that can be deformed."""

CABLE: dict[str, Quantity] = {
    "pos": replace(SOFT["pos"], read="cable.pos", doc="mean of the segments' positions"),
    "lin_vel": replace(SOFT["lin_vel"], read="cable.lin_vel", doc="mean of the segments' velocities"),
    "points": replace(SOFT["points"], read="cable.points", doc="position of the middle of each segment"),
    "velocities": replace(SOFT["velocities"], read="cable.velocities", doc="velocity of the middle of each segment"),
    "rotations": Quantity(
        "cable.rotations",
        Kind.QUAT,
        DIMENSIONLESS,
        "rotation of each segment in the world; z is along it",
        None,
        ("world",),
        "world",
    ),
    "ang_velocities": Quantity(
        "cable.ang_velocities", Kind.VEC3, ANGULAR_SPEED, "angular velocity of each segment", None, ("world",), "world"
    ),
}
"""Quantities of a cable."""

GRAINS: dict[str, Quantity] = {
    "pos": replace(SOFT["pos"], doc="mean of the grains' positions"),
    "lin_vel": replace(SOFT["lin_vel"], doc="mean of the grains' velocities"),
    "points": replace(SOFT["points"], doc="position of each grain"),
    "velocities": replace(SOFT["velocities"], doc="velocity of each grain"),
}
"""Quantities of grains."""

SENSORS: dict[str, dict[str, Quantity]] = {
    "joint_wrench": JOINT_WRENCH,
    "contacts": CONTACTS,
    "height_scan": HEIGHT_SCAN,
    "lidar": LIDAR,
    "imu": IMU,
    "camera": CAMERA,
}
"""Kinds of sensors, with what they measure."""

CARRIED = ("height_scan", "lidar", "imu", "camera")
"""Kinds of sensors that sit on one body."""
