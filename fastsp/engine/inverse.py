"""From active columns back to the input bits that they stand for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.packing import check_inputs, is_sparse
from fastsp.kernels.state import Synapses

_ROWS = 1024
"""Codes that are turned back at a time: sums are held in float64."""


def check_codes(X: Any, n_columns: int) -> Any:
    """Return codes (n, C) as an array or a canonical CSR matrix.

    Raises ValueError where they are of another shape, or hold anything but 0 and 1.
    """
    X = check_inputs(X, n_columns)
    values = X.data if is_sparse(X) else X
    wrong = values[(values != 0) & (values != 1)]
    if wrong.size:
        raise ValueError(f"X must hold 1 where a column is active and 0 elsewhere; got {wrong[0]}")
    return X


def mean_permanences(
    codes: Any, synapses: Synapses, n_inputs: int, off_inputs: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the mean permanence that the active columns of each code have on each input bit.

    Parameters
    ----------
    codes : (n, C) of 0 and 1, as `check_codes` returns them.
    synapses : of n_segments C rows, those of a column one after the other.
    n_inputs : number N of input bits.
    off_inputs : input bits that are switched off, whose value is 0.

    Returns
    -------
    (n, N) float32; 0 where no active column has a potential synapse.
    """
    from scipy.sparse import csr_array

    n, n_columns = codes.shape
    n_segments = (synapses.indptr.size - 1) // n_columns
    # The synapses of all segments of a column are one row; what is there twice adds up.
    pools = synapses.indices.astype(np.int32), synapses.indptr[::n_segments]
    permanences, ones = (
        csr_array((values, *pools), shape=(n_columns, n_inputs))
        for values in (synapses.permanences.astype(np.float64), np.ones(synapses.indices.size))
    )
    means = np.empty((n, n_inputs), np.float32)
    for start in range(0, n, _ROWS):
        active = csr_array(codes[start : start + _ROWS], dtype=np.float64)
        sums, counts = ((active @ values).toarray() for values in (permanences, ones))
        means[start : start + _ROWS] = sums / np.maximum(counts, 1.0)
    means[:, off_inputs] = 0.0
    return means
