"""What can be said of the values that an SDR takes, counted as they come."""

import copy
import math
from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.htm.checks import (
    Dimensions,
    RefusedValueError,
    check_dimensions,
    check_fraction,
    check_integer,
)
from fastsp.htm.representation import SDR
from fastsp.htm.views import Value, as_sdr, is_sdr, one_of

F = np.float32
_ANY_MEAN = F(1234.567)
"""The first number, of weight 1, leaves nothing of the mean before it but a rounding, which is at
most 0.0001. With this one it is the rounding of htm.core, so that the same figures are printed."""


class Figure(float):
    """A number that can be called as well, because some programs read it and others call it."""

    __slots__ = ()

    def __call__(self) -> float:
        """Return the number."""
        return float(self)


class Moments:
    """Least, greatest, mean and standard deviation of numbers that come one by one.

    The latter two are plain while there are no more than `period` numbers, and then exponential
    moving averages with that time constant, in float32. NaN before the first number.
    """

    def __init__(self, period: int) -> None:
        self.period = period
        self.n = 0
        self.min = self.max = math.nan
        self.mean = self.variance = F(math.nan)

    @property
    def std(self) -> float:
        """Return the root of the variance, in float32."""
        return float(np.sqrt(self.variance))

    def add(self, value: float) -> None:
        """Count a number."""
        self.n += 1
        if self.n == 1:
            self.min = self.max = value
            self.mean, self.variance = _ANY_MEAN, F(0)
        weight = F(1) / F(min(self.n, self.period))
        difference = F(value) - self.mean
        step = weight * difference
        self.mean = self.mean + step
        self.variance = (F(1) - weight) * (self.variance + difference * step)
        self.min, self.max = min(self.min, value), max(self.max, value)


class Metric(ABC):
    """What counts the values of an SDR; see `Metrics` for the parameters."""

    def __init__(
        self,
        dimensions: Dimensions | SDR | None = None,
        period: int | None = None,
        *,
        sdr: SDR | None = None,
    ) -> None:
        source = one_of("dimensions", dimensions, sdr)
        if is_sdr(source) and not isinstance(source, SDR):
            raise TypeError(
                f"an SDR of {type(source).__module__} cannot be watched: give its dimensions, and "
                "its values to addData"
            )
        self._period = check_integer("period", period, 1)
        self._samples = 0
        self._watches = isinstance(source, SDR)
        self._dimensions = source._dimensions if self._watches else check_dimensions(source)
        self._begin()
        if self._watches:
            source._watch(self)

    @property
    def dimensions(self) -> list[int]:
        """Dimensions of the SDRs."""
        return list(self._dimensions)

    @property
    def period(self) -> int:
        """Time constant of averages, in values."""
        return self._period

    @property
    def samples(self) -> int:
        """Number of values counted so far."""
        return self._samples

    def addData(self, sdr: SDR) -> None:  # noqa: N802
        """Count the value of an SDR, which has the dimensions given at the beginning.

        Raises
        ------
        TypeError, ValueError
            Where `sdr` is none, or of others, or an SDR is watched, which counts by itself.
        """
        value = as_sdr(sdr, "sdr")
        if self._watches:
            raise RefusedValueError(
                f"sdr must be assigned to the SDR that this {type(self).__name__} watches"
            )
        if value._dimensions != self._dimensions:
            raise RefusedValueError(
                f"sdr must have dimensions {self.dimensions}, got {value.dimensions}"
            )
        self._count(value)

    def _count(self, sdr: Value) -> None:
        self._samples += 1
        self._add(sdr)

    @abstractmethod
    def _begin(self) -> None:
        """Set up what `_add` counts in."""

    @abstractmethod
    def _add(self, sdr: Value) -> None:
        """Count the value of an SDR, of the right size."""

    @abstractmethod
    def __str__(self) -> str:
        """Return figures of six digits, in a line of their own where they are not alike."""

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        # No SDR watches over a copy.
        return {**self.__dict__, "_watches": False}


class _Figures(Metric):
    """A metric that sums up in four figures."""

    _moments: Any
    _name: ClassVar[str]

    @property
    def min(self) -> Figure:
        """The least so far, or NaN; of the bits, where each has its number."""
        return Figure(self._moments.min)

    @property
    def max(self) -> Figure:
        """The greatest so far, or NaN; of the bits, where each has its number."""
        return Figure(self._moments.max)

    @property
    def mean(self) -> Figure:
        """Mean, or exponential moving average, or NaN; over bits, where each has its number."""
        return Figure(self._moments.mean)

    @property
    def std(self) -> Figure:
        """Standard deviation of the same, or NaN."""
        return Figure(self._moments.std)

    def _begin(self) -> None:
        self._moments = Moments(self._period)

    def __str__(self) -> str:
        figures = " / ".join(f"{F(each):g}" for each in (self.min, self.mean, self.std, self.max))
        return f"{self._name} Min/Mean/Std/Max {figures}"


class Sparsity(_Figures):
    """The share of bits that are on.

    See `Metrics` for the parameters.

    Examples
    --------
    >>> sdr = SDR(10)
    >>> sparsity = Sparsity(sdr, period=100)
    >>> for n_on in (1, 2, 3):
    ...     sdr.sparse = range(n_on)
    >>> sparsity.sparsity, sparsity.min(), round(sparsity.mean(), 3)
    (0.3, 0.1, 0.2)
    """

    _name = "Sparsity"

    def _begin(self) -> None:
        super()._begin()
        self._sparsity = math.nan

    @property
    def sparsity(self) -> float:
        """That of the last value, or NaN."""
        return self._sparsity

    def _add(self, sdr: Value) -> None:
        self._sparsity = sdr.getSparsity()
        self._moments.add(self._sparsity)


class ActivationFrequency(_Figures):
    """How often each bit is on.

    Parameters
    ----------
    dimensions, period, sdr
        As of `Metrics`.
    initialValue : float, optional
        In [0, 1]: where all averages begin, which are exponential from the first value on. With -1
        they begin as plain means.

    Examples
    --------
    >>> sdr = SDR(2)
    >>> frequency = ActivationFrequency(sdr, period=100)
    >>> for bits in ([0, 1], [1, 1]):
    ...     sdr.dense = bits
    >>> frequency.activationFrequency
    array([0.5, 1. ])
    """

    _name = "Activation Frequency"

    def __init__(
        self,
        dimensions: Dimensions | SDR | None = None,
        period: int | None = None,
        initialValue: float = -1,
        *,
        sdr: SDR | None = None,
    ) -> None:
        begins = initialValue == -1
        self._initial = None if begins else check_fraction("initialValue", initialValue)
        super().__init__(dimensions, period, sdr=sdr)

    def _begin(self) -> None:
        self._frequency = np.full(math.prod(self._dimensions), self._initial or 0.0)

    @property
    def _moments(self) -> Any:
        f = self._frequency
        return SimpleNamespace(min=f.min(), max=f.max(), mean=f.mean(), std=f.std())

    @property
    def activationFrequency(self) -> NDArray[np.float64]:  # noqa: N802
        """Of each bit in the order of the flat array, (size,), in [0, 1]: a copy."""
        return self._frequency.copy()

    @property
    def entropy(self) -> Figure:
        """Mean binary entropy of bits, as the share of what it would be if all were alike.

        1 where all bits are on equally often; 0 where each is always on or never.
        """
        most = float(_binary_entropy(np.atleast_1d(self._frequency.mean()))[0])
        return Figure(_binary_entropy(self._frequency).mean() / most if most else 0.0)

    def _add(self, sdr: Value) -> None:
        frequency, on = self._frequency, sdr.sparse
        n = self._period if self._initial is not None else min(self._samples, self._period)
        weight = 1 / n
        frequency *= 1 - weight
        frequency[on] = np.minimum(frequency[on] + weight, 1)  # not above by a rounding

    def __str__(self) -> str:
        return f"{super().__str__()}\nEntropy {self.entropy:g}"


class Overlap(_Figures):
    """The share of on-bits that a value has in common with the value before.

    It is the number of common on-bits by that of the value that has more; 1 between two values
    without on-bits. See `Metrics` for the parameters.

    Examples
    --------
    >>> sdr = SDR(10)
    >>> overlap = Overlap(sdr, period=100)
    >>> for on in ([1, 2, 3, 4], [1, 2, 3, 9]):
    ...     sdr.sparse = on
    >>> overlap.overlap
    0.75
    """

    _name = "Overlap"

    def _begin(self) -> None:
        super()._begin()
        self._overlap = math.nan
        self._before: SDR | None = None

    @property
    def overlap(self) -> float:
        """That of the last two values, or NaN."""
        return self._overlap

    def reset(self) -> None:
        """Forget the value before: a new sequence begins."""
        self._before = None

    def _add(self, sdr: Value) -> None:
        before, now = self._before, SDR(sdr._size)
        now._assign(*sdr._copied())
        self._before = now
        if before is None:
            return
        most = max(before.getSum(), now.getSum())
        self._overlap = before.getOverlap(now) / most if most else 1.0
        self._moments.add(self._overlap)


class Metrics(Metric):
    """`Sparsity`, `ActivationFrequency` and `Overlap` of the same SDR.

    Parameters
    ----------
    dimensions : SDR, int or sequence of int
        An SDR to watch: each value assigned to it is counted, until it or the metric is gone. Or
        dimensions; then `addData` counts.
    period : int
        Time constant of averages, in values, from 1. Fewer values have plain means.
    sdr : SDR
        Instead of `dimensions`: what to watch.

    Raises
    ------
    TypeError, ValueError
        Where a parameter is of another type, or out of its range.

    Attributes
    ----------
    sparsity : Sparsity
    activationFrequency : ActivationFrequency
    overlap : Overlap

    Examples
    --------
    >>> sdr = SDR(10)
    >>> metrics = Metrics(sdr, period=100)
    >>> for on in ([1, 2], [2, 3]):
    ...     sdr.sparse = on
    >>> print(metrics)
    SDR( 10 )
        Sparsity Min/Mean/Std/Max 0.2 / 0.199976 / 2.44156e-05 / 0.2
        Activation Frequency Min/Mean/Std/Max 0 / 0.2 / 0.331662 / 1
        Entropy 0.277036
        Overlap Min/Mean/Std/Max 0.5 / 0.5 / 0 / 0.5
    """

    def _begin(self) -> None:
        self.sparsity = Sparsity(self._dimensions, self._period)
        self.activationFrequency = ActivationFrequency(self._dimensions, self._period)
        self.overlap = Overlap(self._dimensions, self._period)

    def reset(self) -> None:
        """Forget the value before, for the overlap: a new sequence begins."""
        self.overlap.reset()

    def _parts(self) -> tuple[Metric, ...]:
        return self.sparsity, self.activationFrequency, self.overlap

    def _add(self, sdr: Value) -> None:
        for metric in self._parts():
            metric._count(sdr)

    def __str__(self) -> str:
        lines = "\n".join(map(str, self._parts())).replace("\n", "\n    ")
        return f"SDR( {' '.join(map(str, self._dimensions))} )\n    {lines}"


def _binary_entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy in bits of coins that show heads with chances p."""
    entropy = np.zeros_like(p)
    for chances in (p, 1 - p):
        some = chances > 0
        entropy[some] -= chances[some] * np.log2(chances[some])
    return entropy
