"""Several dendritic segments per column: in each cycle the best one speaks for its column.

Segments of a column are rows of all arrays one after the other: segment s of column c is row
n c + s, with n segments to a column. Where n is 1, rows are columns, and none of this runs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Step, at, call
from fastsp.kernels.jit import kernel, step


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


class Representing(NamedTuple):
    """The boosted overlaps of segments, of which the best speaks for its column."""

    boost: Step
    """Fills `segment_keys`; see `Finding.boost`"""
    segment_keys: NDArray[np.uint32]
    """(n C,)"""
    keys: NDArray[np.uint32]
    """(C,)"""
    best_segments: NDArray[np.int32]
    """(C,)"""


@step
def boost_segments(block: Representing, place: int, first: int, last: int) -> int:
    """Boost the overlaps of all segments, then take the best; see `Finding.boost`."""
    own = at(block)
    call(own.boost, (place, 0, own.segment_keys.size))
    take_best_segments(own.segment_keys, own.keys, own.best_segments)
    return 0
