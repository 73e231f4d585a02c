"""How much and how evenly columns are active: density, sparseness, entropy."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from fastsp.metrics.checks import Reals, as_csr, as_probabilities


def density(X: ArrayLike) -> float:
    """Return the share of active columns, over all samples.

    Parameters
    ----------
    X : (n_samples, n_columns) CSR or dense array of 0 and 1

    Returns
    -------
    float
        Between 0 and 1; nan for an empty batch.
    """
    sdrs = as_csr(X, "X")
    n_values = sdrs.shape[0] * sdrs.shape[1]
    return sdrs.nnz / n_values if n_values else float("nan")


def sparseness(X: ArrayLike) -> Reals:
    """Return the share of active columns of each sample.

    Parameters
    ----------
    X : (n_samples, n_columns) CSR or dense array of 0 and 1

    Returns
    -------
    (n_samples,) float64
        Between 0 and 1.

    Raises
    ------
    ValueError
        Where the values are not 0 and 1, or there are no columns.

    References
    ----------
    Cui, Ahmad and Hawkins 2017, section "Metric 1: Sparseness", doi:10.3389/fncom.2017.00111.
    """
    sdrs = as_csr(X, "X")
    if not sdrs.shape[1]:
        raise ValueError("X must have at least one column, got none")
    shares: Reals = np.diff(sdrs.indptr) / sdrs.shape[1]
    return shares


def code_entropy(X: ArrayLike) -> float:
    """Return the `duty_cycle_entropy` of how often each column is active over a batch.

    Parameters
    ----------
    X : (n_samples, n_columns) CSR or dense array of 0 and 1

    Returns
    -------
    float
        Share of the maximum, between 0 and 1.

    Raises
    ------
    ValueError
        Where the values are not 0 and 1, or the batch is empty.
    """
    sdrs = as_csr(X, "X")
    if not sdrs.shape[0]:
        raise ValueError("X must hold at least one sample, got none")
    return duty_cycle_entropy(np.bincount(sdrs.indices, minlength=sdrs.shape[1]) / sdrs.shape[0])


def binary_entropy(p: ArrayLike) -> Reals:
    """Return the entropy of an event of probability p: -p log2 p - (1 - p) log2 (1 - p).

    Parameters
    ----------
    p : array of float
        Probabilities.

    Returns
    -------
    array of float64, the shape of `p`
        Bits; 0 at p = 0 and p = 1.

    Raises
    ------
    ValueError
        Where a value is not between 0 and 1.
    """
    p = as_probabilities(p, "p")
    bits: Reals = (entr(p) + entr(1.0 - p)) / np.log(2.0)
    return bits


def duty_cycle_entropy(duty_cycles: ArrayLike) -> float:
    """Return the mean entropy of columns, relative to its maximum at the same mean activity.

    That is the mean of H(a_c) over columns, divided by H(mean of a_c), with H the binary
    entropy. It is 1 where all columns are equally active.

    Parameters
    ----------
    duty_cycles : (n_columns,) array of float
        Active duty cycles a_c.

    Returns
    -------
    float
        Between 0 and 1; 0 where the columns are never, or always, active.

    Raises
    ------
    ValueError
        Where there are no columns or a value is not between 0 and 1.

    References
    ----------
    Cui, Ahmad and Hawkins 2017, "The HTM Spatial Pooler", section "Entropy",
    doi:10.3389/fncom.2017.00111.
    """
    duty_cycles = as_probabilities(duty_cycles, "duty_cycles")
    if duty_cycles.size == 0:
        raise ValueError("duty_cycles must hold at least one column, got none")
    greatest = float(binary_entropy(duty_cycles.mean()))
    return min(float(binary_entropy(duty_cycles).mean()) / greatest, 1.0) if greatest else 0.0
