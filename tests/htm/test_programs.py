"""Small programs as people wrote them against htm.core: names, arguments, errors, pickles, text."""

import copy
import pickle

import numpy as np
import pytest

from fastsp.htm.algorithms import Classifier, SpatialPooler
from fastsp.htm.sdr import SDR, ActivationFrequency, Metrics, Overlap, Sparsity

# --- SDR ---


def test_construction():
    a, b, c = SDR((103,)), SDR((100, 100, 1)), SDR([5])
    assert [a.size, b.size, c.size] == [103, 10_000, 5]
    assert b.dimensions == [100, 100, 1]
    assert tuple(SDR(dimensions=(2, 3)).dimensions) == (2, 3)
    b.randomize(0.1)
    assert SDR(b) == b
    assert SDR(7).dimensions == [7]
    assert SDR(np.array([3, 4], np.uint32)).dimensions == [3, 4]
    for nothing in ([], [0], (3, 0), -4):
        with pytest.raises(RuntimeError):
            SDR(nothing)
    with pytest.raises(TypeError):
        SDR()


def test_zero():
    a = SDR((103,))
    a.randomize(0.25)
    assert a.getSum() == 26
    a.zero()
    assert a.dense.sum() == 0
    assert a.sparse.size == 0


def test_dense():
    b = SDR((100, 100, 1))
    dense = np.zeros((100, 100, 1), np.uint8)
    b.dense = dense
    dense[3, 3, 0] = 1
    assert b.getSum() == 0  # a copy
    b.dense = dense
    assert b.dense.shape == (100, 100, 1)
    assert b.sparse.tolist() == [303]
    b.dense = [[[value] for value in range(100)]] * 100  # any byte but 0 is on
    assert b.getSum() == 9900
    b.dense = np.ones(10_000, bool)
    assert b.getSparsity() == 1
    inplace = b.dense
    inplace[:] = 0
    b.dense = inplace
    assert b.getSum() == 0


def test_sparse():
    a, b = SDR((103,)), SDR((100, 100, 1))
    a.sparse = [1, 5, 20]
    assert a.sparse.dtype == np.uint32
    assert np.flatnonzero(a.dense).tolist() == [1, 5, 20]
    b.sparse = np.array([], np.uint32)
    b.sparse = []
    assert b.getSum() == 0
    a.sparse = a.sparse
    assert a.sparse.tolist() == [1, 5, 20]
    for wrong in ([103], [-1]):
        with pytest.raises(ValueError, match="sparse must"):
            a.sparse = wrong
    assert a.sparse.tolist() == [1, 5, 20]
    a.sparse = [20, 1, 5, 20]
    assert a.sparse.tolist() == [1, 5, 20]


def test_coordinates():
    b = SDR((100, 100, 1))
    b.coordinates = [[0, 55, 99], [0, 11, 99], [0, 0, 0]]
    assert b.sparse.tolist() == [0, 5511, 9999]
    assert [axis.tolist() for axis in b.coordinates] == [[0, 55, 99], [0, 11, 99], [0, 0, 0]]
    b.coordinates = [[], [], []]
    assert b.getSum() == 0
    for wrong in ([[0], [0]], [[0], [0], [1]], [[0, 1], [0], [0]]):
        with pytest.raises(RuntimeError):
            b.coordinates = wrong


def test_arrays_live_longer_than_their_sdr():
    dense = SDR((5, 5)).randomize(0.2, 3).dense
    again = SDR((5, 5)).randomize(0.2, 3)
    assert dense.sum() == 5
    assert (dense == again.dense).all()


def test_set_sdr_and_overlap():
    a, b = SDR((103,)), SDR((103,))
    b.randomize(0.66)
    a.setSDR(b)
    assert a == b
    assert a.getOverlap(b) == a.getSum() == 68
    a.setSDR(sdr=SDR(103))
    assert a.getOverlap(sdr=b) == 0
    for other in (SDR(104), SDR((103, 1))):
        for method in (a.setSDR, a.getOverlap):
            with pytest.raises(RuntimeError):
                method(other)


def test_randomize_and_noise_by_keyword():
    a, b, c = (SDR((103,)) for _ in range(3))
    a.randomize(0.02, 3)
    b.randomize(sparsity=0.02, seed=3)
    c.randomize(0.02)
    assert a == b
    assert a.getSum() == b.getSum() == c.getSum() == 2
    b = SDR((100, 100)).randomize(0.05, 1)
    c = SDR(b)
    c.addNoise(fractionNoise=0.5, seed=42)
    assert c.getSum() == b.getSum() == 500
    assert c.getOverlap(b) == 250
    c.addNoise(1.0)
    dead = SDR(b)
    dead.killCells(0.5, 2)
    assert 200 < dead.getSum() < 300
    for wrong in (-0.1, 1.1, float("nan")):
        for method in (c.randomize, c.addNoise, c.killCells):
            with pytest.raises(RuntimeError):
                method(wrong)


def test_text():
    a, b = SDR((103,)), SDR((100, 100, 1))
    assert str(a) == "SDR( 103 )"
    a.sparse = list(range(0, 103, 40))
    assert str(a) == "SDR( 103 ) 0, 40, 80"
    b.sparse = [9999]
    assert str(b) == "SDR( 100, 100, 1 ) 9999"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_and_copies(protocol):
    for dimensions in (103, (4, 5, 6)):
        a = SDR(dimensions).randomize(0.3)
        for other in (
            pickle.loads(pickle.dumps(a, protocol)),
            copy.copy(a),
            copy.deepcopy(a),
        ):
            assert other == a
            other.zero()
            assert a.getSum() > 0


def test_reshape():
    a = SDR([5, 5]).randomize(0.2, 7)
    before = a.sparse.copy()
    a.reshape([25])
    assert a.dimensions == [25]
    a.reshape((1, 25, 1)).flatten()
    assert a.dimensions == [25]
    assert (a.sparse == before).all()
    with pytest.raises(RuntimeError):
        a.reshape([24])


def test_intersection_and_union():
    a, b, x = SDR((10, 10)), SDR((10, 10)), SDR((10, 10))
    a.sparse, b.sparse = [0, 9, 12, 80], [9, 12, 70]
    assert x.intersection(a, b) is x
    assert x.sparse.tolist() == [9, 12]
    x.union([a, b])
    assert x.sparse.tolist() == [0, 9, 12, 70, 80]
    x.intersection([x, a, b])
    assert x.sparse.tolist() == [9, 12]
    a.union(a, b)  # in place
    assert a.getSum() == 5
    with pytest.raises(RuntimeError):
        x.intersection(SDR(100), b)
    with pytest.raises(TypeError):
        x.union(a, "b")


def test_concatenate():
    a, b, c = SDR((3, 5)), SDR((3, 7)), SDR((3, 12))
    a.randomize(0.5, 1)
    b.randomize(0.5, 2)
    for arguments, keywords in (
        ((a, b, 1), {}),
        ((a, b), {"axis": 1}),
        (([a, b],), {"axis": 1}),
        (([a, b], 1), {}),
        ((), {"inputs": [a, b], "axis": 1}),
    ):
        c.zero()
        assert c.concatenate(*arguments, **keywords) is c
        assert (c.dense == np.concatenate([a.dense, b.dense], axis=1)).all()
    flat = SDR(30).concatenate(SDR(10).randomize(0.5), SDR(20))
    assert flat.getSum() == 5
    for wrong in ((a, b), (a, a, 1), (a, b, 2)):
        with pytest.raises(RuntimeError):
            c.concatenate(*wrong)


# --- Metrics ---


def test_metrics_by_position_and_keyword():
    a = SDR(dimensions=2000)
    for metrics in (Metrics(a, 999), Metrics(sdr=a, period=999), Metrics([2000], period=999)):
        assert metrics.dimensions == [2000]
        assert metrics.period == 999
        assert metrics.samples == 0


def test_metrics_of_a_sequence():
    a = SDR(200)
    metrics = Metrics(a, 1000)
    a.randomize(0.10, 1)
    for _ in range(20):
        a.addNoise(0.55)
    assert metrics.samples == 21
    assert metrics.sparsity.mean() == pytest.approx(0.1, abs=1e-4)
    assert metrics.sparsity.min() == metrics.sparsity.max() == 0.1
    assert metrics.sparsity.std() == pytest.approx(0, abs=1e-4)
    assert metrics.overlap.mean() == pytest.approx(0.45, abs=1e-4)
    assert 0.05 < metrics.activationFrequency.mean() < 0.15
    assert 0 < metrics.activationFrequency.entropy() <= 1
    words = str(metrics)
    for name in ("SDR( 200 )", "sparsity", "activation frequency", "entropy", "overlap"):
        assert name in words.lower() or name in words


def test_each_metric_alone():
    a = SDR(2)
    frequency = ActivationFrequency(a, period=1000)
    a.dense = [0, 0]
    a.dense = [1, 1]
    a.dense = [0, 1]
    assert frequency.activationFrequency.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert (frequency.min(), frequency.max()) == pytest.approx((1 / 3, 2 / 3))
    assert frequency.mean() == pytest.approx(0.5)
    assert frequency.std() == pytest.approx(1 / 6)
    sparsity, given = Sparsity(dimensions=[10], period=5), SDR(10)
    given.sparse = [1, 2]
    sparsity.addData(given)
    assert sparsity.sparsity == 0.2
    overlap = Overlap(given, 5)
    given.sparse = [1, 2, 3, 4]
    given.sparse = [1, 2, 3, 5]
    assert overlap.overlap == 0.75
    overlap.reset()
    given.sparse = [7]
    assert overlap.overlap == 0.75
    with pytest.raises(RuntimeError):
        overlap.addData(given)  # it watches
    with pytest.raises(RuntimeError):
        sparsity.addData(SDR(11))


# --- SpatialPooler ---


def test_a_pooler_by_keywords():
    active = SDR((10, 10))
    sp = SpatialPooler(
        inputDimensions=active.dimensions,
        columnDimensions=(12, 12),
        potentialRadius=99,
        globalInhibition=True,
        localAreaDensity=0.1,
        wrapAround=True,
        seed=42,
        spVerbosity=0,
    )
    active.randomize(0.3, 2)
    columns = SDR(sp.getColumnDimensions())
    overlaps = sp.compute(input=active, learn=True, output=columns)
    assert columns.getSum() == 14
    assert overlaps.dtype.kind == "u"
    assert overlaps.shape == (144,)
    assert overlaps[columns.sparse].min() >= np.median(overlaps)
    sp.compute(active, False, columns)
    assert (sp.getIterationNum(), sp.getIterationLearnNum()) == (2, 1)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_permanences_are_written_into_arrays(kind):
    sp = SpatialPooler([5], [7], potentialRadius=5)
    permanences = np.array([0.0, 0.1, 0.25, 0.5, 1.0], kind)
    pool = np.ones(5, np.uint32)
    sp.setPotential(3, pool)
    sp.setPermanence(3, permanences)
    found = np.full(5, 7, kind)
    sp.getPermanence(3, found)
    np.testing.assert_array_equal(found.astype(np.float32), permanences.astype(np.float32))
    listed = sp.getPermanence(column=3, x=found, threshold=0.2)
    assert (found > 0).sum() == 3
    assert listed == found.tolist()
    counts = np.zeros(7, np.uint32)
    sp.getConnectedCounts(counts)
    assert counts[3] == 4
    with pytest.raises(TypeError):
        sp.getPermanence(3, [0.0] * 5)
    with pytest.raises(RuntimeError):
        sp.getPermanence(7, found)


def test_the_same_seed_learns_the_same(tmp_path):
    def trained(seed):
        sp = SpatialPooler([40], [60], 40, seed=seed, globalInhibition=True, boostStrength=3)
        columns = SDR(60)
        for i in range(40):
            sp.compute(SDR(40).randomize(0.2, i + 1), True, columns)
        return sp, columns

    (a, of_a), (b, of_b), (c, _) = trained(1), trained(1), trained(2)
    assert a == b
    assert of_a == of_b
    assert a != c
    a.saveToFile(str(tmp_path / "sp"))
    loaded = SpatialPooler()
    loaded.loadFromFile(str(tmp_path / "sp"))
    for other in (loaded, pickle.loads(pickle.dumps(a)), copy.deepcopy(a), copy.copy(a)):
        assert other == a
        assert str(other) == str(a)
        other.compute(SDR(40).randomize(0.2, 9), True, SDR(60))
        assert other != a
    assert "boostStrength" in str(a)


def test_what_is_no_sdr_is_refused_and_counts_nothing():
    sp = SpatialPooler([10], [10])
    for wrong in (np.zeros(10), [1, 2], None):
        with pytest.raises(TypeError):
            sp.compute(wrong, True, SDR(10))
    for inputs, outputs in ((SDR(11), SDR(10)), (SDR(10), SDR(9))):
        with pytest.raises(RuntimeError):
            sp.compute(inputs, True, outputs)
    assert sp.getIterationNum() == 0


# --- Classifier ---


def test_a_classifier_by_keywords():
    classifier, pattern = Classifier(alpha=1.0), SDR(10)
    assert classifier.infer(pattern) == []
    pattern.sparse = [1, 5, 9]
    for _ in range(10):
        classifier.learn(pattern=pattern, classification=4)
    found = classifier.infer(pattern=pattern)
    assert len(found) == 5
    assert sum(found) == pytest.approx(1)
    assert np.argmax(found) == 4
    classifier.learn(pattern, [3, 4])
    restored = pickle.loads(pickle.dumps(classifier))
    assert restored.infer(pattern) == classifier.infer(pattern)
    for wrong in (-1, [], [-3]):
        with pytest.raises(RuntimeError):
            classifier.learn(pattern, wrong)
    with pytest.raises(TypeError):
        classifier.learn(pattern, 1.5)
    with pytest.raises(RuntimeError):
        classifier.infer(SDR(11))


def test_several_labels_share_the_probability():
    classifier = Classifier(0.5)
    one, two = SDR(20), SDR(20)
    one.sparse, two.sparse = [1, 3, 5], [2, 4, 6]
    for _ in range(200):
        classifier.learn(one, [0, 1])
        classifier.learn(two, 2)
    found = classifier.infer(one)
    assert found[0] == pytest.approx(found[1])
    assert found[0] == pytest.approx(0.5, abs=0.05)
    assert classifier.infer(two)[2] > 0.9
