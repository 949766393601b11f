"""The benchmarks' bookkeeping: what is measured first, what the tables say, and that the page is that of the files."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environments import TASKS, VARIANTS
from benchmarks.page import DOCUMENT
from benchmarks.plot import step_times
from benchmarks.profile_step import busy
from benchmarks.report import PICTURE, committed, ordered, page
from benchmarks.results import Results
from benchmarks.run import DEFAULTS, PARTS, RUNNERS, Bench, OutOfTime, plan
from benchmarks.scene_sim import RESULTS as SCENE_RESULTS
from benchmarks.scene_sim import table as scene_table

MARKERS = "\n".join(
    f"<!-- {name} -->\nold\n<!-- /{name} -->"
    for name in ("step_time", "train_time", "compiled", "startup_time", "memory")
)
# made numbers, different on every side
STEP_MS = {"ours_torch": 2.5, "ours_warp": 0.75, "upstream_torch": 2.0, "upstream_warp": 0.6}


def record(part: str, task: str, variant: str, envs: int, **result: Any) -> dict[str, Any]:
    command = f"python benchmarks/run.py --device cuda:0 --parts {part}"
    names = {"part": part, "task": task, "variant": variant, "envs": envs}
    return names | {"command": command, "load": 0.25, "seconds": 1.0, "result": result}


def records() -> Iterator[dict[str, Any]]:
    """All measurements of the ant, with 64 environments and with 128."""
    for variant, step_ms in STEP_MS.items():
        how, physics_ms = ("replayed", 0.4) if variant == "ours_warp" else ("called", 0.5)
        physics = {"physics_ms": physics_ms, "physics_how": how}
        yield record("step", "ant", variant, 64, step_ms=step_ms, resets_per_step=0.01, **physics)
        for envs, megabytes in ((64, 10), (128, 12)):
            yield record("memory", "ant", variant, envs, memory_bytes=megabytes * 1_000_000)
        phases = {"import_s": 1.0, "build_s": 2.0, "first_step_s": 3.0, "total_s": 6.0, "kernels_s": 0.25}
        yield record("startup", "ant", variant, 64, cold=phases | {"first_step_s": 30.0, "total_s": 33.0}, warm=phases)
    yield record("startup", "ant", "compile", 64, cold={"total_s": 1.5}, warm={"total_s": 0.5})
    for variant in RUNNERS:
        times = {"collection_s": 0.1, "learning_s": 0.05, "iteration_s": 0.16, "total_s": 6.5}
        facts = {"iterations": 40, "left_out": 5, "steps_per_env": 32, "steps_per_second": 819200}
        yield record("train", "ant", variant, 4096, **times, **facts)
        if variant in VARIANTS:
            yield record("compiled", "ant", variant, 4096, **times | {"iteration_s": 0.12}, **facts)


@pytest.fixture
def measured(tmp_path: Path) -> Results:
    head = {"device": "A GPU", "hosts": ["A processor, 2 CPUs"], "versions": {"torch": "1.0"}}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(head | {"records": list(records())}))
    return Results.load(path)


def between(text: str, name: str) -> list[str]:
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].splitlines()


def test_the_tables_hold_the_numbers(measured: Results) -> None:
    text = page(MARKERS, [measured])
    assert "old" not in text
    step = between(text, "step_time")
    assert step[0] == "A GPU beside A processor, 2 CPUs; torch 1.0."
    assert "`python benchmarks/run.py --device cuda:0 --parts step`" in step
    assert step[-1] == "| ant | 64 | 0.500 | 0.400 | 2.50 | 0.750 | 2.00 | 0.600 | 1.50 | 1.88 | 1.25 | 1.25 |"
    assert step[-3].count("|") == step[-2].count("|") == step[-1].count("|")
    train = between(text, "train_time")
    assert "| ant | upstream Warp | 4,096 | 0.100 | 0.0500 | 0.160 | 6.50 | 819,200 |" in train
    assert "32 steps an iteration, 40 iterations, means without the first 5." in train
    assert "| ant | upstream Warp | 4,096 | 0.100 | 0.0500 | 0.120 | 0.160 | 0.75 | 6.50 |" in between(text, "compiled")
    startup = between(text, "startup_time")
    assert "| ant | generated Warp | empty | 1.00 | 2.00 | 30.0 | 33.0 | 0.250 |" in startup
    assert "| ant | `stripec compile` | filled | - | - | - | 0.500 | - |" in startup
    # 2 MB more for 64 environments more
    assert "| ant | generated torch | 64 to 128 | 12.0 | 31.2 |" in between(text, "memory")


def test_a_missing_cell_is_an_error_unless_it_may_be_missing(measured: Results) -> None:
    del measured.records["step", "ant", "ours_warp", 64]
    with pytest.raises(ValueError, match="step ant ours_warp 64 on A GPU"):
        page(MARKERS, [measured])
    assert between(page(MARKERS, [measured], partial=True), "step_time")[-1] == (
        "| ant | 64 | 0.500 | - | 2.50 | - | 2.00 | 0.600 | - | - | - | 1.25 |"
    )


def test_a_step_that_is_faster_than_its_own_physics_was_measured_wrongly(measured: Results) -> None:
    result = measured.find("step", "ant", "ours_warp", 64)
    assert result is not None
    result["physics_ms"] = 3 * result["step_ms"]
    with pytest.raises(ValueError, match=r"ant ours_warp 64 on A GPU: 0\.75 ms, physics 2\.25 ms"):
        page(MARKERS, [measured], partial=True)


def test_a_failed_measurement_replaces_no_good_one(measured: Results) -> None:
    failed = record("step", "ant", "ours_warp", 64)
    del failed["result"]
    other = Results(measured.device, ["Another host"], measured.versions, {("step", "ant", "ours_warp", 64): failed})
    measured.add(other)
    assert measured.find("step", "ant", "ours_warp", 64)
    assert measured.hosts == ["A processor, 2 CPUs", "Another host"]


def test_versions_are_not_mixed(measured: Results) -> None:
    with pytest.raises(ValueError, match="two machines or versions"):
        measured.add(Results(measured.device, measured.hosts, {"torch": "2.0"}))


def test_results_come_back_from_their_file(measured: Results, tmp_path: Path) -> None:
    path = tmp_path / "again.json"
    measured.save(path)
    assert Results.load(path) == measured


def test_the_most_important_comes_first() -> None:
    usual = DEFAULTS["cuda"]
    args = argparse.Namespace(
        parts=PARTS, tasks=list(TASKS), variants=list(VARIANTS), sizes=usual.sizes, train_envs=usual.train_envs
    )
    items = plan(args, usual)
    sides = len(VARIANTS)
    first, then = items[: len(TASKS) * sides], items[len(TASKS) * sides :]
    assert {(part, envs) for part, _, _, envs in first} == {("step", 4096)}
    assert [item[:2] for item in then[: len(RUNNERS)]] == [("train", "ant")] * len(RUNNERS)
    assert len(items) == len(set(items))
    assert {(part, envs) for part, _, _, envs in items if part == "step"} == {("step", size) for size in usual.sizes}
    # without the generated Warp environment nothing that needs it is measured
    args.variants = ["ours_torch", "upstream_torch"]
    assert not [variant for _, _, variant, _ in plan(args, usual) if "warp" in variant]


def test_a_measurement_that_the_budget_cuts_off_is_neither_made_nor_failed(tmp_path: Path) -> None:
    args = argparse.Namespace(out=tmp_path / "results.json", timeout=60.0)
    bench = Bench(args, tmp_path, time.monotonic() + 0.2)
    for _ in ("ended in it", "not begun after it"):
        with pytest.raises(OutOfTime):
            bench.process([sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ))
    assert not bench.failed
    args.timeout = 0.2
    with pytest.raises(RuntimeError, match="the time limit of 0 s"):
        Bench(args, tmp_path, float("inf")).process([sys.executable, "-c", "import time; time.sleep(60)"], {})


def test_overlapping_kernels_count_once() -> None:
    assert busy([("c", 20.0, 21.0), ("a", 0.0, 10.0), ("b", 5.0, 12.0), ("d", 6.0, 7.0)]) == 13.0


def test_the_page_is_that_of_the_committed_measurements() -> None:
    machines = list(committed().values())
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == page(text, machines), "bring it up to date: python benchmarks/report.py"
    assert PICTURE.read_text(encoding="utf-8") == step_times(ordered(machines))
    assert PICTURE.stat().st_size < 100_000


def test_scenes_go_by_the_bare_ground_of_their_size() -> None:
    times = {"build_s": 9.0, "build_cpu_s": 4.0, "step_ms": 80.0, "step_cpu_ms": 50.0}
    rows = [
        {"kind": "bare", "ground": 1000, "trees": 0, "load": 0.5} | times,
        {"kind": "baked", "ground": 1000, "trees": 1000, "load": 1.5} | times | {"build_cpu_s": 6.0},
        {"kind": "each", "ground": 1000, "trees": 300, "load": 1.0} | times | {"step_cpu_ms": 150.0},
        {"kind": "bare", "ground": 10_000, "trees": 0, "load": 1.0} | times | {"build_cpu_s": 8.0},
        {"kind": "baked", "ground": 10_000, "trees": 10_000, "load": 1.0, "error": "not done in 5 s"},
    ]
    lines = scene_table({"cpu": "A processor", "envs": 16, "steps": 50, "rows": rows}).splitlines()
    assert "load 0.5 to 1.5; 16 environments" in lines[0]
    assert lines[-4] == "| trees baked | 100 m | 1,000 | 9.0 | 6.0 | 1.50 | 80.0 | 50.0 | 1.00 |"
    assert lines[-3] == "| a configuration for each tree | 100 m | 300 | 9.0 | 4.0 | 1.00 | 80.0 | 150.0 | 3.00 |"
    assert lines[-2] == "| bare ground | 316 m | 0 | 9.0 | 8.0 | 1.00 | 80.0 | 50.0 | 1.00 |"
    assert lines[-1] == "| trees baked | 316 m | 10,000 | not done in 5 s | | | | | |"


def test_the_page_has_the_measured_scenes() -> None:
    text = scene_table(json.loads(SCENE_RESULTS.read_text(encoding="utf-8")))
    assert between(DOCUMENT.read_text(encoding="utf-8"), "scene_sim") == text.splitlines()
