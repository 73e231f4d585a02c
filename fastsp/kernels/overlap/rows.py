"""Rows of bits: for each input bit, a bit for each column that can see it.

The rows of the on-bits are added seven at a time, 512 columns at a time, by the logic of carry-save
adders: the sums are kept as bit planes, one for each binary digit, and turned into numbers at the
end.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.jit import helper, step
from fastsp.kernels.llvm.bits import ROW_WORDS, ROWS, WORD, add_rows, lowest_one, unpack_counters
from fastsp.kernels.llvm.lanes import prefetch
from fastsp.kernels.overlap.bits import ConnectedBits
from fastsp.kernels.overlap.flips import FLIPS_AHEAD, Flipping, count_flip
from fastsp.kernels.state import Chunk


class RowCounting(NamedTuple):
    """What overlaps are counted with."""

    bits: ConnectedBits
    n_planes: int
    """Binary digits that the largest possible overlap needs; at least 3"""
    offsets: NDArray[np.int64]
    """(ROWS,) where rows that are added together begin"""
    planes: NDArray[np.uint64]
    overlaps: NDArray[np.uint16]
    """(1, rows rounded up to a multiple of 64)"""
    chunk: Block[Chunk]


@helper
def _add_group(
    bits: ConnectedBits,
    w: int,
    offsets: NDArray[np.int64],
    first_word: int,
    last_word: int,
    planes: NDArray[np.uint64],
    n_planes: int,
) -> None:
    """Add the rows at `offsets` (7,), all with the run of input word `w`, to the bit planes.

    At least in words `first_word` to `last_word` of columns.
    """
    start, stride = bits.run_starts[w], planes.size // n_planes
    low = max(0, first_word - start) // ROW_WORDS * ROW_WORDS
    for i in range(low, min(bits.run_lengths[w], last_word - start), ROW_WORDS):
        add_rows(bits.words, offsets, i, planes, stride, start + i, n_planes)


@helper
def _count_in_rows(
    words: NDArray[np.uint64],
    bits: ConnectedBits,
    n_planes: int,
    first: int,
    last: int,
    offsets: NDArray[np.int64],
    planes: NDArray[np.uint64],
    overlaps: NDArray[np.uint16],
) -> None:
    first_word, last_word = first // WORD, (last + WORD - 1) // WORD
    stride = planes.size // n_planes
    for d in range(n_planes):
        planes[d * stride + first_word : d * stride + last_word] = 0
    n = 0
    current: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    for w in range(words.size):
        word, length = words[w], bits.run_lengths[w]
        if word == 0 or length == 0:
            continue
        same = (
            length == bits.run_lengths[current] and bits.run_starts[w] == bits.run_starts[current]
        )
        if n > 0 and not same:
            offsets[n:] = bits.starts[words.size]
            _add_group(bits, current, offsets, first_word, last_word, planes, n_planes)
            n = 0
        current = w
        while word != 0:
            offsets[n] = bits.starts[w] + lowest_one(word) * length
            word &= word - np.uint64(1)
            n += 1
            if n == ROWS:
                _add_group(bits, w, offsets, first_word, last_word, planes, n_planes)
                n = 0
    if n > 0:
        offsets[n:] = bits.starts[words.size]
        _add_group(bits, current, offsets, first_word, last_word, planes, n_planes)
    for i in range(first_word, last_word):
        unpack_counters(planes, stride, i, n_planes, overlaps, WORD * i)


@step
def count_in_rows(block: RowCounting, start: int, end: int, first: int, last: int, new: int) -> int:
    """Fill overlaps; see `Finding.count_overlaps`."""
    own = at(block)
    words, overlaps = at(own.chunk).inputs[start], own.overlaps[0]
    _count_in_rows(words, own.bits, own.n_planes, first, last, own.offsets, own.planes, overlaps)
    return 0


@helper
def _place(bits: ConnectedBits, column: int, bit: np.uint32) -> int:
    """Return the word for a connection between `column` and input `bit`."""
    w, in_word = np.int64(bit >> np.uint32(6)), np.int64(bit & np.uint32(63))
    row: Any = bits.starts[w] + in_word * bits.run_lengths[w]
    return int(row + (column >> 6) - bits.run_starts[w])


@step
def enter_into_rows(block: Flipping, n: int) -> int:
    """Enter flips; see `Filling.enter`."""
    own = at(block)
    bits, flips, synapses = own.index, own.flips, own.synapses
    threshold = np.float32(own.threshold)
    for j in range(n):
        if j + FLIPS_AHEAD < n:
            ahead = j + FLIPS_AHEAD
            bit = np.uint32(synapses.indices[flips.synapses[ahead]])
            prefetch(bits.words, _place(bits, flips.columns[ahead], bit))
        i, column = flips.synapses[j], flips.columns[j]
        place = _place(bits, column, np.uint32(synapses.indices[i]))
        bits.words[place] ^= np.uint64(1) << np.uint64(column & 63)
        count_flip(own.connected_counts, column, synapses.permanences[i] >= threshold)
    return 0
