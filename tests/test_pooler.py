"""The Spatial Pooler as its users meet it."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from strategies import examples, inputs_for, poolers

import fastsp
from fastsp import BinaryImageEncoder, ImageAugmenter, MaximumLikelihoodClassifier, SpatialPooler
from fastsp.engine.parameters import DEFAULTS
from fastsp.engine.plan import make_rule
from fastsp.kernels import blocks
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.boosting import DutyCycles, advance_with_logarithms
from fastsp.kernels.state import Chunk, Columns


def state_of(pooler):
    return {name: value for name, value in pooler.__getstate__().items() if name.endswith("_")}


def log_duty_cycles(pooler):
    return pooler.__getstate__()["log_duty_cycles_"]


def assert_same_state(a, b):
    ours, theirs = state_of(a), state_of(b)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        if isinstance(value, np.ndarray):
            assert value.dtype == theirs[name].dtype, name
            assert value.tobytes() == theirs[name].tobytes(), name
        else:
            assert value == theirs[name], name


def digits(n, seed=0):
    return (np.random.default_rng(seed).random((n, 400)) < 0.2).astype(np.uint8)


def topological(**parameters):
    return SpatialPooler(
        (20, 20),
        input_shape=(20, 20),
        receptive_field="gaussian",
        potential_radius=3,
        inhibition="gaussian",
        random_state=0,
        **parameters,
    )


@examples(40)
@given(st.data())
def test_any_cutting_of_the_stream_gives_the_same_state(data):
    batch_size = data.draw(st.sampled_from([1, 1, 3]))
    whole = data.draw(poolers(batch_size=batch_size))
    X = data.draw(inputs_for(whole, 30))
    parts = copy.deepcopy(whole)
    cuts = sorted(data.draw(st.lists(st.integers(0, 30 // batch_size), max_size=4)))
    whole.partial_fit(X)
    for part in np.split(X, [batch_size * cut for cut in cuts]):
        if len(part):
            parts.partial_fit(part)
    assert_same_state(whole, parts)


def test_cutting_at_the_inner_chunk_size_too():
    X = digits(2500)
    parts = topological()
    for part in np.array_split(X, 9):
        parts.partial_fit(part)
    assert_same_state(topological().fit(X), parts)


def test_the_same_seed_gives_the_same_pooler_and_another_does_not():
    X = digits(50)
    assert_same_state(topological().fit(X), topological().fit(X))
    other = topological().set_params(random_state=1).fit(X)
    assert (other.transform(X) != topological().fit(X).transform(X)).nnz > 0


@pytest.mark.core
@examples(40)
@given(st.data())
def test_transform_changes_nothing_and_agrees_with_compute(data):
    pooler = data.draw(poolers())
    X = data.draw(inputs_for(pooler, 12))
    pooler.partial_fit(X[:6])
    before = pickle.dumps(state_of(pooler))
    codes = pooler.transform(X)
    assert codes.shape == (12, np.prod(pooler.column_shape))
    for x, code in zip(X, codes, strict=True):
        active = pooler.compute(x, learn=False)
        assert active.dtype == np.int32
        assert active.tolist() == code.indices.tolist()
    assert pickle.dumps(state_of(pooler)) == before


@pytest.mark.parametrize("boosting", ["log", "exp", None])
@pytest.mark.parametrize("inhibition", ["global", "gaussian"])
def test_exactly_k_columns_are_active(inhibition, boosting):
    pooler = topological().set_params(inhibition=inhibition, boosting=boosting, density=0.03)
    X = digits(40)
    X[0], X[1] = 0, 1
    codes = pooler.fit(X).transform(X)
    assert pooler.n_active_ == 12
    assert (np.diff(codes.indptr) == 12).all()


def test_the_stimulus_threshold_silences_columns_that_see_too_little():
    X = digits(40)
    X[0] = 0
    pooler = topological(stimulus_threshold=1).fit(X)
    codes = pooler.transform(X)
    assert codes[0].nnz == 0
    assert (np.diff(codes.indptr)[1:] == pooler.n_active_).all()
    impossible = topological(stimulus_threshold=10_000).fit(X)
    assert impossible.transform(X).nnz == 0


def test_batches_are_another_algorithm_of_the_same_kind():
    X = digits(640)
    one, batches = topological().fit(X), topological(batch_size=32).fit(X)
    assert (one.permanences_ != batches.permanences_).any()
    assert one.active_duty_cycles_.mean() == pytest.approx(batches.active_duty_cycles_.mean())


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_results_do_not_depend_on_threads(n_jobs):
    X = digits(5000)
    pooler = topological().fit(X[:100])
    expected = pooler.transform(X)
    codes = pooler.set_params(n_jobs=n_jobs).transform(X)
    assert (codes != expected).nnz == 0


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.astype(bool),
        lambda X: X.astype(np.int64),
        lambda X: X.astype(np.float32) * 0.75,
        lambda X: np.asfortranarray(X),
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[:, ::-1].copy()[:, ::-1],
        lambda X: X.astype(np.int8) * 2 - 1,
        lambda X: X * 1e300,
        lambda X: X.astype(object),
        read_only,
        scipy.sparse.csr_matrix,
        scipy.sparse.coo_array,
        lambda X: X.tolist(),
    ],
)
def test_inputs_of_every_kind_mean_the_same(convert):
    X = digits(60)
    assert_same_state(topological().fit(X), topological().fit(convert(X)))
    pooler = topological().fit(X)
    assert (pooler.transform(X) != pooler.transform(convert(X))).nnz == 0
    if not scipy.sparse.issparse(convert(X)):
        one_by_one = topological()
        for x in convert(X):
            one_by_one.compute(x)
        assert_same_state(one_by_one, topological().fit(X))


def test_values_are_cut_at_the_threshold():
    X = digits(60)
    grey = X * 100 + 50
    assert_same_state(topological(threshold=100).fit(grey), topological(threshold=100).fit(X * 255))


def test_truth_values_count_as_one():
    X = digits(20).astype(bool)
    pooler = topological(threshold=1.5).fit(X)
    assert pooler.trace(X[0]).overlaps.sum() == 0
    for x in X:
        assert pooler.compute(x, learn=False).tolist() == pooler.transform(x[None]).indices.tolist()


def test_threads_that_infer_on_one_pooler_get_the_right_answers():
    X = digits(200)
    pooler = topological().fit(X)
    expected = [code.indices.tolist() for code in pooler.transform(X)]

    def codes(_):
        return [pooler.compute(x, learn=False).tolist() for x in X]

    with ThreadPoolExecutor(4) as threads:
        assert all(found == expected for found in threads.map(codes, range(8)))


def test_learning_raises_synapses_of_on_bits_and_lowers_the_others():
    pooler = topological(permanence_increment=0.1, permanence_decrement=0.05)
    x = digits(1)[0]
    pooler.initialize(400)
    before = pooler.permanences_.copy()
    active = pooler.compute(x)
    columns = np.repeat(np.arange(400), np.diff(pooler.indptr_))
    learns = np.isin(columns, active)
    change = np.where(x[pooler.indices_] == 1, np.float32(0.1), -np.float32(0.05))
    expected = np.where(learns, np.clip(before + change, 0, 1), before)
    np.testing.assert_array_equal(pooler.permanences_, expected)


def test_boosting_evens_out_the_use_of_columns():
    X = digits(200)
    entropy = {}
    for boosting in ("log", "exp", None):
        pooler = topological().set_params(boosting=boosting, duty_cycle_period=300)
        for _ in range(30):
            pooler.partial_fit(X)
        entropy[boosting] = fastsp.metrics.duty_cycle_entropy(pooler.active_duty_cycles_)
    assert min(entropy["log"], entropy["exp"]) > 0.95
    assert entropy[None] < 0.85


def test_against_its_neighbourhood_a_silent_region_is_not_boosted():
    X = digits(600)
    X.reshape(600, 20, 20)[:, :, :10] = 0
    boosts = {}
    for target in ("density", "neighbourhood"):
        pooler = topological(boosting="exp", boost_target=target, stimulus_threshold=1)
        pooler.set_params(receptive_field="box", inhibition="local", inhibition_radius=2).fit(X)
        # So far from the border, neither a column nor its neighbours see anything.
        boosts[target] = pooler.boost_factors_.reshape(20, 20)[:, :5]
    assert boosts["density"].min() > 2
    np.testing.assert_allclose(boosts["neighbourhood"], 1, rtol=1e-6)


def test_duty_cycles_do_not_drift_over_a_million_cycles():
    n, alpha = 1_000_000, 1e-3
    active = (np.arange(n) * 7919) % 5 + 5 * (np.arange(n) % 1000 == 0)
    a = np.full(6, 0.2)
    nothing = np.empty(6, np.float32)
    columns = Columns(a, np.log(a), nothing, nothing, np.zeros(6, np.uint16), *[np.empty(0)] * 4)
    pooler = SpatialPooler((6,), duty_cycle_period=1 / alpha).initialize(8)
    rule = make_rule(pooler._engine.parameters, (6,))

    chunk = Chunk(
        np.empty((1, 0), np.uint64),
        active.astype(np.int32).reshape(1, -1),
        np.array([n]),
        np.zeros(2, np.int64),
        np.empty((1, 0), np.uint32),
    )
    step = Bound(advance_with_logarithms, DutyCycles(columns, rule, np.empty(1), Block(chunk)))

    @numba.njit
    def run(function, block, n):
        for i in range(n):
            blocks.call(blocks.Closure(function, block), (0, i, i + 1, 0, 6))

    run(*step.closure, n)
    weights = alpha * (1 - alpha) ** np.arange(n - 1, -1, -1)
    expected = 0.2 * (1 - alpha) ** n + np.bincount(active, weights, minlength=6)
    np.testing.assert_allclose(columns.active_duty_cycles[:5], expected[:5], rtol=1e-9)
    np.testing.assert_allclose(columns.log_duty_cycles[:5], np.log(expected[:5]), atol=1e-9)


@pytest.mark.parametrize("period", [1.0, 1.5, 2.0])
def test_an_unused_column_is_boosted_until_its_duty_cycle_is_the_smallest(period):
    pooler = SpatialPooler((4,), density=0.25, stimulus_threshold=1, random_state=0)
    pooler.set_params(duty_cycle_period=period).fit(np.zeros((5000, 10), bool))
    assert (pooler.active_duty_cycles_ == 1e-300).all()
    # Both stop there, so that boost factors are the same whichever they are taken from.
    np.testing.assert_array_equal(log_duty_cycles(pooler), np.log(1e-300))
    boost_factors = pooler.boost_factors_.copy()
    np.testing.assert_allclose(boost_factors, np.log(1e-300) / np.log(0.25), rtol=1e-6)
    pooler.active_duty_cycles_ = pooler.active_duty_cycles_.copy()
    pooler.transform(np.zeros((1, 10), bool))
    np.testing.assert_array_equal(pooler.boost_factors_, boost_factors)


@pytest.mark.parametrize(
    ("inhibition", "strength", "density"),
    [("global", 1000.0, 0.5), ("gaussian", 100.0, 0.9), ("local", 1e5, 0.1), ("grouped", 300, 0.5)],
)
def test_strong_exponential_boosting_orders_columns_by_their_duty_cycles(
    inhibition, strength, density
):
    shape = (3, 20) if inhibition == "grouped" else (60,)
    pooler = SpatialPooler(
        shape,
        inhibition=inhibition,
        inhibition_radius=100.0 if inhibition in ("local", "gaussian") else None,
        density=density,
        boosting="exp",
        boost_strength=strength,
        random_state=0,
    ).initialize(40)
    duty_cycles = np.random.default_rng(0).permutation(60) / 60
    pooler.active_duty_cycles_ = duty_cycles
    trace = pooler.trace(np.arange(40) % 2)
    for stage in (trace.boosted, trace.inhibited, pooler.boost_factors_):
        assert np.isfinite(stage).all()
    groups = np.split(np.arange(60), 3 if inhibition == "grouped" else 1)
    k = round(density * len(groups[0]))
    if inhibition == "gaussian":  # the most boosted stand out, the others are all alike
        assert np.argmax(trace.inhibited) == np.argmin(duty_cycles)
        assert np.isin(np.argsort(duty_cycles)[:3], trace.active).all()
        return
    # A place in the order of duty cycles weighs more than any overlap.
    expected = [np.sort(group[np.argsort(duty_cycles[group])[:k]]) for group in groups]
    assert trace.active.tolist() == np.concatenate(expected).tolist()


def test_logarithms_of_duty_cycles_follow_them_down_to_the_smallest():
    pooler = SpatialPooler((4,), density=0.25, stimulus_threshold=1, random_state=0)
    pooler.set_params(duty_cycle_period=2.0).fit(np.zeros((900, 10), bool))
    np.testing.assert_allclose(log_duty_cycles(pooler), np.log(0.25) + 900 * np.log(0.5))
    np.testing.assert_allclose(log_duty_cycles(pooler), np.log(pooler.active_duty_cycles_))


@pytest.mark.parametrize("kind", ["box", "gaussian"])
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("radius", [1e-300, 0.1, 1e300])
def test_receptive_fields_of_any_radius_hold_an_input(kind, wrap, radius):
    pooler = SpatialPooler(
        (4, 30), input_shape=(5, 7), receptive_field=kind, potential_radius=radius, wrap=wrap
    )
    X = np.eye(35)
    pooler.fit(X)
    sizes = np.diff(pooler.indptr_)
    assert sizes.min() >= 1
    assert sizes.max() == (1 if radius < 1 else 18)
    assert pooler.transform(X).shape == (35, 120)


def test_changed_parameters_act_at_once():
    X = digits(60)
    pooler = topological().fit(X)
    assert pooler.set_params(density=0.1).transform(X).nnz == 60 * 40
    pooler.set_params(connected_threshold=1.0)
    assert (pooler.trace(X[0]).overlaps <= topological().fit(X).trace(X[0]).overlaps).all()
    fresh = topological(boosting="exp").fit(X)
    fresh.set_params(boosting="log").partial_fit(X)
    np.testing.assert_allclose(log_duty_cycles(fresh), np.log(fresh.active_duty_cycles_))


def test_assigned_permanences_are_used():
    pooler = topological().fit(digits(10))
    pooler.permanences_ = np.zeros_like(pooler.permanences_)
    assert (pooler.trace(digits(1)[0]).overlaps == 0).all()


def test_pickled_poolers_go_on_as_if_nothing_had_happened():
    X = digits(60)
    pooler = topological().fit(X)
    copy = pickle.loads(pickle.dumps(pooler))
    assert_same_state(pooler.partial_fit(X), copy.partial_fit(X))


def test_pipeline():
    # Four kinds of images: a bright row each, on a noisy ground.
    X, y = np.random.default_rng(0).integers(0, 50, (80, 100)), np.arange(80) % 4
    X.reshape(80, 10, 10)[np.arange(80), 2 * y] += 200
    model = make_pipeline(
        ImageAugmenter(max_rotation=0, max_shift=0, random_state=0),
        BinaryImageEncoder(),
        SpatialPooler((1000,), random_state=0),
        MaximumLikelihoodClassifier(),
    )
    assert model.fit(X, y).score(X, y) > 0.9
    linear = make_pipeline(BinaryImageEncoder(), SpatialPooler((1000,), random_state=0))
    linear = make_pipeline(linear, LogisticRegression())
    assert linear.fit(X, y).score(X, y) > 0.9
    names = linear[0].get_feature_names_out()
    assert names[0] == "spatialpooler0"
    assert len(names) == 1000


BAD_PARAMETERS = [
    ({"column_shape": 10.5}, TypeError),
    ({"column_shape": 0}, ValueError),
    ({"column_shape": ()}, ValueError),
    ({"column_shape": (0, 3)}, ValueError),
    ({"column_shape": (2.5,)}, ValueError),
    ({"column_shape": (20, 20, 1)}, ValueError),
    ({"input_shape": (20, 21)}, ValueError),
    ({"receptive_field": "round"}, ValueError),
    ({"receptive_field": "global"}, ValueError, "potential_radius"),
    ({"potential_radius": None}, ValueError),
    ({"potential_radius": 0}, ValueError),
    ({"potential_radius": -1.0}, ValueError),
    ({"potential_radius": float("nan")}, ValueError),
    ({"potential_radius": float("inf")}, ValueError),
    ({"potential_fraction": 0}, ValueError),
    ({"potential_fraction": 1.1}, ValueError),
    ({"n_potential": 0}, ValueError),
    ({"n_potential": 401}, ValueError),
    ({"n_potential": 3.0}, TypeError),
    ({"wrap": 1}, TypeError),
    ({"sparse_output": None}, TypeError),
    ({"segments": 0}, ValueError),
    ({"segments": 1.0}, TypeError),
    ({"density": 0.0}, ValueError),
    ({"density": 2}, ValueError),
    ({"density": "all"}, TypeError),
    ({"inhibition": None}, ValueError),
    ({"inhibition_radius": 0.0}, ValueError),
    ({"boosting": "linear"}, ValueError),
    ({"boosting": ["log"]}, ValueError),
    ({"boost_strength": -1}, ValueError),
    ({"boost_target": "mean"}, ValueError),
    ({"overlap": "sum"}, ValueError),
    ({"boost_target": "neighbourhood"}, ValueError),
    ({"duty_cycle_period": 0.5}, ValueError),
    ({"stimulus_threshold": -1}, ValueError),
    ({"stimulus_threshold": 0.5}, TypeError),
    ({"permanence_increment": 1.5}, ValueError),
    ({"permanence_decrement": -0.1}, ValueError),
    ({"connected_threshold": True}, TypeError),
    ({"initial_connected": 1.1}, ValueError),
    ({"initial_connected": "half"}, TypeError),
    ({"batch_size": 0}, ValueError),
    ({"weak_column_share": 1.5}, ValueError),
    ({"weak_column_increment": None}, TypeError),
    ({"threshold": -0.5}, ValueError),
]


@pytest.mark.parametrize(("bad", "error", "name"), [(*b, *b[0])[:3] for b in BAD_PARAMETERS])
def test_bad_parameters_are_named_and_change_nothing(bad, error, name):
    X = digits(20)
    pooler = topological().fit(X)
    before = pickle.dumps(state_of(pooler))
    pooler.set_params(**bad)
    with pytest.raises(error, match=name):
        pooler.fit(X)
    assert pickle.dumps(state_of(pooler)) == before


def test_gaussian_inhibition_without_any_radius_says_so():
    with pytest.raises(ValueError, match="inhibition_radius"):
        SpatialPooler((10,), inhibition="gaussian").fit(digits(3))


@pytest.mark.parametrize(
    "X",
    [
        np.full((3, 400), np.nan),
        np.full((3, 400), np.inf),
        np.zeros((3, 399)),
        np.zeros(400),
        np.zeros((0, 400)),
        np.zeros((2, 20, 20)),
        np.full((3, 400), "x"),
        np.full((3, 400), 1j),
        np.full((3, 400), None),
        scipy.sparse.csr_matrix(np.full((3, 400), np.nan)),
    ],
)
def test_bad_inputs_are_refused_and_change_nothing(X):
    pooler = topological().fit(digits(20))
    before = pickle.dumps(state_of(pooler))
    for method in (pooler.fit, pooler.partial_fit, pooler.transform):
        if method == pooler.fit and X.shape == (3, 399):
            continue
        with pytest.raises(ValueError, match=r"."):
            method(X)
    with pytest.raises((ValueError, TypeError)):
        pooler.compute(X[0] if X.ndim == 2 and len(X) else X[:0])
    assert pickle.dumps(state_of(pooler)) == before


def test_an_unfitted_pooler_says_so():
    for call in (
        lambda: SpatialPooler().transform(digits(1)),
        lambda: SpatialPooler().compute(digits(1)[0], learn=False),
        lambda: SpatialPooler().trace(digits(1)[0]),
    ):
        with pytest.raises(NotFittedError):
            call()


def test_compute_draws_and_learns_from_the_first_input_on():
    X = digits(30)
    one_by_one = topological()
    for x in X:
        one_by_one.compute(x)
    assert one_by_one.n_cycles_ == 30
    assert_same_state(one_by_one, topological().fit(X))


def test_columns_that_never_see_enough_are_raised_until_they_do():
    X = digits(400)
    lost = np.arange(0, 400, 7)
    weak = {}
    for share in (0.0, 0.1):
        pooler = topological(duty_cycle_period=50, weak_column_share=share)
        pooler.set_params(inhibition="local", stimulus_threshold=2, weak_column_increment=0.01)
        pooler.initialize(400)
        permanences = pooler.permanences_.copy()
        permanences[np.isin(np.repeat(np.arange(400), np.diff(pooler.indptr_)), lost)] = 0.1
        pooler.permanences_ = permanences
        weak[share] = pooler.partial_fit(X).transform(X)
        assert pooler.overlap_duty_cycles_.size == (400 if share else 0)
    assert not np.isin(lost, weak[0.0].indices).any()
    assert np.isin(lost, weak[0.1].indices).mean() > 0.9


def test_a_batch_raises_weak_columns_once_for_all_its_inputs():
    pooler = topological(batch_size=4, weak_column_share=1.0, weak_column_increment=0.01)
    pooler.set_params(permanence_increment=0.0, permanence_decrement=0.0).initialize(400)
    before = pooler.permanences_.copy()
    X = digits(4)
    X[:, :200] = 0
    pooler.partial_fit(X)
    raised = pooler.permanences_ > before
    assert 0 < raised.mean() < 1
    expected = np.minimum(before + np.float32(0.04), 1)
    assert (pooler.permanences_ == np.where(raised, expected, before)).all()


def test_shares_let_columns_with_few_synapses_win():
    X, counts = digits(200), {}
    for overlap in ("count", "share"):
        pooler = topological(overlap=overlap, potential_fraction=0.3).set_params(boosting=None)
        pooler.set_params(inhibition="global").initialize(400)
        connected = pooler.permanences_ >= 0.5
        n_connected = np.maximum(np.add.reduceat(connected.astype(int), pooler.indptr_[:-1]), 1)
        trace = pooler.trace(X[0])
        if overlap == "share":
            np.testing.assert_allclose(trace.boosted, trace.overlaps / n_connected, atol=0.005)
        counts[overlap] = n_connected[pooler.transform(X).indices].mean() / n_connected.mean()
    assert counts["share"] < 1 < 1.2 < counts["count"]


@pytest.mark.parametrize("n", [1, 2, 5, 40, 333, 2000])
def test_tie_breakers_order_equal_shares_and_no_others(n):
    shares = np.float32(np.arange(n + 1)) / np.float32(n)
    if n > 1:
        less = np.float32(np.arange(n)) / np.float32(n - 1)
        shares = np.unique(np.concatenate([shares, less]))
    scale = np.float32(make_rule(DEFAULTS | {"overlap": "share"}, (1,), longest_pool=n).tie_scale)
    highest = shares + scale * np.float32(0.01)
    assert (highest[:-1] < shares[1:]).all()
    assert (highest > shares).all()


@pytest.mark.parametrize("inhibition", ["global", "gaussian", "local", "grouped"])
def test_only_the_best_segment_of_an_active_column_learns(inhibition):
    X, shape = digits(300), (20, 20, 3) if inhibition == "grouped" else (20, 20)
    pooler = topological(segments=4, potential_fraction=0.4)
    pooler.set_params(inhibition=inhibition, column_shape=shape, boosting="exp")
    pooler.fit(X)
    n_columns = np.prod(shape)
    assert pooler.transform(X).shape == (300, n_columns)
    assert pooler.indptr_.shape == (4 * n_columns + 1,)
    assert pooler.active_duty_cycles_.shape == pooler.tie_breakers_.shape == (4 * n_columns,)
    # Each segment was drawn on its own.
    pools = np.split(pooler.indices_, pooler.indptr_[1:-1])
    assert len({tuple(pool) for pool in pools[200:204]}) == 4

    before, duty_cycles = pooler.permanences_.copy(), pooler.active_duty_cycles_.copy()
    overlaps = pooler.trace(X[0]).overlaps
    connected = before >= 0.5
    seen = np.add.reduceat(
        (connected & (X[0, pooler.indices_] == 1)).astype(int), pooler.indptr_[:-1]
    )
    assert (np.any(seen.reshape(-1, 4) == overlaps[:, None], axis=1)).all()
    active = pooler.compute(X[0])
    learned = np.flatnonzero(pooler.active_duty_cycles_ > duty_cycles)
    assert (learned // 4).tolist() == active.tolist()
    changed = np.repeat(np.arange(4 * n_columns), np.diff(pooler.indptr_))[
        pooler.permanences_ != before
    ]
    assert set(changed.tolist()) <= set(learned.tolist())
    # All segments of a column come to be used.
    share = (
        pooler.active_duty_cycles_.reshape(-1, 4).mean(axis=0) / pooler.active_duty_cycles_.mean()
    )
    assert share.min() > 0.7


def test_segments_are_saved_pickled_and_learned_on_any_number_of_threads(tmp_path):
    X = digits(200)
    pooler = topological(segments=3, n_jobs=2, batch_size=64).fit(X)
    assert_same_state(pooler, topological(segments=3, batch_size=64).fit(X))
    fastsp.save(pooler, tmp_path / "model")
    for copied in (fastsp.load(tmp_path / "model"), pickle.loads(pickle.dumps(pooler))):
        assert (copied.transform(X) != pooler.transform(X)).nnz == 0
        assert_same_state(copied.partial_fit(X), copy.deepcopy(pooler).partial_fit(X))
    # The number waits for the next draw.
    codes = pooler.transform(X)
    assert (pooler.set_params(segments=1).transform(X) != codes).nnz == 0
    assert pooler.fit(X).tie_breakers_.shape == (400,)


def test_what_replaces_an_array_or_a_parameter_is_used_from_then_on():
    pooler = SpatialPooler((64,), random_state=0, boosting=None).initialize(40)
    x = np.ones(40, np.uint8)
    before = pooler.compute(x, learn=False)
    assert np.array_equal(pooler.compute(x, learn=False), before)
    permanences = np.zeros_like(pooler.permanences_)
    pooler.permanences_ = permanences
    assert np.array_equal(pooler.compute(x, learn=False), np.argsort(-pooler.tie_breakers_)[:1])
    pooler.permanence_increment = 0.9
    pooler.compute(x)
    assert pooler.permanences_ is permanences
    assert permanences.max() == np.float32(0.9)
