"""Noise in inputs, and how it changes their codes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from fastsp.metrics.checks import Reals, as_csr, as_probabilities
from fastsp.metrics.overlaps import paired_overlap


def move_on_bits(
    X: ArrayLike, shares: ArrayLike, random_state: int | np.random.Generator = 0
) -> NDArray[np.uint8]:
    """Return noisy copies of binary inputs: a share of the on-bits of each moved elsewhere.

    Of n on-bits, round(share * n) are switched off, and as many of the bits that were off are
    switched on, so that the number of on-bits stays the same. A larger share moves all the bits
    that a smaller one moves, and more.

    Parameters
    ----------
    X : (n_samples, n_features) CSR or dense array of 0 and 1
    shares : (n_levels,) array of float
        Of the on-bits, between 0 and 1.
    random_state : int or Generator, default=0
        Draws which bits are moved.

    Returns
    -------
    (n_levels, n_samples, n_features) uint8

    Raises
    ------
    ValueError
        Where the values are not 0 and 1, a share is not between 0 and 1, or a sample has fewer
        bits off than are to be switched on.
    """
    on = as_csr(X, "X").toarray() > 0
    levels = np.atleast_1d(as_probabilities(shares, "shares"))
    n_on = on.sum(axis=1)
    n_moved = np.floor(np.outer(levels, n_on) + 0.5).astype(np.int64)
    if levels.size and (n_moved > on.shape[1] - n_on).any():
        raise ValueError("X must have at least as many bits off as are to be switched on")
    # Rank of each bit in a random order of the on-bits, and of the others.
    order = np.argsort(np.random.default_rng(random_state).random(on.shape) - on, axis=1)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(on.shape[1])[np.newaxis], axis=1)
    rank -= np.where(on, 0, n_on[:, np.newaxis])
    noisy: NDArray[np.uint8] = (on ^ (rank < n_moved[:, :, np.newaxis])).view(np.uint8)
    return noisy


def noise_robustness(
    code: Callable[[NDArray[np.uint8]], Any],
    X: ArrayLike,
    shares: ArrayLike,
    random_state: int | np.random.Generator = 0,
) -> Reals:
    """Return the mean overlap of the code of an input with that of its noisy copy.

    Parameters
    ----------
    code : callable
        Inputs (n, n_features) uint8 -> codes (n, n_columns), CSR or dense; `transform` of a
        pooler, say.
    X : (n_samples, n_features) CSR or dense array of 0 and 1
        Inputs.
    shares : (n_levels,) array of float
        Of the on-bits that are moved, as in `move_on_bits`.
    random_state : int or Generator, default=0
        As in `move_on_bits`.

    Returns
    -------
    (n_levels,) float64
        Between 0 and 1. The area under it is the robustness as one number.

    Raises
    ------
    ValueError
        As `move_on_bits`; and where there are no shares or no samples.

    References
    ----------
    Cui, Ahmad and Hawkins 2017, section "Metric 3: Noise Robustness",
    doi:10.3389/fncom.2017.00111.
    """
    noisy = move_on_bits(X, shares, random_state)
    n_levels, n_samples, n_features = noisy.shape
    for name, n in (("shares", n_levels), ("X", n_samples)):
        if not n:
            raise ValueError(f"{name} must not be empty")
    clean = as_csr(code(as_csr(X, "X").toarray().astype(np.uint8)), "code(X)")
    codes = as_csr(code(noisy.reshape(-1, n_features)), "code(X)")
    repeated = scipy.sparse.vstack([clean] * n_levels, format="csr")
    overlaps: Reals = paired_overlap(repeated, codes).reshape(n_levels, n_samples).mean(axis=1)
    return overlaps
