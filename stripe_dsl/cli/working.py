"""A line that says what a command is doing, where it takes longer than a second and somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import perf_counter
from typing import TextIO

from stripe_dsl.scene.steps import told

PATIENCE = 1.0
"""For how long nothing is shown [s]."""
INTERVAL = 0.1
_WIPE = "\r\x1b[K"


@contextmanager
def working(first: str, stream: TextIO | None = None, patience: float = PATIENCE) -> Iterator[None]:
    """Shows the steps of a scene that is made, one at a time with the seconds so far, and wipes them in the end.

    Nothing is written where the stream is no terminal.

    Args:
        first: what is done before the first step says more.
        stream: standard error where it is ``None``.
        patience: for how long nothing is shown [s].
    """
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield
        return
    now, done = [first], Event()

    def listen(what: str) -> None:
        now[0] = what

    def draw() -> None:
        begin, shown = perf_counter(), False
        wait = patience
        while not done.wait(wait):
            wait, shown = INTERVAL, True
            out.write(f"{_WIPE}{now[0]} … {perf_counter() - begin:.0f} s")
            out.flush()
        if shown:
            out.write(_WIPE)
            out.flush()

    thread = Thread(target=draw, daemon=True)
    thread.start()
    try:
        with told(listen):
            yield
    finally:
        done.set()
        thread.join()
