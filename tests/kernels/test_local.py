"""Local inhibition against its plain-loop twin, over random grids, neighbourhoods and ties."""

import itertools
import tracemalloc

import naive
import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

from fastsp import SpatialPooler
from fastsp.engine.topology import neighbourhood
from fastsp.kernels.inhibition import local
from fastsp.kernels.inhibition.local import LocalScratch
from fastsp.kernels.llvm import neighbourhoods as lanes
from fastsp.kernels.order import order_keys


def new_local_scratch(around):
    n = around.limits.size
    return LocalScratch(np.zeros(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.int32))


def select(values, allowed, around, scratch=None):
    """Active columns by the kernel, as a list."""
    keys, active = np.empty(values.size, np.uint32), np.empty(values.size, np.int32)
    order_keys(values, keys)
    keys[~allowed] = 0
    scratch = new_local_scratch(around) if scratch is None else scratch
    return active[: local.select_local(keys, around, scratch, active)].tolist()


@pytest.mark.core
@examples(300)
@given(st.data())
def test_local_winners_are_exact_with_ties_to_the_lower_position(data):
    shape = data.draw(
        st.lists(st.integers(1, 24), min_size=1, max_size=3).filter(lambda s: np.prod(s) < 400)
    )
    radius = data.draw(st.one_of(st.integers(0, 4), st.floats(0.0, 40.0)))
    wrap = data.draw(st.booleans())
    density = data.draw(st.one_of(st.sampled_from([0.02, 1.0]), st.floats(0.001, 1.0)))
    random = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    around = neighbourhood(tuple(shape), radius, wrap, density)
    scratch = new_local_scratch(around)
    for _ in range(3):
        values = random.normal(size=np.prod(shape)).astype(np.float32)
        # Few different values make many ties; 0 makes all equal.
        digits = data.draw(st.sampled_from([0, 1, 4, None]))
        if digits is not None:
            values = np.round(values * digits).astype(np.float32)
        allowed = random.random(values.size) >= data.draw(st.sampled_from([0.0, 0.5, 1.0]))
        expected = naive.local_winners(values.tolist(), allowed, shape, radius, wrap, density)
        assert select(values, allowed, around, scratch) == expected


@pytest.mark.core
@examples(100)
@given(st.data())
def test_no_more_columns_win_than_there_is_room_for(data):
    # Random keys do not come close; what falls off from place to place does.
    shape = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=3))
    radius, wrap = data.draw(st.integers(0, 12)), data.draw(st.booleans())
    density = data.draw(st.sampled_from([0.01, 0.1, 0.28, 0.5, 1.0]))
    around = neighbourhood(tuple(shape), radius, wrap, density)
    steps = data.draw(st.lists(st.integers(-3, 3), min_size=len(shape), max_size=len(shape)))
    values = sum(s * places for s, places in zip(steps, np.indices(shape), strict=True))
    values = (values % data.draw(st.integers(1, 30))).astype(np.float32).ravel()
    keys, behind = np.empty(values.size, np.uint32), np.full(values.size + 1, -1, np.int32)
    order_keys(values, keys)
    room = behind[: around.most_active]
    n_active = local.select_local(keys, around, new_local_scratch(around), room)
    assert n_active <= around.most_active <= values.size
    assert (behind[around.most_active :] == -1).all()
    expected = naive.local_winners(values, np.ones(values.size), shape, radius, wrap, density)
    assert room[:n_active].tolist() == expected


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("shape", [(2,), (3,), (5,), (7,), (3, 3), (3, 4), (4, 1, 3), (2, 3, 3)])
@pytest.mark.parametrize("radius", [0, 1, 2, 3])
@pytest.mark.parametrize("density", [0.01, 0.3])
def test_small_grids_have_room_whatever_the_order_of_their_columns(density, radius, shape, wrap):
    around = neighbourhood(shape, radius, wrap, density)
    n, most = int(np.prod(shape)), 0
    random, allowed = np.random.default_rng(0), np.ones(n, bool)
    orders = (
        itertools.permutations(range(n)) if n < 6 else (random.permutation(n) for _ in range(500))
    )
    scratch = new_local_scratch(around)
    for order in orders:
        most = max(most, len(select(np.array(order, np.float32), allowed, around, scratch)))
    assert most <= around.most_active


@pytest.mark.parametrize(
    ("density", "shape", "radius", "n_winners"),
    [(0.28, (5, 5), 4, 7), (0.07, (100,), 99, 7), (0.29, (10, 10), 9, 29), (0.2801, (5, 5), 4, 8)],
)
def test_the_density_is_the_decimal_that_is_written(density, shape, radius, n_winners):
    values = np.random.default_rng(0).random(np.prod(shape)).astype(np.float32)
    for given_density in (density, np.float32(density), np.float64(density)):
        around = neighbourhood(shape, radius, False, given_density)
        assert len(select(values, np.ones(values.size, bool), around)) == n_winners


def test_learning_with_many_columns_makes_room_for_those_that_can_win():
    pooler = SpatialPooler(
        (20_000,), n_potential=1, inhibition="local", inhibition_radius=5, random_state=0
    ).initialize(8)
    X = np.zeros((1024, 8), np.uint8)
    pooler.partial_fit(X[:1])
    tracemalloc.start()
    pooler.partial_fit(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6  # bytes; room for all columns were 82e6


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("density", [0.02, 0.2])
def test_local_winners_of_a_large_grid(wrap, density):
    shape = (56, 56)
    values = np.random.default_rng(0).random(56 * 56).astype(np.float32)
    allowed = np.ones(values.size, bool)
    around = neighbourhood(shape, 6, wrap, density)
    expected = naive.local_winners(values.tolist(), allowed, shape, 6, wrap, density)
    assert select(values, allowed, around) == expected


@pytest.mark.parametrize("wrap", [False, True])
def test_a_neighbourhood_of_the_whole_grid_gives_the_top_columns(wrap):
    values = np.random.default_rng(0).random(20 * 20).astype(np.float32)
    allowed = values < 0.9
    around = neighbourhood((20, 20), 19, wrap, 0.05)
    assert select(values, allowed, around) == naive.top(values, 20, allowed)


def test_the_largest_and_smallest_keys_are_compared_like_any_other():
    around = neighbourhood((5,), 5, False, 0.4)
    keys, active = np.array([1, 2**32 - 1, 0, 2**32 - 1, 1], np.uint32), np.empty(5, np.int32)
    scratch = new_local_scratch(around)
    assert active[: local.select_local(keys, around, scratch, active)].tolist() == [1, 3]
    keys[:] = [1, 0, 0, 0, 1]
    assert active[: local.select_local(keys, around, scratch, active)].tolist() == [0, 4]


@pytest.mark.parametrize("shape", [(1,), (30,), (9, 11), (4, 5, 6)])
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("radius", [0, 2, 3.7, 30])
def test_blocks_and_rows_lie_in_the_neighbourhood(shape, wrap, radius):
    around = neighbourhood(shape, radius, wrap, 0.1)
    homes = np.flatnonzero(around.limits)
    assert around.columns[homes].tolist() == list(range(np.prod(shape)))
    # Cells that a block's largest key is taken from, by the definition of the shifts.
    block = np.zeros(1, np.int64)
    for shift in around.shifts:
        block = np.unique(np.concatenate([block, block + shift]))
    tiles = (around.blocks[:, None] + block).ravel()
    box = (around.rows[:, None] + np.arange(around.row_width)).ravel()
    assert np.unique(tiles).size == tiles.size
    assert set(tiles.tolist()) <= set(box.tolist())
    for column, home in enumerate(homes):
        near = around.columns[home + box]
        assert np.sort(near[near >= 0]).tolist() == naive.neighbours(
            column, shape, [radius] * len(shape), wrap
        )


@pytest.mark.parametrize("seed", range(5))
def test_vector_code_equals_its_plain_twins(seed):
    random = np.random.default_rng(seed)
    cells = random.integers(0, 2**32, 400, np.uint32)
    cells[random.random(400) < 0.3] = 0
    maxima = np.maximum(cells, np.roll(cells, -1))
    limits = random.integers(0, 5, 400).astype(np.int32)
    distances = random.integers(-100, 100, 9)
    bound = int(random.integers(0, 2**32))

    def everything(copied, larger):
        lanes.copy_run(cells, 7, copied, 19, 333)
        lanes.take_larger(copied, 3, 320, larger)
        # In place, too.
        lanes.take_larger(larger, 20, 320, larger)
        found = lanes.seldom_beaten(cells, maxima, limits, distances, 9, 120)
        counts = [
            lanes.count_above(cells, 130, distances, 9, width, bound) for width in (1, 15, 16, 40)
        ]
        return int(found), counts

    results = []
    for run in (everything, numba.njit(everything)):
        arrays = np.zeros_like(cells), cells.copy()
        results.append((run(*arrays), [array.tolist() for array in arrays]))
    assert results[0] == results[1]
