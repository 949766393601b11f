"""``stripec fmt``, ``convert`` and ``schema``: texts in, texts out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import EXAMPLES, ROOT, TASK, Stripec

UNTIDY = TASK.replace("  robot pendulum\n", "      robot    pendulum\n")


def test_fmt_tidies_in_place_once(stripec: Stripec, task: Path) -> None:
    task.write_text(UNTIDY)
    done = stripec("fmt", task.name)
    assert (done.returncode, done.stdout) == (0, "formatted swing.stripe\n")
    tidy = task.read_text()
    assert "\n  robot pendulum\n" in tidy
    assert stripec("fmt", task.name).stdout == ""
    assert task.read_text() == tidy


def test_fmt_check_writes_nothing(stripec: Stripec, task: Path) -> None:
    task.write_text(UNTIDY)
    done = stripec("fmt", "--check", task.name)
    assert (done.returncode, done.stdout) == (1, "would format swing.stripe\n")
    assert task.read_text() == UNTIDY
    stripec("fmt", task.name)
    assert stripec("fmt", "--check", task.name).returncode == 0


def test_fmt_keeps_links_and_permissions(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    task.write_text(UNTIDY)
    task.chmod(0o755)
    link = tmp_path / "link.stripe"
    link.symlink_to(task.name)
    assert stripec("fmt", link.name).returncode == 0
    assert link.is_symlink()
    assert task.read_text() != UNTIDY
    assert task.stat().st_mode & 0o777 == 0o755


def test_fmt_leaves_files_with_syntax_errors(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.stripe"
    broken.write_text("task T { robot pendulum ")
    task.write_text(UNTIDY)
    done = stripec("fmt", broken.name, "gone.stripe", ".", task.name)
    assert done.returncode == 1
    assert "error[E01" in done.stderr
    assert "cannot read `gone.stripe`: No such file or directory" in done.stderr
    assert "cannot read `.`: Is a directory" in done.stderr
    assert broken.read_text() == "task T { robot pendulum "
    assert done.stdout == "formatted swing.stripe\n", "the others are formatted all the same"


def test_examples_are_formatted(stripec: Stripec) -> None:
    done = stripec("fmt", "--check", *sorted(EXAMPLES.glob("**/*.stripe")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["ant", "cartpole", "pendulum"])
def test_convert_there_and_back(stripec: Stripec, tmp_path: Path, name: str) -> None:
    assert stripec("convert", EXAMPLES / f"{name}.stripe", "--out", "one.stripe.yaml").returncode == 0
    assert stripec("check", "one.stripe.yaml").returncode == 0
    assert stripec("convert", "one.stripe.yaml", "--out", "two.stripe").returncode == 0
    assert stripec("fmt", "--check", "two.stripe").returncode == 0
    assert stripec("convert", "two.stripe").stdout == (tmp_path / "one.stripe.yaml").read_text()
    packages = []
    for file in ("one.stripe.yaml", "two.stripe"):
        assert stripec("compile", file, "--out", Path(file).stem).returncode == 0
        lines = (tmp_path / Path(file).stem / name / "env.py").read_text().splitlines()
        packages.append([line for line in lines if not line.lstrip().startswith(("#", '"""', "Generated"))])
    assert packages[0] == packages[1]


def test_convert_refuses_what_it_cannot_read_or_write(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    for name in ("gone.stripe", "."):
        done = stripec("convert", name)
        assert done.returncode == 1
        assert f"cannot read `{name}`" in done.stderr
    task.write_text("task T {")
    assert stripec("convert", task.name, "--out", "x.yaml").returncode == 1
    assert not (tmp_path / "x.yaml").exists()
    task.write_text(TASK)
    done = stripec("convert", task.name, "--out", "no/such/folder.yaml")
    assert done.returncode == 1
    assert "cannot write `no/such/folder.yaml`" in done.stderr
    done = stripec("convert", task.name, "--out", ".")
    assert done.returncode == 1
    assert "cannot write `.`" in done.stderr
    done = stripec("convert", task.name, "--out", task.name)
    assert (done.returncode, task.read_text()) == (1, TASK)
    assert "is no name for YAML" in done.stderr
    assert "name it *.stripe.yaml" in done.stderr


def test_schema_is_the_committed_one(stripec: Stripec) -> None:
    done = stripec("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout)["title"] == "Stripe"
    assert done.stdout == (ROOT / "docs/stripe.schema.json").read_text()
