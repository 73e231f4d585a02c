"""Dates and times as runs of on-bits around the day, the week, the month and the year."""

import datetime
import re
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from fastsp.encoders.base import NumberEncoder, Reals
from fastsp.encoders.tables import MOMENTS, is_missing, unmasked

DAY = 86_400.0
MONDAY = 4 * DAY
"""Monday, 5 January 1970, in seconds of POSIX time: a week begins."""
FURTHEST = 1e13
"""Seconds from 1970, about 300,000 years."""
WANTED = "dates, times or seconds since 1970"
UNFIT = f"X must hold {WANTED}"
TOO_FAR = f"dates must be within {FURTHEST:g} seconds of 1970"
LONG_UNITS = {"Y": 366 * DAY, "M": 31 * DAY, "W": 7 * DAY, "D": DAY, "h": 3600.0, "m": 60.0}
"""Greatest length in seconds of each unit whose dates may overflow when written in seconds."""
COUNTED = 1e17
"""A number of seconds that safely fits int64."""
_DATE = r"-?\d{4,5}-\d\d-\d\d"
_TIME = r"\d\d(?::\d\d(?::\d\d(?:\.\d{1,6})?)?)?"
_ZONE = r" ?(?:Z|[+-]\d\d(?::?\d\d(?::\d\d)?)?)"
WRITTEN = re.compile(
    rf"(\d{{4}}|-?\d{{4,5}}-\d\d|{_DATE})"
    rf"|({_DATE}[T ]{_TIME})(?:(?<=\.\d{{6}})\d+)?(?:{_ZONE})?",
    re.ASCII,
)
"""Groups: a date, or a date with time, cut after microseconds and without time zone."""


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
    `n_on` bits of each part are on, and none where the value is missing (NaT, None, NaN, pandas'
    NA or an empty string).

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
    Dates are numpy's datetime64, Python's date and datetime, strings as in ISO 8601 (such as
    "2026-03-01" or "2026-03-01T12:30:00+02:00"), columns of dates of a data frame, or numbers:
    seconds since 1970 began. They are read to the microsecond. Durations, periods and times without
    a date are refused.

    What counts is the time that is written, on the clock of its own time zone; the zone itself, or
    an offset, is left out. So midnight is midnight everywhere, summer or winter.

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

    _wanted = WANTED

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

    def _block_names(self, features: Iterable[str]) -> Iterable[str]:
        return [f"{name}_{part}" for name in features for part in self.parts]

    def _check_sizes(self) -> None:
        super()._check_sizes()
        parts = self.parts
        known = isinstance(parts, (tuple, list)) and all(
            isinstance(part, str) and part in PHASES for part in parts
        )
        if not known or not parts:
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
            raise ValueError(f"{UNFIT}: {TOO_FAR}")

    def _encode(self, values: Reals, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        self._check_distance(values)
        phases = np.stack([PHASES[part](values) for part in self.parts], axis=2)
        phases = phases.reshape(len(values), -1)
        buckets = (phases * self.n_bits).astype(np.int64)
        present = np.repeat(present, len(self.parts), axis=1)
        return self._switch_on_runs(buckets, present)


def _as_seconds(X: Any) -> Reals | None:
    """Return dates as seconds since 1970, NaN where missing; None if `X` holds numbers."""
    X = unmasked(X)
    if hasattr(X, "rows") and any(
        getattr(dtype, "time_zone", None) or type(dtype).__name__ == "Duration"
        for dtype in X.dtypes
    ):
        X = np.array(X.rows(), object)  # as an array, Polars gives UTC, and mixes no durations
    dates = np.asarray(X)
    if dates.dtype.kind == "S":
        dates = dates.astype(str)
    if dates.dtype.kind in "UT":
        dates = dates.astype(object)
    try:
        if dates.dtype.kind == "M":
            return _of_moments(dates)
        if dates.dtype.kind == "m":
            raise ValueError(f"durations are none, got {dates.dtype}")
        kinds = (datetime.date, datetime.time, datetime.timedelta, *MOMENTS, str)
        if dates.dtype.kind == "O" and any(
            isinstance(date, kinds) or type(date).__name__ == "Period" for date in dates.flat
        ):
            return _of_objects(dates)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{UNFIT}: {error}") from error
    return None


def _of_moments(dates: NDArray[np.datetime64]) -> Reals:
    """Return seconds since 1970, the same for every unit of datetime64."""
    unit, count = np.datetime_data(dates.dtype)
    if unit in LONG_UNITS:  # NumPy overflows silently
        units = np.where(np.isnat(dates), 0.0, dates.astype(np.float64))
        if (np.abs(units) * count * LONG_UNITS[unit] > COUNTED).any():
            raise ValueError(TOO_FAR)
    whole = dates.astype("M8[s]")  # rounded down, so that the rest is not negative
    rest = (dates - whole).astype("m8[us]") / np.timedelta64(1, "s")
    seconds: Reals = whole.astype(np.float64) + rest
    return seconds


def _of_objects(dates: NDArray[Any]) -> Reals:
    """Return seconds since 1970 for an array that mixes dates, strings and numbers."""
    seconds = np.full(dates.size, np.nan)
    places, written = [], []
    for place, date in enumerate(dates.flat):
        if is_missing(date):
            continue
        if isinstance(date, np.datetime64):
            seconds[place] = _of_moments(np.asarray(date))
        elif isinstance(date, Real) and not isinstance(date, np.timedelta64):
            seconds[place] = float(date)
        else:
            places.append(place)
            written.append(_as_written(date))
    seconds[places] = _of_moments(np.array(written, "M8[us]"))
    return seconds.reshape(dates.shape)


def _as_written(date: object) -> object:
    """Return a date or string without its time zone, as NumPy reads it; raise ValueError."""
    if isinstance(date, datetime.datetime):
        return date.replace(tzinfo=None)
    if isinstance(date, datetime.date):
        return date
    if not isinstance(date, str):
        raise ValueError(f"{date!r} is none")
    text = date.strip()
    if text.lower() in ("", "nat"):
        return "NaT"
    match = WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{date!r} is not written as 2026-03-01 or 2026-03-01T12:30:00 is")
    return match[1] or match[2]
