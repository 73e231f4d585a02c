"""The Hebbian rule, and the overlap index kept in step with it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel, step
from fastsp.kernels.llvm.bits import lowest_one
from fastsp.kernels.llvm.lanes import LANES, adapt_lanes, prefetch
from fastsp.kernels.overlap import flip, prefetch_flip
from fastsp.kernels.scratch import Flips
from fastsp.kernels.state import OverlapIndex, Rule, Synapses

COLUMNS_AHEAD, FLIPS_AHEAD = 8, 8
"""Prefetch distances."""


@kernel
def fill_changes(words: NDArray[np.uint64], rule: Rule, changes: NDArray[np.float32]) -> None:
    """Fill `changes` (64 W,): +increment where the input bit is on, -decrement where it is off."""
    on, off = np.float32(rule.permanence_increment), -np.float32(rule.permanence_decrement)
    for w in range(words.size):
        word = words[w]
        of_word = changes[64 * w : 64 * w + 64]
        for i in range(64):
            of_word[i] = on if (word >> np.uint64(i)) & np.uint64(1) else off


@step
def prefetch_column(column: int, synapses: Synapses) -> None:
    """Ask for the synapses of `column` ahead of their use: active lie scattered in memory."""
    for i in range(synapses.indptr[column], synapses.indptr[column + 1], LANES):
        prefetch(synapses.indices, i)
        prefetch(synapses.permanences, i)


@step
def adapt_column(
    start: int,
    end: int,
    synapses: Synapses,
    changes: NDArray[np.float32],
    threshold: np.float32,
    flipped_synapses: NDArray[np.int64],
    n_flips: int,
) -> int:
    """Add to each potential synapse the change of its input bit, clipped to [0, 1].

    Of the synapses from `start` to `end`, all of one column. Changes `synapses.permanences`;
    appends to the `n_flips` entries of `flipped_synapses`, with room for all of these synapses, and
    returns how many there are then. The last vector overlaps the one before, of which it skips what
    is done.
    """
    indices, permanences = synapses.indices, synapses.permanences
    if end - start < LANES:
        for i in range(start, end):
            old = permanences[i]
            new = min(max(old + changes[indices[i]], np.float32(0.0)), np.float32(1.0))
            permanences[i] = new
            flipped_synapses[n_flips] = i
            n_flips += (old >= threshold) != (new >= threshold)
        return n_flips
    for next_one in range(start, end, LANES):
        first = min(next_one, end - LANES)
        skip = next_one - first
        flipped = adapt_lanes(permanences, indices, changes, first, skip, threshold)
        while flipped != 0:
            flipped_synapses[n_flips] = first + lowest_one(flipped)
            n_flips += 1
            flipped &= flipped - np.uint64(1)
    return n_flips


@kernel
def adapt_columns(
    active: NDArray[np.int32],
    synapses: Synapses,
    rule: Rule,
    changes: NDArray[np.float32],
    index: OverlapIndex,
    flips: Flips,
) -> None:
    """Adapt the rows `active` (see `adapt_column`) and bring `index` up to date.

    A pool for which `flips` has too little room (it has some) is adapted in pieces. Memory is asked
    for ahead of its use: active rows, and the places of their flips in the index, lie scattered.
    """
    room, threshold = flips.columns.size, np.float32(rule.connected_threshold)
    n_flips: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    for j in range(active.size):
        if j + COLUMNS_AHEAD < active.size:
            prefetch_column(active[j + COLUMNS_AHEAD], synapses)
        column = active[j]
        start, last = synapses.indptr[column], synapses.indptr[column + 1]
        while start < last:
            end = min(start + room, last)
            if n_flips + end - start > room:
                _enter(flips, n_flips, synapses, threshold, index)
                n_flips = np.int64(0)
            n_before = n_flips
            n_flips = adapt_column(
                start, end, synapses, changes, threshold, flips.synapses, n_flips
            )
            for i in range(n_before, n_flips):
                flips.columns[i] = column
            start = end
    _enter(flips, n_flips, synapses, threshold, index)


@step
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
