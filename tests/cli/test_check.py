"""``stripec check``: what it prints, where, and with which status it exits."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import EXAMPLES, TASK, Stripec
from tests.cli.test_compile import DRAWN

TWO_MISTAKES = TASK.replace("hinge.vel }", "hinge.vell }").replace("episode 8 s", "episode 8 m")


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.stripe"
    path.write_text(TWO_MISTAKES)
    return path


@pytest.mark.parametrize("name", ["ant", "cartpole", "pendulum"])
def test_examples_have_nothing_to_report(stripec: Stripec, name: str) -> None:
    done = stripec("check", EXAMPLES / f"{name}.stripe")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file checked, no errors\n", "")


def test_every_mistake_is_shown_in_source_order(stripec: Stripec, wrong: Path) -> None:
    done = stripec("check", wrong.name)
    assert done.returncode == 1
    assert done.stdout == ""
    first, second = done.stderr.index("wrong.stripe:10:"), done.stderr.index("wrong.stripe:13:")
    assert first < second
    assert "did you mean `vel`?" in done.stderr
    assert done.stderr.rstrip().endswith("2 errors")


def test_several_files_are_checked_in_one_run(stripec: Stripec, wrong: Path, task: Path) -> None:
    assert stripec("check", task.name, task.name).stdout == "2 files checked, no errors\n"
    done = stripec("check", task.name, wrong.name, "gone.stripe")
    assert done.returncode == 1
    assert "wrong.stripe:13:" in done.stderr
    assert "gone.stripe" in done.stderr


def test_json(stripec: Stripec, wrong: Path) -> None:
    done = stripec("check", "--format", "json", wrong.name)
    assert done.returncode == 1
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert [item["start"]["line"] for item in found] == [10, 13]
    assert found[1]["code"] == "E0213"
    line = TWO_MISTAKES.splitlines()[12]
    begin, end = found[1]["start"]["column"] - 1, found[1]["end"]["column"] - 1
    assert line[begin:end] == "vell"


def test_what_keeps_a_task_from_warp_is_a_warning(stripec: Stripec, task: Path) -> None:
    task.write_text(TASK.replace("  train ppo", f"{DRAWN}  train ppo"))
    done = stripec("check", task.name)
    assert (done.returncode, done.stdout) == (0, "1 file checked, no errors\n")
    assert "warning[W0011]: `Swing` gets no Warp environment" in done.stderr
    (found,) = json.loads(stripec("check", task.name, "--format", "json").stdout)
    assert (found["code"], found["severity"]) == ("W0011", "warning")
    assert stripec("check", task.name, "--format", "github").stdout.startswith("::warning file=swing.stripe")
    (task.parent / "swing.stripe.yaml").write_text(stripec("convert", task.name).stdout)
    assert "W0011" in stripec("check", "swing.stripe.yaml").stderr


def test_json_of_nothing_is_an_empty_list(stripec: Stripec, task: Path) -> None:
    done = stripec("check", task.name, "--format", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_github(stripec: Stripec, wrong: Path) -> None:
    done = stripec("check", "--format", "github", wrong.name)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("::error file=wrong.stripe,line=13,col=")
    assert "title=E0213" in lines[1]
    assert stripec("check", "--format", "github", EXAMPLES / "pendulum.stripe").stdout == ""


def test_unknown_format_is_wrong_usage(stripec: Stripec, task: Path) -> None:
    done = stripec("check", task.name, "--format", "xml")
    assert done.returncode == 2
    assert "xml" in done.stderr
    assert "github" in done.stderr


def test_no_file_is_wrong_usage(stripec: Stripec) -> None:
    done = stripec("check")
    assert done.returncode == 2
    assert "Missing argument" in done.stderr


def test_missing_file(stripec: Stripec, task: Path) -> None:
    done = stripec("check", "swng.stripe")
    assert done.returncode == 1
    assert "error[E0601]: there is no file `swng.stripe`" in done.stderr
    assert "did you mean `swing.stripe`?" in done.stderr


def test_a_folder_is_no_file(stripec: Stripec, tmp_path: Path) -> None:
    done = stripec("check", ".")
    assert done.returncode == 1
    assert "is a folder" in done.stderr


def test_bytes_that_are_no_text(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "binary.stripe").write_bytes(b"task \xff\xfe\x00 {}")
    done = stripec("check", "binary.stripe")
    assert done.returncode == 1
    assert "not UTF-8" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file(stripec: Stripec, task: Path) -> None:
    task.chmod(0)
    done = stripec("check", task.name)
    assert done.returncode == 1
    assert "cannot read" in done.stderr


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"], ids=["empty", "lines", "comment"])
def test_files_without_a_mistake(stripec: Stripec, tmp_path: Path, text: str) -> None:
    (tmp_path / "file.stripe").write_text(text, encoding="utf-8")
    assert stripec("check", "file.stripe").returncode == 0


@pytest.mark.parametrize("text", ["{" * 5000, "(" * 5000, "task T { reward once { x = " + "-" * 5000 + "1 } }", "\0"])
def test_hostile_text_is_answered(stripec: Stripec, tmp_path: Path, text: str) -> None:
    (tmp_path / "file.stripe").write_text(text)
    done = stripec("check", "file.stripe")
    assert done.returncode == 1
    assert "error[E01" in done.stderr


def test_set_gives_a_parameter_its_value(stripec: Stripec, task: Path) -> None:
    assert stripec("check", task.name, "--set", "push=2 N*m").returncode == 0
    done = stripec("check", task.name, "--set", "push=2 N")
    assert done.returncode == 1
    assert "--set" in done.stderr


def test_misspelt_set(stripec: Stripec, task: Path) -> None:
    done = stripec("check", task.name, "--set", "psh=2 N*m")
    assert done.returncode == 1
    assert "`psh`" in done.stderr
    assert "did you mean `push`?" in done.stderr


@pytest.mark.parametrize("setting", ["push", "push=", "=1", ""])
def test_malformed_set(stripec: Stripec, task: Path, setting: str) -> None:
    done = stripec("check", task.name, "--set", setting)
    assert done.returncode == 1
    assert "name=value" in done.stderr


@pytest.mark.parametrize("value", ["1 +", "{", "1 N*mm*", '"', "a b c", "__import__('os')"])
def test_set_to_what_is_no_value(stripec: Stripec, task: Path, value: str) -> None:
    done = stripec("check", task.name, "--set", f"push={value}")
    assert done.returncode == 1
    assert "error[E" in done.stderr


def test_misspelt_task(stripec: Stripec, task: Path) -> None:
    assert stripec("check", task.name, "--task", "Swing").returncode == 0
    done = stripec("check", task.name, "--task", "Swng")
    assert done.returncode == 1
    assert "there is no task `Swng`" in done.stderr
    assert "Swing" in done.stderr.split("help:")[1]


def test_a_file_that_holds_nothing_says_so(stripec: Stripec, tmp_path: Path) -> None:
    empty, yaml = tmp_path / "empty.stripe", tmp_path / "empty.stripe.yaml"
    empty.write_text("# nothing yet\n")
    yaml.write_text("")
    done = stripec("check", str(empty), str(yaml))
    assert (done.returncode, done.stdout) == (
        0,
        "2 files checked, no errors; `empty.stripe` and `empty.stripe.yaml` hold no task or scene\n",
    )
