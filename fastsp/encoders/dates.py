"""Dates and times as runs of on-bits around the day, the week, the month and the year."""

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from fastsp.encoders.runs import NumberEncoder, Reals, run, switch_on

DAY = 86_400.0
MONDAY = 4 * DAY
"""Monday, 5 January 1970, in seconds of POSIX time: a week begins."""
FURTHEST = 1e13
"""Seconds from 1970, about 300,000 years."""


def _of_calendar(unit: str) -> Callable[[Reals], Reals]:
    def phase(seconds: Reals) -> Reals:
        begins = np.floor(seconds).astype("M8[s]").astype(f"M8[{unit}]")
        ends = begins + np.array(1, f"m8[{unit}]")
        first, after = (moments.astype("M8[s]").astype(np.float64) for moments in (begins, ends))
        return (seconds - first) / (after - first)

    return phase


PHASES: dict[str, Callable[[Reals], Reals]] = {
    "day": lambda seconds: np.mod(seconds, DAY) / DAY,
    "week": lambda seconds: np.mod(seconds - MONDAY, 7 * DAY) / (7 * DAY),
    "month": _of_calendar("M"),
    "year": _of_calendar("Y"),
}
"""Share of the day, week (from Monday), month or year that has passed, in [0, 1)."""


class DateTimeEncoder(NumberEncoder):
    """Encode dates and times by where they are in the day, the week, the month and the year.

    Each part is encoded as a number that comes round again is (see `CyclicEncoder`): a run of
    `n_on` on-bits that starts at the share of the day (or week, ...) that has passed, and wraps
    around [1]_. Months and years are those of the calendar, whatever their length. So exactly
    `n_on` bits of each part are on, and none where the value is missing (NaT, None or NaN).

    Parameters
    ----------
    parts : tuple of {"day", "week", "month", "year"}, default=("day", "week", "year")
        What is encoded, in order.
    n_bits : int, default=100
        Bits for each part.
    n_on : int, default=11
        On-bits among them, at least 1 and at most `n_bits`.

    Attributes
    ----------
    n_features_in_ : int
    feature_names_in_ : (n_features,) array of str
        Only where the features came with names.

    Notes
    -----
    Dates are numpy's datetime64, Python's date and datetime, strings as in ISO 8601, columns of
    dates of a data frame, or numbers: seconds since 1970 began. There are no time zones: what
    counts is the time that is written. Those of another time zone are to be converted to local time
    first.

    References
    ----------
    .. [1] Purdy (2016). Encoding Data for HTM Systems. arXiv:1602.05925

    Examples
    --------
    >>> encoder = DateTimeEncoder(parts=("day",), n_bits=8, n_on=2)
    >>> encoder.fit_transform([["2026-03-01T00:00"], ["2026-03-01T12:00"], ["2026-07-01T23:00"]])
    array([[1, 1, 0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 1, 1, 0, 0],
           [1, 0, 0, 0, 0, 0, 0, 1]], dtype=uint8)
    """

    def __init__(
        self,
        parts: tuple[str, ...] = ("day", "week", "year"),
        *,
        n_bits: int = 100,
        n_on: int = 11,
    ) -> None:
        self.parts = parts
        self.n_bits = n_bits
        self.n_on = n_on

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the bits: feature, part and number of the bit, such as "x0_week_17".

        Parameters
        ----------
        input_features : (n_features,) array of str, optional
            By default those seen in `fit`, else x0, x1, ...

        Returns
        -------
        (n_features * n_parts * n_bits,) array of str
        """
        features = super(NumberEncoder, self).get_feature_names_out(input_features)
        blocks = [f"{name}_{part}" for name in features for part in self.parts]
        return np.array(
            [f"{block}_{bit}" for block in blocks for bit in range(self.n_bits)], object
        )

    def _check_sizes(self) -> None:
        super()._check_sizes()
        parts = self.parts
        if not isinstance(parts, (tuple, list)) or not parts or not set(parts) <= set(PHASES):
            raise ValueError(f"parts must be some of {list(PHASES)}, got {parts!r}")

    def _values(self, estimator: BaseEstimator, X: ArrayLike, *, reset: bool) -> Reals:
        seconds = X if scipy.sparse.issparse(X) else _as_seconds(X)
        if seconds is None:
            return super()._values(estimator, X, reset=reset)
        checked: Reals = check_array(
            seconds, dtype=np.float64, ensure_all_finite="allow-nan", estimator=estimator
        )
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return checked

    def _learn(self, values: Reals) -> dict[str, Any]:
        self._check_distance(values)
        return {}

    def _check_distance(self, values: Reals) -> None:
        if (np.abs(values) > FURTHEST).any():
            raise ValueError(f"dates must be within {FURTHEST:g} seconds of 1970")

    def _encode(self, values: Reals, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        self._check_distance(values)
        phases = np.stack([PHASES[part](values) for part in self.parts], axis=2)
        phases = phases.reshape(len(values), -1)
        buckets = (phases * self.n_bits).astype(np.int64)
        present = np.repeat(present, len(self.parts), axis=1)
        bits: NDArray[np.uint8] = switch_on(
            run(buckets, self.n_on, self.n_bits), present, self.n_bits
        )
        return bits


def _as_seconds(X: ArrayLike) -> Reals | None:
    """Return dates as seconds since 1970 began, NaN where missing; None for what are numbers."""
    dates = np.asarray(X)
    if dates.dtype.kind == "O":
        if not any(isinstance(date, (datetime.date, np.datetime64, str)) for date in dates.flat):
            return None
    elif dates.dtype.kind not in "MU":
        return None
    try:
        precise = dates.astype("M8[us]")
    except (TypeError, ValueError) as error:
        raise ValueError(f"X must hold dates, times or seconds since 1970: {error}") from error
    seconds = precise.astype(np.int64) / 1e6
    seconds[np.isnat(precise)] = np.nan
    return seconds
