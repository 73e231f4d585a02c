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

    Raises
    ------
    ValueError
        Where the indices of a sparse matrix are out of bounds.
    """
    n, n_inputs = X.shape
    words = np.zeros((n, (n_inputs + 63) // 64), np.uint64)
    if scipy.sparse.issparse(X):
        rows = canonical(X)
        on = _above(rows.data, threshold)
        pack_rows(rows.indptr.astype(np.int64), rows.indices.astype(np.int32), on, words)
        return words
    if X.dtype == np.bool_:
        X = X.view(np.uint8)
    if X.dtype == np.uint8 and X.flags.c_contiguous:
        pack_inputs(X, min(int(threshold), 255), words)
        return words
    n_rows = max(1, CACHED // n_inputs)
    for start in range(0, n, n_rows):
        on = np.ascontiguousarray(_above(X[start : start + n_rows], threshold))
        pack_inputs(on.view(np.uint8), 0, words[start : start + n_rows])
    return words


def check_sparse(X: Any) -> None:
    """Raise ValueError where X is a sparse matrix whose pointers or indices lead out of its arrays.

    To be called before SciPy or scikit-learn look into it, which would go astray in memory: they
    take out rows, convert, or print it.
    """
    if not scipy.sparse.issparse(X):
        return
    if X.format in ("csr", "csc", "bsr"):
        for name in ("indptr", "indices"):
            if getattr(X, name).dtype.kind not in "iu":
                raise ValueError(f"{name} must hold integers; got {getattr(X, name).dtype}")
        if (np.diff(X.indptr) < 0).any():  # not looked at where the last pointer is 0
            raise ValueError("indptr must be a non-decreasing sequence")
        X.check_format(full_check=True)
    if X.format == "coo":
        for name, size in zip(("row", "col"), X.shape, strict=False):
            places = getattr(X, name)
            if len(places) != len(X.data) or not ((places >= 0) & (places < size)).all():
                raise ValueError(f"{name} indices must be >= 0 and < {size}, one for each value")


def canonical(X: Any) -> scipy.sparse.csr_array:
    """Return a sparse matrix as CSR: indices of a row strictly ascending, repeated entries added.

    `X` itself stays as it is; arrays that need no change are shared with it.

    Raises
    ------
    ValueError
        Where indices are out of bounds, or pointers descend: they would go astray in memory.
    """
    check_sparse(X)
    X = X.tocsr()
    # Made anew, since what X remembers of its own order may no longer be true.
    rows = scipy.sparse.csr_array((X.data, X.indices, X.indptr), X.shape)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def _above(values: NDArray[Any], threshold: float) -> NDArray[np.bool_]:
    # Integers are compared as such: exactly, and much faster than as floats.
    bound = int(threshold) if values.dtype.kind in "iu" else threshold
    with np.errstate(over="ignore"):  # nothing is above what the type of the values cannot hold
        above: NDArray[np.bool_] = values > bound
    return above
