"""``docs/performance.md``: its parts between markers, and the name of the processor that stands in them."""

from __future__ import annotations

import os
import platform
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"


def replaced(text: str, name: str, body: str) -> str:
    """``text`` with ``body`` between the markers ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        ValueError: If the markers are not there.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the markers {begin} and {end} are missing")
    return f"{before}{begin}\n{body}{end}{after}"


def cpu_name() -> str:
    """Model of the processor and the number of CPUs that this process may use."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {count} CPUs"
