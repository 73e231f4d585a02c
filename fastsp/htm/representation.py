"""Sparse distributed representations: bits, which of them are on, and where in space."""

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.htm.checks import (
    Dimensions,
    RefusedTypeError,
    RefusedValueError,
    check_dimensions,
    check_fraction,
    check_integer,
)
from fastsp.htm.seeds import random_numbers
from fastsp.htm.views import Value, as_sdr, is_sdr, one_of


class SDR(Value):
    """A sparse distributed representation: an array of bits, few of which are on.

    Its value has three views. Each can be read and assigned; one that is read is made from the
    others if need be, and kept until the next assignment. Arrays that an SDR hands out stay as they
    are when it takes another value. One that is written into must be assigned back, or the other
    views do not see the change: ``bits = sdr.dense; bits[3] = 1; sdr.dense = bits``.

    Parameters
    ----------
    dimensions : int, sequence of int, or SDR
        Length of each axis, from 1. A new SDR is all off; with an SDR given, the new one is a copy
        of it, dimensions and value.
    sdr : SDR
        Instead of `dimensions`: what to copy.

    Notes
    -----
    Wherever an SDR is read, one of another kind will do, such as that of an encoder of htm.core:
    any object with `dimensions` or `shape`, and with `sparse` or `dense`.

    Raises
    ------
    TypeError
        Where dimensions are not integers, or not exactly one of the parameters is given.
    ValueError
        Where a dimension is below 1, or there are more than 2**32 - 1 bits.

    Examples
    --------
    >>> sdr = SDR((3, 3))
    >>> sdr.sparse = [1, 4, 8]
    >>> sdr.dense
    array([[0, 1, 0],
           [0, 1, 0],
           [0, 0, 1]], dtype=uint8)
    >>> [axis.tolist() for axis in sdr.coordinates]
    [[0, 1, 2], [1, 1, 2]]
    >>> print(sdr.flatten())
    SDR( 9 ) 1, 4, 8
    """

    __slots__ = ()

    def __init__(
        self, dimensions: "Dimensions | SDR | None" = None, *, sdr: "SDR | None" = None
    ) -> None:
        source = one_of("dimensions", dimensions, sdr)
        if is_sdr(source):
            copied = as_sdr(source, "sdr")
            super().__init__(copied._dimensions)
            self._assign(*copied._copied())
        else:
            super().__init__(check_dimensions(source))

    def zero(self) -> Self:
        """Switch all bits off, and return the SDR."""
        return self._assign(None, np.empty(0, np.uint32))

    def setSDR(self, sdr: "SDR") -> Self:  # noqa: N802
        """Take the value of another SDR of the same dimensions, and return this one.

        Raises
        ------
        TypeError, ValueError
            Where `sdr` is no SDR, or its dimensions are others.
        """
        return self._assign(*self._like(sdr, "sdr")._copied())

    def getOverlap(self, sdr: "SDR") -> int:  # noqa: N802
        """Return the number of bits that are on in both SDRs; errors as of `setSDR`."""
        return int(np.count_nonzero(self._flat() & self._like(sdr, "sdr")._flat()))

    def randomize(self, sparsity: float, seed: Any = 0, *, rng: Any = None) -> Self:
        """Switch a random choice of bits on and all others off, and return the SDR.

        Parameters
        ----------
        sparsity : float
            Share of bits that are on, in [0, 1]; their number is rounded, halves up.
        seed : int or generator
            At least 0. The same seed chooses the same bits; 0 draws a seed. A random generator, of
            Python, NumPy or htm.core, is asked for one.
        rng : generator, optional
            Instead of `seed`.

        Raises
        ------
        TypeError, ValueError
            Where a parameter is of another type, or out of its range.
        """
        n_on = _share(check_fraction("sparsity", sparsity), self._size)
        chosen = random_numbers(seed if rng is None else rng).permutation(self._size)[:n_on]
        return self._assign(None, np.sort(chosen).astype(np.uint32))

    def addNoise(self, fractionNoise: float, seed: Any = 0) -> Self:  # noqa: N802
        """Move a share of the on-bits to places that were off, and return the SDR.

        Parameters
        ----------
        fractionNoise : float
            Share of on-bits that are moved, in [0, 1]; their number is rounded, halves up.
        seed : int or generator
            As of `randomize`. The same seed moves the same bits of the same value.

        Raises
        ------
        TypeError, ValueError
            As of `randomize`, and where there are fewer off-bits than are to move.
        """
        on = self.sparse
        n_moved = _share(check_fraction("fractionNoise", fractionNoise), len(on))
        n_off = self._size - len(on)
        if n_moved > n_off:
            raise RefusedValueError(
                f"fractionNoise must move no more bits than the {n_off} that are off, "
                f"got {fractionNoise!r}"
            )
        random = random_numbers(seed)
        bits = self._flat().copy()
        off = np.flatnonzero(bits == 0)
        bits[random.permutation(on)[:n_moved]] = 0
        bits[random.permutation(off)[:n_moved]] = 1
        return self._assign(bits, None)

    def killCells(self, fraction: float, seed: Any = 0) -> Self:  # noqa: N802
        """Switch a random choice of bits off, whether they are on or not, and return the SDR.

        Parameters
        ----------
        fraction : float
            Share of all bits, in [0, 1]; their number is rounded, halves up.
        seed : int or generator
            As of `randomize`, errors too. The same seed chooses the same bits, whatever is on.
        """
        n_dead = _share(check_fraction("fraction", fraction), self._size)
        dead = random_numbers(seed).permutation(self._size)[:n_dead]
        bits = self._flat().copy()
        bits[dead] = 0
        return self._assign(bits, None)

    def reshape(self, dimensions: Dimensions) -> Self:
        """Give the SDR other dimensions that hold as many bits, and return it.

        The value stays: its bits, in the order of the flat array.

        Raises
        ------
        TypeError, ValueError
            Where dimensions are not integers, or hold another number of bits.
        """
        axes = check_dimensions(dimensions)
        if math.prod(axes) != self._size:
            raise RefusedValueError(f"dimensions must hold {self._size} bits, got {list(axes)}")
        if self._sparse is None:
            self._flat()  # of an array that was assigned back
        self._dimensions, self._dense, self._coordinates = axes, None, None
        return self

    def flatten(self) -> Self:
        """Give the SDR a single dimension, and return it."""
        return self.reshape(self._size)

    def intersection(self, inputs: "SDR | Sequence[SDR]", input2: "SDR | None" = None) -> Self:
        """Switch those bits on that are on in all inputs, and return the SDR.

        Parameters
        ----------
        inputs, input2 : SDR, SDR or a sequence of SDRs
            Of the dimensions of this SDR, which may be among them.

        Raises
        ------
        TypeError, ValueError
            Where there is no input, one is no SDR, or its dimensions are others.
        """
        on = self._flats(inputs, input2)
        return self._assign(np.bitwise_and.reduce(on), None)

    def union(self, inputs: "SDR | Sequence[SDR]", input2: "SDR | None" = None) -> Self:
        """Switch those bits on that are on in any input, and return the SDR.

        Parameters and errors as of `intersection`.
        """
        on = self._flats(inputs, input2)
        return self._assign(np.bitwise_or.reduce(on), None)

    def concatenate(
        self,
        input1: "SDR | Sequence[SDR] | None" = None,
        input2: "SDR | int | None" = None,
        axis: int = 0,
        *,
        inputs: "Sequence[SDR] | None" = None,
    ) -> Self:
        """Take the values of several SDRs, one after the other along an axis; return the SDR.

        Parameters
        ----------
        input1, input2 : SDR, SDR or a sequence of SDRs
            After a sequence, the second argument may be the axis.
        axis : int
            Along it lengths add up to that of this SDR; all other dimensions are the same.
        inputs : sequence of SDRs
            Instead of `input1` and `input2`.

        Raises
        ------
        TypeError
            Where an input is no SDR, there are fewer than two, or axis is below 0 or no integer.
        ValueError
            Where axis is none of this SDR, or dimensions do not fit.
        """
        if isinstance(input2, int) and not is_sdr(input1):
            axis, input2 = input2, None
        sdrs = _as_list(input1 if inputs is None else inputs, input2)
        if len(sdrs) < 2:
            raise RefusedTypeError(f"inputs must be at least two SDRs, got {len(sdrs)}")
        n_axes = len(self._dimensions)
        if check_integer("axis", axis, -n_axes) < 0:
            raise RefusedTypeError(f"axis must be at least 0, got {axis}")
        if axis >= n_axes:
            raise RefusedValueError(f"axis must be below {n_axes}, got {axis}")
        shapes = [sdr._dimensions for sdr in sdrs]
        if {len(shape) for shape in shapes} != {n_axes}:
            raise RefusedValueError(f"inputs must have {n_axes} dimensions, got {shapes}")
        wanted = list(self._dimensions)
        for shape in shapes:
            joined = list(shape)
            joined[axis] = sum(each[axis] for each in shapes)
            if joined != wanted:
                raise RefusedValueError(
                    f"inputs must add up to {wanted} along axis {axis}, got {shapes}"
                )
        bits = np.concatenate([sdr.dense for sdr in sdrs], axis=axis)
        return self._assign(bits.reshape(self._size), None)

    def __eq__(self, other: object) -> bool:
        if not is_sdr(other):
            return NotImplemented
        sdr = as_sdr(other, "other")
        return self._dimensions == sdr._dimensions and np.array_equal(self.sparse, sdr.sparse)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        on = ", ".join(map(str, self.sparse.tolist()))
        return f"SDR( {', '.join(map(str, self._dimensions))} ) {on}".rstrip()

    __repr__ = __str__

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.dimensions, self.sparse)

    def _like(self, sdr: Any, name: str) -> Value:
        given = as_sdr(sdr, name)
        if given._dimensions != self._dimensions:
            raise RefusedValueError(
                f"{name} must have dimensions {self.dimensions}, got {given.dimensions}"
            )
        return given

    def _flats(self, inputs: Any, input2: Any) -> list[NDArray[np.uint8]]:
        return [self._like(sdr, "inputs")._flat() for sdr in _as_list(inputs, input2)]


def _share(fraction: float, number: int) -> int:
    return math.floor(fraction * number + 0.5)


def _as_list(inputs: Any, input2: Any) -> list[Value]:
    if is_sdr(inputs):
        sdrs = [inputs] if input2 is None else [inputs, input2]
    elif input2 is not None:
        raise TypeError(f"inputs must be an SDR where a second is given, got {inputs!r}")
    elif not isinstance(inputs, Sequence):
        raise TypeError(f"inputs must be SDRs, got {inputs!r}")
    else:
        sdrs = list(inputs)
    if not sdrs:
        raise RefusedValueError("inputs must hold at least one SDR")
    return [as_sdr(sdr, "inputs") for sdr in sdrs]


def _restore(kind: type[SDR], dimensions: list[int], sparse: NDArray[np.uint32]) -> SDR:
    """Make an SDR of its pickle."""
    sdr = kind(dimensions)
    sdr.sparse = sparse
    return sdr
