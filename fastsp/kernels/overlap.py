"""Overlaps from the bit-packed index, and the upkeep of that index."""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import count_ones, kernel
from fastsp.kernels.state import BitIndex, Synapses


@kernel
def index_runs(
    synapses: Synapses, first_columns: NDArray[np.int64], last_columns: NDArray[np.int64]
) -> None:
    """Find the run of columns that can see each input word.

    Fills `first_columns` and `last_columns` (both (W,)): the first, and one past the last, column
    with a potential synapse in the word; both 0 where there is none.
    """
    first_columns[:] = 0
    last_columns[:] = 0
    for column in range(synapses.indptr.size - 1):
        for i in range(synapses.indptr[column], synapses.indptr[column + 1]):
            word = synapses.indices[i] >> np.uint32(6)
            if last_columns[word] == 0:
                first_columns[word] = column
            last_columns[word] = column + 1


@kernel
def fill_index(synapses: Synapses, threshold: np.float32, index: BitIndex) -> None:
    """Set the bits of `index.words` (all zero before) whose synapses have p >= threshold."""
    for column in range(synapses.indptr.size - 1):
        for i in range(synapses.indptr[column], synapses.indptr[column + 1]):
            if synapses.permanences[i] >= threshold:
                flip(index, column, synapses.indices[i])


@kernel
def flip(index: BitIndex, column: int, bit: np.uint32) -> None:
    """Turn the connection between `column` and input `bit` on if it is off, and off if it is on."""
    word = bit >> np.uint32(6)
    position = index.starts[word] + column - index.first_columns[word]
    index.words[position] ^= np.uint64(1) << np.uint64(bit & np.uint32(63))


@kernel
def count_overlaps(words: NDArray[np.uint64], index: BitIndex, overlaps: NDArray[np.int32]) -> None:
    """Fill `overlaps` (C,): for each column, the connected synapses whose input bit is on.

    `words` (W,) is the input, packed; bit i of the input is bit i % 64 of word i // 64.
    """
    overlaps[:] = 0
    for w in range(words.size):
        word = words[w]
        if word == 0:
            continue
        run = index.words[index.starts[w] : index.starts[w + 1]]
        first = index.first_columns[w]
        seen = overlaps[first : first + run.size]
        for i in range(run.size):
            seen[i] += np.int32(count_ones(run[i] & word))
