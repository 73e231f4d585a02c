import math

import naive_data as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from fastsp.metrics import (
    binary_entropy,
    clark_evans_index,
    class_overlaps,
    code_entropy,
    density,
    dispersion_index,
    duty_cycle_entropy,
    move_on_bits,
    noise_robustness,
    overlap,
    paired_overlap,
    pairwise_overlap,
    sparseness,
    stability,
)

SEEDS = st.integers(0, 2**32)


def random_batch(seed, n=12, n_columns=15):
    generator = np.random.default_rng(seed)
    return (generator.random((n, n_columns)) < generator.random((n, 1))).astype(np.uint8)


def test_density_is_the_share_of_active_columns():
    X = np.array([[0, 1, 0, 0], [1, 1, 0, 0]])
    assert density(X) == density(sparse.csr_matrix(X)) == density(X > 0) == 3 / 8
    assert math.isnan(density(np.zeros((0, 4))))


def test_stored_zeros_are_not_active():
    X = sparse.csr_array((np.array([1, 0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 4))
    assert density(X) == 0.25
    assert X.nnz == 2


@pytest.mark.parametrize("X", [[[2, 0]], [[0.5, 1]], [[-1, 0]], [[np.nan, 0]], [1, 0], [["a"]]])
def test_batches_of_other_values_are_refused(X):
    for measure in (density, pairwise_overlap, lambda X: class_overlaps(X, [0])):
        with pytest.raises(ValueError, match="X must"):
            measure(X)


def test_binary_entropy_of_known_probabilities():
    assert_allclose(binary_entropy([0, 1, 0.5, 0.02]), [0, 0, 1, 0.14144], atol=1e-5)
    assert binary_entropy(0.5) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(deadline=None, max_examples=25)
def test_entropy_is_that_of_plain_loops(duty_cycles):
    assert_allclose(
        binary_entropy(duty_cycles), [naive.binary_entropy(p) for p in duty_cycles], atol=1e-12
    )
    share = duty_cycle_entropy(duty_cycles)
    assert 0 <= share <= 1
    assert_allclose(share, naive.duty_cycle_entropy(duty_cycles), rtol=1e-9, atol=1e-9)


def test_entropy_is_greatest_where_all_columns_are_equally_active():
    assert duty_cycle_entropy(np.full(3136, 0.02, np.float32)) == pytest.approx(1)
    assert duty_cycle_entropy([0.02, 0.02, 0.0, 0.04]) < 0.95
    assert duty_cycle_entropy([0, 1, 0, 1]) == 0


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_entropy_of_columns_that_never_change_is_0(constant):
    assert duty_cycle_entropy(np.full(5, constant)) == 0


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan, np.inf])
def test_probabilities_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="p must be numbers between 0 and 1"):
        binary_entropy(10**400)
    with pytest.raises(ValueError, match="p must lie between 0 and 1"):
        binary_entropy([0.5, wrong])
    with pytest.raises(ValueError, match="duty_cycles must lie between 0 and 1"):
        duty_cycle_entropy([0.5, wrong])


def test_entropy_without_columns_is_refused():
    with pytest.raises(ValueError, match="duty_cycles must hold"):
        duty_cycle_entropy([])


def test_overlap_counts_shared_columns():
    a, b = np.array([1, 4, 7, 9], np.int32), np.array([4, 5, 9], np.int32)
    assert overlap(a, b) == 2 / 4
    assert overlap(a, b, normalize=False) == 2
    assert overlap(a, a) == 1
    assert overlap([], []) == overlap(a, []) == 0


@pytest.mark.parametrize("wrong", [[2, 1], [1, 1], [0.5], [[1, 2]], ["a"]])
def test_indices_that_do_not_ascend_are_refused(wrong):
    with pytest.raises(ValueError, match="b must be"):
        overlap([1], wrong)
    with pytest.raises(ValueError, match="active must be"):
        clark_evans_index(wrong, (3, 3))


@given(SEEDS)
@settings(deadline=None, max_examples=25)
def test_pairwise_overlaps_are_those_of_plain_loops(seed):
    X, Y = random_batch(seed), random_batch(seed + 1, n=5)
    expected = [[naive.overlap(a, b) for b in Y.tolist()] for a in X.tolist()]
    assert_allclose(pairwise_overlap(X, sparse.csr_array(Y)), expected)
    assert_array_equal(pairwise_overlap(X), pairwise_overlap(X, X))
    assert_array_equal(pairwise_overlap(X, Y, normalize=False), X.astype(int) @ Y.T.astype(int))


def test_pairwise_overlap_wants_as_many_columns():
    with pytest.raises(ValueError, match="Y must have 3 columns"):
        pairwise_overlap([[0, 1, 0]], [[0, 1]])


@given(SEEDS, st.integers(1, 20), st.integers(1, 4))
@settings(deadline=None, max_examples=25)
def test_class_overlaps_are_the_means_over_all_pairs(seed, n, n_labels):
    X = random_batch(seed, n)  # of very different sizes
    y = np.random.default_rng(seed).integers(n_labels, size=n)
    expected = naive.class_overlaps(X.tolist(), y)
    assert_allclose(class_overlaps(X, y), expected, atol=1e-12)
    assert_allclose(class_overlaps(sparse.csc_array(X), y.astype(str)), expected, atol=1e-12)


@pytest.mark.parametrize("missing", [np.nan, None, np.datetime64("NaT")])
def test_class_overlaps_wants_no_missing_labels(missing):
    with pytest.raises(ValueError, match="y must have no missing labels"):
        class_overlaps(np.eye(3), np.array([1, missing, 1], object))
    with pytest.raises(ValueError, match="y must have no missing labels"):
        class_overlaps(np.eye(2), [1.0, np.nan])


def test_class_overlaps_wants_a_label_per_sample():
    with pytest.raises(ValueError, match="y must hold 2 labels"):
        class_overlaps([[0, 1], [1, 0]], [1])


def random_columns(seed, n_columns=400, n_active=20):
    return np.sort(np.random.default_rng(seed).choice(n_columns, n_active, replace=False))


def test_random_columns_are_spread_as_expected_at_random():
    indices = [clark_evans_index(random_columns(seed), (20, 20)) for seed in range(100)]
    assert np.mean(indices) == pytest.approx(1, abs=0.05)


def test_clumped_and_regular_columns_are_told_apart():
    grid = np.arange(400).reshape(20, 20)
    clumped = grid[3:8, 5:9].ravel()
    regular = grid[2::5, 2::4].ravel()
    assert clark_evans_index(clumped, (20, 20)) < 0.6
    assert clark_evans_index(regular, (20, 20)) > 1.5


def test_a_full_grid_is_no_different_from_chance():
    assert clark_evans_index(np.arange(30), (5, 6)) == pytest.approx(1)


def test_ratios_are_those_of_nearest_distances():
    a, b = random_columns(1), random_columns(2)
    ratio = clark_evans_index(a, (20, 20)) / clark_evans_index(b, (20, 20))
    assert ratio == pytest.approx(naive.nearest_distance(a, 20) / naive.nearest_distance(b, 20))


def test_a_batch_has_the_mean_of_its_samples():
    samples = [random_columns(1), random_columns(2, n_active=30), np.array([5]), np.array([])]
    X = np.zeros((4, 400), np.uint8)
    for row, sample in zip(X, samples, strict=True):
        row[sample.astype(int)] = 1
    expected = np.mean([clark_evans_index(sample, (20, 20)) for sample in samples[:2]])
    assert clark_evans_index(sparse.csr_matrix(X), (20, 20)) == pytest.approx(expected)


def test_a_single_active_column_has_no_neighbour():
    assert math.isnan(clark_evans_index([3], (20, 20)))
    assert math.isnan(clark_evans_index([], (20, 20)))


def test_the_seed_decides_the_draws():
    a = random_columns(1)
    values = {clark_evans_index(a, (20, 20), random_state=seed) for seed in (1, 2, 1)}
    assert len(values) == 2


def test_columns_outside_the_grid_are_refused():
    with pytest.raises(ValueError, match="active must lie between 0 and 8"):
        clark_evans_index([1, 9], (3, 3))
    with pytest.raises(ValueError, match="active must have the 9 columns"):
        clark_evans_index(sparse.csr_array(np.eye(4)), (3, 3))


@pytest.mark.parametrize("shape", [(), (0,), (4, -1)])
def test_grids_without_columns_are_refused(shape):
    with pytest.raises(ValueError, match="column_shape must"):
        clark_evans_index([0, 1], shape)


def test_sparseness_is_the_density_of_each_sample():
    X = random_batch(0)
    assert_allclose(sparseness(sparse.csr_array(X)), [density([row]) for row in X])
    with pytest.raises(ValueError, match="at least one column"):
        sparseness(np.zeros((2, 0)))


def test_code_entropy_is_that_of_how_often_columns_are_active():
    X = random_batch(1)
    assert code_entropy(X) == pytest.approx(naive.duty_cycle_entropy(X.mean(axis=0).tolist()))
    assert code_entropy(np.eye(4)) == 1
    with pytest.raises(ValueError, match="at least one sample"):
        code_entropy(np.zeros((0, 3)))


@given(SEEDS)
@settings(deadline=None, max_examples=25)
def test_paired_overlaps_are_those_of_plain_loops(seed):
    X, Y = random_batch(seed), random_batch(seed + 1)
    expected = [naive.overlap(a, b) for a, b in zip(X.tolist(), Y.tolist(), strict=True)]
    assert_allclose(paired_overlap(X, sparse.csr_array(Y)), expected)
    assert_array_equal(paired_overlap(X, Y, normalize=False), (X & Y).sum(axis=1))
    assert stability(X, Y) == pytest.approx(np.mean(expected))


def test_paired_overlap_wants_pairs():
    with pytest.raises(ValueError, match="Y must be of the shape of X"):
        paired_overlap([[0, 1]], [[0, 1], [1, 0]])


def test_codes_that_stay_are_stable():
    assert stability(np.eye(3), np.eye(3)) == 1
    assert stability(np.eye(3), 1 - np.eye(3)) == 0
    assert math.isnan(stability(np.zeros((0, 3)), np.zeros((0, 3))))


SHARES = np.linspace(0, 1, 6)


@given(SEEDS)
@settings(deadline=None, max_examples=25)
def test_a_share_of_the_on_bits_is_moved(seed):
    X = (np.random.default_rng(seed).random((8, 30)) < 0.3).astype(np.uint8)
    X[:, :15] = 0  # so that there is room
    noisy = move_on_bits(sparse.csr_array(X), SHARES, seed)
    assert noisy.shape == (6, 8, 30)
    n_on = X.sum(axis=1)
    assert_array_equal(noisy.sum(axis=2), np.tile(n_on, (6, 1)))
    n_moved = np.floor(np.outer(SHARES, n_on) + 0.5)
    assert_array_equal((noisy < X).sum(axis=2), n_moved)
    assert_array_equal(noisy[0], X)
    # What a smaller share moves, a larger one moves as well.
    changed = noisy != X
    assert (changed[:-1] <= changed[1:]).all()
    assert_array_equal(noisy, move_on_bits(X, SHARES, seed))


def test_all_bits_are_as_likely_to_be_moved():
    X = np.tile(np.arange(10) < 4, (4_000, 1))
    moved = (move_on_bits(X, 0.5)[0] != X).mean(axis=0)
    assert_allclose(moved, np.where(np.arange(10) < 4, 2 / 4, 2 / 6), atol=0.03)


def test_bits_cannot_be_moved_where_there_is_no_room():
    with pytest.raises(ValueError, match="bits off"):
        move_on_bits([[1, 1, 1, 0]], 1.0)
    with pytest.raises(ValueError, match="shares must lie between 0 and 1"):
        move_on_bits([[1, 0]], [1.5])


def test_robustness_of_a_code_that_is_its_input():
    X = np.tile(np.arange(20) < 10, (3, 1)).astype(np.uint8)
    overlaps = noise_robustness(sparse.csr_matrix, X, [0, 0.2, 1])
    assert_allclose(overlaps, [1, 0.8, 0])


def test_robustness_of_a_code_that_ignores_its_input():
    overlaps = noise_robustness(lambda X: np.ones((len(X), 4)), np.eye(5), SHARES)
    assert_allclose(overlaps, 1)


def test_noise_robustness_wants_shares_and_samples():
    with pytest.raises(ValueError, match="shares must not be empty"):
        noise_robustness(sparse.csr_matrix, np.eye(5), [])
    with pytest.raises(ValueError, match="X must not be empty"):
        noise_robustness(sparse.csr_matrix, np.empty((0, 5)), [0.1])


def test_windows_share_out_random_columns_by_chance():
    indices = [dispersion_index(random_columns(seed), (20, 20), window=5) for seed in range(200)]
    assert np.mean(indices) == pytest.approx(1, abs=0.1)


def test_clumped_columns_are_more_dispersed_among_windows_than_regular_ones():
    grid = np.arange(400).reshape(20, 20)
    clumped, regular = grid[3:8, 5:9].ravel(), grid[2::5, 2::4].ravel()
    assert dispersion_index(clumped, (20, 20), window=5) > 3
    assert dispersion_index(regular, (20, 20), window=5) < 0.3
    batch = np.zeros((3, 400), np.uint8)
    batch[0, clumped] = batch[1, regular] = 1
    both = [dispersion_index(one, (20, 20), window=5) for one in (clumped, regular)]
    assert dispersion_index(sparse.csr_array(batch), (20, 20), window=5) == np.mean(both)


def test_windows_that_are_not_equal_count_by_their_density():
    everything = np.arange(20 * 18)
    assert dispersion_index(everything, (20, 18)) == pytest.approx(0)
    # Two columns in the first of two windows of 8 and 10: densities 1/4 and 0.
    assert dispersion_index([0, 1], (18,)) == pytest.approx(np.var([2.25, 0], ddof=1) / 1.125)


def test_dispersion_needs_windows_and_active_columns():
    assert math.isnan(dispersion_index([], (20, 20)))
    assert math.isnan(dispersion_index([3], (8, 8)))
    with pytest.raises(ValueError, match="window must be at least 1"):
        dispersion_index([3], (8, 8), window=0)
    with pytest.raises(ValueError, match="between 0 and 8"):
        dispersion_index([9], (3, 3))
