"""Scratch space of a cycle, allocated once for many of them, for each worker its own."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import inlined
from fastsp.kernels.llvm.bits import ROW_WORDS, ROWS, WORD
from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.state import (
    BIT_WORDS,
    GAUSSIAN_INHIBITION,
    LOCAL_INHIBITION,
    NEIGHBOURHOOD_TARGET,
    Inhibition,
    Pooler,
    Rule,
)

FLIP_ROOM = 4096
"""Flips that may wait to be entered into the overlap index."""
TOGETHER = 16
"""Inputs whose overlaps are counted together, where each word of the index serves them all."""
PADDING = 4 * LANES
"""Excluded keys behind candidates, so that loops over them need not end between vectors."""
_LINE = 16
"""Integers that fill two cache lines."""


class SelectionScratch(NamedTuple):
    """For selecting among n keys."""

    candidates: NDArray[np.int32]
    """(n + PADDING,)"""
    candidate_keys: NDArray[np.uint32]
    """(n + PADDING,)"""
    padded: NDArray[np.uint32]
    """(LANES,) keys of a small group; always 0 beyond them"""
    maxima: NDArray[np.uint32]
    """(n_lane_maxima(n),) the largest key in each lane"""


class LocalScratch(NamedTuple):
    """For local inhibition, in a padded grid of N cells."""

    cells: NDArray[np.uint32]
    """(N,) keys of the padded grid; always 0 in cells that no run fills"""
    maxima: NDArray[np.uint32]
    """(N,) the largest key of the block that starts at each cell"""
    candidates: NDArray[np.int32]
    """(N,) cells that may win"""


class Flips(NamedTuple):
    """Synapses that became connected or ceased to be, on their way into the index."""

    columns: NDArray[np.int64]
    synapses: NDArray[np.int64]
    """Positions in the arrays of `Synapses`."""


class NeighbourhoodScratch(NamedTuple):
    """For what is looked up in neighbourhoods when learning."""

    values: NDArray[np.float64]
    """(2, C)"""
    work: NDArray[np.float64]
    """(3, room of the boxes)"""
    blurred: NDArray[np.float32]
    """(4, room of the blur)"""


class Scratch(NamedTuple):
    """What one cycle fills on its way from the input to the active columns and back, C columns.

    For several workers each array begins with an axis of workers.
    """

    offsets: NDArray[np.int64]
    """(ROWS,) where rows that are added together begin"""
    planes: NDArray[np.uint64]
    halves: NDArray[np.uint64]
    """(n, W) where input bits come in pairs, else (n, 0): all first ones of 64, all second ones"""
    one_of_each: NDArray[np.bool_]
    """(n,) whether of each pair one bit is on"""
    overlaps: NDArray[np.uint16]
    """(n, rows rounded up to a multiple of 64) of n inputs at a time"""
    segment_keys: NDArray[np.uint32]
    """(n C,) where columns have several segments, else (0,)"""
    best_segments: NDArray[np.int32]
    """(C,) or (0,), the segments that represent their columns"""
    keys: NDArray[np.uint32]
    """(C,) in the order in which columns are chosen; 0 where they cannot be active"""
    boosted: NDArray[np.float32]
    """(C,) filled only where it is blurred, as `normalised`; else (0,)"""
    normalised: NDArray[np.float32]
    blur_work: NDArray[np.float32]
    selection: SelectionScratch
    local: LocalScratch
    guess: NDArray[np.int64]
    """The first entry is the bound that the last winners reached; see `select_top`."""
    changes: NDArray[np.float32]
    """(64 W,) what learning adds to the permanences of each input bit"""
    work: NDArray[np.float64]
    """As long as a row of active columns"""
    flips: Flips


@inlined
def n_lane_maxima(n: int) -> int:
    """Return how many lanes `n` keys may be dealt out to."""
    return max(n // 2, LANES)


def new_scratch(pooler: Pooler, max_active: int, n_workers: int) -> Scratch:
    """Allocate scratch space for `n_workers`, and rows of `max_active` active columns.

    Without learning there are no flips nor changes: their pages stay untouched.
    """
    rule, index = pooler.rule, pooler.overlap_index
    n_rows = pooler.columns.tie_breakers.size
    n_columns, n_words, n_input_words = (
        n_rows // rule.n_segments,
        -(-n_rows // WORD),
        pooler.input_mask.size,
    )
    n_represented, n_segment_keys = (n_columns, n_rows) if rule.n_segments > 1 else (0, 0)
    together = TOGETHER if index.layout == BIT_WORDS else 1
    n_halves = 2 * -(-index.bits.n_pairs // WORD)
    n_flips = FLIP_ROOM + WORD * n_input_words
    return new_competition_scratch(pooler.inhibition, rule, n_columns, n_workers)._replace(
        offsets=np.empty((n_workers, ROWS), np.int64),
        planes=np.empty((n_workers, index.n_planes * (n_words + ROW_WORDS)), np.uint64),
        halves=np.empty((n_workers, together, n_halves), np.uint64),
        one_of_each=np.empty((n_workers, together), np.bool_),
        overlaps=np.zeros((n_workers, together, WORD * n_words), np.uint16),
        segment_keys=np.empty((n_workers, n_segment_keys), np.uint32),
        best_segments=np.empty((n_workers, n_represented), np.int32),
        changes=np.empty((n_workers, WORD * n_input_words), np.float32),
        work=np.empty((n_workers, max_active), np.float64),
        flips=Flips(
            np.empty((n_workers, n_flips), np.int64), np.empty((n_workers, n_flips), np.int64)
        ),
    )


def new_competition_scratch(
    inhibition: Inhibition, rule: Rule, n_columns: int, n_workers: int = 1
) -> Scratch:
    """Allocate scratch space for `n_columns` that compete, and for nothing else."""
    gaussian, local = (rule.inhibition == k for k in (GAUSSIAN_INHIBITION, LOCAL_INHIBITION))
    n_blurred = n_columns if gaussian else 0
    blur_size = max(n_columns, inhibition.blur.room) if gaussian else 0
    n_cells = inhibition.neighbourhood.limits.size if local else 0
    nothing = np.empty((n_workers, 0), np.int64)
    return Scratch(
        nothing,
        np.empty((n_workers, 0), np.uint64),
        np.empty((n_workers, 1, 0), np.uint64),
        np.empty((n_workers, 1), np.bool_),
        np.empty((n_workers, 1, 0), np.uint16),
        np.empty((n_workers, 0), np.uint32),
        np.empty((n_workers, 0), np.int32),
        np.empty((n_workers, n_columns), np.uint32),
        np.empty((n_workers, n_blurred), np.float32),
        np.empty((n_workers, n_blurred), np.float32),
        np.empty((n_workers, 4, blur_size), np.float32),
        SelectionScratch(
            np.empty((n_workers, n_columns + PADDING), np.int32),
            np.empty((n_workers, n_columns + PADDING), np.uint32),
            np.zeros((n_workers, LANES), np.uint32),
            np.empty((n_workers, n_lane_maxima(n_columns)), np.uint32),
        ),
        LocalScratch(
            np.zeros((n_workers, n_cells), np.uint32),
            np.empty((n_workers, n_cells), np.uint32),
            np.empty((n_workers, n_cells), np.int32),
        ),
        np.zeros((n_workers, _LINE), np.int64),
        np.empty((n_workers, 0), np.float32),
        np.empty((n_workers, 0)),
        Flips(nothing, nothing),
    )


@inlined
def scratch_of(scratch: Scratch, worker: int) -> Scratch:
    """Return the scratch space of one worker."""
    selection, local, flips = scratch.selection, scratch.local, scratch.flips
    return Scratch(
        scratch.offsets[worker],
        scratch.planes[worker],
        scratch.halves[worker],
        scratch.one_of_each[worker],
        scratch.overlaps[worker],
        scratch.segment_keys[worker],
        scratch.best_segments[worker],
        scratch.keys[worker],
        scratch.boosted[worker],
        scratch.normalised[worker],
        scratch.blur_work[worker],
        SelectionScratch(
            selection.candidates[worker],
            selection.candidate_keys[worker],
            selection.padded[worker],
            selection.maxima[worker],
        ),
        LocalScratch(local.cells[worker], local.maxima[worker], local.candidates[worker]),
        scratch.guess[worker],
        scratch.changes[worker],
        scratch.work[worker],
        Flips(flips.columns[worker], flips.synapses[worker]),
    )


def new_neighbourhood_scratch(
    inhibition: Inhibition, rule: Rule, n_columns: int
) -> NeighbourhoodScratch | None:
    """Allocate scratch space for comparing columns with their neighbourhood; None where none is."""
    if rule.boost_target != NEIGHBOURHOOD_TARGET and rule.weak_column_share == 0.0:
        return None
    gaussian = rule.inhibition == GAUSSIAN_INHIBITION
    return NeighbourhoodScratch(
        np.empty((2, n_columns)),
        np.empty((3, inhibition.boxes.room)),
        np.empty((4, max(n_columns, inhibition.blur.room) if gaussian else 0), np.float32),
    )
