"""Several dendritic segments per column: in each cycle the best one speaks for its column.

Segments of a column are rows of all arrays one after the other: segment s of column c is row
n c + s, with n segments to a column. Where n is 1, rows are columns, and none of this runs.
"""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel


@kernel
def take_best_segments(
    segment_keys: NDArray[np.uint32],
    keys: NDArray[np.uint32],
    best: NDArray[np.int32],
) -> None:
    """Fill `keys` and `best` (C,) from the keys of the segments (n C,).

    Best is the segment of the largest key, of equal ones the first.
    """
    n = segment_keys.size // keys.size
    for c in range(keys.size):
        largest = n * c
        for row in range(n * c + 1, n * (c + 1)):
            largest = row if segment_keys[row] > segment_keys[largest] else largest
        best[c] = largest - n * c
        keys[c] = segment_keys[largest]


@kernel
def point_to_segments(active: NDArray[np.int32], best: NDArray[np.int32], n: int) -> None:
    """Replace columns in `active` by the rows of their best segments."""
    for i in range(active.size):
        active[i] = n * active[i] + best[active[i]]


@kernel
def point_to_columns(active: NDArray[np.int32], n: int) -> None:
    """Replace rows in `active` by the columns they belong to."""
    for i in range(active.size):
        active[i] = active[i] // n


@kernel
def sum_segments(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Fill `out` (C,) with the sums of `values` (n C,) over the segments of each column."""
    n = values.size // out.size
    for c in range(out.size):
        total = 0.0
        for row in range(n * c, n * (c + 1)):
            total += values[row]
        out[c] = total


@kernel
def max_segments(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Fill `out` (C,) with the largest of `values` (n C,) over the segments of each column."""
    n = values.size // out.size
    for c in range(out.size):
        largest = values[n * c]
        for row in range(n * c + 1, n * (c + 1)):
            largest = max(largest, values[row])
        out[c] = largest
