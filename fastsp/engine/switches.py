"""Columns and input bits that are switched off: which they are, and what kernels see of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.state import OFF
from fastsp.masks import check_unmasked

NOTHING_OFF: NDArray[np.int32] = np.empty(0, np.int32)


def as_positions(name: str, given: Any, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return the ascending positions meant by `given`, in a grid of this shape.

    Parameters
    ----------
    name : of the parameter, for errors.
    given : positions in the flat grid; or a boolean mask, flat or of the grid's shape; or None for
        no positions.

    Raises
    ------
    TypeError, ValueError
        If `given` is something else, or a position lies outside.
    """
    n = int(np.prod(shape))
    if given is None:
        return NOTHING_OFF
    check_unmasked(name, given)
    values = np.asarray(given)
    if values.dtype == np.bool_:
        if values.shape not in ((n,), shape):
            raise ValueError(
                f"{name} must be positions, or a mask of shape {(n,)} or {shape}; "
                f"got a mask of shape {values.shape}"
            )
        return np.flatnonzero(values).astype(np.int32)
    if values.size == 0:
        return NOTHING_OFF
    if values.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers or a boolean mask; got {given!r}")
    outside = values[(values < 0) | (values >= n)]
    if values.ndim > 1 or outside.size:
        found = f"shape {values.shape}" if values.ndim > 1 else f"{outside[0]}"
        raise ValueError(f"{name} must be a list of positions from 0 to {n - 1}; got {found}")
    return np.unique(values).astype(np.int32)


def column_thresholds(
    n_columns: int, stimulus_threshold: int, off_columns: NDArray[np.int32]
) -> NDArray[np.uint16]:
    """Return the smallest overlap with which each column may be active, (C,); or `OFF`."""
    thresholds = np.full(n_columns, min(stimulus_threshold, OFF), np.uint16)
    thresholds[off_columns] = OFF
    return thresholds


def input_mask(n_inputs: int, off_inputs: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return packed bits, (W,), with a one for each input bit that is not switched off."""
    working = np.zeros(-(-n_inputs // 64) * 64, np.uint8)
    working[:n_inputs] = 1
    working[off_inputs] = 0
    words = np.packbits(working, bitorder="little").view(np.uint64)
    return words if np.little_endian else words.byteswap()
