"""Integers in the order of floats."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel


@kernel
def order_key(value: np.float32) -> np.uint32:
    """Return the image of `value` (not NaN) in the integers that has the same order.

    -0 and 0 share a key. All keys are above 0, which is free to mean "excluded".
    """
    bits: Any = np.float32(value + np.float32(0.0)).view(np.uint32)
    return np.uint32(~bits if bits >> np.uint32(31) else bits | np.uint32(0x80000000))


@kernel
def order_keys(values: NDArray[np.float32], keys: NDArray[np.uint32]) -> None:
    """Fill `keys` with the keys of `values` (see `order_key`)."""
    for i in range(values.size):
        keys[i] = order_key(values[i])


@kernel
def order_values(keys: NDArray[np.uint32], values: NDArray[np.float32]) -> None:
    """Fill `values` with what `keys` are the keys of, none of it negative; 0 where excluded."""
    for i in range(keys.size):
        bits: Any = np.uint32(keys[i] & np.uint32(0x7FFFFFFF))
        values[i] = bits.view(np.float32)
