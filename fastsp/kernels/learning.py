"""The Hebbian rule, and the overlap index kept in step with it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.overlap import flip
from fastsp.kernels.state import BitIndex, Rule, Synapses


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


class AdaptScratch(NamedTuple):
    """Scratch space for adapting a column of up to n potential synapses."""

    own_changes: NDArray[np.float32]
    """(n,)"""
    flags: NDArray[np.uint8]
    """(n rounded up to a multiple of 8,)"""
    flag_words: NDArray[np.uint64]
    """The same memory as `flags`."""


@kernel
def new_adapt_scratch(synapses: Synapses) -> AdaptScratch:
    """Allocate scratch space for the longest potential pool."""
    longest = 0
    for c in range(synapses.indptr.size - 1):
        longest = max(longest, synapses.indptr[c + 1] - synapses.indptr[c])
    flag_words = np.zeros((longest + 7) // 8, np.uint64)
    return AdaptScratch(np.empty(longest, np.float32), flag_words.view(np.uint8), flag_words)


@kernel
def adapt_column(
    column: int,
    synapses: Synapses,
    changes: NDArray[np.float32],
    rule: Rule,
    index: BitIndex,
    scratch: AdaptScratch,
) -> None:
    """Add to each potential synapse of `column` the change of its input bit, clipped to [0, 1].

    Changes `synapses.permanences`, and `index` only where a synapse becomes connected or ceases to
    be.
    """
    own_changes, flags, flag_words = scratch.own_changes, scratch.flags, scratch.flag_words
    start, end = synapses.indptr[column], synapses.indptr[column + 1]
    indices, permanences = synapses.indices[start:end], synapses.permanences[start:end]
    n = indices.size
    threshold = np.float32(rule.connected_threshold)
    # Gathered first, so that the loop after this one is all vector arithmetic.
    for i in range(n):
        own_changes[i] = changes[indices[i]]
    for i in range(n):
        old = permanences[i]
        new = old + own_changes[i]
        new = new if new > np.float32(0.0) else np.float32(0.0)
        new = new if new < np.float32(1.0) else np.float32(1.0)
        permanences[i] = new
        flags[i] = (old >= threshold) != (new >= threshold)
    for w in range((n + 7) // 8):
        if flag_words[w] != 0:
            for i in range(8 * w, min(8 * w + 8, n)):
                if flags[i]:
                    flip(index, column, indices[i])
