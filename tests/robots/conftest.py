"""Robot files of installed packages, and a cache of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stripe_dsl.robots import RobotFileError
from stripe_dsl.robots.locate import package_folder


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, so that no test sees what another one read."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("STRIPEC_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def packaged() -> Callable[[str], Path]:
    """Finds a file of an installed package, ``newton/examples/assets/ant.usda``; skips the test where it is missing."""

    def find(inside: str) -> Path:
        package, _, rest = inside.partition("/")
        try:
            path = package_folder(package) / rest
        except RobotFileError as error:
            pytest.skip(error.reason)
        if not path.is_file():
            pytest.skip(f"{package} has no {rest}")
        return path

    return find
