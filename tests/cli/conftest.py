"""Runs ``stripec`` in a process and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stripe_dsl.cli.main import main
from tests import forks

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

type Stripec = Callable[..., subprocess.CompletedProcess[str]]

TASK = """robot pendulum {
  link stand { box (0.1, 0.1, 0.1) m; fixed }
  link rod   { capsule radius 2 cm length 0.6 m at (0, 0, 0.3) m; mass 0.5 kg }
  joint hinge { type revolute; parent stand; child rod; axis y }
  actuator hinge { implicit; effort 1 N*m }
}

task Swing {
  robot pendulum
  sim { physics 120 Hz; control 30 Hz; episode 8 s; envs 16 spaced 2 m }
  param push = 1 N*m
  action torque = effort(hinge) scale push
  observe policy { hinge.pos; hinge.vel }
  reward per second { upright = 1.0 * cos(hinge.pos) }
  terminate { timeout }
  train ppo { steps 8; iterations 2; actor 8 elu; critic 8 elu }
}
"""
"""A task without mistakes, of primitives only."""


@pytest.fixture
def stripec(tmp_path: Path) -> Stripec:
    """Runs ``stripec`` in ``tmp_path``; whatever it is told, it answers without a traceback and not with a bug.

    With ``env``, the installed command is started as a user does.
    """

    def run(*args: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("stripec")), *map(str, args)]
        variables = {"NO_COLOR": "1", "COLUMNS": "200"}
        if env is None:
            outputs = tmp_path.with_name(f"{tmp_path.name}.out"), tmp_path.with_name(f"{tmp_path.name}.err")
            log, errors = outputs
            status = forks.run(
                main, args, name="stripec", log=log, errors=errors, timeout=120, cwd=tmp_path, env=variables
            )
            done = subprocess.CompletedProcess(command, status, *(file.read_text() for file in outputs))
        else:
            # the same stripe_dsl as here, which need not be the installed one
            paths = os.pathsep.join([env.get("PYTHONPATH", ""), str(ROOT)]).strip(os.pathsep)
            done = subprocess.run(
                command,
                cwd=tmp_path,
                env={**os.environ, **variables, **env, "PYTHONPATH": paths},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode in (0, 1, 2), done.stderr
        return done

    return run


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """``swing.stripe`` in ``tmp_path``."""
    path = tmp_path / "swing.stripe"
    path.write_text(TASK)
    return path
