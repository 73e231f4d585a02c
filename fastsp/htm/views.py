"""One value of many bits, seen in three ways."""

import math
import weakref
from collections.abc import Sequence
from types import BuiltinFunctionType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastsp.htm.checks import check_coordinates, check_dense, check_dimensions, check_sparse


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
    # shape of the dimensions. Or `_dense` alone is there, where it has been assigned back.
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
        The array that was read is taken without a copy.
        """
        if self._dense is None:
            self._dense = self._flat().reshape(self._dimensions)
        return self._dense

    @dense.setter
    def dense(self, value: ArrayLike) -> None:
        if self._dense is None or value is not self._dense or not self._dense.flags.writeable:
            self._assign(check_dense(value, self._dimensions), None)
            return
        self._bits = self._sparse = self._coordinates = None
        if self._watchers:
            self._tell()

    @property
    def sparse(self) -> NDArray[np.uint32]:
        """Indices of the on-bits in the flat array, ascending, (k,) uint32.

        Takes a sequence or set of integers from 0 to size - 1, in any order; those that are
        repeated count once.
        """
        if self._sparse is None:
            self._sparse = np.flatnonzero(self._flat()).astype(np.uint32)
        return self._sparse

    @sparse.setter
    def sparse(self, value: ArrayLike) -> None:
        self._assign(None, check_sparse(value, self._size))

    @property
    def coordinates(self) -> list[NDArray[np.uint32]]:
        """Where the on-bits are along each axis: for each dimension an array (k,), uint32.

        Takes as many lists of integers, all as long.
        """
        if self._coordinates is None:
            places = np.unravel_index(self.sparse, self._dimensions)
            self._coordinates = [axis.astype(np.uint32) for axis in places]
        return list(self._coordinates)

    @coordinates.setter
    def coordinates(self, value: Sequence[ArrayLike]) -> None:
        self._assign(None, check_coordinates(value, self._dimensions))

    def getSum(self) -> int:  # noqa: N802
        """Return the number of on-bits."""
        if self._sparse is not None:
            return len(self._sparse)
        return int(np.count_nonzero(self._flat()))

    def getSparsity(self) -> float:  # noqa: N802
        """Return the share of bits that are on, in [0, 1]."""
        return self.getSum() / self._size

    # For poolers, which read and assign at every cycle.

    def _flat(self) -> NDArray[np.uint8]:
        """Return the bits, (size,), 0 or 1, contiguous: not a copy, to be read only."""
        if self._bits is None and self._dense is not None:
            np.not_equal(self._dense, 0, out=self._dense.view(bool))
            self._bits = self._dense.reshape(self._size)
        elif self._bits is None:
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


def is_sdr(value: Any) -> bool:
    """Return whether `value` is an SDR, of this package or another."""
    return isinstance(value, Value) or (
        (hasattr(value, "dimensions") or hasattr(value, "shape"))
        and (hasattr(value, "sparse") or hasattr(value, "dense"))
    )


def as_sdr(sdr: Any, name: str) -> Value:
    """Return `sdr` itself, or one of its value where it is of another kind.

    Raises
    ------
    TypeError, ValueError
        Where it is none, or what it says of itself does not fit together.
    """
    if isinstance(sdr, Value):
        return sdr
    same = Value(axes_of(sdr, name))
    sparse = getattr(sdr, "sparse", None)
    if sparse is None:
        same.dense = getattr(sdr, "dense", None)  # type: ignore[assignment]
    else:
        same.sparse = sparse
    return same


def axes_of(sdr: Any, name: str) -> tuple[int, ...]:
    """Return the dimensions of an SDR; errors as of `as_sdr`."""
    if isinstance(sdr, Value):
        return sdr._dimensions
    if not is_sdr(sdr):
        kind = f"{type(sdr).__module__}.{type(sdr).__qualname__}".removeprefix("builtins.")
        raise TypeError(f"{name} must be an SDR, got {kind}")
    axes = sdr.dimensions if hasattr(sdr, "dimensions") else sdr.shape
    return check_dimensions(axes, f"dimensions of {name}")


def give(sdr: Any, active: NDArray[np.int32]) -> None:
    """Assign indices, as of `Value._take`, to an SDR of any kind."""
    if isinstance(sdr, Value):
        sdr._take(active)
    elif hasattr(sdr, "sparse"):
        # Compiled setters read lists ten times as fast; others may keep what they are given.
        setter = getattr(getattr(type(sdr), "sparse", None), "fset", None)
        as_list = isinstance(setter, BuiltinFunctionType)
        sdr.sparse = active.tolist() if as_list else active.view(np.uint32)
    else:
        bits = np.zeros(axes_of(sdr, "output"), np.uint8)
        bits.flat[active] = 1
        sdr.dense = bits


def one_of(name: str, value: Any, sdr: Any) -> Any:
    """Return `sdr`, an SDR of any kind, or else `value`: just one of them is given."""
    if (value is None) == (sdr is None):
        raise TypeError(f"give either {name} or sdr")
    if sdr is not None:
        as_sdr(sdr, "sdr")
    return value if sdr is None else sdr
