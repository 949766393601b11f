"""How generated torch code reads sensors."""

from __future__ import annotations

from stripe_dsl.emit.data import FORCES, PARTNERS, TIMES, WRENCHES

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
    if quantity in PARTNERS:
        return f"{sensor}.data.{PARTNERS[quantity]}.torch[:, {ids}].sum(dim=-2)"
    return f"{sensor}.data.{(WRENCHES | FORCES | TIMES)[quantity]}.torch[:, {ids}]"


def name(quantity: str) -> str:
    """What an attribute is called that holds a quantity: ``air_time``."""
    return quantity.partition(".")[2].partition("@")[0]
