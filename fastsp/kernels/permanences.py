"""Permanences: how they learn, and the overlap index kept in step with them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, Step, at, call
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.llvm.bits import lowest_one
from fastsp.kernels.llvm.lanes import LANES, adapt_lanes, prefetch
from fastsp.kernels.overlap.flips import Flips
from fastsp.kernels.state import Chunk, Rule, Synapses, active_of

COLUMNS_AHEAD = 8
"""Prefetch distance."""


class Permanences(NamedTuple):
    """Synapses whose permanences may change, and what brings the index up to date."""

    synapses: Synapses
    threshold: float
    """A synapse is connected where its permanence is at least this, in float32."""
    flips: Flips
    enter: Step
    """See `fastsp.kernels.overlap.flips.Filling`."""


class Adapting(NamedTuple):
    """What permanences learn with."""

    permanences: Permanences
    rule: Rule
    changes: NDArray[np.float32]
    """(64 W,) what learning adds to the permanences of each input bit"""
    chunk: Block[Chunk]


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


@helper
def prefetch_column(column: int, synapses: Synapses) -> None:
    """Ask for the synapses of `column` ahead of their use: active lie scattered in memory."""
    for i in range(synapses.indptr[column], synapses.indptr[column + 1], LANES):
        prefetch(synapses.indices, i)
        prefetch(synapses.permanences, i)


@helper
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


@helper
def adapt_columns(
    active: NDArray[np.int32], permanences: Permanences, changes: NDArray[np.float32]
) -> None:
    """Adapt the rows `active` (see `adapt_column`) and bring the index up to date.

    A pool for which there is too little room for flips (there is some) is adapted in pieces. Memory
    is asked for ahead of its use: active rows lie scattered.
    """
    synapses, flips, threshold = (
        permanences.synapses,
        permanences.flips,
        np.float32(permanences.threshold),
    )
    room = flips.columns.size
    n_flips: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    for j in range(active.size):
        if j + COLUMNS_AHEAD < active.size:
            prefetch_column(active[j + COLUMNS_AHEAD], synapses)
        column = active[j]
        start, last = synapses.indptr[column], synapses.indptr[column + 1]
        while start < last:
            end = min(start + room, last)
            if n_flips + end - start > room:
                call(permanences.enter, (n_flips,))
                n_flips = np.int64(0)
            n_before = n_flips
            n_flips = adapt_column(
                start, end, synapses, changes, threshold, flips.synapses, n_flips
            )
            for i in range(n_before, n_flips):
                flips.columns[i] = column
            start = end
    call(permanences.enter, (n_flips,))


@step
def adapt(block: Adapting, i: int, start: int, end: int) -> int:
    """Learn by the Hebbian rule; see `Learning.adapt`."""
    own = at(block)
    chunk, rule = at(own.chunk), own.rule
    fill_changes(chunk.inputs[i], rule.permanence_increment, rule.permanence_decrement, own.changes)
    adapt_columns(active_of(chunk, i, start, end), own.permanences, own.changes)
    return 0


@helper
def raise_column(column: int, increment: np.float32, permanences: Permanences) -> None:
    """Add `increment` to all permanences of `column`, clipped to 1; keep the index in step."""
    synapses, flips = permanences.synapses, permanences.flips
    threshold = np.float32(permanences.threshold)
    start, end = synapses.indptr[column], synapses.indptr[column + 1]
    own = synapses.permanences[start:end]
    n_low, n_flips = np.int32(0), np.int32(0)
    for i in range(own.size):
        raised = own[i] + increment
        n_low += np.int32(own[i] < np.float32(1.0))
        n_flips += np.int32((own[i] < threshold) & (raised >= threshold))
    if n_low == 0:  # as of columns that see nothing for long
        return
    n: Any = np.int64(0)
    if n_flips > 0:
        for i in range(own.size):
            if own[i] < threshold and own[i] + increment >= threshold:
                flips.columns[n], flips.synapses[n] = column, start + i
                n += 1
    for i in range(own.size):
        own[i] = min(own[i] + increment, np.float32(1.0))
    if n > 0:
        call(permanences.enter, (n,))
