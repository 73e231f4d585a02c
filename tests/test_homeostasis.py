"""Boosting that rests: held boost factors, and the controller that holds them."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

from fastsp import HomeostaticPooler, SpatialPooler, load, save
from fastsp.metrics import stability

N = 64
PATTERNS = np.random.default_rng(0).random((10, N)) < 0.2


def pooler(**parameters):
    return SpatialPooler((256,), density=0.05, duty_cycle_period=100, random_state=0, **parameters)


def controlled(**parameters):
    return HomeostaticPooler(pooler(), **{"period": 200, "n_probes": 40} | parameters)


def rounds(n, patterns=PATTERNS, seed=0):
    random = np.random.default_rng(seed)
    return np.concatenate([patterns[random.permutation(len(patterns))] for _ in range(n)])


def state(model):
    inner = model.pooler_
    arrays = (inner.permanences_, inner.active_duty_cycles_, inner.boost_factors_)
    flags = (model.is_resting_, model.n_rests_, model.usage_, model.stability_)
    return [*(array.tobytes() for array in arrays), model.probes_.tobytes(), repr(flags)]


def test_held_boost_factors_stay_and_still_order_columns():
    model = pooler().fit(rounds(5))
    factors = model.boost_factors_.copy()
    assert np.ptp(factors) > 0.1
    model.set_params(boosting="held")
    seen = model.trace(PATTERNS[0])
    product = factors * (seen.overlaps.astype(np.float32) + model.tie_breakers_)
    np.testing.assert_array_equal(seen.boosted, product)
    before = model.permanences_.copy()
    model.partial_fit(rounds(20))
    np.testing.assert_array_equal(model.boost_factors_, factors)
    assert (model.permanences_ != before).any()
    model.set_params(boosting="log").partial_fit(PATTERNS[:1])
    assert (model.boost_factors_ != factors).any()


def test_codes_settle_where_boosting_alone_keeps_them_moving():
    free, calm = pooler().fit(rounds(200)), controlled().fit(rounds(200))
    kept = []
    for model in (free, calm):
        before = model.transform(PATTERNS)
        kept.append(stability(before, model.partial_fit(rounds(50, seed=1)).transform(PATTERNS)))
    assert kept[0] < 0.8 < kept[1]
    assert calm.is_resting_
    assert calm.n_rests_ >= 1
    assert calm.usage_ >= calm.least_usage


def test_where_learning_rests_codes_stay_whatever_comes():
    model = controlled().set_params(rests="learning", least_usage=0.5).fit(rounds(200))
    assert model.is_resting_
    before, permanences = model.transform(PATTERNS), model.pooler_.permanences_.copy()
    others = np.random.default_rng(1).random((100, N)) < 0.2
    model.partial_fit(rounds(5, others, seed=2))
    assert model.is_resting_
    np.testing.assert_array_equal(model.pooler_.permanences_, permanences)
    assert (model.transform(PATTERNS) != before).nnz == 0
    model.set_params(least_usage=1.0).partial_fit(rounds(5, others, seed=2))
    assert not model.is_resting_
    assert (model.pooler_.permanences_ != permanences).any()


def test_boosting_wakes_when_other_inputs_come():
    model = controlled().fit(rounds(200))
    assert model.is_resting_
    others = np.random.default_rng(1).random((400, N)) < 0.2
    woke = False
    for part in np.split(rounds(5, others, seed=2), 10):
        model.partial_fit(part)
        woke |= not model.is_resting_
    assert woke


@pytest.mark.parametrize("sizes", [[1] * 700, [3, 40, 157, 200, 300], [699, 1]])
def test_the_cutting_of_a_stream_does_not_matter(sizes):
    inputs = rounds(70)
    whole, cut = controlled().fit(inputs), controlled()
    for part in np.split(inputs, np.cumsum(sizes)[:-1]):
        cut.partial_fit(csr_array(part.astype(float)) if len(part) > 50 else part)
    assert state(cut) == state(whole)


@pytest.mark.parametrize("n", [20, 100, 450])
def test_a_saved_model_goes_on_as_the_original_would(n, tmp_path):
    model = controlled().fit(rounds(70)[:n])
    save(model, tmp_path / "model.fastsp")
    loaded = load(tmp_path / "model.fastsp")
    assert state(loaded) == state(model)
    rest = rounds(70)[n:]
    assert state(loaded.partial_fit(rest)) == state(model.partial_fit(rest))


def test_it_is_a_scikit_learn_transformer():
    model = clone(controlled()).fit(rounds(30))
    codes = model.transform(PATTERNS)
    assert codes.shape == (10, 256)
    assert len(model.get_feature_names_out()) == 256
    assert model.fit_transform(rounds(30)).shape == (300, 256)


def test_a_seed_draws_the_pooler_that_has_none_of_its_own():
    inputs = rounds(30)
    for own in (None, SpatialPooler((256,))):
        model = HomeostaticPooler(own, period=200, n_probes=40, random_state=3)
        shape = 2048 if own is None else 256
        drawn = SpatialPooler(shape, random_state=3).initialize(N)
        np.testing.assert_array_equal(model.fit(inputs).pooler_.tie_breakers_, drawn.tie_breakers_)
        assert state(clone(model).fit(inputs)) == state(model)
        assert state(clone(model).set_params(random_state=4).fit(inputs)) != state(model)
    assert own.random_state is None
    seeded = controlled(random_state=4).fit(inputs)
    assert state(seeded) == state(controlled().fit(inputs))
    with pytest.raises(TypeError, match="random_state must be"):
        HomeostaticPooler(random_state="a").fit(inputs)


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"pooler": 3}, TypeError, "pooler must be a SpatialPooler"),
        ({"pooler": SpatialPooler(boosting=None)}, ValueError, "boosting that acts"),
        ({"period": 1}, ValueError, "period must be at least 2"),
        ({"period": 2.5}, TypeError, "period must be an integer"),
        ({"n_probes": 200}, ValueError, "n_probes must be below the period"),
        ({"pooler": SpatialPooler(batch_size=7)}, ValueError, "multiple of the batch_size"),
        ({"rests": "columns"}, ValueError, "rests must be 'boosting' or 'learning'"),
        ({"least_usage": 1.5}, ValueError, "least_usage must be between"),
        ({"least_stability": "much"}, TypeError, "least_stability must be a number"),
    ],
)
def test_wrong_parameters_are_named_and_change_nothing(parameters, error, words):
    model = controlled().fit(rounds(30))
    before = state(model)
    model.set_params(**parameters)
    for learn in (model.fit, model.partial_fit):
        with pytest.raises(error, match=words):
            learn(rounds(1))
    assert state(model) == before
