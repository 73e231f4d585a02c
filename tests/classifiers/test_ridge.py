"""Ridge regression from sums: beside plain loops, NumPy and scikit-learn, and as users meet it."""

import copy
import pickle

import naive_data as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from strategies import examples

import fastsp
from fastsp import StreamingRidgeClassifier
from fastsp.classifiers import least_squares, ridge

SUMS = ("gram_", "class_sums_", "class_count_")
FORMS = {"dense": np.asarray, "sparse": sparse.csr_array, "by column": sparse.csc_matrix}


def random_batch(seed, n=40, n_columns=15, n_labels=3, density=0.12, kind="codes"):
    random = np.random.default_rng(seed)
    X = (random.random((n, n_columns)) < density).astype(np.uint8)
    if kind == "integers":
        X = X * random.integers(-9, 10, X.shape)
    elif kind == "numbers":
        X = X * random.normal(size=X.shape)
    y = np.concatenate([np.arange(n_labels), random.integers(n_labels, size=n - n_labels)])
    return X, y


def sums(classifier):
    return [getattr(classifier, name) for name in SUMS]


def assert_same(one, other):
    assert_array_equal(one.classes_, other.classes_)
    for ours, theirs in zip(sums(one), sums(other), strict=True):
        assert ours.tobytes() == theirs.tobytes()


@given(
    st.integers(0, 2**32),
    st.integers(3, 40),
    st.integers(1, 15),
    st.integers(1, 3),
    st.floats(0, 1),
    st.sampled_from(["codes", "integers", "numbers"]),
    st.sampled_from(list(FORMS)),
    st.booleans(),
)
@pytest.mark.core
@examples(100)
def test_sums_are_those_of_plain_loops(seed, n, n_columns, n_labels, density, kind, form, weighted):
    X, y = random_batch(seed, n, n_columns, n_labels, density, kind)
    weights = np.random.default_rng(seed).random(n) + 0.1 if weighted else None
    classifier = StreamingRidgeClassifier().fit(FORMS[form](X), y, weights)
    exact = not weighted and kind != "numbers"
    expected = naive.sums_of(
        X.tolist(), y.tolist(), [1.0] * n if weights is None else weights.tolist(), n_labels
    )
    for found, wanted in zip(sums(classifier), expected, strict=True):
        assert_allclose(found, wanted, rtol=0 if exact else 1e-12, atol=0 if exact else 1e-13)


@given(st.integers(0, 2**32), st.sampled_from(["codes", "integers"]), st.booleans())
@pytest.mark.core
@examples(50)
def test_order_cuts_formats_and_merging_change_no_bit(seed, kind, weighted):
    X, y = random_batch(seed, 60, 20, 4, 0.1, kind)
    random = np.random.default_rng(seed)
    weights = random.integers(1, 5, 60) if weighted else np.ones(60)
    at_once = StreamingRidgeClassifier().fit(X, y, weights)
    order = random.permutation(60)
    parts = np.split(order, np.sort(random.choice(np.arange(1, 60), 4, replace=False)))
    forms = [FORMS[name] for name in random.choice(list(FORMS), len(parts))]
    streamed, other = StreamingRidgeClassifier(), StreamingRidgeClassifier()
    for place, (part, form) in enumerate(zip(parts, forms, strict=True)):
        learner = other if place % 2 else streamed
        learner.partial_fit(form(X[part]), y[part], sample_weight=weights[part])
    kept = copy.deepcopy(other)
    assert_same(streamed.merge(other), at_once)
    assert_same(other, kept)
    assert_array_equal(streamed.decision_function(X), at_once.decision_function(X))


def test_many_columns_take_several_products(monkeypatch):
    X, y = random_batch(0, 400, 300, 3, 0.5)
    dense = StreamingRidgeClassifier().fit(X, y)
    assert_array_equal(dense.gram_, (X.T.astype(int) @ X)[np.tril_indices(300)])
    monkeypatch.setattr(ridge, "SPARSEST", 1.0)
    monkeypatch.setattr(ridge, "ENTRIES", 2_000)
    monkeypatch.setattr(ridge, "ELEMENTS", 2_000)
    for form in FORMS.values():
        assert_same(StreamingRidgeClassifier().fit(form(X), y), dense)


@given(
    st.integers(0, 2**32),
    st.integers(2, 4),
    st.sampled_from(["codes", "numbers"]),
    st.sampled_from(list(FORMS)),
    st.floats(1e-3, 1e3),
    st.booleans(),
)
@examples(50)
def test_scores_are_those_of_scikit_learn(seed, n_labels, kind, form, alpha, weighted):
    X, y = random_batch(seed, 50, 8, n_labels, 0.4, kind)
    weights = np.random.default_rng(seed).random(50) if weighted else None
    ours = StreamingRidgeClassifier(alpha).fit(FORMS[form](X), y, weights)
    theirs = RidgeClassifier(alpha).fit(X.astype(float), y, weights)
    expected = theirs.decision_function(X)
    assert_allclose(ours.decision_function(FORMS[form](X)), expected, rtol=1e-6, atol=1e-8)
    coefficients = np.atleast_2d(theirs.coef_)
    found = ours.table().of_active.T[-len(coefficients) :]
    assert_allclose(found, coefficients, rtol=1e-6, atol=1e-8)


def test_new_labels_come_at_any_time_and_nothing_is_forgotten():
    X, y = random_batch(1, 90, 20)
    names = np.array(["a", "longer", "longest of all"])[y]
    at_once = StreamingRidgeClassifier().fit(X, names)
    streamed = StreamingRidgeClassifier()
    for label in ("longest of all", "a", "longer"):
        streamed.partial_fit(X[names == label], names[names == label])
        assert streamed.predict(X).shape == (90,)
    assert_same(streamed, at_once)
    announced = StreamingRidgeClassifier().partial_fit(X, names, classes=["z", "a", "longer"])
    assert announced.classes_.tolist() == ["a", "longer", "longest of all", "z"]
    assert_array_equal(announced.predict(X), at_once.predict(X))
    assert announced.decision_function(X)[:, 3] == pytest.approx(-1)


def test_labels_keep_their_type_and_are_of_one_kind():
    X, y = random_batch(2)
    classifier = StreamingRidgeClassifier().fit(X, y)
    assert classifier.partial_fit(X, y.astype(float)).predict(X).dtype == y.dtype
    kept = copy.deepcopy(classifier)
    for use in (
        lambda: classifier.partial_fit(X, y.astype(str)),
        lambda: classifier.partial_fit(X, y, classes=["0", "1"]),
        lambda: classifier.merge(StreamingRidgeClassifier().fit(X, y.astype(str))),
    ):
        with pytest.raises(ValueError, match="labels must be all numbers or all text"):
            use()
    assert_same(classifier, kept)
    large = StreamingRidgeClassifier().fit(X, np.array([2**53, 2**53 + 1])[y % 2])
    with pytest.raises(ValueError, match="labels must differ in one type"):
        large.partial_fit(X, np.array([2**53 + 3], np.uint64)[y * 0])
    assert large.class_count_.sum() == len(X)


def test_one_label_is_always_predicted():
    X, _ = random_batch(3)
    assert_array_equal(StreamingRidgeClassifier().fit(X, [7] * 40).predict(X), [7] * 40)


def test_what_cannot_be_merged_is_refused_and_changes_nothing():
    X, y = random_batch(4)
    classifier = StreamingRidgeClassifier().fit(X, y)
    kept = copy.deepcopy(classifier)
    heavy = StreamingRidgeClassifier().fit(X, y, np.full(40, 2e48))
    for other, error, said in (
        (RidgeClassifier(), TypeError, "other must be a StreamingRidgeClassifier, got Ridge"),
        (StreamingRidgeClassifier(), NotFittedError, "not fitted"),
        (StreamingRidgeClassifier().fit(X[:, 1:], y), ValueError, "must have 15 columns, got 14"),
        (heavy, None, ""),
        (heavy, ValueError, "sample_weight must come to at most 1e"),
    ):
        if error is None:
            kept.merge(other)
            classifier.merge(other)
            continue
        with pytest.raises(error, match=said):
            classifier.merge(other)
    with pytest.raises(NotFittedError):
        StreamingRidgeClassifier().merge(classifier)
    assert_same(classifier, kept)
    assert heavy.class_count_.sum() == pytest.approx(40 * 2e48)


def test_columns_with_other_names_are_not_merged():
    pandas = pytest.importorskip("pandas")
    X, y = random_batch(4, n_columns=2)
    one = StreamingRidgeClassifier().fit(pandas.DataFrame(X, columns=["a", "b"]), y)
    other = StreamingRidgeClassifier().fit(pandas.DataFrame(X, columns=["b", "a"]), y)
    with pytest.raises(ValueError, match="other must have the columns"):
        one.merge(other)
    with pytest.warns(UserWarning, match="feature names"):
        one.partial_fit(X, y)
    one.merge(copy.deepcopy(one))
    assert one.class_count_.sum() == 160


def gcv_errors(X, y, weights, alphas):
    """Generalised cross-validation from its definition, by the matrix that smooths the targets."""
    roots = np.sqrt(weights)[:, None]
    targets = roots * (2.0 * (y[:, None] == np.unique(y)) - 1)
    n = weights.sum()
    errors = []
    for alpha in alphas:
        design = roots * np.column_stack([np.ones(len(X)), X])
        penalty = np.diag([0.0] + [alpha] * X.shape[1])
        hat = design @ np.linalg.solve(design.T @ design + penalty, design.T)
        squares = ((targets - hat @ targets) ** 2).sum()
        errors.append(squares / n / (1 - np.trace(hat) / n) ** 2)
    return np.array(errors)


@pytest.mark.parametrize("weighted", [False, True])
def test_regularisation_is_that_of_the_least_cross_validation_error(weighted):
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 40))
    y = (X[:, 0] + 2 * random.normal(size=120) > 0).astype(int)
    weights = random.integers(1, 4, 120) if weighted else np.ones(120)
    classifier = StreamingRidgeClassifier("gcv").fit(X, y, weights)
    centred = X - np.average(X, axis=0, weights=weights)
    largest = np.linalg.eigvalsh(centred.T @ (weights[:, None] * centred))[-1]
    alphas = largest * np.logspace(-6, 1, 29)
    errors = gcv_errors(X, y, weights, alphas)
    assert 0 < errors.argmin() < 28
    assert classifier.alpha_ == pytest.approx(alphas[errors.argmin()])
    fixed = StreamingRidgeClassifier(classifier.alpha_).fit(X, y, weights)
    assert_allclose(classifier.decision_function(X), fixed.decision_function(X), atol=1e-9)


def test_fewer_samples_than_columns_and_columns_that_never_change():
    X, y = random_batch(5, 10, 40, density=0.5)
    assert StreamingRidgeClassifier("gcv").fit(X, y).score(X, y) == 1.0
    constant = StreamingRidgeClassifier("gcv").fit(np.ones((10, 4)), y)
    assert constant.alpha_ == 1.0
    assert_allclose(constant.table().of_active, 0, atol=1e-12)
    with pytest.raises(ValueError, match="alpha must be a number where weights"):
        StreamingRidgeClassifier("gcv").fit(X, y, np.full(10, 0.1)).predict(X)


def test_regularisation_can_be_changed_after_learning():
    X, y = random_batch(6)
    classifier = StreamingRidgeClassifier().fit(X, y)
    assert classifier.table() is classifier.table()
    assert classifier.alpha_ == 1.0
    weak = classifier.table().of_active
    strong = classifier.set_params(alpha=1e6).table().of_active
    assert np.abs(strong).max() < 1e-3 < np.abs(weak).max()
    assert_array_equal(classifier.set_params(alpha=1.0).table().of_active, weak)
    copied = np.column_stack([X, X])  # each column twice: nothing but rounding tells them apart
    with pytest.raises(ValueError, match="alpha must be larger, got 1e-50"):
        StreamingRidgeClassifier(1e-50).fit(copied, y).predict(copied)


def test_what_is_solved_while_samples_come_is_dropped(monkeypatch):
    X, y = random_batch(7)
    classifier = StreamingRidgeClassifier().fit(X, y)
    solve = least_squares.LeastSquares.solve
    late = X[::-1] + 1

    def solve_late(self, alpha):
        monkeypatch.undo()
        classifier.partial_fit(late, y)  # as another thread may
        return solve(self, alpha)

    monkeypatch.setattr(least_squares.LeastSquares, "solve", solve_late)
    classifier.predict(X)
    whole = StreamingRidgeClassifier().partial_fit(X, y).partial_fit(late, y)
    assert_array_equal(classifier.decision_function(X), whole.decision_function(X))


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("late", [False, True])
def test_an_interrupted_batch_is_learned_up_to_a_sample(form, late, monkeypatch):
    X, y = random_batch(8, 60)
    X = FORMS[form](X)
    classifier = StreamingRidgeClassifier().fit(X, y)
    classifier.predict(X)
    name = "add_codes" if form == "sparse" else "add_dense"
    kernel, calls = getattr(ridge, name), []

    def interrupted(*arguments):
        calls.append(len(calls))
        if late or calls[-1] < 2:
            kernel(*arguments)
        if calls[-1] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ridge, name, interrupted)
    monkeypatch.setattr(ridge, "ELEMENTS", 15 * 10)
    monkeypatch.setattr(ridge, "ENTRIES", 0)
    with pytest.raises(KeyboardInterrupt):
        classifier.partial_fit(X, y + 1)
    n = int(classifier.class_count_.sum()) - 60
    assert n == (2 + late) * (10 if form == "dense" else 1)
    monkeypatch.undo()
    expected = StreamingRidgeClassifier().fit(X, y).partial_fit(X[:n], y[:n] + 1, y + 1)
    assert_same(classifier, expected)
    assert_array_equal(classifier.decision_function(X), expected.decision_function(X))
    assert_same(classifier.partial_fit(X[n:], y[n:] + 1), expected.partial_fit(X[n:], y[n:] + 1))


def test_interrupted_before_the_first_sample_it_is_not_fitted(monkeypatch):
    X, y = random_batch(8)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(ridge, "add_dense", interrupt)
    classifier = StreamingRidgeClassifier()
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(X, y)
    monkeypatch.undo()
    with pytest.raises(NotFittedError, match="no sample has been learned"):
        classifier.predict(X)
    assert_same(classifier.partial_fit(X, y), StreamingRidgeClassifier().fit(X, y))


@pytest.mark.parametrize(
    "bad",
    [
        {"alpha": 0},
        {"alpha": -1.0},
        {"alpha": np.nan},
        {"alpha": 1e51},
        {"alpha": "loo"},
        {"alpha": None},
        {"max_bytes": 0},
        {"max_bytes": "1 GB"},
    ],
)
def test_bad_parameters_are_named_and_change_nothing(bad):
    X, y = random_batch(9)
    classifier = StreamingRidgeClassifier().fit(X, y)
    kept = copy.deepcopy(classifier)
    classifier.set_params(**bad)
    for use in (classifier.fit, classifier.partial_fit, classifier.score):
        with pytest.raises(ValueError, match=f"{next(iter(bad))} must be"):
            use(X, y)
    assert_same(classifier, kept)


def test_memory_is_told_before_it_is_taken():
    X, y = sparse.csr_array((2, 10**6)), [0, 1]
    said = r"max_bytes must be at least 4,000,020,000,016 .* 1,000,000 columns and 2 .*Softmax"
    classifier = StreamingRidgeClassifier()
    with pytest.raises(ValueError, match=said):
        classifier.fit(X, y)
    assert not hasattr(classifier, "classes_")
    X, y = random_batch(10, n_columns=20)
    n_bytes = 4 * 20 * 21 + 8 * 21 * 3
    classifier = StreamingRidgeClassifier(max_bytes=n_bytes).fit(X, y)
    assert sum(array.nbytes for array in sums(classifier)) == n_bytes
    kept = copy.deepcopy(classifier)
    with pytest.raises(ValueError, match="max_bytes must be at least"):
        classifier.partial_fit(X, y + 1)
    assert_same(classifier, kept)


def test_bad_batches_change_nothing():
    X, y = random_batch(11)
    with pytest.raises(NotFittedError):
        StreamingRidgeClassifier().predict(X)
    classifier = StreamingRidgeClassifier().fit(X, y)
    kept = copy.deepcopy(classifier)
    for wrong, said in (
        (((X * 2e50), y), "X must hold numbers between"),
        ((sparse.csr_array(X * -2e50), y), "X must hold numbers between"),
        ((X, y, None, np.full(40, 1e49)), "sample_weight must come to at most"),
        ((X, y, None, np.full(40, -1)), "sample_weight must not be negative"),
        ((X[:, 1:], y), "14 features"),
        ((X, y[1:]), "inconsistent"),
        ((X, [None] * 40), "y must have no missing labels"),
        ((X, y / 3), "Unknown label type"),
    ):
        with pytest.raises(ValueError, match=said):
            classifier.partial_fit(*wrong)
    assert_same(classifier, kept)


def test_sums_stay_finite_at_the_largest_values():
    X, y = random_batch(12)
    classifier = StreamingRidgeClassifier().fit(X * 1e50, y, np.full(40, 2e48))
    for alpha in (1e50, "gcv"):
        assert np.isfinite(classifier.set_params(alpha=alpha).decision_function(X)).all()


def test_saved_and_pickled_it_goes_on_as_it_was(tmp_path):
    X, y = random_batch(13)
    classifier = StreamingRidgeClassifier(0.5).fit(X, y)
    fastsp.save(classifier, tmp_path / "model")
    for restored in (fastsp.load(tmp_path / "model"), pickle.loads(pickle.dumps(classifier))):
        assert_array_equal(restored.decision_function(X), classifier.decision_function(X))
        more = copy.deepcopy(classifier).partial_fit(X, y + 1)
        assert_same(restored.partial_fit(X, y + 1), more)


def test_sums_in_another_order_in_memory_are_added_to():
    X, y = random_batch(14)
    ours, other = (StreamingRidgeClassifier().fit(X, y) for _ in range(2))
    other.class_sums_ = np.asfortranarray(other.class_sums_)
    other.gram_.flags.writeable = False  # as after joblib.load(mmap_mode="r")
    assert_same(other.partial_fit(X, y), ours.partial_fit(X, y))


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("gram_", np.zeros(119), "gram_ must be float64 of shape"),
        ("gram_", np.full(120, np.nan), "gram_ must be finite"),
        ("class_sums_", np.zeros((3, 15), np.float32), "class_sums_ must be float64"),
        ("class_count_", np.array([1.0, -1.0, 1.0]), "class_count_ must not be negative"),
        ("class_count_", np.full(3, 1e50), "sample_weight must come to"),
        ("classes_", np.array([0, 0, 1]), "classes_ must be sorted and different"),
    ],
)
def test_impossible_files_are_refused(name, array, said, tmp_path):
    X, y = random_batch(15)
    classifier = StreamingRidgeClassifier().fit(X, y)
    setattr(classifier, name, array)
    fastsp.save(classifier, tmp_path / "model")
    with pytest.raises(fastsp.ModelFileError, match=said):
        fastsp.load(tmp_path / "model")
