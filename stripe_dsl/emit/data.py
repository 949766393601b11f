"""Where Isaac Lab keeps what a task reads: names of its data properties, which both back ends ask for."""

from __future__ import annotations

JOINTS = {
    "joint.pos": "joint_pos",
    "joint.vel": "joint_vel",
    "joint.acc": "joint_acc",
    "joint.default_pos": "default_joint_pos",
    "joint.default_vel": "default_joint_vel",
    "joint.vel_limit": "soft_joint_vel_limits",
    "joint.stiffness": "joint_stiffness",
    "joint.damping": "joint_damping",
    "joint.friction": "joint_friction_coeff",
    "joint.armature": "joint_armature",
}
"""Of an articulation, a column for each joint."""

WRENCHES = {"wrench.force@joint": "force", "wrench.torque@joint": "torque"}
"""Of a sensor of joint wrenches."""

FORCES = {"contact.force@world": "net_forces_w", "contact.normal_force@world": "net_normal_forces_w"}
TIMES = {
    "contact.air_time": "current_air_time",
    "contact.contact_time": "current_contact_time",
    "contact.last_air_time": "last_air_time",
    "contact.last_contact_time": "last_contact_time",
}
"""Of a sensor of contacts, as those above."""

PARTNERS = {"partner.force@world": "force_matrix_w", "partner.normal_force@world": "normal_force_matrix_w"}
"""Of a sensor of contacts ``against`` something: with a column for each body, or shape of the ground, that may be
touched."""

WHOLE = {"ray.hit@world": "ray_hits_w", "imu.lin_acc@sensor": "lin_acc_b", "imu.ang_vel@sensor": "ang_vel_b"}
"""Of sensors that are read as they are, without bodies."""

FLAGS = {"shape.friction": "SHAPE_PROPERTIES", "env.gravity": "MODEL_PROPERTIES"}
"""What Newton is told of properties that are changed in arrays of its own."""
