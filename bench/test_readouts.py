"""Ridge regression: samples added to its sums, on one core, sparse and dense."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from threadpoolctl import threadpool_limits

from bench.contest import Effort
from fastsp import StreamingRidgeClassifier


def codes(n: int, n_columns: int, n_active: int) -> scipy.sparse.csr_array:
    """Return random codes; a column may come twice, and is then one."""
    active = np.random.default_rng(0).integers(n_columns, size=(n, n_active))
    ones = np.ones(active.size, np.float32)
    X = scipy.sparse.csr_array(
        (ones, active.ravel(), np.arange(0, active.size + 1, n_active)), (n, n_columns)
    )
    X.sum_duplicates()
    X.data[:] = 1.0
    return X


@pytest.mark.parametrize(
    ("n_columns", "n_active", "n"), [(2_000, 40, 10**6), (4_900, 196, 60_000), (784, 784, 60_000)]
)
def test_samples_are_added(
    benchmark: Any, effort: Effort, n_columns: int, n_active: int, n: int
) -> None:
    n = n if effort.n_rounds > 3 else n // 20
    is_dense = n_active == n_columns
    X = np.random.default_rng(0).random((n, n_columns), np.float32) if is_dense else None
    X = codes(n, n_columns, n_active) if X is None else X
    y = np.arange(n) % 10
    classifier = StreamingRidgeClassifier().fit(X[:100], y[:100])
    with threadpool_limits(1):
        benchmark.pedantic(classifier.partial_fit, (X, y), rounds=3, iterations=1)
    rate = n / benchmark.stats.stats.median
    benchmark.extra_info["samples_per_second"] = rate
    print(f"\n{n:,} samples, {n_active} of {n_columns} columns: {rate:,.0f} a second")
    if n_columns == 2_000:
        assert rate >= 20_000
