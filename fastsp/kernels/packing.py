"""Sparse inputs packed into words."""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel


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
