"""What other languages, keyboards and word processors write otherwise: ``**``, ``//``, ``=>``, ``“…”``."""

# ruff: noqa: RUF001 - characters that look like others are what this is about

from __future__ import annotations

import re

from stripe_dsl.source import Span
from stripe_dsl.syntax.describe import has_value_end
from stripe_dsl.syntax.mistakes.common import ASSIGNMENTS, KINDS, OPTION_WORDS
from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import STATEMENT_WORDS, Token

KEYWORDS = {
    **dict.fromkeys(("class", "env", "environment"), "task"),
    **dict.fromkeys(("var", "const", "auto", "local", "float", "int"), "let"),
    **dict.fromkeys(("obs", "observation", "observations"), "observe"),
    **dict.fromkeys(("world", "terrain"), "scene"),
    **dict.fromkeys(("done", "dones"), "terminate"),
    **dict.fromkeys(("events", "event"), "randomize"),
}
"""Words for what a keyword says here."""

_CHARACTERS = {
    **dict.fromkeys("−–—‐‑", ("MINUS", "-")),
    **dict.fromkeys("×·⋅∗", ("STAR", "*")),
    **dict.fromkeys("÷∕", ("SLASH", "/")),
    "±": ("PLUS_MINUS", "+-"),
    "≤": ("LESS_EQUAL", "<="),
    "≥": ("GREATER_EQUAL", ">="),
    "≠": ("NOT_EQUAL", "!="),
    "…": ("DOT_DOT", ".."),
    "“": ("STRING", '"…"'),
    "”": ("STRING", '"…"'),
    "„": ("STRING", '"…"'),
    "‘": ("STRING", '"…"'),
    "’": ("STRING", '"…"'),
    "'": ("STRING", '"…"'),
}
_QUOTED = re.compile(r"['“”„‘’«»][^'\"“”„‘’«»\n;]*['\"“”„‘’«»]")
_POWERS = {"²": "^2", "³": "^3"}
_GAPS = "\u00a0\u2007\u2009\u202f\u200b\ufeff"
_WORDS = {"and": "AND", "or": "OR", "not": "NOT"}
_COMMENT = re.compile(r"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?")
_ANNOTATION = re.compile(r"[ \t]*[A-Za-z_][\w \t\[\]/*^]*(?==[^=])")
_HYPHENATED = re.compile(r"[A-Za-z_]\w*(?:-\w+)+")
_DEFINED = re.compile(r"[A-Za-z_]\w*[ \t]*=(?!=)")


def read_character(run: Recovery, start: int) -> tuple[bool, Token | None]:
    """Handles a character of another alphabet that stands for one of the language.

    Returns:
        Whether it is one, and the token that it stands for, if that can stand here.
    """
    char = run.text[start]
    if char in _GAPS:
        run.report("E0107", "this is not a plain space", Span(run.source, start, start + 1), helps=("write a space",))
        run.lexer.position = start + 1
        return True, None
    if char in _POWERS and has_value_end(run.token) and run.accepts("CARET"):
        help = (f"write `{_POWERS[char]}`",)
        run.report("E0107", f"`{char}` means nothing here", Span(run.source, start, start + 1), helps=help)
        run.lexer.position = start + 1
        run.feed(Token("CARET", "^", start, start))
        return True, Token("NUMBER", _POWERS[char][1:], start, start + 1)
    if char not in _CHARACTERS:
        return False, None
    kind, instead = _CHARACTERS[char]
    end, helps = start + 1, (f"write `{instead}`",)
    if kind == "STRING":
        helps = (f"text stands in double quotes: `{instead}`",)
        found = _QUOTED.match(run.text, start, run.end)
        end = found.end() if found else end
    run.report("E0107", f"`{char}` means nothing here", Span(run.source, start, start + 1), helps=helps)
    if not run.accepts(kind) or (kind == "STRING" and end == start + 1):
        run.skip(end)
        return True, None
    run.lexer.position = end
    return True, Token(kind, f'"{run.text[start + 1 : end - 1]}"' if kind == "STRING" else instead, start, end)


def read_colon(run: Recovery, start: int) -> bool:
    """``mass: 1 kg``, ``alive: 1.0`` and ``x := 1``, as in YAML, Python and Pascal."""
    end = start + 1 + (run.text[start + 1 : start + 2] == "=")
    if run.token.type not in ("NAME", "STRING") or not run.steps:
        return False
    defines = run.accepts("EQUAL")
    key = run.accepts("NUMBER") and (run.accepts("LBRACE") or not defines)
    if not key and not defines:
        return False
    helps = ("leave it out: a space stands between a key and its value",) if key else ("write `=`",)
    typed = _ANNOTATION.match(run.text, end, run.end) if not key else None
    if typed is not None:
        helps = ("leave it out up to the `=`: a value brings its unit along",)
    run.report("E0107", f"`{run.text[start:end]}` means nothing here", Span(run.source, start, end), helps=helps)
    run.lexer.position = end
    if typed is not None:
        run.lexer.position = typed.end()
    elif not key:
        run.feed(Token("EQUAL", "=", start, end))
    return True


def comment(run: Recovery, token: Token) -> bool:
    """``// as in C`` and ``/* so */``."""
    first = run.token if run.token.type == "SLASH" and run.token.end == token.start else token
    found = _COMMENT.match(run.text, first.start, run.end)
    if found is None or (first is not token and (not run.steps or run.steps[-1].token is not first)):
        return False
    span = Span(run.source, first.start, first.start + 2)
    helps = ["a comment begins with `#`, and ends with the line"]
    if first is not token and has_value_end(run.steps[-1].before):
        helps.append("a whole number is `floor(a / b)`")
    run.report("E0107", f"`{span.text}` means nothing here", span, helps=tuple(helps))
    if first is not token:
        run.back_to(run.steps[-1], found.end())
    run.lexer.position = found.end()
    return True


def foreign_operator(run: Recovery, token: Token) -> bool:
    """``a ** b``, ``a => b``, ``+/-a``, ``a...b``, ``a AND b``."""
    before = run.token
    touching = before.end == token.start and bool(run.steps) and run.steps[-1].token is before
    after = run.text[token.end : token.end + 1]
    pair = (before.value + token.value) if touching else ""
    if pair == "**":
        return _write_instead(run, before.start, token.end, ("CARET", "^"))
    if pair in ("=>", "=<"):
        return _write_instead(run, before.start, token.end, _turned(token.type))
    if token.type == "EQUAL" and after in ("<", ">") and after:
        kind = "GREATER" if after == ">" else "LESS"
        run.lexer.position = token.end + 1
        return _write_instead(run, token.start, token.end + 1, _turned(kind))
    if token.type == "PLUS" and run.text.startswith("+/-", token.start):
        return _write_instead(run, token.start, token.start + 3, ("PLUS_MINUS", "+-"))
    if pair == "+/" and after == "-":
        return _write_instead(run, before.start, token.end + 1, ("PLUS_MINUS", "+-"))
    if before.type == "DOT_DOT" and touching and token.type == "DOT":
        run.report("E0101", "a range has two points", run.span(before, token), helps=("write `..`",))
        run.lexer.position = token.end
        return True
    word = token.value.lower() if token.type == "NAME" and token.value.isupper() else ""
    if word in _WORDS and run.accepts(_WORDS[word]):
        return _write_instead(run, token.start, token.end, (_WORDS[word], word))
    return False


def _turned(kind: str) -> tuple[str, str]:
    return ("GREATER_EQUAL", ">=") if kind == "GREATER" else ("LESS_EQUAL", "<=")


def _write_instead(run: Recovery, start: int, end: int, instead: tuple[str, str]) -> bool:
    """Puts an operator in the place of another spelling; a part of it may have been fed."""
    span = Span(run.source, start, end)
    run.report("E0101", f"`{span.text}` is not an operator", span, helps=(f"write `{instead[1]}`",))
    if run.steps and run.steps[-1].token.start == start:
        run.back_to(run.steps[-1], end)
    run.lexer.position = end
    kind = "PLUS" if instead[0] == "PLUS_MINUS" and not run.accepts("PLUS_MINUS") else instead[0]
    if run.accepts(kind):
        run.feed(Token(kind, instead[1], start, end))
        if kind != instead[0]:
            run.feed(Token(*instead, start, end))
        return True
    run.skip(end)
    return True


def decimal_comma(run: Recovery, token: Token) -> bool:
    """``0,5``."""
    before = run.token
    if token.type != "COMMA" or before.type != "NUMBER" or before.end != token.start or run.in_brackets:
        return False
    digits = re.compile(r"\d+").match(run.text, token.end, run.end)
    if digits is None or not before.value.isdigit():
        return False
    span = Span(run.source, before.start, digits.end())
    run.report("E0106", "a number has a decimal point", span, helps=(f"write `{before.value}.{digits.group()}`",))
    run.lexer.position = digits.end()
    run.token = Token("NUMBER", before.value, before.start, digits.end())
    return True


def option_with_equal(run: Recovery, token: Token) -> bool:
    """``joints.pos scale=0.1``."""
    if token.type not in ASSIGNMENTS or run.token.value not in OPTION_WORDS or len(run.steps) < 2:
        return False
    step = run.steps[-1]
    if step.token is not run.token or not has_value_end(step.before) or not run.accepts("NUMBER"):
        return False
    helps = (f"write `{run.token.value} …`, with a space",)
    run.report("E0101", f"an option has no `{token.value}`", run.span(token), helps=helps)
    return True


_MADE = re.compile(rf"\w+[ \t]*=[ \t]*({'|'.join((*KINDS['ACTION'], *KINDS['SENSOR']))})\(")


def foreign_keyword(run: Recovery, token: Token) -> bool:
    """``class Task { … }``, ``var x = 1``, and ``x = 1`` in a task."""
    if token.type != "NAME" or run.token.type not in ("_NEWLINE", "_SEMICOLON", "LBRACE") or run.accepts("NAME"):
        return False
    word = KEYWORDS.get(token.value, "")
    kind = run.scanner.words.get(word, "")
    if kind and run.accepts(kind) and re.compile(r"[ \t]+\w|[ \t]*\{").match(run.text, token.end, run.end):
        run.report("E0104", f"unknown keyword `{token.value}`", run.span(token), helps=(f"did you mean `{word}`?",))
        run.feed(Token(kind, word, token.start, token.end))
        return True
    if run.accepts("LET") and token.value not in STATEMENT_WORDS and _DEFINED.match(run.text, token.start, run.end):
        message = f"`{token.value}` starts no statement of a task"
        made = _MADE.match(run.text, token.start, run.end)
        word = "let" if made is None else "action" if made[1] in KINDS["ACTION"] else "sensor"
        run.report("E0207", message, run.span(token), helps=(f"write `{word} {token.value} = …`",))
        run.feed(Token(word.upper(), word, token.start, token.start))
        run.feed(token)
        return True
    return False


def hyphen(run: Recovery, token: Token) -> bool:
    """``task Swing-Up``."""
    before = run.token
    if token.type != "MINUS" or before.type != "NAME" or before.end != token.start or len(run.steps) != 2:
        return False
    found = _HYPHENATED.match(run.text, before.start, run.end)
    if found is None or run.steps[1].token is not before:
        return False
    helps = (f"write `{found.group().replace('-', '_')}`",)
    run.report("E0101", "a name holds no `-`", Span(run.source, before.start, found.end()), helps=helps)
    run.lexer.position = found.end()
    return True
