"""Sparse matrices as people bring them: whatever the format and order, it is what it means."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import examples

from fastsp import (
    MaximumLikelihoodClassifier,
    SoftmaxClassifier,
    SpatialPooler,
    StreamingRidgeClassifier,
    metrics,
)
from fastsp.classifiers.base import active_columns
from fastsp.engine.packing import pack

FORMATS = ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")
DTYPES = ("?", "u1", "i4", "f4", "f8")
N = 64


def loose(seed, n_rows=6, n_inputs=N, dtype="f8", index="i4"):
    """Return a CSR matrix with repeated, unsorted and zero entries, some of which cancel out."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, 12, n_rows)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(index)
    indices = random.integers(0, min(n_inputs, 9), indptr[-1]).astype(index)
    low = 0 if np.dtype(dtype).kind in "bu" else -2
    data = random.integers(low, 3, indptr[-1]).astype(dtype)
    matrix = scipy.sparse.csr_matrix((n_rows, n_inputs), dtype=dtype)
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    return matrix


def frozen(matrix):
    """Return the matrix with arrays that cannot be written to."""
    for array in (matrix.data, matrix.indices, matrix.indptr):
        array.flags.writeable = False
    return matrix


@given(st.integers(0, 2**32), st.sampled_from(DTYPES), st.sampled_from(["i4", "i8"]))
@examples(60)
def test_entries_of_a_loose_matrix_add_up(seed, dtype, index):
    X = frozen(loose(seed, dtype=dtype, index=index))
    dense = X.toarray()
    for threshold in (0.0, 0.5, 1.0, 2.0):
        assert_array_equal(pack(X, threshold), pack(dense, threshold))
        active = active_columns(X, threshold)
        assert active.has_canonical_format
        assert_array_equal(active.toarray(), dense > threshold)
        assert active.nnz == (dense > threshold).sum()


def test_integers_are_compared_as_such_in_both():
    X = scipy.sparse.csr_matrix(np.array([[2**60, 2**60 + 1]]))
    assert_array_equal(pack(X, 2.0**60), [[2]])
    assert_array_equal(pack(X.toarray(), 2.0**60), [[2]])


def test_a_threshold_beyond_the_type_of_values_is_reached_by_none():
    for dtype in ("f2", "f4", "u1"):
        assert not pack(np.ones((1, 3), dtype), 1e300).any()
        assert not pack(scipy.sparse.csr_matrix(np.ones((1, 3), "f4")), 1e300).any()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_everywhere(form):
    loose_ = loose(5, n_rows=20)
    dense = loose_.toarray()
    X = loose_.copy().asformat(form)
    before = X.copy()
    y = np.arange(20) % 3
    pooler = SpatialPooler((30,), random_state=0).fit(dense)
    from_sparse = SpatialPooler((30,), random_state=0).fit(X)
    assert_array_equal(from_sparse.permanences_, pooler.permanences_)
    assert_array_equal(from_sparse.transform(X).toarray(), pooler.transform(dense).toarray())
    for classifier in (MaximumLikelihoodClassifier(), SoftmaxClassifier(random_state=0)):
        expected = classifier.fit(dense, y).predict_proba(dense)
        assert_array_equal(classifier.fit(X, y).predict_proba(X), expected)
    ridge = StreamingRidgeClassifier()
    expected = ridge.fit(dense, y).decision_function(dense)
    assert_allclose(ridge.fit(X, y).decision_function(X), expected, rtol=1e-9, atol=1e-12)
    assert_array_equal(X.toarray(), before.toarray())
    assert X.nnz == before.nnz


def test_the_matrix_of_the_caller_stays_as_it_is():
    X, y = loose(7, n_rows=20), np.arange(20) % 3
    kept = [array.copy() for array in (X.data, X.indices, X.indptr)]
    pooler = SpatialPooler((30,), random_state=0).fit(X).partial_fit(X)
    pooler.transform(X)
    MaximumLikelihoodClassifier().fit(X, y).predict(X)
    SoftmaxClassifier().fit(X, y).predict(X)
    StreamingRidgeClassifier().fit(X, y).predict(X)
    for array, before in zip((X.data, X.indices, X.indptr), kept, strict=True):
        assert_array_equal(array, before)


def test_what_a_matrix_remembers_of_its_order_may_be_out_of_date():
    X = scipy.sparse.csr_matrix(([1.0, 1.0], [0, 1], [0, 2]), shape=(1, N))
    assert X.has_canonical_format
    X.indices[1] = 0
    assert X.has_canonical_format
    assert_array_equal(pack(X, 1.0), [[1]])
    assert active_columns(X, 1.0).nnz == 1


def test_batches_of_sdrs_add_up_in_metrics():
    halves = scipy.sparse.csr_matrix(([0.5, 0.5, 0.0, 1.0], [3, 3, 4, 0], [0, 4]), shape=(1, 10))
    twice = scipy.sparse.csr_matrix(([True, True, True], [3, 0, 3], [0, 3]), shape=(1, 10))
    for X in (halves, twice, halves.tocsc(), twice.copy().tocoo()):
        assert metrics.density(X) == 0.2
        assert_array_equal(metrics.pairwise_overlap(X), [[1.0]])
        assert_array_equal(metrics.move_on_bits(X, [0.0])[0], X.toarray() > 0)
    assert halves.nnz == 4
    with pytest.raises(ValueError, match=r"X must hold 0 and 1 only, got 2\.0"):
        metrics.density(twice.astype(float))
    for wrong in (scipy.sparse.coo_array(np.eye(2)[0]), scipy.sparse.csr_matrix(1j * np.eye(2))):
        with pytest.raises(ValueError, match="X must be a 2-D array of 0 and 1"):
            metrics.density(wrong)


def test_pointers_that_descend_are_refused():
    # Where the last pointer is 0, SciPy believes the others.
    for indptr in ([0, 5, 0], [0, 2, 1]):
        X = scipy.sparse.csr_matrix((2, N))
        X.data, X.indices = np.ones(5)[: indptr[-1]], np.arange(5, dtype="i4")[: indptr[-1]]
        X.indptr = np.array(indptr, "i4")
        for use in (lambda X: pack(X, 0.0), lambda X: active_columns(X, 0.5), metrics.density):
            with pytest.raises(ValueError, match="non-decreasing"):
                use(X)
