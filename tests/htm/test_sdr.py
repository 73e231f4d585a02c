"""SDRs: three views of one value, operations that check before they change, copies and pickles."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from sdrs import NUMBERS, Log, assert_views_agree, bits_of

import fastsp.htm
from fastsp.htm import SDR, from_rows, to_rows

# What seeds meant in the first release.
EVER = {
    "randomize": [2, 11, 17, 28, 32],
    "addNoise": [11, 14, 19, 28, 41],
    "killCells": [19, 28, 41],
}


# What a new one is


@pytest.mark.parametrize(
    ("dimensions", "wanted"),
    [(7, [7]), ((7,), [7]), ([2, 3], [2, 3]), (np.array([4, 1, 2]), [4, 1, 2]), (np.int64(5), [5])],
)
def test_dimensions_come_as_integers(dimensions, wanted):
    sdr = SDR(dimensions=dimensions)
    assert_views_agree(sdr, wanted, np.zeros(np.prod(wanted)))
    assert all(type(length) is int for length in sdr.dimensions)


def test_dimensions_are_not_changed_from_outside():
    sdr = SDR((2, 3))
    sdr.dimensions.append(4)
    assert sdr.dimensions == [2, 3]
    with pytest.raises(AttributeError):
        sdr.size = 4


@pytest.mark.parametrize("keyword", [False, True])
def test_a_copy_has_a_value_of_its_own(keyword):
    sdr = SDR((2, 3)).randomize(0.5, 1)
    other = SDR(sdr=sdr) if keyword else SDR(sdr)
    before = bits_of(sdr)
    other.zero()
    sdr.dense[0, 0] ^= 1
    sdr.dense = sdr.dense
    assert other == SDR((2, 3))
    assert bits_of(sdr) != before


@pytest.mark.parametrize("bad", ["7", "ab", 1.5, [2, 1.5], [True], True, [[1, 2]], {"a": 1}])
def test_dimensions_of_another_type(bad):
    with pytest.raises(TypeError, match=r"^dimensions must be integers, got"):
        SDR(bad)


@pytest.mark.parametrize("bad", [0, -1, [], [3, 0], [3, -2], np.zeros(0, int), [2**16, 2**16]])
@pytest.mark.parametrize("kind", [ValueError, RuntimeError])
def test_dimensions_out_of_range(bad, kind):
    with pytest.raises(kind, match="dimensions must"):
        SDR(bad)


def test_exactly_one_source():
    for arguments in ({}, {"dimensions": 3, "sdr": SDR(3)}):
        with pytest.raises(TypeError, match="give either dimensions or sdr"):
            SDR(**arguments)
    with pytest.raises(TypeError, match="sdr must be an SDR, got int"):
        SDR(sdr=3)


# Assigning


@pytest.mark.parametrize("kind", NUMBERS)
def test_dense_takes_all_numbers(kind):
    sdr = SDR((2, 3))
    values = np.array([0, 1, 0, 100, 0, 1]).astype(kind)
    sdr.dense = values
    assert_views_agree(sdr, [2, 3], [0, 1, 0, 1, 0, 1])
    sdr.dense = values.reshape(2, 3)
    assert sdr.sparse.tolist() == [1, 3, 5]
    sdr.dense = np.repeat(values, 2)[::2]
    assert sdr.sparse.tolist() == [1, 3, 5]


@pytest.mark.parametrize("kind", NUMBERS)
def test_dense_is_in_the_order_of_its_indices_whatever_its_memory(kind):
    bits = np.arange(24).reshape(2, 3, 4) % 5 == 0
    for values in (np.asfortranarray(bits.astype(kind)), bits.T.astype(kind).T):
        sdr = SDR(bits.shape)
        sdr.dense = values
        assert_views_agree(sdr, bits.shape, bits.ravel())


def test_dense_takes_lists_and_numbers_that_are_not_one():
    sdr = SDR((2, 2))
    sdr.dense = [[0, -1], [2.5, 0]]
    assert sdr.sparse.tolist() == [1, 2]
    sdr.dense = np.array([2, 0, 255, 0], np.uint8).view(bool)  # no booleans of NumPy's making
    assert bits_of(sdr) == [1, 0, 1, 0]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", ">f8", "longdouble"])
def test_dense_takes_floats_for_bytes(kind):
    sdr = SDR(9)
    sdr.dense = np.array([0.2, 0.5, 0.99, 1, 1.5, 255.9, 256, 256.5, 257], kind)
    assert sdr.sparse.tolist() == [3, 4, 5, 8]
    sdr.dense = np.array([-0.99, -1, -256, -256.5, -257, -0.0, 1e4, 32768, 2049], kind)
    assert sdr.sparse.tolist() == [1, 4, 6] + [8] * (kind != "f2")


@pytest.mark.parametrize("kind", ["i2", "u2", "i4", ">u4", "i8", "u8", ">i8"])
def test_dense_takes_integers_for_bytes(kind):
    sdr = SDR(5)
    sdr.dense = np.array([255, 256, 257, 2**14, 2**14 + 1], kind)
    assert sdr.sparse.tolist() == [0, 2, 4]


def test_dense_is_not_copied_when_it_is_assigned_back():
    sdr = SDR((2, 3)).randomize(0.5, 1)
    bits = sdr.dense
    sdr.dense = bits
    assert sdr.dense is bits
    sdr.reshape((3, 2))
    assert_views_agree(sdr, [3, 2], bits.ravel())
    frozen = sdr.dense
    frozen.flags.writeable = False
    sdr.dense = frozen
    assert sdr.dense is not frozen


def test_dense_is_copied():
    given_bits, sdr = np.zeros(4, np.uint8), SDR(4)
    sdr.dense = given_bits
    given_bits[0] = 1
    assert bits_of(sdr) == [0] * 4


def test_what_was_handed_out_may_be_written_into_and_assigned_back():
    sdr = SDR((2, 4))
    sdr.sparse = [2]
    bits = sdr.dense
    bits[0, 3] = 7
    sdr.dense = bits
    assert_views_agree(sdr, [2, 4], [0, 0, 1, 1, 0, 0, 0, 0])
    bits[1] = 1  # the same array once more
    sdr.dense = bits
    assert sdr.getSum() == 6
    sdr.sparse = [2, 5]
    sdr.sparse += 1
    assert sdr.sparse.tolist() == [3, 6]
    sdr.dense |= 1
    assert sdr.getSum() == 8


def test_what_was_handed_out_stays_as_it_is():
    sdr = SDR(10)
    sdr.sparse = [1, 5]
    dense, sparse, coordinates = sdr.dense, sdr.sparse, sdr.coordinates
    sdr.sparse = [2]
    assert np.flatnonzero(dense).tolist() == sparse.tolist() == coordinates[0].tolist() == [1, 5]
    kept = sdr.dense
    del sdr
    assert np.flatnonzero(kept).tolist() == [2]


def test_views_are_kept_until_the_next_value():
    sdr = SDR((5, 2)).randomize(0.5)
    assert sdr.dense is sdr.dense
    assert sdr.sparse is sdr.sparse
    assert all(a is b for a, b in zip(sdr.coordinates, sdr.coordinates, strict=True))
    sdr.coordinates.clear()
    assert len(sdr.coordinates) == 2


@pytest.mark.parametrize(
    "indices",
    [
        *([1, 4], (1, 4), range(1, 5, 3), np.array([1, 4], np.uint8), np.uint64([1, 4])),
        *([4, 1], [4, 1, 4], [1, 1, 4], {4, 1}, frozenset([1, 4]), {4: 0, 1: 0}.keys()),
        np.array([4, 1, 1], np.int16),
    ],
)
def test_sparse_takes_integers(indices):
    sdr = SDR((2, 3))
    sdr.sparse = indices
    assert_views_agree(sdr, [2, 3], [0, 1, 0, 0, 1, 0])


def test_empty_lists_switch_all_off():
    for view, nothing in (
        ("sparse", []),
        ("sparse", set()),
        ("coordinates", [[], []]),
        ("sparse", np.zeros(0)),
    ):
        sdr = SDR((2, 3)).randomize(0.5)
        setattr(sdr, view, nothing)
        assert_views_agree(sdr, [2, 3], np.zeros(6))


def test_coordinates():
    sdr = SDR((3, 4))
    sdr.coordinates = np.array([[0, 1, 1], [3, 0, 2]])
    assert sdr.sparse.tolist() == [3, 4, 6]
    sdr.coordinates = np.nonzero(sdr.dense)
    assert sdr.sparse.tolist() == [3, 4, 6]
    sdr.coordinates = [[1, 0, 1, 1], [2, 3, 0, 2]]  # in any order, repeated
    assert sdr.sparse.tolist() == [3, 4, 6]


REFUSED = [
    ("dense", [0] * 5, ValueError, "dense must hold 6 values, got 5"),
    ("dense", 1, ValueError, "dense must hold 6 values, got 1"),
    ("dense", [[0, 1], [1]], ValueError, "dense must be an array, got lists of different lengths"),
    (
        "dense",
        np.ones((3, 2)),
        ValueError,
        r"must have the shape \(2, 3\) or \(6,\), got \(3",
    ),
    ("dense", np.ones((6, 1)), ValueError, r"must have the shape \(2, 3\) or \(6,\), got \(6"),
    ("dense", np.ones((1, 2, 3)), ValueError, r"must have the shape \(2, 3\) or \(6,\), got \(1"),
    ("dense", [1, 0, 0, 0, 0, np.nan], ValueError, "dense must not hold NaN or infinity"),
    ("dense", [1, 0, 0, 0, 0, np.inf], ValueError, "dense must not hold NaN or infinity"),
    ("dense", "abcdef", ValueError, "dense must hold 6 values, got 1"),
    ("dense", list("abcdef"), TypeError, "dense must hold numbers or booleans, got <U1"),
    ("dense", [1j] * 6, TypeError, "dense must hold numbers or booleans, got complex128"),
    ("dense", [None] * 6, TypeError, "dense must hold numbers or booleans, got object"),
    ("sparse", [1, 6], ValueError, "sparse must hold indices from 0 to 5, got"),
    ("sparse", [-1, 2], ValueError, "sparse must hold indices from 0 to 5, got"),
    ("sparse", [2**70], TypeError, "sparse must hold integers, got object"),
    ("sparse", [2**63], ValueError, "sparse must hold indices from 0 to 5, got"),
    ("sparse", {1, 6}, ValueError, "sparse must hold indices from 0 to 5, got"),
    ("sparse", [2, -1], ValueError, "sparse must hold indices from 0 to 5, got"),
    ("sparse", {0.5}, TypeError, "sparse must hold integers, got float64"),
    ("sparse", [1.0], TypeError, "sparse must hold integers, got float64"),
    ("sparse", [True], TypeError, "sparse must hold integers, got bool"),
    ("sparse", 1, ValueError, "sparse must be flat lists of indices, got shape"),
    ("sparse", [[1]], ValueError, "sparse must be flat lists of indices, got shape"),
    ("sparse", np.zeros((0, 2), int), ValueError, "sparse must be flat lists of indices"),
    ("coordinates", 1, TypeError, "coordinates must be a list for each axis, got 1"),
    ("coordinates", [[1]], ValueError, "coordinates must be 2 lists, got 1"),
    ("coordinates", [[1], [1], [1]], ValueError, "coordinates must be 2 lists, got 3"),
    ("coordinates", [[1], [1, 2]], ValueError, "coordinates must be lists of one length, got"),
    ("coordinates", [[2], [0]], ValueError, "coordinates must be from 0 to 1 along an axis of 2"),
    ("coordinates", [[0], [-1]], ValueError, "coordinates must be from 0 to 2 along an axis of 3"),
    ("coordinates", [[0.5], [1]], TypeError, "coordinates must hold integers, got float64"),
    ("coordinates", [1, 1], ValueError, "coordinates must be flat lists of indices, got shape"),
]


@pytest.mark.parametrize(("view", "value", "kind", "message"), REFUSED)
def test_what_is_refused_changes_nothing(view, value, kind, message):
    sdr, log = SDR((2, 3)).randomize(0.5, 1), Log()
    sdr._watch(log)
    before = bits_of(sdr)
    with pytest.raises(kind, match=message) as caught:
        setattr(sdr, view, value)
    assert kind is TypeError or isinstance(caught.value, RuntimeError)
    assert_views_agree(sdr, [2, 3], before)
    assert log.seen == []


# Methods


def test_set_sdr_copies():
    a, b = SDR((2, 3)).randomize(0.5, 1), SDR((2, 3))
    assert b.setSDR(a) is b
    assert a == b
    a.zero()
    assert b.getSum() == 3
    b.dense = np.ones(6)
    a.setSDR(b)
    b.dense[:] = 0
    assert a.getSum() == 6
    assert a.setSDR(a).getSum() == 6


def test_overlap():
    a, b = SDR(10), SDR(10)
    a.sparse, b.sparse = [1, 2, 3], [2, 3, 9]
    assert a.getOverlap(b) == b.getOverlap(a) == 2
    assert a.getOverlap(sdr=a) == 3


@pytest.mark.parametrize("method", ["setSDR", "getOverlap", "intersection", "union"])
def test_others_are_of_the_same_dimensions(method):
    sdr = SDR((2, 3)).randomize(0.5, 1)
    before = bits_of(sdr)
    with pytest.raises(ValueError, match=r"dimensions \[2, 3\], got \[3, 2\]"):
        getattr(sdr, method)(SDR((3, 2)))
    with pytest.raises(TypeError, match="must be"):
        getattr(sdr, method)(np.zeros((2, 3)))
    assert bits_of(sdr) == before


@pytest.mark.parametrize(
    ("size", "sparsity", "n_on"),
    [
        (100, 0.02, 2),
        (10, 0.05, 1),
        (10, 0.04, 0),
        (7, 0, 0),
        (7, 1, 7),
        (1000, np.float32(0.1), 100),
    ],
)
def test_randomize_rounds(size, sparsity, n_on):
    sdr = SDR(size)
    assert sdr.randomize(sparsity) is sdr
    assert sdr.getSum() == n_on
    assert_views_agree(sdr, [size], sdr.dense)


def test_randomize_follows_its_seed():
    a, b = SDR(1000), SDR((10, 100))
    assert (
        a.randomize(0.1, seed=5).sparse.tolist()
        == b.randomize(sparsity=0.1, seed=5).sparse.tolist()
    )
    assert a != SDR(1000).randomize(0.1, 6)
    assert SDR(1000).randomize(0.1) != SDR(1000).randomize(0.1)  # drawn
    assert SDR(1000).randomize(0.1, 2**64).getSum() == 100


def test_seeds_mean_the_same_bits_for_ever():
    sdr = SDR(50).randomize(0.1, seed=3)
    assert sdr.sparse.tolist() == EVER["randomize"]
    assert sdr.addNoise(0.5, seed=4).sparse.tolist() == EVER["addNoise"]
    assert sdr.killCells(0.5, seed=6).sparse.tolist() == EVER["killCells"]


def test_all_bits_are_drawn_alike():
    counts = np.zeros(20)
    for seed in range(1, 2001):
        counts += SDR(20).randomize(0.25, seed).dense
    assert (abs(counts - 500) < 110).all()  # 5.7 standard deviations


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 1])
def test_noise_moves_bits(fraction):
    sdr = SDR(1000).randomize(0.1, 1)
    before = SDR(sdr)
    assert sdr.addNoise(fraction, 7) is sdr
    assert sdr.getSum() == 100
    assert sdr.getOverlap(before) == 100 - 100 * fraction
    assert sdr == SDR(before).addNoise(fractionNoise=fraction, seed=7)


def test_noise_needs_places_that_are_off():
    sdr = SDR(10).randomize(0.8, 1)
    before = SDR(sdr)
    with pytest.raises(ValueError, match=r"no more bits than the 2 that are off, got 0\.5"):
        sdr.addNoise(0.5)
    assert sdr == before
    assert sdr.addNoise(0.25).getOverlap(before) == 6


def test_kill_cells_takes_the_same_bits_whatever_is_on():
    sdr = SDR(1000)
    sdr.dense = np.ones(1000)
    assert sdr.killCells(0.3, 4) is sdr
    assert sdr.getSum() == 700
    other = SDR(1000).randomize(0.5, 1)
    alive = other.dense & sdr.dense
    assert bits_of(other.killCells(fraction=0.3, seed=4)) == alive.tolist()


@pytest.mark.parametrize("method", ["randomize", "addNoise", "killCells"])
@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((1.1,), ValueError, "must be from 0 to 1, got 1.1"),
        ((-0.1,), ValueError, "must be from 0 to 1, got -0.1"),
        ((np.nan,), ValueError, "must be from 0 to 1, got nan"),
        (("0.5",), TypeError, "must be a number, got '0.5'"),
        ((True,), TypeError, "must be a number, got True"),
        ((0.5, -1), ValueError, "seed must be at least 0, got -1"),
        ((0.5, 1.0), TypeError, "seed must be an integer, got 1.0"),
        ((0.5, None), TypeError, "seed must be an integer, got None"),
    ],
)
def test_random_changes_check_first(method, arguments, kind, message):
    sdr = SDR(10).randomize(0.3, 1)
    before = bits_of(sdr)
    with pytest.raises(kind, match=message):
        getattr(sdr, method)(*arguments)
    assert bits_of(sdr) == before


def test_reshape_and_flatten_keep_the_value():
    sdr, log = SDR((4, 4)), Log()
    sdr.coordinates = [[1, 1, 2], [0, 1, 2]]
    bits = sdr.dense.ravel().tolist()
    sdr._watch(log)
    assert sdr.reshape((8, 2)) is sdr
    assert_views_agree(sdr, [8, 2], bits)
    assert [axis.tolist() for axis in sdr.coordinates] == [[2, 2, 5], [0, 1, 0]]
    assert sdr.flatten() is sdr
    assert_views_agree(sdr, [16], bits)
    assert log.seen == []  # no new value
    for bad, kind in ((15, ValueError), ([4, 5], ValueError), ("16", TypeError)):
        with pytest.raises(kind, match="dimensions must"):
            sdr.reshape(bad)
    assert_views_agree(sdr, [16], bits)


def test_intersection_and_union():
    a, b, c, x = SDR(10), SDR(10), SDR(10), SDR(10)
    a.sparse, b.sparse, c.sparse = [1, 2, 3, 4], [2, 3, 9], [3, 4, 9]
    assert x.intersection(a, b) is x
    assert x.sparse.tolist() == [2, 3]
    assert x.intersection([a, b, c]).sparse.tolist() == [3]
    assert x.intersection(inputs=a, input2=c).sparse.tolist() == [3, 4]
    assert x.union(a, b) is x
    assert x.union([a, b, c]).sparse.tolist() == [1, 2, 3, 4, 9]
    assert x.union((b,)).sparse.tolist() == [2, 3, 9]
    assert x.union(c).sparse.tolist() == [3, 4, 9]
    assert x.intersection(x, a).sparse.tolist() == [3, 4]  # of itself
    b.dense[:] = 1  # what x took is its own
    assert x.sparse.tolist() == [3, 4]


def test_union_of_one_is_a_copy():
    a, x = SDR(4), SDR(4)
    a.dense = [1, 0, 0, 1]
    x.union(a)
    a.dense[:] = 1
    assert bits_of(x) == [1, 0, 0, 1]


def test_concatenate():
    a, b = SDR((2, 2)).randomize(0.5, 1), SDR((2, 3)).randomize(0.5, 2)
    joined = np.concatenate([a.dense, b.dense], axis=1)
    for arguments in ((a, b, 1), ([a, b], 1), ([a, b], None, 1), ((a, b), 1)):
        x = SDR((2, 5))
        assert x.concatenate(*arguments) is x
        assert_views_agree(x, [2, 5], joined.ravel())
    assert SDR((2, 5)).concatenate([a, b], axis=1) == x
    assert SDR((2, 5)).concatenate(input1=a, input2=b, axis=1) == x
    assert SDR((2, 5)).concatenate(inputs=[a, b], axis=1) == x
    whole = SDR(10).concatenate(SDR(a).flatten(), SDR(b).flatten())
    assert bits_of(whole) == bits_of(a) + bits_of(b)
    assert SDR((6, 2)).concatenate([a, a, a]).getSum() == 6


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([],), ValueError, "inputs must hold at least one SDR"),
        ((3,), TypeError, "inputs must be SDRs, got 3"),
        (([SDR((2, 2)), 3],), TypeError, "inputs must be an SDR, got int"),
        (([SDR((2, 2))], SDR((2, 3))), TypeError, "inputs must be an SDR where a second is given"),
        ((SDR((2, 2)), SDR((2, 3)), 2), ValueError, "axis must be below 2, got 2"),
        ((SDR((2, 2)), SDR((2, 3)), -3), ValueError, "axis must be at least -2, got -3"),
        ((SDR((2, 2)), SDR((2, 3)), "1"), TypeError, "axis must be an integer, got '1'"),
        ((SDR((2, 2)), SDR((2, 2)), 1), ValueError, r"add up to \[2, 5\] along axis 1"),
        ((SDR((2, 2)), SDR((3, 3)), 1), ValueError, r"add up to \[2, 5\] along axis 1"),
        ((SDR((1, 5)), SDR((1, 4))), ValueError, r"add up to \[2, 5\] along axis 0"),
        ((SDR(4), SDR(6)), ValueError, "inputs must have 2 dimensions, got"),
    ],
)
def test_concatenate_checks_first(arguments, kind, message):
    x = SDR((2, 5)).randomize(0.5, 1)
    before = bits_of(x)
    with pytest.raises(kind, match=message):
        x.concatenate(*arguments)
    assert bits_of(x) == before


def test_equality():
    a, b = SDR((2, 3)), SDR((2, 3))
    a.sparse = [1]
    assert a != b
    b.dense = [0, 1, 0, 0, 0, 0]
    assert a == b
    assert a != SDR(a).flatten()
    assert a != "SDR( 2, 3 ) 1"
    with pytest.raises(TypeError):
        hash(a)


def test_text():
    sdr = SDR((100, 100, 1))
    assert str(sdr) == "SDR( 100, 100, 1 )"
    sdr.sparse = [1, 2, 30]
    assert str(sdr) == repr(sdr) == "SDR( 100, 100, 1 ) 1, 2, 30"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(protocol):
    sdr = SDR((3, 4)).randomize(0.5, 1)
    bits, log = bits_of(sdr), Log()
    sdr._watch(log)
    restored = pickle.loads(pickle.dumps(sdr, protocol))
    assert_views_agree(restored, [3, 4], bits)
    restored.zero()
    assert log.seen == []  # who watched the first does not watch its copies
    assert bits_of(sdr) == bits


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_are_independent(copied):
    sdr = SDR((3, 4)).randomize(0.5, 1)
    other = copied(sdr)
    sdr.sparse[:] = 0
    assert other == SDR((3, 4)).randomize(0.5, 1)


# For poolers


def test_poolers_take_and_give_without_copies():
    sdr, log = SDR((2, 5)), Log()
    sdr._watch(log)
    for kind in (np.int32, np.uint32):
        found = np.array([1, 7], kind)
        assert sdr.dense is not None
        sdr._take(found)
        assert np.shares_memory(sdr.sparse, found)
        assert_views_agree(sdr, [2, 5], [0, 1, 0, 0, 0, 0, 0, 1, 0, 0])
    assert log.seen == [[1, 7], [1, 7]]
    assert sdr._flat().flags.c_contiguous
    assert np.shares_memory(sdr._flat(), sdr.dense)


def test_every_way_to_assign_is_watched_once():
    sdr, log = SDR((2, 2)), Log()
    sdr._watch(log)
    sdr.dense = [0, 1, 0, 0]
    sdr.sparse = [2]
    sdr.coordinates = [[0], [0]]
    sdr.zero()
    sdr.setSDR(SDR((2, 2)))
    sdr.randomize(1)
    sdr.addNoise(0)
    sdr.killCells(1)
    sdr.union(sdr, sdr)
    sdr.intersection(sdr)
    half = SDR((1, 2))
    sdr.concatenate(half, half)
    sdr._take(np.array([3], np.int32))
    sdr.dense = sdr.dense
    every = [0, 1, 2, 3]
    assert log.seen == [[1], [2], [0], [], [], every, every, [], [], [], [], [3], [3]]


def test_watchers_are_not_kept_alive():
    sdr, log, other = SDR(3), Log(), Log()
    sdr._watch(other)
    sdr._watch(log)
    del log
    sdr.sparse = [1]
    assert other.seen == [[1]]
    assert len(sdr._watchers) == 1


def test_a_watcher_that_dies_while_others_are_told():
    class Last(Log):
        def _count(self, sdr):
            watchers.clear()

    sdr, watchers = SDR(3), [Log()]
    last = Last()
    sdr._watch(last)
    sdr._watch(watchers[0])
    sdr.zero()
    assert len(sdr._watchers) == 1


# Matrices


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr"])
@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
def test_rows_of_matrices(form, make):
    dense = (np.arange(60).reshape(5, 12) % 7 == 0) * 2.5
    matrix = make(dense).asformat(form)
    sdrs = from_rows(matrix, (3, 4))
    assert len(sdrs) == 5
    for sdr, row in zip(sdrs, dense, strict=True):
        assert_views_agree(sdr, [3, 4], row != 0)
    back = to_rows(sdrs)
    assert back.dtype == np.uint8
    assert back.format == "csr"
    np.testing.assert_array_equal(back.toarray(), dense != 0)
    assert from_rows(matrix)[0].dimensions == [12]


def test_rows_are_what_a_matrix_means():
    data, indices = np.array([1, 0, 2, -2, 3]), np.array([3, 1, 2, 2, 0])  # unordered, repeated
    matrix = scipy.sparse.csr_matrix((data, indices, [0, 5, 5]), shape=(2, 4))
    sdrs = from_rows(matrix)
    assert [sdr.sparse.tolist() for sdr in sdrs] == [[0, 3], []]
    sdrs[0].sparse[:] = 1
    assert matrix.indices.tolist() == indices.tolist()
    assert from_rows(scipy.sparse.csr_matrix((0, 4))) == []


def test_matrices_that_are_refused():
    for bad in (np.eye(3), [[1, 0]], None):
        with pytest.raises(TypeError, match="matrix must be a sparse matrix, got"):
            from_rows(bad)
    matrix = scipy.sparse.csr_matrix(np.eye(4))
    with pytest.raises(ValueError, match=r"dimensions must hold 4 bits, got \[3\]"):
        from_rows(matrix, 3)
    with pytest.raises(ValueError, match="matrix must not hold NaN"):
        from_rows(matrix * np.nan)
    with pytest.raises(ValueError, match="matrix must have two axes, got 1"):
        from_rows(scipy.sparse.coo_array(np.ones(3)))
    matrix.indices[0] = 9
    with pytest.raises(ValueError, match="ind"):
        from_rows(matrix)


def test_sdrs_that_make_no_matrix():
    with pytest.raises(TypeError, match="sdrs must be an SDR, got int"):
        to_rows([SDR(3), 3])
    for bad in ([], [SDR(3), SDR(4)]):
        with pytest.raises(ValueError, match="sdrs must be one or more of the same size"):
            to_rows(bad)


# The modules


def test_names_stand_where_programs_import_them_from():
    import fastsp.htm.algorithms
    import fastsp.htm.sdr

    for module in (fastsp.htm.sdr, fastsp.htm.algorithms):
        for name in module.__all__:
            assert getattr(fastsp.htm, name) is getattr(module, name)
    assert set(fastsp.htm.__all__) == {
        *fastsp.htm.sdr.__all__,
        *fastsp.htm.algorithms.__all__,
        "from_htm_core",
        "from_rows",
        "to_rows",
    }


def test_this_package_imports_numpy_alone():
    # Without the package above it, which has estimators in it.
    folder = Path(fastsp.htm.__file__).parents[1]
    code = (
        "import sys, types\n"
        "package = types.ModuleType('fastsp')\n"
        f"package.__path__ = [{str(folder)!r}]\n"
        "sys.modules['fastsp'] = package\n"
        "import fastsp.htm\n"
        "heavy = {'scipy', 'sklearn', 'pandas', 'numba', 'joblib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
