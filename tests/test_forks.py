"""That simulations of tests begin as forks of a process which has imported what they need."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from tests import forks


def tell() -> None:
    """Writes down what the process began with."""
    import warp as wp

    began = [name for name in ("isaaclab.envs.direct_rl_env", "stripe_dsl.emit.package") if name in sys.modules]
    Path(sys.argv[1]).write_text(f"{gc.get_freeze_count() > 100_000} {wp.config.enable_backward} {began}")


@pytest.mark.skipif(forks.WITH_GPU, reason="what is imported touches the GPU, and a fork cannot go on with that")
def test_a_run_begins_with_everything_imported(tmp_path: Path) -> None:
    """The fork server ignores a module that cannot be imported: runs would be slow, and that is all."""
    status = forks.run(tell, [tmp_path / "told"], log=tmp_path / "log", timeout=120)
    assert status == 0
    told = (tmp_path / "told").read_text()
    assert told == "True False ['isaaclab.envs.direct_rl_env', 'stripe_dsl.emit.package']"
