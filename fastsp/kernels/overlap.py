"""Overlaps from the index of connected synapses, and the upkeep of that index.

A column's overlap is how often it stands among the columns connected to the on-bits. Rows of bits
are added seven at a time, 512 columns at a time, by the logic of carry-save adders: the sums are
kept as bit planes, one for each binary digit, and turned into numbers at the end. Words of bits
are compared with those of the input, and the ones that both have counted. Lists of connected
columns are counted one by one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel, step
from fastsp.kernels.llvm.bits import (
    ROW_WORDS,
    ROWS,
    WORD,
    add_rows,
    count_chosen,
    count_common,
    lowest_one,
    unpack_counters,
)
from fastsp.kernels.llvm.lanes import LANES, prefetch
from fastsp.kernels.scratch import Scratch
from fastsp.kernels.state import (
    BIT_ROWS,
    BIT_WORDS,
    CONNECTED_LISTS,
    ConnectedBits,
    ConnectedLists,
    OverlapIndex,
    Synapses,
)


@kernel
def find_runs(
    synapses: Synapses,
    input_runs: NDArray[np.int64],
    column_runs: NDArray[np.int64],
) -> None:
    """Find which blocks of 64 columns can see each block of 64 input bits, and the other way round.

    Fills `input_runs` (2, W) with the first, and one past the last, column block with a potential
    synapse in each input block; both 0 where there is none. Likewise `column_runs` (2, B).
    """
    input_runs[:] = 0
    column_runs[:] = 0
    for column in range(synapses.indptr.size - 1):
        b = column >> 6
        for i in range(synapses.indptr[column], synapses.indptr[column + 1]):
            w = np.int64(synapses.indices[i]) >> 6
            if input_runs[1, w] == 0:
                input_runs[0, w] = b
            input_runs[1, w] = b + 1
            if column_runs[1, b] == 0 or w < column_runs[0, b]:
                column_runs[0, b] = w
            column_runs[1, b] = max(column_runs[1, b], w + 1)


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
    if index.connected_counts.size > 0:
        index.connected_counts[column] += 1 if connected else -1
    if index.layout != CONNECTED_LISTS:
        place, shift = _place(index, column, bit)
        index.bits.words[place] ^= np.uint64(1) << np.uint64(shift)
    elif connected:
        _append(index.lists, column, bit)
    else:
        _remove(index.lists, column, bit)


@step
def prefetch_flip(index: OverlapIndex, column: int, bit: np.uint32) -> None:
    """Ask for the memory that `flip` will need."""
    if index.layout != CONNECTED_LISTS:
        prefetch(index.bits.words, _place(index, column, bit)[0])
    else:
        first, last = _list_of_block(index.lists, column // index.lists.block_size, bit)
        for j in range(first, last + 1, 2 * LANES):
            prefetch(index.lists.columns, j)


@step
def _place(index: OverlapIndex, column: int, bit: np.uint32) -> tuple[int, int]:
    """Return the word, and the bit in it, for a connection between `column` and input `bit`."""
    bits = index.bits
    w, b = np.int64(bit >> np.uint32(6)), column >> 6
    in_word, in_block = int(bit & np.uint32(63)), column & 63
    if index.layout == BIT_WORDS:
        if bits.n_pairs > 0:
            w = np.int64(2 * (bit >> np.uint32(7)) + (bit & np.uint32(1)))
            in_word = int((bit >> np.uint32(1)) & np.uint32(63))
        return bits.starts[b] + WORD * (w - bits.run_starts[b]) + in_block, in_word
    return bits.starts[w] + in_word * bits.run_lengths[w] + b - bits.run_starts[w], in_block


@step
def _list_of_block(lists: ConnectedLists, block: int, bit: np.uint32) -> tuple[int, int]:
    """Return where the columns of a block that are connected to `bit` begin and end."""
    middle, length = lists.middles[block >> 1, bit], lists.lengths[block >> 1, bit, block & 1]
    return (middle, middle + length) if block & 1 else (middle - length, middle)


@step
def _in_pair(lists: ConnectedLists, column: int, block: int) -> np.uint16:
    """Return the number of `column`, of a block, within the pair of blocks."""
    return np.uint16(column - (block >> 1) * 2 * lists.block_size)


@step
def _append(lists: ConnectedLists, column: int, bit: np.uint32) -> None:
    block = column // lists.block_size
    first, last = _list_of_block(lists, block, bit)
    lists.columns[last if block & 1 else first - 1] = _in_pair(lists, column, block)
    lists.lengths[block >> 1, bit, block & 1] += 1


@step
def _remove(lists: ConnectedLists, column: int, bit: np.uint32) -> None:
    """Take `column` out of its list of `bit`; the outermost of the list moves to its place."""
    block = column // lists.block_size
    first, last = _list_of_block(lists, block, bit)
    own, wanted = lists.columns[first:last], _in_pair(lists, column, block)
    place = np.int32(0)
    # Without a way out of the loop, it is vectorised.
    for j in range(own.size):
        place = max(place, np.int32(j) if own[j] == wanted else np.int32(0))
    own[place] = own[own.size - 1 if block & 1 else 0]
    lists.lengths[block >> 1, bit, block & 1] -= 1


@step
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


@step
def _count_in_rows(
    words: NDArray[np.uint64],
    bits: ConnectedBits,
    n_planes: int,
    first: int,
    last: int,
    scratch: Scratch,
    overlaps: NDArray[np.uint16],
) -> None:
    planes, offsets = scratch.planes, scratch.offsets
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
def _every_other(word: np.uint64) -> np.uint64:
    """Return the bits 0, 2, 4, ... of `word` side by side, in its lower half."""
    word &= np.uint64(0x5555555555555555)
    word = (word | word >> np.uint64(1)) & np.uint64(0x3333333333333333)
    word = (word | word >> np.uint64(2)) & np.uint64(0x0F0F0F0F0F0F0F0F)
    word = (word | word >> np.uint64(4)) & np.uint64(0x00FF00FF00FF00FF)
    word = (word | word >> np.uint64(8)) & np.uint64(0x0000FFFF0000FFFF)
    return (word | word >> np.uint64(16)) & np.uint64(0x00000000FFFFFFFF)


@kernel
def split_pairs(words: NDArray[np.uint64], n_pairs: int, halves: NDArray[np.uint64]) -> bool:
    """Write to `halves` the first bits of 64 pairs, the second bits of these, the next 64, ...

    `words` (W,) hold pairs of bits side by side. Returns whether of each pair one is on.
    """
    one_of_each = True
    for w in range(0, halves.size, 2):
        low = words[w]
        high = words[w + 1] if w + 1 < words.size else np.uint64(0)
        halves[w] = _every_other(low) | _every_other(high) << np.uint64(32)
        low, high = low >> np.uint64(1), high >> np.uint64(1)
        halves[w + 1] = _every_other(low) | _every_other(high) << np.uint64(32)
        n_own = min(n_pairs - 32 * w, WORD)
        all_own = ~np.uint64(0) >> np.uint64(WORD - n_own)
        one_of_each &= halves[w] ^ halves[w + 1] == all_own
    return one_of_each


@step
def _count_in_pairs(
    n_inputs: int,
    bits: ConnectedBits,
    first: int,
    last: int,
    scratch: Scratch,
    overlaps: NDArray[np.uint16],
) -> None:
    halves, one_of_each = scratch.halves, scratch.one_of_each
    for b in range(first // WORD, (last + WORD - 1) // WORD):
        start, low = bits.starts[b], bits.run_starts[b]
        high, place = low + bits.run_lengths[b], WORD * b
        for i in range(n_inputs):
            if one_of_each[i]:
                count_chosen(halves[i], low, high, bits.words, start, overlaps[i], place)
            else:
                count_common(halves[i], low, high, bits.words, start, overlaps[i], place)


@step
def _count_in_words(
    inputs: NDArray[np.uint64],
    bits: ConnectedBits,
    first: int,
    last: int,
    overlaps: NDArray[np.uint16],
) -> None:
    for b in range(first // WORD, (last + WORD - 1) // WORD):
        start, first_word = bits.starts[b], bits.run_starts[b]
        last_word = first_word + bits.run_lengths[b]
        for i in range(inputs.shape[0]):
            count_common(inputs[i], first_word, last_word, bits.words, start, overlaps[i], WORD * b)


@step
def _count(columns: NDArray[Any], overlaps: NDArray[np.uint16]) -> None:
    for j in range(columns.size):
        overlaps[columns[j]] += np.uint16(1)


@step
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
def count_in_blocks(synapses: Synapses, block_size: int, counts: NDArray[np.int32]) -> None:
    """Count potential synapses by pair of blocks, input bit, and block of the pair.

    Fills `counts` (P, N, 2), all 0 before; see `ConnectedLists`.
    """
    for column in range(synapses.indptr.size - 1):
        block = column // block_size
        for i in range(synapses.indptr[column], synapses.indptr[column + 1]):
            counts[block >> 1, synapses.indices[i], block & 1] += 1


@step
def split_inputs(inputs: NDArray[np.uint64], index: OverlapIndex, scratch: Scratch) -> None:
    """Do what is to be done once for `inputs` before `count_columns`: split pairs of bits."""
    if index.bits.n_pairs > 0:
        for i in range(inputs.shape[0]):
            own = scratch.halves[i]
            scratch.one_of_each[i] = split_pairs(inputs[i], index.bits.n_pairs, own)


@kernel
def count_overlaps(
    inputs: NDArray[np.uint64],
    index: OverlapIndex,
    first: int,
    last: int,
    scratch: Scratch,
    overlaps: NDArray[np.uint16],
) -> None:
    """Fill `overlaps[:, first:last]`: the connected synapses of each column whose bit is on.

    `inputs` (n, W) are packed; bit i of an input is bit i % 64 of word i // 64. `overlaps` is
    (n, C) with C rounded up to a multiple of 64. `first` is a multiple of 64, and `last` too, or C;
    with lists, blocks of columns begin and end there. Changes of `scratch` what only this uses.
    """
    split_inputs(inputs, index, scratch)
    count_columns(inputs, index, first, last, scratch, overlaps)


@step
def count_columns(
    inputs: NDArray[np.uint64],
    index: OverlapIndex,
    first: int,
    last: int,
    scratch: Scratch,
    overlaps: NDArray[np.uint16],
) -> None:
    """Do what `count_overlaps` does, for inputs that are split."""
    if index.layout == BIT_WORDS and index.bits.n_pairs > 0:
        _count_in_pairs(inputs.shape[0], index.bits, first, last, scratch, overlaps)
        return
    if index.layout == BIT_WORDS:
        _count_in_words(inputs, index.bits, first, last, overlaps)
        return
    for i in range(inputs.shape[0]):
        own = overlaps[i]
        if index.layout == BIT_ROWS:
            _count_in_rows(inputs[i], index.bits, index.n_planes, first, last, scratch, own)
        else:
            _count_in_lists(inputs[i], index.lists, first, last, own)
