"""The terminal for the user, a log file for everything else.

Isaac Lab, Warp, Newton, USD and rsl_rl write hundreds of lines to standard output, some of them from native code. While
an :class:`OutputCapture` is open, both file descriptors lead into a log file and :attr:`OutputCapture.stream` leads to
where standard output led before.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from io import TextIOWrapper
from pathlib import Path
from typing import Self, TextIO


class OutputCapture:
    """Context manager that sends standard output and error, native writes included, into a log file.

    The log starts in the temporary folder, since the run's folder is known only once its configuration is loaded;
    :meth:`move_to` takes it there. A log that was not moved is deleted when the context ends without an exception.
    """

    stream: TextIO
    """Writes to the user's terminal, or wherever standard output led."""
    path: Path
    """The log file."""

    def __enter__(self) -> Self:
        _flush()
        log, name = tempfile.mkstemp(prefix="stripe-", suffix=".log")
        self.path = Path(name)
        self._moved = False
        self._replaced: tuple[TextIO, TextIO] | None = None
        self._saved = (os.dup(1), os.dup(2))
        self._owns_stream = _descriptor(sys.stdout) == 1
        if self._owns_stream:
            self.stream = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors="replace", buffering=1)
        else:  # standard output was replaced in Python (a notebook, a test): its object is the way to the user
            self.stream = sys.stdout
        self._lead_into(log)
        if not self._owns_stream:
            self._replaced = (sys.stdout, sys.stderr)
            # Handlers of `logging` keep these objects, so they stay open after the context.
            sys.stdout = sys.stderr = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)
        elif isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # keeps the order of Python's and native writes
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        _flush()
        if self._replaced is not None:
            sys.stdout, sys.stderr = self._replaced
        for saved, descriptor in zip(self._saved, (1, 2), strict=True):
            os.dup2(saved, descriptor)
            os.close(saved)
        self.stream.flush()
        if self._owns_stream:
            self.stream.close()
        if kind is None and not self._moved:
            self.path.unlink(missing_ok=True)

    def move_to(self, path: Path) -> None:
        """Continue the log in another file, which then holds what was written so far."""
        _flush()
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path, path)
        self._lead_into(os.open(path, os.O_WRONLY | os.O_APPEND))
        self.path.unlink(missing_ok=True)
        self.path = path
        self._moved = True

    def keep(self) -> None:
        """Keep the log where it is, for a run that failed before it had a folder."""
        self._moved = True

    def tail(self, lines: int = 30) -> str:
        """The last lines of the log."""
        _flush()
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.rstrip().splitlines()[-lines:])

    def _lead_into(self, log: int) -> None:
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)


def _descriptor(stream: object) -> int | None:
    try:
        return stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
