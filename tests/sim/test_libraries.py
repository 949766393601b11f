"""The cfgs for skrl and SB3 are what the libraries take: each key is one of theirs, and they learn with them.

A key that a library does not know ends its start, so a training of two iterations shows that all are taken. What became
of some of them is read from the checkpoints.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stripe_dsl.emit.output import write
from stripe_dsl.pipeline import compile_file
from tests import forks
from tests.emit.test_agents import CRITIC, ROOT, SETTINGS

pytestmark = [pytest.mark.sim, pytest.mark.slow]

ITERATIONS = 2
STEPS = 24
ENVS = 8


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the checkpoints of both libraries hold."""
    folder = tmp_path_factory.mktemp("libraries")
    source, log = folder / "task.stripe", folder / "log.txt"
    source.write_text(
        f'import "{ROOT}/examples/cartpole.stripe" as base\n'
        f"task Other extends base.Cartpole {{ {CRITIC}\n train ppo {{ {SETTINGS}; libraries skrl sb3 }} }}\n"
    )
    (package,), problems = compile_file(source, folder, backends=("torch",))
    assert not [item for item in problems if item.severity == "error"]
    write(package)
    status = forks.run(main, [package.folder], log=log, timeout=300, cwd=folder)
    assert status == 0, log.read_text()[-4000:]
    return json.loads((folder / "found.json").read_text())


def test_skrl_trains(trained: dict[str, Any]) -> None:
    found = trained["skrl"]
    assert found["policy"] == [[64, 4], [32, 64], [1, 32]]
    # the critic sees the acceleration of the slider as well
    assert found["value"] == [[48, 5], [1, 48]]
    # skrl counts from one
    assert found["counts"] == {"observation": ITERATIONS * STEPS * ENVS + 1, "state": ITERATIONS * STEPS * ENVS + 1}


def test_sb3_trains(trained: dict[str, Any]) -> None:
    found = trained["sb3"]
    # `batches 3`: mini-batches of a third of the steps of all environments
    assert found["settings"] == {
        "n_steps": STEPS,
        "batch_size": STEPS * ENVS // 3,
        "n_epochs": 6,
        "gamma": 0.98,
        "gae_lambda": 0.9,
        "ent_coef": 1e-5,
        "vf_coef": 0.7,
        "max_grad_norm": 0.8,
        "seed": 7,
        "num_timesteps": ITERATIONS * STEPS * ENVS,
    }
    assert found["schedules"] == pytest.approx({"learning_rate": 5e-5, "clip_range": 0.1, "clip_range_vf": 0.1})
    # one activation for both networks: that of the actor
    assert found["policy"] == [[64, 4], [32, 64]]
    assert found["value"] == [[48, 4]]
    assert found["activation"] == "Tanh"
    assert found["normalized"]


def main() -> None:
    """Train the task of a package with both libraries, and write down what their checkpoints hold."""
    package = Path(sys.argv[1])
    sys.argv = sys.argv[:1]
    sys.path.insert(0, str(package.parent))
    importlib.import_module(package.name)

    import torch
    from isaaclab_rl.entrypoints import TrainingRequest, train

    for backend in ("skrl", "sb3"):
        request = TrainingRequest(
            backend=backend, task="Stripe-Other", num_envs=ENVS, max_iterations=ITERATIONS, device="cpu"
        )
        train(request)

    def matrices(weights: dict[str, torch.Tensor], start: str = "") -> list[list[int]]:
        return [list(weight.shape) for name, weight in weights.items() if name.startswith(start) and weight.dim() == 2]

    logs = Path("logs")
    (checkpoint,) = logs.glob(f"skrl/**/agent_{ITERATIONS * STEPS}.pt")
    skrl = torch.load(checkpoint, weights_only=False, map_location="cpu")
    (model,) = logs.glob("sb3/**/model.zip")

    from stable_baselines3 import PPO

    ppo = PPO.load(model, device="cpu")
    weights = ppo.policy.state_dict()
    names = ("n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm")
    found = {
        "skrl": {
            "policy": matrices(skrl["policy"]),
            "value": matrices(skrl["value"]),
            "counts": {name: int(skrl[f"{name}_preprocessor"]["current_count"]) for name in ("observation", "state")},
        },
        "sb3": {
            "settings": {name: getattr(ppo, name) for name in (*names, "seed", "num_timesteps")},
            "schedules": {
                "learning_rate": ppo.lr_schedule(1.0),
                "clip_range": ppo.clip_range(1.0),
                "clip_range_vf": ppo.clip_range_vf(1.0),
            },
            "policy": matrices(weights, "mlp_extractor.policy_net"),
            "value": matrices(weights, "mlp_extractor.value_net"),
            "activation": ppo.policy.activation_fn.__name__,
            "normalized": model.with_name("model_vecnormalize.pkl").is_file(),
        },
    }
    Path("found.json").write_text(json.dumps(found))
