"""From what users have, dense or sparse matrices of inputs, to packed words for the kernels.

Bit i of an input is bit i % 64 of word i // 64.
"""

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from fastsp.kernels.packing import pack_rows


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
        on = X.data > threshold
        pack_rows(X.indptr.astype(np.int64), X.indices.astype(np.int32), on, words)
        return words
    if X.dtype != np.bool_ or threshold >= 1:
        # Integers are compared as such, which is much faster than as floats.
        X = (int(threshold) if X.dtype.kind in "iu" else threshold) < X
    packed = np.packbits(X, axis=1, bitorder="little")
    words.view(np.uint8)[:, : packed.shape[1]] = packed
    return words if np.little_endian else words.byteswap()
