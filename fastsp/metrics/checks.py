"""Batches of SDRs, indices and probabilities, checked."""

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from fastsp.engine.packing import canonical, check_given
from fastsp.masks import check_unmasked

Reals = NDArray[np.float64]
Indices = NDArray[np.integer[Any]]


def as_csr(X: Any, name: str) -> scipy.sparse.csr_array:
    """Return a batch of SDRs as CSR of 1.0, with sorted indices and no stored zeros."""
    check_given(X, name)
    if not scipy.sparse.issparse(X):
        X = np.asarray(X)
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must be a 2-D array of 0 and 1, got shape {X.shape}, dtype {X.dtype}"
        )
    if scipy.sparse.issparse(X):
        X = canonical(X).copy()
    sdrs = scipy.sparse.csr_array(X, dtype=np.float64)
    sdrs.eliminate_zeros()
    if not (sdrs.data == 1.0).all():
        raise ValueError(f"{name} must hold 0 and 1 only, got {sdrs.data[sdrs.data != 1.0][0]}")
    return sdrs


def as_indices(active: ArrayLike, name: str) -> Indices:
    """Return the indices of one SDR, strictly ascending."""
    check_unmasked(name, active)
    indices = np.asarray(active)
    if indices.size == 0:
        indices = indices.astype(np.int64)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or not (np.diff(indices) > 0).all():
        raise ValueError(f"{name} must be a 1-D array of strictly ascending integers")
    return indices


def as_probabilities(values: ArrayLike, name: str) -> Reals:
    """Return values that all lie between 0 and 1."""
    check_unmasked(name, values)
    try:
        probabilities = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be numbers between 0 and 1: {error}") from error
    wrong = ~((probabilities >= 0.0) & (probabilities <= 1.0))
    if wrong.any():
        raise ValueError(f"{name} must lie between 0 and 1, got {probabilities[wrong].flat[0]}")
    return probabilities
