import naive_data as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from strategies import examples

from fastsp.classifiers import MaximumLikelihoodClassifier

NAIVE = {"product": naive.product_scores, "mean": naive.mean_scores}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [MaximumLikelihoodClassifier(), MaximumLikelihoodClassifier(combine="mean")]
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def random_batch(seed, n=30, n_columns=12, n_labels=3):
    generator = np.random.default_rng(seed)
    X = (generator.random((n, n_columns)) < 0.3).astype(np.uint8)
    y = np.concatenate([np.arange(n_labels), generator.integers(n_labels, size=n - n_labels)])
    return X, y


@given(
    st.integers(0, 2**32),
    st.integers(4, 30),
    st.integers(1, 12),
    st.sampled_from(["product", "mean"]),
    st.floats(0.01, 10),
    st.booleans(),
)
@pytest.mark.core
@examples(25)
def test_probabilities_are_those_of_plain_loops(seed, n, n_columns, combine, smoothing, weighted):
    X, y = random_batch(seed, n, n_columns)
    weights = np.random.default_rng(seed).uniform(0.1, 3, n) if weighted else None
    classifier = MaximumLikelihoodClassifier(combine, smoothing)
    # A fourth label is announced but never comes.
    classifier.partial_fit(X, y, classes=range(4), sample_weight=weights)
    counts = naive.count(X.tolist(), y, 4, weights if weighted else [1.0] * n)
    scores = np.array([NAIVE[combine](sdr, *counts, smoothing) for sdr in X.tolist()])
    if combine == "product":
        scores = np.exp(scores)
    expected = scores / scores.sum(axis=1, keepdims=True)
    assert_allclose(classifier.predict_proba(X), expected, rtol=1e-9, atol=1e-300)
    with np.errstate(divide="ignore"):
        assert_allclose(classifier.predict_log_proba(X), np.log(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("combine", ["product", "mean"])
def test_batches_one_by_one_are_the_same_as_one_batch(combine):
    X, y = random_batch(0)
    whole = MaximumLikelihoodClassifier(combine).fit(X, y)
    parts = MaximumLikelihoodClassifier(combine)
    for i in range(0, len(X), 7):
        parts.partial_fit(X[i : i + 7], y[i : i + 7], classes=[2, 1, 0])
        parts.predict(X)  # what is remembered from here must not outlive the next batch
    assert_array_equal(parts.column_count_, whole.column_count_)
    assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize("combine", ["product", "mean"])
@pytest.mark.parametrize("convert", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array, list])
def test_dense_and_sparse_batches_say_the_same(combine, convert):
    X, y = random_batch(1)
    dense = MaximumLikelihoodClassifier(combine).fit(X, y)
    other = MaximumLikelihoodClassifier(combine).fit(convert(X), y)
    assert_array_equal(other.column_count_, dense.column_count_)
    assert_array_equal(other.predict_proba(convert(X)), dense.predict_proba(X))


def test_stored_zeros_and_duplicates_of_sparse_batches_do_not_count():
    data, columns, rows = [1, 1, 0, 1], [0, 0, 1, 2], [0, 3, 4]
    X = sparse.csr_array((np.array(data), np.array(columns), np.array(rows)), shape=(2, 3))
    classifier = MaximumLikelihoodClassifier().fit(X, [0, 1])
    assert_array_equal(classifier.column_count_, [[1, 0, 0], [0, 0, 1]])
    assert_array_equal(X.data, data)


def test_weights_count_samples_several_times():
    X, y = random_batch(2)
    weights = np.arange(len(X)) % 3
    weighted = MaximumLikelihoodClassifier().fit(X, y, sample_weight=weights)
    repeated = MaximumLikelihoodClassifier().fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    assert_array_equal(weighted.class_count_, repeated.class_count_)
    assert_array_equal(weighted.column_count_, repeated.column_count_)


@pytest.mark.parametrize("combine", ["product", "mean"])
def test_without_active_columns_the_prior_decides(combine):
    X, y = [[1, 0], [0, 1], [0, 1], [0, 1]], list("abbb")
    proba = MaximumLikelihoodClassifier(combine).fit(X, y).predict_proba([[0, 0]])
    assert_allclose(proba, [[0.25, 0.75]])


def test_the_two_ways_to_combine_can_disagree():
    # Eight columns speak for a, a little; the ninth all but excludes it.
    X = np.zeros((200, 9))
    X[:90, :8] = X[100:160, :8] = 1
    X[100:, 8] = 1
    y = ["a"] * 100 + ["b"] * 100
    chosen = [
        MaximumLikelihoodClassifier(combine).fit(X, y).predict(np.ones((1, 9)))[0]
        for combine in ("product", "mean")
    ]
    assert chosen == ["b", "a"]


def test_many_active_columns_do_not_underflow():
    X = np.ones((2, 5000))
    X[1, :10] = 0
    classifier = MaximumLikelihoodClassifier(smoothing=1e-3).fit(X, ["a", "b"])
    assert_allclose(classifier.predict_proba(np.ones((1, 5000))).sum(), 1)
    assert classifier.predict(np.ones((1, 5000))) == ["a"]


def test_parameters_changed_after_fit_take_effect():
    X, y = random_batch(3)
    classifier = MaximumLikelihoodClassifier().fit(X, y)
    product = classifier.predict_proba(X)
    mean = classifier.set_params(combine="mean").predict_proba(X)
    assert_array_equal(mean, MaximumLikelihoodClassifier("mean").fit(X, y).predict_proba(X))
    assert_array_equal(classifier.set_params(combine="product").predict_proba(X), product)


def test_columns_are_active_above_the_threshold():
    X = np.array([[0.2, 0.9], [0.8, 0.1]])
    classifier = MaximumLikelihoodClassifier(threshold=0.15).fit(X, [0, 1])
    assert_array_equal(classifier.column_count_, [[1, 1], [1, 0]])
    classifier = MaximumLikelihoodClassifier().fit(sparse.csr_array(X), [0, 1])
    assert_array_equal(classifier.column_count_, [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("combine", "sum"),
        ("combine", None),
        ("smoothing", 0),
        ("smoothing", -1),
        ("smoothing", np.nan),
        ("smoothing", np.inf),
        ("smoothing", "1"),
        ("threshold", -0.1),
        ("threshold", np.nan),
    ],
)
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        MaximumLikelihoodClassifier(**{name: value}).fit([[1, 0], [0, 1]], [0, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": [[np.nan, 0, 0]], "y": [0]}, "NaN"),
        ({"X": [[1, 0]], "y": [0]}, "2 features"),
        ({"X": [[1, 0, 0]], "y": [7]}, "y must hold labels of classes only"),
        ({"X": [[1, 0, 0]], "y": [0], "classes": [0, 2]}, "classes must be those"),
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": [0]}, "sample_weight must not be neg"),
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": [-1]}, "sample_weight must not be neg"),
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": [1, 1]}, "sample_weight must be of shape"),
    ],
)
def test_a_refused_batch_changes_nothing(arguments, message):
    classifier = MaximumLikelihoodClassifier().fit([[1, 0, 0], [0, 1, 1]], [0, 1])
    before = classifier.column_count_.copy()
    with pytest.raises(ValueError, match=message):
        classifier.partial_fit(**arguments)
    assert_array_equal(classifier.column_count_, before)
    assert_array_equal(classifier.class_count_, [1, 1])


def test_a_fit_that_fails_leaves_the_classifier_as_it_was():
    classifier = MaximumLikelihoodClassifier().fit([[1, 0, 0], [0, 1, 1]], [0, 1])
    with pytest.raises(ValueError, match="sample_weight"):
        classifier.fit([[1, 0], [0, 1]], [0, 1], sample_weight=[0, 0])
    assert classifier.predict([[1, 0, 0]]) == [0]


def test_the_first_partial_fit_wants_classes():
    with pytest.raises(ValueError, match="classes must be passed"):
        MaximumLikelihoodClassifier().partial_fit([[1]], [0])


def test_predict_before_fit_is_refused():
    with pytest.raises(NotFittedError):
        MaximumLikelihoodClassifier().predict([[1]])
