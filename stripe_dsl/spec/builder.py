"""Makes the models of a document and reports what does not fit: what both surface forms have in common."""

from __future__ import annotations

from typing import Any

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.source import Span
from stripe_dsl.spec.blocks import Block, Item
from stripe_dsl.spec.document import Placed, RewardSpec, SimSpec
from stripe_dsl.spec.fields import Shape, Slot, slots
from stripe_dsl.spec.robots import ObjectSpec
from stripe_dsl.spec.values import Expression, Text
from stripe_dsl.text import did_you_mean

LACKING: dict[str, tuple[str, str]] = {
    "cloth": ("cloths", "write a flat `box` that is `deformable`"),
    "fluid": ("fluids", "take `grains (0.06, 0.06, 0.06) m spacing 1 cm`, which flow as sand does"),
}
"""What an object is in Isaac Lab and cannot be here: what it is called, and what to do instead."""
OTHERWISE = {
    "sim": {
        "dt": "physics 200 Hz",
        "decimation": "control 50 Hz",
        "num_envs": "envs 1024",
        "episode_length_s": "episode 5 s",
        "env_spacing": "spaced 4 m",
        "spacing": "spaced 4 m",
    },
    "train": {
        "lr": "rate 3e-4",
        "learning_rate": "rate 3e-4",
        "hidden": "actor 64 64 elu",
        "policy": "actor 64 64 elu",
        "activation": "actor 64 64 elu",
        "gae_lambda": "lam 0.95",
        "lambda": "lam 0.95",
        "num_steps_per_env": "steps 24",
        "max_iterations": "iterations 300",
        "num_mini_batches": "batches 4",
        "num_learning_epochs": "epochs 5",
    },
    "actuator": {
        **dict.fromkeys(("kp", "p_gain"), "stiffness 20 N*m/rad"),
        **dict.fromkeys(("kd", "d_gain"), "damping 0.5 N*m*s/rad"),
        **dict.fromkeys(("effort_limit", "torque", "max_effort"), "effort 10 N*m"),
        "pd": "implicit` or `ideal_pd",
    },
    "joint": {"origin": "at (0, 0, 1) m", "limit": "limits -90..90 deg", "range": "limits -90..90 deg"},
    "object": dict.fromkeys(("at", "pos", "position", "facing"), "spawn at (0, 0, 1) m")
    | {"rope": "cable"}
    | dict.fromkeys(("sand", "particles", "media"), "grains (0.06, 0.06, 0.06) m spacing 1 cm"),
    "cable": {
        "thickness": "radius 5 mm",
        "diameter": "radius 5 mm",
        "stretch_stiffness": "stretch 1 MPa",
        "bend_stiffness": "bend 100 kPa",
        "twist_stiffness": "twist 100 kPa",
        "shear_stiffness": "shear 1 MPa",
    },
    "robot": dict.fromkeys(("at", "pos", "position", "facing"), "spawn at (0, 0, 1) m"),
    "scene": {"dome": "light dome", "sun": "light sun", "plane": "ground plane"},
}
"""What others call keys of a block, and what to write."""
SOMEWHERE = ("envs", "env_ids", "instances", "share", "only", "some", "in")
"""Words for environments that would hold what others do not."""
OBSERVED = ("noise", "bias", "clip", "scale", "history", "without", "encoder", "size")
"""Options of an observation; an :class:`Item` has those of actions too."""


class Builder:
    """Collects the values of one block and makes the model. Shared by the two surface forms."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(self, code: str, message: str, span: Span | None, *helps: str, label: str = "") -> None:
        """Reports a mistake."""
        self.diagnostics.append(Diagnostic(code, message, span, label=label, helps=helps))

    def words(self, model: type[Block]) -> list[str]:
        """Words that a line of the block may begin with."""
        return list(slots(model))

    def unknown_key(self, model: type[Block], key: str, span: Span) -> None:
        """Reports a key that the block does not have."""
        if self.lacking(model, key, span):
            return
        helps = otherwise(model, key) or did_you_mean(key, self.words(model), listing=True)
        self.error("E0206", f"{block_name(model)} has no key `{key}`", span, *helps)

    def lacking(self, model: type[Block], key: str, span: Span) -> bool:
        """Whether a key is one that other files have for what is not there yet; that is reported then."""
        if model is Placed and key in SOMEWHERE:
            help = "let it stand in all of them, and say where it counts: "
            help += "`let lifting = episode.place < 50 %`, `cube.pos if lifting`"
            self.error("E0616", "environments that hold different things cannot be generated", span, help)
            return True
        what, help = LACKING.get(key, ("", "")) if model is ObjectSpec else ("", "")
        if what:
            self.error("E0616", f"{what} cannot be generated yet", span, help)
        return bool(what)

    def unknown_block(self, model: type[Block], key: str, span: Span) -> None:
        """Reports a block that may not stand here."""
        if self.lacking(model, key, span):
            return
        known = [word for word, slot in slots(model).items() if slot.shape in (Shape.BLOCK, Shape.MAP, Shape.REFERENCE)]
        message = f"{block_name(model)} has no block `{key}`"
        self.error("E0207", message, span, *did_you_mean(key, known, listing=True))

    def store(self, values: dict[str, Any], spans: dict[str, Span], slot: Slot, key: Text, value: Any) -> None:
        """Puts a value in its field; a field that has one already is reported."""
        if slot.own:
            self.member(values.setdefault(slot.attribute, {}), key, value)
            return
        if slot.attribute in values and slot.shape not in (Shape.MAP,):
            self.twice(key, spans.get(slot.attribute))
            return
        if slot.shape is Shape.MAP:
            members: dict[Text, Any] = values.setdefault(slot.attribute, {})
            for name, member in value.items():
                self.member(members, name, member)
        else:
            values[slot.attribute] = value
        if key.span is not None:
            spans.setdefault(slot.attribute, key.span)

    def member(self, members: dict[Text, Any], name: Text, member: Any) -> None:
        """Adds an entry to a map; a name that it has already is reported."""
        if name in members:
            first = next(known for known in members if known == name)
            self.twice(name, first.span)
        else:
            members[name] = member

    def twice(self, name: Text, first: Span | None) -> None:
        """Reports a second definition of a name."""
        notes = (Annotation(first, "first defined here"),) if first is not None else ()
        self.diagnostics.append(
            Diagnostic(
                "E0202",
                f"`{name}` is defined twice",
                name.span,
                label="second definition",
                helps=("rename or remove one of them",),
                notes=notes,
            )
        )

    def needs_value(self, key: Text, *helps: str) -> None:
        """Reports a key or a name without a value."""
        self.error("E0214", f"`{key}` needs a value", key.span, *helps)

    def wants_text(self, span: Span) -> Text:
        """Reports something else where a string is wanted; gives what to go on with."""
        self.error("E0309", "a string is wanted here", span, 'write it in quotes: `"…"`')
        return Text("", span)

    def no_observation(self, span: Span) -> None:
        """Reports an entry of an ``observe`` block that is no expression."""
        self.error("E0214", "an observation is an expression with options", span)

    def observation_option(self, key: Text) -> Slot | None:
        """The field of an option in an ``observe`` block; an unknown one is reported."""
        table = slots(Item)
        slot = table.get(key)
        if slot is None or slot.attribute not in OBSERVED:
            known = list(OBSERVED)
            helps = did_you_mean(key, known, listing=True)
            self.error("E0206", f"an observation has no option `{key}`", key.span, *helps)
            return None
        return slot

    def reward_terms(self, block: RewardSpec, attribute: str, terms: dict[Text, Expression]) -> None:
        """Adds terms to ``per_second`` or ``once``; a name stands in one of the two."""
        target, other = block.per_second, block.once
        if attribute == "once":
            target, other = other, target
        for name, value in terms.items():
            if name in other:
                self.twice(name, next(known for known in other if known == name).span)
            else:
                self.member(target, name, value)

    def finish(self, model: type[Block], values: dict[str, Any], span: Span | None) -> Block:
        """The model; all values have been checked against its fields already."""
        block = model.model_construct(None, **values)
        block._span = span
        return block


def otherwise(model: type[Block], key: str) -> tuple[str, ...]:
    """A help for a key that others have for what is called otherwise here."""
    known = OTHERWISE.get(block_name(model).strip("`"), {})
    return (f"write `{known[key]}`",) if key in known else ()


def block_name(model: type[Block]) -> str:
    """How messages call a block."""
    if model is SimSpec:
        return "`sim`"
    word = model.__name__.removesuffix("Spec").lower()
    return {
        "item": "this entry",
        "placed": "a robot or object of a task",
        "nameset": "a name set",
        "part": "a primitive",
        "grown": "this asset",
        "document": "a file",
    }.get(word, f"`{word}`")


def example_of(key: str) -> tuple[str, ...]:
    """How a named thing is written, for those whose names the language gives."""
    examples = {
        "observe": "observe policy { … }",
        "light": "light dome",
        "terrain": "terrain ground { … }",
        "robot": "robot name",
    }
    return (f"as in `{examples[key]}`",) if key in examples else ()
