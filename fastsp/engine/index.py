"""The synapses of a pooler and their overlap index, in the layout that promises to be the fastest.

All layouts give the same integers. Rows of bits cost time in proportion to the columns that can see
an on-bit, however few of them are connected; words of bits in proportion to those that can see any
of 64 input bits, however few of these are on; lists in proportion to the connected synapses of the
on-bits, but much more for each.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, Bound, aligned_zeros
from fastsp.kernels.llvm.bits import ROW_WORDS, ROWS, WORD
from fastsp.kernels.llvm.target import vector_kind
from fastsp.kernels.overlap.bits import ConnectedBits, find_runs
from fastsp.kernels.overlap.flips import Filling, Flipping, Flips, fill_index
from fastsp.kernels.overlap.lists import (
    ConnectedLists,
    ListCounting,
    count_in_blocks,
    count_in_lists,
    enter_into_lists,
)
from fastsp.kernels.overlap.rows import RowCounting, count_in_rows, enter_into_rows
from fastsp.kernels.overlap.words import (
    WordCounting,
    count_in_pairs,
    count_in_words,
    enter_into_words,
)
from fastsp.kernels.state import Chunk, Synapses

TOGETHER = 16
"""Inputs whose overlaps are counted together, where each word of the index serves them all."""
FLIP_ROOM = 4096
"""Flips that may wait to be entered into the index."""


class _Bits(NamedTuple):
    """Nanoseconds of the work on vectors of bits (`python -m bench.parts`)."""

    add_rows: float
    """Adding 512 columns of seven rows, with the carries"""
    unpack: float
    """Turning a binary digit of the sums of 64 columns into numbers"""
    compare: float
    """Comparing 64 words"""


_BITS = {
    "vpopcntdq": _Bits(12.0, 1.25, 4.5),
    "avx512": _Bits(12.0, 1.25, 14.0),
    "avx2": _Bits(15.0, 2.7, 18.0),
    "neon": _Bits(22.0, 5.3, 25.0),
    "ssse3": _Bits(22.0, 5.3, 35.0),
    "sse2": _Bits(22.0, 5.3, 53.0),
}
"""By kind of vectors. Measured, but for NEON, of which instructions were counted."""
# Nanoseconds of the rest: beginning a group of seven rows; counting one connected synapse; finding
# the next on-bit, and its list.
_NEXT_GROUP, _COUNT, _NEXT_BIT, _NEXT_LIST = 20.0, 0.3, 0.6, 25.0
# Changing a connection, and bytes a nanosecond of a list that are searched for one; flips in a
# cycle as a share of the synapses that learn in it.
_FLIP, _SEARCHED, _FLIPPED = 5.0, 30.0, 0.01
LARGEST_BLOCK = 2**13
"""Columns in a block of lists, at the most: the counters of a pair of blocks fit a core's cache."""
# Building an index, for each potential synapse.
_BUILDING = 25.0
# Bytes that fit into a core's own cache and into that of all; bytes a nanosecond from beyond, in
# long runs; and how much longer it takes where a run begins anywhere.
_OWN_CACHE, _SHARED_CACHE = 2**20, 2**24
_FROM_SHARED, _FROM_MEMORY, _LATENCY = 70.0, 15.0, 40.0


def index_type(n_inputs: int) -> type[np.unsignedinteger]:
    """Return the narrowest type for the positions of `n_inputs` input bits.

    Learning is bound by memory in large pools, and reads all indices of the columns that learn.
    """
    return np.uint16 if n_inputs <= 2**16 else np.uint32


class Costs:
    """Predicts what a learning cycle costs with each layout of the overlap index.

    Parameters
    ----------
    synapses : of C columns over `n_inputs` input bits
    n_adapted : potential synapses of the columns that learn in a cycle
    paired : whether input bits come in pairs
    """

    def __init__(
        self, synapses: Synapses, n_inputs: int, n_adapted: float, paired: bool = False
    ) -> None:
        self.synapses, self.n_inputs, self.n_adapted = synapses, n_inputs, n_adapted
        self.paired = paired
        (_, self._seeing), (_, self._seen) = _runs(synapses, n_inputs)
        self.of_building = _BUILDING * synapses.indices.size
        """Nanoseconds that it takes to build an index"""

    def predict(self, n_on: float) -> dict[str, float]:
        """Return nanoseconds of a cycle by the name of the layout.

        For the upkeep of the index and the overlaps, where inputs have `n_on` on-bits on average.
        """
        seeing, seen, n_inputs = self._seeing, self._seen, self.n_inputs
        bits = _BITS[vector_kind()]
        mean_run = _padded(seeing).mean()
        # Groups of rows end with the run: half of the last one is empty, of each word or of all.
        n_runs = 1.0 if len(np.unique(seeing)) == 1 else float(seeing.size)
        groups = n_on / ROWS + 0.5 * min(n_runs, n_on)
        connected = 0.5 * self.synapses.indices.size / n_inputs
        list_bytes = 2.0 * connected
        n_flips = _FLIPPED * self.n_adapted
        row, block, own_list = (
            _fetch(size, n)
            for size, n in (
                (8.0 * mean_run, n_inputs),
                (8.0 * WORD, seen.sum()),
                (list_bytes, n_inputs),
            )
        )
        n_pairs = _n_pairs(self.synapses)
        # Where of each pair one is on, which half of the bits being on suggests, one comparison
        # does for both words.
        compare = bits.compare / 2 if self.paired and 2 * n_on == n_inputs else bits.compare
        return {
            "rows": groups * (_NEXT_GROUP + mean_run / ROW_WORDS * bits.add_rows)
            + seen.size * _digits(self.synapses) * bits.unpack
            + n_on * (_NEXT_BIT + row.begin + row.run)
            + n_flips * (_FLIP + row.begin),
            "words": seen.sum() * max(compare, block.run) + n_flips * (_FLIP + block.begin),
            # The next list is asked for while one is counted.
            "lists": n_on * (n_pairs * _NEXT_LIST + connected * _COUNT + own_list.run)
            + n_flips * (_FLIP + own_list.begin + own_list.run + list_bytes / _SEARCHED),
        }

    def cheapest(self, n_on: float) -> str:
        """Return the name of the layout that promises to be the fastest."""
        costs = self.predict(n_on)
        return min(costs, key=costs.__getitem__)

    def gain(self, n_on: float, layout: str) -> float:
        """Return the nanoseconds of a cycle that the cheapest layout saves over another."""
        costs = self.predict(n_on)
        return costs[layout] - min(costs.values())


class _Fetch(NamedTuple):
    begin: float
    run: float


def _fetch(n_bytes: float, n: float) -> _Fetch:
    """Return the nanoseconds to come to one of `n` pieces of an index, and to read through it."""
    if n_bytes * n <= _OWN_CACHE:
        return _Fetch(0.0, 0.0)
    rate = _FROM_SHARED if n_bytes * n <= _SHARED_CACHE else _FROM_MEMORY
    return _Fetch(_LATENCY, n_bytes / rate)


@dataclass(frozen=True)
class OverlapIndex:
    """Connected synapses by input bit; the layouts are classes of their own."""

    layout: ClassVar[str]
    together: ClassVar[int] = 1
    """Inputs that are counted together, since what is read serves them all"""
    connected_counts: NDArray[np.int32]
    """(C,) how many synapses of each column are connected; (0,) where that is not needed"""

    def count(self, chunk: Block[Chunk], overlaps: NDArray[np.uint16]) -> Bound:
        """Return the step that counts overlaps; see `Finding.count_overlaps`."""
        raise NotImplementedError

    def enter(self, flips: Flips, synapses: Synapses, threshold: float) -> Bound:
        """Return the step that enters flips into the index; see `Filling.enter`."""
        raise NotImplementedError

    def most_workers(self, n_rows: int) -> int:
        """Return how many workers can have a block of rows each."""
        return n_rows

    def bounds(self, n_rows: int, n_workers: int) -> NDArray[np.int64]:
        """Return where blocks of rows begin that workers share out, none empty, and `n_rows`."""
        bounds = np.arange(n_workers) * n_rows // n_workers // 64 * 64
        return np.append(np.unique(bounds), n_rows)


@dataclass(frozen=True)
class BitRows(OverlapIndex):
    """For each input bit, a bit for each column; see `fastsp.kernels.overlap.rows`."""

    layout = "rows"
    bits: ConnectedBits
    n_planes: int

    def count(self, chunk: Block[Chunk], overlaps: NDArray[np.uint16]) -> Bound:
        """Return the step that counts overlaps."""
        n_words = overlaps.shape[1] // WORD
        planes = np.empty(self.n_planes * (n_words + ROW_WORDS), np.uint64)
        offsets = np.empty(ROWS, np.int64)
        counting = RowCounting(self.bits, self.n_planes, offsets, planes, overlaps, chunk)
        return Bound(count_in_rows, counting)

    def enter(self, flips: Flips, synapses: Synapses, threshold: float) -> Bound:
        """Return the step that enters flips."""
        own = Flipping(self.bits, flips, synapses, threshold, self.connected_counts)
        return Bound(enter_into_rows, own)


@dataclass(frozen=True)
class BitWords(OverlapIndex):
    """For each column, a bit for each input bit; see `fastsp.kernels.overlap.words`."""

    layout = "words"
    together = TOGETHER
    bits: ConnectedBits

    def count(self, chunk: Block[Chunk], overlaps: NDArray[np.uint16]) -> Bound:
        """Return the step that counts overlaps."""
        n, n_halves = len(overlaps), 2 * -(-self.bits.n_pairs // WORD)
        halves, one_of_each = np.empty((n, n_halves), np.uint64), np.empty(n, np.int64)
        own = WordCounting(self.bits, halves, one_of_each, overlaps, chunk)
        return Bound(count_in_pairs if self.bits.n_pairs else count_in_words, own)

    def enter(self, flips: Flips, synapses: Synapses, threshold: float) -> Bound:
        """Return the step that enters flips."""
        own = Flipping(self.bits, flips, synapses, threshold, self.connected_counts)
        return Bound(enter_into_words, own)


@dataclass(frozen=True)
class Lists(OverlapIndex):
    """For each input bit, its columns one by one; see `fastsp.kernels.overlap.lists`."""

    layout = "lists"
    lists: ConnectedLists

    def count(self, chunk: Block[Chunk], overlaps: NDArray[np.uint16]) -> Bound:
        """Return the step that counts overlaps."""
        return Bound(count_in_lists, ListCounting(self.lists, overlaps, chunk))

    def enter(self, flips: Flips, synapses: Synapses, threshold: float) -> Bound:
        """Return the step that enters flips."""
        own = Flipping(self.lists, flips, synapses, threshold, self.connected_counts)
        return Bound(enter_into_lists, own)

    def most_workers(self, n_rows: int) -> int:
        """Return how many blocks there are."""
        return -(-n_rows // self.lists.block_size)

    def bounds(self, n_rows: int, n_workers: int) -> NDArray[np.int64]:
        """Return where the blocks of the lists begin."""
        return np.append(np.arange(0, n_rows, self.lists.block_size), n_rows)


LAYOUTS = tuple(kind.layout for kind in (BitRows, BitWords, Lists))


def build_index(
    synapses: Synapses,
    n_inputs: int,
    connected_threshold: float,
    layout: str,
    counted: bool = False,
    paired: bool = False,
) -> OverlapIndex:
    """Build the overlap index of the connected synapses.

    Parameters
    ----------
    synapses : of C columns over `n_inputs` input bits.
    connected_threshold : a synapse is connected where its permanence, as float32, is at least the
        threshold as float32.
    layout : "rows", "words" or "lists".
    counted : whether the connected synapses of each column are counted.
    paired : whether input bits come in pairs, of which as a rule one is on.
    """
    counts = np.zeros(synapses.indptr.size - 1 if counted else 0, np.int32)
    index: OverlapIndex
    if layout == Lists.layout:
        index = Lists(counts, _new_lists(synapses, n_inputs))
    elif layout == BitWords.layout:
        bits = _new_bits(synapses, n_inputs, layout, paired and n_inputs % 2 == 0)
        index = BitWords(counts, bits)
    else:
        bits = _new_bits(synapses, n_inputs, layout, False)
        index = BitRows(counts, bits, _digits(synapses))
    flips = Flips(np.empty(FLIP_ROOM, np.int64), np.empty(FLIP_ROOM, np.int64))
    enter = index.enter(flips, synapses, connected_threshold)
    Bound(fill_index, Filling(synapses, connected_threshold, flips, enter))()
    return index


def _digits(synapses: Synapses) -> int:
    """Return the binary digits that the largest overlap can have; at least 3."""
    return max(3, int(np.diff(synapses.indptr).max()).bit_length())


Runs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Where each run of blocks starts, and its length."""


def _runs(synapses: Synapses, n_inputs: int) -> tuple[Runs, Runs]:
    """Return the runs of column blocks that see each input block, and of input blocks seen by each.

    Blocks of 64.
    """
    n_columns = synapses.indptr.size - 1
    by_input = np.empty((2, -(-n_inputs // WORD)), np.int64)
    by_column = np.empty((2, -(-n_columns // WORD)), np.int64)
    find_runs(synapses.indptr, synapses.indices, by_input, by_column)
    return (by_input[0], by_input[1] - by_input[0]), (by_column[0], by_column[1] - by_column[0])


def _padded(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the lengths of rows, rounded up to whole vectors."""
    return -(-lengths // ROW_WORDS) * ROW_WORDS


def _new_bits(synapses: Synapses, n_inputs: int, layout: str, paired: bool) -> ConnectedBits:
    (run_starts, run_lengths), seen = _runs(synapses, n_inputs)
    room_behind = 0
    if layout == "words":
        run_starts, run_lengths = seen
        if paired:
            run_ends = run_starts + run_lengths
            run_starts = run_starts // 2 * 2
            run_lengths = (run_ends + 1) // 2 * 2 - run_starts
    else:
        run_lengths = _padded(run_lengths)
        room_behind = run_lengths.max()
    starts = np.concatenate([[0], np.cumsum(WORD * run_lengths)]).astype(np.int64)
    words = aligned_zeros((int(starts[-1] + room_behind),), np.uint64)
    n_pairs = n_inputs // 2 if layout == "words" and paired else 0
    return ConnectedBits(words, starts, run_starts, run_lengths, n_pairs)


def _new_lists(synapses: Synapses, n_inputs: int) -> ConnectedLists:
    n_columns = synapses.indptr.size - 1
    n_pairs = _n_pairs(synapses)
    block_size = -(-n_columns // (2 * n_pairs * WORD)) * WORD
    room = np.zeros((n_pairs, n_inputs, 2), np.int32)
    count_in_blocks(synapses.indptr, synapses.indices, block_size, room)
    # Runs follow each other; each has the room of its first block below its middle.
    ends = np.cumsum(room.sum(2, dtype=np.int64)).reshape(n_pairs, n_inputs)
    columns = np.empty(synapses.indices.size, np.uint16)
    middles: NDArray[np.int64] = ends - room[:, :, 1].astype(np.int64)
    return ConnectedLists(columns, middles, np.zeros_like(room), block_size)


def _n_pairs(synapses: Synapses) -> int:
    return -(-(synapses.indptr.size - 1) // (2 * LARGEST_BLOCK))
