"""Writes the tables of ``docs/performance.md`` and ``docs/step_time.svg`` from measurements.

    python benchmarks/report.py results-1.json results-2.json
    python benchmarks/report.py

The files that ``benchmarks/run.py`` wrote are taken into ``benchmarks/results/<device>.json``, which is committed;
the page is written from all files there. A table has all of its cells or is an error, unless ``--partial`` is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.environments import ROOT, TASKS, VARIANTS
from benchmarks.page import DOCUMENT, replaced
from benchmarks.results import Results

FOLDER = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "step_time.svg"
TRAINED = VARIANTS | {
    "stripec_torch": "generated torch, `stripec train`",
    "stripec_warp": "generated Warp, `stripec train`",
}
LEAST_SHARE = 0.9
"""A step contains its physics: it may be faster by noise, and not by more."""
PHASES = ("import_s", "build_s", "first_step_s", "total_s", "kernels_s")


class Tables:
    """The tables of one machine.

    Attributes:
        missing: Cells that were not measured, or failed.
        impossible: Steps that took less than the physics they contain, measured in the same process.
    """

    def __init__(self, machine: Results) -> None:
        """Tables of what ``machine`` measured."""
        self.machine = machine
        self.missing: list[str] = []
        self.impossible: list[str] = []

    def find(self, part: str, task: str, variant: str, envs: int) -> dict[str, Any]:
        """A result; empty, and noted as missing, where there is none."""
        result = self.machine.find(part, task, variant, envs)
        if result is None:
            self.missing.append(f"{part} {task} {variant} {envs} on {self.machine.device}")
        return result or {}

    def step_time(self) -> Iterator[str]:
        """Milliseconds of a step, and how the sides compare."""
        physics = ("physics, called", "physics, replayed")
        ratios = tuple(f"generated Warp / {name}" for name in physics)
        ratios += ("generated / upstream, Warp", "generated / upstream, torch")
        yield from head(("task",), ("environments", *physics, *VARIANTS.values(), *ratios))
        for task, envs in self.rows("step"):
            found = {name: self.find("step", task, name, envs) for name in VARIANTS}
            for name, result in found.items():
                if result and result["step_ms"] < LEAST_SHARE * result["physics_ms"]:
                    times = f"{result['step_ms']} ms, physics {result['physics_ms']} ms"
                    self.impossible.append(f"{task} {name} {envs} on {self.machine.device}: {times}")
            steps = {name: result.get("step_ms") for name, result in found.items()}
            called, replayed = (self.machine.physics_ms(task, envs, how) for how in ("called", "replayed"))
            warp, torch = steps["ours_warp"], steps["ours_torch"]
            others = (called, replayed, steps["upstream_warp"])
            compared = (*(ratio(warp, other) for other in others), ratio(torch, steps["upstream_torch"]))
            yield row(task, f"{envs:,}", *map(digits, (called, replayed, *steps.values())), *compared)

    def train_time(self) -> Iterator[str]:
        """Seconds of an iteration of PPO."""
        yield from head(("task", ""), ("environments", "collection", "learning", "iteration", "whole run", "steps/s"))
        for task, envs in self.rows("train"):
            for variant, name in TRAINED.items():
                found = self.find("train", task, variant, envs)
                seconds = (found.get(key) for key in ("collection_s", "learning_s", "iteration_s", "total_s"))
                rate = found.get("steps_per_second")
                yield row(task, name, f"{envs:,}", *map(digits, seconds), "-" if rate is None else f"{rate:,}")

    def compiled(self) -> Iterator[str]:
        """Seconds of an iteration of PPO with torch.compile, and how they compare to those without."""
        numbers = ("environments", "collection", "learning", "iteration", "without", "factor", "whole run")
        yield from head(("task", ""), numbers)
        for task, envs in self.rows("compiled"):
            for variant, name in VARIANTS.items():
                found, plain = (self.find(part, task, variant, envs) for part in ("compiled", "train"))
                seconds = [found.get(key) for key in ("collection_s", "learning_s", "iteration_s")]
                before = plain.get("iteration_s")
                cells = map(digits, (*seconds, before))
                yield row(task, name, f"{envs:,}", *cells, ratio(seconds[2], before), digits(found.get("total_s")))

    def startup_time(self) -> Iterator[str]:
        """Seconds until the first step is done, and how many of them go into kernels."""
        phases = ("import", "build", "reset and first step", "together", "kernels in it")
        yield from head(("task", "", "kernel cache"), phases)
        for task, envs in self.rows("startup"):
            for variant, name in (VARIANTS | {"compile": "`stripec compile`"}).items():
                found = self.find("startup", task, variant, envs)
                for cache, text in (("cold", "empty"), ("warm", "filled")):
                    times = found.get(cache, {})
                    yield row(task, name, text, *(digits(times.get(phase)) for phase in PHASES))

    def memory(self) -> Iterator[str]:
        """Megabytes of the largest size, and kilobytes that an environment more takes."""
        yield from head(("task", ""), ("environments", "MB", "kB an environment"))
        for task in TASKS:
            sizes = self.machine.sizes("memory", task)[-2:]
            for variant, name in VARIANTS.items() if len(sizes) == 2 else ():
                small, large = (self.find("memory", task, variant, size).get("memory_bytes") for size in sizes)
                each = None if None in (small, large) else (large - small) / (sizes[1] - sizes[0]) / 1e3  # type: ignore[operator]
                megabytes = None if large is None else large / 1e6
                yield row(task, name, f"{sizes[0]:,} to {sizes[1]:,}", digits(megabytes), digits(each))

    def rows(self, part: str) -> Iterator[tuple[str, int]]:
        """Tasks and sizes that a part was measured with."""
        return ((task, envs) for task in TASKS for envs in self.machine.sizes(part, task))

    def section(self, part: str, table: Iterable[str]) -> str:
        """A table with how it was measured above it; empty where nothing was."""
        records = [record for name, record in self.machine.records.items() if name[0] == part]
        if not records:
            return ""
        commands = sorted({record["command"] for record in records})
        # measurements that were made side by side have no load of their own
        loads = sorted(record["load"] for record in records if "load" in record)
        versions = ", ".join(f"{name} {version}" for name, version in self.machine.versions.items())
        lines = [f"{self.machine.title}; {versions}."]
        lines += [f"Load {loads[0]:.1f} to {loads[-1]:.1f}."] if loads else []
        lines += [f"`{command}`" for command in commands]
        return "\n".join([*lines, *self.notes(part, records), "", *table, ""])

    def notes(self, part: str, records: list[dict[str, Any]]) -> Iterator[str]:
        """What says how far the numbers can be compared."""
        results = [record["result"] for record in records if "result" in record]
        if part == "step" and results:
            yield "Environments that end an episode in a step:"
            for task in TASKS:
                share = [r["result"]["resets_per_step"] for r in records if r["task"] == task and "result" in r]
                if share:
                    yield f"{task} {min(share):.2%} to {max(share):.2%}."
        if part in ("train", "compiled") and results:
            facts = {(r["steps_per_env"], r["iterations"], r["left_out"]) for r in results}
            for steps, iterations, left_out in sorted(facts):
                yield f"{steps} steps an iteration, {iterations} iterations, means without the first {left_out}."


def head(text: Sequence[str], numbers: Sequence[str]) -> list[str]:
    """The head of a table: columns of text, then columns of numbers."""
    return [row(*text, *numbers), row(*("---" for _ in text), *("---:" for _ in numbers))]


def row(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def digits(value: float | None) -> str:
    """A number with three digits that count."""
    if value is None:
        return "-"
    return f"{value:#.3g}".rstrip(".") if value < 1000 else f"{value:,.0f}"


def ratio(value: float | None, other: float | None) -> str:
    """One number in terms of another."""
    return "-" if value is None or not other else f"{value / other:.2f}"


def page(text: str, machines: Sequence[Results], *, partial: bool = False) -> str:
    """``text`` with the tables of all machines between its markers.

    Args:
        text: The page.
        machines: Measurements; GPUs are shown first.
        partial: Whether cells may be missing; they are shown as ``-``.

    Raises:
        ValueError: If cells are missing, or the markers, or a step took less than the physics in it.
    """
    tables = [Tables(machine) for machine in ordered(machines)]
    bodies = {
        "step_time": [one.section("step", one.step_time()) for one in tables],
        "train_time": [one.section("train", one.train_time()) for one in tables],
        "compiled": [one.section("compiled", one.compiled()) for one in tables],
        "startup_time": [one.section("startup", one.startup_time()) for one in tables],
        "memory": [one.section("memory", one.memory()) for one in tables],
    }
    missing = [cell for one in tables for cell in one.missing]
    if missing and not partial:
        raise ValueError(f"not measured: {', '.join(missing)}")
    impossible = [cell for one in tables for cell in one.impossible]
    if impossible:
        raise ValueError(f"measured wrongly, a step contains its physics: {'; '.join(impossible)}")
    for name, sections in bodies.items():
        text = replaced(text, name, "\n".join(filter(None, sections)) or "Not measured yet.\n")
    return text


def ordered(machines: Iterable[Results]) -> list[Results]:
    """GPUs first."""
    return sorted(machines, key=lambda machine: (machine.device in machine.hosts, machine.device))


def committed() -> dict[Path, Results]:
    """The measurements that the page is written from, by file."""
    return {path: Results.load(path) for path in sorted(FOLDER.glob("*.json"))}


def main() -> None:
    """Take files in and write the page; nothing is written if the page would not be whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="files that run.py wrote; later ones win")
    parser.add_argument("--partial", action="store_true", help="show what was not measured as -")
    args = parser.parse_args()
    from benchmarks.plot import step_times

    kept = committed()
    try:
        for path in args.files:
            new = Results.load(path)
            results = kept.setdefault(FOLDER / f"{new.slug}.json", Results())
            results.add(new)
            failed = [" ".join(map(str, name)) for name in new.records if results.find(*name) is None]
            if failed and not args.partial:
                raise ValueError(f"failed in {path}: {', '.join(failed)}")
        text = page(DOCUMENT.read_text(encoding="utf-8"), list(kept.values()), partial=args.partial)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    picture = step_times(ordered(kept.values()))
    for path, results in kept.items():
        results.save(path)
    DOCUMENT.write_text(text, encoding="utf-8")
    PICTURE.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
