"""Whether active columns lie at random, clumped or spread out over the grid.

`clark_evans_index` asks how near active columns lie to each other, `dispersion_index` how unequal
parts of the grid are in how many of them they hold.
"""

from functools import lru_cache

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike

from fastsp.metrics.checks import Indices, as_csr, as_indices

_DRAWS = 200


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
    column_shape, samples = _as_samples(active, column_shape)
    ratios = [
        _nearest_distance(sample, column_shape)
        / _expected_distance(column_shape, sample.size, random_state)
        for sample in samples
        if sample.size > 1
    ]
    return float(np.mean(ratios)) if ratios else float("nan")


def dispersion_index(active: ArrayLike, column_shape: tuple[int, ...], *, window: int = 8) -> float:
    """Return how unequally active columns are shared out among windows of the grid of columns.

    The grid is cut into windows of `window` columns along each axis; what is left at the far ends
    belongs to the last ones, and an axis of fewer than two windows is not cut. Each window has its
    density of active columns. The variance of the numbers that windows of equal size would hold at
    these densities, divided by their mean: about 1 where columns lie at random, more where they
    clump in some of the windows, less where they are spread out.

    Parameters
    ----------
    active : (n_active,) array of int, or (n_samples, n_columns) CSR array
        One SDR as strictly ascending indices, or a batch, for which the mean is returned.
    column_shape : tuple of int
        Shape of the grid.
    window : int, default=8
        At least 1.

    Returns
    -------
    float
        nan where no sample has an active column, samples without any are left out; and where the
        grid is a single window.

    Raises
    ------
    ValueError
        As `clark_evans_index`; and where `window` is below 1.

    References
    ----------
    The index of dispersion of quadrat counts: Fisher, Thornton and Mackenzie 1922, "The accuracy of
    the plating method of estimating the density of bacterial populations", Annals of Applied
    Biology 9, doi:10.1111/j.1744-7348.1922.tb05962.x.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    column_shape, samples = _as_samples(active, column_shape)
    n_windows = tuple(max(1, size // window) for size in column_shape)
    axes = [
        np.minimum(np.arange(size) // window, n - 1)
        for size, n in zip(column_shape, n_windows, strict=True)
    ]
    window_of = np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), n_windows).ravel()
    sizes = np.bincount(window_of)
    counts = np.array(
        [np.bincount(window_of[sample], minlength=sizes.size) for sample in samples if sample.size]
    )
    if sizes.size < 2 or not counts.size:
        return float("nan")
    of_equal = counts * (sizes.mean() / sizes)
    return float((of_equal.var(axis=1, ddof=1) / of_equal.mean(axis=1)).mean())


def _as_samples(
    active: ArrayLike, column_shape: tuple[int, ...]
) -> tuple[tuple[int, ...], list[Indices]]:
    """Return the shape of the grid and the active columns of each sample, both checked."""
    column_shape = tuple(int(size) for size in column_shape)
    if not column_shape or min(column_shape) < 1:
        raise ValueError(f"column_shape must hold positive integers, got {column_shape}")
    n_columns = int(np.prod(column_shape))
    if scipy.sparse.issparse(active):
        batch = as_csr(active, "active")
        if batch.shape[1] != n_columns:
            raise ValueError(
                f"active must have the {n_columns} columns of column_shape {column_shape},"
                f" got {batch.shape[1]}"
            )
        samples = np.split(batch.indices, batch.indptr[1:-1])
    else:
        indices = as_indices(active, "active")
        if indices.size and not 0 <= indices[0] <= indices[-1] < n_columns:
            raise ValueError(
                f"active must lie between 0 and {n_columns - 1} for column_shape {column_shape},"
                f" got {indices[0]} to {indices[-1]}"
            )
        samples = [indices]
    return column_shape, samples


def _nearest_distance(active: Indices, column_shape: tuple[int, ...]) -> float:
    """Return the mean distance from an active column to the nearest other one."""
    places = np.column_stack(np.unravel_index(active, column_shape))
    # Imported here: it takes a tenth of a second, and few programs need it.
    from scipy.spatial import cKDTree

    distances, _ = cKDTree(places).query(places, k=2)
    return float(distances[:, 1].mean())


@lru_cache(maxsize=1024)
def _expected_distance(column_shape: tuple[int, ...], n_active: int, seed: int) -> float:
    """Return the mean of `_nearest_distance` over random choices of columns."""
    generator = np.random.default_rng(seed)
    n_columns = int(np.prod(column_shape))
    draws = (generator.choice(n_columns, n_active, replace=False) for _ in range(_DRAWS))
    return float(np.mean([_nearest_distance(draw, column_shape) for draw in draws]))
