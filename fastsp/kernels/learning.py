"""The Hebbian rule, and the overlap index kept in step with it."""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.overlap import flip
from fastsp.kernels.state import BitIndex, Synapses
from fastsp.kernels.vectors import LANES, adapt_lanes, lowest_one, prefetch


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


@kernel
def adapt_column(
    column: int,
    synapses: Synapses,
    changes: NDArray[np.float32],
    threshold: np.float32,
    index: BitIndex,
) -> None:
    """Add to each potential synapse of `column` the change of its input bit, clipped to [0, 1].

    Changes `synapses.permanences`, and `index` only where a synapse becomes connected or ceases to
    be. The last vector of a pool overlaps the one before, of which it skips what is done.
    """
    indices, permanences = synapses.indices, synapses.permanences
    start, end = synapses.indptr[column], synapses.indptr[column + 1]
    if end - start < LANES:
        for i in range(start, end):
            old = permanences[i]
            new = min(max(old + changes[indices[i]], np.float32(0.0)), np.float32(1.0))
            permanences[i] = new
            if (old >= threshold) != (new >= threshold):
                flip(index, column, indices[i])
        return
    for i in range(start, end, LANES):
        first = min(i, end - LANES)
        flipped = adapt_lanes(permanences, indices, changes, first, i - first, threshold)
        while flipped != 0:
            flip(index, column, indices[first + lowest_one(flipped)])
            flipped &= flipped - np.uint64(1)
