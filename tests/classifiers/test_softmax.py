"""Softmax regression against its plain-loop twin, and as users meet it."""

import naive_data as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from strategies import examples

import fastsp
from fastsp import SoftmaxClassifier


def random_batch(seed, n=40, n_columns=15, n_labels=3):
    random = np.random.default_rng(seed)
    X = (random.random((n, n_columns)) < 0.3).astype(np.uint8)
    y = np.concatenate([np.arange(n_labels), random.integers(n_labels, size=n - n_labels)])
    return X, y


@given(
    st.integers(0, 2**32),
    st.integers(20, 40),
    st.integers(1, 15),
    st.integers(2, 20),
    st.one_of(st.none(), st.integers(1, 60)),
    st.booleans(),
)
@pytest.mark.core
@examples(60)
def test_learning_is_that_of_plain_loops(seed, n, n_columns, n_labels, decay_steps, average):
    X, y = random_batch(seed, n, n_columns, n_labels)
    classifier = SoftmaxClassifier(
        learning_rate=0.3, final_learning_rate=0.1, decay_steps=decay_steps, average=average
    )
    classifier.partial_fit(X[: n // 2], y[: n // 2], classes=range(n_labels + 1))
    classifier.partial_fit(X[n // 2 :], y[n // 2 :])
    rates = [
        0.3 if decay_steps is None else 0.3 - 0.2 * min(step / decay_steps, 1) for step in range(n)
    ]
    history = naive.descend(X.tolist(), y.tolist(), n_labels + 1, rates)
    assert_allclose(classifier.weights_, history[-1][0], atol=1e-5)
    assert_allclose(classifier.intercepts_, history[-1][1], atol=1e-5)
    used = history if average else history[-1:]
    weights = np.mean([weights for weights, _ in used], axis=0)
    intercepts = np.mean([intercepts for _, intercepts in used], axis=0)
    expected = [naive.softmax(naive.scores_of(sdr, weights, intercepts)) for sdr in X.tolist()]
    assert_allclose(classifier.predict_proba(X), expected, atol=1e-5)
    assert_allclose(classifier.predict_log_proba(X), np.log(expected), atol=1e-4)


def test_what_a_line_can_separate_is_learned():
    random = np.random.default_rng(0)
    X = random.random((400, 30)) < 0.3
    y = np.where(X[:, 0], "a", np.where(X[:, 1], "b", "c"))
    classifier = SoftmaxClassifier(learning_rate=0.2, random_state=0).fit(X[:300], y[:300])
    assert classifier.score(X[300:], y[300:]) == 1.0
    assert_allclose(classifier.predict_proba(X).sum(axis=1), 1.0)


def test_dense_and_sparse_are_the_same_and_a_seed_repeats():
    X, y = random_batch(0)
    ours, other = (SoftmaxClassifier(random_state=3) for _ in range(2))
    ours.fit(X, y)
    other.fit(sparse.csr_matrix(X), y)
    assert ours.weights_.tobytes() == other.weights_.tobytes()
    other.set_params(random_state=4).fit(X, y)
    assert ours.weights_.tobytes() != other.weights_.tobytes()


@pytest.mark.parametrize("average", [False, True])
def test_a_loaded_classifier_goes_on_as_the_saved_one(tmp_path, average):
    X, y = random_batch(1)
    classifier = SoftmaxClassifier(average=average, decay_steps=70).partial_fit(X, y, range(3))
    fastsp.save(classifier, tmp_path / "model")
    loaded = fastsp.load(tmp_path / "model")
    assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    classifier.partial_fit(X, y)
    assert loaded.partial_fit(X, y).weights_.tobytes() == classifier.weights_.tobytes()


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": 10**400},
        {"decay_steps": 10**400},
        {"learning_rate": -1.0},
        {"learning_rate": np.nan},
        {"learning_rate": 1e38},
        {"final_learning_rate": 10**400},
        {"final_learning_rate": "slow"},
        {"decay_steps": 0},
        {"average": 1},
        {"threshold": -1},
    ],
)
def test_bad_parameters_are_named_and_change_nothing(bad):
    X, y = random_batch(2)
    classifier = SoftmaxClassifier(random_state=0).fit(X, y)
    before = classifier.weights_.copy()
    for method in (classifier.fit, classifier.partial_fit):
        with pytest.raises(ValueError, match=next(iter(bad))):
            method(X, y) if classifier.set_params(**bad) else None
    assert_array_equal(classifier.weights_, before)


def test_a_seed_that_is_none_is_named():
    X, y = random_batch(2)
    for seed in (10**400, -1, "a"):
        with pytest.raises(ValueError, match="random_state must be"):
            SoftmaxClassifier(random_state=seed).fit(X, y)


@pytest.mark.parametrize("average", [False, True])
def test_probabilities_are_finite_at_the_largest_rate(average):
    X, y = random_batch(4)
    classifier = SoftmaxClassifier(50, 1e6, 1e6, average=average, random_state=0).fit(X, y)
    assert_allclose(classifier.predict_proba(X).sum(axis=1), 1.0)


def test_bad_batches_change_nothing():
    X, y = random_batch(3)
    with pytest.raises(NotFittedError):
        SoftmaxClassifier().predict(X)
    with pytest.raises(ValueError, match="classes"):
        SoftmaxClassifier().partial_fit(X, y)
    classifier = SoftmaxClassifier().partial_fit(X, y, range(3))
    before = classifier.weights_.copy()
    for wrong in ((X, y + 1), (X[:, 1:], y), (X, y[1:])):
        with pytest.raises(ValueError, match=r"."):
            classifier.partial_fit(*wrong)
    with pytest.raises(ValueError, match="average"):
        classifier.set_params(average=True).partial_fit(X, y)
    assert_array_equal(classifier.weights_, before)


def test_learning_goes_on_from_weights_in_any_order_in_memory():
    X, y = random_batch(0, n_labels=10)
    ours, other = (SoftmaxClassifier(random_state=3).fit(X, y) for _ in range(2))
    other.weights_ = np.asfortranarray(other.weights_)
    assert_array_equal(other.partial_fit(X, y).weights_, ours.partial_fit(X, y).weights_)
