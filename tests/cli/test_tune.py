"""``stripec tune``: mistakes are answered before the simulator starts."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import TASK, Stripec


def test_wrong_usage(stripec: Stripec, task: Path) -> None:
    assert "Missing argument 'file'" in stripec("tune").stderr
    for option in ("--steps", "--envs"):
        done = stripec("tune", task.name, option, "0")
        assert done.returncode == 2
        assert option in done.stderr


def test_a_file_that_cannot_be_compiled(stripec: Stripec, task: Path) -> None:
    done = stripec("tune", "gone.stripe")
    assert done.returncode == 1
    assert "error[E0601]" in done.stderr
    task.write_text(TASK.replace("hinge.vel", "hinge.vell"))
    done = stripec("tune", task.name)
    assert done.returncode == 1
    assert "error[E0213]" in done.stderr


def test_a_task_has_to_be_chosen(stripec: Stripec, task: Path) -> None:
    task.write_text(TASK + "task HoldStill extends Swing { }\n")
    done = stripec("tune", task.name)
    assert done.returncode == 1
    assert "error[E0222]: `swing.stripe` defines 2 tasks: `Swing` and `HoldStill`" in done.stderr
    done = stripec("tune", task.name, "--task", "HoldStil")
    assert done.returncode == 1
    assert "HoldStill" in done.stderr.split("help:", 1)[1]


def test_misspelt_settings(stripec: Stripec, task: Path) -> None:
    done = stripec("tune", task.name, "env.rewad.upright=2")
    assert done.returncode == 1
    assert "env has no field 'rewad'" in done.stderr
    done = stripec("tune", task.name, "--set", "psh=1 N*m")
    assert done.returncode == 1
    assert "did you mean `push`?" in done.stderr


def test_it_is_listed(stripec: Stripec) -> None:
    assert " tune " in stripec("--help").stdout
    assert "constraint rows" in stripec("tune", "--help").stdout
