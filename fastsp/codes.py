"""From active columns to codes: rows of a sparse matrix."""

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from fastsp.kernels.packing import join_rows


def as_matrix(
    indices: NDArray[np.int32], counts: NDArray[np.int64], n_columns: int
) -> scipy.sparse.csr_matrix:
    """Make a matrix of active columns, those of all inputs in one row."""
    indptr = np.concatenate([[0], np.cumsum(counts)])
    if indptr[-1] < 2**31:
        indptr = indptr.astype(np.int32)
    codes = scipy.sparse.csr_matrix(
        (np.ones(indices.size, np.float32), indices, indptr), shape=(counts.size, n_columns)
    )
    codes.has_sorted_indices = True
    return codes


def in_one_row(
    active: NDArray[np.int32], n_active: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Leave out the room in `active` that is not filled."""
    if (n_active == active.shape[1]).all():
        return active.ravel(), n_active
    joined = np.empty(n_active.sum(), np.int32)
    join_rows(active, n_active, joined)
    return joined, n_active
