"""Numbers as runs of on-bits: on a line, and around a circle."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from fastsp.encoders.base import NumberEncoder, Reals, per_feature, positive_per_feature


class ScalarEncoder(NumberEncoder):
    """Encode numbers as runs of neighbouring on-bits: near numbers share bits, far ones none.

    The range of a feature is cut into n_bits - n_on + 1 buckets of equal width, and a number in
    bucket i switches on the `n_on` bits from i on [1]_. So two numbers that are d buckets apart
    share max(0, n_on - d) on-bits. Exactly `n_on` bits of a feature are on, and none where the
    value is missing (NaN): a missing value is like no other, not even like another one.

    Parameters
    ----------
    n_bits : int, default=100
        Bits for each feature.
    n_on : int, default=11
        On-bits among them, at least 1 and at most `n_bits`.
    minimum, maximum : float or (n_features,) array, optional
        Ends of the range, for all features or for each. If None, the least and the greatest value
        seen in `fit`, or in the first batch of `partial_fit`. Numbers beyond an end are encoded as
        the end is.
    margin : float or (n_features,) array, default=0.0
        How far beyond these values the range extends, as a share of their distance: with 0.5 a
        range learned from 0 to 10 is -5 to 15. Room for what a stream may bring later, at the price
        of wider buckets. It has no effect on an end that is given.

    Attributes
    ----------
    minimum_, maximum_ : (n_features,) float64
        Ends of the range of each feature. Where they are equal, as for a feature that was constant
        in `fit`, all its values have the same bits.
    n_features_in_ : int
    feature_names_in_ : (n_features,) array of str
        Only where the features came with names.

    References
    ----------
    .. [1] Purdy (2016). Encoding Data for HTM Systems. arXiv:1602.05925

    Examples
    --------
    >>> ScalarEncoder(n_bits=6, n_on=3).fit([[0.0], [4.0]]).transform([[0.0], [2.0], [9.0]])
    array([[1, 1, 1, 0, 0, 0],
           [0, 0, 1, 1, 1, 0],
           [0, 0, 0, 1, 1, 1]], dtype=uint8)
    """

    minimum_: Reals
    maximum_: Reals

    def __init__(
        self,
        n_bits: int = 100,
        n_on: int = 11,
        *,
        minimum: ArrayLike | None = None,
        maximum: ArrayLike | None = None,
        margin: ArrayLike = 0.0,
    ) -> None:
        self.n_bits = n_bits
        self.n_on = n_on
        self.minimum = minimum
        self.maximum = maximum
        self.margin = margin

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the range from the first batch of a stream; later batches are only checked.

        A range that widened would move the bits of all numbers. So it stays as it is, and numbers
        beyond it are encoded as its ends are. Where the first batch does not tell the range, give
        `minimum` and `maximum`, or a `margin`; where nothing does, use `RandomDistributedEncoder`.

        Parameters
        ----------
        X : (n_samples, n_features) array of real numbers; NaN where a value is missing.
        y : ignored

        Returns
        -------
        ScalarEncoder
            The encoder itself.

        Raises
        ------
        ValueError
            As in `fit`; where the features are not those of the first batch; and where a feature of
            the first batch has less than two different values, and no ends are given.
        """
        learns = self.minimum is None or self.maximum is None
        if learns and not hasattr(self, "n_features_in_"):
            self._check_sizes()
            ends = self._learn(self._values(clone(self), X, reset=True))
            constant = np.flatnonzero(ends["minimum_"] == ends["maximum_"])
            if constant.size:
                raise ValueError(
                    f"X has one value only in feature {constant[0]} to learn its range from, in"
                    " the first batch; give minimum and maximum"
                )
        return super().partial_fit(X)

    def _learn(self, values: Reals) -> dict[str, Any]:
        n_features = values.shape[1]
        if self.minimum is None or self.maximum is None:
            empty = np.flatnonzero(np.isnan(values).all(axis=0))
            if empty.size:
                raise ValueError(
                    f"X has no value in feature {empty[0]} to learn its range from;"
                    " give minimum and maximum"
                )
        margin = per_feature("margin", self.margin, n_features)
        if (margin < 0).any():
            raise ValueError(f"margin must not be negative, got {self.margin!r}")
        low = _end("minimum", self.minimum, np.fmin, values)
        high = _end("maximum", self.maximum, np.fmax, values)
        with np.errstate(over="ignore", invalid="ignore"):
            room = np.where(margin > 0, margin * (high - low), 0.0)
            low = low - room if self.minimum is None else low
            high = high + room if self.maximum is None else high
            width = high - low
        if not (np.isfinite(width) & (width >= 0)).all():
            worst = np.flatnonzero(~(np.isfinite(width) & (width >= 0)))[0]
            raise ValueError(
                "minimum must not be above maximum, and their distance finite; feature"
                f" {worst} of {n_features} has {low[worst]} and {high[worst]}"
            )
        return {"minimum_": low, "maximum_": high}

    def _encode(self, values: Reals, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        last = self.n_bits - self.n_on
        width = self.maximum_ - self.minimum_
        clipped = np.clip(values, self.minimum_, self.maximum_)
        share = (clipped - self.minimum_) / np.where(width > 0, width, 1.0)
        buckets = np.minimum(share * (last + 1), last).astype(np.int64)
        return self._switch_on_runs(buckets, present)


def _end(name: str, given: ArrayLike | None, extreme: np.ufunc, values: Reals) -> Reals:
    if given is None:
        learned: Reals = extreme.reduce(values, axis=0)
        return learned
    return per_feature(name, given, values.shape[1])


class CyclicEncoder(NumberEncoder):
    """Encode numbers that come round again, such as angles: the run of on-bits wraps around.

    A period is cut into `n_bits` buckets, and a number in bucket i switches on the `n_on` bits from
    i on, going on at bit 0 after the last one [1]_. So two numbers d buckets apart, the short way
    round, share n_on - d on-bits, or none where d is at least n_on (for n_on up to half of n_bits).
    Exactly `n_on` bits of a feature are on, and none where the value is missing (NaN).

    Parameters
    ----------
    period : float or (n_features,) array, default=1.0
        After which values come round, for all features or for each: 24 for hours, 360 for degrees.
    n_bits : int, default=100
        Bits for each feature.
    n_on : int, default=11
        On-bits among them, at least 1 and at most `n_bits`.

    Attributes
    ----------
    period_ : (n_features,) float64
    n_features_in_ : int
    feature_names_in_ : (n_features,) array of str
        Only where the features came with names.

    References
    ----------
    .. [1] Purdy (2016). Encoding Data for HTM Systems. arXiv:1602.05925

    Examples
    --------
    >>> CyclicEncoder(period=24, n_bits=6, n_on=2).fit_transform([[0], [20], [24]])
    array([[1, 1, 0, 0, 0, 0],
           [1, 0, 0, 0, 0, 1],
           [1, 1, 0, 0, 0, 0]], dtype=uint8)
    """

    period_: Reals

    def __init__(self, period: ArrayLike = 1.0, *, n_bits: int = 100, n_on: int = 11) -> None:
        self.period = period
        self.n_bits = n_bits
        self.n_on = n_on

    def _learn(self, values: Reals) -> dict[str, Any]:
        return {"period_": positive_per_feature("period", self.period, values.shape[1])}

    def _encode(self, values: Reals, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        turns = np.mod(values, self.period_) / self.period_
        buckets = (turns * self.n_bits).astype(np.int64)  # n_bits itself, by rounding, is bucket 0
        return self._switch_on_runs(buckets, present)
