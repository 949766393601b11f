"""Measures stepping, training, start-up and memory of generated environments beside Isaac Lab's own.

    python benchmarks/run.py --device cuda:0 --out results.json
    python benchmarks/run.py --device cpu --out results.json --parts step train --tasks ant --sizes 64 512
    python benchmarks/run.py --device cuda:0 --out results.json --tasks quadruped --parts step,memory \\
        --sizes 64 256 1024 4096 16384 --budget 500 --resume
    python benchmarks/report.py results.json

Every measurement runs in a process of its own (``worker.py`` says how it measures) and is written to the file when it
is done. The most important come first: ``--budget`` seconds after the start it ends, and ``--resume`` goes on with
those that are missing in the file. Without it, a measurement replaces the one in the file. Ends with status 1 if a
measurement failed. The file can be taken to another machine, where ``report.py`` writes the page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.environments import ROOT, TASKS, VARIANTS
from benchmarks.results import Key, Results, key
from tests.sim.upstream import make_assets

PARTS = ("step", "train", "compiled", "startup", "memory")
RUNNERS = dict.fromkeys(VARIANTS, "rsl_rl") | {"stripec_torch": "stripec", "stripec_warp": "stripec"}
"""Variants of the training: all sides with rsl_rl's own runner, and ours also with that of ``stripec train``."""
EFFORT = {
    "step": ("seconds", "repeats", "warm_up"),
    "train": ("train_envs", "iterations", "left_out", "steps_per_env"),
    "compiled": ("train_envs", "iterations", "left_out", "steps_per_env"),
    "startup": (),
    "memory": ("warm_up",),
}
"""Options that change what a part measures."""
COMPILE = "from stripe_dsl.cli.main import main; main()"


class OutOfTime(Exception):
    """The budget was used up within a measurement, which is made again with ``--resume``."""


@dataclass(frozen=True)
class Defaults:
    """How much is measured on a kind of device."""

    sizes: tuple[int, ...]
    reference: int
    seconds: float
    repeats: int
    warm_up: int
    train_envs: int
    iterations: int
    left_out: int
    steps_per_env: int = 32


DEFAULTS = {
    "cuda": Defaults((64, 256, 1024, 4096, 16384), 4096, 8.0, 7, 200, 4096, 40, 5),
    "cpu": Defaults((64, 512, 2048), 512, 15.0, 5, 60, 256, 8, 2),
}


def plan(args: argparse.Namespace, usual: Defaults) -> list[Key]:
    """All measurements that are asked for, the most important first."""
    sides = args.variants
    reference = usual.reference if usual.reference in args.sizes else max(args.sizes)
    others = sorted((size for size in args.sizes if size != reference), key=lambda size: (size > reference, -size))
    trained = [variant for variant in RUNNERS if variant.replace("stripec", "ours") in sides]
    walkers_first = sorted(args.tasks, key=lambda task: task != "ant")

    def steps(sizes: list[int]) -> list[Key]:
        return [("step", task, side, size) for size in sizes for task in args.tasks for side in sides]

    def training(tasks: list[str]) -> list[Key]:
        return [("train", task, variant, args.train_envs) for task in tasks for variant in trained]

    found = [
        *steps([reference]),
        *training(walkers_first[:1]),
        *steps(others),
        *training(walkers_first[1:]),
        *(("compiled", task, side, args.train_envs) for task in args.tasks for side in sides),
        *(("memory", task, side, size) for size in sorted(args.sizes)[-2:] for task in args.tasks for side in sides),
        *(("startup", task, side, reference) for task in args.tasks for side in (*sides, "compile")),
    ]
    return [item for item in found if item[0] in args.parts]


def command(args: argparse.Namespace, part: str) -> str:
    """What has to be typed for the same numbers."""
    changed = [name for name in EFFORT[part] if getattr(args, name) != getattr(args.usual, name)]
    options = "".join(f" --{name.replace('_', '-')} {getattr(args, name):g}" for name in changed)
    return f"python benchmarks/run.py --device {args.device} --parts {part}{options}"


class Bench:
    """Runs measurements and keeps what they found."""

    def __init__(self, args: argparse.Namespace, folder: Path, deadline: float) -> None:
        """``folder`` is for what the measurements need while they run, ``deadline`` by the monotonic clock."""
        self.args, self.folder, self.deadline = args, folder, deadline
        self.results = Results.load(args.out) if args.out.exists() else Results()
        self.failed: list[Key] = []
        # one thread: a second one is dearer than what PPO's small networks gain
        self.variables = os.environ | {
            "OMP_NUM_THREADS": "1",
            "ISAACSIM_ASSET_ROOT": str(make_assets(folder / "assets")),
        }

    def measure(self, item: Key) -> dict[str, Any]:
        """Make one measurement.

        Raises:
            RuntimeError: If its process fails; the message ends with the end of its log.
        """
        part, task, variant, envs = item
        args = self.args
        spec = {"part": part, "task": task, "variant": variant, "device": args.device, "envs": envs}
        spec |= {name: getattr(args, name) for name in EFFORT[part]}
        if part in ("train", "compiled"):
            spec |= {"variant": variant.replace("stripec", "ours"), "runner": RUNNERS[variant]}
        if part != "startup":
            return self.worker(spec)
        with tempfile.TemporaryDirectory(dir=self.folder) as cache:
            if variant == "compile":
                return self.compile(task, Path(cache))
            empty = {"WARP_CACHE_PATH": f"{cache}/warp", "CUDA_CACHE_PATH": f"{cache}/cuda"}
            return {name: self.worker(spec | {"started": time.time()}, empty) for name in ("cold", "warm")}

    def worker(self, spec: dict[str, Any], variables: dict[str, str] | None = None) -> dict[str, Any]:
        """Run ``worker.py``; what it measured."""
        worker = [sys.executable, str(ROOT / "benchmarks/worker.py"), json.dumps(spec)]
        text = self.process(worker, self.variables | (variables or {}))
        lines = [line for line in text.splitlines() if line.startswith("RESULT ")]
        if not lines:
            raise RuntimeError(f"the worker ended without a result:\n{text[-3000:]}")
        found = json.loads(lines[-1].removeprefix("RESULT "))
        place = found["where"]
        self.results.place(place["device"], [place["host"]], place["versions"])
        return found["result"]

    def compile(self, task: str, cache: Path) -> dict[str, Any]:
        """Seconds that ``stripec compile`` takes as a process, with empty caches and again."""
        source = str(ROOT / "examples" / f"{TASKS[task].example}.stripe")
        found = {}
        for name in ("cold", "warm"):
            variables = self.variables | {"STRIPEC_CACHE": str(cache / "stripec"), "PYTHONPATH": self.python_path()}
            start = time.perf_counter()
            self.process([sys.executable, "-c", COMPILE, "compile", source, "--out", str(cache / name)], variables)
            found[name] = {"total_s": round(time.perf_counter() - start, 3)}
        return found

    def python_path(self) -> str:
        """``PYTHONPATH`` with the project in it."""
        return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))

    def process(self, arguments: list[str], variables: dict[str, str]) -> str:
        """Run a process within the time limit; what it wrote.

        Raises:
            OutOfTime: If the budget ends before the process does.
            RuntimeError: If it fails or takes longer than the limit.
        """
        log = self.folder / "log"
        rest = self.deadline - time.monotonic()
        if rest <= 0:
            raise OutOfTime
        with log.open("w") as stream:
            try:
                where = {"cwd": self.folder, "env": variables, "stdout": stream, "stderr": stream}
                done = subprocess.run(arguments, check=False, timeout=min(rest, self.args.timeout), **where)
                status = str(done.returncode) if done.returncode else ""
            except subprocess.TimeoutExpired:
                if rest < self.args.timeout:
                    raise OutOfTime from None
                status = f"the time limit of {self.args.timeout:.0f} s"
        text = log.read_text(errors="replace")
        # a result that was written counts, even if closing the simulator fails after it
        if status and "\nRESULT " not in text:
            raise RuntimeError(f"the process ended with {status}:\n{text[-3000:]}")
        return text

    def run(self, item: Key) -> None:
        """Make one measurement, tell and keep it."""
        part, task, variant, envs = item
        start, load = time.monotonic(), os.getloadavg()[0]
        record: dict[str, Any] = dict(zip(("part", "task", "variant", "envs"), item, strict=True))
        record |= {"command": command(self.args, part), "load": round(load, 2)}
        try:
            record["result"] = self.measure(item)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            first, *rest = str(error).strip().splitlines()
            record["error"] = " ".join([first, *rest[-1:]])
            self.failed.append(item)
        record["seconds"] = round(time.monotonic() - start, 1)
        self.keep(record)
        print(f"{part} {task} {variant} {envs}: {record.get('result', 'failed')}", flush=True)

    def keep(self, record: dict[str, Any]) -> None:
        """Add a record and write the file; a step measurement also tells the memory."""
        records = [record]
        if "memory_bytes" in record.get("result", {}) and record["part"] == "step":
            used = {"memory_bytes": record["result"].pop("memory_bytes")}
            records.append(record | {"part": "memory", "command": command(self.args, "memory"), "result": used})
        self.results.records |= {key(entry): entry for entry in records}
        self.results.save(self.args.out)


def arguments() -> argparse.Namespace:
    """The command line, completed by what is usual for the device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def some(name: str, choices: Iterable[str], text: str) -> None:
        names = ",".join(choices)
        parser.add_argument(name, metavar="NAME", nargs="+", default=[names], help=f"{text}: {names}")

    parser.add_argument("--device", required=True, help="cpu, or cuda:<number>")
    parser.add_argument("--out", type=Path, required=True, help="the file that gets the measurements")
    some("--parts", PARTS, "what to measure")
    some("--tasks", TASKS, "tasks")
    some("--variants", VARIANTS, "environments")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of environments")
    parser.add_argument("--budget", type=float, default=float("inf"), help="seconds after which it ends")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds after which a measurement is ended")
    parser.add_argument("--resume", action="store_true", help="leave out what the file has")
    effort = parser.add_argument_group("how much; these change what is measured")
    effort.add_argument("--seconds", type=float, help="time of a step measurement, about")
    effort.add_argument("--repeats", type=int, help="repeats in it")
    effort.add_argument("--warm-up", type=int, help="steps before it")
    effort.add_argument("--train-envs", type=int, help="environments to train with")
    effort.add_argument("--iterations", type=int, help="PPO iterations")
    effort.add_argument("--left-out", type=int, help="first iterations that are not counted")
    effort.add_argument("--steps-per-env", type=int, help="steps of an environment in an iteration")
    args = parser.parse_args()
    for name, known in (("parts", PARTS), ("tasks", TASKS), ("variants", VARIANTS)):
        chosen = ",".join(getattr(args, name)).split(",")
        wrong = [entry for entry in chosen if entry not in known]
        if wrong:
            parser.error(f"--{name}: there is no {', '.join(wrong)}; there are {', '.join(known)}")
        setattr(args, name, [entry for entry in known if entry in chosen])
    usual = DEFAULTS["cpu" if args.device == "cpu" else "cuda"]
    for name in (*{name for names in EFFORT.values() for name in names}, "sizes"):
        if getattr(args, name) is None:
            setattr(args, name, getattr(usual, name))
    if args.iterations <= args.left_out or args.left_out < 1:
        parser.error("--iterations has to be larger than --left-out, which is at least 1")
    args.usual, args.out = usual, args.out.absolute()
    return args


def main() -> None:
    """Measure what is asked for."""
    args = arguments()
    folder = Path(tempfile.mkdtemp(prefix="stripe-bench-"))
    try:
        bench = Bench(args, folder, time.monotonic() + args.budget)
        done = {name for name, record in bench.results.records.items() if "result" in record} if args.resume else set()
        missing = [item for item in plan(args, args.usual) if item not in done]
        measured: set[Key] = set()
        while missing:
            item = missing[0]
            # the memory of a size is known when its steps were measured
            if item[0] != "memory" or ("step", *item[1:]) not in measured:
                try:
                    bench.run(item)
                except OutOfTime:
                    break
                measured.add(item)
            missing.pop(0)
    except ValueError as error:
        sys.exit(f"{args.out}: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if missing:
        print(f"{len(missing)} measurements are left: the same command with --resume makes them")
    if bench.failed:
        sys.exit(f"{len(bench.failed)} measurements failed: {', '.join(map(str, bench.failed))}")


if __name__ == "__main__":
    main()
