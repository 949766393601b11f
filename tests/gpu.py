"""The GPU that tests need.

A test or a parameter marked ``gpu`` runs on :data:`GPU`, and is skipped with the words "no GPU" where torch finds none;
``tests/conftest.py`` sees to that. Such a test can be tried without a GPU, for what it asks for rather than for what
a GPU does::

    STRIPE_TEST_GPU=cpu pytest -m gpu tests/sim/test_gpu.py
"""

from __future__ import annotations

import os

import pytest

GPU = os.environ.get("STRIPE_TEST_GPU", "cuda:0")
"""The device of tests marked ``gpu``."""


def skip_without_gpu() -> None:
    """Skips the running test where there is no such device."""
    if GPU != "cpu" and not pytest.importorskip("torch", reason="no GPU").cuda.is_available():
        pytest.skip("no GPU")
