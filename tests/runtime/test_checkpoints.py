"""Which file a checkpoint's path means; nothing is loaded."""

from __future__ import annotations

from pathlib import Path

from stripe_dsl.runtime.checkpoints import last_checkpoint, no_checkpoint


def runs(folder: Path, **files: str) -> Path:
    for run, names in files.items():
        (folder / run).mkdir(parents=True)
        for name in names.split():
            (folder / run / name).touch()
    return folder


def test_a_run_and_a_folder_of_runs(tmp_path: Path) -> None:
    folder = runs(tmp_path, r1="model_9.pt model_10.pt best.pt", r2="model_3.pt", r3="console.log")
    assert last_checkpoint(folder / "r1") == folder / "r1/model_10.pt"
    assert last_checkpoint(folder / "r1/best.pt") == folder / "r1/best.pt"
    assert last_checkpoint(folder) == folder / "r2/model_3.pt", "the newest run has none"
    assert last_checkpoint(folder / "r3") is None
    assert last_checkpoint(folder / "r4") is None


def test_what_is_said_where_there_is_none(tmp_path: Path) -> None:
    assert no_checkpoint(tmp_path).message == f"{tmp_path} holds no checkpoint"
    assert no_checkpoint(tmp_path / "x.pt").message == f"there is no checkpoint {tmp_path / 'x.pt'}"
