"""Showing what a run does: a live line on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_PLAIN_LINES = 20
"""How many iteration lines a whole training writes when standard output is no terminal."""
_PLAIN_PAUSE = 10.0
"""Seconds between two lines about the same phase when standard output is no terminal."""


@dataclass(frozen=True)
class Iteration:
    """Where a training stands after one iteration.

    Attributes:
        index: The iteration that ended, counted from 1.
        total: The number of iterations of this run.
        mean_reward: Mean return of the last 100 episodes, or None while no episode has ended.
        mean_episode_length: Mean length of the last 100 episodes in control steps, or None.
        max_episode_length: Length at which an episode is cut, in control steps.
        steps_per_second: Control steps of all environments per second of this iteration.
        seconds_left: Estimate from the mean iteration so far.
    """

    index: int
    total: int
    mean_reward: float | None
    mean_episode_length: float | None
    max_episode_length: int
    steps_per_second: float
    seconds_left: float

    def facts(self) -> list[str]:
        """The numbers a user watches, formatted."""
        facts = [f"{self.index}/{self.total}"]
        if self.mean_reward is not None and self.mean_episode_length is not None:
            facts.append(f"reward {self.mean_reward:.2f}")
            facts.append(f"length {self.mean_episode_length:.0f}/{self.max_episode_length}")
        facts.append(f"{format_count(self.steps_per_second)} steps/s")
        facts.append(f"{format_seconds(self.seconds_left)} left")
        return facts


class Display:
    """Shows the phases of a run and the iterations of a training.

    Use it as a context manager. On a terminal one line is redrawn ten times a second, so that a clock shows that silent
    work goes on; otherwise each phase writes a line when it starts, and a training about twenty lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self.interactive = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.console = Console(file=stream, highlight=False, soft_wrap=not self.interactive)
        self._live: Live | None = None
        self._phase = ""
        self._detail = ""
        self._iteration: Iteration | None = None
        self._started = self._last_line = time.monotonic()
        self._spinner = Spinner("dots")

    def __enter__(self) -> Self:
        if self.interactive:
            self._live = Live(
                _Renderable(self),
                console=self.console,
                refresh_per_second=10,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the live line away; what is printed later stands where it was."""
        self._end_phase()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def phase(self, name: str) -> None:
        """Start a phase of the run, such as ``building the scene``; the one before is done."""
        self._end_phase()
        self._phase, self._detail, self._iteration = name, "", None
        self._started = self._last_line = time.monotonic()
        if not self.interactive:
            self.console.print(Text(f"{name} ..."))

    def detail(self, text: str) -> None:
        """Say what the phase is doing right now."""
        self._detail = text
        if not self.interactive and self._pause_is_over():
            self.console.print(Text(f"  {text}"))

    def iteration(self, iteration: Iteration) -> None:
        """Show where the training stands."""
        self._iteration = iteration
        self._detail = ""
        if self.interactive:
            return
        every = max(1, iteration.total // _PLAIN_LINES)
        if iteration.index % every == 0 or iteration.index in (1, iteration.total) or self._pause_is_over():
            self._last_line = time.monotonic()
            self.console.print(Text("  " + "  ".join(iteration.facts())))

    def print(self, *renderables: RenderableType) -> None:
        """Print something that stays."""
        for renderable in renderables:
            self.console.print(renderable)

    def _end_phase(self) -> None:
        if self._phase and self.interactive:
            done = Text.assemble(("✓ ", "green"), self._phase, (f"  {format_seconds(self.elapsed)}", "dim"))
            self.console.print(done)
        self._phase = ""

    def _pause_is_over(self) -> bool:
        if time.monotonic() - self._last_line < _PLAIN_PAUSE:
            return False
        self._last_line = time.monotonic()
        return True

    @property
    def elapsed(self) -> float:
        """Seconds since the phase began."""
        return time.monotonic() - self._started

    def render(self) -> Iterable[RenderableType]:
        """The lines of the live display."""
        if not self._phase:
            return
        line = Table.grid(padding=(0, 1))
        for _ in range(5):
            line.add_column(no_wrap=True, overflow="ellipsis")
        if self._iteration is None:
            line.add_row(self._spinner, self._phase, Text(format_seconds(self.elapsed), style="dim"))
            yield line
            if self._detail:
                yield Text(f"  {self._detail}", style="dim", no_wrap=True, overflow="ellipsis")
            return
        count, *facts, left = self._iteration.facts()
        bar = ProgressBar(total=self._iteration.total, completed=self._iteration.index, width=30)
        line.add_row(self._spinner, self._phase, bar, count, left)
        yield line
        yield Text("  " + "  ".join([*facts, self._detail]), no_wrap=True, overflow="ellipsis")


class _Renderable:
    """Lets rich ask the display for its present lines at each refresh."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Group(*self._display.render())


def format_seconds(seconds: float) -> str:
    """``83.4`` as ``1:23``, ``7.26`` as ``7.3 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_count(value: float) -> str:
    """``41234`` as ``41.2 k``."""
    for factor, unit in ((1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value:.0f}"
