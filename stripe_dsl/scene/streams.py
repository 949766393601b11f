"""Random numbers that stay as they are when something else is added to a scene.

Each use has a stream of its own, from the scene's seed and the names that lead to it: (7, "pine_forest", "rocks",
"positions"). No stream is shared, so the order of uses does not matter.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The random numbers of one use: the same for the same seed and names, in every process and on every machine."""
    key = "\0".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    digest = blake2b(key.encode(), digest_size=32).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def variant_seed(seed: int, variant: int) -> int:
    """The seed of a variant of a scene: the first has the scene's own, and no other seed has the same variants."""
    if variant == 0:
        return seed
    digest = blake2b(f"{seed}\0variant\0{variant}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 2  # which fits into any integer
