"""SDRs from rows of SciPy matrices, and back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastsp.htm.checks import Dimensions, RefusedValueError, check_dimensions
from fastsp.htm.representation import SDR
from fastsp.htm.views import as_sdr

if TYPE_CHECKING:
    import scipy.sparse


def from_rows(matrix: Any, dimensions: Dimensions | None = None) -> list[SDR]:
    """Make an SDR of each row of a sparse matrix: what is not zero is on.

    Parameters
    ----------
    matrix : (n, size) sparse matrix or array of SciPy, in any format
    dimensions : int or sequence of int, optional
        Dimensions of the SDRs; if None, (size,).

    Returns
    -------
    list of n SDRs

    Raises
    ------
    TypeError
        Where `matrix` is no sparse matrix.
    ValueError
        Where it is not of two axes, holds NaN, its indices are out of bounds, or dimensions hold
        another number of bits.
    """
    import scipy.sparse  # takes longer to import than all of this package

    from fastsp.engine.packing import canonical

    if not scipy.sparse.issparse(matrix):
        raise TypeError(f"matrix must be a sparse matrix, got {type(matrix).__name__}")
    if matrix.ndim != 2:
        raise RefusedValueError(f"matrix must have two axes, got {matrix.ndim}")
    axes = check_dimensions(matrix.shape[1] if dimensions is None else dimensions)
    if np.prod(axes) != matrix.shape[1]:
        raise RefusedValueError(f"dimensions must hold {matrix.shape[1]} bits, got {list(axes)}")
    rows = canonical(matrix)
    if np.isnan(rows.data).any():
        raise RefusedValueError("matrix must not hold NaN")
    on = rows.data != 0
    sdrs = []
    for start, stop in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        sdr = SDR(axes)
        sdr._take(rows.indices[start:stop][on[start:stop]].astype(np.uint32))
        sdrs.append(sdr)
    return sdrs


def to_rows(sdrs: Iterable[SDR]) -> "scipy.sparse.csr_matrix":
    """Make a matrix of SDRs, one in each row.

    Parameters
    ----------
    sdrs : SDRs of one size, at least one

    Returns
    -------
    (n, size) CSR matrix, uint8
        1 where a bit is on.

    Raises
    ------
    TypeError
        Where one is no SDR.
    ValueError
        Where there is none, or sizes differ.
    """
    import scipy.sparse

    given = [as_sdr(sdr, "sdrs") for sdr in sdrs]
    sizes = sorted({sdr.size for sdr in given})
    if len(sizes) != 1:
        raise RefusedValueError(f"sdrs must be one or more of the same size, got sizes {sizes}")
    indptr = np.cumsum([0, *(sdr.getSum() for sdr in given)])
    indices = np.concatenate([sdr.sparse for sdr in given]).astype(np.int32)
    ones = np.ones(len(indices), np.uint8)
    return scipy.sparse.csr_matrix((ones, indices, indptr), shape=(len(given), sizes[0]))
