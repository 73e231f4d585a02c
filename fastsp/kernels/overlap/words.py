"""Words of bits: for each column, a bit for each input bit that it can see.

Words are compared with those of the input, and the ones that both have are counted.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.llvm.bits import WORD, count_chosen, count_common
from fastsp.kernels.llvm.lanes import prefetch
from fastsp.kernels.overlap.bits import ConnectedBits
from fastsp.kernels.overlap.flips import FLIPS_AHEAD, Flipping, count_flip
from fastsp.kernels.state import Chunk


class WordCounting(NamedTuple):
    """What overlaps are counted with."""

    bits: ConnectedBits
    halves: NDArray[np.uint64]
    """(n, W) where input bits come in pairs, else (n, 0): all first ones of 64, all second ones"""
    one_of_each: NDArray[np.int64]
    """(n,) 1 where of each pair one bit is on, else 0"""
    overlaps: NDArray[np.uint16]
    """(n, rows rounded up to a multiple of 64) of n inputs that are counted together"""
    chunk: Block[Chunk]


@helper
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
def count_in_words(
    block: WordCounting, start: int, end: int, first: int, last: int, new: int
) -> int:
    """Fill overlaps; see `Finding.count_overlaps`."""
    own = at(block)
    bits, overlaps, inputs = own.bits, own.overlaps, at(own.chunk).inputs
    for b in range(first // WORD, (last + WORD - 1) // WORD):
        begin, first_word = bits.starts[b], bits.run_starts[b]
        last_word = first_word + bits.run_lengths[b]
        for i in range(start, end):
            count_common(
                inputs[i], first_word, last_word, bits.words, begin, overlaps[i - start], WORD * b
            )
    return 0


@step
def count_in_pairs(
    block: WordCounting, start: int, end: int, first: int, last: int, new: int
) -> int:
    """Fill overlaps where input bits come in pairs; see `Finding.count_overlaps`."""
    own = at(block)
    bits, overlaps, halves, n = own.bits, own.overlaps, own.halves, end - start
    if new != 0:
        inputs = at(own.chunk).inputs
        for i in range(n):
            own.one_of_each[i] = split_pairs(inputs[start + i], bits.n_pairs, halves[i])
    for b in range(first // WORD, (last + WORD - 1) // WORD):
        begin, low = bits.starts[b], bits.run_starts[b]
        high, place = low + bits.run_lengths[b], WORD * b
        for i in range(n):
            if own.one_of_each[i] != 0:
                count_chosen(halves[i], low, high, bits.words, begin, overlaps[i], place)
            else:
                count_common(halves[i], low, high, bits.words, begin, overlaps[i], place)
    return 0


@helper
def _place(bits: ConnectedBits, column: int, bit: np.uint32) -> tuple[int, np.uint64]:
    """Return the word, and the bit in it, for a connection between `column` and input `bit`."""
    w, b = np.int64(bit >> np.uint32(6)), column >> 6
    in_word = np.uint64(bit & np.uint32(63))
    if bits.n_pairs > 0:
        w = np.int64(2 * (bit >> np.uint32(7)) + (bit & np.uint32(1)))
        in_word = np.uint64((bit >> np.uint32(1)) & np.uint32(63))
    return bits.starts[b] + WORD * (w - bits.run_starts[b]) + (column & 63), in_word


@step
def enter_into_words(block: Flipping, n: int) -> int:
    """Enter flips; see `Filling.enter`."""
    own = at(block)
    bits, flips, synapses = own.index, own.flips, own.synapses
    threshold = np.float32(own.threshold)
    for j in range(n):
        if j + FLIPS_AHEAD < n:
            ahead = j + FLIPS_AHEAD
            bit = np.uint32(synapses.indices[flips.synapses[ahead]])
            prefetch(bits.words, _place(bits, flips.columns[ahead], bit)[0])
        i, column = flips.synapses[j], flips.columns[j]
        place, in_word = _place(bits, column, np.uint32(synapses.indices[i]))
        bits.words[place] ^= np.uint64(1) << in_word
        count_flip(own.connected_counts, column, synapses.permanences[i] >= threshold)
    return 0
