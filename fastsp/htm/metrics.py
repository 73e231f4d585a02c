"""What can be said of the values that an SDR takes, counted as they come."""

import copy
import math
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.htm.checks import Dimensions, RefusedValueError, check_dimensions, check_integer
from fastsp.htm.representation import SDR, check_sdr, one_of


class Figure(float):
    """A number that can be called as well, because some programs read it and others call it."""

    __slots__ = ()

    def __call__(self) -> float:
        """Return the number."""
        return float(self)


class Moments:
    """Least, greatest, mean and standard deviation of numbers that come one by one.

    The latter two are plain while there are no more than `period` numbers, and then exponential
    moving averages with that time constant. NaN before the first number.
    """

    def __init__(self, period: int) -> None:
        self.period = period
        self.n = 0
        self.least = self.greatest = self.mean = self.variance = math.nan

    def add(self, value: float) -> None:
        """Count a number."""
        self.n += 1
        if self.n == 1:
            self.least = self.greatest = self.mean = value
            self.variance = 0.0
            return
        weight = 1 / min(self.n, self.period)
        difference = value - self.mean
        self.mean += weight * difference
        self.variance = (1 - weight) * (self.variance + weight * difference**2)
        self.least, self.greatest = min(self.least, value), max(self.greatest, value)


class Metric(ABC):
    """What counts the values of an SDR: as it is assigned them, or as they are given.

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
    """

    def __init__(
        self,
        dimensions: Dimensions | SDR | None = None,
        period: int | None = None,
        *,
        sdr: SDR | None = None,
    ) -> None:
        source = one_of("dimensions", dimensions, sdr)
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

    def addData(self, data: SDR) -> None:  # noqa: N802
        """Count a value.

        Parameters
        ----------
        data : SDR
            Of the dimensions given at the beginning.

        Raises
        ------
        TypeError
            Where `data` is no SDR.
        ValueError
            Where its dimensions are others, or an SDR is watched, which counts by itself.
        """
        check_sdr(data, "data")
        if self._watches:
            raise RefusedValueError(
                f"data must be assigned to the SDR that this {type(self).__name__} watches"
            )
        if data._dimensions != self._dimensions:
            raise RefusedValueError(
                f"data must have dimensions {self.dimensions}, got {data.dimensions}"
            )
        self._count(data)

    def _count(self, sdr: SDR) -> None:
        self._samples += 1
        self._add(sdr)

    @abstractmethod
    def _begin(self) -> None:
        """Set up what `_add` counts in."""

    @abstractmethod
    def _add(self, sdr: SDR) -> None:
        """Count the value of an SDR, of the right size."""

    @abstractmethod
    def _rows(self) -> list[tuple[str, "Metric"]]:
        """Name the lines of the table."""

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        # No SDR watches over a copy.
        return {**self.__dict__, "_watches": False}

    def __str__(self) -> str:
        lines = [f"SDR( {', '.join(map(str, self._dimensions))} )"]
        lines[0] = f"{lines[0]:<22}{'min':>10}{'mean':>10}{'std':>10}{'max':>10}"
        for name, metric in self._rows():
            figures = (getattr(metric, each) for each in ("min", "mean", "std", "max"))
            lines.append(f"{name:<22}" + "".join(f"{figure:>10.5g}" for figure in figures))
            if isinstance(metric, ActivationFrequency):
                lines.append(f"{'entropy':<22}{metric.entropy:>20.5g}")
        return "\n".join(lines)


class _Numbers(Metric):
    """A metric that makes one number of each value."""

    def _begin(self) -> None:
        self._moments = Moments(self._period)

    @property
    def min(self) -> Figure:
        """Least value so far, or NaN."""
        return Figure(self._moments.least)

    @property
    def max(self) -> Figure:
        """Greatest value so far, or NaN."""
        return Figure(self._moments.greatest)

    @property
    def mean(self) -> Figure:
        """Mean, or exponential moving average, or NaN."""
        return Figure(self._moments.mean)

    @property
    def std(self) -> Figure:
        """Standard deviation, by the same averages, or NaN."""
        return Figure(math.sqrt(self._moments.variance))


class Sparsity(_Numbers):
    """The share of bits that are on.

    See `Metrics` for the parameters.

    Examples
    --------
    >>> sdr = SDR(10)
    >>> sparsity = Sparsity(sdr, period=100)
    >>> for n_on in (1, 2, 3):
    ...     sdr.sparse = range(n_on)
    >>> sparsity.sparsity, sparsity.min(), round(sparsity.mean(), 6)
    (0.3, 0.1, 0.2)
    """

    def _begin(self) -> None:
        super()._begin()
        self._sparsity = math.nan

    @property
    def sparsity(self) -> float:
        """That of the last value, or NaN."""
        return self._sparsity

    def _add(self, sdr: SDR) -> None:
        self._sparsity = sdr.getSparsity()
        self._moments.add(self._sparsity)

    def _rows(self) -> list[tuple[str, Metric]]:
        return [("sparsity", self)]


class ActivationFrequency(Metric):
    """How often each bit is on.

    See `Metrics` for the parameters.

    Examples
    --------
    >>> sdr = SDR(2)
    >>> frequency = ActivationFrequency(sdr, period=100)
    >>> for bits in ([0, 1], [1, 1]):
    ...     sdr.dense = bits
    >>> frequency.activationFrequency
    array([0.5, 1. ])
    """

    def _begin(self) -> None:
        self._frequency = np.zeros(math.prod(self._dimensions))

    @property
    def activationFrequency(self) -> NDArray[np.float64]:  # noqa: N802
        """Of each bit in the order of the flat array, (size,), in [0, 1]: a copy."""
        return self._frequency.copy()

    @property
    def min(self) -> Figure:
        """That of the bit that is on least often."""
        return Figure(self._frequency.min())

    @property
    def max(self) -> Figure:
        """That of the bit that is on most often."""
        return Figure(self._frequency.max())

    @property
    def mean(self) -> Figure:
        """Mean over bits."""
        return Figure(self._frequency.mean())

    @property
    def std(self) -> Figure:
        """Standard deviation over bits."""
        return Figure(self._frequency.std())

    @property
    def entropy(self) -> Figure:
        """Mean binary entropy of bits, as the share of what it would be if all were alike.

        1 where all bits are on equally often; 0 where each is always on or never.
        """
        most = float(_binary_entropy(np.atleast_1d(self._frequency.mean()))[0])
        return Figure(_binary_entropy(self._frequency).mean() / most if most else 0.0)

    def _add(self, sdr: SDR) -> None:
        frequency, on = self._frequency, sdr.sparse
        weight = 1 / min(self._samples, self._period)
        frequency *= 1 - weight
        frequency[on] = np.minimum(frequency[on] + weight, 1)  # not above by a rounding

    def _rows(self) -> list[tuple[str, Metric]]:
        return [("activation frequency", self)]


class Overlap(_Numbers):
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

    def _add(self, sdr: SDR) -> None:
        before, now = self._before, SDR(sdr._size)
        now._assign(*sdr._copied())
        self._before = now
        if before is None:
            return
        most = max(before.getSum(), now.getSum())
        self._overlap = before.getOverlap(now) / most if most else 1.0
        self._moments.add(self._overlap)

    def _rows(self) -> list[tuple[str, Metric]]:
        return [("overlap", self)]


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

    Attributes
    ----------
    sparsity : Sparsity
    activationFrequency : ActivationFrequency
    overlap : Overlap

    Raises
    ------
    TypeError, ValueError
        Where a parameter is of another type, or out of its range.

    Examples
    --------
    >>> sdr = SDR(10)
    >>> metrics = Metrics(sdr, period=100)
    >>> for on in ([1, 2], [2, 3]):
    ...     sdr.sparse = on
    >>> print(metrics)
    SDR( 10 )                    min      mean       std       max
    sparsity                     0.2       0.2         0       0.2
    activation frequency           0       0.2   0.33166         1
    entropy                            0.27704
    overlap                      0.5       0.5         0       0.5
    """

    def _begin(self) -> None:
        self.sparsity = Sparsity(self._dimensions, self._period)
        self.activationFrequency = ActivationFrequency(self._dimensions, self._period)
        self.overlap = Overlap(self._dimensions, self._period)

    def reset(self) -> None:
        """Forget the value before, for the overlap: a new sequence begins."""
        self.overlap.reset()

    def _add(self, sdr: SDR) -> None:
        for _, metric in self._rows():
            metric._count(sdr)

    def _rows(self) -> list[tuple[str, Metric]]:
        return [
            ("sparsity", self.sparsity),
            ("activation frequency", self.activationFrequency),
            ("overlap", self.overlap),
        ]


def _binary_entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy in bits of coins that show heads with chances p."""
    entropy = np.zeros_like(p)
    for chances in (p, 1 - p):
        some = chances > 0
        entropy[some] -= chances[some] * np.log2(chances[some])
    return entropy
