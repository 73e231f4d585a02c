"""Search for the five most similar of 60,000 codes of digits, beside SciPy and a plain loop.

All three find the same rows and overlaps. `python -m pytest bench/test_similarity.py -s` prints the
times of a query, medians over the turns, and the ratios of neighbouring turns.
"""

import time
from statistics import median

import numba
import numpy as np
from numpy.testing import assert_array_equal

from bench import machine
from bench.configurations import images
from bench.contest import FULL
from fastsp import BinaryImageEncoder, OverlapIndex, SpatialPooler
from fastsp.datasets import load_mnist

K = 5


def digit_codes():
    """Return codes of MNIST's images, 98 of 4,900 columns active: to store, and to look for."""
    encoder = BinaryImageEncoder().fit(images()[:1])
    pooler = SpatialPooler(
        (70, 70),
        input_shape=(28, 28, 2),
        receptive_field="gaussian",
        potential_radius=3,
        random_state=0,
    )
    bits = encoder.transform(images())
    codes = pooler.fit(bits[:20_000]).transform(bits)
    queries = pooler.transform(encoder.transform(load_mnist().test_images))
    return codes.astype(np.int32), queries.astype(np.int32)


def by_product(by_column, queries):
    """Multiply sparse matrices, and sort the overlaps of each query."""
    overlaps = (queries @ by_column).toarray()
    rows = np.argsort(-overlaps, axis=1, kind="stable")[:, :K]
    return rows, np.take_along_axis(overlaps, rows, axis=1)


def by_loop(by_column, queries):
    """Count in lists of codes, one for each column, and keep the best."""
    rows, overlaps = (np.zeros((queries.shape[0], K), np.int64) for _ in range(2))
    lists = by_column.indptr, by_column.indices, np.zeros(by_column.shape[1], np.int32)
    _count(queries.indptr, queries.indices, *lists, rows, overlaps)
    return rows, overlaps


@numba.njit
def _count(indptr, indices, starts, codes, counts, rows, overlaps):
    for i in range(indptr.size - 1):
        counts[:] = 0
        for column in indices[indptr[i] : indptr[i + 1]]:
            for code in codes[starts[column] : starts[column + 1]]:
                counts[code] += 1
        best, best_overlaps = rows[i], overlaps[i]
        best_overlaps[:] = -1
        for code in range(counts.size):
            if counts[code] > best_overlaps[-1]:
                at = best.size - 1
                while at > 0 and counts[code] > best_overlaps[at - 1]:
                    best[at], best_overlaps[at] = best[at - 1], best_overlaps[at - 1]
                    at -= 1
                best[at], best_overlaps[at] = code, counts[code]


def seconds_per_query(search, queries):
    start = time.perf_counter()
    search(queries)
    return (time.perf_counter() - start) / queries.shape[0]


def test_query(benchmark, effort):
    codes, queries = digit_codes()
    assert codes.shape == (60_000, 4_900)
    assert (np.diff(codes.indptr) == 98).all()
    index, by_column = OverlapIndex(codes), codes.T.tocsr()
    few, some = queries[:20], queries[:200]
    expected = by_product(by_column, few)
    for found in (index.query(few, K), by_loop(by_column, few)):
        assert_array_equal(found, expected)
    n_used = 1_000 if effort is not FULL else queries.shape[0]
    turns = [
        (
            seconds_per_query(lambda some: by_product(by_column, some), few),
            seconds_per_query(lambda some: by_loop(by_column, some), some),
            seconds_per_query(lambda some: index.query(some, K), queries[:n_used]),
        )
        for _ in range(effort.n_rounds)
    ]
    own = [turn[-1] for turn in turns]
    record = {
        f"{name}_microseconds_per_query": 1e6 * median(values)
        for name, values in zip(("product", "loop", "index"), zip(*turns, strict=True), strict=True)
    }
    for place, name in enumerate(("product", "loop")):
        record[f"ratio_to_{name}"] = median(
            turn[place] / one for turn, one in zip(turns, own, strict=True)
        )
    for name, value in record.items():
        print(f"{name:32}{value:10.1f}")
    benchmark.group = "similarity search"
    benchmark.pedantic(index.query, args=(queries[:n_used], K), rounds=1)
    benchmark.extra_info.update(record | machine.environment())
