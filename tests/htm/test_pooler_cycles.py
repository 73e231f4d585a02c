"""The cycle of `htm.SpatialPooler` against its twin in plain loops, and against itself."""

import ctypes
import ctypes.util
import math
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))
import naive_htm
from strategies import examples

from fastsp.htm import SDR, SpatialPooler
from fastsp.htm.settings import WEAKEST
from fastsp.kernels.htm_rule import exp32 as exponential

F = np.float32


@st.composite
def poolers(draw, **fixed):
    """A pooler of random shape and parameters, some of them set after it was drawn."""
    n_axes = draw(st.integers(1, 3))
    axis = st.integers(1, {1: 60, 2: 9, 3: 4}[n_axes])
    columns, inputs = (draw(st.lists(axis, min_size=n_axes, max_size=n_axes)) for _ in range(2))
    count = draw(st.sampled_from([0, 0, 1, 3, 10]))
    parameters = {
        "inputDimensions": inputs,
        "columnDimensions": columns,
        "potentialRadius": draw(st.integers(0, 9)),
        "potentialPct": draw(st.floats(0.1, 1)),
        "globalInhibition": draw(st.booleans()),
        "localAreaDensity": draw(st.floats(0.02, 0.6)),
        "numActiveColumnsPerInhArea": count,
        "stimulusThreshold": draw(st.sampled_from([0, 0, 1, 3])),
        "synPermInactiveDec": draw(st.sampled_from([0.0, 0.01, 0.2])),
        "synPermActiveInc": draw(st.sampled_from([0.0, 0.05, 0.3])),
        "synPermConnected": draw(st.sampled_from([0.0, 0.1, 0.5, 0.9])),
        "minPctOverlapDutyCycle": draw(st.sampled_from([0.0, 0.001, 0.4, 1.0])),
        "dutyCyclePeriod": draw(st.sampled_from([1, 5, 1000])),
        "boostStrength": draw(st.sampled_from([0.0, 1e-9, 2.0, 50.0, 1e6])),
        "seed": draw(st.integers(1, 2**31)),
        "wrapAround": draw(st.booleans()),
    }
    sp = SpatialPooler(**(parameters | fixed))
    sp.setUpdatePeriod(draw(st.integers(1, 7)))
    if draw(st.booleans()):
        sp.setInhibitionRadius(draw(st.integers(0, 12)))
        sp.setIterationNum(draw(st.integers(0, 3000)))
        sp.setSynPermBelowStimulusInc(draw(st.sampled_from([0.0, 0.07, 1.0])))
        sp.setWrapAround(draw(st.booleans()))
        duty_cycles = np.random.default_rng(count).random(sp.getNumColumns())
        sp.setActiveDutyCycles(duty_cycles)
        sp.setOverlapDutyCycles(duty_cycles[::-1].copy())
    return sp


def inputs_for(sp, n, seed):
    random = np.random.default_rng(seed)
    return (random.random((n, sp.getNumInputs())) < 0.4 * random.random((n, 1))).astype(np.uint8)


def of_columns(sp, name):
    values = np.empty(sp.getNumColumns(), F)
    getattr(sp, f"get{name}")(values)
    return values


def permanences_of(sp):
    values, found = np.empty(sp.getNumInputs(), F), []
    for column in range(sp.getNumColumns()):
        sp.getPermanence(column, values)
        found.append(values.copy())
    return np.array(found)


def assert_state_is(sp, twin):
    assert sp.getInhibitionRadius() == twin.radius
    for name in ("ActiveDutyCycles", "OverlapDutyCycles"):
        assert of_columns(sp, name).tolist() == getattr(twin, name)
    assert of_columns(sp, "MinOverlapDutyCycles").tolist() == twin.minima
    np.testing.assert_allclose(of_columns(sp, "BoostFactors"), twin.BoostFactors, 2e-7, 1e-37)
    dense = np.zeros((twin.n, twin.n_inputs), F)
    for row, pool, own in zip(dense, twin.pools, twin.permanences, strict=True):
        row[pool] = own
    np.testing.assert_array_equal(permanences_of(sp), dense)
    assert (sp.getIterationNum(), sp.getIterationLearnNum()) == (twin.t, twin.t_learn)


@pytest.mark.core
@examples(200)
@given(st.data())
def test_each_cycle_equals_the_twin(data):
    sp = data.draw(poolers())
    twin = naive_htm.Pooler(sp)
    pattern, active = SDR(sp.getInputDimensions()), SDR(sp.getColumnDimensions())
    for i, x in enumerate(inputs_for(sp, 9, data.draw(st.integers(0, 99)))):
        pattern.dense = x
        factors = of_columns(sp, "BoostFactors")
        overlaps = sp.compute(pattern, i != 4, active)
        won, seen = twin.compute(x, i != 4, factors)
        assert overlaps.tolist() == seen
        np.testing.assert_array_equal(sp.getBoostedOverlaps(), twin.boosted(seen, factors))
        assert active.sparse.tolist() == won
        twin.BoostFactors = list(of_columns(sp, "BoostFactors")) if i == 4 else twin.BoostFactors
        assert_state_is(sp, twin)


@pytest.mark.core
@examples(40)
@given(st.data())
def test_drawn_columns_have_enough_connected_synapses_and_their_radius(data):
    sp = data.draw(poolers())
    fresh = SpatialPooler(
        sp.getInputDimensions(),
        sp.getColumnDimensions(),
        sp.getPotentialRadius(),
        sp.getPotentialPct(),
        sp.getGlobalInhibition(),
        stimulusThreshold=sp.getStimulusThreshold(),
        synPermConnected=sp.getSynPermConnected(),
    )
    twin = naive_htm.Pooler(fresh)
    assert fresh.getInhibitionRadius() == twin.followed_radius()
    n = fresh.getStimulusThreshold()
    for own in twin.permanences:  # to within a rounding: they are raised once
        greatest = sorted(own, reverse=True)[: min(n, len(own))]
        assert all(p >= twin.connected_from() - F(1e-7) for p in greatest)


def run_of(sp, X, learn=True):
    """Winners one by one, and what the pooler is like at the end."""
    found, active = [], SDR(sp.getColumnDimensions())
    for x in X:
        pattern = SDR(sp.getInputDimensions())
        pattern.dense = x
        sp.compute(pattern, learn, active)
        found.append(active.sparse.tolist())
    return found


@pytest.mark.core
@examples(30)
@given(st.data())
def test_many_at_once_are_the_same_as_one_by_one(data):
    sp = data.draw(poolers())
    other, third = SpatialPooler([3], [4]), SpatialPooler([3], [4])
    other.loadFromString(sp.writeToString())
    third.loadFromString(sp.writeToString())
    X = inputs_for(sp, 13, 0)
    learn = data.draw(st.booleans())
    found = run_of(sp, X, learn)
    codes = other.compute_many(X, learn)
    assert [row.indices.tolist() for row in codes] == found
    patterns = []
    for x in X:
        patterns.append(SDR(sp.getNumInputs()))
        patterns[-1].dense = x
    assert [sdr.sparse.tolist() for sdr in third.compute_many(patterns, learn)] == found
    assert sp == other == third
    np.testing.assert_array_equal(sp.getBoostedOverlaps(), other.getBoostedOverlaps())


SHAPE = {
    "inputDimensions": (20, 20),
    "columnDimensions": (40, 40),
    "stimulusThreshold": 2,
    "minPctOverlapDutyCycle": 0.3,
    "localAreaDensity": 0.06,
    "potentialRadius": 6,
}


@pytest.fixture(scope="module", params=[(g, b) for g in (False, True) for b in (0.0, 2.0)], ids=str)
def alone(request):
    """Parameters, a pooler that learned by one thread, its inputs and their winners."""
    is_global, boost = request.param
    parameters = SHAPE | {"globalInhibition": is_global, "boostStrength": boost}
    sp = SpatialPooler(**parameters)
    X = inputs_for(sp, 60, 5)
    return parameters, sp, X, run_of(sp, X)


@pytest.mark.parametrize("layout", ["rows", "words", "lists"])
@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_indices_and_threads_change_nothing(alone, layout, n_jobs, monkeypatch):
    def n_learning(pooler, n_threads, n):  # even where it does not pay
        return n_threads if pooler.can_be_shared else 1

    monkeypatch.setattr("fastsp.engine.htm_rule.n_learning", n_learning)
    parameters, sp, X, found = alone
    other = SpatialPooler(**parameters, n_jobs=n_jobs)
    other._engine.set_parameters(overlap_index=layout)
    assert [row.indices.tolist() for row in other.compute_many(X)] == found
    np.testing.assert_array_equal(sp._engine.permanences, other._engine.permanences)
    for name in ("BoostFactors", "ActiveDutyCycles", "OverlapDutyCycles", "MinOverlapDutyCycles"):
        np.testing.assert_array_equal(of_columns(sp, name), of_columns(other, name))


@pytest.mark.core
def test_exponentials_are_those_of_the_platform():
    x = (np.random.default_rng(0).normal(size=30_000) * 10).astype(F)
    found = np.array([exponential(value) for value in x], F)
    if numba.config.DISABLE_JIT:
        np.testing.assert_array_equal(found, np.exp(x.astype(float)).astype(F))
    else:  # not always the nearest number
        expf = ctypes.CDLL(ctypes.util.find_library("m") or "ucrtbase").expf
        expf.restype, expf.argtypes = ctypes.c_float, (ctypes.c_float,)
        assert found.tolist() == [expf(value) for value in x]
    np.testing.assert_allclose(found, np.exp(x.astype(float)), rtol=1.2e-7)
    assert exponential(F(1e9)) == np.finfo(F).max
    assert exponential(F(-1e9)) == 0
    assert math.isclose(WEAKEST, 1e-6)
