"""Overlaps from the index of connected synapses, and the upkeep of that index.

A column's overlap is how often it stands among the columns connected to the on-bits. Rows of bits
are added seven at a time, 512 columns at a time, by the logic of carry-save adders: the sums are
kept as bit planes, one for each binary digit, and turned into numbers at the end. Lists of
connected columns are counted one by one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.state import (
    BIT_ROWS,
    BitRows,
    ConnectedLists,
    OverlapIndex,
    Synapses,
)
from fastsp.kernels.vectors import (
    LANES,
    ROW_WORDS,
    ROWS,
    add_rows,
    lowest_one,
    prefetch,
    unpack_counters,
)


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
            word = np.uint32(synapses.indices[i]) >> np.uint32(6)
            if last_columns[word] == 0:
                first_columns[word] = column
            last_columns[word] = column + 1


@kernel
def fill_index(synapses: Synapses, threshold: np.float32, index: OverlapIndex) -> None:
    """Enter the synapses with p >= threshold into `index`, which is empty before."""
    for column in range(synapses.indptr.size - 1):
        for i in range(synapses.indptr[column], synapses.indptr[column + 1]):
            connected = synapses.permanences[i] >= threshold
            if connected:
                flip(index, column, np.uint32(synapses.indices[i]), connected)


@kernel
def flip(index: OverlapIndex, column: int, bit: np.uint32, connected: bool) -> None:
    """Enter the connection between `column` and input `bit` into `index`, or take it out.

    `connected` tells what it is from now on; it was the opposite before.
    """
    if index.layout == BIT_ROWS:
        _flip_bit(index.rows, column, bit)
    elif connected:
        lists = index.lists
        lists.columns[lists.starts[bit] + lists.lengths[bit]] = column
        lists.lengths[bit] += 1
    else:
        _remove(index.lists, column, bit)


@kernel
def prefetch_flip(index: OverlapIndex, column: int, bit: np.uint32) -> None:
    """Ask for the memory that `flip` will need."""
    if index.layout == BIT_ROWS:
        prefetch(index.rows.words, _place(index.rows, column, bit))
    else:
        lists = index.lists
        start = lists.starts[bit]
        for j in range(start, start + lists.lengths[bit] + 1, 2 * LANES):
            prefetch(lists.columns, j)


@kernel
def _place(rows: BitRows, column: int, bit: np.uint32) -> int:
    w, row = np.int64(bit >> np.uint32(6)), np.int64(bit & np.uint32(63))
    row_start = rows.row_starts[w] + row * rows.run_lengths[w]
    return int(row_start + (column >> 6) - rows.run_starts[w])


@kernel
def _flip_bit(rows: BitRows, column: int, bit: np.uint32) -> None:
    rows.words[_place(rows, column, bit)] ^= np.uint64(1) << np.uint64(column & 63)


@kernel
def _remove(lists: ConnectedLists, column: int, bit: np.uint32) -> None:
    """Take `column` out of the list of `bit`; the last of the list moves to its place."""
    start, length = lists.starts[bit], lists.lengths[bit]
    own = lists.columns[start : start + length]
    place = np.int32(0)
    # Without a way out of the loop, it is vectorised.
    for j in range(length):
        place = max(place, np.int32(j) if own[j] == column else np.int32(0))
    own[place] = own[length - 1]
    lists.lengths[bit] -= 1


@kernel
def _add_group(
    rows: BitRows,
    w: int,
    offsets: NDArray[np.int64],
    planes: NDArray[np.uint64],
    n_planes: int,
) -> None:
    """Add the rows at `offsets` (7,), all with the run of input word `w`, to the bit planes."""
    first, stride = rows.run_starts[w], planes.size // n_planes
    for i in range(0, rows.run_lengths[w], ROW_WORDS):
        add_rows(rows.words, offsets, i, planes, stride, first + i, n_planes)


@kernel
def _count_in_rows(
    words: NDArray[np.uint64],
    rows: BitRows,
    n_planes: int,
    planes: NDArray[np.uint64],
    overlaps: NDArray[np.uint16],
) -> None:
    planes[:] = 0
    offsets = np.empty(ROWS, np.int64)
    n, current = 0, 0
    for w in range(words.size):
        word, length = words[w], rows.run_lengths[w]
        if word == 0 or length == 0:
            continue
        same = (
            length == rows.run_lengths[current] and rows.run_starts[w] == rows.run_starts[current]
        )
        if n > 0 and not same:
            offsets[n:] = rows.row_starts[words.size]
            _add_group(rows, current, offsets, planes, n_planes)
            n = 0
        current = w
        while word != 0:
            offsets[n] = rows.row_starts[w] + lowest_one(word) * length
            word &= word - np.uint64(1)
            n += 1
            if n == ROWS:
                _add_group(rows, w, offsets, planes, n_planes)
                n = 0
    if n > 0:
        offsets[n:] = rows.row_starts[words.size]
        _add_group(rows, current, offsets, planes, n_planes)
    stride = planes.size // n_planes
    for i in range(overlaps.size // 64):
        unpack_counters(planes, stride, i, n_planes, overlaps, 64 * i)


@kernel
def _count(columns: NDArray[Any], overlaps: NDArray[np.uint16]) -> None:
    for j in range(columns.size):
        overlaps[columns[j]] += np.uint16(1)


@kernel
def _count_in_lists(
    words: NDArray[np.uint64], lists: ConnectedLists, overlaps: NDArray[np.uint16]
) -> None:
    overlaps[:] = 0
    start, end = 0, 0
    for w in range(words.size):
        word = words[w]
        while word != 0:
            bit = 64 * w + lowest_one(word)
            word &= word - np.uint64(1)
            # Lists lie scattered in memory: ask for the next one before counting this one.
            next_start = lists.starts[bit]
            next_end = next_start + lists.lengths[bit]
            for j in range(next_start, next_end, 2 * LANES):
                prefetch(lists.columns, j)
            _count(lists.columns[start:end], overlaps)
            start, end = next_start, next_end
    _count(lists.columns[start:end], overlaps)


@kernel
def count_overlaps(
    words: NDArray[np.uint64],
    index: OverlapIndex,
    planes: NDArray[np.uint64],
    overlaps: NDArray[np.uint16],
) -> None:
    """Fill `overlaps`: for each column, the connected synapses whose input bit is on.

    `words` (W,) is the input, packed; bit i of the input is bit i % 64 of word i // 64. `overlaps`
    is (C,) rounded up to a multiple of 64, and `planes` scratch space of `n_planes` times (that
    many words and 8 more).
    """
    if index.layout == BIT_ROWS:
        _count_in_rows(words, index.rows, index.n_planes, planes, overlaps)
    else:
        _count_in_lists(words, index.lists, overlaps)
