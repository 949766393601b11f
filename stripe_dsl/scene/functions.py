"""Functions of the user's that a scene names as ``module:function``: beside the file that names them, or installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from stripe_dsl.source import Span

WHERE = "a module is found beside the file that names it, where it is installed, or in a folder of PYTHONPATH"


def load_function(reference: str, span: Span | None) -> Callable[..., Any]:
    """The function that ``package.module:function`` names. Raises whatever its module does, and what Python says of
    modules and functions that are not there.

    Args:
        span: where it is named; the folder of that file comes first.
    """
    module, _, name = reference.partition(":")
    path = _beside(module, span)
    return getattr(_run(path, module) if path is not None else importlib.import_module(module), name)


def module_file(reference: str, span: Span | None) -> Path | None:
    """The file of the function's module, arguments as for :func:`load_function`; ``None`` where there is none."""
    module = reference.partition(":")[0]
    path = _beside(module, span)
    if path is not None:
        return path
    try:
        found = find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(found.origin) if found is not None and found.origin else None


def _beside(module: str, span: Span | None) -> Path | None:
    """The module's file in the folder of the file that names it."""
    if span is None or span.source.path is None:
        return None
    path = span.source.path.parent / f"{module.replace('.', '/')}.py"
    return path if path.is_file() else None


def _run(path: Path, module: str) -> ModuleType:
    """A module of a file, anew where its text has changed. Modules beside it can be imported by it."""
    name = f"_stripe_{sha256(str(path.resolve()).encode() + path.read_bytes()).hexdigest()[:16]}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        made = sys.modules[name] = module_from_spec(spec)
        folder = str(path.parents[module.count(".")])
        sys.path.insert(0, folder)
        try:
            spec.loader.exec_module(made)
        except BaseException:
            del sys.modules[name]
            raise
        finally:
            sys.path.remove(folder)
    return sys.modules[name]
