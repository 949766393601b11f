"""The nodes of a YAML file with exact spans, and what is wrong with its YAML.

Built from PyYAML's events: nothing is resolved or constructed, so ``no``, ``1:30`` and ``010`` stay what was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

from stripe_dsl.diagnostics import Annotation, Diagnostic
from stripe_dsl.source import SourceFile, Span

MAX_DEPTH = 100

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s|#.*)*)*")  # anchor and tag stand before the node that an event is about
_TAG = re.compile(r"!\S*")
_BLOCK_HEADER = re.compile(r"[|>][^\n]*\s*")
_FOLD = re.compile(r"[ \t]*\n\s*")
_OPENERS = re.compile(r"[(\[]")
_CLOSERS = re.compile(r"[)\]]")


@dataclass(frozen=True, eq=False)
class Node:
    """Base of the three kinds; ``span`` is the first line of a block collection and the whole of all others."""

    span: Span


@dataclass(frozen=True, eq=False)
class Scalar(Node):
    """A text.

    Attributes:
        span: as written, quotes included.
        inner: what stands inside the quotes, or below the header of a block scalar.
        value: escapes and line folds resolved.
        plain: without quotes.
        broken: stands for something that has been reported.
    """

    inner: Span
    value: str
    plain: bool = True
    broken: bool = False

    @property
    def null(self) -> bool:
        """Whether nothing is said: no text, ``null`` or ``~``."""
        return self.plain and self.value in ("", "~", "null", "Null", "NULL")

    @property
    def exact(self) -> bool:
        """Whether offsets in ``value`` are offsets in ``inner``."""
        return self.inner.text == self.value

    @cached_property
    def offsets(self) -> list[int] | None:
        """Offset in the source of every character of ``value``, and of its end; ``None`` where that is not clear."""
        text, position, end = self.inner.source.text, self.inner.start, self.inner.end
        quote = self.span.text[:1]
        fold_of = _FOLD
        if quote == "|":  # what is indented deeper than the block belongs to its value
            fold_of = re.compile(rf"\n {{0,{self.inner.column - 1}}}")
        out: list[int] = []
        for char in self.value:
            out.append(position)
            fold = fold_of.match(text, position, end) if char in " \n" else None
            if fold is not None:
                position = fold.end()
                continue
            if (quote == "'" and char == "'") or (quote == '"' and char in '"\\/ ' and text[position] == "\\"):
                position += 1
            if position >= end or text[position] != char:
                return None
            position += 1
        return [*out, position]


@dataclass(frozen=True, eq=False)
class Sequence(Node):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Mapping(Node):
    """Keys and values in the order of the file; keys may repeat, and need not be scalars."""

    pairs: tuple[tuple[Node, Node], ...]


def compose(source: SourceFile) -> tuple[Node | None, list[Diagnostic]]:
    """The root node of a YAML file, ``None`` where there is none, and what is wrong with the file as YAML.

    Aliases give the node of their anchor, the same object each time.
    """
    import yaml

    # libyaml is ten times as fast; the messages are those of the pure Python parser, which words them by itself.
    slow = yaml.SafeLoader
    fast = slow if source.text.startswith("\ufeff") else getattr(yaml, "CSafeLoader", slow)
    try:
        try:
            events = _events(source, yaml, fast)
        except (yaml.YAMLError, UnicodeError):
            events = _events(source, yaml, slow)
    except yaml.YAMLError as problem:
        return None, [_problem(source, problem)]
    except _TooDeepError as deep:
        return None, [Diagnostic("E0109", "nested too deeply", Span(source, deep.offset, deep.offset + 1))]
    composer = _Composer(source, yaml)
    return composer.document(iter(events)), composer.diagnostics


def _events(source: SourceFile, yaml: Any, loader: Any) -> list[Any]:
    """PyYAML's events. Stops early at deep nesting, which the pure Python parser takes very long for."""
    events: list[Any] = []
    depth = 0
    for event in yaml.parse(source.text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _TooDeepError(event.start_mark.index)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        events.append(event)
    return events


class _Composer:
    def __init__(self, source: SourceFile, yaml: Any) -> None:
        self.source = source
        self.yaml = yaml  # the module, which is imported only where a YAML file is read
        self.diagnostics: list[Diagnostic] = []
        self.anchors: dict[str, Node] = {}
        self.open: set[str] = set()

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, max(start, end))

    def error(self, message: str, span: Span, *helps: str) -> None:
        self.diagnostics.append(Diagnostic("E0109", message, span, helps=helps))

    def document(self, events: Iterator[Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, self.yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    start = event.start_mark.index
                    self.error(
                        "a file holds one YAML document", self.span(start, start + 3), "remove what follows `---`"
                    )
                    break
            elif isinstance(event, self.yaml.NodeEvent):
                root = self.node(event, events)
        return root

    def node(self, event: Any, events: Iterator[Any]) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, self.yaml.AliasEvent):
            return self.alias(event.anchor, self.span(start, end))
        text = self.source.text
        properties = _PROPERTIES.match(text, start)
        assert properties is not None
        begin = properties.end() if event.anchor or event.tag else start
        if event.tag is not None:
            tag = _TAG.search(text, start, begin)
            span = self.span(tag.start(), tag.end()) if tag else self.span(start, end)
            self.error("a YAML tag has no meaning here", span, "remove it: values are plain text")
        if event.anchor:
            self.open.add(event.anchor)
        if isinstance(event, self.yaml.ScalarEvent):
            node: Node = self.scalar(event, min(begin, end), end)
        else:
            node = self.collection(event, events, begin)
        if event.anchor:
            self.open.discard(event.anchor)
            self.anchors[event.anchor] = node
        return node

    def alias(self, name: str, span: Span) -> Node:
        if name in self.anchors:
            return self.anchors[name]
        if name in self.open:
            self.error(f"`*{name}` stands inside the value that it repeats", span)
        else:
            quotes = "put the value in quotes if it is an expression"
            self.error(f"nothing before this is marked `&{name}`", span, quotes)
        return Scalar(span, span, "", broken=True)

    def scalar(self, event: Any, begin: int, end: int) -> Scalar:
        whole = self.span(begin, end)
        if event.style in ("'", '"'):
            return Scalar(whole, self.span(begin + 1, end - 1), event.value, plain=False)
        if event.style in ("|", ">"):
            header = _BLOCK_HEADER.match(self.source.text, begin, end)
            last = begin + len(self.source.text[begin:end].rstrip())
            inside = min(header.end(), last) if header else begin
            return Scalar(self.span(begin, last), self.span(inside, last), event.value.rstrip(), plain=False)
        return Scalar(whole, whole, event.value)

    def collection(self, event: Any, events: Iterator[Any], begin: int) -> Node:
        children: list[Node] = []
        for inner in events:
            if isinstance(inner, self.yaml.CollectionEndEvent):
                break
            children.append(self.node(inner, events))
        else:
            raise AssertionError("the events of a collection have an end")
        if event.flow_style:
            span = self.span(begin, inner.end_mark.index)
        else:
            line_end = self.source.text.find("\n", begin)
            line = self.source.text[begin : line_end if line_end >= 0 else None]
            span = self.span(begin, begin + len(line.rstrip()))
        if isinstance(event, self.yaml.SequenceStartEvent):
            return Sequence(span, tuple(self.rejoin(children) if event.flow_style else children))
        pairs = list(zip(children[::2], children[1::2], strict=True))
        if event.flow_style:
            pairs = self.rejoin_pairs(pairs)
        return Mapping(span, tuple(pairs))

    def rejoin(self, items: list[Node]) -> list[Node]:
        """Puts ``[max(a`` and ``b)]`` together again, which YAML took apart at the comma, and reports it."""
        out: list[Node] = []
        rest = list(items)
        while rest:
            first = rest.pop(0)
            count = _closing(first, rest)
            out.append(self.joined(first, rest[count - 1]) if count else first)
            del rest[:count]
        return out

    def rejoin_pairs(self, pairs: list[tuple[Node, Node]]) -> list[tuple[Node, Node]]:
        """The same for ``{at: (0`` and ``0`` and ``2) m}``."""
        out: list[tuple[Node, Node]] = []
        rest = list(pairs)
        while rest:
            key, first = rest.pop(0)
            bare = []
            for name, value in rest:
                if not (isinstance(value, Scalar) and value.null):
                    break
                bare.append(name)
            count = _closing(first, bare)
            out.append((key, self.joined(first, rest[count - 1][0]) if count else first))
            del rest[:count]
        return out

    def joined(self, first: Node, last: Node) -> Scalar:
        span = first.span.to(last.span)
        self.error("a `,` inside brackets ends a value in YAML", span, f'put the value in quotes: `"{span.text}"`')
        return Scalar(span, span, span.text)


class _TooDeepError(Exception):
    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset


def _closing(first: Node, rest: list[Node]) -> int:
    """How many of the nodes after ``first`` are needed to close the parentheses that it opens; 0 for none."""
    if not (isinstance(first, Scalar) and first.plain):
        return 0
    depth = _opened(first.value)
    for count, item in enumerate(rest, 1):
        if depth <= 0 or not (isinstance(item, Scalar) and item.plain):
            return 0
        depth += _opened(item.value)
        if depth <= 0:
            return count
    return 0


def _opened(text: str) -> int:
    return len(_OPENERS.findall(text)) - len(_CLOSERS.findall(text))


_QUOTES = "put the value in quotes"

# What PyYAML says, what it means, and what to do. The first one that fits counts.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    ("chomping or indentation", "a value that begins with `|` or `>` is a block of text in YAML", _QUOTES),
    ("found character '\\t'", "a tab cannot indent YAML", "indent with spaces"),
    ("found character", "a value cannot begin with this character", _QUOTES),
    (
        "mapping values are not allowed",
        "this `:` stands where no value can begin",
        "indent keys of one block alike, and put text that holds `: ` in quotes",
    ),
    (
        "sequence entries are not allowed",
        "a list with `-` begins on a line of its own",
        "put it on the next line, or write `[a, b]`",
    ),
    ("mapping keys are not allowed", "a value cannot begin with `? `", _QUOTES),
    ("expected ',' or ']'", "`,` or `]` is missing here", "put a value that holds brackets in quotes"),
    ("expected ',' or '}'", "`,` or `}` is missing here", "put a value that holds brackets in quotes"),
    ("unexpected end of stream", "a quoted text is not closed", "close it with the quote that it began with"),
    ("unexpected document separator", "a quoted text is not closed", "close it with the quote that it began with"),
    (
        "unknown escape character",
        "this escape is unknown between double quotes",
        "use single quotes, which leave `\\` alone",
    ),
    ("escape sequence", "an escape is not complete", "use single quotes, which leave `\\` alone"),
    (
        "could not find expected ':'",
        "this line is no `key: value`",
        "write a `:` after the key, and indent a value that goes on",
    ),
    (
        "expected <block end>, but found '<scalar>'",
        "a quoted value goes on after its quotes",
        "put the whole value into the quotes",
    ),
    ("expected <block end>", "this line fits no block above it", "indent entries of one block alike"),
    ("expected alphabetic or numeric character", "`*` and `&` mark repeated values in YAML", _QUOTES),
    ("expected the node content", "a value is missing before this", "put the value in quotes if it begins with this"),
    ("expected '<document start>'", "nothing can follow here", "remove it, or put the value in quotes"),
)


def _problem(source: SourceFile, problem: Any) -> Diagnostic:
    """What a PyYAML error means, at its mark."""
    mark, where = getattr(problem, "problem_mark", None), getattr(problem, "context_mark", None)
    said = str(getattr(problem, "problem", None) or "")
    if mark is None:  # a character that YAML forbids
        position = int(getattr(problem, "position", 0))
        code = f"U+{ord(source.text[position]):04X}" if position < len(source.text) else ""
        span = Span(source, position, min(position + 1, len(source.text)))
        return Diagnostic("E0109", f"the character {code} may not stand in YAML", span, helps=("remove it",))
    end = len(source.text.rstrip())
    start = min(mark.index, end)
    span = Span(source, start, min(start + 1, end))
    message, helps = f"the YAML cannot be read: {said}", ()
    for sign, meaning, help_ in _MEANINGS:
        if sign in said:
            message, helps = meaning, (help_,)
            break
    if message.startswith("a value that begins with `|`") and where is not None:  # `|x| > 3 m`
        value = source.line(span.line)[source.position(where.index)[1] - 1 :].rstrip()
        helps = (f"put the value in quotes: `'{value}'`",)
    notes = ()
    if where is not None and where.index < start and source.position(where.index)[0] != source.position(start)[0]:
        notes = (Annotation(Span(source, where.index, where.index + 1), "begins here"),)
    return Diagnostic("E0109", message, span, helps=helps, notes=notes)


def moved[T](value: T, place: Callable[[Span], Span]) -> T:
    """A tree or a diagnostic with every span in another place."""
    if isinstance(value, Span):
        return place(value)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(moved(item, place) for item in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{item.name: moved(getattr(value, item.name), place) for item in fields(value)})
    return value
