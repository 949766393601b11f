"""``stripec train``, ``play``, ``list`` and ``explain``: mistakes are answered before the simulator starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stripe_dsl.diagnostics.codes import CODES
from stripe_dsl.runtime.register import package_backends
from tests.cli.conftest import ROOT, TASK, Stripec
from tests.cli.test_compile import DRAWN

SLOW_MODULES = ("torch", "warp", "newton", "rsl_rl", "isaaclab_tasks", "isaaclab_newton")


@pytest.fixture
def no_simulator(tmp_path: Path) -> dict[str, str]:
    """An environment in which importing the simulator fails, so that an answer came without it."""
    folder = tmp_path / "blocked"
    folder.mkdir()
    names = ", ".join(map(repr, SLOW_MODULES))
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in ({names}):\n"
        "            raise RuntimeError(f'{name} was imported')\n"
        "sys.meta_path.insert(0, Blocked())\n"
    )
    return {"PYTHONPATH": str(folder)}


def test_the_block_works(no_simulator: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import torch"], env=no_simulator, capture_output=True, text=True, check=False
    )
    assert "torch was imported" in done.stderr


@pytest.mark.parametrize("command", ["train", "play"])
@pytest.mark.parametrize(
    ("override", "message", "help"),
    [
        ("env.rewad.upright=2", "env has no field 'rewad'", "did you mean env.reward"),
        ("env.reward.uprigt=2", "uprigt", "upright"),
        ("evn.reward.upright=2", "evn", "env"),
        ("env.reward.upright", "no '='", "<value>"),
        ("agent.max_iteration=3", "max_iteration", "max_iterations"),
    ],
)
def test_misspelt_override(
    stripec: Stripec, task: Path, no_simulator: dict[str, str], command: str, override: str, message: str, help: str
) -> None:
    done = stripec(command, task.name, override, env=no_simulator)
    assert done.returncode == 1
    assert message in done.stderr
    assert help in done.stderr.split("help:", 1)[1]


@pytest.mark.parametrize("command", ["train", "play"])
def test_a_file_with_errors(stripec: Stripec, task: Path, no_simulator: dict[str, str], command: str) -> None:
    task.write_text(TASK.replace("hinge.vel", "hinge.vell"))
    done = stripec(command, task.name, env=no_simulator)
    assert done.returncode == 1
    assert "error[E0213]" in done.stderr
    done = stripec(command, "gone.stripe", env=no_simulator)
    assert done.returncode == 1
    assert "error[E0601]" in done.stderr


@pytest.mark.parametrize("command", ["train", "play"])
def test_a_file_with_two_tasks(stripec: Stripec, task: Path, no_simulator: dict[str, str], command: str) -> None:
    task.write_text(TASK + "task HoldStill extends Swing { }\n")
    done = stripec(command, task.name, env=no_simulator)
    assert done.returncode == 1
    assert "error[E0222]: `swing.stripe` defines 2 tasks: `Swing` and `HoldStill`" in done.stderr
    assert "--task" in done.stderr
    done = stripec(command, task.name, "--task", "HoldStil", env=no_simulator)
    assert done.returncode == 1
    assert "HoldStill" in done.stderr.split("help:", 1)[1]
    # with the task chosen, it goes on to the next mistake
    done = stripec(command, task.name, "--task", "HoldStill", "env.rewad=1", env=no_simulator)
    assert "env has no field 'rewad'" in done.stderr


def test_misspelt_set(stripec: Stripec, task: Path, no_simulator: dict[str, str]) -> None:
    done = stripec("train", task.name, "--set", "psh=1 N*m", env=no_simulator)
    assert done.returncode == 1
    assert "did you mean `push`?" in done.stderr


def test_a_package_takes_no_set(stripec: Stripec, task: Path, no_simulator: dict[str, str]) -> None:
    stripec("compile", task.name)
    done = stripec("train", "generated/swing", "--set", "push=1 N*m", env=no_simulator)
    assert done.returncode == 1
    assert "env.x=" in done.stderr


@pytest.mark.parametrize("command", ["train", "play"])
def test_a_back_end_that_the_package_lacks(
    stripec: Stripec, task: Path, tmp_path: Path, no_simulator: dict[str, str], command: str
) -> None:
    for backend, other, name in (("torch", "warp", "Warp"), ("warp", "torch", "torch")):
        stripec("compile", task.name, "--backend", backend)
        done = stripec(command, "generated/swing", "--backend", other, env=no_simulator)
        assert done.returncode == 1
        assert done.stderr.splitlines()[0] == f"error: the package swing has no {name} environment"
        assert f"--backend {other}" in done.stderr.splitlines()[1]
    done = stripec(command, task.name, "--backend", "both", env=no_simulator)
    assert done.returncode == 2
    assert "'torch', 'warp'" in done.stderr


@pytest.mark.parametrize("backend", ["torch", "warp", None])
def test_a_run_compiles_the_back_end_that_it_was_asked_for(
    stripec: Stripec, task: Path, tmp_path: Path, no_simulator: dict[str, str], backend: str | None
) -> None:
    options = ["--backend", backend] if backend is not None else []
    done = stripec("train", task.name, *options, "env.rewad=1", env=no_simulator)
    assert "env has no field 'rewad'" in done.stderr, "the run came as far as the overrides"
    found = sorted(path.name for path in (tmp_path / ".stripec/swing").glob("env*.py"))
    expected = {"torch": ["env.py"], "warp": ["env_warp.py"], None: ["env.py", "env_warp.py"]}[backend]
    assert found == sorted([*expected, "env_cfg.py"])


def test_runs_of_a_task_that_warp_cannot_do(
    stripec: Stripec, task: Path, tmp_path: Path, no_simulator: dict[str, str]
) -> None:
    stripec("train", task.name, "env.rewad=1", env=no_simulator)
    assert package_backends(tmp_path / ".stripec/swing") == ("torch", "warp")
    task.write_text(TASK.replace("  train ppo", f"{DRAWN}  train ppo"))
    for command in ("train", "tune"):
        done = stripec(command, task.name, "env.rewad=1", env=no_simulator)
        assert "warning[W0011]: `Swing` gets no Warp environment" in done.stderr
        assert "env has no field 'rewad'" in done.stderr, "the run came as far as the overrides"
        assert package_backends(tmp_path / ".stripec/swing") == ("torch",)


def test_a_folder_that_is_no_package(stripec: Stripec, no_simulator: dict[str, str]) -> None:
    done = stripec("train", ".", env=no_simulator)
    assert done.returncode == 1
    assert "not a generated package" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--envs", "0"], "--envs"),
        (["--iterations", "many"], "--iterations"),
        (["--seed", "-1"], "--seed"),
        (["--devise", "cpu"], "--device"),
    ],
)
def test_wrong_options(
    stripec: Stripec, task: Path, no_simulator: dict[str, str], options: list[str], message: str
) -> None:
    done = stripec("train", task.name, *options, env=no_simulator)
    assert done.returncode == 2
    assert message in done.stderr


def test_nothing_to_resume(stripec: Stripec, task: Path, no_simulator: dict[str, str]) -> None:
    done = stripec("train", task.name, "--resume", "no/run", env=no_simulator)
    assert done.returncode == 1
    assert "there is no checkpoint no/run" in done.stderr


def test_logs_that_cannot_be_written(stripec: Stripec, task: Path, no_simulator: dict[str, str]) -> None:
    done = stripec("train", task.name, "--logs", f"{task.name}/logs", env=no_simulator)
    assert done.returncode == 1
    assert "is a file" in done.stderr


def test_play_without_a_run(stripec: Stripec, task: Path, no_simulator: dict[str, str]) -> None:
    done = stripec("play", task.name, "--checkpoint", "nowhere.pt", env=no_simulator)
    assert done.returncode == 1
    assert "nowhere.pt" in done.stderr


def test_list(stripec: Stripec, task: Path, tmp_path: Path, no_simulator: dict[str, str]) -> None:
    done = stripec("list", env=no_simulator)
    assert done.returncode == 0
    assert "no compiled tasks here" in done.stdout
    task.write_text("# Swing up.\n" + TASK)
    stripec("compile", task.name)
    assert stripec("list", env=no_simulator).stdout == "Stripe-Swing  torch, warp  Swing up.\n"
    stripec("compile", task.name, "--backend", "warp")
    assert stripec("list", env=no_simulator).stdout == "Stripe-Swing  warp  Swing up.\n"
    assert stripec("list", "generated/swing", env=no_simulator).stdout.split()[0] == "Stripe-Swing"
    done = stripec("list", "no/such/folder", env=no_simulator)
    assert done.returncode == 1
    assert "no/such/folder" in done.stderr


def test_explain(stripec: Stripec) -> None:
    assert "E0203" in stripec("explain", "e0203").stdout.splitlines()[0]
    assert [line.split()[0] for line in stripec("explain").stdout.splitlines()] == list(CODES)


@pytest.mark.parametrize("code", ["E0999", "0203", "E02O3", "../E0203", ""])
def test_unknown_code(stripec: Stripec, code: str) -> None:
    done = stripec("explain", code)
    assert done.returncode == 1
    assert f"there is no diagnostic `{code}`" in done.stderr


def test_unknown_command(stripec: Stripec) -> None:
    done = stripec("chek", "x.stripe")
    assert done.returncode == 2
    assert "there is no command `chek`; did you mean `check`?" in done.stderr
    done = stripec("frobnicate")
    assert done.returncode == 2
    assert "compile" in done.stderr


def test_help_and_version(stripec: Stripec) -> None:
    assert stripec("--version").stdout.startswith("stripec ")
    text = stripec("--help").stdout
    for command in ("check", "compile", "train", "play", "fmt", "explain", "list", "convert", "schema"):
        assert f" {command} " in text
        assert f"stripec {command}" in stripec(command, "--help").stdout


def test_a_pipe_that_closes_is_no_bug(tmp_path: Path) -> None:
    stripec = Path(sys.executable).with_name("stripec")
    script = f"{stripec} schema | head -c 10; {stripec} check {ROOT}/examples/ant.stripe --format json | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert json.loads('"' + done.stdout.replace('"', "").replace("\n", "") + '"').startswith("{")
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr
