"""Times how scenes are made: placing 10,000 and 100,000 things, baking them too, and forests that grow.

    python benchmarks/scenes.py
    python benchmarks/scenes.py --runs 5 --write

Every run is a process of its own; medians are shown, with the most memory that a process had beyond one that only
imports. CPU time says more than the time on the clock where a machine is shared. ``--write`` keeps the numbers in
``benchmarks/results/scenes`` and puts the table into ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.page import DOCUMENT, cpu_name, replaced
from stripe_dsl.ir import scene as ir
from stripe_dsl.pipeline import check_file
from stripe_dsl.scene.bake import write_scene
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.made import Made, make
from stripe_dsl.scene.table import table_bytes
from tests.scene.forest import (
    avoid,
    ball,
    below,
    conifer,
    described,
    flat,
    layer,
    pine_forest,
    placed,
    rolling,
    species,
)

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "scenes" / "cpu.json"


def rocks(count: int, *, bake: bool = False, **more: Any) -> Callable[[], Layout]:
    """``count`` rocks with the spacing of half of what would jam, beside a tenth as many trees that they avoid.

    Args:
        bake: write the stage, the table and the heights as well, to a folder that is removed.
    """
    edge = float(np.ceil(np.sqrt(count * 1.5**2 / 0.35)))

    def place() -> Layout:
        trees = species("trees", conifer(), count=(count // 10,) * 2, spacing=1.8)
        kinds = [ball("rock", 0.4), ball("stump", 0.3), ball("log", 0.5)]
        keep = (avoid("trees", 0.1), below("slope", 0.8))
        stones = species("rocks", *kinds, count=(count, count), spacing=1.5, rule=keep)
        what = described(layer("trees", trees), layer("rocks", stones, **more), size=(edge, edge))
        layout = placed(what, rolling((edge, edge), cell=1.0))
        if bake:
            with tempfile.TemporaryDirectory() as folder:
                write_scene(what, [Made(layout, {})], Path(folder))
        return layout

    return place


FIELD = """scene field {
  size 254 m x 254 m
  terrain ground { fractal height 4 m, feature 20 m }
  trees pines { species pine { assets conifer { height 8 m; radius 1 m }; count 1000; spacing 1.8 m } }
  scatter rocks {
    assets rock { radius 40 cm; variety 4 }
    count 10000; spacing 1.5 m; avoid pines by 10 cm; pose yaw any, scale 0.8..1.2, sink 20 %
  }
}
"""
"""A scene as a user writes it, on the usual grid of 25 cm."""


def whole(source: str | Path) -> Callable[[], Layout]:
    """A scene of a file or a text, from the ground to the files of the bake; reading the text is not in it."""

    def place() -> Layout:
        with tempfile.TemporaryDirectory() as folder:
            file = source if isinstance(source, Path) else Path(folder) / "scene.stripe"
            if isinstance(source, str):
                file.write_text(source, encoding="utf-8")
            (what,) = check_file(file).scenes
            begin = time.perf_counter(), time.process_time()
            made, _ = make(what, 0)
            assert made is not None
            write_scene(what, [made], Path(folder))
            TIMES[:] = time.perf_counter() - begin[0], time.process_time() - begin[1]
        return made.layout

    return place


TIMES: list[float] = []
"""Seconds of the clock and of the CPU of what :func:`whole` made."""

CASES: dict[str, tuple[str, Callable[[], Layout]]] = {
    "rocks_10000": ("10,000 rocks among 1,000 trees", rocks(10_000)),
    "rocks_100000": ("100,000 rocks among 10,000 trees", rocks(100_000)),
    "bake_10000": ("11,000 things, placed and baked", rocks(10_000, bake=True)),
    "bake_30000": ("33,000 things, placed and baked", rocks(30_000, bake=True)),
    "bake_100000": ("110,000 things, placed and baked", rocks(100_000, bake=True)),
    "groups_10000": (
        "10,000 rocks in groups of 3 to 6",
        rocks(10_000, cluster=ir.Cluster(count=(3, 6), radius=4.0)),
    ),
    "forest_scatter": ("the pine forest, 50 m x 50 m, not grown", lambda: placed(pine_forest(0), flat((50.0, 50.0)))),
    "forest": ("the same, grown for 70 years", lambda: placed(pine_forest(70), flat((50.0, 50.0)))),
    "forest_hectare": (
        "the same on 100 m x 100 m",
        lambda: placed(pine_forest(70, (100.0, 100.0)), flat((100.0, 100.0))),
    ),
    "field": (
        "10,000 rocks and 1,000 trees, with a ground of 1.0 million points",
        whole(FIELD),
    ),
    "example": ("`examples/scenes/pine_forest.stripe`, all of it", whole(ROOT / "examples/scenes/pine_forest.stripe")),
}


def work(name: str) -> dict[str, float]:
    """One measurement, in this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock, cpu = time.perf_counter(), time.process_time()
    layout = CASES[name][1]()
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    clock, cpu = TIMES or (clock, cpu)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    short = [problem.message for problem in layout.problems]
    if short:
        raise SystemExit(f"{name}: {short}")
    count = sum(len(found) for found in layout.layers.values())
    return {"clock_s": clock, "cpu_s": cpu, "memory_mb": more / 1024, "count": count, "table": len(table_bytes(layout))}


def measured(name: str, runs: int) -> dict[str, float]:
    """Medians over processes."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--worker", name]
    found = [
        json.loads(subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(runs)
    ]
    return {key: statistics.median(one[key] for one in found) for key in found[0]}


def table(results: dict[str, Any]) -> str:
    """The table of the page."""
    lines = [
        f"{results['cpu']}, Python {results['python']}; medians of {results['runs']} processes,",
        f"on a machine with a load of {results['load']}.",
        "",
        "| | things | seconds | CPU seconds | memory | table |",
        "|---|---|---|---|---|---|",
    ]
    for name, (title, _) in CASES.items():
        row = results["cases"][name]
        lines.append(
            f"| {title} | {row['count']:,.0f} | {row['clock_s']:.2f} | {row['cpu_s']:.2f} "
            f"| {row['memory_mb']:.0f} MB | {row['table'] / 1e6:.2f} MB |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--worker", choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        print(json.dumps(work(args.worker)))
        return
    results: dict[str, Any] = {
        "cpu": cpu_name(),
        "python": platform.python_version(),
        "runs": args.runs,
        "load": round(os.getloadavg()[0], 1),
        "cases": {name: measured(name, args.runs) for name in CASES},
    }
    text = table(results)
    print(text)
    if args.write:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), "scenes", text), encoding="utf-8")


if __name__ == "__main__":
    main()
