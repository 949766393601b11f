"""The tables of ``docs/language.md``, made from the compiler. Run it to bring the page up to date."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from stripe_dsl.check import randomize
from stripe_dsl.check.functions import FUNCTIONS
from stripe_dsl.check.quantities import (
    BASE,
    BODY,
    CABLE,
    EPISODE,
    GRAINS,
    JOINT,
    PARTNER,
    SENSORS,
    SIGHT,
    SOFT,
    Quantity,
)
from stripe_dsl.ir.randomize import STATES, TEXTURE, WRENCH
from stripe_dsl.spec import agents, blocks, document, robots, scene, terrain
from stripe_dsl.spec.blocks import Block
from stripe_dsl.units import DIMENSIONLESS, UNIT_NAMES, Dimension, parse_unit

WORDS = ("per_second", "at_startup", "at_reset")
"""Fields that a file writes as two words."""

SHARED = ("Block", "RuledBlock", "PlacedThing", "LayerBlock")
"""Blocks that no file holds: what others have in common."""

PAGE = Path(__file__).parents[1] / "docs/language.md"


def functions() -> str:
    """All functions with their one line."""
    lines = ["| function | |", "|---|---|"]
    for function in FUNCTIONS.values():
        signature, _, text = function.doc.partition(": ")
        if not text:
            signature, _, text = function.doc.partition(" of ")
            text = f"of {text}" if text else ""
        lines.append(f"| `{_cell(signature)}` | {_cell(text)} |")
    return "\n".join(lines)


def quantities() -> str:
    """What can be read, with unit and frames."""
    lines = ["| of | quantity | type | unit | frames | |", "|---|---|---|---|---|---|"]
    tables = {
        "joints": JOINT,
        "`base`": BASE,
        "bodies": BODY,
        "deformable object": SOFT,
        "cable": CABLE,
        "grains": GRAINS,
        **{f"sensor `{kind}`": table for kind, table in SENSORS.items()},
        "sensor `contacts(…) against`": PARTNER,
        "`camera[things]`": SIGHT,
        "`episode`": EPISODE,
    }
    for of, table in tables.items():
        for name, quantity in table.items():
            frames = ", ".join(f"`@{frame}`" for frame in quantity.frames)
            if quantity.default and len(quantity.frames) > 1:
                frames += f"; `@{quantity.default}` where none is written"
            kind = {"float": "number", "quat": "rotation"}.get(str(quantity.kind.value), str(quantity.kind.value))
            lines.append(f"| {of} | `.{name}` | {kind} | {_unit(quantity)} | {frames} | {_cell(quantity.doc)} |")
    return "\n".join(lines)


def randomized() -> str:
    """What can be drawn anew, with unit, operations and when."""
    lines = ["| of | property | unit | | when | |", "|---|---|---|---|---|---|"]
    tables = {"joints": randomize.JOINT, "bodies, `base`": randomize.BODY, "`base`": randomize.ROOT}
    rows = [(of, f"`.{name}`", item) for of, table in tables.items() for name, item in table.items()]
    for of, name, item in [*rows, ("", "`gravity`", randomize.GRAVITY)]:
        dims = [str(dim) for dim in (item.dim, item.prismatic) if dim is not None and dim != DIMENSIONLESS]
        when = "startup, reset, every"
        if item.quantity in STATES:
            when = "every"
        elif item.quantity in WRENCH:
            when = "reset, every"
        elif item.quantity in ("joint.lower", "joint.upper"):
            when = "startup"
        elif item.quantity == TEXTURE:
            when = "startup, reset"
        operations = " ".join(f"`{operation}`" for operation in item.operations)
        unit = " or ".join(f"`{dim}`" for dim in dims)
        lines.append(f"| {of} | {name} | {unit} | {operations} | {when} | {_cell(item.doc)} |")
    return "\n".join(lines)


def units() -> str:
    """Unit names by what they measure."""
    by_dimension: dict[Dimension, list[str]] = {}
    for name in sorted(UNIT_NAMES | {"%"}, key=lambda name: (len(name), name.lower(), name)):
        by_dimension.setdefault(parse_unit(name).dimension, []).append(name)
    lines = ["| of | units |", "|---|---|"]
    for dimension, names in sorted(by_dimension.items(), key=lambda item: (item[0] != DIMENSIONLESS, str(item[0]))):
        what = "plain number" if dimension == DIMENSIONLESS else f"`{dimension}`"
        lines.append(f"| {what} | {', '.join(f'`{name}`' for name in names)} |")
    return "\n".join(lines)


def keys() -> str:
    """Keys of every block."""
    lines = ["| block | keys |", "|---|---|"]
    for model in _blocks():
        title = re.sub(r"(?<!^)(?=[A-Z])", " ", model.__name__.removesuffix("Spec")).lower()
        entries = []
        for name, info in model.model_fields.items():
            if name in (model.head, "name"):
                continue
            if name == model.others:
                entries.append(_cell(info.description or ""))
                continue
            key = (info.alias or name).replace("_", " ") if name in WORDS else info.alias or name
            entries.append(f"`{key}`" + (f": {_cell(info.description)}" if info.description else ""))
        if entries:
            lines.append(f"| {title} | {'<br>'.join(entries)} |")
    return "\n".join(lines)


def _blocks() -> Iterator[type[Block]]:
    for module in (blocks, robots, terrain, scene, document, agents):
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Block) and value.__name__ not in SHARED:
                yield value


def _unit(quantity: Quantity) -> str:
    texts = [str(dim) for dim in (quantity.dim, quantity.prismatic) if dim is not None and dim != DIMENSIONLESS]
    return " or ".join(f"`{text}`" for text in texts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


TABLES: dict[str, Callable[[], str]] = {
    "units": units,
    "functions": functions,
    "quantities": quantities,
    "randomize": randomized,
    "keys": keys,
}


def with_tables(text: str) -> str:
    """The page with its tables as they have to be."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
        assert pattern.search(text), name
        text = pattern.sub(lambda match, table=table: f"{match[1]}{table()}\n{match[2]}", text)
    return text


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
