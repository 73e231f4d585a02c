"""What programs read of a pooler's synapses."""

import numpy as np
import pytest
from sdrs import run, small


def test_synapses_are_those_of_the_getters():
    sp = small(synPermConnected=0.3)
    run(sp, 20)
    connections = sp.connections
    pool, permanences, counts = np.zeros(30, int), np.zeros(30, np.float32), np.zeros(32, int)
    sp.getConnectedCounts(counts)
    assert connections.numCells() == connections.numSegments() == 32
    assert connections.connectedThreshold == pytest.approx(0.3 - 1e-6)
    total, at_bits = 0, np.zeros(30, int)
    for column in range(32):
        assert connections.segmentsForCell(column) == [column]
        assert connections.cellForSegment(column) == column
        assert connections.numSegments(column) == 1
        sp.getPotential(column, pool)
        sp.getPermanence(column, permanences)
        bits = connections.presynapticCellsForSegment(segment=column)
        synapses = connections.synapsesForSegment(column)
        assert sorted(bits) == np.flatnonzero(pool).tolist()
        assert bits == [connections.presynapticCellForSynapse(each) for each in synapses]
        kept = [connections.permanenceForSynapse(each) for each in synapses]
        np.testing.assert_array_equal(np.array(kept, np.float32), permanences[bits])
        assert {connections.segmentForSynapse(each) for each in synapses} == {column}
        assert connections.numSynapses(column) == len(synapses)
        assert connections.numConnectedSynapses(column) == counts[column]
        total += len(synapses)
        at_bits[bits] += 1
    assert connections.numSynapses() == total
    assert [
        len(connections.synapsesForPresynapticCell(bit)) for bit in range(30)
    ] == at_bits.tolist()


def test_it_is_the_state_of_one_moment():
    sp = small()
    before = sp.connections
    kept = [before.permanenceForSynapse(each) for each in range(before.numSynapses())]
    sp.setPermanence(3, np.zeros(30, np.float32))
    assert sp.connections.numConnectedSynapses(3) == 0
    run(sp, 5)
    assert kept == [before.permanenceForSynapse(each) for each in range(before.numSynapses())]
    with pytest.raises(AttributeError):
        sp.connections = before


@pytest.mark.parametrize("method", ["numSynapses", "segmentsForCell", "permanenceForSynapse"])
def test_what_is_not_there_is_refused(method):
    ask = getattr(small().connections, method)
    for wrong, error in ((10**6, ValueError), (-1, ValueError), (0.5, TypeError)):
        with pytest.raises(error, match="must be"):
            ask(wrong)
