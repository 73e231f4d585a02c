"""What tests of SDRs and their pooler share."""

import copy

import numpy as np

from fastsp.htm import SDR, SpatialPooler

SMALL = {"inputDimensions": (6, 5), "columnDimensions": (8, 4), "potentialRadius": 3}
NUMBERS = ["?", "u1", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", "longdouble"]


class Log:
    """A watcher that remembers what it was shown."""

    def __init__(self):
        self.seen = []

    def _count(self, sdr):
        self.seen.append(sdr.sparse.tolist())


def bits_of(sdr):
    return sdr.dense.ravel().tolist()


def assert_views_agree(sdr, dimensions, bits):
    """Compare all that can be read of an SDR with its bits, in the order given and another."""
    bits = np.asarray(bits)
    on = np.flatnonzero(bits)
    for one in (sdr, copy.copy(sdr), SDR(sdr)):
        assert one.dimensions == list(dimensions)
        assert one.size == bits.size
        assert one.dense.dtype == np.uint8
        assert one.dense.shape == tuple(dimensions)
        np.testing.assert_array_equal(one.dense.ravel(), bits)
        assert one.sparse.dtype == np.uint32
        np.testing.assert_array_equal(one.sparse, on)
        assert len(one.coordinates) == len(dimensions)
        for axis, wanted in zip(one.coordinates, np.nonzero(bits.reshape(dimensions)), strict=True):
            assert axis.dtype == np.uint32
            np.testing.assert_array_equal(axis, wanted)
        assert one.getSum() == len(on)
        assert one.getSparsity() == len(on) / bits.size
        assert one == sdr


def small(**parameters):
    return SpatialPooler(**(SMALL | parameters))


def run(sp, n, seed=1):
    active, found = SDR(sp.getColumnDimensions()), []
    for i in range(n):
        pattern = SDR(sp.getInputDimensions()).randomize(0.2, 1000 * seed + i)
        sp.compute(pattern, True, active)
        found.append(active.sparse.tolist())
    return found
