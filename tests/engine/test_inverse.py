"""From active columns back to input bits."""

import copy
import threading

import naive
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import examples, poolers

from fastsp import SpatialPooler
from fastsp.engine import Engine
from tests.tiny_experiments import TINY
from tests.tiny_mnist import make_digits


@examples(30)
@given(st.data())
def test_the_inverse_equals_its_plain_twin(data):
    pooler = data.draw(poolers())
    n_columns, n_inputs = int(np.prod(pooler.column_shape_)), pooler.n_features_in_
    random = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    codes = (random.random((3, n_columns)) < random.random((3, 1))).astype(np.float32)
    values = pooler.inverse_transform(codes)
    assert values.shape == (3, n_inputs)
    assert values.dtype == np.float32
    twin = naive.Pooler(pooler)
    for code, found in zip(codes, values, strict=True):
        assert_allclose(found, twin.inverse(np.flatnonzero(code), n_inputs), rtol=1e-6)


@pytest.fixture(scope="module")
def pooler():
    X = np.random.default_rng(0).random((50, 60)) < 0.2
    return SpatialPooler((40,), density=0.1, random_state=0).fit(X)


def test_codes_of_every_kind_mean_the_same(pooler):
    codes = scipy.sparse.random_array((5, 40), density=0.2, rng=1, format="csr")
    codes.data[:] = 1
    expected = pooler.inverse_transform(codes)
    dense = codes.toarray()
    names = [f"column {c}" for c in range(40)]
    kinds = (dense, dense.astype(bool), codes.tocoo(), codes.tocsc(), pd.DataFrame(dense))
    for given_codes in (*kinds, pd.DataFrame(dense, columns=names)):
        assert_array_equal(pooler.inverse_transform(given_codes), expected)
    assert expected.min() >= 0
    assert expected.max() <= 1


def test_many_codes_are_turned_back_as_one_by_one(pooler):
    codes = (np.random.default_rng(2).random((1500, 40)) < 0.1).astype(np.uint8)
    together = pooler.inverse_transform(codes)
    assert_array_equal(together[1020:1030], pooler.inverse_transform(codes[1020:1030]))
    engine = Engine(60, column_shape=(40,), random_state=0)
    assert engine.invert(codes).shape == (1500, 60)


def test_nothing_comes_from_nothing_and_from_what_is_off(pooler):
    assert not pooler.inverse_transform(np.zeros((1, 40))).any()
    codes = np.ones((1, 40))
    assert (pooler.inverse_transform(codes) > 0).all()
    pooler.switch_off(inputs=[3, 5])
    try:
        assert np.flatnonzero(pooler.inverse_transform(codes)[0] == 0).tolist() == [3, 5]
    finally:
        pooler.switch_on(inputs=[3, 5])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 41)), r"shape \(n, 40\); got \(2, 41\)"),
        (np.full((2, 40), 0.5), "hold 1 where a column is active and 0 elsewhere; got 0.5"),
        (scipy.sparse.csr_array(np.full((2, 40), 2)), "got 2"),
    ],
)
def test_what_is_no_code_is_refused(pooler, X, message):
    with pytest.raises(ValueError, match=message):
        pooler.inverse_transform(X)


def test_codes_of_strokes_give_the_strokes_back():
    digits = make_digits()
    encoder = TINY.build_encoder(digits.train_images)
    pooler = TINY.build_pooler(digits.image_shape).fit(encoder.transform(digits.train_images))
    bits = encoder.transform(digits.test_images[:20])
    values = pooler.inverse_transform(pooler.transform(bits))
    likeness = [np.corrcoef(x, y)[0, 1] for x, y in zip(bits, values, strict=True)]
    assert np.mean(likeness) > 0.3


def test_arrays_that_were_assigned_are_checked_before_they_are_used():
    broken = SpatialPooler((40,), density=0.1, random_state=0).fit(np.eye(60))
    codes = np.ones((1, 40))
    astray = broken.indices_.copy()
    astray[-1] = 60
    for name, array, wanted in (
        ("indices_", astray, "indices_"),
        ("permanences_", broken.permanences_[1:], "permanences_"),
    ):
        before = getattr(broken, name)
        setattr(broken, name, array)
        with pytest.raises(ValueError, match=wanted):
            broken.inverse_transform(codes)
        setattr(broken, name, before)
    assert broken.inverse_transform(codes).shape == (1, 60)


def test_codes_are_turned_back_while_another_thread_learns(pooler):
    X = np.random.default_rng(3).random((20_000, 60)) < 0.2
    learning = copy.deepcopy(pooler)
    thread = threading.Thread(target=learning.partial_fit, args=(X,))
    thread.start()
    while thread.is_alive():
        values = learning.inverse_transform(np.ones((1, 40)))
        assert ((values >= 0) & (values <= 1)).all()
    thread.join()
    assert learning.n_cycles_ == pooler.n_cycles_ + 20_000
