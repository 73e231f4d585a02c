"""Similar codes are found exactly: beside plain loops, while codes come and go."""

import copy
import pickle

import naive_data
import numba
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import fastsp
from fastsp import OverlapIndex
from fastsp.similarity import SMALLEST_SHARE

GENERATOR = np.random.default_rng(0)


def some_codes(n, n_columns=60, density=0.1, seed=0):
    return (np.random.default_rng(seed).random((n, n_columns)) < density).astype(np.uint8)


def assert_found(index, stored, queries, k):
    rows, overlaps = index.query(queries, k)
    assert rows.dtype == overlaps.dtype == np.int64
    for query, own_rows, own_overlaps in zip(queries, rows, overlaps, strict=True):
        assert list(zip(own_rows, own_overlaps, strict=True)) == naive_data.nearest(
            stored, query, k
        )


@pytest.mark.core
@examples(60)
@given(st.data())
def test_search_equals_plain_loops_while_codes_come_and_go(data):
    n_columns = data.draw(st.integers(1, 40))
    densities = st.sampled_from([0.0, 0.1, 0.5, 1.0])
    sizes = st.sampled_from([0, 1, 2, 63, 65, 512, 513] if not numba.config.DISABLE_JIT else [0, 9])

    def draw(n):
        return some_codes(n, n_columns, data.draw(densities), data.draw(st.integers(0, 99)))

    first = draw(data.draw(sizes))
    index, stored = OverlapIndex(first), dict(enumerate(first.tolist()))
    for _ in range(data.draw(st.integers(0, 3))):
        gone = data.draw(st.lists(st.sampled_from(sorted(stored)), unique=True)) if stored else []
        index.remove(gone)
        stored = {row: code for row, code in stored.items() if row not in gone}
        more = draw(data.draw(sizes))
        rows = index.add(more)
        free = [row for row in range(len(stored) + len(more)) if row not in stored]
        assert rows.tolist() == free[: len(more)]
        stored |= dict(zip(rows.tolist(), more.tolist(), strict=True))
    assert len(index) == len(stored)
    if stored:
        k = data.draw(st.integers(1, min(len(stored), 20)))
        assert_found(index, stored, draw(3), k)


@pytest.mark.core
def test_more_overlap_than_a_short_integer_counts():
    n_columns = 300 if numba.config.DISABLE_JIT else 70_000
    ones = np.ones((2, n_columns), np.uint8)
    ones[0, 0] = 0
    rows, overlaps = OverlapIndex(ones).query(ones, 2)
    assert rows.tolist() == [[0, 1], [1, 0]]
    assert overlaps.tolist() == [[n_columns - 1] * 2, [n_columns, n_columns - 1]]


def test_all_codes_are_ranked_where_all_are_wanted():
    codes = some_codes(700)
    rows, overlaps = OverlapIndex(codes).query(codes[:5], 700)
    all_overlaps = codes[:5].astype(int) @ codes.T.astype(int)
    np.testing.assert_array_equal(rows, np.argsort(-all_overlaps, axis=1, kind="stable"))
    np.testing.assert_array_equal(overlaps, np.take_along_axis(all_overlaps, rows, 1))


@pytest.mark.core
def test_threads_find_the_same():
    codes = some_codes(600)
    n = 2 * SMALLEST_SHARE if not numba.config.DISABLE_JIT else 3
    queries = some_codes(n, seed=1)
    alone = OverlapIndex(codes).query(queries, 3)
    np.testing.assert_array_equal(OverlapIndex(codes, n_jobs=2).query(queries, 3), alone)


@pytest.mark.parametrize(
    "kind", [scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.coo_array, np.asarray]
)
def test_codes_come_in_any_form(kind):
    codes = some_codes(30).astype(bool)
    index = OverlapIndex(kind(codes))
    np.testing.assert_array_equal(index.query(kind(codes), 4), OverlapIndex(codes).query(codes, 4))
    assert index.n_columns == 60


def test_repeated_and_stored_zeros_of_sparse_codes_do_not_count():
    code = scipy.sparse.csr_array((np.array([0.0, 1.0]), np.array([1, 0]), np.array([0, 2])))
    assert OverlapIndex(code).query([[1, 1]]) == ([[0]], [[1]])


def test_nothing_is_asked_and_nothing_is_stored():
    index = OverlapIndex(some_codes(0))
    assert len(index) == 0
    assert index.add(some_codes(0)).size == 0
    with pytest.raises(ValueError, match="k must be at most the number of stored codes, 0; got 1"):
        index.query(some_codes(1))
    index.add(some_codes(2))
    assert index.query(some_codes(0), 2)[0].shape == (0, 2)


def test_a_window_that_slides_takes_no_more_memory():
    index = OverlapIndex(some_codes(500))
    for seed in range(20):
        index.remove(index.query(some_codes(1), 100)[0][0])
        index.add(some_codes(100, seed=seed))
    assert len(index) == 500
    assert index.add(some_codes(12)).tolist() == list(range(500, 512))


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda index: pickle.loads(pickle.dumps(index))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_go_their_own_ways(copied):
    index = OverlapIndex(some_codes(100), n_jobs=2)
    index.remove([3, 50])
    other = copied(index)
    assert other.n_jobs == 2
    before = index.query(some_codes(5, seed=1), 7)
    np.testing.assert_array_equal(other.query(some_codes(5, seed=1), 7), before)
    other.add(np.ones((10, 60)))
    other.remove(before[0][0])
    np.testing.assert_array_equal(index.query(some_codes(5, seed=1), 7), before)


def test_a_saved_index_goes_on_as_it_would_have(tmp_path):
    index = OverlapIndex(some_codes(600))
    index.remove([3, 599])
    fastsp.save(index, tmp_path / "index", notes={"of": "digits"})
    loaded, notes = fastsp.load_with_notes(tmp_path / "index")
    assert notes == {"of": "digits"}
    for one in (index, loaded):
        assert one.add(some_codes(1)).tolist() == [3]
    queries = some_codes(9, seed=2)
    np.testing.assert_array_equal(loaded.query(queries, 599), index.query(queries, 599))


@pytest.mark.parametrize(
    "change",
    [
        {"words": np.zeros((2, 62, 7), np.uint64)},
        {"words": np.zeros((2, 62, 8))},
        {"live": np.zeros(1023, bool)},
        {"live": np.zeros(1024, np.uint8)},
    ],
)
def test_a_damaged_file_is_refused(change):
    header, arrays = OverlapIndex(some_codes(600)).describe()
    with pytest.raises(ValueError, match=f"{next(iter(change))} must"):
        OverlapIndex.restored(header, arrays | change)


def test_bits_of_codes_that_are_not_there_are_dropped_from_a_file():
    header, arrays = OverlapIndex(some_codes(100)).describe()
    words = np.full_like(arrays["words"], 2**64 - 1)
    rows, overlaps = OverlapIndex.restored(header, arrays | {"words": words}).query(
        np.ones((1, 60)), 100
    )
    assert sorted(rows[0]) == list(range(100))
    assert (overlaps == 60).all()


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([[0, 2]], "codes must hold 0 and 1 only, got 2"),
        ([[0, np.nan]], "codes must hold 0 and 1 only, got nan"),
        ([0, 1], "codes must be a 2-D array of 0 and 1"),
        ([["a", "b"]], "codes must be a 2-D array of 0 and 1"),
        ([[0, 1, 1]], "codes must have 2 columns, got 3"),
        (np.ma.array([[0, 1]], mask=[[0, 1]]), "codes"),
    ],
)
def test_what_is_no_code_is_refused(codes, message):
    index = OverlapIndex([[0, 1]])
    for call in (index.add, index.query):
        with pytest.raises(ValueError, match=message):
            call(codes)
    assert len(index) == 1


@pytest.mark.parametrize("rows", [[1], [-1], [0, 0], [[0]], [0.0], [2**64 - 1], ["0"], [True]])
def test_rows_that_are_not_stored_are_refused(rows):
    index = OverlapIndex([[0, 1], [1, 1]])
    index.remove([1])
    with pytest.raises(ValueError, match="rows must be"):
        index.remove(rows)
    assert len(index) == 1


@pytest.mark.parametrize("k", [0, 3, True, 1.0, None])
def test_impossible_numbers_of_neighbours_are_refused(k):
    with pytest.raises((TypeError, ValueError), match="k must be"):
        OverlapIndex([[0, 1], [1, 1]]).query([[1, 1]], k)
