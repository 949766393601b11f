"""Agent configurations: one `train` block as the settings of four libraries, and what a manifest says of a policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stripe_dsl.emit.agents import yaml_value
from stripe_dsl.pipeline import compile_file

ROOT = Path(__file__).parents[2]


def compiled(folder: Path, train: str, more: str = "") -> dict[str, str]:
    """The files of a cartpole with another `train` block."""
    source = folder / "task.stripe"
    start = f'import "{ROOT}/examples/cartpole.stripe" as base\ntask Other extends base.Cartpole {{ {more}\n'
    source.write_text(f"{start} train ppo {{ {train} }} }}\n")
    packages, diagnostics = compile_file(source, folder / "out")
    assert [item.code for item in diagnostics if item.severity == "error"] == []
    return dict(packages[0].files)


SETTINGS = (
    "steps 24; iterations 100; actor 64 32 tanh normalize; critic 48 relu normalize; init_std 0.5; rate 5e-5; "
    "gamma 0.98; lam 0.9; epochs 6; batches 3; clip 0.1; entropy 1e-5; value_loss 0.7; kl 0.02; grad_norm 0.8; "
    "seed 7; save_every 10"
)
CRITIC = "observe critic { policy without noise; slider.acc }"


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The cfgs of a task whose critic sees more, as YAML libraries read them, by library."""
    files = compiled(tmp_path_factory.mktemp("agents"), f"{SETTINGS}; libraries rsl_rl skrl rl_games sb3", CRITIC)
    return {
        name.removeprefix("agents/").removesuffix("_ppo_cfg.yaml"): yaml.full_load(text)
        for name, text in files.items()
        if name.endswith(".yaml")
    }


def test_skrl(agents: dict[str, Any]) -> None:
    cfg = agents["skrl"]
    agent, models = cfg["agent"], cfg["models"]
    assert models["policy"]["network"][0] == {
        "name": "net",
        "input": "OBSERVATIONS",
        "layers": [64, 32],
        "activations": "tanh",
    }
    assert models["value"]["network"][0] == {"name": "net", "input": "STATES", "layers": [48], "activations": "relu"}
    assert models["policy"]["initial_log_std"] == pytest.approx(-0.693147)
    assert models["separate"] is True
    for key, value in {
        "rollouts": 24,
        "learning_epochs": 6,
        "mini_batches": 3,
        "discount_factor": 0.98,
        "gae_lambda": 0.9,
        "learning_rate": 5e-5,
        "grad_norm_clip": 0.8,
        "ratio_clip": 0.1,
        "value_clip": 0.1,
        "entropy_loss_scale": 1e-5,
        "value_loss_scale": 0.7,
        "time_limit_bootstrap": True,
        "observation_preprocessor": "RunningStandardScaler",
        "state_preprocessor": "RunningStandardScaler",
    }.items():
        assert agent[key] == value, key
    assert agent["learning_rate_scheduler_kwargs"]["kl_threshold"] == 0.02
    assert agent["experiment"]["checkpoint_interval"] == 240
    assert cfg["trainer"]["timesteps"] == 2400
    assert cfg["seed"] == 7


def test_rl_games(agents: dict[str, Any]) -> None:
    params = agents["rl_games"]["params"]
    config = params["config"]
    assert params["env"]["obs_groups"] == {"obs": ["policy"], "states": ["critic"]}
    assert params["network"]["mlp"]["units"] == [64, 32]
    assert params["network"]["space"]["continuous"]["sigma_init"]["val"] == pytest.approx(-0.693147)
    for key, value in {
        "horizon_length": 24,
        "minibatch_size_per_env": 8,
        "mini_epochs": 6,
        "gamma": 0.98,
        "tau": 0.9,
        "learning_rate": 5e-5,
        "kl_threshold": 0.02,
        "entropy_coef": 1e-5,
        "e_clip": 0.1,
        "critic_coef": 1.4,
        "grad_norm": 0.8,
        "max_epochs": 100,
        "normalize_input": True,
        # the action would be cut to -1..1, and stretched to the bounds of a space that has none
        "clip_actions": False,
    }.items():
        assert config[key] == value, key
    central = config["central_value_config"]
    assert central["network"]["mlp"] | {"units": [48], "activation": "relu"} == central["network"]["mlp"]
    assert central["network"]["central_value"] is True


def test_sb3(agents: dict[str, Any]) -> None:
    cfg = agents["sb3"]
    assert cfg.pop("policy_kwargs") == {
        "activation_fn": "nn.Tanh",
        "net_arch": {"pi": [64, 32], "vf": [48]},
        "log_std_init": pytest.approx(-0.693147),
        "ortho_init": False,
    }
    assert cfg == {
        "seed": 7,
        "n_timesteps": 100 * 24 * 4096,
        "policy": "MlpPolicy",
        "n_steps": 24,
        "n_minibatches": 3,
        "n_epochs": 6,
        "gamma": 0.98,
        "gae_lambda": 0.9,
        "learning_rate": 5e-5,
        "clip_range": 0.1,
        "clip_range_vf": 0.1,
        "ent_coef": 1e-5,
        "vf_coef": 0.7,
        "max_grad_norm": 0.8,
        "normalize_input": True,
        "device": "auto",
    }


def test_they_are_registered(tmp_path: Path) -> None:
    files = compiled(tmp_path, "libraries sb3 skrl; distill { student 32 elu }")
    init = files["__init__.py"]
    assert '"skrl_cfg_entry_point": f"{__name__}.agents:skrl_ppo_cfg.yaml",' in init
    assert '"sb3_cfg_entry_point": f"{__name__}.agents:sb3_ppo_cfg.yaml",' in init
    assert '.agents.rsl_rl_distillation_cfg:OtherDistillationRunnerCfg",' in init
    assert "rl_games" not in init
    assert '"other.agents" = ["*.yaml"]' in files["pyproject.toml"]


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    names = [name for name in compiled(tmp_path, "steps 24") if name.startswith("agents/")]
    assert names == ["agents/__init__.py", "agents/rsl_rl_ppo_cfg.py"]


def test_symmetry(tmp_path: Path) -> None:
    """A cart and a pole are the same on both sides, and everything changes its sign."""
    files = compiled(tmp_path, "symmetry { loss 0.2 }; libraries skrl")
    names: dict[str, Any] = {}
    exec(files["agents/symmetry.py"], names)
    assert names["COLUMNS"]["policy"] == (0, 1, 2, 3)
    assert names["SIGNS"]["policy"] == (-1, -1, -1, -1)
    assert (names["ACTION_COLUMNS"], names["ACTION_SIGNS"]) == ((0,), (-1,))
    cfg = files["agents/rsl_rl_ppo_cfg.py"]
    for line in ("use_data_augmentation=False", "use_mirror_loss=True", "mirror_loss_coeff=0.2"):
        assert line in cfg
    assert "symmetry is for rsl_rl alone" in files["agents/skrl_ppo_cfg.yaml"]


def test_a_command_has_sides(tmp_path: Path) -> None:
    """To the left becomes to the right; ahead stays ahead."""
    source = tmp_path / "walk.stripe"
    source.write_text(
        f'import "{ROOT}/examples/ant.stripe" as ant\n'
        "task Walk extends ant.Ant {\n"
        "  command goal = velocity { x -1..2 m/s; y +-0.5 m/s; heading any gain 0.5 /s; every 10 s; standing 10 % }\n"
        "  observe policy { goal; joints.pos - default; prev(drive) }\n"
        '  train ppo { symmetry { swap { "front_left" "right_back"; "front_right" "left_back" } } }\n'
        "}\n"
    )
    packages, diagnostics = compile_file(source, tmp_path / "out")
    assert [item.message for item in diagnostics if item.severity == "error"] == []
    names: dict[str, Any] = {}
    exec(packages[0].files["agents/symmetry.py"], names)
    assert names["COLUMNS"]["policy"][:3] == (0, 1, 2)
    assert names["SIGNS"]["policy"][:3] == (1, -1, -1)


def test_one_network_for_both(tmp_path: Path) -> None:
    """RL-Games has a central value only for a critic that is another network, or sees something else."""
    text = compiled(tmp_path, "actor 32 elu; critic 32 elu; libraries rl_games skrl")["agents/rl_games_ppo_cfg.yaml"]
    params = yaml.full_load(text)["params"]
    assert "central_value_config" not in params["config"]
    assert params["env"]["obs_groups"]["states"] == []


def test_recurrent(tmp_path: Path) -> None:
    train = "actor gru 32 gru 32 16 elu; critic lstm 24; libraries rl_games; steps 25; batches 4"
    files = compiled(tmp_path, train)
    text = files["agents/rsl_rl_ppo_cfg.py"]
    for line in ('rnn_type="gru"', "rnn_hidden_dim=32", "rnn_num_layers=2", "hidden_dims=[16]", 'rnn_type="lstm"'):
        assert text.count(line) == 1, line
    policy = json.loads(files["manifest.json"])["policy"]
    assert policy == {"sees": ["policy"], "recurrent": {"kind": "gru", "size": 32, "layers": 2}}
    params = yaml.full_load(files["agents/rl_games_ppo_cfg.yaml"])["params"]
    assert params["network"]["rnn"] == {"name": "gru", "units": 32, "layers": 2, "before_mlp": True}
    # sequences and mini-batches divide the 25 steps
    assert params["config"]["seq_length"] == params["config"]["minibatch_size_per_env"] == 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "1.0e-05"),
        (2.5e-7, "2.5e-07"),
        (0.001, "0.001"),
        (-0.5, "-0.5"),
        ([64, 32], "[64, 32]"),
        (["a"], '["a"]'),
    ],
)
def test_yaml_reads_what_is_written(value: object, text: str) -> None:
    assert yaml_value(value) == text
    assert yaml.full_load(text) == value
