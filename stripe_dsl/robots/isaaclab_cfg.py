"""Articulation cfgs of Isaac Lab and of packages built on it, read without importing them.

``isaaclab_assets.robots.anymal:ANYMAL_C_CFG`` names one. Importing it would load torch and the simulator, which takes
seconds; its source says which USD file it spawns, and mostly also how it starts and which actuators drive it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stripe_dsl.robots import files, locate
from stripe_dsl.robots.errors import RobotFileError, RobotUnavailableError
from stripe_dsl.robots.match import suggest
from stripe_dsl.robots.model import RobotModel
from stripe_dsl.robots.python_source import UNKNOWN, Call, ModuleReader, module_file

_ROOT = locate.ISAACSIM_SCHEME
NEWTON_ASSETS_VARIABLE = "NEWTON_ASSET_DIR"
_NEWTON_ASSETS = "newton-assets://"

# Constants of ``isaaclab.utils.assets``: folders below the asset root, wherever that is.
_CONSTANTS = {
    "NUCLEUS_ASSET_ROOT_DIR": _ROOT.rstrip("/") + "/",
    "NVIDIA_NUCLEUS_DIR": f"{_ROOT}NVIDIA",
    "ISAAC_NUCLEUS_DIR": f"{_ROOT}Isaac",
    "ISAACLAB_NUCLEUS_DIR": f"{_ROOT}Isaac/IsaacLab",
    "NEWTON_ASSET_DIR": _NEWTON_ASSETS.rstrip("/") + "/",
}


@dataclass(frozen=True, slots=True)
class CfgActuator:
    """One entry of a cfg's ``actuators``.

    Attributes:
        name: its key.
        type: name of the cfg class, such as ``DCMotorCfg``.
        joint_names: patterns of the joints it drives; ``None`` if the source does not say.
        values: the other fields whose values are literal: numbers, texts, or patterns with numbers.
    """

    name: str
    type: str
    joint_names: tuple[str, ...] | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IsaacLabCfg:
    """What an articulation cfg says, as far as its source can be understood.

    Attributes:
        reference: how it was named, ``module:NAME``.
        file: the module's file.
        asset: path of the USD, URDF or MJCF file, in a form that :func:`stripe_dsl.robots.locate.resolve` understands;
            ``None`` if the source does not say.
        joint_pos: default joint positions by pattern, rad or m; ``None`` if the source does not say.
        pos: where the root starts, m; ``None`` if the source does not say.
        rot: orientation it starts in, x, y, z, w.
        fix_root_link: whether the root is fixed to the world though the file says otherwise; ``None`` leaves it.
        variants: USD variants that are selected.
        actuators: the actuators; ``None`` if the source does not say.
        complete: whether all changes made to the cfg in its module were understood.
    """

    reference: str
    file: Path
    asset: str | None
    joint_pos: Mapping[str, float] | None
    pos: tuple[float, float, float] | None
    rot: tuple[float, float, float, float] | None
    fix_root_link: bool | None
    variants: Mapping[str, str]
    actuators: tuple[CfgActuator, ...] | None
    complete: bool

    def read_model(self, prim: str | None = None) -> RobotModel:
        """The robot, with the cfg's variants selected. Raises as :meth:`local_path` and the readers do."""
        return files.read_file(self.local_path(), prim, self.variants)

    def local_path(self) -> Path:
        """The robot's file on this machine.

        Raises:
            RobotUnavailableError: if it is a remote file, or the source does not say which file it is.
            RobotFileError: if it should be here and is not.
        """
        if self.asset is None:
            raise RobotUnavailableError(f'which file "{self.reference}" spawns cannot be told from its source')
        if self.asset.startswith(_NEWTON_ASSETS):
            return self._newton_asset(self.asset.removeprefix(_NEWTON_ASSETS))
        try:
            return locate.resolve(self.asset)
        except RobotUnavailableError as error:
            reason = f'"{self.reference}" spawns "{self.asset}", and {error.reason}'
            raise RobotUnavailableError(reason, error.hint) from None
        except RobotFileError as error:
            if self.asset.startswith(_ROOT):
                # A root that holds only some of the assets is as good as none for this one.
                reason = f'"{self.reference}" spawns "{self.asset}", which {locate.ASSET_ROOT_VARIABLE} does not hold'
                raise RobotUnavailableError(reason, error.hint) from None
            raise

    def _newton_asset(self, inside: str) -> Path:
        folder = os.environ.get(NEWTON_ASSETS_VARIABLE, "")
        if not folder or "://" in folder:
            raise RobotUnavailableError(
                f'"{self.reference}" spawns a file of the newton-assets repository, which is not on this machine',
                f"clone it and set {NEWTON_ASSETS_VARIABLE} to its folder",
            )
        return locate.resolve(str(Path(folder).expanduser() / inside))


def read_cfg(reference: str) -> IsaacLabCfg:
    """Read the articulation cfg ``module:NAME`` from its module's source.

    Raises:
        RobotFileError: if there is no such module or name, or it is something else than a cfg that spawns a file.
    """
    module, _, name = reference.partition(":")
    reader = ModuleReader(_CONSTANTS)
    file = module_file(module)
    names = reader.names(module)
    if name not in names:
        close = suggest(name, names, n=2)
        listed = " or ".join(f'"{module}:{one}"' for one in close)
        raise RobotFileError(f'module "{module}" has no "{name}"', f"did you mean {listed}?" if listed else None)
    value = reader.value(module, name)
    if value is UNKNOWN:
        return IsaacLabCfg(reference, file, None, None, None, None, None, MappingProxyType({}), None, False)
    if not isinstance(value, Call) or "spawn" not in value.fields:
        kind = value.name if isinstance(value, Call) else type(value).__name__
        raise RobotFileError(
            f'"{reference}" is of class {kind}, which is no cfg of an articulation', _articulations(reader, module)
        )
    return _from_call(reference, file, value)


def _articulations(reader: ModuleReader, module: str) -> str | None:
    found = [name for name in reader.names(module) if _is_articulation(reader.value(module, name))]
    return f"the module has {', '.join(found[:4])}" if found else None


def _is_articulation(value: Any) -> bool:
    return isinstance(value, Call) and "spawn" in value.fields and "actuators" in value.fields


def _from_call(reference: str, file: Path, cfg: Call) -> IsaacLabCfg:
    spawn = cfg.fields["spawn"]
    spawned = spawn.fields if isinstance(spawn, Call) else {}
    asset = next((spawned[key] for key in ("usd_path", "asset_path") if isinstance(spawned.get(key), str)), None)
    state = cfg.fields.get("init_state")
    start = state.fields if isinstance(state, Call) else {}
    # Without an entry the class's own default holds: every joint at zero.
    joint_pos = start.get("joint_pos", {".*": 0.0}) if state is not UNKNOWN else UNKNOWN
    variants = spawned.get("variants")
    calls = [value for value in (cfg, spawn, state) if isinstance(value, Call)]
    fixed = spawned.get("fix_root_link")
    return IsaacLabCfg(
        reference=reference,
        file=file,
        asset=None if asset is None else _normalised(asset),
        joint_pos=MappingProxyType(dict(joint_pos)) if _maps_to_numbers(joint_pos) else None,
        pos=_numbers(start.get("pos", (0.0, 0.0, 0.0)), 3),
        rot=_numbers(start.get("rot", (0.0, 0.0, 0.0, 1.0)), 4),
        fix_root_link=fixed if isinstance(fixed, bool) else None,
        variants=MappingProxyType({**variants} if variants is not None and _maps_to_texts(variants) else {}),
        actuators=_actuators(cfg.fields.get("actuators", {})),
        complete=all(call.complete for call in calls),
    )


def _normalised(asset: str) -> str:
    for scheme in (_ROOT, _NEWTON_ASSETS):
        start = scheme.rstrip("/")
        if asset.startswith(start):
            return scheme + asset.removeprefix(start).lstrip("/")
    return asset


def _maps_to_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(number, int | float) for number in value.values())


def _maps_to_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair)


def _numbers(value: Any, count: int) -> Any:
    if isinstance(value, list | tuple) and len(value) == count and all(isinstance(one, int | float) for one in value):
        return tuple(float(one) for one in value)
    return None


def _actuators(value: Any) -> tuple[CfgActuator, ...] | None:
    if not isinstance(value, dict):
        return None
    actuators: list[CfgActuator] = []
    for name, cfg in value.items():
        if not isinstance(cfg, Call):
            return None
        joints = cfg.fields.get("joint_names_expr")
        patterns = [joints] if isinstance(joints, str) else joints
        known = isinstance(patterns, list | tuple) and all(isinstance(pattern, str) for pattern in patterns)
        values = {key: one for key, one in cfg.fields.items() if key != "joint_names_expr" and _is_literal(one)}
        actuators.append(
            CfgActuator(name, cfg.name, tuple(patterns or ()) if known else None, MappingProxyType(values))
        )
    return tuple(actuators)


def _is_literal(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_literal(one) for one in value.values())
    return value is None or isinstance(value, str | int | float | bool)
