"""The ``randomize`` block of a ``.stripe`` file."""

from __future__ import annotations

from typing import Any

from stripe_dsl.spec.builder import Builder
from stripe_dsl.spec.document import RandomizeSpec
from stripe_dsl.spec.nothing import none_of
from stripe_dsl.spec.values import Expression, Text, Update
from stripe_dsl.syntax import ast


def read_randomize(reader: Builder, statement: ast.Statement, values: dict[str, Any]) -> None:
    """``randomize { at startup { … }; at reset { … }; every 10..15 s { … } }``, which may stand several times."""
    empty: dict[str, Any] = {"at_startup": {}, "at_reset": {}, "every": {}}
    if statement.args:
        when = " ".join(arg.span.text for arg in statement.args)
        when = f"at {when}" if when in ("startup", "reset") else when
        inner = f"{when} {{ … }}" if when.startswith(("at ", "every ")) else "at startup { … }"
        span = statement.args[0].span.to(statement.args[-1].span)
        reader.error("E0207", "when it draws stands inside `randomize`", span, f"write `randomize {{ {inner} }}`")
        return
    block: Any = values.setdefault("randomize", reader.finish(RandomizeSpec, empty, statement.key_span))
    for inner in statement.body or ():
        word = none_of(inner, alone=False)
        args = inner.args[:-1] if word is not None and word in inner.args else inner.args
        words = " ".join(word for word in (inner.key, *(arg.span.text for arg in args)) if word)
        whole = inner.body is not None or word is not None
        if words in ("at startup", "at reset") and whole:
            members = getattr(block, words.replace(" ", "_"))
        elif inner.key == "every" and len(args) == 1 and whole:
            period = Text(str(Expression(args[0])), args[0].span)
            members = block.every.setdefault(period, {})
        else:
            help = "write `at startup { … }`, `at reset { … }` or `every 10..15 s { … }`"
            span = inner.target.span if inner.target is not None else inner.key_span
            reader.error("E0207", "`randomize` holds blocks that say when", span, help)
            continue
        if word is not None:
            members[Text("none", word.span)] = Update(word)
        for change in inner.body or ():
            _change(reader, change, members)


def _change(reader: Builder, statement: ast.Statement, members: dict[Text, Any]) -> None:
    """``base.mass += -1..3 kg``."""
    target = statement.target
    if statement.op == "" or statement.value is None or not (statement.key or target is not None):
        span = target.span if target is not None else statement.span
        help = "as in `base.mass += -1..3 kg`, `joints.stiffness *= 0.8..1.2` or `bodies.friction = 0.5..1`"
        reader.error("E0309", "a line here says what is drawn, and how it changes what is there", span, help)
        return
    name = "".join(target.span.text.split()) if target is not None else statement.key
    key = Text(name, target.span if target is not None else statement.key_span)
    for option in statement.options:
        reader.error("E0206", f"a change takes no `{option.key.id}`", option.key.span)
    reader.member(members, key, Update(statement.value, statement.op))
