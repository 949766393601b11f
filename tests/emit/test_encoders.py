"""Networks that see: each picture is encoded once, and what does not fit is refused when the environment starts."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from stripe_dsl.emit.output import render, write
from stripe_dsl.pipeline import check_file

ROOT = Path(__file__).parents[2]
ANT = (ROOT / "examples" / "ant.stripe").read_text().partition("task Ant")[0]
SEEN = 'joints.pos; look = eye.rgb scale 2 {} encoder "look.pt" size 5'


def package(folder: Path, policy: str, critic: str) -> dict[str, str]:
    """The package of a task with these observations, written below a folder, and its files."""
    seen = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 4 * 6, 5))
    torch.jit.script(seen.eval()).save(folder / "look.pt")
    (folder / "seeing.stripe").write_text(
        f"""{ANT}
task Seeing {{
  robot ant
  sim {{ physics 120 Hz; control 30 Hz; episode 5 s; envs 64 }}
  sensor eye = camera(base) size (6, 4)
  action drive = effort(joints) scale 1 N*m
  observe policy {{ {policy} }}
  observe critic {{ {critic} }}
  reward per second {{ alive = 1.0 }}
  terminate {{ timeout }}
}}
"""
    )
    checked = check_file(folder / "seeing.stripe")
    assert not checked.failed, checked.diagnostics
    made = render(checked.programs[0], folder / "out", checked.sources)
    assert not write(made)
    return dict(made.files)


def encoders(folder: Path) -> ModuleType:
    """The module of the networks, without the package around it, which needs Isaac Lab."""
    parent = ModuleType("seeing_alone")
    parent.__path__ = [str(folder / "out/seeing")]
    sys.modules[parent.__name__] = parent
    spec = importlib.util.spec_from_file_location("seeing_alone.encoders", folder / "out/seeing/encoders.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == parent.__name__]:
            del sys.modules[name]
    return module


@pytest.mark.parametrize(("noise", "without", "times"), [("", "", 1), ("noise +-0.1", "without noise", 2)])
def test_a_picture_is_encoded_once_but_for_noise(tmp_path: Path, noise: str, without: str, times: int) -> None:
    files = package(tmp_path, SEEN.format(noise), f"policy {without}; base.pos.z")
    assert files["env.py"].count("_numbers = self._look") == times
    assert files["env_warp.py"].count("def picture_look") == times
    assert files["encoders.py"].count("_encoder(device: str)") == times
    assert files["env_cfg.py"].count("observation_space: int = 13") == 1
    assert files["env_cfg.py"].count("state_space: int = 14") == 1
    for columns in ("self.torch_obs_buf[:, 8:13]", 'self._torch_groups["critic"][:, 8:13]'):
        assert files["env_warp.py"].count(columns) == 1


def test_what_does_not_fit_is_refused_at_the_start(tmp_path: Path) -> None:
    package(tmp_path, SEEN.format(""), "policy")
    module = encoders(tmp_path)
    network = module.look_encoder("cpu")
    pictures = torch.rand(7, 3, 4, 6, requires_grad=True)
    numbers = network(pictures)
    assert numbers.shape == (7, 5)
    assert not numbers.requires_grad
    path = str(tmp_path / "look.pt")
    with pytest.raises(ValueError, match=r"makes 5 numbers of a picture of 3 x 4 x 6, and the task asks for 8"):
        module.Encoder(path, (3, 4, 6), 8, "cpu")
    with pytest.raises(ValueError, match=r"takes no pictures of 1 x 4 x 6 \(channels, rows, columns\)"):
        module.Encoder(path, (1, 4, 6), 5, "cpu")
