"""What all tests share: the order in which they run."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files that start a simulator first: they are the longest, and one that begins last runs alone."""
    slow = {item.path for item in items if item.get_closest_marker("sim") is not None}
    items.sort(key=lambda item: item.path not in slow)
