"""Lists: for each input bit, the columns that are connected to it, which are counted one by one."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.llvm.bits import WORD, lowest_one
from fastsp.kernels.llvm.lanes import LANES, prefetch
from fastsp.kernels.overlap.flips import FLIPS_AHEAD, Flipping, count_flip
from fastsp.kernels.state import Chunk


class ConnectedLists(NamedTuple):
    """Connected synapses as lists: for each input bit, the columns connected to it, in no order.

    Columns lie in blocks of `block_size`, and blocks in pairs. In each pair an input bit has one
    run of columns: those of the first block grow downwards from the middle of the run, those of the
    second upwards. So a pair is counted as one list, two threads change it without meeting, and the
    counters of its columns fit a cache. A run has room for all columns with a potential synapse.
    """

    columns: NDArray[np.uint16]
    """(S,) counted from the first column of the pair of blocks"""
    middles: NDArray[np.int64]
    """(P, N) for each pair and input bit, where the columns of the second block begin"""
    lengths: NDArray[np.int32]
    """(P, N, 2) connected columns of the first and of the second block"""
    block_size: int
    """A multiple of 64"""


class ListCounting(NamedTuple):
    """What overlaps are counted with."""

    lists: ConnectedLists
    overlaps: NDArray[np.uint16]
    """(1, rows rounded up to a multiple of 64)"""
    chunk: Block[Chunk]


@helper
def _list_of_block(lists: ConnectedLists, block: int, bit: np.uint32) -> tuple[int, int]:
    """Return where the columns of a block that are connected to `bit` begin and end."""
    middle, length = lists.middles[block >> 1, bit], lists.lengths[block >> 1, bit, block & 1]
    return (middle, middle + length) if block & 1 else (middle - length, middle)


@helper
def _in_pair(lists: ConnectedLists, column: int, block: int) -> np.uint16:
    """Return the number of `column`, of a block, within the pair of blocks."""
    return np.uint16(column - (block >> 1) * 2 * lists.block_size)


@helper
def _append(lists: ConnectedLists, column: int, bit: np.uint32) -> None:
    block = column // lists.block_size
    first, last = _list_of_block(lists, block, bit)
    lists.columns[last if block & 1 else first - 1] = _in_pair(lists, column, block)
    lists.lengths[block >> 1, bit, block & 1] += 1


@helper
def _remove(lists: ConnectedLists, column: int, bit: np.uint32) -> None:
    """Take `column` out of its list of `bit`; the outermost of the list moves to its place."""
    block = column // lists.block_size
    first, last = _list_of_block(lists, block, bit)
    own, wanted = lists.columns[first:last], _in_pair(lists, column, block)
    place = np.int32(0)
    # No early exit, so the loop vectorises.
    for j in range(own.size):
        place = max(place, np.int32(j) if own[j] == wanted else np.int32(0))
    own[place] = own[own.size - 1 if block & 1 else 0]
    lists.lengths[block >> 1, bit, block & 1] -= 1


@helper
def _count(columns: NDArray[Any], overlaps: NDArray[np.uint16]) -> None:
    for j in range(columns.size):
        overlaps[columns[j]] += np.uint16(1)


@helper
def _count_in_lists(
    words: NDArray[np.uint64],
    lists: ConnectedLists,
    first: int,
    last: int,
    overlaps: NDArray[np.uint16],
) -> None:
    overlaps[first:last] = 0
    first_block, last_block = first // lists.block_size, (last - 1) // lists.block_size
    for pair in range(first_block >> 1, (last_block >> 1) + 1):
        middles, lengths = lists.middles[pair], lists.lengths[pair]
        of_pair = overlaps[2 * pair * lists.block_size :]
        below, above = np.int64(2 * pair >= first_block), np.int64(2 * pair < last_block)
        start, end = 0, 0
        for w in range(words.size):
            word = words[w]
            while word != 0:
                bit = WORD * w + lowest_one(word)
                word &= word - np.uint64(1)
                # Lists lie scattered in memory: ask for the next one before counting this one.
                next_start = middles[bit] - below * lengths[bit, 0]
                next_end = middles[bit] + above * lengths[bit, 1]
                for j in range(next_start, next_end, 2 * LANES):
                    prefetch(lists.columns, j)
                _count(lists.columns[start:end], of_pair)
                start, end = next_start, next_end
        _count(lists.columns[start:end], of_pair)


@kernel
def count_in_blocks(
    indptr: NDArray[np.int64], indices: NDArray[Any], block_size: int, counts: NDArray[np.int32]
) -> None:
    """Count potential synapses by pair of blocks, input bit, and block of the pair.

    Fills `counts` (P, N, 2), all 0 before; see `ConnectedLists`.
    """
    for column in range(indptr.size - 1):
        block = column // block_size
        for i in range(indptr[column], indptr[column + 1]):
            counts[block >> 1, indices[i], block & 1] += 1


@step
def count_in_lists(
    block: ListCounting, start: int, end: int, first: int, last: int, new: int
) -> int:
    """Fill overlaps; see `Finding.count_overlaps`."""
    own = at(block)
    _count_in_lists(at(own.chunk).inputs[start], own.lists, first, last, own.overlaps[0])
    return 0


@step
def enter_into_lists(block: Flipping, n: int) -> int:
    """Enter flips; see `Filling.enter`."""
    own = at(block)
    lists, flips, synapses = own.index, own.flips, own.synapses
    threshold = np.float32(own.threshold)
    for j in range(n):
        if j + FLIPS_AHEAD < n:
            ahead = j + FLIPS_AHEAD
            bit = np.uint32(synapses.indices[flips.synapses[ahead]])
            first, last = _list_of_block(lists, flips.columns[ahead] // lists.block_size, bit)
            for k in range(first, last + 1, 2 * LANES):
                prefetch(lists.columns, k)
        i, column = flips.synapses[j], flips.columns[j]
        bit, connected = np.uint32(synapses.indices[i]), synapses.permanences[i] >= threshold
        if connected:
            _append(lists, column, bit)
        else:
            _remove(lists, column, bit)
        count_flip(own.connected_counts, column, connected)
    return 0
