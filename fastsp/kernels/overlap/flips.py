"""Changes of the overlap index: synapses that became connected, or ceased to be."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Step, at, call
from fastsp.kernels.jit import kernel, step
from fastsp.kernels.state import Synapses

FLIPS_AHEAD = 8
"""Prefetch distance."""


class Flips(NamedTuple):
    """Synapses that became connected or ceased to be, on their way into the index."""

    columns: NDArray[np.int64]
    synapses: NDArray[np.int64]
    """Positions in the arrays of `Synapses`."""


class Flipping(NamedTuple):
    """What flips are entered with."""

    index: Any
    """`ConnectedBits` or `ConnectedLists`"""
    flips: Flips
    synapses: Synapses
    threshold: float
    connected_counts: NDArray[np.int32]
    """(C,) how many synapses of each column are connected; (0,) where that is not needed"""


class Filling(NamedTuple):
    """What a new index is filled from."""

    synapses: Synapses
    threshold: float
    flips: Flips
    enter: Step
    """(n,): enter the first `n` flips into the index. A synapse is connected from now on where its
    permanence is at least the threshold; it was the opposite before"""


@step
def fill_index(block: Filling) -> int:
    """Enter all connected synapses into an index, which is empty before."""
    own = at(block)
    synapses, flips, threshold = own.synapses, own.flips, np.float32(own.threshold)
    n = 0
    for column in range(synapses.indptr.size - 1):
        for i in range(synapses.indptr[column], synapses.indptr[column + 1]):
            flips.columns[n] = column
            flips.synapses[n] = i
            n += int(synapses.permanences[i] >= threshold)
            if n == flips.columns.size:
                call(own.enter, (n,))
                n = 0
    call(own.enter, (n,))
    return 0


@kernel
def count_flip(connected_counts: NDArray[np.int32], column: int, connected: bool) -> None:
    """Keep the number of connected synapses of `column` in step, where there are numbers."""
    if connected_counts.size > 0:
        connected_counts[column] += np.int32(1 if connected else -1)
