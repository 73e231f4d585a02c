"""The arrays that kernels share, grouped by what they describe.

Named tuples of arrays: Python code reads them by name, Numba compiles them away. Whoever builds
one owns its arrays; kernels change them only where their docstrings say so.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_BOOSTING, LOG_BOOSTING, EXP_BOOSTING = 0, 1, 2
GLOBAL_INHIBITION, GAUSSIAN_INHIBITION, LOCAL_INHIBITION, GROUPED_INHIBITION = 0, 1, 2, 3
BIT_ROWS, CONNECTED_LISTS = 0, 1
OFF = 0xFFFF
"""Threshold of columns that are switched off, more than any overlap."""


class Synapses(NamedTuple):
    """Potential synapses of C columns as compressed rows, S in all."""

    indptr: NDArray[np.int64]
    """(C + 1,) where each column's synapses begin."""
    indices: NDArray[Any]
    """(S,) uint16, or uint32 for more than 65,536 inputs: input bit of each, ascending within a
    column; unsigned, so loops need no wrap-around"""
    permanences: NDArray[np.float32]
    """(S,) in [0, 1]."""


class BitRows(NamedTuple):
    """Connected synapses as rows of bits: for each input bit, a one for each connected column.

    Input bits 64 w to 64 w + 63 can be seen by one run of columns: `run_lengths[w]` words of 64
    columns each, a multiple of 8, from column 64 `run_starts[w]` on. The row of input bit i, with
    w = i // 64, is at `words[row_starts[w] + (i % 64) * run_lengths[w]]`. Behind all rows follows
    one of zeros, as long as the longest.
    """

    words: NDArray[np.uint64]
    row_starts: NDArray[np.int64]
    """(W + 1,) the last is where the row of zeros starts"""
    run_starts: NDArray[np.int64]
    """(W,)"""
    run_lengths: NDArray[np.int64]
    """(W,) 0 where no column can see the word"""


class ConnectedLists(NamedTuple):
    """Connected synapses as lists: for each input bit, the columns connected to it, in no order.

    The list of input bit i is `columns[starts[i] : starts[i] + lengths[i]]`; it has room for all
    columns with a potential synapse there.
    """

    columns: NDArray[Any]
    """(S,) uint16 where there are at most 65,536 columns, else uint32"""
    starts: NDArray[np.int64]
    """(N + 1,)"""
    lengths: NDArray[np.int64]
    """(N,)"""


class OverlapIndex(NamedTuple):
    """Connected synapses by input bit, in one of two layouts; the arrays of the other are empty."""

    layout: int
    n_planes: int
    """Binary digits that the largest possible overlap needs; at least 3."""
    rows: BitRows
    lists: ConnectedLists


class Columns(NamedTuple):
    """What each of C columns remembers."""

    active_duty_cycles: NDArray[np.float64]
    log_duty_cycles: NDArray[np.float64]
    """Natural logarithm of the above, kept in step incrementally; used by logarithmic boosting."""
    boost_factors: NDArray[np.float32]
    tie_breakers: NDArray[np.float32]
    thresholds: NDArray[np.uint16]
    """The smallest overlap with which each may be active: the stimulus threshold, or `OFF`."""


class Blur(NamedTuple):
    """A linear map over the grid of columns as a chain of matrix products, one axis at a time.

    A step sees its input as (outer, n, inner) and its output as (outer, m, inner), and multiplies
    along the middle axis with an (m, n) matrix, whose rows are zero outside a range of columns.
    Where inner is 1, the matrix is stored transposed and multiplied from the right, and the ranges
    are those of the outer rows: all of each.
    """

    matrices: NDArray[np.float32]
    steps: NDArray[np.int64]
    """(n_steps, 6): outer, m, n, inner, offset into matrices, offset into ranges."""
    ranges: NDArray[np.int64]
    """(rows of all steps, 2)"""


class Rule(NamedTuple):
    """The numbers and choices of one pooler."""

    n_active: int
    group_size: int
    """Columns that compete with each other under grouped inhibition, else C"""
    inhibition: int
    boosting: int
    boost_strength: float
    target_density: float
    duty_cycle_decay: float
    """1 - 1 / duty_cycle_period"""
    permanence_increment: float
    permanence_decrement: float
    connected_threshold: float
    batch_size: int
