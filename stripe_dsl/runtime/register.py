"""Registering generated packages with gymnasium."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from stripe_dsl.runtime.problem import PackageError, Problem

PACKAGE_FILES = ("__init__.py", "env_cfg.py")
"""What every generated package has."""
AGENT, STUDENT = "rsl_rl_cfg_entry_point", "rsl_rl_distillation_cfg_entry_point"
"""Keys of a registration: the agent's configuration, and that of a student that learns from it."""
ENVIRONMENTS = {"torch": "env", "warp": "env_warp"}
"""The module with the environment of each back end; a package has one of them or both."""
ENVIRONMENT_VARIABLE = "STRIPE_TASKS"
"""Names the folders to search for generated packages, separated like ``PATH``."""
DEFAULT_FOLDER = "generated"
"""Where to search otherwise, relative to the working directory."""


@dataclass(frozen=True)
class _Registered:
    folder: Path
    module: ModuleType
    task_ids: tuple[str, ...]


_registered: dict[str, _Registered] = {}
"""Packages that this process imported, by module name."""


def is_package(folder: Path) -> bool:
    """Whether ``folder`` looks like a generated package: the usual files, and a registration in ``__init__.py``.

    It reads one small file and imports nothing, so other people's folders can be looked at safely.
    """
    text = _registration(folder)
    has_environment = any((folder / f"{module}.py").is_file() for module in ENVIRONMENTS.values())
    return has_environment and "gym.register(" in text and "env_cfg_entry_point" in text


def package_backends(folder: Path) -> tuple[str, ...]:
    """The back ends that a generated package has an environment for, ``torch`` before ``warp``; imports nothing.

    A file that the registration does not name does not count: it is somebody's own.
    """
    text = _registration(folder)
    return tuple(
        backend
        for backend, module in ENVIRONMENTS.items()
        if f".{module}:" in text and (folder / f"{module}.py").is_file()
    )


def has_student(folder: Path) -> bool:
    """Whether a generated package says how a student learns from the agent; imports nothing."""
    return f'"{STUDENT}"' in _registration(folder)


def _registration(folder: Path) -> str:
    """The text of a package's ``__init__.py``; empty where a file is missing that every package has."""
    if not all((folder / name).is_file() for name in PACKAGE_FILES):
        return ""
    try:
        return (folder / "__init__.py").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def find_packages(root: Path) -> list[Path]:
    """The generated packages at ``root``: the folder itself, or those directly in it, sorted by name."""
    if is_package(root):
        return [root]
    try:
        return sorted(folder for folder in root.iterdir() if folder.is_dir() and is_package(folder))
    except OSError:
        return []


def search_roots() -> list[Path]:
    """The folders to search: those of ``STRIPE_TASKS``, else ``generated`` in the working directory."""
    named = os.environ.get(ENVIRONMENT_VARIABLE, "")
    roots = [Path(entry).expanduser() for entry in named.split(os.pathsep) if entry]
    return roots or [Path(DEFAULT_FOLDER)]


def register_package(folder: Path) -> list[str]:
    """Import a generated package from its folder, under the folder's name, and return the gym ids it registered.

    The parent folder is not put on ``sys.path``: its other contents would shadow installed modules. The entry points of
    a registration (``cartpole.env:CartpoleEnv``) resolve because the package itself stands in ``sys.modules``. A second
    call for the same folder returns the same ids; a package of the same name from another folder replaces the first.

    Args:
        folder: The package's folder; its name is the name of the module.

    Returns:
        The ids in the order of registration.

    Raises:
        PackageError: If the folder is no generated package, if its name cannot be imported or belongs to a library,
            if importing it fails, or if it registers nothing.
    """
    folder = folder.resolve()
    name = folder.name
    known = _registered.get(name)
    if known is not None and known.folder == folder and sys.modules.get(name) is known.module:
        return list(known.task_ids)

    problem = _name_problem(folder, name)
    if problem is not None:
        raise PackageError(problem)
    if known is not None:
        _forget(known)

    from gymnasium.envs.registration import registry

    before = dict(registry)
    try:
        module = _import_from(folder, name)
    except Exception as error:
        _drop_modules(name)
        registry.clear()
        registry.update(before)
        message = f"importing the package {name} failed: {type(error).__name__}: {error}"
        raise PackageError(Problem(message, (f"it is in {folder}",))) from error
    task_ids = tuple(task_id for task_id, spec in registry.items() if before.get(task_id) is not spec)
    if not task_ids:
        _drop_modules(name)
        raise PackageError(Problem(f"the package {name} registers no task", (f"it is in {folder}",)))
    _registered[name] = _Registered(folder, module, task_ids)
    return list(task_ids)


def registered_packages() -> dict[str, Path]:
    """The folder of every task that this process registered from a generated package, by gym id."""
    return {task_id: entry.folder for entry in _registered.values() for task_id in entry.task_ids}


def _name_problem(folder: Path, name: str) -> Problem | None:
    """Why the folder cannot be imported under its name, or None."""
    if not folder.is_dir():
        return Problem(f"there is no folder {folder}", ("compile a .stripe file first: stripec compile <file>",))
    if not is_package(folder):
        return Problem(
            f"{folder} is not a generated package",
            (f"a generated package has {' and '.join(PACKAGE_FILES)}, an environment, and registers a task",),
        )
    if not name.isidentifier():
        return Problem(
            f"the folder's name {name!r} is not a Python module name",
            ("rename the folder: letters, digits and underscores only",),
        )
    loaded = sys.modules.get(name)
    foreign = loaded is not None and (name not in _registered or _registered[name].module is not loaded)
    if foreign and list(getattr(loaded, "__path__", ())) == [str(folder)]:
        foreign = False
    if foreign or name in sys.stdlib_module_names or _is_installed(name):
        return Problem(
            f"a package cannot be called {name!r}: an installed library has that name",
            ("rename the folder, or compile to another one",),
        )
    return None


def _is_installed(name: str) -> bool:
    """Whether a library of that name is installed (a folder of that name in the working directory does not count)."""
    for key in ("purelib", "platlib"):
        site = Path(sysconfig.get_path(key))
        if (site / name / "__init__.py").is_file() or (site / f"{name}.py").is_file():
            return True
    return False


def _import_from(folder: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {folder}")
    _drop_modules(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with warnings.catch_warnings():
        # gymnasium warns when an id is registered again; here that is what was asked for.
        warnings.filterwarnings("ignore", message=".*already in registry.*")
        spec.loader.exec_module(module)
    return module


def _forget(entry: _Registered) -> None:
    from gymnasium.envs.registration import registry

    for task_id in entry.task_ids:
        registry.pop(task_id, None)
    _drop_modules(entry.folder.name)
    _registered.pop(entry.folder.name, None)


def _drop_modules(name: str) -> None:
    for module in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[module]
