"""Every function and operator of the language by example."""

from __future__ import annotations

from .cases_functions import FUNCTIONS
from .cases_operators import ARITHMETIC, CHOICES, COMPARISONS, IN_REWARDS, NORMS
from .cases_vectors import FRAMES, READINGS, VECTORS

CASES = [*ARITHMETIC, *COMPARISONS, *NORMS, *CHOICES, *FUNCTIONS, *VECTORS, *FRAMES, *READINGS, *IN_REWARDS]
