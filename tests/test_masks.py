"""Masked arrays: what is masked is missing where that is known, and refused everywhere else."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

import fastsp.htm
from fastsp import (
    BinaryImageEncoder,
    CategoryEncoder,
    CyclicEncoder,
    DateTimeEncoder,
    HomeostaticPooler,
    ImageAugmenter,
    MaximumLikelihoodClassifier,
    RandomDistributedEncoder,
    ScalarEncoder,
    SoftmaxClassifier,
    SpatialPooler,
    StreamingRidgeClassifier,
    metrics,
)
from fastsp.engine import Engine
from fastsp.masks import is_masked

MASK = [[False, True], [False, False], [True, False], [False, False]]
NUMBERS = [[1, 99], [2, 3], [88, 2], [0, 1]]
OF_NUMBERS = [
    ScalarEncoder(n_bits=20, n_on=3),
    CyclicEncoder(period=3.0, n_bits=20, n_on=3),
    RandomDistributedEncoder(n_bits=20, n_on=3, random_state=0),
    DateTimeEncoder(n_bits=20, n_on=3),
]


def masked(values, dtype=None):
    return np.ma.masked_array(np.array(values, dtype), MASK)


def name_of(value):
    return getattr(value, "__name__", type(value).__name__)


@pytest.mark.parametrize("encoder", OF_NUMBERS, ids=name_of)
@pytest.mark.parametrize("dtype", ["i4", "u1", ">i8", "f4", "f8", "longdouble", object])
def test_a_masked_number_is_missing(encoder, dtype):
    X = np.where(MASK, np.nan, NUMBERS)
    expected = clone(encoder).fit(X)
    given = masked(NUMBERS, dtype)
    rows = list(given)
    for form in (given, given.copy("F"), rows, tuple(rows), [list(row) for row in rows]):
        fitted = clone(encoder).fit(form)
        assert_array_equal(fitted.transform(form), expected.transform(X))
        assert_array_equal(fitted.transform(NUMBERS), expected.transform(NUMBERS))
    assert given.mask.sum() == 2
    of_blocks = expected.transform(X).reshape(8, -1).sum(axis=1)
    assert_array_equal(of_blocks == 0, np.ravel(MASK))


def test_a_masked_extreme_is_not_learned():
    X = np.ma.masked_array([[1.0, 999.0], [2.0, 3.0]], mask=[[0, 1], [0, 0]])
    encoder = ScalarEncoder(n_bits=20, n_on=3).fit(X)
    assert_array_equal(encoder.maximum_, [2.0, 3.0])
    assert encoder.transform(X)[0, 20:].sum() == 0


def test_nothing_masked_is_a_plain_array():
    X = np.ma.masked_array(NUMBERS, mask=False)
    assert not is_masked(X)
    assert not is_masked([list(X), [1]])
    assert not is_masked(X[0, 0])
    for encoder in (*OF_NUMBERS, CategoryEncoder(n_on=1), BinaryImageEncoder()):
        bits = clone(encoder).fit_transform(NUMBERS)
        assert_array_equal(clone(encoder).fit_transform(X), bits)
    pooler = SpatialPooler((16,), random_state=0)
    assert pooler.fit_transform(X).nnz == clone(pooler).fit_transform(NUMBERS).nnz


@pytest.mark.parametrize("unit", ["M8[D]", "M8[ns]", "U", object])
def test_a_masked_date_is_missing(unit):
    dates = np.array([["2026-03-01", "2026-03-02"]] * 4).astype(unit)
    encoder = DateTimeEncoder(n_bits=20, n_on=3)
    bits = encoder.fit_transform(np.ma.masked_array(dates, MASK))
    assert_array_equal(bits.reshape(8, -1).any(axis=1), ~np.ravel(MASK))
    plain = encoder.transform(dates)
    assert_array_equal(bits, plain * np.repeat(~np.array(MASK), 60, axis=1))


@pytest.mark.parametrize("dtype", ["U3", object, "i8", "f8", "M8[D]"])
def test_what_is_masked_is_a_category_of_its_own(dtype):
    values = [["1", "9"], ["2", "3"], ["8", "2"], ["0", "1"]]
    if dtype == "M8[D]":
        values = [[f"2026-01-{int(one) + 1:02}" for one in row] for row in values]
    encoder = CategoryEncoder(n_on=1).fit(masked(values, dtype))
    bits = encoder.transform(masked(values, dtype))
    assert_array_equal(bits.sum(axis=1), [2] * 4)
    names = list(encoder.get_feature_names_out())
    assert [name for name in names if "nan" in name] == ["x0_nan_0", "x1_nan_0"]
    assert_array_equal(bits[:, [names.index("x0_nan_0"), names.index("x1_nan_0")]], MASK)
    # Known categories stay known where nothing is missing, in the type of the column.
    plain = np.array([[values[0][0], values[1][1]]]).astype(dtype)
    assert encoder.transform(plain).sum() == 2
    with pytest.raises(ValueError, match="unknown categories"):
        encoder.transform(np.array([[values[0][1], values[1][1]]]).astype(dtype))


CODES = (np.arange(32).reshape(4, 8) % 3 == 0).astype(np.uint8)
HIDDEN = np.ma.masked_array(CODES, mask=np.eye(4, 8))
LABELS = np.array([0, 1, 0, 1])
HIDDEN_LABELS = np.ma.masked_array(LABELS, mask=[0, 1, 0, 0])
REFUSING = [
    SpatialPooler((16,), random_state=0),
    HomeostaticPooler(SpatialPooler((16,), random_state=0), period=3, n_probes=1),
    MaximumLikelihoodClassifier(),
    SoftmaxClassifier(random_state=0),
    StreamingRidgeClassifier(),
    BinaryImageEncoder(),
    ImageAugmenter(image_shape=(2, 4), random_state=0),
]


@pytest.mark.parametrize("estimator", REFUSING, ids=name_of)
@pytest.mark.parametrize("X", [HIDDEN, HIDDEN.astype(float), list(HIDDEN), [CODES[0], HIDDEN[1]]])
def test_estimators_refuse_what_is_masked(estimator, X):
    fitted = clone(estimator).fit(CODES, LABELS)
    state = copy.deepcopy(fitted).__getstate__()
    for name in ("fit", "partial_fit", "transform", "predict", "augment", "fit_transform"):
        for one in (fitted, clone(estimator)):
            call = getattr(one, name, None)
            fresh = one is not fitted and name in ("partial_fit", "transform", "predict")
            if call is None or fresh:
                continue
            arguments = (X, LABELS) if name in ("fit", "partial_fit") else (X,)
            with pytest.raises(ValueError, match="X must not have masked values"):
                call(*arguments)
    for name, value in fitted.__getstate__().items():
        assert_array_equal(value, state[name]) if isinstance(value, np.ndarray) else None


@pytest.mark.parametrize("x", [HIDDEN[0], HIDDEN[0].astype(float), HIDDEN[:1], list(HIDDEN[:1])])
def test_single_inputs_refuse_what_is_masked(x):
    pooler = SpatialPooler((16,), input_shape=(1, 8), random_state=0)
    with pytest.raises(ValueError, match="x must not have masked values"):
        pooler.compute(x)
    pooler.initialize(8)
    engine = Engine(8, column_shape=(16,))
    for call in (pooler.compute, pooler.trace, engine.compute, engine.trace):
        with pytest.raises(ValueError, match="x must not have masked values"):
            call(x)
    assert pooler.n_cycles_ == engine.n_cycles == 0


def test_what_else_goes_into_a_pooler_is_not_masked():
    pooler = SpatialPooler((16,), random_state=0).fit(CODES)
    half = np.ma.masked_array(np.arange(16) % 2 == 0, mask=np.arange(16) == 0)
    with pytest.raises(ValueError, match="columns must not have masked values"):
        pooler.switch_off(columns=half)
    with pytest.raises(ValueError, match="inputs must not have masked values"):
        pooler.switch_on(inputs=np.ma.masked_array([1, 2], [1, 0]))
    for name in ("permanences_", "boost_factors_", "tie_breakers_", "active_duty_cycles_"):
        hidden, before = getattr(pooler, name).copy(), getattr(pooler, name)
        setattr(pooler, name, np.ma.masked_array(hidden, mask=np.arange(hidden.size) == 0))
        with pytest.raises(ValueError, match=f"{name} must not have masked values"):
            pooler.transform(CODES)
        setattr(pooler, name, before)
    engine = Engine(8, column_shape=(16,))
    for call in (engine.learn, engine.infer, engine.prepare):
        with pytest.raises(ValueError, match="X must not have masked values"):
            call(HIDDEN)
    codes = np.ma.masked_array(pooler.transform(CODES).toarray(), mask=np.eye(4, 16))
    for invert in (pooler.inverse_transform, engine.invert):
        with pytest.raises(ValueError, match="X must not have masked values"):
            invert(codes)


@pytest.mark.parametrize("classifier", REFUSING[2:4], ids=name_of)
def test_labels_and_weights_are_not_masked(classifier):
    with pytest.raises(ValueError, match="y must not have masked values"):
        clone(classifier).fit(CODES, HIDDEN_LABELS)
    with pytest.raises(ValueError, match="classes must not have masked values"):
        clone(classifier).partial_fit(CODES, LABELS, classes=HIDDEN_LABELS)
    if isinstance(classifier, MaximumLikelihoodClassifier):
        with pytest.raises(ValueError, match="sample_weight must not have masked values"):
            clone(classifier).fit(CODES, LABELS, sample_weight=HIDDEN_LABELS + 1.0)


@pytest.mark.parametrize(
    ("encoder", "name"),
    [
        (ScalarEncoder(minimum=np.ma.masked_array([0, 1], [1, 0])), "minimum"),
        (ScalarEncoder(maximum=np.ma.masked), "maximum"),
        (CyclicEncoder(np.ma.masked_array([2, 1], [1, 0])), "period"),
        (RandomDistributedEncoder(np.ma.masked_array([2, 1], [1, 0])), "resolution"),
        (CategoryEncoder(categories=[np.ma.masked_array([2, 1], [1, 0])] * 2), "categories"),
    ],
)
def test_parameters_are_not_masked(encoder, name):
    with pytest.raises(ValueError, match=f"{name} must not have masked values"):
        encoder.fit(NUMBERS)


INDICES = np.ma.masked_array([1, 3, 5], mask=[0, 1, 0])
SHARES = np.ma.masked_array([0.1, 0.5], mask=[1, 0])


@pytest.mark.parametrize(
    ("call", "name"),
    [
        *(
            (measure, "X")
            for measure in (metrics.density, metrics.sparseness, metrics.code_entropy)
        ),
        (metrics.pairwise_overlap, "X"),
        (lambda X: metrics.pairwise_overlap(CODES, X), "Y"),
        (lambda X: metrics.paired_overlap(CODES, X), "Y"),
        (lambda X: metrics.stability(CODES, X), "Y"),
        (lambda X: metrics.class_overlaps(X, LABELS), "X"),
        (lambda X: metrics.class_overlaps(CODES, HIDDEN_LABELS), "y"),
        (lambda X: metrics.move_on_bits(X, [0.0]), "X"),
        (lambda X: metrics.move_on_bits(CODES, SHARES), "shares"),
        (lambda X: metrics.noise_robustness(lambda codes: X, CODES, [0.0]), "code"),
        (lambda X: metrics.overlap(INDICES, [1]), "a"),
        (lambda X: metrics.overlap([1], INDICES), "b"),
        (lambda X: metrics.clark_evans_index(INDICES, (8,)), "active"),
        (lambda X: metrics.dispersion_index(INDICES, (32,)), "active"),
        (lambda X: metrics.binary_entropy(SHARES), "p"),
        (lambda X: metrics.duty_cycle_entropy(SHARES), "duty_cycles"),
    ],
)
def test_measures_refuse_what_is_masked(call, name):
    with pytest.raises(ValueError, match=rf"^{name}\S* must not have masked values"):
        call(HIDDEN)


def test_sdrs_and_their_pooler_refuse_what_is_masked():
    sdr = fastsp.htm.SDR((2, 3))
    sdr.sparse = [1]
    for view, value in (
        ("dense", np.ma.masked_array([[1, 0, 1]] * 2, mask=[[1, 0, 0]] * 2)),
        ("dense", list(np.ma.masked_array([[1, 0, 1]] * 2, mask=[[1, 0, 0]] * 2))),
        ("sparse", INDICES),
        ("coordinates", [INDICES % 2, INDICES % 3]),
    ):
        for kind in (ValueError, RuntimeError):
            with pytest.raises(kind, match=f"{view} must not have masked values"):
                setattr(sdr, view, value)
    assert sdr.sparse.tolist() == [1]
    pooler = fastsp.htm.SpatialPooler(8, 16, seed=1)
    with pytest.raises(ValueError, match="X must not have masked values"):
        pooler.compute_many(HIDDEN)
    hidden = np.ma.masked_array(np.ones(16, np.float32), mask=np.arange(16) == 3)
    with pytest.raises(ValueError, match="boostFactors must not have masked values"):
        pooler.setBoostFactors(hidden)
    with pytest.raises(ValueError, match="permanences must not have masked values"):
        pooler.setPermanence(0, hidden[:8] * 0)
    with pytest.raises(ValueError, match="potential must not have masked values"):
        pooler.setPotential(0, np.ma.masked_array(np.ones(8), mask=np.arange(8) == 3))
    classifier = fastsp.htm.Classifier()
    with pytest.raises(ValueError, match="classification must not have masked values"):
        classifier.learn(sdr, INDICES)


def test_frames_of_masked_arrays_have_gaps():
    frame = pd.DataFrame(masked(NUMBERS, float))
    expected = ScalarEncoder(n_bits=20, n_on=3).fit_transform(masked(NUMBERS))
    assert_array_equal(ScalarEncoder(n_bits=20, n_on=3).fit_transform(frame), expected)
