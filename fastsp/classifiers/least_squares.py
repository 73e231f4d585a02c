"""Ridge regression from sums: weights and intercepts, and the regularisation."""

from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from fastsp.classifiers.tables import Reals, Table

GCV = "gcv"
"""Regularisation chosen by generalised cross-validation."""
MOST = 1e50
"""Greatest value of samples, of regularisation, and of the sum of weights."""


class LeastSquares:
    """The normal equations of C columns and L labels, centred; they are for one use.

    With n samples of mean m, of which n_l have label l and add up to s_l: the matrix is
    X'X - n m m', and the right-hand side of label l, whose targets are +1 and -1, 2 (s_l - n_l m).
    """

    def __init__(self, gram: Reals, class_sums: Reals, class_count: Reals) -> None:
        self._count = class_count
        self._n = float(class_count.sum())
        sums = class_sums.sum(axis=0)
        self._mean = sums / self._n
        self._right = 2.0 * (class_sums.T - np.outer(self._mean, class_count))
        self._matrix = np.empty((sums.size, sums.size), order="F")
        """Its upper triangle: LAPACK overwrites matrices in this order, and copies none."""
        for c in range(sums.size):
            row = gram[c * (c + 1) // 2 : (c + 1) * (c + 2) // 2]
            self._matrix[: c + 1, c] = row - sums[c] * self._mean[: c + 1]

    def solve(self, alpha: float | str) -> tuple[float, Table]:
        """Return the regularisation, and intercepts and weights.

        Raises ValueError where `alpha` is too small for rounded sums, or weights of samples are no
        numbers of samples and it is to be chosen.
        """
        if alpha == GCV:
            values, vectors = eigh(self._matrix, lower=False, overwrite_a=True, check_finite=False)
            turned: Reals = vectors.T @ self._right
            alpha = self._chosen(values, turned)
            weights = vectors @ (turned / (np.maximum(values, 0.0) + alpha)[:, np.newaxis])
        else:
            alpha = float(alpha)
            weights = self._by_cholesky(alpha)
        intercepts = 2.0 * self._count / self._n - 1.0 - self._mean @ weights
        return alpha, Table(intercepts, weights)

    def _by_cholesky(self, alpha: float) -> Reals:
        self._matrix[np.diag_indices_from(self._matrix)] += alpha
        try:
            factor: Any = cho_factor(self._matrix, overwrite_a=True, check_finite=False)
        except LinAlgError as error:
            raise ValueError(
                f"alpha must be larger, got {alpha!r}: columns depend on each other, and their "
                "sums are rounded"
            ) from error
        weights: Reals = cho_solve(factor, self._right, check_finite=False)
        return weights

    def _chosen(self, values: Reals, turned: Reals) -> float:
        """Return the regularisation of the least generalised cross-validation error.

        With eigenvalues v_i of the matrix, and z_il the right-hand side of label l along
        eigenvector i, the error at a is

            (R + sum_i q_i / v_i (a / (v_i + a))^2) / (n - 1 - sum_i v_i / (v_i + a))^2

        where q_i is the sum over l of z_il^2, and R the sum of squared errors without
        regularisation. Eigenvalues of nothing but rounding are left out.
        """
        largest = max(values[-1], 0.0)
        kept = values > values.size * np.finfo(float).eps * largest
        if not kept.any():
            return 1.0
        v = values[kept, np.newaxis]
        q = (turned[kept] ** 2).sum(axis=1, keepdims=True)
        total = 4.0 * (self._count * (1.0 - self._count / self._n)).sum()
        a = largest * np.logspace(-6, 1, 29)
        squares = max(total - (q / v).sum(), 0.0) + (q / v * (a / (v + a)) ** 2).sum(axis=0)
        freedom = self._n - 1.0 - len(v) + (a / (v + a)).sum(axis=0)
        if not freedom[0] > 0:
            raise ValueError(
                f"alpha must be a number where weights of samples come to {self._n:g} only: 'gcv' "
                "takes them for numbers of samples"
            )
        return float(a[np.argmin(squares / freedom**2)])
