"""The mistakes people make, and how parsing goes on behind them.

Each function looks at a token that the parser cannot take, and at what stands before it. One that recognises its
mistake reports it, mends it if it can (or drops the statement), and returns ``True``. The first that does, counts.
Examples of each stand in ``grammar/syntax_errors.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stripe_dsl.diagnostics.model import Annotation
from stripe_dsl.source import Span
from stripe_dsl.syntax.braces import OPEN_STRING
from stripe_dsl.syntax.describe import CLOSERS, OPENERS, accepted_words, describe, expectation, has_value_end
from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import CONTINUING, STATEMENT_WORDS, WITH_BLOCK, Token
from stripe_dsl.text import and_list, close_names

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NUMBER_LIKE = re.compile(r"[0-9][0-9A-Za-z_%.]*")
_POINT = re.compile(r"\.[0-9][0-9A-Za-z_.]*|\.")
_INVALID = re.compile(r"[^\w\s\"(){}\[\]|+\-*/^<>=.,;@#%]+|[&!%#]+|\w+")

_DEFINITION = re.compile(r"[A-Za-z_][\w.@\[\]]*[ \t]*(?:=(?!=)|\+=|\*=)")

COMPARISONS = frozenset(["LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL_EQUAL", "NOT_EQUAL"])
OPERATORS = COMPARISONS | frozenset(
    ["PLUS", "MINUS", "STAR", "SLASH", "CARET", "AND", "OR", "DOT_DOT", "IF", "ELSE", "WHERE", "PLUS_MINUS"]
)
OPTION_WORDS = frozenset(["noise", "clip", "scale", "offset", "history", "delay", "without"])
ASSIGNMENTS = frozenset(("EQUAL", "PLUS_EQUAL", "STAR_EQUAL"))
ENDS = frozenset(["_NEWLINE", "_SEMICOLON", "RBRACE", "$END"])

_INSTEAD = {
    "&": "write `and`",
    "&&": "write `and`",
    "!": "write `not`",
    ":": "`=` defines a name, and a space stands between a key and its value",
    "'": 'text stands in double quotes: `"…"`',
    "%": "`%` is the unit per cent and follows a number; there is no modulo operator",
}


def mend_text(run: Recovery) -> None:
    """Handles characters that make no token at all."""
    start = run.lexer.position
    char = run.text[start]
    if char == '"':
        found = OPEN_STRING.match(run.text, start, run.end)
        end = found.end() if found else start + 1
        run.report("E0105", "the text has no closing quote", Span(run.source, start, start + 1), "opened here")
        run.lexer.position = end
        run.silent = True
        token = Token("STRING", run.text[start:end] + '"', start, end)
        if run.accepts("STRING"):
            run.feed(token)
        else:
            mend(run, token)
    elif char.isascii() and char.isdigit():
        _malformed_number(run, start)
    else:
        found = _INVALID.match(run.text, start, run.end)
        piece = found.group() if found else char
        end = start + len(piece)
        helps = (_INSTEAD[piece],) if piece in _INSTEAD else ()
        span = Span(run.source, start, end)
        if piece == "#":
            run.report("E0107", "a colour is `#` and six hexadecimal digits", span)
        else:
            run.report("E0107", f"{piece!r} means nothing here".replace("'", "`"), span, helps=helps)
        run.skip(end)


def _malformed_number(run: Recovery, start: int) -> None:
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
    if run.accepts("NUMBER"):
        run.feed(token)
    else:
        run.silent = True
        mend(run, token)


def mend(run: Recovery, token: Token) -> None:
    """Handles a token that the parser cannot take. The token has been read, and not fed."""
    for mistake in MISTAKES:
        if mistake(run, token):
            return
    run.report("E0101", f"unexpected {describe(token, run)}", run.span(token), expectation(run))
    run.skip(token.start)


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


def misspelt_keyword(run: Recovery, token: Token) -> bool:
    """``reword per second { … }``, ``task A extend B``."""
    words = accepted_words(run)
    if token.type != "NAME" or not words:
        return False
    close = close_names(token.value, words)
    if not close or not run.accepts(run.scanner.words[close[0]]):
        return False
    run.report("E0104", f"unknown keyword `{token.value}`", run.span(token), helps=(f"did you mean `{close[0]}`?",))
    run.feed(Token(run.scanner.words[close[0]], close[0], token.start, token.end))
    run.silent = not run.text[token.end : token.end + 1].isspace()  # `observ>`: the same slip of the finger
    return True


def stray_brace(run: Recovery, token: Token) -> bool:
    """A brace where none may stand, in a text that has one too many of them."""
    if token.type == "RBRACE" and token.end > token.start and any(at > token.start for at in run.braces.extra):
        run.braces.extra.discard(max(run.braces.extra))
        run.report("E0101", "`}` closes nothing", run.span(token), helps=("remove it",))
        return True
    if token.type == "LBRACE" and run.forget_unclosed(token.start):
        run.report("E0101", "no block may start here", run.span(token), helps=("remove `{`",))
        return True
    return False


def unknown_block(run: Recovery, token: Token) -> bool:
    """A statement that is no business of a task, or of the top of a file."""
    words = accepted_words(run)
    if run.token.type not in ("_NEWLINE", "_SEMICOLON", "LBRACE") or run.accepts("NAME") or len(words) < 2:
        return False
    is_keyword = token.type in run.scanner.words.values()
    if token.type != "NAME" and not is_keyword:
        return False
    # Where a brace is wrong, everything behind it stands in the wrong place: that is said once.
    run.silent = run.silent or run.lost
    run.lost = run.lost or any(at > token.start for at in run.braces.extra)
    place = "a task" if any(bracket.type == "LBRACE" for bracket, _ in run.open) else "a file"
    if token.value == "fn":
        run.report("E0207", "`fn` is reserved for functions, which do not exist yet", run.span(token))
    elif is_keyword:
        other = "at the top of a file" if place == "a task" else "inside a task"
        message = f"`{token.value}` does not stand {'inside a task' if place == 'a task' else 'at the top of a file'}"
        run.report("E0207", message, run.span(token), helps=(f"it belongs {other}",))
    else:
        helps = (f"{place} holds {and_list(words, 30)}",)
        run.report("E0207", f"`{token.value}` starts no statement of {place}", run.span(token), helps=helps)
    run.skip(token.end)
    return True


def wrong_closer(run: Recovery, token: Token) -> bool:
    """``(a]``."""
    if token.type not in ("RPAR", "RSQB"):
        return False
    inner = run.open[-1][0] if run.open else None
    if inner is None or inner.type not in OPENERS or OPENERS[inner.type] == token.type:
        return False
    if inner.type in ("BAR_OPEN", "LBRACE") or inner.start in run.braces.partners:
        return False
    if token.start in run.braces.partners.values():  # it closes one further out
        return False
    right = CLOSERS[OPENERS[inner.type]]
    note = Annotation(run.span(inner), "opened here")
    run.report("E0101", f"`{token.value}` closes `{inner.value}`", run.span(token), f"expected `{right}`", (), (note,))
    if not run.accepts(OPENERS[inner.type]):
        return _skip(run, token.start)
    run.feed(Token(OPENERS[inner.type], token.value, token.start, token.end))
    return True


def unclosed_bracket(run: Recovery, token: Token) -> bool:
    """``a = f(x`` and the end of the line, or ``|x`` likewise."""
    if not run.in_brackets:
        return False
    inner = run.open[-1][0]
    if inner.start in run.braces.partners:
        return False
    bar = inner.type == "BAR_OPEN"
    newline = run.text.find("\n", inner.end, token.start)
    if bar and newline < 0 and token.type not in ENDS and token.type not in ("RPAR", "RSQB", "COMMA"):
        return False
    if bar:
        run.report("E0111", "`|` is never closed", run.span(inner), "opened here", ("`|x|` is the norm of x",))
    else:
        closer = CLOSERS[OPENERS[inner.type]]
        run.report("E0102", f"`{inner.value}` is never closed", run.span(inner), "opened here", (f"add `{closer}`",))
    position = token.start
    if newline >= 0:
        step = next((item for item in run.steps if item.token.start > newline), None)
        if step is not None:
            run.back_to(step, newline)
        position = newline
    _close_brackets(run, position)
    return True


def _close_brackets(run: Recovery, position: int) -> None:
    """Feeds what closes the brackets that have no partner, then goes on at ``position``."""
    while run.in_brackets and run.open[-1][0].start not in run.braces.partners:
        closer = OPENERS[run.open[-1][0].type]
        if not run.accepts(closer):
            if not run.accepts("BROKEN", closer):
                run.skip(position)
                return
            run.made("BROKEN")
        run.made(closer)
    run.lexer.position = position
    run.token = Token("BROKEN", "", run.token.end, run.token.end)


def stray_bar(run: Recovery, token: Token) -> bool:
    """``a|`` with nothing open."""
    if token.type not in ("BAR_OPEN", "BAR_CLOSE"):
        return False
    if run.text[token.end : token.end + 1] == "|":
        span = Span(run.source, token.start, token.end + 1)
        run.report("E0101", "`||` is not an operator", span, helps=("write `or`",))
    elif run.in_brackets and run.open[-1][0].type == "BAR_OPEN":
        run.report("E0110", "there is nothing between the bars", run.span(run.open[-1][0], token))
    else:
        run.report("E0111", "`|` opens nothing and closes nothing", run.span(token), helps=("`|x|` is the norm of x",))
    return _skip(run, token.end)


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


def spaced_call(run: Recovery, token: Token) -> bool:
    """``exp (x)``."""
    touching = f"{token.type}_TOUCHING"
    before = run.token
    if token.type not in ("LPAR", "LSQB") or before.type != "NAME" or not run.accepts(touching):
        return False
    if not run.same_line(before.end, token.start):
        return False
    message = f"a space separates `{before.value}` from its `{token.value}`"
    helps = (f"write `{before.value}{token.value}`",)
    run.report("E0101", message, Span(run.source, before.end, token.start), helps=helps)
    run.feed(Token(touching, token.value, token.start, token.end))
    return True


def plus_minus(run: Recovery, token: Token) -> bool:
    """``a +- b`` in an expression."""
    if token.type != "PLUS_MINUS" or not run.accepts("PLUS"):
        return False
    helps = ("for a range around a value write `a + (+-b)`", "for a difference write `a - b`")
    run.report("E0101", "`+-` starts a range and joins nothing", run.span(token), helps=helps)
    run.feed(Token("PLUS", "+", token.start, token.start))
    run.feed(token)
    return True


def chain(run: Recovery, token: Token) -> bool:
    """``a < b < c``, ``a..b..c``, ``a if b where c``."""
    if token.type in COMPARISONS and run.accepts("AND"):
        first = next((step.token for step in reversed(run.steps) if step.token.type in COMPARISONS), None)
        if first is None:
            return False
        middle = run.text[first.end : run.token.end].strip()
        helps = (f"write `… {first.value} {middle} and {middle} {token.value} …`",)
        run.report("E0101", "comparisons do not chain", run.span(token), helps=helps)
        run.feed(Token("AND", "and", token.start, token.start))
        run.feed(Token("BROKEN", "", token.start, token.start))
        run.feed(token)
        return True
    if token.type in ("DOT_DOT", "IF", "WHERE") and has_value_end(run.token) and not run.accepts("NUMBER"):
        if not (run.accepts("AND") or run.accepts("_SEMICOLON") or run.in_brackets):
            return False
        if _in_property(run):
            return False
        what = "a range has two ends" if token.type == "DOT_DOT" else f"a second `{token.value}` needs parentheses"
        run.report("E0101", what, run.span(token), helps=("put the part before it into parentheses",))
        return _skip(run, token.start)
    return False


def stray_equal(run: Recovery, token: Token) -> bool:
    """``if a = b``, ``a + b = 3``."""
    if token.type not in ASSIGNMENTS:
        return False
    if run.accepts("EQUAL_EQUAL") and (run.in_brackets or any(step.token.type == "EQUAL" for step in run.steps)):
        helps = ("compare with `==`",)
        run.report("E0101", f"unexpected `{token.value}` inside an expression", run.span(token), helps=helps)
        run.feed(Token("EQUAL_EQUAL", "==", token.start, token.end))
        return True
    if run.accepts("EQUAL_EQUAL"):
        helps = ("compare with `==`",)
        message = f"only a name or a path stands left of `{token.value}`"
        run.report("E0101", message, run.span(token), helps=helps)
        return _skip(run, token.start)
    return False


def missing_block(run: Recovery, token: Token) -> bool:
    """``reward per second`` without ``{``, or with ``{`` on the next line."""
    if token.type not in ENDS or not run.accepts("LBRACE") or not run.steps:
        return False
    head = run.steps[0].token
    if head.type not in WITH_BLOCK or any(step.token.type == "EQUAL" for step in run.steps):
        return False
    if has_value_end(run.token) or run.token is head:
        rest = run.text[token.start : run.end].lstrip()
        span = run.span(run.token)
        if rest.startswith("{"):
            helps = ("put `{` at the end of this line",)
            run.report("E0101", f"`{head.value}` needs its `{{` on the same line", span, helps=helps)
            run.lexer.position = token.start
            run.token = Token("_NEWLINE", "", run.token.end, run.token.end)
        else:
            run.report("E0101", f"`{head.value}` needs a block", span, "expected `{` after this")
            run.made("LBRACE")
            run.lexer.position = token.start
            if any(at >= token.start for at in run.braces.extra):  # the block is there, only its brace is not
                run.drop_surplus(token.start)
            else:
                run.made("RBRACE")
        return True
    return False


def missing_separator(run: Recovery, token: Token) -> bool:
    """Two statements on one line with nothing between them."""
    if run.in_brackets or token.type in OPERATORS:
        return False
    for back in (0, 1, 2):
        if back >= len(run.steps) + (back == 0):
            break
        step = run.steps[-back] if back else None
        tokens = [item.token for item in run.steps[len(run.steps) - back :]] + [token]
        before = step.before if step else run.token
        if not run.same_line(before.end, token.start):
            break
        if (
            not has_value_end(before)
            or tokens[0].type in ENDS
            or not _could_follow(run, step.states if step else run.automaton.states, tokens)
        ):
            continue
        if not _looks_like_statement(run, tokens, before):
            continue
        report_at = Span(run.source, before.end, before.end)
        label = f"expected `;` or a line end before `{tokens[0].value}`"
        run.report("E0103", "two statements on one line", report_at, label, ("put `;` between them",))
        if step is not None:
            run.back_to(step, tokens[0].start)
        else:
            run.lexer.position = token.start
        run.feed(Token("_SEMICOLON", ";", before.end, before.end))
        return True
    return False


def _could_follow(run: Recovery, states: list[int], tokens: list[Token]) -> bool:
    """Whether a separator and then these tokens could stand after ``states``."""
    automaton = run.automaton
    saved = automaton.states
    automaton.states = states
    try:
        kinds = ["_SEMICOLON"]
        for token in tokens:
            keyword = run.scanner.words.get(token.value)
            if keyword is not None and automaton.accepts(*kinds, keyword):
                kinds.append(keyword)
            elif automaton.accepts(*kinds, token.type):
                kinds.append(token.type)
            else:
                return False
        return True
    finally:
        automaton.states = saved


def _looks_like_statement(run: Recovery, tokens: list[Token], before: Token) -> bool:
    """Whether a new statement is the better guess, and not an operator, an operand or a unit that is wrong."""
    if before.type == "RBRACE":
        return True
    if not tokens[0].value[:1].isalpha() and tokens[0].value[:1] != "_":
        return False
    if tokens[0].value in STATEMENT_WORDS or _DEFINITION.match(run.text, tokens[0].start):
        return True
    if before.type == "NUMBER":
        return tokens[0].value == "timeout"
    return tokens[0].value not in OPTION_WORDS and not any(step.token.type in ASSIGNMENTS for step in run.steps)


def missing_operand(run: Recovery, token: Token) -> bool:
    """``a *`` and nothing, ``a * / b``, ``* a``, ``noise`` without its value."""
    if not run.accepts("NUMBER") or (has_value_end(run.token) and not _is_option_key(run)):
        return False
    before = run.token
    starts = before.type in ("_NEWLINE", "_SEMICOLON", "LBRACE") or not run.steps
    if starts:
        if token.type == "$END" and run.rule != "file":
            run.report("E0110", "an expression is missing", run.span(token))
            return _hole(run, token)
        if token.type not in OPERATORS:
            return False
        helps = ("a line goes on after an operator: end the line above with it",) if before.type == "_NEWLINE" else ()
        run.report("E0110", f"nothing stands before `{token.value}`", run.span(token), helps=helps)
        return _hole(run, token)
    if token.type in OPERATORS or token.type in ("COMMA", "EQUAL"):
        message = f"expected a value after `{before.value}`, found `{token.value}`"
        run.report("E0110", message, run.span(token))
        return _hole(run, token)
    if token.type in ENDS or token.type in CLOSERS:
        if before.type in ("LPAR", "LSQB", "LPAR_TOUCHING", "LSQB_TOUCHING", "BAR_OPEN"):
            message = f"nothing stands between `{before.value}` and `{token.value}`"
            run.report("E0110", message, run.span(before, token) if token.type in CLOSERS else run.span(before))
        elif _is_option_key(run):
            label = "a value is missing after it, or an operator before it"
            run.report("E0110", f"`{before.value}` has no value", run.span(before), label)
        else:
            run.report("E0110", f"expected a value after `{before.value}`", run.span(before))
        return _hole(run, token)
    return False


def dangling_operator(run: Recovery, token: Token) -> bool:
    """``f = 3 *`` and, on the next line, another definition."""
    if token.type not in ASSIGNMENTS or run.in_brackets or not run.steps:
        return False
    path = {"NAME", "DOT", "AT"}
    first = len(run.steps)
    while first > 0 and run.steps[first - 1].token.type in path:
        first -= 1
    if first == len(run.steps) or first == 0:
        return False
    step = run.steps[first]
    before = step.before
    if run.same_line(before.end, step.token.start) or before.type not in CONTINUING:
        return False
    run.report("E0110", f"expected a value after `{before.value}`", run.span(before))
    run.back_to(step, before.end)
    if not run.accepts("BROKEN", "_NEWLINE"):
        return _skip(run, before.end)
    run.made("BROKEN")
    run.lexer.position = before.end
    return True


def _hole(run: Recovery, token: Token) -> bool:
    """Puts something in the place of a missing value."""
    if not run.accepts("BROKEN", token.type):
        return _skip(run, token.start)
    run.made("BROKEN")
    run.lexer.position = token.start
    return True


def missing_operator(run: Recovery, token: Token) -> bool:
    """``(a b)``, ``x = a 2``."""
    values = ("NAME", "NUMBER", "QUANTITY", "STRING", "LPAR", "LSQB", "NOT", "BAR_OPEN", "UNIT")
    if token.type not in values or not has_value_end(run.token) or not run.accepts("PLUS"):
        return False
    if run.same_line(run.token.end, token.start):
        found = describe(token, run)
        helps = ("there is no multiplication without `*`",)
        message = f"expected an operator between {describe(run.token, run)} and {found}"
        run.report("E0110", message, run.span(run.token, token), helps=helps)
        return _skip(run, token.start)
    return False


def operator_in_property(run: Recovery, token: Token) -> bool:
    """``damping 2 * 5``: a property's value has no operators."""
    if token.type not in OPERATORS or run.in_brackets or not _in_property(run):
        return False
    message = "a property's value holds no operators outside parentheses"
    run.report("E0101", message, run.span(token), helps=("put the expression into parentheses",))
    return _skip(run, token.start)


def _in_property(run: Recovery) -> bool:
    return run.accepts("LBRACE") and run.accepts("NUMBER") and not run.accepts("PLUS")


def stray_comma(run: Recovery, token: Token) -> bool:
    """``slider.pos, pole.pos``."""
    if token.type != "COMMA" or run.in_brackets or not run.accepts("_SEMICOLON"):
        return False
    word = re.match(r"\s*(\w*)", run.text[token.end : run.end])
    if word is not None and word[1] in OPTION_WORDS:
        run.report("E0101", "options stand one after the other, without commas", run.span(token), helps=("remove it",))
        return True
    run.report("E0103", "statements are not separated by commas", run.span(token), helps=("write `;`",))
    run.feed(Token("_SEMICOLON", ",", token.start, token.end))
    run.silent = True
    return True


def _is_option_key(run: Recovery) -> bool:
    """The last token is a word that wants a value: one that stands where an expression was complete."""
    step = run.steps[-1] if run.steps else None
    return (
        step is not None
        and step.token is run.token
        and run.token.type == "NAME"
        and has_value_end(step.before)
        and run.accepts("BROKEN")
        and not run.accepts("PLUS")
    )


def _skip(run: Recovery, start: int) -> bool:
    run.skip(start)
    return True


MISTAKES: tuple[Callable[[Recovery, Token], bool], ...] = (
    stray_brace,
    stray_point,
    misspelt_keyword,
    unknown_block,
    wrong_closer,
    unclosed_bracket,
    stray_bar,
    missing_separator,
    unknown_unit,
    spaced_call,
    plus_minus,
    chain,
    dangling_operator,
    stray_equal,
    missing_block,
    missing_operand,
    missing_operator,
    operator_in_property,
    stray_comma,
)
