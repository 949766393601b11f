"""Name patterns as Isaac Lab resolves them, and what to propose when one matches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stripe_dsl.robots.errors import RobotFileError

if TYPE_CHECKING:
    from difflib import SequenceMatcher  # only names that match nothing need it

# Literal text of a pattern; everything else in it is syntax.
_LITERAL = re.compile(r"(?<!\\)[A-Za-z0-9_]+")
# A star that repeats the character before it, which a name cannot mean.
_STAR = re.compile(r"(?<=\w)\*")
# Pieces less alike than this have nothing to do with each other (difflib ratio).
_RELATED = 0.2
# A name more alike than this was mistyped, even if it is the beginning of another one.
_MISTYPED = 0.85


class PatternError(RobotFileError):
    """A pattern that is no regular expression.

    Attributes:
        position: offset in the pattern where it stops making sense, if Python's parser says so.
    """

    def __init__(self, reason: str, hint: str | None, position: int | None) -> None:
        super().__init__(reason, hint)
        self.position = position


def match_names(pattern: str, names: Sequence[str]) -> list[str]:
    """Names that ``pattern`` matches as a whole (``re.fullmatch``), in the order of ``names``.

    Raises:
        PatternError: if ``pattern`` is not a regular expression.
    """
    try:
        # Isaac Lab matches so; a name with regex characters in it has to be escaped there too.
        compiled = re.compile(pattern)
    except re.error as error:
        hint = None
        if pattern.startswith("*"):
            hint = f'names are matched by regular expressions: write "{"." + pattern}"'
        raise PatternError(f'"{pattern}" is not a regular expression: {error.msg}', hint, error.pos) from None
    return [name for name in names if compiled.fullmatch(name)]


def suggest(name: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Up to ``n`` candidates that a misspelt ``name`` may have meant, the likeliest first."""
    scored: list[tuple[float, int, str]] = []
    folded = _folded(name)
    matcher = _matcher(folded)
    for index, candidate in enumerate(dict.fromkeys(candidates)):
        matcher.set_seq1(_folded(candidate))
        if matcher.real_quick_ratio() < 0.6 or matcher.quick_ratio() < 0.6:
            continue
        ratio = matcher.ratio()
        if ratio >= 0.6:
            scored.append((-ratio, index, candidate))
    return [candidate for _, _, candidate in sorted(scored)[:n]]


def suggest_pattern(pattern: str, names: Sequence[str]) -> tuple[str, int] | None:
    """A pattern of the same shape that matches something, for one that matches nothing.

    One literal piece of the pattern is replaced by a piece of the names (``.*_foot_joint`` → ``.*_calf_joint``); a
    plain name becomes its closest neighbour; failing that, missing ``.*`` are added at the ends.

    Returns:
        The proposal and how many of ``names`` it matches, or ``None``.
    """
    literals = list(_LITERAL.finditer(pattern))
    if not literals:
        return None
    if literals[0].group() == pattern:
        return _suggest_for_plain_name(pattern, names)
    dotted = _STAR.sub(".*", pattern)  # `hip_*`, as names of files are matched
    if dotted != pattern and _count(dotted, names):
        return dotted, _count(dotted, names)

    pieces = dict.fromkeys(piece for name in names for piece in _pieces(name))
    written = sum(len(literal.group()) for literal in literals)
    proposals: dict[str, float] = {}
    for literal in literals:
        for run_start, run_end in _runs(literal.group()):
            old = literal.group()[run_start:run_end]
            start, end = literal.start() + run_start, literal.start() + run_end
            matcher = _matcher(_folded(old))
            for piece in pieces:
                matcher.set_seq1(_folded(piece))
                ratio = matcher.ratio() if piece != old else 0.0
                if ratio < _RELATED:
                    continue
                # Keep as much of what was written as possible, and change it as little as possible.
                proposal = pattern[:start] + piece + pattern[end:]
                score = ratio - (end - start) / written
                proposals[proposal] = max(score, proposals.get(proposal, score))
    # The best that matches anything; among equals the one that matches most.
    best: tuple[str, int] | None = None
    best_score = 0.0
    for proposal, score in sorted(proposals.items(), key=lambda item: (-item[1], item[0])):
        if best is not None and score < best_score:
            break
        count = _count(proposal, names)
        if count > (best[1] if best is not None else 0):
            best, best_score = (proposal, count), score
    return best if best is not None else _suggest_wider(pattern, names)


def _suggest_for_plain_name(name: str, names: Sequence[str]) -> tuple[str, int] | None:
    close = suggest(name, names, n=1)
    if close and _matcher(_folded(close[0]), _folded(name)).ratio() >= _MISTYPED:
        return close[0], 1
    wider = _suggest_wider(name, names)
    if wider is not None:
        return wider
    return (close[0], 1) if close else None


def _suggest_wider(pattern: str, names: Sequence[str]) -> tuple[str, int] | None:
    """``foot`` → ``.*foot``, ``front`` → ``front.*``: people forget that the whole name has to match."""
    for proposal in (f".*{pattern}", f"{pattern}.*", f".*{pattern}.*"):
        count = _count(proposal, names)
        if count:
            return proposal, count
    return None


def _count(pattern: str, names: Sequence[str]) -> int:
    try:
        return len(match_names(pattern, names))
    except PatternError:
        return 0


def _folded(text: str) -> str:
    return text.casefold().replace("-", "_")


def _runs(text: str) -> list[tuple[int, int]]:
    """Runs of one or more words of a literal, shortest first, and the whole of it."""
    words = [match.span() for match in re.finditer(r"[^_]+", text)]
    runs = [(words[i][0], words[j][1]) for i in range(len(words)) for j in range(i, len(words))]
    runs.append((0, len(text)))
    return sorted(dict.fromkeys(runs), key=lambda run: (run[1] - run[0], run))


def _pieces(name: str) -> list[str]:
    return [name[start:end] for start, end in _runs(name)]


def _matcher(second: str, first: str = "") -> SequenceMatcher[str]:
    """What compares texts with ``second``."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, first, second, autojunk=False)
