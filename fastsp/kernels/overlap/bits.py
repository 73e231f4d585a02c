"""Connected synapses as a matrix of bits."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel


class ConnectedBits(NamedTuple):
    """Connected synapses as a matrix of bits, of input bits by columns, a one for each.

    W blocks of 64 input bits, B of 64 columns. In rows: the columns that can see any bit of input
    block w lie in a run of column blocks, `run_lengths[w]` from `run_starts[w]` on, a multiple of
    8; from `words[starts[w]]` on there is a row of so many words for each of the 64 input bits,
    with a bit for each column. Behind all rows follows one of zeros, as long as the longest. In
    words, the other way round: the input bits that column block b can see lie in a run of input
    blocks, and for each of these there is a word for each of the 64 columns, with a bit for each
    input bit.

    Where input bits come in pairs (bits 2 p and 2 p + 1 of pixel p), words are of the first of 64
    pairs and of the second of these, in turns; runs begin and end with pairs of words.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    """(W + 1,) in rows, the last is where the row of zeros starts; (B + 1,) in words"""
    run_starts: NDArray[np.int64]
    """(W,) or (B,)"""
    run_lengths: NDArray[np.int64]
    """(W,) or (B,), 0 where nothing can be seen"""
    n_pairs: int
    """Pairs of input bits, or 0"""


@kernel
def find_runs(
    indptr: NDArray[np.int64],
    indices: NDArray[Any],
    input_runs: NDArray[np.int64],
    column_runs: NDArray[np.int64],
) -> None:
    """Find which blocks of 64 columns can see each block of 64 input bits, and the other way round.

    Fills `input_runs` (2, W) with the first, and one past the last, column block with a potential
    synapse in each input block; both 0 where there is none. Likewise `column_runs` (2, B).
    """
    input_runs[:] = 0
    column_runs[:] = 0
    for column in range(indptr.size - 1):
        b = column >> 6
        for i in range(indptr[column], indptr[column + 1]):
            w = np.int64(indices[i]) >> 6
            if input_runs[1, w] == 0:
                input_runs[0, w] = b
            input_runs[1, w] = b + 1
            if column_runs[1, b] == 0 or w < column_runs[0, b]:
                column_runs[0, b] = w
            column_runs[1, b] = max(column_runs[1, b], w + 1)
