"""Softmax regression on sparse binary codes: a sample is a list of active columns.

A score is a sum of rows of weights, and a step of gradient descent changes just those rows, so both
cost time in proportion to the active columns, however many columns there are.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import allocating_kernel, helper
from fastsp.kernels.llvm.rows import WEIGHTS, add_to_rows, sum_rows


class Samples(NamedTuple):
    """Samples to learn from: active columns as in a CSR matrix, and labels."""

    indptr: NDArray[np.int64]
    """(n + 1,)"""
    indices: NDArray[np.int32]
    """(nnz,) columns"""
    labels: NDArray[np.int64]
    """(n,) in 0 to L - 1"""


class Weights(NamedTuple):
    """What is learned, of C columns and L labels.

    Moments are the sum over all steps of the number of steps before, times the change then, from
    which the mean of the weights over all steps follows; of no rows where no mean is wanted.
    """

    weights: NDArray[np.float32]
    """(C, L)"""
    intercepts: NDArray[np.float32]
    """(L,)"""
    weight_moments: NDArray[np.float64]
    """(C, L) or (0, L)"""
    intercept_moments: NDArray[np.float64]
    """(L,)"""


@allocating_kernel
def learning_rate_at(step: int, first: float, last: float, n_steps: int) -> float:
    """Return the learning rate: from `first` to `last` in a line of `n_steps` steps, then level."""
    if step >= n_steps:
        return last
    return first + (last - first) * (step / n_steps)


@helper
def _sum_scores(
    weights: NDArray[np.float32],
    intercepts: NDArray[np.float32],
    indices: NDArray[np.int32],
    start: int,
    end: int,
    scores: NDArray[np.float32],
) -> None:
    """Write to `scores` (L,) the intercepts plus the rows at `indices[start:end]`.

    The last eight labels may overlap the eight before, and are summed up again.
    """
    n = intercepts.size
    if n < WEIGHTS:
        for k in range(n):
            score = intercepts[k]
            for i in range(start, end):
                score += weights[np.int64(indices[i]) * n + k]
            scores[k] = score
    for next_one in range(0, n if n >= WEIGHTS else 0, WEIGHTS):
        first = min(next_one, n - WEIGHTS)
        sum_rows(weights, intercepts, scores, n, first, indices, start, end)


@helper
def _change_rows(
    weights: NDArray[np.float32],
    change: NDArray[np.float32],
    indices: NDArray[np.int32],
    start: int,
    end: int,
    n: int,
) -> None:
    """Add the `n` values of `change` to the rows at `indices[start:end]`.

    The last eight labels may overlap the eight before: what was added to these is 0 by then. So
    `change` is spent afterwards.
    """
    if n < WEIGHTS:
        for i in range(start, end):
            for k in range(n):
                weights[np.int64(indices[i]) * n + k] += change[k]
    for next_one in range(0, n if n >= WEIGHTS else 0, WEIGHTS):
        first = min(next_one, n - WEIGHTS)
        change[first:next_one] = np.float32(0.0)
        add_to_rows(weights, change, n, first, indices, start, end)


@allocating_kernel
def descend(
    samples: Samples,
    order: NDArray[np.int64],
    rates: tuple[float, float, int],
    step: int,
    learned: Weights,
) -> None:
    """Take a step of stochastic gradient descent for each sample, in the given order.

    The loss of a sample with active columns A and label l is -log p(l), with

        p(k) = exp(z_k) / sum_j exp(z_j),   z_k = intercept_k + sum over c in A of weight_ck,

    and its gradient by each z_k is p(k) - [k = l]: so much times the learning rate is taken from
    the weights of the active columns, and from the intercepts.

    Parameters
    ----------
    samples
    order : positions of samples
    rates : arguments of `learning_rate_at` after the step
    step : number of steps taken before
    learned : changed in place
    """
    indptr, indices, labels = samples.indptr, samples.indices, samples.labels
    weights, intercepts = learned.weights.reshape(-1), learned.intercepts
    weight_moments, intercept_moments = learned.weight_moments, learned.intercept_moments
    n_labels = intercepts.size
    change = np.empty(n_labels, np.float32)
    for position in order:
        rate = np.float32(learning_rate_at(step, rates[0], rates[1], rates[2]))
        start, end = indptr[position], indptr[position + 1]
        _sum_scores(weights, intercepts, indices, start, end, change)
        largest = change.max()
        total = np.float32(0.0)
        for k in range(n_labels):
            change[k] = math.exp(change[k] - largest)
            total += change[k]
        for k in range(n_labels):
            change[k] *= -rate / total
        change[labels[position]] += rate
        for k in range(n_labels):
            intercepts[k] += change[k]
        if weight_moments.shape[0] > 0:
            for i in range(start, end):
                moments = weight_moments[indices[i]]
                for k in range(n_labels):
                    moments[k] += step * np.float64(change[k])
            for k in range(n_labels):
                intercept_moments[k] += step * np.float64(change[k])
        _change_rows(weights, change, indices, start, end, n_labels)
        step += 1
