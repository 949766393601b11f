"""Times ``stripec check``: as a process, with a cold cache, and stage by stage on a long file.

    python benchmarks/check_speed.py
    python benchmarks/check_speed.py --runs 25 --write

Every process is started with caches of its own and runs once before it is counted; medians are shown. CPU time (user
and system) says more than the time on the clock where a machine is shared. ``--write`` puts the tables into
``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.page import DOCUMENT, cpu_name, replaced
from benchmarks.synthetic import document

ROOT = Path(__file__).parents[1]
EXAMPLE = "examples/cartpole.stripe"
PACKAGES = ("pydantic", "lark", "typer")

MAIN = "from stripe_dsl.cli.main import main; main()"

# CPU seconds of this process after each stage of `stripec check`, as JSON
STAGES = """
import gc, json, sys
from time import process_time
gc.disable()
marks = [process_time()]
import pydantic
pydantic.BaseModel, pydantic.ConfigDict, pydantic.Field, pydantic.PrivateAttr
marks.append(process_time())
import stripe_dsl.cli.main, stripe_dsl.cli.report, stripe_dsl.pipeline, stripe_dsl.spec.read, stripe_dsl.syntax.parser
marks.append(process_time())
from pathlib import Path
assert not stripe_dsl.pipeline.check_file(Path(sys.argv[1])).failed
marks.append(process_time())
print(json.dumps(marks))
"""

type Times = tuple[float, float]
"""Seconds on the clock and of CPU."""


def process(*arguments: str, env: dict[str, str]) -> Times:
    """Runs Python with these arguments; the seconds it took."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{arguments} ended with {child.returncode}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def median(runs: int, run: Callable[[], Times]) -> Times:
    """Medians of several runs."""
    clock, cpu = zip(*(run() for _ in range(runs)), strict=True)
    return statistics.median(clock), statistics.median(cpu)


@contextmanager
def caches(*, bytecode: bool = True) -> Iterator[dict[str, str]]:
    """An environment with an empty cache of tables and robots; without ``bytecode`` also one where none is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"STRIPEC_CACHE": f"{folder}/stripec", "PYTHONPATH": str(ROOT)}
        if not bytecode:
            env["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
        yield env


def processes(lines: int, runs: int) -> list[tuple[str, Times]]:
    """Whole processes."""
    check, few = ("-c", MAIN, "check"), max(3, runs // 3)
    rows: list[tuple[str, Times]] = []
    with caches() as env, tempfile.TemporaryDirectory() as folder:
        long = Path(folder, "synthetic.stripe")
        long.write_text(document(lines), encoding="utf-8")
        for name, count, arguments in (
            (f"`stripec check {EXAMPLE}`", runs, [EXAMPLE]),
            ("the same with an option, which Typer reads", runs, [EXAMPLE, "--format", "text"]),
            (f"`stripec check` on {lines} lines", few, [str(long)]),
        ):
            process(*check, *arguments, env=env)
            rows.append((name, median(count, lambda arguments=arguments: process(*check, *arguments, env=env))))

    def cold() -> Times:
        with caches() as env:
            return process(*check, EXAMPLE, env=env)

    rows.append(("cartpole with nothing in the cache: neither grammar tables nor robots", median(few, cold)))
    with caches(bytecode=False) as env:
        first = process(*check, EXAMPLE, env=env)
    rows.append(("the same, and all bytecode is compiled: the first run after installing", first))
    return rows


def stages(runs: int) -> list[tuple[str, float]]:
    """CPU seconds of the parts of one process that checks the example."""
    names = ("Python starts", "importing pydantic", "importing the compiler", "parsing and checking")
    command = [sys.executable, "-c", STAGES, EXAMPLE]
    parts: list[list[float]] = []
    with caches() as env:
        for count in range(runs + 1):
            done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
            marks = [0.0, *json.loads(done.stdout)]
            if count:
                parts.append([after - before for before, after in pairwise(marks)])
    return [(name, statistics.median(column)) for name, column in zip(names, zip(*parts, strict=True), strict=True)]


def long_file(lines: int, runs: int) -> list[tuple[str, Times]]:
    """The stages of a long file, in this process."""
    from stripe_dsl.pipeline import check_source
    from stripe_dsl.source import SourceFile
    from stripe_dsl.spec.read import read_document
    from stripe_dsl.syntax.parser import parse_file

    gc.disable()  # as the command does
    source = SourceFile("synthetic.stripe", document(lines))
    statements, problems = parse_file(source)
    checked = check_source(source)
    if problems or checked.failed:
        raise SystemExit(f"the synthetic file is wrong: {[*problems, *checked.diagnostics][:3]}")

    def timed(work: Callable[[], object]) -> Callable[[], Times]:
        def run() -> Times:
            clock, cpu = time.perf_counter(), time.process_time()
            work()
            return time.perf_counter() - clock, time.process_time() - cpu

        return run

    return [
        ("text to tree", median(runs, timed(lambda: parse_file(source)))),
        ("tree to document", median(runs, timed(lambda: read_document(source, statements)))),
        (f"everything, {len(checked.programs)} tasks", median(runs, timed(lambda: check_source(source)))),
    ]


def machine() -> str:
    """Processor, system and versions."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{cpu_name()}{load}; Python {platform.python_version()}, {versions}"


def table(title: str, rows: list[tuple[str, Times]]) -> list[str]:
    """Rows of seconds on the clock and of CPU."""
    lines = [f"| {title} | clock | CPU |", "| --- | ---: | ---: |"]
    return [*lines, *(f"| {name} | {clock:.3f} s | {cpu:.3f} s |" for name, (clock, cpu) in rows), ""]


def report(lines: int, runs: int) -> str:
    """All tables as Markdown."""
    parts = stages(runs)
    out = [f"`python benchmarks/check_speed.py --lines {lines} --runs {runs}`, medians. {machine()}.", ""]
    out += table("process", processes(lines, runs))
    out += ["| where the CPU time of a warm check goes | |", "| --- | ---: |"]
    out += [f"| {name} | {seconds:.3f} s |" for name, seconds in parts]
    out.append("")
    out += table(f"{lines} lines, in a process that is running already", long_file(lines, max(3, runs // 3)))
    return "\n".join(out)


def main() -> None:
    """Measures, prints, and writes the document where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="counted runs")
    parser.add_argument("--lines", type=int, default=2000, help="length of the long file")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    args = parser.parse_args()
    found = report(args.lines, args.runs)
    print(found)
    if args.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(replaced(text, "check_speed", found), encoding="utf-8")


if __name__ == "__main__":
    main()
