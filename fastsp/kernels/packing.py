"""Inputs packed into words, and active columns put together."""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.vectors import WORD, pack_word


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
def pack_inputs(X: NDArray[np.uint8], bound: int, words: NDArray[np.uint64]) -> None:
    """Fill `words` (n, W) with the bits `X > bound` of each row (n, N)."""
    for i in range(X.shape[0]):
        pack_input(X[i], bound, words[i])


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
