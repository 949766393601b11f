"""Mistakes in single tokens: quotes, numbers, units, characters."""

from __future__ import annotations

import re

from stripe_dsl.source import Span
from stripe_dsl.syntax.braces import OPEN_STRING
from stripe_dsl.syntax.mistakes.foreign import read_character, read_colon
from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import Token

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NUMBER_LIKE = re.compile(r"[0-9][0-9A-Za-z_%.]*")
_POINT = re.compile(r"\.[0-9][0-9A-Za-z_.]*|\.")
_INVALID = re.compile(r"[^\w\s\"(){}\[\]|+\-*/^<>=.,;@#%]+|[&!%#]+|\w+")
_INSTEAD = {
    "&": "write `and`",
    "&&": "write `and`",
    "!": "write `not`",
    ":": "`=` defines a name, and a space stands between a key and its value",
    "?": "a choice is written `a if condition else b`",
    "%": "`%` is the unit per cent and follows a number; there is no modulo operator",
}


def read_text(run: Recovery) -> Token | None:
    """Handles characters that make no token at all. Gives the token that they were probably meant for, if any."""
    start = run.lexer.position
    char = run.text[start]
    if char == '"':
        found = OPEN_STRING.match(run.text, start, run.end)
        end = found.end() if found else start + 1
        run.report("E0105", "the text has no closing quote", Span(run.source, start, start + 1), "opened here")
        run.lexer.position = end
        run.silent = True
        return Token("STRING", run.text[start:end] + '"', start, end)
    if char.isascii() and char.isdigit():
        return _malformed_number(run, start)
    known, token = read_character(run, start)
    if known or (char == ":" and read_colon(run, start)):
        return token
    found = _INVALID.match(run.text, start, run.end)
    piece = found.group() if found else char
    end = start + len(piece)
    helps = (_INSTEAD[piece],) if piece in _INSTEAD else ()
    span = Span(run.source, start, end)
    if piece == "#":
        return _malformed_color(run, start)
    if piece.isalnum():
        helps = ("names are made of a to z, A to Z, digits and `_`",)
    shown = piece if piece.isprintable() else ascii(piece).strip("'")
    run.report("E0107", f"`{shown}` means nothing here", span, helps=helps)
    run.skip(end)
    return None


def _malformed_color(run: Recovery, start: int) -> Token:
    """``#333`` and ``#11223344``."""
    found = re.compile(r"#(\w+)").match(run.text, start, run.end)
    digits = found.group(1) if found else ""
    six = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits[:6]
    help = f"write `#{six}`" if len(six) == 6 else "as in `#FF8000`"
    span = Span(run.source, start, start + 1 + len(digits))
    run.report("E0107", "a colour is `#` and six hexadecimal digits", span, helps=(help,))
    run.lexer.position = span.end
    return Token("COLOR", f"#{six:0<6}", start, span.end)


def _malformed_number(run: Recovery, start: int) -> Token:
    found = _NUMBER_LIKE.match(run.text, start, run.end)
    assert found is not None
    text = found.group()
    number = _NUMBER.match(text)
    assert number is not None
    if ".." in text:  # `1e..3`: only what stands before the range
        text = text[: text.index("..")]
    end = start + len(text)
    word = text[number.end() :]
    span = Span(run.source, start, end)
    plain = text.replace("_", "")
    if "_" in text and _NUMBER.fullmatch(plain):
        run.report("E0106", "a number holds no underscores", span, helps=(f"write `{plain}`",))
    elif re.fullmatch(r"0[xXbBoO]\w*", text):
        run.report("E0106", "numbers are decimal", span)
    elif re.fullmatch(r"[eE]", word):
        run.report("E0106", "the exponent has no digits", span, helps=(f"write `{number.group()}`",))
    elif word.isidentifier():
        _report_unit(run, Span(run.source, start + number.end(), end), number.group())
    else:
        run.report("E0106", f"`{text}` is not a number", span)
    token = _number(run, start, end, number.group())
    run.silent = run.silent or not run.accepts(token.type)
    return token


def stray_point(run: Recovery, token: Token) -> bool:
    """``.5`` and ``1.``."""
    if token.type in ("NUMBER", "QUANTITY") and run.token.type == "DOT" and run.token.end == token.start:
        step = run.steps[-1] if run.steps else None
        if step is None or step.before.end == run.token.start:
            return False
        run.back_to(step, token.end)
        token = Token("DOT", ".", token.start - 1, token.start)
    if token.type != "DOT":
        return False
    found = _POINT.match(run.text, token.start, run.end)
    assert found is not None
    before = run.token
    if before.type in ("NUMBER", "QUANTITY") and before.end == token.start:
        text = before.value + found.group()
        span = Span(run.source, before.start, found.end())
        helps = (f"write `{before.value}`",) if found.group() == "." else ()
        run.report("E0106", f"`{text}` is not a number", span, helps=helps)
        run.lexer.position = found.end()
        return True
    if run.accepts("NUMBER") and len(found.group()) > 1:
        span = Span(run.source, token.start, found.end())
        run.report("E0106", "a number starts with a digit", span, helps=(f"write `0{found.group()}`",))
        run.feed(_number(run, token.start, found.end(), "0"))
        return True
    return False


def _number(run: Recovery, start: int, end: int, digits: str) -> Token:
    """A number in the place of what stands between two offsets, with the unit behind it; reading goes on there."""
    unit = next(pattern for name, pattern in run.scanner.alone if name == "UNIT")
    found = re.compile(r"[ \t]*").match(run.text, end, run.end)
    named = unit.match(run.text, found.end(), run.end) if found else None
    run.lexer.position = named.end() if named else end
    if named:
        return Token("QUANTITY", f"{digits} {named.group()}", start, named.end())
    return Token("NUMBER", digits, start, end)


def unknown_unit(run: Recovery, token: Token) -> bool:
    """``2 metrs`` where no word may follow a number."""
    if token.type == "NAME" and run.token.type == "NUMBER" and run.same_line(run.token.end, token.start):
        if run.accepts("LBRACE") and not run.in_brackets:
            return False
        _report_unit(run, run.span(token), run.token.value)
        run.silent = True
        run.token = Token("NUMBER", run.token.value, run.token.start, token.end)
        return True
    if len(run.steps) < 2 or run.token.type != "NAME" or run.steps[-1].token is not run.token:
        return False
    word, number = run.steps[-1], run.steps[-2].token
    if number.type != "NUMBER" or not run.same_line(number.end, word.token.start):
        return False
    _report_unit(run, run.span(word.token), number.value)
    end = word.token.end
    run.back_to(word, token.start)
    run.token = Token("NUMBER", number.value, number.start, end)
    run.silent = True
    return True


def _report_unit(run: Recovery, span: Span, number: str) -> None:
    from stripe_dsl.units import suggest_unit

    suggestion = suggest_unit(span.text)
    helps = (
        (f"did you mean `{number} {suggestion}`?",) if suggestion else (f"to multiply, write `{number} * {span.text}`",)
    )
    run.report("E0108", f"unknown unit `{span.text}`", span, helps=helps)
