"""Measures of SDRs and duty cycles: density, entropy, overlap, and the spread of active columns.

Batches of SDRs are CSR or dense arrays of 0 and 1, (n_samples, n_columns); a single SDR is a
sorted array of the indices of its active columns.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import entr

Reals = NDArray[np.float64]
Indices = NDArray[np.integer[Any]]

_DRAWS = 200


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
    sdrs = _as_csr(X, "X")
    n_values = sdrs.shape[0] * sdrs.shape[1]
    return sdrs.nnz / n_values if n_values else float("nan")


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
    p = _as_probabilities(p, "p")
    bits: Reals = (entr(p) + entr(1.0 - p)) / np.log(2.0)
    return bits


def duty_cycle_entropy(duty_cycles: ArrayLike) -> float:
    """Return the mean entropy of columns as a share of the greatest at their mean activity.

    That is the mean of H(a_c) over columns, divided by H(mean of a_c), with H the binary
    entropy. It is 1 where all columns are equally active.

    Parameters
    ----------
    duty_cycles : (n_columns,) array of float
        Active duty cycles a_c.

    Returns
    -------
    float
        Between 0 and 1; 0 where the columns are never, or always, active: nothing is said then.

    Raises
    ------
    ValueError
        Where there are no columns or a value is not between 0 and 1.

    References
    ----------
    Cui, Ahmad and Hawkins 2017, "The HTM Spatial Pooler", section "Entropy",
    doi:10.3389/fncom.2017.00111.
    """
    duty_cycles = _as_probabilities(duty_cycles, "duty_cycles")
    if duty_cycles.size == 0:
        raise ValueError("duty_cycles must hold at least one column, got none")
    greatest = float(binary_entropy(duty_cycles.mean()))
    return min(float(binary_entropy(duty_cycles).mean()) / greatest, 1.0) if greatest else 0.0


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
    a, b = _as_indices(a, "a"), _as_indices(b, "b")
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
    first = _as_csr(X, "X")
    second = first if Y is None else _as_csr(Y, "Y")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"Y must have {first.shape[1]} columns as X has, got {second.shape[1]}")
    shared: Reals = (first @ second.T).toarray()
    if normalize:
        larger = np.maximum.outer(np.diff(first.indptr), np.diff(second.indptr))
        shared /= np.maximum(larger, 1)
    return shared


def class_overlaps(X: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Return the mean `overlap` of pairs within a class, and of pairs between classes.

    Exact, over all pairs of distinct samples, in O(nnz) instead of O(n_samples^2): with samples
    in order of how many columns they have active, an active column of a sample is shared with as
    many earlier samples as had that column active, and with all of them the number to divide by
    is the sample's own.

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
        Where the values are not 0 and 1, or there is not one label per sample.
    """
    sdrs = _as_csr(X, "X")
    labels = np.asarray(y)
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


def clark_evans_index(
    active: ArrayLike, column_shape: tuple[int, ...], *, random_state: int = 0
) -> float:
    """Return how evenly active columns are spread over the grid of columns.

    The mean distance from an active column to the nearest other one, divided by what is expected
    of as many columns drawn at random without replacement from the same grid: 1 is random, below
    it active columns are clumped, above it they are spread out. The expectation includes the
    grid's edges and its discreteness, which the formula of the paper leaves out: it is the mean
    of 200 draws, made once per grid and number of columns.

    Parameters
    ----------
    active : (n_active,) array of int, or (n_samples, n_columns) CSR array
        One SDR as strictly ascending indices, or a batch, for which the mean is returned.
    column_shape : tuple of int
        Shape of the grid.
    random_state : int, default=0
        Seed of the draws.

    Returns
    -------
    float
        nan where no sample has two active columns; samples that have not are left out.

    Raises
    ------
    ValueError
        Where the indices are not strictly ascending or lie outside the grid, or `column_shape`
        is none.

    References
    ----------
    Clark and Evans 1954, "Distance to nearest neighbor as a measure of spatial relationships in
    populations", Ecology 35(4), doi:10.2307/1931034.
    """
    column_shape = tuple(int(size) for size in column_shape)
    if not column_shape or min(column_shape) < 1:
        raise ValueError(f"column_shape must hold positive integers, got {column_shape}")
    n_columns = int(np.prod(column_shape))
    if scipy.sparse.issparse(active):
        batch = _as_csr(active, "active")
        if batch.shape[1] != n_columns:
            raise ValueError(
                f"active must have the {n_columns} columns of column_shape {column_shape},"
                f" got {batch.shape[1]}"
            )
        samples = np.split(batch.indices, batch.indptr[1:-1])
    else:
        indices = _as_indices(active, "active")
        if indices.size and not 0 <= indices[0] <= indices[-1] < n_columns:
            raise ValueError(
                f"active must lie between 0 and {n_columns - 1} for column_shape {column_shape},"
                f" got {indices[0]} to {indices[-1]}"
            )
        samples = [indices]
    ratios = [
        _nearest_distance(sample, column_shape)
        / _expected_distance(column_shape, sample.size, random_state)
        for sample in samples
        if sample.size > 1
    ]
    return float(np.mean(ratios)) if ratios else float("nan")


def _nearest_distance(active: Indices, column_shape: tuple[int, ...]) -> float:
    """Return the mean distance from an active column to the nearest other one."""
    places = np.column_stack(np.unravel_index(active, column_shape))
    distances, _ = cKDTree(places).query(places, k=2)
    return float(distances[:, 1].mean())


@lru_cache(maxsize=1024)
def _expected_distance(column_shape: tuple[int, ...], n_active: int, seed: int) -> float:
    """Return the mean of `_nearest_distance` over random choices of columns."""
    generator = np.random.default_rng(seed)
    n_columns = int(np.prod(column_shape))
    draws = (generator.choice(n_columns, n_active, replace=False) for _ in range(_DRAWS))
    return float(np.mean([_nearest_distance(draw, column_shape) for draw in draws]))


def _sum_overlaps(sdrs: scipy.sparse.csr_array) -> float:
    """Return the sum of overlaps of all pairs of samples, which are sorted by size."""
    sizes = np.diff(sdrs.indptr)
    by_column = sdrs.tocsc()
    by_column.sort_indices()
    n_earlier = np.arange(sdrs.nnz) - np.repeat(by_column.indptr[:-1], np.diff(by_column.indptr))
    return float((n_earlier / sizes[by_column.indices]).sum())


def _count_pairs(n_samples: int) -> int:
    return n_samples * (n_samples - 1) // 2


def _as_csr(X: Any, name: str) -> scipy.sparse.csr_array:
    """Return a batch of SDRs as CSR of 1.0, with sorted indices and no stored zeros."""
    if not scipy.sparse.issparse(X):
        X = np.asarray(X)
        if X.ndim != 2 or X.dtype.kind not in "biuf":
            raise ValueError(
                f"{name} must be a 2-D array of 0 and 1, got shape {X.shape}, dtype {X.dtype}"
            )
    sdrs = scipy.sparse.csr_array(X, dtype=np.float64, copy=scipy.sparse.issparse(X))
    sdrs.sum_duplicates()
    sdrs.eliminate_zeros()
    if not (sdrs.data == 1.0).all():
        raise ValueError(f"{name} must hold 0 and 1 only, got {sdrs.data[sdrs.data != 1.0][0]}")
    return sdrs


def _as_indices(active: ArrayLike, name: str) -> Indices:
    indices = np.asarray(active)
    if indices.size == 0:
        indices = indices.astype(np.int64)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or not (np.diff(indices) > 0).all():
        raise ValueError(f"{name} must be a 1-D array of strictly ascending integers")
    return indices


def _as_probabilities(values: ArrayLike, name: str) -> Reals:
    probabilities = np.asarray(values, dtype=np.float64)
    wrong = ~((probabilities >= 0.0) & (probabilities <= 1.0))
    if wrong.any():
        raise ValueError(f"{name} must lie between 0 and 1, got {probabilities[wrong].flat[0]}")
    return probabilities
