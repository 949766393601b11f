"""The display, the capture of output, and the kernel report, without a simulator."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stripe_dsl.runtime.console import OutputCapture
from stripe_dsl.runtime.kernels import KernelReport, short_module_name
from stripe_dsl.runtime.progress import Display, Iteration, format_count, format_seconds


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def iteration(index: int, total: int = 100, reward: float | None = 1.5) -> Iteration:
    length = None if reward is None else 120.0
    return Iteration(index, total, reward, length, 300, 41234.0, 83.4)


def test_plain_lines_are_few_and_complete() -> None:
    stream = io.StringIO()
    with Display(stream) as display:
        display.phase("importing Isaac Lab")
        display.phase("training")
        for index in range(1, 101):
            display.iteration(iteration(index))
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["importing Isaac Lab ...", "training ..."]
    assert lines[2] == "  1/100  reward 1.50  length 120/300  41.2 k steps/s  1:23 left"
    assert len(lines) == 2 + 1 + 20
    assert lines[-1].startswith("  100/100 ")
    assert "\x1b" not in stream.getvalue()


def test_before_the_first_episode_ends_there_is_no_reward() -> None:
    assert iteration(1, reward=None).facts() == ["1/100", "41.2 k steps/s", "1:23 left"]


def test_a_terminal_gets_a_live_line_and_the_finished_phases(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with Display(stream) as display:
        display.phase("building the scene")
        display.detail("compiling kernels 23 (mujoco_warp smooth)")
        assert display._live is not None
        display._live.refresh()
        display.phase("training")
        display.iteration(iteration(5))
        display._live.refresh()
    text = stream.getvalue()
    assert "compiling kernels 23 (mujoco_warp smooth)" in text
    assert "5/100" in text
    assert "✓" in text
    assert "building the scene" in text


def test_formats() -> None:
    assert [format_seconds(value) for value in (0.04, 9.94, 59.6, 83.4, 3723)] == [
        "0.0 s",
        "9.9 s",
        "1:00",
        "1:23",
        "1:02:03",
    ]
    assert [format_count(value) for value in (12, 1500, 2.5e6)] == ["12", "1.5 k", "2.5 M"]


def test_kernels_are_counted_from_warps_log() -> None:
    said: list[str] = []
    report = KernelReport(said.append)
    report.message("Module newton._src.sim.articulation 6f6ae1b load on device 'cpu' took 3.21 ms  (cached)")
    report.message("Module mujoco_warp._src.smooth 70e0b1b load on device 'cuda:0' took 4321.00 ms  (compiled)")
    report.message("Kernel cache: /somewhere")
    assert said == ["loading kernels 1 (newton sim.articulation)", "compiling kernels 1 (mujoco_warp smooth)"]
    assert (report.compiled, report.cached) == (1, 1)
    assert short_module_name("_update_dense__locals__kernel_ca44b88f") == "update_dense kernel"


KERNEL = """
import warp as wp
from stripe_dsl.runtime.kernels import kernel_report

@wp.kernel
def fill(a: wp.array(dtype=float)):
    a[wp.tid()] = 1.0

with kernel_report(lambda text: print("report:", text)):
    a = wp.zeros(3, dtype=float, device="cpu")
    wp.launch(fill, dim=3, inputs=[a], device="cpu")
print("quiet again:", wp.config.log_level >= wp.LOG_WARNING)
"""


@pytest.mark.sim
def test_warp_tells_what_it_compiles(tmp_path: Path) -> None:
    """Isaac Lab makes Warp quiet; the report must hear of the module all the same."""
    (tmp_path / "fresh_kernel.py").write_text(KERNEL)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "WARP_CACHE_PATH": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "fresh_kernel.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert "report: compiling kernels 1 (main)" in done.stdout
    assert "quiet again: True" in done.stdout


PREPARED = """
from stripe_dsl.runtime.launch import prepare_process
prepare_process()
import mujoco_warp, warp as wp
print(wp.get_module("mujoco_warp._src.smooth").options["enable_backward"])
"""


@pytest.mark.sim
def test_kernels_are_compiled_without_adjoints() -> None:
    done = subprocess.run([sys.executable, "-c", PREPARED], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"


CAPTURE = """
import os, subprocess, sys
from pathlib import Path
import pytest

from stripe_dsl.runtime.console import OutputCapture
with OutputCapture() as output:
    print("python one")
    os.write(1, b"native one\\n")
    first = output.path
    output.move_to(Path("run/console.log"))
    print("python two", file=sys.stderr)
    subprocess.run([sys.executable, "-c", "print('child')"], check=True)
    print("for the user", file=output.stream)
    print("tail:", output.tail(2).splitlines(), file=output.stream)
print("after", first.exists())
"""


def test_output_goes_to_the_log_and_the_stream_to_the_user(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", CAPTURE], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["for the user", "tail: ['python two', 'child']", "after False"]
    assert done.stderr == ""
    log = (tmp_path / "run" / "console.log").read_text().splitlines()
    assert log == ["python one", "native one", "python two", "child"]


def test_a_replaced_standard_output_is_the_way_to_the_user(capsys) -> None:  # type: ignore[no-untyped-def]
    before = (sys.stdout, sys.stderr)
    with OutputCapture() as output:
        print("hidden")
        print("seen", file=output.stream)
        assert output.tail() == "hidden"
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr().out == "seen\n"
    assert not output.path.exists()
