"""Overlaps from rows of bits, and the upkeep of those rows.

An overlap is the number of connected rows among those of the on-bits. Rows are added seven at a
time, 512 columns at a time, by the logic of carry-save adders: the sums are kept as bit planes,
one for each binary digit, and turned into numbers at the end.
"""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.state import BitIndex, Synapses
from fastsp.kernels.vectors import ROW_WORDS, ROWS, add_rows, lowest_one, unpack_counters


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
    w, row = np.int64(bit >> np.uint32(6)), np.int64(bit & np.uint32(63))
    position = index.row_starts[w] + row * index.run_lengths[w] + (column >> 6)
    index.words[position - index.run_starts[w]] ^= np.uint64(1) << np.uint64(column & 63)


@kernel
def _add_group(
    index: BitIndex, w: int, offsets: NDArray[np.int64], planes: NDArray[np.uint64], stride: int
) -> None:
    """Add the rows at `offsets` (7,), all with the run of input word `w`, to the bit planes."""
    first = index.run_starts[w]
    for i in range(0, index.run_lengths[w], ROW_WORDS):
        add_rows(index.words, offsets, i, planes, stride, first + i, index.n_planes)


@kernel
def count_overlaps(
    words: NDArray[np.uint64],
    index: BitIndex,
    planes: NDArray[np.uint64],
    overlaps: NDArray[np.uint16],
) -> None:
    """Fill `overlaps`: for each column, the connected synapses whose input bit is on.

    `words` (W,) is the input, packed; bit i of the input is bit i % 64 of word i // 64. `overlaps`
    is (C,) rounded up to a multiple of 64, and `planes` scratch space of `n_planes` times (that
    many words and 8 more).
    """
    planes[:] = 0
    stride = planes.size // index.n_planes
    offsets = np.empty(ROWS, np.int64)
    n, current = 0, 0
    for w in range(words.size):
        word, length = words[w], index.run_lengths[w]
        if word == 0 or length == 0:
            continue
        same = (
            length == index.run_lengths[current]
            and index.run_starts[w] == index.run_starts[current]
        )
        if n > 0 and not same:
            offsets[n:] = index.row_starts[words.size]
            _add_group(index, current, offsets, planes, stride)
            n = 0
        current = w
        while word != 0:
            offsets[n] = index.row_starts[w] + lowest_one(word) * length
            word &= word - np.uint64(1)
            n += 1
            if n == ROWS:
                _add_group(index, w, offsets, planes, stride)
                n = 0
    if n > 0:
        offsets[n:] = index.row_starts[words.size]
        _add_group(index, current, offsets, planes, stride)
    for i in range(overlaps.size // 64):
        unpack_counters(planes, stride, i, index.n_planes, overlaps, 64 * i)
