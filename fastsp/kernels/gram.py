"""Sums of products of columns: all that a least-squares readout keeps of its samples.

The Gram matrix of C columns is symmetric. Its lower triangle is kept row by row: row c begins at
c (c + 1) / 2 and has the columns 0 to c.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import allocating_kernel, kernel

ROWS = 128
"""Rows of the Gram matrix in one product of matrices."""


class Statistics(NamedTuple):
    """Sums over samples of C columns and L labels, each sample times its weight."""

    gram: NDArray[np.float64]
    """(C (C + 1) / 2,) of the products of two columns: the lower triangle"""
    class_sums: NDArray[np.float64]
    """(L, C) of the samples of each label"""
    class_count: NDArray[np.float64]
    """(L,) of the weights"""


class Codes(NamedTuple):
    """n samples as in a canonical CSR matrix: columns of a sample ascend."""

    indptr: NDArray[np.int64]
    """(n + 1,)"""
    indices: NDArray[np.int32]
    """(nnz,) columns"""
    values: NDArray[np.float64]
    """(nnz,); or (0,) where all are 1"""


@allocating_kernel
def add_codes(
    statistics: Statistics,
    codes: Codes,
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> None:
    """Add sparse samples, pair by pair of the columns that each has.

    Samples are taken column by column: while row c of the Gram matrix is in the cache, all samples
    that have c add what else they have. So the work is k (k + 1) / 2 additions for a sample with k
    columns, close together in memory.

    Parameters
    ----------
    statistics : changed in place
    codes : n samples
    labels : (n,) in 0 to L - 1
    weights : (n,)
    """
    gram, class_sums, class_count = statistics
    indptr, indices, values = codes
    n_columns = class_sums.shape[1]
    are_ones = values.size == 0
    # Places of a column among all, sample by sample: a stable sort by counting.
    starts = np.zeros(n_columns + 1, np.int64)
    for place in range(indices.size):
        starts[indices[place] + 1] += 1
    for c in range(n_columns):
        starts[c + 1] += starts[c]
    places, firsts = np.empty(indices.size, np.int64), np.empty(indices.size, np.int64)
    factors = np.empty(indices.size)
    filled = starts[:-1].copy()
    for sample in range(labels.size):
        weight, of_label = weights[sample], class_sums[labels[sample]]
        class_count[labels[sample]] += weight
        for place in range(indptr[sample], indptr[sample + 1]):
            c = indices[place]
            factor = weight if are_ones else weight * values[place]
            of_label[c] += factor
            places[filled[c]], firsts[filled[c]] = place, indptr[sample]
            factors[filled[c]] = factor
            filled[c] += 1
    for c in range(n_columns):
        row = gram[c * (c + 1) // 2 : (c + 1) * (c + 2) // 2]
        for i in range(starts[c], starts[c + 1]):
            factor = factors[i]
            if are_ones:
                for place in range(firsts[i], places[i] + 1):
                    row[indices[place]] += factor
            else:
                for place in range(firsts[i], places[i] + 1):
                    row[indices[place]] += factor * values[place]


@allocating_kernel
def add_dense(
    statistics: Statistics,
    columns: NDArray[np.float64],
    weighted: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> None:
    """Add dense samples by products of matrices.

    Parameters
    ----------
    statistics : changed in place
    columns : (C, n)
    weighted : (C, n) the same times weights
    labels : (n,) in 0 to L - 1
    weights : (n,)
    """
    gram, class_sums, class_count = statistics
    n_columns = len(columns)
    for first in range(0, n_columns, ROWS):
        last = min(first + ROWS, n_columns)
        products = np.dot(weighted[first:last], columns[:last].T)
        for c in range(first, last):
            gram[c * (c + 1) // 2 : (c + 1) * (c + 2) // 2] += products[c - first, : c + 1]
    for c in range(n_columns):
        for sample in range(labels.size):
            class_sums[labels[sample], c] += weighted[c, sample]
    for sample in range(labels.size):
        class_count[labels[sample]] += weights[sample]


@kernel
def add_statistics(statistics: Statistics, others: Statistics, labels: NDArray[np.int64]) -> None:
    """Add the sums over other samples, whose label l is `labels[l]` here; changes `statistics`."""
    for i in range(others.gram.size):
        statistics.gram[i] += others.gram[i]
    for l in range(labels.size):  # noqa: E741
        statistics.class_count[labels[l]] += others.class_count[l]
        for c in range(others.class_sums.shape[1]):
            statistics.class_sums[labels[l], c] += others.class_sums[l, c]
