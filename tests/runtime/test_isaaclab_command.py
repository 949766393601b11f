"""Isaac Lab's own command trains what Stripe compiled, with either of its front ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stripe_dsl.emit.output import write
from stripe_dsl.pipeline import compile_file
from tests import forks

pytestmark = [pytest.mark.sim, pytest.mark.slow]


def isaaclab() -> None:
    """What the command ``isaaclab`` calls, in a fork which has looked for tasks elsewhere."""
    from isaaclab.__main__ import main

    from stripe_dsl.runtime.discover import register_all

    register_all()
    sys.exit(main())


CARTPOLE = Path(__file__).parents[2] / "examples" / "cartpole.stripe"


@pytest.mark.parametrize(
    ("backends", "options", "in_warp"),
    [
        (("torch", "warp"), (), False),
        (("torch", "warp"), ("--frontend", "warp"), True),
        # the only environment, so that of both front ends
        (("warp",), (), True),
    ],
)
def test_isaaclab_trains(tmp_path: Path, backends: tuple[str, ...], options: tuple[str, ...], in_warp: bool) -> None:
    packages, _ = compile_file(CARTPOLE, tmp_path / "generated", backends=backends)
    assert write(*packages) == []
    words = ["train", "--rl_library", "rsl_rl", "--task", "Stripe-Cartpole", "--num_envs", "16"]
    words += ["--max_iterations", "1", "--device", "cpu", *options]
    log = tmp_path / "log"
    if not in_warp:  # the command as it is installed; what it does alone is enough for the others
        command = [Path(sys.executable).with_name("isaaclab"), *words]
        env = {key: value for key, value in os.environ.items() if key != "STRIPE_TASKS"}
        with log.open("w") as file:
            done = subprocess.run(command, cwd=tmp_path, env=env, stdout=file, stderr=file, timeout=300, check=False)
        status = done.returncode
    else:
        status = forks.run(isaaclab, words, log=log, timeout=300, cwd=tmp_path, name="isaaclab")
    assert status == 0, log.read_text()
    (run,) = (tmp_path / "logs/rsl_rl/cartpole").iterdir()
    assert (run / "model_0.pt").is_file()
    cfg = yaml.unsafe_load((run / "params/env.yaml").read_text())
    # the Warp environment makes the physics part of a graph of its own
    assert cfg["sim"]["physics"]["use_cuda_graph"] is not in_warp
    assert cfg["scene"]["class_type"].endswith("InteractiveSceneWarp") == ("warp" in options)
