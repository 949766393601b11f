"""Words for tokens, and for what may stand at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_dsl.syntax.token import Token

if TYPE_CHECKING:
    from stripe_dsl.syntax.recover import Recovery

OPENERS = {
    "LBRACE": "RBRACE",
    "LPAR": "RPAR",
    "LPAR_TOUCHING": "RPAR",
    "LSQB": "RSQB",
    "LSQB_TOUCHING": "RSQB",
    "BAR_OPEN": "BAR_CLOSE",
}
CLOSERS = {"RBRACE": "}", "RPAR": ")", "RSQB": "]", "BAR_CLOSE": "|"}

_VALUE_ENDS = frozenset(
    ["NAME", "NUMBER", "QUANTITY", "STRING", "COLOR", "UNIT", "RPAR", "RSQB", "BAR_CLOSE", "RBRACE", "BROKEN"]
)


def has_value_end(token: Token) -> bool:
    """Whether a value may end with this token."""
    return token.type in _VALUE_ENDS


def describe(token: Token, run: Recovery) -> str:
    """How a message calls a token."""
    if token.type == "_NEWLINE":
        return "end of line"
    if token.type == "$END":
        return "end of file" if run.rule == "file" else "end of the text"
    if token.type == "STRING":
        return "text"
    return f"`{token.value}`"


def accepted_words(run: Recovery) -> list[str]:
    """Keywords that may stand here; none where any name may."""
    automaton = run.automaton
    if automaton.accepts("NAME"):
        return []
    expected = automaton.expected()
    return [word for word, kind in run.scanner.words.items() if kind in expected and automaton.accepts(kind)]


def expectation(run: Recovery) -> str:
    """``expected a value``, ``expected an operator or `)```: what may stand here, in words; may be empty."""
    accepts = run.automaton.accepts
    words = []
    if accepts("NUMBER"):
        words.append("a value")
    elif accepts("NAME"):
        words.append("a name")
    elif accepts("STRING"):
        words.append("text in quotes")
    if accepts("PLUS"):
        words.append("an operator")
    for kind, text in (
        ("EQUAL", "="),
        ("COMMA", ","),
        ("RPAR", ")"),
        ("RSQB", "]"),
        ("BAR_CLOSE", "|"),
        ("LBRACE", "{"),
    ):
        if accepts(kind) and not (kind == "LBRACE" and accepts("BROKEN") and accepts("MINUS")):
            words.append(f"`{text}`")
    words.extend(f"`{word}`" for word in accepted_words(run)[:4])
    if accepts("_SEMICOLON") and not words:
        words.append("the end of the statement")
    if not words:
        return ""
    return "expected " + (", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0])
