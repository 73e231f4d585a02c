"""The arrays that kernels share, grouped by what they describe.

Named tuples of arrays: Python code reads them by name, Numba compiles them away. Whoever builds
one owns its arrays; kernels change them only where their docstrings say so.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_BOOSTING, LOG_BOOSTING, EXP_BOOSTING = 0, 1, 2
DENSITY_TARGET, NEIGHBOURHOOD_TARGET = 0, 1
COUNTED_OVERLAP, SHARED_OVERLAP = 0, 1
GLOBAL_INHIBITION, GAUSSIAN_INHIBITION, LOCAL_INHIBITION, GROUPED_INHIBITION = 0, 1, 2, 3
BIT_ROWS, BIT_WORDS, CONNECTED_LISTS = 0, 1, 2
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


class ConnectedBits(NamedTuple):
    """Connected synapses as a matrix of bits, of input bits by columns, a one for each.

    W blocks of 64 input bits, B of 64 columns. In rows: the columns that can see any bit of input
    block w lie in a run of column blocks, `run_lengths[w]` from `run_starts[w]` on, a multiple of
    8; from `words[starts[w]]` on there is a row of so many words for each of the 64 input bits,
    with a bit for each column. Behind all rows follows one of zeros, as long as the longest. In
    words, the other way round: the input bits that column block b can see lie in a run of input
    blocks, and for each of these there is a word for each of the 64 columns, with a bit for each
    input bit.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    """(W + 1,) in rows, the last is where the row of zeros starts; (B + 1,) in words"""
    run_starts: NDArray[np.int64]
    """(W,) or (B,)"""
    run_lengths: NDArray[np.int64]
    """(W,) or (B,), 0 where nothing can be seen"""


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
    """Connected synapses by input bit, in one of three layouts.

    What the layout does not use is empty.
    """

    layout: int
    n_planes: int
    """Binary digits that the largest possible overlap needs; at least 3."""
    bits: ConnectedBits
    lists: ConnectedLists
    connected_counts: NDArray[np.int32]
    """(C,) how many synapses of each column are connected; (0,) where that is not needed"""


class Columns(NamedTuple):
    """What each of C columns remembers; with n segments to a column, each of its n C segments."""

    active_duty_cycles: NDArray[np.float64]
    log_duty_cycles: NDArray[np.float64]
    """Natural logarithm of the above, kept in step incrementally; used by logarithmic boosting."""
    boost_factors: NDArray[np.float32]
    tie_breakers: NDArray[np.float32]
    thresholds: NDArray[np.uint16]
    """The smallest overlap with which each may be active: the stimulus threshold, or `OFF`."""
    targets: NDArray[np.float64]
    """Mean duty cycle of the neighbourhood where boosting compares with that, else (0,)."""
    connected_counts: NDArray[np.int32]
    """Those of the overlap index."""
    overlap_duty_cycles: NDArray[np.float64]
    """Moving average of how often each sees enough to be active; (0,) where unused."""
    tie_keys: NDArray[np.uint32]
    """Keys above 0, below `Rule.overlap_step`, in the order of the tie-breakers, equal for equal
    ones; (0,) where tie-breakers are added to overlaps."""


class Blur(NamedTuple):
    """A linear map over the grid of columns as a chain of products, one axis at a time.

    A step sees its input as (outer, n, inner) and its output as (outer, m, inner). Where its
    spacing is 0, it multiplies along the middle axis with an (m, n) matrix, whose rows are zero
    outside a range of columns. Where inner is 1, the matrix is stored transposed and multiplied
    from the right, and the ranges are those of the outer rows: all of each.

    Else m is n, and each line along the middle axis, continued beyond its ends, is convolved with
    taps; with a spacing h above 1, on a coarser grid, a point for every h places. A point takes
    from 10 blocks of h places, and a place from 10 points: weights (h, 10) for each follow the
    taps. Continued lines lie with the first places of all blocks first: (h, blocks).
    """

    weights: NDArray[np.float32]
    """Matrices, and taps with what follows them."""
    steps: NDArray[np.int64]
    """(n_steps, 8): outer, m, n, inner, offset into weights, offset into ranges or places, spacing,
    number of taps."""
    ranges: NDArray[np.int64]
    """(rows of all matrices, 2)"""
    places: NDArray[np.int64]
    """Which places of a line the continued line consists of."""
    room: int
    """Scratch space for a step is (2, room)."""


class Rule(NamedTuple):
    """The numbers and choices of one pooler."""

    n_active: int
    group_size: int
    """Columns that compete with each other under grouped inhibition, else C"""
    inhibition: int
    boosting: int
    boost_strength: float
    boost_target: int
    target_density: float
    duty_cycle_decay: float
    """1 - 1 / duty_cycle_period"""
    permanence_increment: float
    permanence_decrement: float
    connected_threshold: float
    batch_size: int
    weak_column_share: float
    """0 where weak columns are left as they are"""
    weak_column_increment: float
    n_segments: int
    """Dendritic segments of each column, rows of all arrays of synapses and `Columns`"""
    overlap: int
    tie_scale: float
    """What tie-breakers are multiplied by before they are added to shares"""
    overlap_step: int
    """Keys of excitement between one overlap and the next, where there are `Columns.tie_keys`"""
    lowest_exponent: float
    """Where boost factors can be too large for float32: the binary exponent that keys begin with"""
    key_scale: float
    """Then the steps of a key per step of a float's bits, at most 1; else 0"""
