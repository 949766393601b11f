"""Encoders: networks that make numbers of a picture, as in ``eye.rgb encoder "resnet.pt" size 512``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stripe_dsl.check.cameras import BARE, PIXELS
from stripe_dsl.check.constants import Settings
from stripe_dsl.check.networks import torchscript_file
from stripe_dsl.ir.graph import Node
from stripe_dsl.ir.observations import Encoder
from stripe_dsl.spec.blocks import Item

if TYPE_CHECKING:
    from stripe_dsl.check.scope import Scope

WIDEST = 65_536
"""Numbers of an encoder: more than any picture's features, and a mistake."""


def encoder(item: Item, node: Node, settings: Settings, scope: Scope) -> Encoder | None:
    """The encoder of an observation, ``None`` for one without; what is wrong is reported."""
    report = settings.report
    if item.encoder is None:
        if item.size is not None:
            help = 'a network gives a picture one: `encoder "encoder.pt" size 64`'
            report.error("E0206", "an observation without an encoder has no `size`", item.size.span, help)
        return None
    for key in BARE:
        value = getattr(item, key)
        if value is not None:
            report.error("E0206", f"a picture has no option `{key}`, and an encoder sees one", value.span, "remove it")
    axis = node.type.axis
    camera = scope.sensors[axis.entity].camera if axis is not None and axis.kind == PIXELS else None
    if camera is None:
        message = f"an encoder makes numbers of a picture, and `{item.value}` is none"
        report.error("E0301", message, item.value.span, "give it one, as in `eye.rgb` of `sensor eye = camera(head)`")
    size = 1
    if item.size is None:
        message = "an encoder says how many numbers it makes"
        report.error("E0214", message, item.encoder.span, "add `size 64`")
    else:
        size = settings.whole(item.size, "size", 1)
        if size > WIDEST:
            help = f"it is {size} here"
            report.error("E0309", f"the `size` of an encoder is a number up to {WIDEST}", item.size.span, help)
    # what is no string has been reported
    file = torchscript_file(item.encoder, _folder(item, scope), report) if item.encoder else None
    rows, columns = (camera.rows, camera.columns) if camera is not None else (1, 1)
    return Encoder(str(item.encoder), str(file or ""), (node.type.components, rows, columns), size)


def _folder(item: Item, scope: Scope) -> Path | None:
    """Where relative paths start: at the file that says the encoder, which need not be that of the task."""
    source = item.encoder.span.source if item.encoder is not None and item.encoder.span is not None else None
    module = scope.modules.get(source, scope.module) if source is not None else scope.module
    return module.folder if module is not None else None
