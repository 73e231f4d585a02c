"""The arrays that kernels share, grouped by what they describe.

Named tuples of arrays: Python code reads them by name, Numba compiles them away. Whoever builds
one owns its arrays; kernels change them only where their docstrings say so.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_BOOSTING, LOG_BOOSTING, EXP_BOOSTING, HELD_BOOSTING = 0, 1, 2, 3
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

    Where input bits come in pairs (bits 2 p and 2 p + 1 of pixel p), words are of the first of 64
    pairs and of the second of these, in turns; runs begin and end with pairs of words.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    """(W + 1,) in rows, the last is where the row of zeros starts; (B + 1,) in words"""
    run_starts: NDArray[np.int64]
    """(W,) or (B,)"""
    run_lengths: NDArray[np.int64]
    """(W,) or (B,), 0 where nothing can be seen"""
    n_pairs: int
    """Pairs of input bits, or 0"""


class ConnectedLists(NamedTuple):
    """Connected synapses as lists: for each input bit, the columns connected to it, in no order.

    Columns lie in blocks of `block_size`, and blocks in pairs. In each pair an input bit has one
    run of columns: those of the first block grow downwards from the middle of the run, those of the
    second upwards. So a pair is counted as one list, two threads change it without meeting, and the
    counters of its columns fit a cache. A run has room for all columns with a potential synapse.
    """

    columns: NDArray[np.uint16]
    """(S,) counted from the first column of the pair of blocks"""
    middles: NDArray[np.int64]
    """(P, N) for each pair and input bit, where the columns of the second block begin"""
    lengths: NDArray[np.int32]
    """(P, N, 2) connected columns of the first and of the second block"""
    block_size: int
    """A multiple of 64"""


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


class Neighbourhood(NamedTuple):
    """The neighbourhoods of C columns, as distances in a padded copy of their grid, N cells.

    Cells `first_cell` to `last_cell` include all columns. Every array of N has room behind for a
    whole vector and a neighbourhood.
    """

    columns: NDArray[np.int32]
    """(N,) the column that each cell holds or repeats; -1 where there is none"""
    limits: NDArray[np.int32]
    """(N,) by so many columns a column must not be beaten, to be active; 0 in cells of padding"""
    copies: NDArray[np.int64]
    """(n_copies, 3) first column, first cell and length of the runs that fill the padded grid"""
    rows: NDArray[np.int64]
    """(n_rows,) from a column's cell to the first cell of each row of its neighbourhood"""
    blocks: NDArray[np.int64]
    """(n_blocks,) from a column's cell to the first cell of each block of its neighbourhood"""
    shifts: NDArray[np.int64]
    """(n_shifts,) the largest key of the block that starts at a cell is found by taking, for one
    shift after the other, the larger of the value at the cell and that one shift further on"""
    row_width: int
    """Cells in a row of a neighbourhood."""
    first_cell: int
    last_cell: int
    n_maxima: int
    """So many cells, a multiple of 32, get the largest keys of their blocks."""
    most_active: int
    """No more columns than this can win."""


class Boxes(NamedTuple):
    """The boxes of C columns: all columns within a reach along every axis.

    An axis sees the columns as (outer, n, inner). The boxes of reach n or more span the whole axis;
    others end at its ends, or continue at the opposite end where they wrap around, and do not meet
    themselves there: 2 reach + 1 < n.
    """

    axes: NDArray[np.int64]
    """(D, 4) outer, n, inner, reach"""
    wraps: int
    """1 where boxes continue at the opposite edge, else 0"""
    sizes: NDArray[np.float64]
    """(C,) number of columns in each box"""
    room: int
    """Scratch space is (3, room)."""


class Inhibition(NamedTuple):
    """What columns compete in; what the kind of inhibition does not use has no effect."""

    blur: Blur
    neighbourhood: Neighbourhood
    boxes: Boxes
    """The neighbourhoods again, for sums and maxima where these are needed; for the blur, of two
    standard deviations."""


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
    """Keys between one overlap and the next, where there are `Columns.tie_keys`"""
    lowest_exponent: float
    """Where boost factors can be too large for float32: the binary exponent that keys begin with"""
    key_scale: float
    """Then the steps of a key per step of a float's bits, at most 1; else 0"""


class Classic(NamedTuple):
    """What the classic rule needs beyond `Rule`: see `fastsp.kernels.classic`."""

    clock: NDArray[np.int64]
    """(1,) cycles before this chunk, learning or not"""
    min_overlap_duty_cycles: NDArray[np.float64]
    """(C,) what is below is weak"""
    targets: NDArray[np.float32]
    """(C,) room for the sums of duty cycles in neighbourhoods where boosting compares with their
    mean; else (0,)"""
    period: int
    """Cycles that duty cycles are averaged over, once there have been as many."""
    stimulus_threshold: int
    """The smallest boosted overlap that wins, and how many synapses of a column are connected at
    least once it has learned."""


class Pooler(NamedTuple):
    """One pooler, as kernels see it."""

    synapses: Synapses
    overlap_index: OverlapIndex
    columns: Columns
    inhibition: Inhibition
    rule: Rule
    input_mask: NDArray[np.uint64]
    """(W,) a one for each input bit that is not switched off"""
    classic: Classic | None
    """None for the rule of `fastsp.SpatialPooler`; what serves the other is not compiled then."""


class Chunk(NamedTuple):
    """Inputs and their active columns."""

    inputs: NDArray[np.uint64]
    """(n, W) packed: bit i of an input is bit i % 64 of word i // 64"""
    active: NDArray[np.int32]
    """(n, k) ascending, with k the most there can be"""
    n_active: NDArray[np.int64]
    """(n,) how many entries of each row of `active` count"""
    progress: NDArray[np.int64]
    """(2,) inputs of the same batch in earlier chunks, -1 where it goes on in another one; and how
    many inputs of this chunk have been learned, or looked at, when all is done"""
    keys: NDArray[np.uint32]
    """(n, k) the keys that they were chosen by, written by a single worker; (n, 0) where nobody
    asks for them"""
