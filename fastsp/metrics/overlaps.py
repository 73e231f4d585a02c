"""How many active columns SDRs share: one by one, in pairs, by class, before and after."""

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike

from fastsp.labels import as_labels
from fastsp.metrics.checks import Reals, as_csr, as_indices


def overlap(a: ArrayLike, b: ArrayLike, *, normalize: bool = True) -> float:
    """Return how many active columns two SDRs share.

    Parameters
    ----------
    a, b : (n_active,) arrays of int
        Indices of active columns, strictly ascending.
    normalize : bool, default=True
        Divide by the larger of the two numbers of active columns, so that only equal SDRs
        reach 1.

    Returns
    -------
    float
        A share between 0 and 1 (0 where nothing is active), or the count.

    Raises
    ------
    ValueError
        Where indices are not strictly ascending.
    """
    a, b = as_indices(a, "a"), as_indices(b, "b")
    shared = np.intersect1d(a, b, assume_unique=True).size
    return shared / max(a.size, b.size, 1) if normalize else float(shared)


def pairwise_overlap(X: ArrayLike, Y: ArrayLike | None = None, *, normalize: bool = True) -> Reals:
    """Return the `overlap` of each sample of X with each of Y.

    Parameters
    ----------
    X : (n_samples, n_columns) CSR or dense array of 0 and 1
    Y : (m_samples, n_columns) CSR or dense array of 0 and 1, optional
        X by default.
    normalize : bool, default=True
        As in `overlap`.

    Returns
    -------
    (n_samples, m_samples) float64
        Shares between 0 and 1, or counts.

    Raises
    ------
    ValueError
        Where the values are not 0 and 1, or the numbers of columns differ.
    """
    first = as_csr(X, "X")
    second = first if Y is None else as_csr(Y, "Y")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"Y must have {first.shape[1]} columns as X has, got {second.shape[1]}")
    shared: Reals = (first @ second.T).toarray()
    if normalize:
        larger = np.maximum.outer(np.diff(first.indptr), np.diff(second.indptr))
        shared /= np.maximum(larger, 1)
    return shared


def paired_overlap(X: ArrayLike, Y: ArrayLike, *, normalize: bool = True) -> Reals:
    """Return the `overlap` of each sample of X with the same sample of Y.

    Parameters
    ----------
    X, Y : (n_samples, n_columns) CSR or dense arrays of 0 and 1
    normalize : bool, default=True
        As in `overlap`.

    Returns
    -------
    (n_samples,) float64
        Shares between 0 and 1, or counts.

    Raises
    ------
    ValueError
        Where the values are not 0 and 1, or the shapes differ.
    """
    first, second = as_csr(X, "X"), as_csr(Y, "Y")
    if first.shape != second.shape:
        raise ValueError(f"Y must be of the shape of X, {first.shape}, got {second.shape}")
    shared: Reals = np.asarray(first.multiply(second).sum(axis=1), dtype=np.float64).ravel()
    if normalize:
        shared /= np.maximum(np.maximum(np.diff(first.indptr), np.diff(second.indptr)), 1)
    return shared


def stability(before: ArrayLike, after: ArrayLike) -> float:
    """Return how much codes of the same inputs stayed the same: the mean paired overlap.

    Parameters
    ----------
    before, after : (n_samples, n_columns) CSR or dense arrays of 0 and 1
        Codes of the same inputs at two moments of learning.

    Returns
    -------
    float
        Between 0 and 1; 1 where no code changed, nan for an empty batch.

    Raises
    ------
    ValueError
        Where the values are not 0 and 1, or the shapes differ.

    References
    ----------
    Cui, Ahmad and Hawkins 2017, section "Metric 4: Stability", doi:10.3389/fncom.2017.00111.
    """
    overlaps = paired_overlap(before, after)
    return float(overlaps.mean()) if overlaps.size else float("nan")


def class_overlaps(X: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Return the mean `overlap` of pairs within a class, and of pairs between classes.

    Exact over all pairs of distinct samples, in O(nnz) instead of O(n_samples^2). Samples are
    sorted by their number of active columns, so that the divisor of a pair is the number of the
    later sample. For each active column, the earlier samples that share it are counted.

    Parameters
    ----------
    X : (n_samples, n_columns) CSR or dense array of 0 and 1
    y : (n_samples,) array
        Labels.

    Returns
    -------
    within : float
        Share between 0 and 1; nan where no class has two samples.
    between : float
        Share between 0 and 1; nan where there is but one class.

    Raises
    ------
    ValueError
        Where the values are not 0 and 1, or there is not one label per sample, or one is missing.
    """
    sdrs = as_csr(X, "X")
    labels = as_labels("y", y)
    if labels.shape != sdrs.shape[:1]:
        raise ValueError(f"y must hold {sdrs.shape[0]} labels, got shape {labels.shape}")
    order = np.argsort(np.diff(sdrs.indptr), kind="stable")
    sdrs, labels = sdrs[order], labels[order]
    all_total, all_pairs = _sum_overlaps(sdrs), _count_pairs(len(labels))
    total, pairs = 0.0, 0
    for label in np.unique(labels):
        members = sdrs[labels == label]
        total += _sum_overlaps(members)
        pairs += _count_pairs(members.shape[0])
    within = total / pairs if pairs else float("nan")
    others = all_pairs - pairs
    between = max(all_total - total, 0.0) / others if others else float("nan")
    return within, between


def _sum_overlaps(sdrs: scipy.sparse.csr_array) -> float:
    """Return the sum of overlaps of all pairs of samples, which are sorted by size."""
    sizes = np.diff(sdrs.indptr)
    by_column = sdrs.tocsc()
    by_column.sort_indices()
    n_earlier = np.arange(sdrs.nnz) - np.repeat(by_column.indptr[:-1], np.diff(by_column.indptr))
    return float((n_earlier / sizes[by_column.indices]).sum())


def _count_pairs(n_samples: int) -> int:
    return n_samples * (n_samples - 1) // 2
