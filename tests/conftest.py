"""What all tests share: kernels without adjoints, the order in which they run, and which of them need a GPU."""

from __future__ import annotations

import pytest

from tests import without_adjoints  # noqa: F401 - before a test brings Isaac Lab
from tests.gpu import skip_without_gpu


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files that start a simulator first: they are the longest, and one that begins last runs alone."""
    slow = {item.path for item in items if item.get_closest_marker("sim") is not None}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before fixtures are set up: a simulation would need the device."""
    if item.get_closest_marker("gpu") is not None:
        skip_without_gpu()
