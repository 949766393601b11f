"""What is being done while a scene is made, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


def step(what: str) -> None:
    """Says what begins now, as in "placing rocks"; nothing happens where nobody listens."""
    listener = _listener.get()
    if listener is not None:
        listener(what)


@contextmanager
def told(listener: Callable[[str], None]) -> Iterator[None]:
    """Has a function called with each step, as long as the context lasts."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
