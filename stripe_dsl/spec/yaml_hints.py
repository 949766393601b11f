"""What to write instead where a YAML file has the right thing in the wrong form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.spec.blocks import Block
from stripe_dsl.spec.builder import block_name
from stripe_dsl.spec.document import RewardSpec, TaskSpec
from stripe_dsl.spec.fields import NAMED_BY_REFERENCE, Slot, slots
from stripe_dsl.spec.values import Text
from stripe_dsl.spec.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from stripe_dsl.spec.yaml import YamlReader

QUOTE = "put the expression in quotes"
EXAMPLES = {
    "action": "push: effort(joints) scale 10 N*m",
    "sensor": "touch: contacts(bodies) history 3",
    "command": "goal: {value: velocity, x: -1..1 m/s}",
    "observe": "policy: [joints.pos, joints.vel]",
    "state": "far: {value: 0 m, then: max(far, base.pos.z)}",
    "curriculum": "reward.calm: -0.1 over 0..1000",
    "joint": 'knee: "knee_joint"',
    "body": 'hand: "hand_link"',
    "actuator": "knee: {effort: 10 N*m}",
}
"""An entry of each kind, for those whose form is not plain."""


def unknown_key(reader: YamlReader, model: type[Block], key: Text, node: Node, fallback: Node) -> None:
    """Reports a key that a block does not have."""
    known, span = slots(model), key.span or fallback.span
    spelled = key.replace(" ", "_")
    if spelled in known:
        reader.error("E0206", f"{block_name(model)} has no key `{key}`", span, f"write `{spelled}`")
    elif model is RewardSpec:
        text = node.span.text if isinstance(node, Scalar) else "…"
        help = f"write `per_second: {{{key}: {text}}}` for what accrues with time, or `once: {{…}}`"
        reader.error("E0214", f"the reward `{key}` does not say how time enters", span, help)
    elif model.head and isinstance(node, Mapping):
        help = f"write `{model.head}: {key}` beside the other keys"
        reader.error("E0206", f"{block_name(model)} has no key `{key}`", span, help)
    else:
        reader.unknown_key(model, key, span)


def side_by_side(reader: YamlReader, key: Text, node: Node) -> bool:
    """Reports words that stand side by side as in a ``.stripe`` file: ``actor: 64 64 elu``."""
    words = node.value.split() if isinstance(node, Scalar) else []
    if len(words) < 2:
        return False
    help = f"write a list: `{key}: [{', '.join(words)}]`"
    reader.error("E0309", f"what stands side by side in `{key}` is a list in YAML", node.span, help)
    return True


def headed(reader: YamlReader, model: type[Block], key: Text, node: Node) -> bool:
    """Reports a line as in a ``.stripe`` file in place of a block: ``train: ppo steps 16``."""
    words = node.value.split() if isinstance(node, Scalar) else []
    if not (len(words) > 2 and len(words) % 2 and all(word in slots(model) for word in words[1::2])):
        return False
    pairs = [
        f"{model.head}: {words[0]}",
        *(f"{word}: {value}" for word, value in zip(words[1::2], words[2::2], strict=True)),
    ]
    help = f"write `{key}: {{{', '.join(pairs)}}}`"
    reader.error("E0309", f"{block_name(model)} is a block of keys and values", node.span, help)
    return True


def no_map(reader: YamlReader, model: type[Block], slot: Slot, key: Text, node: Node) -> None:
    """Reports something else where names and their values are wanted."""
    example = EXAMPLES.get(slot.attribute, "name: value")
    if model is TaskSpec and slot.attribute in NAMED_BY_REFERENCE and isinstance(node, Sequence) and node.items:
        names = [item.span.text for item in node.items]
        example = f"{names[0]}: {names[0]}"
    help = f"as in `{key}: {{{example}}}`, or one `name: value` on each line below it"
    reader.error("E0309", f"`{key}` is a block of names and their values", node.span, help)


def no_name(reader: YamlReader, key: Text, node: Scalar) -> bool:
    """Reports ``name = value`` in a list where a mapping belongs."""
    name, equals, value = node.value.partition("=")
    if not equals or not name.strip().replace(".", "").isidentifier():
        return False
    value = value.strip()
    text = f"'{value}'" if value[:1] in "|>&*!%@`[{" else value
    help = f"write `{name.strip()}: {text}` below `{key}:`, without a `-`"
    reader.error("E0309", f"`{key}` holds names and values as `name: value`", node.inner, help)
    return True


def no_value(key: Text, attribute: str) -> str:
    """What to write where an entry is a mapping without its value."""
    example = EXAMPLES.get(attribute, "")
    return f"write it as `value: …` beside the settings{f', or on one line, as `{example}`' if example else ''}"


def no_expression(key: Text, node: Node) -> str:
    """What to write where a list or a mapping stands in place of an expression."""
    if isinstance(node, Sequence) and len(node.items) == 2 and all(isinstance(item, Scalar) for item in node.items):
        low, high = (item.span.text.strip() for item in node.items)
        unit = high.partition(" ")[2]
        low = low.removesuffix(f" {unit}") if unit else low
        return f"as a range it is written `{low}..{high}`"
    if isinstance(node, Mapping):
        parts = {part.value: value for part, value in node.pairs if isinstance(part, Scalar)}
        if "weight" in parts and len(parts) > 1:
            others = [value.span.text for name, value in parts.items() if name != "weight"]
            return f"write `{key}: {parts['weight'].span.text} * {others[0]}`"
        if parts:
            return f"a value is one string; a part of something is named by its path, as `{key}.{next(iter(parts))}: …`"
    return QUOTE
