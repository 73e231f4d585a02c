"""Competitions outside of cycles: from keys of boosted overlaps to active columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Closure, call
from fastsp.kernels.jit import kernel


@kernel
def compete_all(
    function: Any,
    block: Any,
    keys: NDArray[np.uint32],
    own: NDArray[np.uint32],
    n_active: NDArray[np.int64],
) -> None:
    """Let the columns compete for each of n inputs, by their `keys` (n, C).

    The closure (see `Finding.compete`) takes keys from `own` (C,), and writes active
    columns to a chunk of which `n_active` (n,), all 0, are the numbers.
    """
    for i in range(keys.shape[0]):
        for c in range(own.size):
            own[c] = keys[i, c]
        n_active[i] = call(Closure(function, block), (i, 0, own.size))
