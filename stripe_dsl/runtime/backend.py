"""Which of a package's environments a run uses: the one in torch, or the one in Warp."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stripe_dsl.runtime.problem import Problem
from stripe_dsl.runtime.register import package_backends

_NAMES = {"torch": "torch", "warp": "Warp"}


@dataclass(frozen=True)
class Choice:
    """A back end, and why it was taken.

    Attributes:
        backend: ``torch`` or ``warp``.
        reason: The rest of a sentence, such as ``as asked for``.
        newton: Whether the physics is Newton's.
    """

    backend: str
    reason: str
    newton: bool = True

    def __str__(self) -> str:
        return f"back end {self.backend}, {self.reason}"


def check_backend(package: Path, requested: str | None) -> Problem | None:
    """What is wrong with asking for a back end, as far as the package's files tell."""
    present = package_backends(package)
    if requested is None or requested in present:
        return None
    hint = f"compile it with `--backend {requested}`, which says why if the task cannot have it"
    return Problem(f"the package {package.name} has no {_NAMES.get(requested, requested)} environment", (hint,))


def choose_backend(package: Path, requested: str | None, env_cfg: Any, device: str) -> Choice | Problem:
    """The back end of a run: what was asked for; else Warp where the physics is Newton, and torch otherwise.

    Args:
        package: Folder of a generated package.
        requested: ``torch``, ``warp`` or None.
        env_cfg: The environment's configuration with its presets resolved.
        device: ``cpu`` or ``cuda:<number>``.

    Returns:
        The choice, or what is wrong: the environment is not there, Warp would have to run on other physics, or the task
        asks for what this physics has not.
    """
    problem = check_backend(package, requested)
    if problem is not None:
        return problem
    from isaaclab_newton.physics import NewtonCfg  # upstream's Warp frontend asks for the same class

    present = package_backends(package)
    on_newton = isinstance(env_cfg.sim.physics, NewtonCfg)
    if not on_newton and (requested == "warp" or present == ("warp",)):
        physics = type(env_cfg.sim.physics).__name__
        helps = ("leave `--physics` out, or name a preset of Newton",)
        helps += ("or use the torch environment: `--backend torch`",) if "torch" in present else ()
        return Problem(f"the Warp environment needs Newton, and the physics of this run is {physics}", helps)
    if not on_newton and _draws_gravity(env_cfg):
        helps = ("leave `--physics` out to run on Newton", "or leave `gravity` out of `randomize`")
        return Problem("gravity is drawn for each environment, and PhysX has one for all of them", helps)
    if requested is not None:
        return Choice(requested, "as asked for", on_newton)
    if len(present) == 1:
        return Choice(present[0], "the only one of this package", on_newton)
    if not on_newton:
        return Choice("torch", "since Warp needs the physics to be Newton", newton=False)
    where = "a CPU" if device == "cpu" else "a GPU"
    return Choice("warp", f"the faster one on {where}; --backend torch for the other")


def _draws_gravity(env_cfg: Any) -> bool:
    """Whether a generated environment has a gravity of its own: ``gravity``, ``gravity_z`` or ``gravity_z_2``."""
    ranges = vars(env_cfg.randomize) if hasattr(env_cfg, "randomize") else {}
    return any(re.fullmatch(r"gravity(_[xyz]+)?(_\d+)?", name) for name in ranges)
