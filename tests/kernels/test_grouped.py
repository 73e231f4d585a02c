"""Grouped inhibition against its plain-loop twin, and as users meet it."""

import naive
import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, inputs_for, poolers

from fastsp import SpatialPooler
from fastsp.kernels.inhibition.grouped import select_in_groups
from fastsp.kernels.inhibition.top import new_selection_scratch
from fastsp.kernels.llvm.keys import bound_of_group
from fastsp.kernels.order import order_keys


def select(values, allowed, group_size, k):
    """Active columns by the kernel, as a list."""
    n_groups = values.size // group_size
    keys, selected = np.empty(values.size, np.uint32), np.empty(n_groups * k, np.int32)
    order_keys(values, keys)
    keys[~allowed] = 0
    scratch = new_selection_scratch(values.size)
    return selected[: select_in_groups(keys, group_size, k, scratch, selected)].tolist()


@pytest.mark.core
@examples(300)
@given(st.data())
def test_winners_are_exact_with_ties_to_the_lower_position(data):
    n_groups = data.draw(st.integers(1, 6))
    group_size = data.draw(st.one_of(st.integers(1, 40), st.integers(1, 300)))
    k = data.draw(st.integers(1, min(group_size, data.draw(st.sampled_from([4, 16, 300])))))
    random = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    values = random.normal(size=n_groups * group_size).astype(np.float32)
    # Few different values make many ties; 0 makes all equal.
    digits = data.draw(st.sampled_from([0, 1, 4, None]))
    if digits is not None:
        values = np.round(values * digits).astype(np.float32)
    allowed = random.random(values.size) >= data.draw(st.sampled_from([0.0, 0.5, 0.95, 1.0]))
    expected = naive.top_of_groups(values.tolist(), n_groups, k, allowed)
    assert select(values, allowed, group_size, k) == expected


@pytest.mark.parametrize("size", [16, 17, 31, 32, 47, 250])
@pytest.mark.parametrize("n_distinct", [1, 20, 2**32])
def test_the_bound_of_a_group_equals_its_plain_twin(size, n_distinct):
    random = np.random.default_rng(size)
    keys = random.integers(0, n_distinct, 300).astype(np.uint32)
    maxima = np.empty(16, np.uint32)
    compiled = numba.njit(lambda first, k, own: bound_of_group(keys, first, size, k, own))
    for first in (0, 3, 300 - size):
        for k in (1, 2, 4, 16):
            bound = compiled(first, k, maxima)
            assert bound == bound_of_group(keys, first, size, k, maxima)
            assert bound == 0 or (keys[first : first + size] >= bound).sum() >= k


def macro_columns(**parameters):
    defaults = {
        "input_shape": (12, 12, 2),
        "receptive_field": "gaussian",
        "potential_radius": 2.0,
        "n_potential": 20,
        "inhibition": "grouped",
        "density": 0.1,
        "random_state": 0,
    }
    return SpatialPooler((5, 4, 30), **(defaults | parameters))


def digits(n, seed=0):
    return (np.random.default_rng(seed).random((n, 288)) < 0.3).astype(np.uint8)


def test_as_many_columns_win_in_each_group():
    pooler = macro_columns().fit(digits(50))
    winners = pooler.transform(digits(20, 1)).toarray().reshape(20, 20, 30).sum(axis=2)
    assert (winners == 3).all()
    assert pooler.n_active_ == 60
    assert pooler.column_shape_ == (5, 4, 30)


@pytest.mark.parametrize(("density", "k"), [(0.0001, 1), (0.05, 2), (0.0499, 1), (1.0, 30)])
def test_the_number_of_winners_is_rounded_in_each_group(density, k):
    assert macro_columns(density=density).fit(digits(3)).n_active_ == 20 * k


def test_columns_of_a_group_look_at_the_same_place_each_with_a_pool_of_its_own():
    pooler = macro_columns(receptive_field="box", potential_radius=2, n_potential=10)
    pooler.initialize(288)
    pools = pooler.indices_.reshape(20, 30, 10)
    seen = [np.unique(pool // 2) for pool in pools]
    fields = [
        naive.receptive_field("box", place, (5, 4), (12, 12, 2), 2, False) for place in range(20)
    ]
    for places, field, own in zip(seen, fields, pools, strict=True):
        assert places.tolist() == sorted({bit // 2 for bit in field})
        assert len({tuple(pool) for pool in own}) == 30


def test_the_stimulus_threshold_holds_in_each_group():
    X = digits(10)
    X.reshape(10, 12, 12, 2)[:, :, :6] = 0
    pooler = macro_columns(stimulus_threshold=1, receptive_field="box", potential_radius=1)
    pooler.set_params(n_potential=None, potential_fraction=1.0)
    winners = pooler.fit(X).transform(X).toarray().reshape(10, 5, 4, 30).sum(axis=3)
    assert (winners[:, :, :2] == 0).all()
    assert (winners[:, :, 3] == 3).all()


@pytest.mark.core
@examples(30)
@given(st.data())
def test_one_group_of_all_columns_is_global_inhibition(data):
    fixed = {"receptive_field": "global", "potential_radius": None, "column_shape": (50,)}
    pooler = data.draw(poolers(inhibition="global", **fixed))
    X = data.draw(inputs_for(pooler, 10))
    grouped = SpatialPooler(**pooler.get_params())
    grouped.set_params(inhibition="grouped", column_shape=(1, 50))
    assert (pooler.fit_transform(X) != grouped.fit_transform(X)).nnz == 0
    assert pooler.permanences_.tobytes() == grouped.permanences_.tobytes()


def test_the_trace_shows_what_columns_compete_with():
    pooler = macro_columns().fit(digits(10))
    trace = pooler.trace(digits(1, 1)[0])
    np.testing.assert_array_equal(trace.inhibited, trace.boosted)
    allowed = np.ones(600, bool)
    assert trace.active.tolist() == naive.top_of_groups(trace.inhibited.tolist(), 20, 3, allowed)


@pytest.mark.parametrize("column_shape", [(30,), (2, 3, 4, 5, 6)])
def test_a_shape_without_groups_or_with_too_many_dimensions_is_refused(column_shape):
    with pytest.raises(ValueError, match="column_shape"):
        macro_columns().set_params(column_shape=column_shape).fit(digits(3))


def test_switching_to_another_inhibition_asks_for_its_radius():
    pooler = macro_columns(input_shape=(12, 24)).fit(digits(10))
    with pytest.raises(ValueError, match="inhibition_radius"):
        pooler.set_params(inhibition="gaussian").transform(digits(3))
    pooler.set_params(inhibition="global", density=0.02)
    assert (np.diff(pooler.transform(digits(3)).indptr) == 12).all()
