"""From what users have, dense or sparse matrices of inputs, to packed words for the kernels.

Bit i of an input is bit i % 64 of word i // 64.
"""

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from fastsp.kernels.packing import pack_inputs, pack_rows

CACHED = 2**18
"""Bits compared at a time, which stay in a core's own cache until they are packed."""


def pack(X: Any, threshold: float) -> NDArray[np.uint64]:
    """Pack the bits `X > threshold` of each row.

    Parameters
    ----------
    X : (n, N) array of any real dtype, or CSR matrix, finite.
    threshold : at least 0, so that what a sparse matrix does not store is off.

    Returns
    -------
    (n, ceil(N / 64)) uint64
    """
    n, n_inputs = X.shape
    words = np.zeros((n, (n_inputs + 63) // 64), np.uint64)
    if scipy.sparse.issparse(X):
        X.check_format(full_check=True)  # an index out of bounds would go astray in memory
        on = X.data > threshold
        pack_rows(X.indptr.astype(np.int64), X.indices.astype(np.int32), on, words)
        return words
    if X.dtype == np.bool_:
        X = X.view(np.uint8)
    if X.dtype == np.uint8 and X.flags.c_contiguous:
        pack_inputs(X, min(int(threshold), 255), words)
        return words
    # Integers are compared as such, which is much faster than as floats.
    bound = int(threshold) if X.dtype.kind in "iu" else threshold
    n_rows = max(1, CACHED // n_inputs)
    for start in range(0, n, n_rows):
        on = np.ascontiguousarray(X[start : start + n_rows] > bound)
        pack_inputs(on.view(np.uint8), 0, words[start : start + n_rows])
    return words
