"""Every function and operator of the language by example."""

from __future__ import annotations

from .cases_functions import FUNCTIONS
from .cases_operators import ARITHMETIC, CHOICES, COMPARISONS, IN_REWARDS, NORMS
from .cases_vectors import FRAMES, READINGS, ROTATIONS, VECTORS

CASES = [*ARITHMETIC, *COMPARISONS, *NORMS, *CHOICES, *FUNCTIONS, *VECTORS, *FRAMES, *ROTATIONS, *READINGS, *IN_REWARDS]
