"""A threshold is compared as the number it is, whatever type the values have."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from strategies import examples

import fastsp.htm
from fastsp import (
    HomeostaticPooler,
    MaximumLikelihoodClassifier,
    SoftmaxClassifier,
    SpatialPooler,
)
from fastsp.engine import Engine
from fastsp.engine.packing import above

FLOATS = ["f2", "f4", "f8", ">f2", ">f4", ">f8", "longdouble"]
INTEGERS = ["?", "u1", "i1", "u2", ">i2", "i4", ">u4", "i8", "u8", ">i8", ">u8"]
THRESHOLDS = [0, 0.1, 0.5, 1 / 3, 1, 255.5, 2**24 + 1, 2**53 + 1, 2**63, 1e300, 5e-324]


def exact(number):
    number = number.item() if isinstance(number, (np.integer, np.bool_)) else number
    return Fraction(*number.as_integer_ratio())


def neighbours(dtype, threshold):
    """Return values of a type on both sides of a threshold, as near as there are."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        near = {int(threshold) + step for step in (-1, 0, 1, 2)} | {0, limits.min, limits.max}
        return np.array([n for n in sorted(near) if limits.min <= n <= limits.max], dtype)
    limits = np.finfo(dtype)
    with np.errstate(over="ignore"):
        middle = np.clip(dtype.type(float(threshold)), limits.min, limits.max)
    near = [-limits.max, 0, limits.smallest_subnormal, limits.max, middle]
    near += [np.nextafter(middle, dtype.type(end)) for end in (-1, limits.max)]
    return np.array(near, dtype)


@pytest.mark.parametrize("dtype", FLOATS + INTEGERS)
@pytest.mark.parametrize(
    "threshold", [*THRESHOLDS, np.float32(0.1), np.longdouble(1) / 3, np.int64(7), Fraction(1, 3)]
)
def test_values_are_above_a_threshold_where_the_number_is(dtype, threshold):
    values = neighbours(dtype, threshold)
    assert_array_equal(
        above(values, threshold), [exact(value) > exact(threshold) for value in values]
    )


@given(st.sampled_from(FLOATS), st.floats(0, 1e308), st.lists(st.floats(-1e4, 1e4), min_size=1))
@examples(200)
def test_values_of_any_kind_are_compared_exactly(dtype, threshold, numbers):
    values = np.concatenate([np.array(numbers, dtype), neighbours(dtype, threshold)])
    assert_array_equal(
        above(values, threshold), [exact(value) > exact(threshold) for value in values]
    )


def rows(dtype):
    """Return inputs of numbers just above and below a tenth, as the type knows them."""
    below = np.dtype(dtype).type(0.1)
    below = below if exact(below) <= exact(0.1) else np.nextafter(below, below.dtype.type(0))
    on = np.random.default_rng(0).random((20, 64)) < 0.5
    return np.where(on, np.nextafter(below, below.dtype.type(1)), below).astype(dtype), on


@pytest.mark.parametrize("dtype", FLOATS)
def test_poolers_and_classifiers_see_the_same_bits_in_every_type(dtype):
    X, on = rows(dtype)
    assert on.any()
    assert not on.all()
    forms = [X, np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X.tolist()]
    if np.dtype(dtype).isnative and dtype != "f2":  # others SciPy has not
        forms += [make(X) for make in (scipy.sparse.csr_matrix, scipy.sparse.csc_array)]
    y = np.arange(20) % 2
    pooler = SpatialPooler((128,), threshold=0.1, random_state=0)
    expected = SpatialPooler((128,), random_state=0).fit(on)
    for form in forms:
        again = pooler.fit(form)
        assert_array_equal(again.permanences_, expected.permanences_)
        assert_array_equal(again.transform(form).indices, expected.transform(on).indices)
        for classifier in (MaximumLikelihoodClassifier(), SoftmaxClassifier(random_state=0)):
            proba = classifier.fit(on, y).predict_proba(on)
            classifier.set_params(threshold=0.1).fit(form, y)
            assert_array_equal(classifier.predict_proba(form), proba)


@pytest.mark.parametrize("dtype", FLOATS)
def test_single_inputs_are_compared_as_batches_are(dtype):
    X, on = rows(dtype)
    pooler = SpatialPooler((128,), threshold=0.1, random_state=0).initialize(64)
    engine = Engine(64, column_shape=(128,), threshold=0.1, random_state=0)
    expected = SpatialPooler((128,), random_state=0).initialize(64)
    for x, bits in zip(X, on, strict=True):
        active = expected.compute(bits)
        assert_array_equal(pooler.compute(x), active)
        assert_array_equal(engine.compute(x), active)
        assert_array_equal(pooler.compute(x.tolist(), learn=False), engine.compute(x, False))
        assert_array_equal(pooler.trace(x).overlaps, expected.trace(bits).overlaps)
        if np.dtype(dtype).isnative and dtype != "f2":
            row = scipy.sparse.csr_array(x[None])
            assert_array_equal(pooler.compute(row, False), expected.compute(bits, False))


def test_the_tenth_of_a_float32_is_above_a_tenth():
    for dtype, n_on in (("f4", 64), ("f8", 0), ("f2", 0)):
        X = np.full((1, 64), 0.1, dtype)
        pooler = SpatialPooler((32,), threshold=0.1, stimulus_threshold=1, random_state=0).fit(X)
        assert pooler.transform(X).nnz == (1 if n_on else 0)
        assert pooler.trace(X[0]).overlaps.any() == bool(n_on)


@pytest.mark.parametrize("dtype", FLOATS)
def test_probes_of_a_homeostatic_pooler_are_the_bits_that_its_pooler_sees(dtype):
    X, on = rows(dtype)
    own = SpatialPooler((64,), threshold=0.1, random_state=0)
    pooler = HomeostaticPooler(own, period=40, n_probes=30).fit(X)
    assert_array_equal(pooler.probes_, on)


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i4"])
def test_sparse_values_may_be_of_types_that_scipy_lacks(dtype):
    X = scipy.sparse.csr_array(np.eye(8, 64))
    expected = SpatialPooler((32,), random_state=0).fit(X)
    other = scipy.sparse.csr_array((8, 64))
    other.data, other.indices, other.indptr = X.data.astype(dtype), X.indices, X.indptr
    pooler = SpatialPooler((32,), random_state=0).fit(other)
    assert_array_equal(pooler.permanences_, expected.permanences_)
    assert_array_equal(pooler.transform(other).indices, expected.transform(X).indices)
    y = np.arange(8) % 2
    proba = MaximumLikelihoodClassifier().fit(X, y).predict_proba(X)
    again = MaximumLikelihoodClassifier().fit(other, y).predict_proba(other)
    assert_array_equal(again, proba)


def test_learn_is_a_flag_for_every_pooler():
    x = np.ones(30, np.uint8)
    poolers = [
        SpatialPooler((32,), random_state=0),
        SpatialPooler((32,), random_state=0).initialize(30),
        Engine(30, column_shape=(32,), random_state=0),
        fastsp.htm.SpatialPooler(30, 32)._engine,
    ]
    for pooler in poolers:
        for wrong in ("no", None, np.zeros(32), [], 2, x):
            with pytest.raises(TypeError, match="learn must be True or False"):
                pooler.compute(x, wrong)
        assert getattr(pooler, "n_cycles_", getattr(pooler, "n_cycles", 0)) == 0
        pooler.compute(x, np.bool_(True))
