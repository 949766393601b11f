"""Times `stripec train examples/cartpole.stripe` until the task is solved, in both environments.

    python benchmarks/solve.py
    python benchmarks/solve.py --runs 3 --write

"Solved" is what ``stripec train`` says: a hundred episodes in a row reached their full length. Kernels are cached:
a run before the first sees to it. ``--write`` puts the table of medians into ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.page import DOCUMENT, cpu_name, replaced

ROOT = Path(__file__).parents[1]
COMPILE = "from stripe_dsl.cli.main import main; main()"
TRAINED = re.compile(r"^trained (\d+) iterations in (?:(\d+):)?([\d.]+)", re.MULTILINE)


def train(backend: str, device: str, *options: str) -> tuple[int, float, float]:
    """Iterations, seconds of training, and seconds of the whole command.

    Raises:
        SystemExit: If the command fails, or the task was not solved.
    """
    with tempfile.TemporaryDirectory() as logs:
        words = ("train", "examples/cartpole.stripe", "--backend", backend, "--device", device, "--logs", logs)
        started = time.perf_counter()
        child = subprocess.run(
            [sys.executable, "-c", COMPILE, *words, *options],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        whole = time.perf_counter() - started
    found = TRAINED.search(child.stdout)
    if child.returncode or found is None:
        raise SystemExit(f"{child.stdout}{child.stderr}\nthe training ended with status {child.returncode}")
    if not options and "\nsolved: " not in child.stdout:
        raise SystemExit(f"{child.stdout}\nthe task was not solved")
    iterations, minutes, seconds = found.groups()
    return int(iterations), 60.0 * int(minutes or 0) + float(seconds), whole


def table(device: str, runs: dict[str, list[tuple[int, float, float]]], load: float) -> str:
    """The medians, as the page has them."""
    place = cpu_name() if device == "cpu" else device
    count = len(next(iter(runs.values())))
    made = "one run each" if count == 1 else f"medians of {count} runs"
    lines = [
        f"`stripec train examples/cartpole.stripe`, {place}, load {load:.1f}; {made}.",
        "",
        "| environment | iterations | seconds of training | seconds of the command |",
        "| --- | ---: | ---: | ---: |",
    ]
    for backend, measured in runs.items():
        iterations, trained, whole = (statistics.median(column) for column in zip(*measured, strict=True))
        lines.append(f"| {backend} | {iterations:.0f} | {trained:.0f} | {whole:.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, and show or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    runs: dict[str, list[tuple[int, float, float]]] = {"warp": [], "torch": []}
    for backend in runs:
        train(backend, args.device, "--iterations", "1")
    for _ in range(args.runs):
        for backend, measured in runs.items():
            measured.append(train(backend, args.device))
    text = table(args.device, runs, load)
    print(text)
    if args.write:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), "solve", text), encoding="utf-8")


if __name__ == "__main__":
    main()
