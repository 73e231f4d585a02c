import naive_data as naive
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.dtypes import StringDType
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import BernoulliNB
from strategies import examples

from fastsp import SoftmaxClassifier, StreamingRidgeClassifier, load, save
from fastsp.classifiers import MaximumLikelihoodClassifier

NAIVE = {
    "product": naive.product_scores,
    "bernoulli": naive.bernoulli_scores,
    "mean": naive.mean_scores,
}
WAYS = sorted(NAIVE)


def random_batch(seed, n=30, n_columns=12, n_labels=3):
    generator = np.random.default_rng(seed)
    X = (generator.random((n, n_columns)) < 0.3).astype(np.uint8)
    y = np.concatenate([np.arange(n_labels), generator.integers(n_labels, size=n - n_labels)])
    return X, y


@given(
    st.integers(0, 2**32),
    st.integers(4, 30),
    st.integers(1, 12),
    st.sampled_from(WAYS),
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
    if combine != "mean":
        scores = np.exp(scores)
    expected = scores / scores.sum(axis=1, keepdims=True)
    assert_allclose(classifier.predict_proba(X), expected, rtol=1e-9, atol=1e-300)
    with np.errstate(divide="ignore"):
        assert_allclose(classifier.predict_log_proba(X), np.log(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("combine", WAYS)
def test_batches_one_by_one_are_the_same_as_one_batch(combine):
    X, y = random_batch(0)
    whole = MaximumLikelihoodClassifier(combine).fit(X, y)
    parts = MaximumLikelihoodClassifier(combine)
    for i in range(0, len(X), 7):
        parts.partial_fit(X[i : i + 7], y[i : i + 7], classes=[2, 1, 0])
        parts.predict(X)  # what is remembered from here must not outlive the next batch
    assert_array_equal(parts.column_count_, whole.column_count_)
    assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize("combine", WAYS)
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


@pytest.mark.parametrize("weighted", [False, True])
def test_bernoulli_is_that_of_scikit_learn(weighted):
    X, y = random_batch(5, 200, 40)
    weights = np.random.default_rng(5).uniform(0.1, 3, 200) if weighted else None
    other = BernoulliNB(alpha=0.3).fit(X, y, weights)
    own = MaximumLikelihoodClassifier("bernoulli", smoothing=0.3).fit(X, y, weights)
    assert_allclose(own.predict_log_proba(X), other.predict_log_proba(X), rtol=1e-9)
    assert_array_equal(own.predict(sparse.csr_array(X)), other.predict(X))


def test_inactive_columns_are_evidence_for_bernoulli_alone():
    # Two labels that have a tenth and half of 20 columns active, whichever they are.
    generator = np.random.default_rng(0)
    y = np.arange(4000) % 2
    X = generator.random((4000, 20)) < np.where(y == 0, 0.1, 0.5)[:, np.newaxis]
    product, bernoulli = (
        MaximumLikelihoodClassifier(combine).fit(X[:2000], y[:2000]).score(X[2000:], y[2000:])
        for combine in ("product", "bernoulli")
    )
    assert bernoulli > 0.97
    assert product < 0.6


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
        ("smoothing", 1e308),
        ("smoothing", 5e-324),
        ("smoothing", 10**400),
        ("threshold", 10**400),
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
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": 2.0}, "sample_weight must be of shape"),
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": ["a"]}, "sample_weight must hold"),
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": [10**400]}, "sample_weight must hold"),
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": [np.nan]}, "sample_weight must be finite"),
        ({"X": [[1, 0, 0]], "y": [0], "sample_weight": [1e307]}, "sample_weight must come to"),
        ({"X": [[1, 0, 0]], "y": ["0"]}, "y must hold labels of classes only"),
        ({"X": [[1, 0, 0]], "y": [None]}, "y must have no missing labels"),
        ({"X": [[1, 0, 0]], "y": [0], "classes": [0, None]}, "classes must have no missing"),
    ],
)
def test_a_refused_batch_changes_nothing(arguments, message):
    classifier = MaximumLikelihoodClassifier().fit([[1, 0, 0], [0, 1, 1]], [0, 1])
    before = classifier.column_count_.copy()
    with pytest.raises(ValueError, match=message):
        classifier.partial_fit(**arguments)
    assert_array_equal(classifier.column_count_, before)
    assert_array_equal(classifier.class_count_, [1, 1])


@pytest.mark.parametrize(
    "classifier",
    [MaximumLikelihoodClassifier(), SoftmaxClassifier(random_state=0), StreamingRidgeClassifier()],
)
@pytest.mark.parametrize(
    "missing", [None, np.nan, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT")]
)
@pytest.mark.parametrize("label", ["a", 1])
def test_missing_labels_are_refused_by_name(classifier, missing, label):
    X = np.eye(3)
    batches = [np.array([label, missing, label], object), [label, missing, label]]
    if not isinstance(missing, np.datetime64):
        batches.append(pd.Series([label, missing, label]))
    for y in batches:
        with pytest.raises(ValueError, match=r"\by\b .*missing|Input y contains NaN"):
            clone(classifier).fit(X, y)


@pytest.mark.parametrize(
    "classifier",
    [MaximumLikelihoodClassifier(), SoftmaxClassifier(random_state=0), StreamingRidgeClassifier()],
)
def test_labels_are_strings_of_any_kind(classifier, tmp_path):
    X, y = np.eye(4), ["left", "right", "right", "a longer label"]
    expected = clone(classifier).fit(X, y)
    for convert in (
        lambda y: np.array(y, StringDType()),
        lambda y: np.array(y, StringDType(na_object=None)),
        lambda y: np.array(y, object),
        pd.Series,
        lambda y: pd.Series(y, dtype="string"),
        lambda y: pd.Series(y, dtype="category"),
    ):
        fitted = clone(classifier).fit(X, convert(y))
        assert list(fitted.classes_) == list(expected.classes_)
        assert list(fitted.predict(X)) == list(expected.predict(X))
        save(fitted, tmp_path / "model")
        assert list(load(tmp_path / "model").predict(X)) == list(expected.predict(X))
    absent = np.array(["left", None, "right", "right"], StringDType(na_object=None))
    with pytest.raises(ValueError, match="y must have no missing labels"):
        clone(classifier).fit(X, absent)


def test_labels_that_have_no_order_are_refused_by_name():
    with pytest.raises(ValueError, match="y must hold labels of one kind"):
        MaximumLikelihoodClassifier().fit(np.eye(3), np.array(["a", 1, "b"], object))


@pytest.mark.parametrize("combine", WAYS)
@pytest.mark.parametrize("smoothing", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("weight", [1e-300, 1.0, 1e99])
def test_probabilities_are_finite_for_all_that_is_accepted(combine, smoothing, weight):
    X, y = random_batch(4)
    X[:, 0] = 0  # a column that no label ever had
    classifier = MaximumLikelihoodClassifier(combine, smoothing)
    classifier.partial_fit(X, y, range(4), sample_weight=np.full(len(X), weight / 30))
    proba = classifier.predict_proba(np.vstack([X, np.ones_like(X[:1]), np.zeros_like(X[:1])]))
    assert_allclose(proba.sum(axis=1), 1)


def test_counts_assigned_take_effect():
    X, y = random_batch(3)
    classifier = MaximumLikelihoodClassifier().fit(X, y)
    other = MaximumLikelihoodClassifier().fit(X, y[::-1])
    classifier.predict(X)
    classifier.column_count_, classifier.class_count_ = other.column_count_, other.class_count_
    assert_array_equal(classifier.predict_proba(X), other.predict_proba(X))


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
