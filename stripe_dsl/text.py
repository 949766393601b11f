"""Words of messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def close_names(word: str, candidates: Iterable[str], count: int = 1) -> list[str]:
    """The candidates that look most like a misspelt word, or are short for it, best first; none where none is close."""
    from difflib import get_close_matches  # only a file with mistakes needs it

    known = list(dict.fromkeys(candidates))
    lowered = {name.lower(): name for name in reversed(known)}
    short = [name for name in lowered if 3 <= len(name) < len(word) and word.lower().startswith(name)]
    near, close = (get_close_matches(word.lower(), list(lowered), n=count, cutoff=cutoff) for cutoff in (0.8, 0.6))
    return [lowered[match] for match in dict.fromkeys([*near, *sorted(short, key=len, reverse=True), *close])][:count]


def did_you_mean(word: str, candidates: Iterable[str], *, listing: bool = False) -> tuple[str, ...]:
    """Helps for an unknown word: the closest candidate, or (with ``listing``) all of them where none is close."""
    known = list(dict.fromkeys(candidates))
    close = close_names(word, known)
    if close:
        return (f"did you mean `{close[0]}`?",)
    if listing and known:
        return (f"known here: {and_list(known)}",)
    return ()


def and_list(words: Sequence[str], limit: int = 12) -> str:
    """``a``, ``b`` and ``c`` in backquotes; long lists are cut."""
    shown = [f"`{word}`" for word in words[:limit]]
    if len(words) > limit:
        return ", ".join(shown) + f" and {len(words) - limit} more"
    if len(shown) > 1:
        return ", ".join(shown[:-1]) + " and " + shown[-1]
    return "".join(shown)


def plural(count: int, noun: str) -> str:
    """``1 joint``, ``3 joints``, ``2 bodies``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"
