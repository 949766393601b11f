"""Entry point of the group ``isaaclab.tasks``: importing this module registers the generated packages it finds.

``isaaclab train --task Stripe-Cartpole`` loads every entry point of that group before it looks the task up. So that
generated tasks are found without an installation of their own, this module registers

- the packages named by ``STRIPE_TASKS``, a list of folders separated like ``PATH``, each a package or full of them;
- otherwise the packages in ``generated/`` of the working directory.

It must never spoil ``isaaclab train`` for another task: it imports only folders that look like generated packages,
prints nothing, and keeps what went wrong in :data:`failures`. Only what the user named in ``STRIPE_TASKS`` and cannot
be used is reported, through :mod:`logging`.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from stripe_dsl.runtime.problem import PackageError
from stripe_dsl.runtime.register import ENVIRONMENT_VARIABLE, find_packages, register_package, search_roots

_logger = logging.getLogger(__name__)

task_ids: list[str] = []
"""The ids that were registered when this module was imported."""
failures: dict[Path, str] = {}
"""Packages that could not be registered, with the reason."""


def register_all(roots: list[Path] | None = None) -> list[str]:
    """Register every generated package under ``roots`` and return the gym ids; failures go to :data:`failures`.

    As with ``PATH``, the first of two packages of the same name is taken.
    """
    explicit = bool(os.environ.get(ENVIRONMENT_VARIABLE))
    found: list[str] = []
    taken: dict[str, Path] = {}
    for root in search_roots() if roots is None else roots:
        packages = find_packages(root)
        if explicit and not packages:
            _logger.warning("%s names %s, which holds no generated package", ENVIRONMENT_VARIABLE, root)
        for package in packages:
            name = package.resolve().name
            if name in taken:
                failures[package] = f"another package called {name} comes first: {taken[name]}"
                continue
            try:
                found += register_package(package)
                taken[name] = package
            except PackageError as error:
                failures[package] = error.problem.message
                if explicit:
                    _logger.warning("%s", error.problem.message)
    return found


try:
    task_ids += register_all()
except Exception as error:  # whatever happens here must not stop `isaaclab train` for another task
    _logger.debug("looking for generated packages failed: %s", error)
