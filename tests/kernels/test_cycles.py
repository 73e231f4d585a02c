"""Kernels against their plain-loop twins, over random shapes, topologies and parameters."""

import copy
import math
import tracemalloc

import naive
import numba
import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, inputs_for, poolers

from fastsp import SpatialPooler
from fastsp.engine.blurs import gaussian_blur
from fastsp.engine.boosting import BOOSTINGS
from fastsp.engine.index import build_index
from fastsp.engine.inhibition import Global
from fastsp.engine.inhibition.base import NO_BOXES
from fastsp.engine.parameters import DEFAULTS
from fastsp.engine.plan import make_plan, make_rule
from fastsp.engine.steps import boost, refresh
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.blurs import Blurring, blur_one
from fastsp.kernels.boosting import boosted_values
from fastsp.kernels.inhibition.top import new_selection_scratch, select_top
from fastsp.kernels.llvm import bits, columns, lanes
from fastsp.kernels.llvm import keys as of_keys
from fastsp.kernels.order import order_keys
from fastsp.kernels.overlap.flips import Flips
from fastsp.kernels.permanences import Adapting, Permanences, adapt
from fastsp.kernels.state import Chunk, Columns, Synapses


def run_blur(blur, values, work, out):
    Bound(blur_one, Blurring(blur, values, work, out))()


def assert_each_cycle_equals_the_twin(pooler, X):
    twin = naive.Pooler(pooler)
    exact = pooler.inhibition != "gaussian"
    # The blur leaves out weak modes.
    blurred = not exact and pooler.boost_target == "neighbourhood"
    boost_error = 1e-6 + 5e-4 * pooler.boost_strength * blurred
    for x in X:
        boost_factors = pooler.boost_factors_.copy()
        # The exponential stops at float32's smallest normal numbers.
        np.testing.assert_allclose(boost_factors, twin.boost_factors(), boost_error, atol=2e-38)
        trace = pooler.trace(x)
        competition = twin.competition(x, boost_factors)
        assert trace.overlaps.tolist() == twin.best_overlaps
        active = pooler.compute(x)
        assert active.tolist() == trace.active.tolist()
        if exact:
            assert active.tolist() == twin.choose(x, boost_factors)
        else:
            assert_same_but_for_near_ties(active, *competition, twin.k)
        twin.learn(x, set(active.tolist()))
        assert pooler.permanences_.tolist() == [p for row in twin.permanences for p in row]
        np.testing.assert_allclose(pooler.active_duty_cycles_, twin.duty_cycles, rtol=1e-9)
        if pooler.weak_column_share > 0:
            assert pooler.overlap_duty_cycles_.tolist() == twin.overlap_duty_cycles


@pytest.mark.core
@examples(150)
@given(st.data())
def test_each_cycle_equals_the_naive_pooler(data):
    pooler = data.draw(poolers())
    assert_each_cycle_equals_the_twin(pooler, data.draw(inputs_for(pooler, 8)))


@pytest.mark.core
@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("layout", ["rows", "words", "lists"])
@pytest.mark.parametrize("inhibition", ["global", "gaussian", "local", "grouped"])
def test_every_layout_and_inhibition_equals_the_naive_pooler(inhibition, layout, segments):
    # Weak columns and neighbourhoods, too, whatever random poolers are made of.
    pooler = SpatialPooler(
        (6, 5, 4) if inhibition == "grouped" else (9, 8),
        input_shape=(7, 9),
        receptive_field="box",
        potential_radius=3,
        potential_fraction=0.7,
        segments=segments,
        density=0.1,
        inhibition=inhibition,
        inhibition_radius=2.0 if inhibition in ("gaussian", "local") else None,
        boosting="exp",
        boost_target="density" if inhibition == "global" else "neighbourhood",
        boost_strength=2.0,
        duty_cycle_period=20.0,
        stimulus_threshold=2,
        weak_column_share=0.9,
        weak_column_increment=0.2,
        connected_threshold=0.7,
        overlap_index=layout,
        random_state=0,
    ).initialize(63)
    X = (np.random.default_rng(0).random((12, 63)) < 0.3).astype(np.uint8)
    assert_each_cycle_equals_the_twin(pooler, X)


@pytest.mark.core
@examples(100)
@given(st.data())
def test_each_batch_equals_the_naive_pooler(data):
    batch_size = data.draw(st.integers(2, 5))
    share = data.draw(st.sampled_from([0.0, 0.2, 0.9]))
    pooler = data.draw(poolers(batch_size=batch_size, weak_column_share=share))
    twin = naive.Pooler(pooler)
    X = data.draw(inputs_for(pooler, 12))
    at_once = copy.deepcopy(pooler).partial_fit(X)
    for start in range(0, len(X), batch_size):
        batch, winners = X[start : start + batch_size], []
        boost_factors = pooler.boost_factors_.copy()
        for x, code in zip(batch, pooler.transform(batch), strict=True):
            competition = twin.competition(x, boost_factors)
            winners.append(twin.winners(code.indices.tolist()))
            if pooler.inhibition == "gaussian":
                assert_same_but_for_near_ties(code.indices, *competition, twin.k)
            else:
                assert code.indices.tolist() == twin.choose(x, boost_factors)
        pooler.partial_fit(batch)
        twin.learn_batch(batch, winners)
        assert pooler.permanences_.tolist() == [p for row in twin.permanences for p in row]
        np.testing.assert_allclose(pooler.active_duty_cycles_, twin.duty_cycles, rtol=1e-9)
        if share > 0:
            assert pooler.overlap_duty_cycles_.tolist() == twin.overlap_duty_cycles
    assert at_once.permanences_.tolist() == pooler.permanences_.tolist()


def assert_same_but_for_near_ties(active, values, allowed, k):
    """The blur leaves out weak modes: values close to the last one chosen may change places."""
    expected = naive.top(values, k, allowed)
    assert len(active) == len(expected)
    for c in set(active.tolist()) ^ set(expected):
        assert allowed[c]
        assert abs(values[c] - min(values[i] for i in expected)) < 2e-3


@pytest.mark.core
@examples(100)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3).filter(lambda s: np.prod(s) < 700),
    st.floats(0.2, 30.0),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_blur_equals_direct_taps(shape, deviation, wrap, seed):
    shape = tuple(shape)
    random = np.random.default_rng(seed)
    deviations = tuple(deviation * random.integers(0, 3, len(shape)) / 2)
    values = random.normal(size=shape).astype(np.float32).ravel()
    out, work = np.empty_like(values), np.empty((2, 4 * values.size + 4096), np.float32)
    run_blur(gaussian_blur(shape, deviations, wrap), values, work, out)
    np.testing.assert_allclose(out, naive.blur(values, shape, deviations, wrap), atol=5e-4)


@pytest.mark.core
@examples(60)
@given(st.data())
def test_blur_of_a_long_axis_equals_direct_taps(data):
    n = data.draw(st.integers(257, 900))
    shape = data.draw(st.sampled_from([(n,), (2, n), (n, 3), (2, n, 2), (n, 20)]))
    deviation = data.draw(st.one_of(st.floats(0.2, 30.0), st.floats(0.2, 3.0 * n)))
    wrap, random = data.draw(st.booleans()), np.random.default_rng(n)
    deviations = tuple(deviation if m == n else 0.0 for m in shape)
    values = random.normal(size=shape).astype(np.float32)
    blur = gaussian_blur(shape, deviations, wrap)
    # What lies in scratch space has no effect.
    out, work = np.empty(values.size, np.float32), np.full((2, max(values.size, blur.room)), np.nan)
    run_blur(blur, values.ravel(), work.astype(np.float32), out)
    expected = scipy.ndimage.gaussian_filter1d(
        values.astype(np.float64),
        deviation,
        axis=shape.index(n),
        mode="wrap" if wrap else "reflect",
        radius=math.ceil(5 * deviation),
    )
    np.testing.assert_allclose(out, expected.ravel(), atol=5e-4)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("deviation", [0.3, 20.0, 1000.0, 2e4, 1e300, math.inf])
def test_blurs_of_any_line_are_laid_out_in_little_memory(deviation, wrap):
    tracemalloc.start()
    blur = gaussian_blur((100_000,), (deviation,), wrap)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # bytes; a matrix of its taps were 80 GB
    values, out = np.full(100_000, 7.0, np.float32), np.empty(100_000, np.float32)
    run_blur(blur, values, np.empty((2, blur.room), np.float32), out)
    np.testing.assert_allclose(out, 7.0, rtol=2e-4)


def test_a_blur_of_a_constant_is_that_constant():
    blur = gaussian_blur((56, 56), (6.0, 6.0))
    values, out = np.full(56 * 56, 7.0, np.float32), np.empty(56 * 56, np.float32)
    run_blur(blur, values, np.empty((2, 56 * 56), np.float32), out)
    np.testing.assert_allclose(out, 7.0, rtol=1e-5)


@pytest.mark.core
@examples(300)
@given(st.data())
def test_selection_is_exact_with_ties_to_the_lower_position(data):
    # Few different values make many ties; many, long keys.
    n = data.draw(st.integers(1, 400))
    random = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    values = random.normal(size=n).astype(np.float32)
    if data.draw(st.booleans()):
        values = np.round(values * data.draw(st.sampled_from([0, 1, 4]))).astype(np.float32)
    excluded = random.random(n) < data.draw(st.sampled_from([0.0, 0.0, 0.5, 1.0]))
    k = data.draw(st.integers(0, n))
    keys, selected = np.empty(n, np.uint32), np.empty(k, np.int32)
    order_keys(values, keys)
    keys[excluded] = 0
    guess = data.draw(st.integers(0, 2**32 - 1))
    count, smallest = select_top(keys, k, guess, new_selection_scratch(n), selected, 0)
    assert selected[:count].tolist() == naive.top(values, k, ~excluded)
    assert count == 0 or smallest <= keys[selected[:count]].min()


@pytest.mark.core
@pytest.mark.parametrize("last_wins", [False, True])
@pytest.mark.parametrize("n", [5, 70, 300])
def test_the_largest_keys_there_are_may_tie(n, last_wins):
    keys, selected = np.full(n, 2**32 - 1, np.uint32), np.empty(3, np.int32)
    keys[0] = 7
    count, _ = select_top(keys, 3, 0, new_selection_scratch(n), selected, int(last_wins))
    assert count == 3
    assert selected.tolist() == ([n - 3, n - 2, n - 1] if last_wins else [1, 2, 3])


def test_order_keys_keep_the_order_of_floats():
    values = np.array([-np.inf, -3e38, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1.0, np.inf], np.float32)
    keys = np.empty(values.size, np.uint32)
    order_keys(values, keys)
    assert keys[4] == keys[5]
    assert (np.diff(np.delete(keys, 4).astype(np.int64)) > 0).all()
    assert keys.min() > 0


@pytest.mark.core
@examples(60)
@given(poolers())
def test_pools_lie_in_their_receptive_fields(pooler):
    plan = make_plan(pooler._engine.parameters, pooler.n_features_in_)
    for c, n in enumerate(plan.n_synapses):
        field = naive.receptive_field(
            pooler.receptive_field,
            c // plan.fields.group_size,
            plan.fields.column_shape,
            pooler.input_shape_,
            pooler.potential_radius,
            pooler.wrap,
        )
        assert n == max(1, np.floor(pooler.potential_fraction * sum(field.values()) + 0.5))
        for row in range(pooler.segments * c, pooler.segments * (c + 1)):
            pool = pooler.indices_[pooler.indptr_[row] : pooler.indptr_[row + 1]]
            assert len(pool) == n
            assert (np.diff(pool) > 0).all()
            assert set(pool.tolist()) <= set(field)


@pytest.mark.parametrize("wrap", [False, True])
def test_gaussian_pools_follow_their_weights(wrap):
    # One synapse a column: the chances are the weights themselves.
    pooler = SpatialPooler(
        (20_000, 1),
        input_shape=(1, 21),
        receptive_field="gaussian",
        potential_radius=3.0,
        n_potential=1,
        wrap=wrap,
        random_state=0,
    ).initialize(21)
    expected = np.exp(-0.5 * ((np.arange(21) - 10) / 3) ** 2)
    expected[np.abs(np.arange(21) - 10) > 12] = 0
    expected *= 20_000 / expected.sum()
    counts = np.bincount(pooler.indices_, minlength=21)
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected + 1)).all()


def test_uniform_pools_are_uniform():

    pooler = SpatialPooler((5000,), n_potential=10, random_state=0).initialize(100)
    counts = np.bincount(pooler.indices_, minlength=100)
    assert (np.abs(counts - 500) < 5 * np.sqrt(500)).all()


@pytest.mark.parametrize("seed", range(5))
def test_vector_code_equals_its_plain_twins(seed):
    random = np.random.default_rng(seed)
    n_planes, stride = 3 + seed, 20
    words = random.integers(0, 2**64, 400, np.uint64)
    offsets = random.integers(0, 300, bits.ROWS)
    # Room for seven more in every counter.
    planes = random.integers(0, 2**64, n_planes * stride, np.uint64)
    planes[(n_planes - 1) * stride :] = 0
    if n_planes == 3:
        planes[:] = 0
    keys = random.integers(0, 40, 60).astype(np.uint32)
    permanences = random.random(60).astype(np.float32)
    indices = random.integers(0, 30, 60).astype(np.uint32)
    changes = random.normal(size=30).astype(np.float32)
    left, right = random.normal(size=(2, 40, 40)).astype(np.float32)

    many = random.integers(0, 40, 400).astype(np.uint32)
    overlaps, thresholds = random.integers(0, 2**16, (2, 60)).astype(np.uint16)
    factors, tie_breakers = random.normal(size=(2, 60)).astype(np.float32)
    factors[3:5] = 0.0, -0.0
    abs_factors, duty_cycles = np.abs(factors), random.random(60)

    def everything(planes, permanences, counts, product, many, maxima, factors, boosted, up):
        bits.add_rows(words, offsets, 3, planes, stride, 5, n_planes)
        bits.unpack_counters(planes, stride, 7, n_planes, counts, 2)
        lanes.multiply_tile(left[9:], 40, right[:, 11:], 40, 5, 33, product[9:, 11:])
        flipped = lanes.adapt_lanes(permanences, indices, changes, 21, seed, np.float32(0.5))
        bits.count_common(words, 1, 1 + seed, words, 7, counts, 4)
        bits.count_chosen(words, 2, 2 + 2 * (seed % 3), words, 9, counts, 5)
        found = of_keys.lanes_at_least(keys, 13, 20)
        ones = bits.count_ones(found)
        of_keys.take_maxima(many, 320, 128, maxima)
        many[100] = of_keys.count_at_least(many, 192, 20)
        columns.boost_exponentially(duty_cycles, 0.02, 300.0 * seed, 48, factors)
        columns.boost_lanes(overlaps, factors, tie_breakers, thresholds, 48, boosted)
        columns.boost_lanes_up(overlaps, abs_factors, tie_breakers, thresholds, 77, 48, up)
        return int(flipped), int(found), bits.lowest_one(found), ones

    results = []
    for run in (everything, numba.njit(everything)):
        arrays = planes.copy(), permanences.copy(), np.zeros(80, np.uint16), np.zeros_like(left)
        arrays += many.copy(), np.zeros(128, np.uint32)
        arrays += factors.copy(), *np.zeros((2, 60), np.uint32)
        results.append((run(*arrays), [array.tolist() for array in arrays]))
    assert results[0] == results[1]


@pytest.mark.core
@examples(100)
@given(st.data())
def test_adapting_stays_within_the_room_for_flips(data):
    # Pools longer than the room, and such as repeat an input bit.
    random = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    n_inputs, room = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 50))
    sizes = random.integers(0, data.draw(st.sampled_from([10, 40, 200])), 5)
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    indices = random.integers(0, n_inputs, indptr[-1]).astype(np.uint16)
    synapses = Synapses(indptr, indices, random.random(indptr[-1], np.float32))
    before = [synapses.permanences[indptr[c] : indptr[c + 1]].tolist() for c in range(5)]
    x = random.integers(0, 2, n_inputs)
    words = np.packbits(np.resize(x, 128) * (np.arange(128) < n_inputs), bitorder="little")
    winners = np.flatnonzero(random.random(5) < 0.7).astype(np.int32)
    learning = {"permanence_increment": 0.3, "permanence_decrement": 0.4}
    rule = make_rule(DEFAULTS | learning, (5,))
    index = build_index(synapses, n_inputs, 0.5, "lists")
    behind = np.full((2, room + 300), -1, np.int64)
    flips = Flips(behind[0, :room], behind[1, :room])
    permanences = Permanences(synapses, 0.5, flips, index.enter(flips, synapses, 0.5))
    chunk = Chunk(
        inputs=words.view(np.uint64).reshape(1, 2),
        active=winners.reshape(1, -1),
        n_active=np.array([winners.size]),
        progress=np.zeros(2, np.int64),
        keys=np.empty((1, 0), np.uint32),
    )
    changes = np.empty(128, np.float32)
    Bound(adapt, Adapting(permanences, rule, changes, Block(chunk)))(0, 0, winners.size)
    assert (behind[:, room:] == -1).all()
    connected = [[] for _ in range(n_inputs)]
    for c in range(5):
        pool, own = indices[indptr[c] : indptr[c + 1]], before[c]
        if c in winners:
            own = naive.adapt(pool, own, x, 0.3, 0.4)
        assert synapses.permanences[indptr[c] : indptr[c + 1]].tolist() == own
        for bit, p in zip(pool, own, strict=True):
            if naive.connected(p, 0.5):
                connected[bit].append(c)
    lists = index.lists
    for bit in range(n_inputs):
        below, above = lists.lengths[0, bit]
        middle = lists.middles[0, bit]
        listed = lists.columns[middle - below : middle + above]
        assert sorted(listed.tolist()) == connected[bit]


@pytest.mark.parametrize("n_inputs", [10, 300, 5000, 65_000])
@pytest.mark.parametrize("inhibition", ["global", "grouped", "local"])
def test_tie_breakers_order_equal_overlaps_in_pools_of_any_size(n_inputs, inhibition):
    shape = (4, 100) if inhibition == "grouped" else (400,)
    pooler = SpatialPooler(
        shape,
        potential_fraction=1.0,
        density=0.05,
        inhibition=inhibition,
        inhibition_radius=400 if inhibition == "local" else None,
        boosting=None,
        random_state=0,
    ).initialize(n_inputs)
    pooler.permanences_ = np.ones(pooler.permanences_.size, np.float32)
    # Small differences, some of them none, as large overlaps would swallow.
    ties = np.random.default_rng(0).integers(0, 390, 400).astype(np.float32)
    pooler.tie_breakers_ = ties * np.float32(1e-9)
    x, n_groups = np.ones(n_inputs, np.uint8), 4 if inhibition == "grouped" else 1
    expected = naive.top_of_groups(ties, n_groups, 20 // n_groups, np.ones(400))
    trace = pooler.trace(x)
    assert trace.active.tolist() == expected
    np.testing.assert_allclose(trace.boosted, n_inputs, rtol=1e-6)
    # One synapse less weighs more than any tie-breaker.
    first = pooler.indptr_[expected[0]]
    pooler.permanences_ = np.where(np.arange(pooler.permanences_.size) == first, 0, 1)
    assert expected[0] not in pooler.compute(x, learn=False)


@pytest.mark.core
@examples(100)
@given(
    st.floats(1.0, 2000.0) | st.sampled_from([1e6, 1e300]),
    st.sampled_from(["density", "neighbourhood"]),
    st.sampled_from(["count", "share"]),
    st.floats(0.02, 1.0),
    st.integers(0, 2**31),
)
def test_exponentially_boosted_keys_are_in_the_order_of_logarithms(
    strength, target, overlap, density, seed
):
    n, random = 60, np.random.default_rng(seed)
    parameters = SpatialPooler(
        boosting="exp",
        boost_strength=strength,
        boost_target=target,
        overlap=overlap,
        density=density,
    ).get_params()
    rule = make_rule(DEFAULTS | parameters, (n,), longest_pool=1000)
    duty_cycles = random.random(n) ** random.choice([0.3, 1.0, 8.0, 300.0])
    counts, overlaps = np.full(n, 1000, np.int32), random.integers(0, 1001, n).astype(np.uint16)
    ties = (0.01 * random.random(n)).astype(np.float32)
    columns = Columns(
        duty_cycles,
        np.empty(0),
        np.empty(n, np.float32),
        ties,
        np.zeros(n, np.uint16),
        random.random(n if target == "neighbourhood" else 0),
        counts[: n if overlap == "share" else 0],
        np.empty(0),
        np.empty(0, np.uint32),
    )
    refresh(columns, Global(NO_BOXES), BOOSTINGS["exp"], rule, compares=False)(0, n)
    keys, values = np.empty(n, np.uint32), np.empty(n, np.float32)
    boost(columns, rule, overlaps.reshape(1, -1), keys)(0, 0, n)
    boosted_values(keys, rule.lowest_exponent, rule.key_scale, values)
    targets = columns.targets if target == "neighbourhood" else rule.target_density
    seen = overlaps / 1000 + rule.tie_scale * ties if overlap == "share" else overlaps + ties
    logarithms = rule.boost_strength * (targets - duty_cycles) + np.log(seen)
    order = np.argsort(keys, kind="stable")
    # Of so strong a boosting what is left of 32 bits is coarse.
    tolerance = 1e-6 + 1e-7 * rule.boost_strength
    if rule.key_scale == 0.0:  # the smallest normal numbers are the end
        logarithms = np.maximum(logarithms, -87 + np.log(seen))
    assert (np.diff(logarithms[order]) >= -tolerance).all()
    # A block of columns has the keys that it has among all, on whichever way they are found.
    of_blocks = np.empty(n, np.uint32)
    for first, last in ((0, 20), (20, n)):
        boost(columns, rule, overlaps.reshape(1, -1), of_blocks)(0, first, last)
    assert of_blocks.tolist() == keys.tolist()
    assert (np.diff(values[order]) >= 0).all()
    assert keys.min() > 0
    assert np.isfinite(values).all()
    harmless = np.abs(logarithms).max() < 33
    if harmless:
        boosted = columns.boost_factors * (
            overlaps.astype(np.float32) + ties
            if overlap == "count"
            else overlaps.astype(np.float32) / np.float32(1000) + np.float32(rule.tie_scale) * ties
        )
        if rule.key_scale in (0.0, 1.0):
            assert values.tolist() == boosted.tolist()


@pytest.mark.core
@examples(30)
@given(st.data())
def test_pairs_of_input_bits_change_no_overlap(data):
    """Neither where of each pair one bit is on, nor where both are or none."""
    n_pairs, n_columns = data.draw(st.integers(1, 150)), data.draw(st.integers(1, 140))
    random = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    first = random.random((5, n_pairs)) < 0.4
    X = np.stack([first, ~first], axis=2)
    other = random.random((2, n_pairs)) < 0.1
    X[3] ^= other[0][:, None]
    X[4, :, 1] ^= other[1]
    X = X.reshape(5, -1).astype(np.uint8)
    parameters = {"input_shape": (n_pairs, 2), "random_state": 0, "potential_fraction": 0.3}
    poolers = [
        SpatialPooler((n_columns,), overlap_index=layout, **parameters)
        for layout in ("words", "rows", "lists")
    ]
    for pooler in poolers:
        pooler.fit(X)
    for x in X:
        seen, *others = (pooler.trace(x).overlaps for pooler in poolers)
        connected = poolers[0].permanences_ >= np.float32(0.5)
        on = (x[poolers[0].indices_] > 0) & connected
        np.testing.assert_array_equal(seen, np.add.reduceat(on, poolers[0].indptr_[:-1]))
        for own in others:
            np.testing.assert_array_equal(seen, own)
