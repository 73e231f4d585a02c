"""Search for the codes that share the most active columns with a query.

Codes lie in blocks of 512. A block has a row of 8 words for each column, with a bit for each code
in which the column is active: an inverted index in bits. For a query the rows of its active columns
are added by the logic of carry-save adders, seven rows at a time, and the sums, bit planes, are
compared with the k-th best so far, 512 at once. Only what is better is looked at one by one.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from fastsp.kernels.jit import helper, kernel, njit
from fastsp.kernels.llvm.bits import ROW_WORDS, ROWS, WORD, add_rows, lowest_one
from fastsp.kernels.workers import share

BLOCK = ROW_WORDS * WORD
"""Codes in a block."""
ROW_BITS = 32
"""Of a key, the overlap and one in the bits above: the lower the row, the larger these are."""
LAST_ROW = 2**ROW_BITS - 1


class Queries(NamedTuple):
    """Active columns of each query, as in a CSR matrix, and the best rows that are known for it."""

    indptr: NDArray[np.int64]
    """(n + 1,)"""
    indices: NDArray[np.int64]
    """Below C"""
    keys: NDArray[np.int64]
    """(n, k) a heap for each query, the least key first; 0 where there is none"""


class Adders(NamedTuple):
    """Scratch space of one thread."""

    offsets: NDArray[np.int64]
    """(ROWS,) where rows that are added together begin"""
    planes: NDArray[np.uint64]
    """(D * 8,) sums, a plane of 8 words for each of D binary digits, at least 3"""
    equal: NDArray[np.uint64]
    """(8,)"""
    above: NDArray[np.uint64]
    """(8,)"""


@kernel
def enter_codes(
    words: NDArray[np.uint64],
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
) -> None:
    """Write codes to `words` (blocks, C + 2, 8) at the given rows, in which there is none.

    Behind the rows of words of the C columns follow one that tells in which rows there are codes,
    and one of zeros.
    """
    n_columns = words.shape[1] - 2
    for i in range(rows.size):
        block, place = rows[i] // BLOCK, rows[i] % BLOCK // WORD
        bit = np.uint64(1) << np.uint64(rows[i] % WORD)
        for j in range(indptr[i], indptr[i + 1]):
            words[block, indices[j], place] |= bit
        words[block, n_columns, place] |= bit


@kernel
def erase_codes(words: NDArray[np.uint64], rows: NDArray[np.int64]) -> None:
    """Take the codes at the given rows out of `words`; see `enter_codes`."""
    for row in rows:
        block, place = row // BLOCK, row % BLOCK // WORD
        others = ~(np.uint64(1) << np.uint64(row % WORD))
        for column in range(words.shape[1]):
            words[block, column, place] &= others


@helper
def _add_up(
    words: NDArray[np.uint64],
    n_columns: int,
    block: int,
    columns: NDArray[np.int64],
    adders: Adders,
) -> int:
    """Count the active columns that each code of a block shares with `columns`, and one.

    The sums stand in the planes, 0 where there is no code. Returns how many planes they take.
    """
    offsets, planes = adders.offsets, adders.planes
    first = block * (n_columns + 2)
    live = (first + n_columns) * ROW_WORDS
    planes[ROW_WORDS:] = 0
    for w in range(ROW_WORDS):
        planes[w] = words[live + w]
    n_planes, most = 3, 1
    for start in range(0, columns.size, ROWS):
        own = columns[start : start + ROWS]
        for j in range(own.size):
            offsets[j] = (first + own[j]) * ROW_WORDS
        offsets[own.size :] = live + ROW_WORDS
        most += own.size
        while most >> n_planes > 0:
            n_planes += 1
        add_rows(words, offsets, 0, planes, ROW_WORDS, 0, n_planes)
    return n_planes


@helper
def _compare(adders: Adders, n_planes: int, bound: int) -> None:
    """Write to `above` a one for each sum that is above `bound`."""
    equal, above = adders.equal, adders.above
    equal[:] = ~np.uint64(0)
    above[:] = 0
    if bound >> n_planes > 0:
        return
    for digit in range(n_planes - 1, -1, -1):
        plane = adders.planes[digit * ROW_WORDS : (digit + 1) * ROW_WORDS]
        if bound >> digit & 1:
            for w in range(ROW_WORDS):
                equal[w] &= plane[w]
        else:
            for w in range(ROW_WORDS):
                above[w] |= equal[w] & plane[w]
                equal[w] &= ~plane[w]


@helper
def _replace_least(heap: NDArray[np.int64], key: int) -> None:
    """Put `key` in the place of the first and least of a heap, in order."""
    at, child = 0, 1
    while child < heap.size:
        if child + 1 < heap.size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    heap[at] = key


@kernel
def search(
    words: NDArray[np.uint64], queries: Queries, first: int, last: int, adders: Adders
) -> None:
    """Find the codes that share the most active columns with queries `first` to `last`.

    Fills `queries.keys`, all 0 before. The key of row r with overlap o is, of 64 bits,

        (o + 1) 2^32 + 2^32 - 1 - r,

    so that of equal overlaps the lower row is better. Blocks are the outer loop: all queries meet a
    block while it is in the cache. `words` as of `enter_codes`.
    """
    flat = words.reshape(-1)
    n_columns = words.shape[1] - 2
    for block in range(words.shape[0]):
        for i in range(first, last):
            columns = queries.indices[queries.indptr[i] : queries.indptr[i + 1]]
            n_planes = _add_up(flat, n_columns, block, columns, adders)
            heap = queries.keys[i]
            _compare(adders, n_planes, heap[0] >> ROW_BITS)
            for w in range(ROW_WORDS):
                found = adders.above[w]
                while found != 0:
                    bit = lowest_one(found)
                    found &= found - np.uint64(1)
                    total = np.int64(0)
                    for digit in range(n_planes):
                        one = adders.planes[digit * ROW_WORDS + w] >> np.uint64(bit) & np.uint64(1)
                        total |= np.int64(one) << digit
                    key = (total << ROW_BITS) + LAST_ROW - (block * BLOCK + w * WORD + bit)
                    if key > heap[0]:
                        _replace_least(heap, key)


@kernel
def search_part(
    words: NDArray[np.uint64], queries: Queries, scratch: Adders, part: int, n_parts: int
) -> None:
    """Do what `search` does in one of several parts of the queries, with its part of `scratch`."""
    first, last = share(queries.keys.shape[0], part, n_parts)
    adders = Adders(
        scratch.offsets[part], scratch.planes[part], scratch.equal[part], scratch.above[part]
    )
    search(words, queries, first, last, adders)


@njit(parallel=True)
def search_in_parallel(
    words: NDArray[np.uint64], queries: Queries, scratch: Adders, n_parts: int
) -> None:
    """Do what `search_part` does for all parts, on several cores."""
    for part in prange(n_parts):
        signed: Any = np.int64(part)
        search_part(words, queries, scratch, signed, n_parts)
