"""One value of many bits, seen in three ways."""

import math
import weakref
from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastsp.htm.checks import check_coordinates, check_dense, check_sparse


class Watcher(Protocol):
    """What wants to see each value that is assigned."""

    def _count(self, sdr: Any) -> None: ...


class Value:
    """Bits in an array of some dimensions, and three views of them that convert when they are read.

    `SDR` says how they are used.
    """

    __slots__ = (
        "__weakref__",
        "_bits",
        "_coordinates",
        "_dense",
        "_dimensions",
        "_size",
        "_sparse",
        "_watchers",
    )

    # One of the first two is always there; the others are made of them. `_dense` is `_bits` in the
    # shape of the dimensions.
    _bits: NDArray[np.uint8] | None
    _sparse: NDArray[np.uint32] | None
    _dense: NDArray[np.uint8] | None
    _coordinates: list[NDArray[np.uint32]] | None

    def __init__(self, dimensions: tuple[int, ...]) -> None:
        self._watchers: list[weakref.ref[Watcher]] = []
        self._dimensions = dimensions
        self._size = math.prod(dimensions)
        self._assign(None, np.empty(0, np.uint32))

    @property
    def dimensions(self) -> list[int]:
        """Length of each axis."""
        return list(self._dimensions)

    @property
    def size(self) -> int:
        """Number of bits."""
        return self._size

    @property
    def dense(self) -> NDArray[np.uint8]:
        """All bits, 0 or 1, as an array of the dimensions, uint8.

        Takes numbers of any type, as an array of the dimensions or flat. They are taken for bytes,
        of which those that are not zero are on: 0.9 and 256 are off, 1.5 and -1 on.
        """
        if self._dense is None:
            self._dense = self._flat().reshape(self._dimensions)
        return self._dense

    @dense.setter
    def dense(self, value: ArrayLike) -> None:
        self._assign(check_dense(value, self._dimensions), None)

    @property
    def sparse(self) -> NDArray[np.uint32]:
        """Indices of the on-bits in the flat array, ascending, (k,) uint32.

        Takes integers from 0 to size - 1, ascending, each once.
        """
        if self._sparse is None:
            self._sparse = np.flatnonzero(self._bits).astype(np.uint32)  # type: ignore[arg-type]
        return self._sparse

    @sparse.setter
    def sparse(self, value: ArrayLike) -> None:
        self._assign(None, check_sparse(value, self._size))

    @property
    def coordinates(self) -> list[NDArray[np.uint32]]:
        """Where the on-bits are along each axis: for each dimension an array (k,), uint32.

        Takes as many lists of integers, all as long, in the order of the flat array.
        """
        if self._coordinates is None:
            places = np.unravel_index(self.sparse, self._dimensions)
            self._coordinates = [axis.astype(np.uint32) for axis in places]
        return list(self._coordinates)

    @coordinates.setter
    def coordinates(self, value: Sequence[ArrayLike]) -> None:
        self._assign(None, check_coordinates(value, self._dimensions))

    # For poolers, which read and assign at every cycle.

    def _flat(self) -> NDArray[np.uint8]:
        """Return the bits, (size,), 0 or 1, contiguous: not a copy, to be read only."""
        if self._bits is None:
            self._bits = np.zeros(self._size, np.uint8)
            self._bits[self._sparse] = 1
        return self._bits

    def _take(self, indices: NDArray[np.uint32] | NDArray[np.int32]) -> None:
        """Assign indices that are known to be right, and keep the array itself, not a copy.

        Parameters
        ----------
        indices : (k,) uint32 or int32, contiguous
            Strictly ascending, from 0 to size - 1, which is not checked. Nobody else may write
            into it.
        """
        self._bits = self._dense = self._coordinates = None
        self._sparse = indices.view(np.uint32)
        if self._watchers:
            self._tell()

    def _watch(self, watcher: Watcher) -> None:
        """Show all values that are assigned from now on to a watcher, as long as it lives."""
        # The list keeps nobody alive: neither the watcher nor, by its callback, the SDR.
        self._watchers.append(weakref.ref(watcher, self._watchers.remove))

    def _tell(self) -> None:
        for reference in tuple(self._watchers):
            watcher = reference()
            if watcher is not None:
                watcher._count(self)

    def _assign(self, bits: NDArray[np.uint8] | None, sparse: NDArray[np.uint32] | None) -> Self:
        """Take a value in one form or both, arrays that belong to this SDR alone."""
        self._bits, self._sparse, self._dense, self._coordinates = bits, sparse, None, None
        if self._watchers:
            self._tell()
        return self

    def _copied(self) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint32] | None]:
        # The indices are fewer than the bits, where both are there.
        if self._sparse is not None:
            return None, self._sparse.copy()
        return self._flat().copy(), None
