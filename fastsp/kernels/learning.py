"""The Hebbian rule, and the overlap index kept in step with it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.overlap import flip, prefetch_flip
from fastsp.kernels.state import OverlapIndex, Synapses
from fastsp.kernels.vectors import LANES, adapt_lanes, lowest_one, prefetch

COLUMNS_AHEAD, FLIPS_AHEAD = 8, 8
"""How early memory is asked for."""


@kernel
def fill_changes(
    words: NDArray[np.uint64], increment: float, decrement: float, changes: NDArray[np.float32]
) -> None:
    """Fill `changes` (64 W,): +increment where the input bit is on, -decrement where it is off."""
    on, off = np.float32(increment), -np.float32(decrement)
    for w in range(words.size):
        word = words[w]
        of_word = changes[64 * w : 64 * w + 64]
        for i in range(64):
            of_word[i] = on if (word >> np.uint64(i)) & np.uint64(1) else off


@kernel
def prefetch_column(column: int, synapses: Synapses) -> None:
    """Ask for the synapses of `column` ahead of their use: winners lie scattered in memory."""
    for i in range(synapses.indptr[column], synapses.indptr[column + 1], LANES):
        prefetch(synapses.indices, i)
        prefetch(synapses.permanences, i)


class Flips(NamedTuple):
    """Synapses that became connected or ceased to be, on their way into the index."""

    columns: NDArray[np.int64]
    synapses: NDArray[np.int64]
    """Positions in the arrays of `Synapses`."""


@kernel
def new_flips(n: int) -> Flips:
    """Allocate room for `n` flips."""
    return Flips(np.empty(n, np.int64), np.empty(n, np.int64))


@kernel
def adapt_column(
    column: int,
    start: int,
    end: int,
    synapses: Synapses,
    changes: NDArray[np.float32],
    threshold: np.float32,
    flips: Flips,
    n_flips: int,
) -> int:
    """Add to each potential synapse the change of its input bit, clipped to [0, 1].

    Of the synapses from `start` to `end`, all of `column`. Changes `synapses.permanences`; appends
    to the `n_flips` entries of `flips`, with room for all of these synapses, and returns how many
    there are then. The last vector overlaps the one before, of which it skips what is done.
    """
    indices, permanences = synapses.indices, synapses.permanences
    if end - start < LANES:
        for i in range(start, end):
            old = permanences[i]
            new = min(max(old + changes[indices[i]], np.float32(0.0)), np.float32(1.0))
            permanences[i] = new
            flips.columns[n_flips], flips.synapses[n_flips] = column, i
            n_flips += (old >= threshold) != (new >= threshold)
        return n_flips
    for next_one in range(start, end, LANES):
        first = min(next_one, end - LANES)
        skip = next_one - first
        flipped = adapt_lanes(permanences, indices, changes, first, skip, threshold)
        while flipped != 0:
            flips.columns[n_flips] = column
            flips.synapses[n_flips] = first + lowest_one(flipped)
            n_flips += 1
            flipped &= flipped - np.uint64(1)
    return n_flips


@kernel
def adapt_columns(
    winners: NDArray[np.int32],
    synapses: Synapses,
    changes: NDArray[np.float32],
    threshold: np.float32,
    index: OverlapIndex,
    flips: Flips,
) -> None:
    """Adapt the columns `winners` (see `adapt_column`) and bring `index` up to date.

    A pool for which `flips` has too little room (it has some) is adapted in pieces. Memory is asked
    for ahead of its use: winners, and the places of their flips in the index, lie scattered.
    """
    room = flips.columns.size
    n_flips: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    for j in range(winners.size):
        if j + COLUMNS_AHEAD < winners.size:
            prefetch_column(winners[j + COLUMNS_AHEAD], synapses)
        column = winners[j]
        start, last = synapses.indptr[column], synapses.indptr[column + 1]
        while start < last:
            end = min(start + room, last)
            if n_flips + end - start > room:
                _enter(flips, n_flips, synapses, threshold, index)
                n_flips = np.int64(0)
            n_flips = adapt_column(column, start, end, synapses, changes, threshold, flips, n_flips)
            start = end
    _enter(flips, n_flips, synapses, threshold, index)


@kernel
def _enter(
    flips: Flips, n_flips: int, synapses: Synapses, threshold: np.float32, index: OverlapIndex
) -> None:
    for j in range(n_flips):
        if j + FLIPS_AHEAD < n_flips:
            ahead = j + FLIPS_AHEAD
            prefetch_flip(
                index,
                flips.columns[ahead],
                np.uint32(synapses.indices[flips.synapses[ahead]]),
            )
        i = flips.synapses[j]
        flip(
            index,
            flips.columns[j],
            np.uint32(synapses.indices[i]),
            synapses.permanences[i] >= threshold,
        )
