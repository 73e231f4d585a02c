"""Programs that mix, where htm.core is installed."""

import re
from pathlib import Path

import numpy as np
import pytest

from fastsp.htm import Metrics, SpatialPooler, from_htm_core
from fastsp.htm import sdr as ours

sdr = pytest.importorskip("htm.bindings.sdr")
algorithms = pytest.importorskip("htm.bindings.algorithms")
PAGE = Path(__file__).parents[2] / "docs" / "htm.md"


def patterns(n, size=50):
    return [sdr.SDR(size).randomize(0.1, seed) for seed in range(1, n + 1)]


def test_the_program_on_the_page(capsys):
    (program,) = (
        each
        for each in re.findall(r"```py\n(.*?)```", PAGE.read_text(), re.S)
        if "TemporalMemory" in each
    )
    exec(program, {})
    assert capsys.readouterr().out.strip() == program.rpartition("# ")[2].strip()


def test_a_pooler_taken_over_goes_on_with_their_sdrs():
    theirs = algorithms.SpatialPooler([50], [100], 50, localAreaDensity=0.1, synPermConnected=0.2)
    active, found = sdr.SDR(100), sdr.SDR(100)
    for pattern in patterns(60):
        theirs.compute(pattern, True, active)
    mine = from_htm_core(theirs)
    counted, watched = Metrics([100], 99), sdr.Metrics(found, 99)
    for pattern in patterns(60):
        overlaps = theirs.compute(pattern, True, active)
        np.testing.assert_array_equal(mine.compute(pattern, True, found), overlaps)
        assert found == active
        counted.addData(found)
    assert mine.connections.numSynapses() == theirs.connections.numSynapses()
    assert mine.connections.connectedThreshold == theirs.connections.connectedThreshold
    assert str(counted.overlap) == str(watched.overlap)
    assert str(counted.sparsity) == str(watched.sparsity)


@pytest.mark.parametrize("of_one_kind", [True, False])
def test_sdrs_join(of_one_kind):
    a, b = patterns(2)
    mine = a if of_one_kind else ours.SDR(a)
    theirs = sdr.SDR(100).concatenate(a, b)
    assert ours.SDR(100).concatenate([mine, b]).sparse.tolist() == theirs.sparse.tolist()
    assert ours.SDR(50).union(mine, b).sparse.tolist() == sdr.SDR(50).union(a, b).sparse.tolist()
    assert ours.SDR(b) == b


def test_classifiers_taken_over_go_on_alike():
    classifier, predictor = algorithms.Classifier(0.1), algorithms.Predictor([1, 3], 0.1)
    for record, pattern in enumerate(patterns(5) * 4):
        classifier.learn(pattern, record % 5)
        predictor.learn(record, pattern, record % 5)
    mine, other = from_htm_core(classifier), from_htm_core(predictor)
    for record, pattern in enumerate(patterns(5) * 4, 20):
        np.testing.assert_allclose(mine.infer(pattern), classifier.infer(pattern), rtol=1e-6)
        for step, chances in predictor.infer(pattern).items():
            np.testing.assert_allclose(other.infer(pattern)[step], chances, rtol=1e-6)
        for each in (mine, classifier):
            each.learn(pattern, [record % 7, 1])
        for each in (other, predictor):
            each.learn(record, pattern, record % 7)


def test_their_generators_draw():
    random = pytest.importorskip("htm.bindings.math").Random
    assert ours.SDR(99).randomize(0.5, random(7)) == ours.SDR(99).randomize(0.5, rng=random(7))


def test_their_encoders_feed_a_pooler():
    encoders = pytest.importorskip("htm.bindings.encoders")
    parameters = encoders.ScalarEncoderParameters()
    parameters.minimum, parameters.maximum, parameters.size = 0, 10, 300
    parameters.activeBits = 21
    encoder = encoders.ScalarEncoder(parameters)
    pooler = SpatialPooler([300], [256], 300, globalInhibition=True)
    active, codes = sdr.SDR([256]), []
    for value in (1.0, 1.1, 9.0):
        pooler.compute(encoder.encode(value), False, active)
        codes.append(sdr.SDR(active))
    assert codes[0].getOverlap(codes[1]) > codes[0].getOverlap(codes[2])
