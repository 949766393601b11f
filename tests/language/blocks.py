"""Reads the language documents: prose, code, and under the code what the compiler says about it.

A fence holds one program. Carets in a comment under a line are the diagnostic that is expected there::

    joint slider = "slider_to_car"
    #              ^^^^^^^^^^^^^^^ E0203: no joint matches => did you mean "slider_to_cart"?

The carets give column and text of the span, ``E0203`` is the code, the message contains what follows, and one of the
helps contains what follows ``=>``. ``>`` in place of the carets is an empty span before the character above it.
``#! E0216: …`` is a diagnostic without a place in a file. Such lines are no part of the program. A program without
them has no diagnostics, warnings included. ``#?`` marks one that is in the way, outside of what is shown.

After the language of a fence may stand:

- ``in=cartpole.reward``: a robot and a task around the code (see :mod:`tests.language.frames`);
- ``file=parts.stripe``: a file beside the program in the next fence;
- ``set="reach=2 m"``: a parameter, as from ``--set``; several times;
- ``task=Name``: the task to check.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .frames import frame

MAIN = {"stripe": "main.stripe", "yaml": "main.stripe.yaml"}

_FENCE = re.compile(r"^```(?P<tag>\S[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)
_EXPECTED = re.compile(r"^(?P<place> *#? *(?:\^+|>)|#!) (?P<code>[EW]\d{4}): (?P<message>.*?)(?: => (?P<help>.*))?$")


type Place = tuple[str, int, int, int]
"""File, line, column and length of a span; line and column from 1."""

type Mark = tuple[str, Place | None, str, str]
"""Code, place, message and helps of a diagnostic, to be written under a line."""


@dataclass(frozen=True)
class Expected:
    """One diagnostic that has to come, in the program's own coordinates.

    Attributes:
        place: ``None`` for no place in a file.
    """

    code: str
    place: Place | None
    message: str
    help: str


@dataclass
class Program:
    """One program of a document.

    Attributes:
        id: its heading and its number below it.
        places: where the document shows a file, by its name.
        texts: the same without expectations.
        before: lines around the main file that the document does not show.
        files: complete texts by file name.
    """

    id: str
    line: int
    main: str = ""
    before: int = 0
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    task: str | None = None

    def written(self, name: str, marks: list[Mark]) -> str:
        """The text of a file with diagnostics under its lines, as a document has them."""
        before = self.before if name == self.main else 0
        lines = self.texts[name].split("\n")
        out = [f"#! {words(*mark)}" for mark in marks if mark[1] is None and name == self.main]
        under: dict[int, list[str]] = {}
        for code, where, message, help in marks:
            if where is None or where[0] != name:
                continue
            _, number, column, length = where
            number -= before
            if 1 <= number <= len(lines):
                indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
                start = " " * min(indent, max(0, column - 2)) if column != indent + 1 else ""
                start = (start + "#").ljust(column - 1) if column > 1 else ""
                under.setdefault(number, []).append(f"{start}{'^' * length or '>'} {words(code, where, message, help)}")
            else:
                out.append(f"#? line {where[1]} of the frame: {words(code, where, message, help)}")
        for number, line in enumerate(lines, start=1):
            out += [line, *under.get(number, ())]
        return "\n".join(out)


def words(code: str, place: Place | None, message: str, help: str) -> str:
    """What stands behind the carets."""
    return f"{code}: {message}" + (f" => {help}" if help else "")


def programs(path: Path) -> Iterator[Program]:
    """The programs of a document, in order.

    Raises:
        ValueError: a fence has an option that is not known, or files without a program after them.
    """
    document = path.read_text(encoding="utf-8")
    beside: dict[str, re.Match[str]] = {}
    counts: dict[str, int] = {}
    for fence in _FENCE.finditer(document):
        line = document.count("\n", 0, fence.start()) + 1
        language, *options = shlex.split(fence["tag"])
        values = [(key, value) for key, _, value in (option.partition("=") for option in options)]
        named = {key: value for key, value in values if key != "set"}
        if set(named) - {"in", "file", "task"} or language not in (*MAIN, "urdf", "usda", "mjcf"):
            raise ValueError(f"{path.name}:{line}: unknown fence {fence['tag']!r}")
        if "file" in named:
            beside[named["file"]] = fence
            continue
        fences = [item.span() for item in _FENCE.finditer(document, 0, fence.start())]
        headings = [
            item[1]
            for item in _HEADING.finditer(document, 0, fence.start())
            if not any(start < item.start() < end for start, end in fences)
        ]
        slug = "-".join(re.findall(r"\w+", headings[-1].lower())) if headings else path.stem
        counts[slug] = counts.get(slug, 0) + 1
        program = Program(f"{path.stem}-{slug}-{counts[slug]}", line, MAIN[language])
        program.settings = {
            name: value for key, text in values if key == "set" for name, _, value in [text.partition("=")]
        }
        program.task = named.get("task")
        for name, other in beside.items():
            program.places[name] = other.span("text")
            program.texts[name], found = split(name, other["text"], 0)
            program.files[name] = program.texts[name]
            program.expected += found
        before, after = frame(named["in"], fence["text"]) if "in" in named else ("", "")
        program.before = before.count("\n")
        text, found = split(program.main, fence["text"], program.before)
        program.places[program.main], program.texts[program.main] = fence.span("text"), text
        program.files[program.main] = before + text + after
        program.expected += found
        beside = {}
        yield program
    if beside:
        raise ValueError(f"{path.name}: no program after {', '.join(beside)}")


def split(name: str, text: str, before: int) -> tuple[str, list[Expected]]:
    """The code of a fence and what is expected under its lines; ``before`` lines stand above it in its file."""
    lines: list[str] = []
    expected: list[Expected] = []
    for line in text.split("\n"):
        found = _EXPECTED.match(line)
        if line.startswith("#? "):
            continue
        if found is None:
            lines.append(line)
            continue
        place = None
        if found["place"] != "#!":
            marks = found["place"].lstrip("# ")
            column = len(found["place"]) - len(marks) + 1
            place = (name, before + len(lines), column, len(marks) if marks[0] == "^" else 0)
        expected.append(Expected(found["code"], place, found["message"], found["help"] or ""))
    return "\n".join(lines), expected
