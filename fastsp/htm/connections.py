"""The synapses of a pooler, as programs written against htm.core read them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.htm.checks import RefusedValueError, check_integer


class Connections:
    """The synapses of a pooler at one moment, to be read.

    Cells are columns, and each has one segment, of the same number. The synapses of a segment stand
    one after the other; their numbers count those of all segments.

    It copies the arrays of an engine; a synapse is connected from the given permanence on.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], connected_from: np.float32) -> None:
        self._indptr, self._indices, self._permanences = (
            arrays[name].copy() for name in ("indptr", "indices", "permanences")
        )
        self._connected_from = connected_from

    @property
    def connectedThreshold(self) -> float:
        """The permanence from which on a synapse is connected."""
        return float(self._connected_from)

    def numCells(self) -> int:
        """Return the number of columns."""
        return len(self._indptr) - 1

    def numSegments(self, cell: int | None = None) -> int:
        """Return the number of segments, which is 1 for each column."""
        return self.numCells() if cell is None else len(self.segmentsForCell(cell))

    def numSynapses(self, segment: int | None = None) -> int:
        """Return the number of synapses, of a segment or of all."""
        if segment is None:
            return len(self._indices)
        return len(self.synapsesForSegment(segment))

    def numConnectedSynapses(self, segment: int) -> int:
        """Return how many synapses of a segment are connected."""
        permanences = self._permanences[self.synapsesForSegment(segment)]
        return int(np.count_nonzero(permanences >= self._connected_from))

    def segmentsForCell(self, cell: int) -> list[int]:
        """Return the segments of a column."""
        return [_below("cell", cell, self.numCells())]

    def cellForSegment(self, segment: int) -> int:
        """Return the column of a segment."""
        return _below("segment", segment, self.numCells())

    def synapsesForSegment(self, segment: int) -> list[int]:
        """Return the synapses of a segment."""
        column = self.cellForSegment(segment)
        return list(range(*self._indptr[column : column + 2].tolist()))

    def presynapticCellsForSegment(self, segment: int) -> list[int]:
        """Return the input bits of a segment, in the order of its synapses."""
        bits: list[int] = self._indices[self.synapsesForSegment(segment)].tolist()
        return bits

    def synapsesForPresynapticCell(self, cell: int) -> list[int]:
        """Return the synapses at an input bit."""
        bit = check_integer("cell", cell, 0)
        synapses: list[int] = np.flatnonzero(self._indices == bit).tolist()
        return synapses

    def segmentForSynapse(self, synapse: int) -> int:
        """Return the segment of a synapse."""
        number = _below("synapse", synapse, self.numSynapses())
        return int(np.searchsorted(self._indptr, number, side="right")) - 1

    def presynapticCellForSynapse(self, synapse: int) -> int:
        """Return the input bit of a synapse."""
        return int(self._indices[_below("synapse", synapse, self.numSynapses())])

    def permanenceForSynapse(self, synapse: int) -> float:
        """Return the permanence of a synapse."""
        return float(self._permanences[_below("synapse", synapse, self.numSynapses())])


def _below(name: str, value: int, bound: int) -> int:
    number = check_integer(name, value, 0)
    if number >= bound:
        raise RefusedValueError(f"{name} must be below {bound}, got {value!r}")
    return number
