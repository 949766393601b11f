"""How generated torch code reads sensors."""

from __future__ import annotations

WRENCH = {"wrench.force@joint": "force", "wrench.torque@joint": "torque"}
CONTACT = {
    "contact.force@world": "net_forces_w",
    "contact.normal_force@world": "net_normal_forces_w",
    "contact.air_time": "current_air_time",
    "contact.contact_time": "current_contact_time",
    "contact.last_air_time": "last_air_time",
    "contact.last_contact_time": "last_contact_time",
}
"""Fields of the sensor's data."""

PARTNER = {"partner.force@world": "force_matrix_w", "partner.normal_force@world": "normal_force_matrix_w"}
"""Fields with a column for each body, or shape of the ground, that may be touched."""

WHOLE = {"ray.hit@world": "ray_hits_w", "imu.lin_acc@sensor": "lin_acc_b", "imu.ang_vel@sensor": "ang_vel_b"}
"""Fields that are read as they are, without bodies."""

PICTURES = {
    "camera.depth": 'output["depth"].torch.flatten(1)',
    "camera.rgb": 'output["rgb"].torch.flatten(1, 2) / 255.0',
    "camera.normals@world": 'output["normals"].torch.flatten(1, 2)',
}
"""What a camera sees, pixel by pixel: fields of its data, and how they become a list."""

TRANSITIONS = {"contact.landed": "compute_first_contact", "contact.lifted": "compute_first_air"}
"""Methods of a contact sensor that tell what happened within a time; they share one buffer."""


def reading(sensor: str, quantity: str, ids: str) -> str:
    """Text of a quantity of a sensor.

    Args:
        sensor: the sensor (``self.touch``).
        quantity: key of the quantity.
        ids: columns of the bodies that it is read at.
    """
    if quantity in TRANSITIONS:
        return f"{sensor}.{TRANSITIONS[quantity]}(self.step_dt).torch[:, {ids}] > 0.0"
    if quantity == "contact.peak":
        history = f"{sensor}.data.net_normal_forces_w_history.torch[:, :, {ids}]"
        return f"torch.amax(torch.linalg.norm({history}, dim=-1), dim=1)"
    if quantity == "partner.peak":
        history = f"{sensor}.data.normal_force_matrix_w_history.torch[:, :, {ids}]"
        return f"torch.amax(torch.linalg.norm({history}.sum(dim=-2), dim=-1), dim=1)"
    if quantity in PARTNER:
        return f"{sensor}.data.{PARTNER[quantity]}.torch[:, {ids}].sum(dim=-2)"
    return f"{sensor}.data.{WRENCH.get(quantity) or CONTACT[quantity]}.torch[:, {ids}]"


def name(quantity: str) -> str:
    """What an attribute is called that holds a quantity: ``air_time``."""
    return quantity.partition(".")[2].partition("@")[0]
