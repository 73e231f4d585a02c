"""SDRs of other packages, of which nothing is known but their dimensions and their value."""

import copy
import operator
import random

import numpy as np
import pytest
from sdrs import Log, bits_of, run, small

import fastsp.htm
from fastsp.htm import SDR, Classifier, Metrics, Overlap, Predictor, to_rows


class OfIndices:
    """What htm.core's is like: a list of dimensions, and a value that is assigned."""

    def __init__(self, dimensions, sparse=()):
        self.dimensions = list(dimensions)
        self.assigned = []
        self._sparse = np.array(sparse, np.uint32)

    @property
    def sparse(self):
        return self._sparse

    @sparse.setter
    def sparse(self, value):
        self._sparse = np.array(value, np.uint32)
        self.assigned.append(self._sparse.tolist())

    def reshape(self, dimensions):
        self.dimensions = list(dimensions)


class OfBits:
    """Only a shape and bits."""

    def __init__(self, dimensions, sparse=()):
        self.shape = tuple(dimensions)
        self.dense = np.zeros(self.shape, bool)
        self.dense.flat[list(sparse)] = True

    @property
    def sparse_now(self):
        return np.flatnonzero(self.dense).tolist()


class Compiled(list):
    """Its setter is no function of Python, as in htm.core; it takes one value after the other."""

    dimensions = (8, 4)
    sparse = property(list, operator.iadd)


OTHERS = [OfIndices, OfBits]


def indices_of(other):
    return other.sparse_now if isinstance(other, OfBits) else other.sparse.tolist()


@pytest.mark.parametrize("kind", OTHERS)
def test_a_pooler_reads_and_writes_them(kind):
    ours, theirs = (small(boostStrength=2.0, localAreaDensity=0.2) for _ in range(2))
    wanted, output = SDR((8, 4)), kind((8, 4))
    for seed in range(1, 40):
        pattern = SDR((6, 5)).randomize(0.2, seed)
        overlaps = ours.compute(pattern, True, wanted)
        same = theirs.compute(kind((6, 5), pattern.sparse), True, output)
        np.testing.assert_array_equal(same, overlaps)
        assert indices_of(output) == wanted.sparse.tolist()
    assert ours == theirs
    with pytest.raises(ValueError, match="output must be an SDR of 32 bits, got 31"):
        theirs.compute(kind((6, 5)), True, kind((31,)))
    with pytest.raises(ValueError, match="input must be an SDR of 30 bits, got 31"):
        theirs.compute(kind((31,)), True, kind((8, 4)))
    assert ours == theirs


def test_compiled_ones_are_given_plain_integers():
    wanted, output, pattern = SDR((8, 4)), Compiled(), SDR((6, 5)).randomize(0.2, 1)
    small(localAreaDensity=0.2).compute(pattern, True, wanted)
    small(localAreaDensity=0.2).compute(pattern, True, output)
    assert output == wanted.sparse.tolist()
    assert {type(index) for index in output} == {int}


def test_a_pooler_reshapes_those_that_can_be():
    sp, flat, fixed = small(), OfIndices([30], [1, 2]), OfBits([32])
    sp.compute(flat, False, fixed)
    assert flat.dimensions == [6, 5]
    assert fixed.dense.shape == (32,)
    output = OfIndices([32])
    sp.compute(OfBits([30], [1, 2]), False, output)
    assert output.dimensions == [8, 4]
    assert output.assigned == [np.flatnonzero(fixed.dense).tolist()]  # once, for who watches it
    empty = OfBits([8, 4])
    empty.dense = None  # no value yet
    sp.compute(OfBits([30], [1, 2]), False, empty)
    assert empty.dense.ravel().tolist() == fixed.dense.tolist()


@pytest.mark.parametrize("kind", OTHERS)
def test_many_of_them(kind):
    patterns = [SDR((6, 5)).randomize(0.2, seed) for seed in (1, 2, 3)]
    wanted = small().compute_many(patterns)
    found = small().compute_many([kind((6, 5), each.sparse) for each in patterns])
    assert found == wanted


@pytest.mark.parametrize("kind", OTHERS)
def test_sdrs_take_their_values(kind):
    a, b = SDR((2, 5)).randomize(0.5, 1), SDR((2, 5)).randomize(0.5, 2)
    other = kind((2, 5), b.sparse)
    x = SDR((2, 5))
    assert SDR(other) == SDR(sdr=other) == b
    assert x.setSDR(other) == b == other
    assert a != other
    assert a.getOverlap(other) == a.getOverlap(b)
    assert x.union(a, other) == SDR((2, 5)).union(a, b)
    assert x.intersection([other, a]) == SDR((2, 5)).intersection(a, b)
    for arguments in ((other, a, 1), ([other, a], 1)):
        assert SDR((2, 10)).concatenate(*arguments) == SDR((2, 10)).concatenate(b, a, 1)
    with pytest.raises(ValueError, match=r"dimensions \[2, 5\], got \[5, 2\]"):
        a.setSDR(kind((5, 2)))
    assert (to_rows([other, a]).toarray() == [bits_of(b), bits_of(a)]).all()


@pytest.mark.parametrize("kind", OTHERS)
def test_metrics_count_them_and_cannot_watch_them(kind):
    ours, theirs = Metrics((4, 5), 3), Metrics((4, 5), 3)
    for seed in range(1, 6):
        sdr = SDR((4, 5)).randomize(0.3, seed)
        ours.addData(sdr)
        theirs.addData(sdr=kind((4, 5), sdr.sparse))
    assert str(ours) == str(theirs)
    for arguments in ({"dimensions": kind((4, 5))}, {"sdr": kind((4, 5))}):
        with pytest.raises(TypeError, match="test_any_sdr cannot be watched: give its dimensions"):
            Overlap(period=3, **arguments)


@pytest.mark.parametrize("kind", OTHERS)
def test_classifiers_learn_from_them(kind):
    models = [(Classifier(0.1), Predictor([1, 2], 0.1)) for _ in range(2)]
    for record in range(20):
        sdr = SDR(30).randomize(0.2, record % 4 + 1)
        for (classifier, predictor), pattern in zip(
            models, (sdr, kind([30], sdr.sparse)), strict=True
        ):
            classifier.learn(pattern, record % 4)
            predictor.learn(record, pattern, record % 4)
    assert models[0] == models[1]
    assert models[0][0].infer(sdr) == models[1][0].infer(kind([30], sdr.sparse))
    assert models[0][1].infer(sdr) == models[1][1].infer(kind([30], sdr.sparse))


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (np.zeros((6, 5)), TypeError, r"input must be an SDR, got numpy\.ndarray"),
        (fastsp.htm.Classifier(), TypeError, r"an SDR, got fastsp\.htm\.classifier\.Classifier"),
        ([1, 2], TypeError, "input must be an SDR, got list"),
        (OfIndices((6, 5), [30]), ValueError, "sparse must hold indices from 0 to 29"),
        (OfIndices("six"), TypeError, "dimensions of input must be integers"),
        (OfIndices((6, 0)), ValueError, "dimensions of input must be one or more"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_changes(other, error, message):
    sp, output = small(), SDR((8, 4)).randomize(0.2, 1)
    before = copy.deepcopy(sp), bits_of(output)
    with pytest.raises(error, match=message):
        sp.compute(other, True, output)
    assert (sp, bits_of(output)) == before


@pytest.mark.parametrize("learn", [1, 0, None, "yes", 1.0])
def test_learn_is_true_or_false(learn):
    sp, active = small(), SDR(32)
    for call in (lambda: sp.compute(SDR(30), learn, active), lambda: sp.compute_many([], learn)):
        with pytest.raises(TypeError, match="learn must be True or False, got"):
            call()
    assert sp.getIterationNum() == 0
    sp.compute(SDR(30), np.True_, active)
    assert sp.getIterationLearnNum() == 1


class Drawing:
    """A generator as htm.core has it."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def getUInt32(self, largest=2**32 - 1):  # noqa: N802
        return self._random.randrange(largest)


@pytest.mark.parametrize(
    "kind", [Drawing, random.Random, np.random.default_rng, np.random.RandomState]
)
@pytest.mark.parametrize("method", ["randomize", "addNoise", "killCells"])
def test_generators_draw(kind, method):
    def changed(generator):
        return getattr(SDR(1000).randomize(0.3, 1), method)(0.5, generator)

    generator = kind(77)
    first, second = changed(generator), changed(generator)
    assert first != second
    assert changed(kind(77)) == first
    assert changed(kind(99)) != first
    if method == "randomize":
        assert SDR(1000).randomize(0.5, rng=kind(77)) == first


def test_an_sdr_that_was_assigned_back_is_what_is_written_in_it():
    sdr, log = SDR((2, 3)), Log()
    sdr._watch(log)
    sdr.dense[1, 1] = 200
    sdr.dense = sdr.dense
    assert log.seen == [[4]]
    assert sdr.dense.tolist() == [[0, 0, 0], [0, 1, 0]]
    sdr.dense[0, 0] = 3
    sdr.dense = sdr.dense
    assert SDR(sdr).flatten().sparse.tolist() == sdr.flatten().sparse.tolist() == [0, 4]
    assert run(small(), 1)
