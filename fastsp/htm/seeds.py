"""Random numbers from seeds, and from generators of other packages."""

from typing import Any

import numpy as np

from fastsp.htm.checks import check_integer

_DRAWS: dict[str, tuple[int, ...]] = {
    "getUInt32": (2**31,),  # htm.core
    "getrandbits": (31,),  # random.Random
    "integers": (2**31,),  # numpy.random.Generator
    "randint": (2**31 - 1,),  # numpy.random.RandomState
}
"""How generators are asked for an integer from 0, and by what bound."""


def random_numbers(seed: Any) -> np.random.RandomState:
    """Return random numbers that are the same for a seed in all versions of NumPy; 0 draws one.

    Raises
    ------
    TypeError, ValueError
        Where the seed is neither a generator nor an integer, or below 0.
    """
    for method, bound in _DRAWS.items():
        if hasattr(seed, method):
            seed = int(getattr(seed, method)(*bound)) + 1
            break
    seed = check_integer("seed", seed, 0)
    return np.random.RandomState(np.random.PCG64(seed or None))
