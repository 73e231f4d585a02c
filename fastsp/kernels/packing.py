"""Inputs packed into words, and active columns put together."""

from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel, njit
from fastsp.kernels.llvm.bits import WORD, pack_word
from fastsp.kernels.workers import share


@kernel
def pack_rows(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    on: NDArray[np.bool_],
    words: NDArray[np.uint64],
) -> None:
    """Set in `words` (n, W), all zero before, the bits of compressed rows that are `on`.

    Row i has the input bits `indices[indptr[i] : indptr[i + 1]]`.
    """
    for i in range(words.shape[0]):
        for j in range(indptr[i], indptr[i + 1]):
            if on[j]:
                words[i, indices[j] >> 6] |= np.uint64(1) << np.uint64(indices[j] & 63)


@kernel
def pack_input(x: NDArray[np.uint8], bound: int, words: NDArray[np.uint64]) -> None:
    """Fill `words` (W,) with the bits `x > bound` of one input (N,)."""
    n_whole = x.size // WORD
    for w in range(n_whole):
        words[w] = pack_word(x, WORD * w, bound)
    if n_whole < words.size:
        words[n_whole] = 0
        for i in range(WORD * n_whole, x.size):
            words[n_whole] |= np.uint64(x[i] > bound) << np.uint64(i % WORD)


@kernel
def pack_share(
    X: NDArray[np.uint8], bound: int, words: NDArray[np.uint64], part: int, n_parts: int
) -> None:
    """Fill `words` (n, W) with the bits `X > bound` (n, N), in one of several parts of the rows."""
    first, last = share(X.shape[0], part, n_parts)
    for i in range(first, last):
        pack_input(X[i], bound, words[i])


@njit(parallel=True)
def pack_in_parallel(
    X: NDArray[np.uint8], bound: int, words: NDArray[np.uint64], n_parts: int
) -> None:
    """Do what `pack_share` does for all parts, on several cores."""
    for part in prange(n_parts):
        signed: Any = np.int64(part)
        pack_share(X, bound, words, signed, n_parts)


@kernel
def join_rows(
    rows: NDArray[np.int32], lengths: NDArray[np.int64], joined: NDArray[np.int32]
) -> None:
    """Fill `joined` with the first `lengths[i]` entries of each row, one row after the other."""
    n = 0
    for i in range(rows.shape[0]):
        for j in range(lengths[i]):
            joined[n + j] = rows[i, j]
        n += lengths[i]
