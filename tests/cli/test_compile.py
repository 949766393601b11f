"""``stripec compile``: what it writes, what it refuses to overwrite, and ``--check``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import TASK, Stripec

SECOND = TASK + "\ntask Hold extends Swing { reward per second { still = -0.1 * hinge.vel^2 } }\n"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writes_a_package_and_then_nothing(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    done = stripec("compile", task.name)
    assert done.returncode == 0
    assert done.stdout.startswith("generated/swing: ")
    assert (tmp_path / "generated/swing/env.py").is_file()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "generated").rglob("*")}
    assert stripec("compile", task.name).stdout == "generated/swing: up to date\n"
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "generated").rglob("*")}


def test_check_writes_nothing_and_tells_what_would_change(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    done = stripec("compile", task.name, "--check")
    assert done.returncode == 1
    assert "would change generated/swing/env.py" in done.stdout
    assert not (tmp_path / "generated").exists()
    stripec("compile", task.name)
    assert stripec("compile", task.name, "--check").returncode == 0
    task.write_text(TASK.replace("1.0 * cos", "2.0 * cos"))
    done = stripec("compile", task.name, "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"would change generated/swing/{name}" for name in ("env_cfg.py", "manifest.json")
    ]


def test_a_file_with_errors_is_not_compiled(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    task.write_text(TASK.replace("hinge.vel", "hinge.vell"))
    done = stripec("compile", task.name)
    assert done.returncode == 1
    assert "E0213" in done.stderr
    assert not (tmp_path / "generated").exists()


def test_a_file_without_a_task_is_not_compiled(stripec: Stripec, tmp_path: Path) -> None:
    (tmp_path / "robots.stripe").write_text(TASK[: TASK.index("task Swing")])
    done = stripec("compile", "robots.stripe")
    assert done.returncode == 1
    assert "defines no task" in done.stderr


def test_out_and_task_choose(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    task.write_text(SECOND)
    assert stripec("compile", task.name, "--out", "one", "--task", "Hold").returncode == 0
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["hold"]
    assert stripec("compile", task.name, "--out", "both").returncode == 0
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == ["hold", "swing"]


def test_back_ends_choose_the_environments(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    folder = tmp_path / "generated/swing"

    def environments() -> list[str]:
        return sorted(path.name for path in folder.glob("env*.py") if path.name != "env_cfg.py")

    assert stripec("compile", task.name).returncode == 0
    assert environments() == ["env.py", "env_warp.py"]
    assert stripec("compile", task.name, "--backend", "both", "--check").returncode == 0
    done = stripec("compile", task.name, "--backend", "torch", "--check")
    assert done.returncode == 1
    assert "would change generated/swing/env_warp.py" in done.stdout
    assert stripec("compile", task.name, "--backend", "torch").returncode == 0
    assert environments() == ["env.py"]
    assert stripec("compile", task.name, "--backend", "warp").returncode == 0
    assert environments() == ["env_warp.py"]
    done = stripec("compile", task.name, "--backend", "jax")
    assert done.returncode == 2
    assert "'torch', 'warp', 'both'" in done.stderr


DRAWN = "  randomize { at reset { hinge.armature = 0.1..0.2 kg*m^2 } }\n"
"""What the Warp environment cannot do."""


def test_a_task_that_warp_cannot_do_gets_torch_alone(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    swing, hold = tmp_path / "generated/swing", tmp_path / "generated/hold"
    task.write_text(SECOND)
    assert stripec("compile", task.name).stderr == ""
    assert "warp_entry_point" in (hold / "__init__.py").read_text()
    task.write_text(SECOND.replace("still = -0.1 * hinge.vel^2 }", f"still = -0.1 * hinge.vel^2 }}\n{DRAWN}"))
    done = stripec("compile", task.name)
    assert done.returncode == 0
    assert "warning[W0011]: `Hold` gets no Warp environment: MuJoCo derives constants from armature" in done.stderr
    assert "1 warning" in done.stderr
    # nothing is left of what the package had
    assert not (hold / "env_warp.py").exists()
    assert not [path for path in hold.rglob("*.*") if "warp" in path.name or "env_warp" in path.read_text()]
    assert (hold / "env.py").is_file()
    assert (swing / "env_warp.py").is_file(), "the other task of the file keeps both"
    assert stripec("compile", task.name, "--backend", "torch").stderr == "", "who asks for torch is told nothing"
    for backend in ("warp", "both"):
        done = stripec("compile", task.name, "--backend", backend)
        assert done.returncode == 1
        assert "error[E0515]: the armature cannot change while the Warp environment runs" in done.stderr
        assert "W0011" not in done.stderr


def test_an_edited_environment_is_not_removed(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    stripec("compile", task.name)
    warp = tmp_path / "generated/swing/env_warp.py"
    warp.write_text(warp.read_text() + "# mine\n")
    done = stripec("compile", task.name, "--backend", "torch")
    assert done.returncode == 1
    assert "error[E0608]" in done.stderr
    assert "# mine" in warp.read_text()
    assert stripec("compile", task.name, "--backend", "torch", "--force").returncode == 0
    assert not warp.exists()


def test_set_reaches_the_package(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    stripec("compile", task.name, "--set", "push=0.75 N*m")
    assert "0.75" in (tmp_path / "generated/swing/env_cfg.py").read_text()


def test_an_edited_file_is_kept_and_nothing_else_is_written(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    task.write_text(SECOND)
    stripec("compile", task.name)
    edited = tmp_path / "generated/swing/env.py"
    edited.write_text(edited.read_text() + "# mine\n")
    task.write_text(SECOND.replace("1.0 * cos", "2.0 * cos").replace("-0.1 *", "-0.2 *"))
    before = snapshot(tmp_path / "generated")
    done = stripec("compile", task.name)
    assert done.returncode == 1
    assert "error[E0608]" in done.stderr
    assert "generated/swing/env.py" in done.stderr
    assert "--force" in done.stderr
    assert snapshot(tmp_path / "generated") == before, "neither the rest of the package nor the other one is written"
    done = stripec("compile", task.name, "--force")
    assert done.returncode == 0
    assert "# mine" not in edited.read_text()
    assert stripec("compile", task.name, "--check").returncode == 0


def test_a_file_that_is_not_ours_is_kept(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    mine = tmp_path / "generated/swing/env.py"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"# caf\xe9, in Latin-1\n")
    done = stripec("compile", task.name)
    assert done.returncode == 1
    assert "error[E0608]" in done.stderr
    assert snapshot(tmp_path / "generated") == {"swing/env.py": b"# caf\xe9, in Latin-1\n"}


def test_files_that_are_no_longer_made_go_away_unless_edited(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    task.write_text(TASK.replace("  robot pendulum\n", "  robot pendulum\n  scene { ground plane }\n"))
    stripec("compile", task.name)
    ground = tmp_path / "generated/swing/assets/ground_plane.usda"
    assert ground.is_file()
    own = ground.with_name("notes.txt")
    own.write_text("mine")
    task.write_text(TASK)
    assert "would change generated/swing/assets/ground_plane.usda" in stripec("compile", task.name, "--check").stdout
    assert stripec("compile", task.name).returncode == 0
    assert not ground.exists()
    assert own.read_text() == "mine"


def test_a_damaged_manifest_counts_as_none(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    stripec("compile", task.name)
    manifest = tmp_path / "generated/swing/manifest.json"
    for text in ("", "{", "[]", '{"files": 3}', '{"files": {"../../outside": "x"}}'):
        manifest.write_text(text)
        assert stripec("compile", task.name).returncode == 0
        assert '"task": "Stripe-Swing"' in manifest.read_text()


def test_output_folder_that_is_a_file(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = stripec("compile", task.name, "--out", "out")
    assert done.returncode == 1
    assert "error[E0609]: cannot write `out" in done.stderr


def test_a_folder_where_a_file_goes(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    (tmp_path / "generated/swing/env.py").mkdir(parents=True)
    done = stripec("compile", task.name)
    assert done.returncode == 1
    assert "error[E0609]" in done.stderr
    assert not list((tmp_path / "generated").rglob(".*")), "no unfinished file is left behind"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_output(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    done = stripec("compile", task.name, "--out", "out")
    assert done.returncode == 1
    assert "error[E0609]" in done.stderr


@pytest.mark.parametrize("name", ["gone.stripe", "."])
def test_no_such_file(stripec: Stripec, name: str) -> None:
    done = stripec("compile", name)
    assert done.returncode == 1
    assert "error[E0601]" in done.stderr


def test_tasks_that_would_share_a_folder(stripec: Stripec, task: Path, tmp_path: Path) -> None:
    task.write_text(TASK + TASK[TASK.index("task Swing") :].replace("task Swing", "task SWing"))
    done = stripec("compile", task.name)
    folders = sorted(path.name for path in (tmp_path / "generated").iterdir()) if done.returncode == 0 else []
    assert done.returncode == 1 or len(folders) == 2
