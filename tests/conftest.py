"""What all tests share: kernels without adjoints, and the order in which they run."""

from __future__ import annotations

import pytest

from tests import without_adjoints  # noqa: F401 - before a test brings Isaac Lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files that start a simulator first: they are the longest, and one that begins last runs alone."""
    slow = {item.path for item in items if item.get_closest_marker("sim") is not None}
    items.sort(key=lambda item: item.path not in slow)
