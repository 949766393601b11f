"""Mistakes in how statements, blocks and brackets fit together."""

from __future__ import annotations

import re

from stripe_dsl.diagnostics.model import Annotation
from stripe_dsl.source import Span
from stripe_dsl.syntax.describe import CLOSERS, OPENERS, accepted_words, expectation, has_value_end
from stripe_dsl.syntax.mistakes.common import ASSIGNMENTS, ENDS, KINDS, OPERATORS, OPTION_WORDS, skip
from stripe_dsl.syntax.recover import Recovery
from stripe_dsl.syntax.token import STATEMENT_WORDS, WITH_BLOCK, Token
from stripe_dsl.text import and_list, close_names

NAMED = {"ACTION": "drive", "SENSOR": "touch", "COMMAND": "goal"}
"""What a statement defines has a name; one for an example."""
_EXAMPLES = {"ACTION": "effort(joints)", "SENSOR": "contacts(robot)", "COMMAND": "sample { … }"}
_DEFINITION = re.compile(r"[A-Za-z_][\w.@\[\]]*[ \t]*(?:=(?!=)|\+=|\*=)")


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
    if is_keyword:
        other = "at the top of a file" if place == "a task" else "inside a task"
        message = f"`{token.value}` does not stand {'inside a task' if place == 'a task' else 'at the top of a file'}"
        run.report("E0207", message, run.span(token), helps=(f"it belongs {other}",))
    else:
        helps = (f"{place} holds {and_list(words, 30)}",)
        if token.value in ("def", "function", "define", "macro"):
            helps = ("write `fn name(parameters) = value` at the top of a file",)
        if token.value in ("from", "include", "using") and place == "a file":
            helps = ('write `import "file.stripe" as name`',)
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
    if inner.type == "LBRACE" and inner.start in run.braces.unclosed and run.accepts("RBRACE"):
        note = Annotation(run.span(inner), "opened here")
        run.report("E0101", f"`{token.value}` closes `{{`", run.span(token), "expected `}`", (), (note,))
        run.forget_unclosed(inner.start)
        run.feed(Token("RBRACE", token.value, token.start, token.end))
        return True
    if inner.type in ("BAR_OPEN", "LBRACE") or inner.start in run.braces.partners:
        return False
    if token.start in run.braces.partners.values():  # it closes one further out
        return False
    right = CLOSERS[OPENERS[inner.type]]
    note = Annotation(run.span(inner), "opened here")
    run.report("E0101", f"`{token.value}` closes `{inner.value}`", run.span(token), f"expected `{right}`", (), (note,))
    if not run.accepts(OPENERS[inner.type]):
        return skip(run, token.start)
    run.feed(Token(OPENERS[inner.type], token.value, token.start, token.end))
    return True


def bracket_for_brace(run: Recovery, token: Token) -> bool:
    """``observe policy [ … }``."""
    if not run.in_brackets:
        return False
    inner = run.open[-1][0]
    step = next((item for item in run.steps if item.token is inner), None)
    if step is None or inner.start in run.braces.partners or inner.type == "BAR_OPEN":
        return False
    if not run.lacks_block(inner.start) or any(item.token.type == "EQUAL" for item in run.steps):
        return False
    run.report("E0101", f"`{run.steps[0].token.value}` needs a block", run.span(inner), "", ("write `{`",))
    run.back_to(step, inner.end)
    run.feed(Token("LBRACE", "{", inner.start, inner.end))
    run.drop_surplus(inner.start)
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
    run.silent = run.silent or (bool(run.steps) and run.steps[0].token.type == "FN")  # that its value is missing, too
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
    return skip(run, token.end)


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
            words = run.text[head.start : run.token.start].rstrip()
            helps = (f"`{words} = none` removes an inherited one",) if run.token.value == "none" else ()
            run.report("E0101", f"`{head.value}` needs a block", span, "expected `{` after this", helps)
            run.made("LBRACE")
            run.lexer.position = token.start
            if any(at >= token.start for at in run.braces.extra):  # the block is there, only its brace is not
                run.drop_surplus(token.start)
            else:
                run.made("RBRACE")
        return True
    return False


def unnamed(run: Recovery, token: Token) -> bool:
    """``action effort(slider)``, ``sensor contacts(robot) { … }``; ``action push effort(slider)``."""
    if token.type not in ("LPAR_TOUCHING", "LBRACE", "NAME") or len(run.steps) != 2 or not run.accepts("EQUAL"):
        return False
    head, kind = (step.token for step in run.steps)
    if head.type not in NAMED:
        return False
    if token.type == "NAME":
        helps = (f"write `{head.value} {kind.value} = {token.value}`",)
        run.report("E0101", f"unexpected `{token.value}`", run.span(token), expectation(run), helps)
        run.made("EQUAL", "=")
        run.lexer.position = token.start
        return True
    if token.type == "LBRACE" and kind.value not in KINDS[head.type]:
        kinds = f"kinds of {head.value}s are {and_list(KINDS[head.type])}"
        helps = (f"write `{head.value} {kind.value} = {_EXAMPLES[head.type]}`; {kinds}",)
        run.report("E0101", f"nothing says what the {head.value} `{kind.value}` is", run.span(head, kind), helps=helps)
        return skip(run, token.start)
    name = NAMED[head.type]
    rest = re.match(r"[^;{}\n]*", run.text[kind.start : run.end])
    assert rest is not None
    value = rest[0].strip() + (" { … }" if run.text.startswith("{", kind.start + rest.end()) else "")
    helps = (f"write `{head.value} {name} = {value}`",)
    run.report("E0101", f"this {head.value} has no name", run.span(head, kind), helps=helps)
    run.back_to(run.steps[1], kind.start)
    run.made("NAME", name)
    run.made("EQUAL", "=")
    return True


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


def stray_comma(run: Recovery, token: Token) -> bool:
    """``slider.pos, pole.pos``."""
    if token.type != "COMMA" or run.in_brackets or not run.accepts("_SEMICOLON"):
        return False
    word = re.match(r"\s*(\w*)", run.text[token.end : run.end])
    if word is not None and word[1] in OPTION_WORDS:
        run.report("E0101", "options stand one after the other, without commas", run.span(token), helps=("remove it",))
        return True
    several = run.token.type == "STRING" and re.match(r'\s*"', run.text[token.end : run.end])
    helps = ("several stand in brackets: `[…, …]`",) if several else ("write `;`",)
    run.report("E0103", "statements are not separated by commas", run.span(token), helps=helps)
    run.feed(Token("_SEMICOLON", ",", token.start, token.end))
    run.silent = True
    return True
