"""Encoders on what tables bring: time zones, gaps of every kind, data frames, extremes."""

import datetime
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from fastsp import (
    BinaryImageEncoder,
    CategoryEncoder,
    CyclicEncoder,
    DateTimeEncoder,
    ImageAugmenter,
    RandomDistributedEncoder,
    ScalarEncoder,
)

OF_NUMBERS = [
    ScalarEncoder(n_bits=20, n_on=5),
    CyclicEncoder(period=3.0, n_bits=20, n_on=5),
    RandomDistributedEncoder(n_bits=20, n_on=5, random_state=0),
    DateTimeEncoder(n_bits=20, n_on=5),
]
numbers = pytest.mark.parametrize("encoder", OF_NUMBERS, ids=lambda e: type(e).__name__)
MIDNIGHT = datetime.datetime(2026, 3, 1)


def column(*values):
    """Return values as a column of objects."""
    return np.array([[value] for value in values], object)


def coded(X):
    """Return the bits of all parts of dates."""
    return DateTimeEncoder(("day", "week", "month", "year")).fit_transform(X)


# --- time zones ---

ZONES = [
    datetime.UTC,
    datetime.timezone(datetime.timedelta(hours=9)),
    datetime.timezone(-datetime.timedelta(hours=3, minutes=30)),
    zoneinfo.ZoneInfo("Asia/Tokyo"),
    zoneinfo.ZoneInfo("America/New_York"),
]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_the_written_time_counts_in_every_zone(zone):
    expected = coded(column(MIDNIGHT))
    aware = MIDNIGHT.replace(tzinfo=zone)
    frame = pd.DataFrame({"t": pd.Series([MIDNIGHT]).dt.tz_localize(zone)})
    for X in (column(aware), [[aware.isoformat()]], column(str(aware)), frame):
        assert_array_equal(coded(X), expected)


@pytest.mark.parametrize("suffix", ["Z", "+02:00", "-0530", "+09", " +02:00", ".000Z", "+02:00:30"])
def test_the_offset_of_a_string_is_left_out(suffix):
    assert_array_equal(coded([[f"2026-03-01T00:00:00{suffix}"]]), coded(column(MIDNIGHT)))
    assert_array_equal(coded([["2026-03-01 12:30+02"]]), coded([["2026-03-01T12:30:00"]]))


def test_the_clock_counts_across_daylight_saving():
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    hours = pd.date_range("2026-03-28", periods=72, freq="h", tz=zone)
    written = [[hour.replace(tzinfo=None)] for hour in hours.to_pydatetime()]
    assert_array_equal(coded(pd.DataFrame({"t": hours})), coded(column(*np.ravel(written))))
    noon = [datetime.datetime(2026, month, 1, 12, tzinfo=zone) for month in (1, 7)]
    winter, summer = DateTimeEncoder(("day",)).fit_transform(column(*noon))
    assert_array_equal(winter, summer)


# --- missing dates ---

GONE = [None, "", " ", "NaT", float("nan"), np.float32("nan"), np.datetime64("NaT"), pd.NaT, pd.NA]


@pytest.mark.parametrize("gone", GONE, ids=repr)
def test_a_missing_date_among_objects_has_no_on_bits(gone):
    for date in (MIDNIGHT, MIDNIGHT.date(), "2026-03-01", np.datetime64("2026-03-01"), gone):
        there = date is not gone
        bits = DateTimeEncoder().fit_transform(column(date, gone))
        assert_array_equal(bits.sum(axis=1), [33 * there, 0])


def test_zone_aware_columns_may_have_gaps():
    aware = pd.Series([MIDNIGHT, None]).dt.tz_localize("Asia/Tokyo")
    frame = pd.DataFrame({"aware": aware, "naive": [None, MIDNIGHT]})
    frame["naive"] = pd.to_datetime(frame["naive"])
    day = coded(column(MIDNIGHT))[0]
    off = np.zeros_like(day)
    assert_array_equal(coded(frame), [[*day, *off], [*off, *day]])
    frame["text"] = pd.Series(["2026-03-01", None], dtype="string")
    frame["seconds"] = pd.Series([None, MIDNIGHT.replace(tzinfo=datetime.UTC).timestamp()])
    assert_array_equal(coded(frame), [[*day, *off, *day, *off], [*off, *day, *off, *day]])


def test_numbers_among_dates_are_seconds():
    seconds = np.datetime64("2026-03-01T12:00", "s").astype(int)
    X = column(MIDNIGHT, int(seconds), float(seconds), np.float32(0), np.int64(seconds))
    noon = coded([["2026-03-01T12:00"]])[0]
    expected = [coded(column(MIDNIGHT))[0], noon, noon, coded([["1970-01-01"]])[0], noon]
    assert_array_equal(coded(X), expected)


# --- dates out of range, and in every unit ---


@pytest.mark.parametrize("unit", ["s", "25s", "ms", "us", "ns", "ps"])
def test_a_moment_is_the_same_in_every_unit(unit):
    for text in ("1970-01-01T00:00:00", "1969-12-30T23:59:35", "1970-02-02T02:02:05"):
        assert_array_equal(coded(np.array([[text]]).astype(f"M8[{unit}]")), coded([[text]]))


@pytest.mark.parametrize("unit", ["Y", "M", "W", "D", "h", "m", "s", "100Y"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_dates_too_far_away_are_refused_in_every_unit(unit, sign):
    far = np.array([[sign * 2**62]], f"M8[{unit}]")
    for X in (far, column(far[0, 0], MIDNIGHT)):
        with pytest.raises(ValueError, match=r"X must hold .*dates must be within 1e\+13 seconds"):
            DateTimeEncoder().fit(X)


def test_years_beyond_what_microseconds_can_count_are_encoded():
    # 400 years are a whole number of weeks.
    years = np.array([[300_000 + 30], [30], [30 - 300_000]], "M8[Y]")
    bits = coded(years)
    assert_array_equal(bits[0], bits[1])
    assert_array_equal(bits[2], bits[1])


@pytest.mark.parametrize(
    "text", ["1700000000", "1611121012345", "20260301", "170000", "now", "today", "2026-13-01"]
)
def test_strings_that_are_no_dates_are_refused(text):
    with pytest.raises(ValueError, match="X must hold dates, times or seconds since 1970: "):
        DateTimeEncoder().fit([["2026-03-01"], [text]])
    with pytest.raises(ValueError, match="X must hold dates"):
        DateTimeEncoder().fit(column(MIDNIGHT, datetime.time(12)))


def test_strings_may_be_of_any_type():
    expected = coded([["2026-03-01"]])
    for dtype in ("U", "S", "T", object):
        assert_array_equal(coded(np.array([["2026-03-01"]]).astype(dtype)), expected)
    assert_array_equal(coded([["2026-03"]]), expected)
    assert_array_equal(coded([["2026-03-01 00:00:00.1234567899"]]), expected)


@pytest.mark.parametrize("parts", [[["day"]], ("day", 3), None, {"day"}, ([],)])
def test_parts_of_any_kind_are_refused_by_name(parts):
    with pytest.raises(ValueError, match="parts must be some of"):
        DateTimeEncoder(parts).fit([["2000-01-01"]])


# --- durations, periods and times of day ---

HOUR = datetime.timedelta(hours=1)


def _no_dates():
    """Yield what is no date, of every kind and container, where it could be taken for one."""
    for unit in ("h", "D", "s", "ns", "Y", "generic"):
        yield np.array([[1], [2]], "m8" if unit == "generic" else f"m8[{unit}]")
    hours = pd.to_timedelta([1, 2], unit="h")
    yield pd.DataFrame({"t": hours})
    yield pd.DataFrame({"t": pd.to_timedelta([None, None])})
    yield pd.DataFrame({"t": hours, "at": pd.date_range("2026-03-01", periods=2)})
    yield pd.DataFrame({"t": hours, "seconds": [1, 2]})
    yield pd.DataFrame({"t": hours}).astype("duration[s][pyarrow]")
    yield [[HOUR]]
    yield [[MIDNIGHT, HOUR]]
    yield [[1.0, HOUR]]
    yield column(np.timedelta64(1, "h"))
    yield column(MIDNIGHT, np.timedelta64(1, "h"))
    yield column(pd.Timedelta(1, "h"), None)
    yield np.ma.masked_array(np.array([[1], [2]], "m8[h]"), [[True], [False]])
    yield column(datetime.time(12))
    yield pd.DataFrame({"t": pd.period_range("2026-03", periods=2, freq="M")})
    yield pd.DataFrame({"t": pd.PeriodIndex(["2026-03", None], freq="M")})
    yield column(pd.Period("2026-03"))


@pytest.mark.parametrize("X", list(_no_dates()), ids=lambda X: type(X).__name__)
def test_what_is_no_date_is_refused_by_name(X):
    fitted = DateTimeEncoder().fit([["2026-03-01"]])
    for call in (DateTimeEncoder().fit, fitted.transform):
        with pytest.raises(ValueError, match="X must hold dates, times or seconds since 1970: "):
            call(X)


@pytest.mark.parametrize("encoder", OF_NUMBERS[:3], ids=lambda e: type(e).__name__)
def test_dates_and_durations_are_no_numbers(encoder):
    # They would count in whatever unit they come.
    dates = np.array([["2026-03-01"], ["2026-03-02"]], "M8[D]")
    for X in (dates, dates - dates[0], pd.DataFrame(dates), pd.DataFrame(dates - dates[0])):
        for form in (X, np.array([[np.asarray(X)[1, 0]]], object)):
            with pytest.raises((ValueError, TypeError), match="X must hold numbers"):
                clone(encoder).fit(form)
    for other in (MIDNIGHT, HOUR, pd.Period("2026-03"), datetime.time(12), "a", {}):
        with pytest.raises((ValueError, TypeError), match=r"X must hold numbers|could not convert"):
            clone(encoder).fit(column(other))


def test_durations_in_polars_are_no_dates():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"t": [HOUR, None], "at": [MIDNIGHT, MIDNIGHT]})
    frame = frame.with_columns(polars.Series("clock", [datetime.time(12)] * 2))
    for names in ("t", "clock", ["t", "at"]):
        with pytest.raises(ValueError, match="X must hold dates, times or seconds since 1970: "):
            DateTimeEncoder().fit(frame.select(names))
    with pytest.raises(ValueError, match="X must hold numbers"):
        ScalarEncoder().fit(frame.select("t"))


# --- data frames ---


def nullable():
    frame = pd.DataFrame(
        {"whole": [1, None, 3], "real": [1.5, 0.5, None], "one": [True, None, False]}
    )
    return frame.convert_dtypes()


@numbers
def test_nullable_columns_are_numbers_with_gaps(encoder):
    frame = nullable()
    plain = np.array([[1, 1.5, 1], [np.nan, 0.5, np.nan], [3, np.nan, 0]])
    for columns in (["whole"], ["real"], ["whole", "real", "one"]):
        chosen = plain[:, [list(frame).index(name) for name in columns]]
        expected = clone(encoder).fit_transform(chosen)
        fitted = clone(encoder).fit(frame[columns])
        assert_array_equal(fitted.transform(frame[columns]), expected)
        assert list(fitted.feature_names_in_) == columns
        objects = frame[columns].astype(object)
        assert_array_equal(clone(encoder).fit_transform(objects), expected)
        assert_array_equal(clone(encoder).fit_transform(objects.to_numpy()), expected)
    assert frame.equals(nullable())


@numbers
def test_values_that_cannot_be_written_to_are_encoded(encoder):
    values = np.array([[1.0], [np.nan], [2.0]])
    expected = clone(encoder).fit_transform(values)
    values.flags.writeable = False
    assert_array_equal(clone(encoder).fit_transform(values), expected)


@pytest.mark.parametrize("dtype", ["string", object, "category"])
def test_a_missing_category_is_one_whatever_the_column(dtype):
    plain = pd.DataFrame({"colour": ["red", pd.NA, "blue"]}).astype(dtype)
    encoder = CategoryEncoder(n_on=2).fit(plain)
    names = [f"colour_{name}_{bit}" for name in ("blue", "red", "nan") for bit in (0, 1)]
    assert list(encoder.get_feature_names_out()) == names
    bits = [[0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0]]
    assert_array_equal(encoder.transform(plain), bits)
    with_gap = pd.DataFrame({"colour": ["red", pd.NA]}, dtype="string")
    lenient = CategoryEncoder(n_on=2, handle_unknown="ignore").fit(with_gap[:1])
    assert_array_equal(lenient.transform(with_gap), [[1, 1], [0, 0]])


def test_nullable_columns_and_numpy_strings_are_categories():
    frame = nullable()
    frame["text"] = pd.Series(["x", None, "y"], dtype="string")
    bits = CategoryEncoder(n_on=1).fit_transform(frame)
    assert_array_equal(bits.reshape(3, 4, 3).sum(axis=2), np.ones((3, 4)))
    strings = np.array([["x"], ["y"]], np.dtypes.StringDType())
    assert_array_equal(CategoryEncoder(n_on=1).fit_transform(strings), [[1, 0], [0, 1]])


@numbers
def test_frames_of_polars_are_numbers(encoder):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None, 3], "b": [1.5, 0.5, None]})
    plain = np.array([[1, 1.5], [np.nan, 0.5], [3, np.nan]])
    fitted = clone(encoder).fit(frame)
    assert_array_equal(fitted.transform(frame), clone(encoder).fit_transform(plain))
    assert list(fitted.feature_names_in_) == ["a", "b"]


def test_frames_of_polars_are_categories_and_dates():
    polars = pytest.importorskip("polars")
    words = polars.DataFrame({"c": ["x", None, "y"], "d": [1, None, 2]})
    assert CategoryEncoder(n_on=1).fit_transform(words).sum() == 6
    times = polars.Series("t", [MIDNIGHT, None])
    for series in (times, times.dt.replace_time_zone("Asia/Tokyo"), times.cast(polars.Date)):
        frame = polars.DataFrame({"t": series, "text": ["2026-03-01", None]})
        day = coded(column(MIDNIGHT))[0]
        assert_array_equal(coded(frame[["t"]]), [day, 0 * day])
        assert_array_equal(coded(frame), [[*day, *day], [*(0 * day)] * 2])


# --- numbers at the edges ---


@pytest.mark.parametrize(
    "values",
    [[0.3, 0.1 + 0.2], [1e17, 1e17], [1e300, 1e300], [-1e308, 1e308], [0.0, 5e-324], [1e-322, 0.0]],
)
def test_a_resolution_that_was_learned_suits_what_it_was_learned_from(values):
    X = np.array([[value] for value in values])
    encoder = RandomDistributedEncoder(random_state=0).fit(X)
    assert (encoder.resolution_ > 0).all()
    assert_array_equal(encoder.transform(X).sum(axis=1), [20, 20])
    assert_array_equal(encoder.transform(X + X / 4).sum(axis=1), [20, 20])


@pytest.mark.parametrize("dtype", ["i8", "u8", ">i8"])
@pytest.mark.parametrize("channels", ["on", "on_off"])
def test_large_integers_are_compared_with_their_mean_exactly(dtype, channels):
    random = np.random.default_rng(0)
    low, high = (0, 2**64) if dtype == "u8" else (-(2**63), 2**63)
    near = [2**62, 2**63 - 40, high - 40, low, 2**53]
    for start in near:
        for n_pixels in (1, 2, 3, 7, 784):
            images = [
                [start + int(d) for d in row] for row in random.integers(0, 40, (5, n_pixels))
            ]
            images.append([low] * (n_pixels - 1) + [high - 1])
            on = [[n_pixels * pixel >= sum(image) for pixel in image] for image in images]
            bits = BinaryImageEncoder(channels).fit_transform(np.array(images, dtype))
            assert_array_equal(bits.reshape(len(images), n_pixels, -1)[:, :, 0], on)


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_mean_of_the_largest_reals_is_finite(sign):
    image = sign * np.array([[1.5e308, 1.0e308, 0.2e308, 1.7e308, 0.1e308, 0.0]])
    on = image / 6 >= np.mean(image / 6)
    assert_array_equal(BinaryImageEncoder("on").fit_transform(image), on)


@pytest.mark.skipif(np.finfo("longdouble").max == np.finfo(float).max, reason="as float64")
@pytest.mark.parametrize("encoder", [*OF_NUMBERS, BinaryImageEncoder(), ImageAugmenter()])
def test_reals_beyond_float64_are_refused(encoder):
    with pytest.raises(ValueError, match="X"):
        clone(encoder).fit(np.array([["1e400"]], np.longdouble))


HUGE = 10**400


@pytest.mark.parametrize(
    ("encoder", "X", "named"),
    [
        *((encoder, [[HUGE]], "X must hold") for encoder in OF_NUMBERS),
        (DateTimeEncoder(), column(MIDNIGHT, HUGE), "X must hold"),
        (BinaryImageEncoder(), [[HUGE]], "X must hold"),
        (ImageAugmenter(), [[HUGE]], "X must hold"),
        (ScalarEncoder(n_bits=HUGE), [[1.0]], "n_bits must be"),
        (ScalarEncoder(n_bits=2**40), [[1.0]], "n_bits must be"),
        (ScalarEncoder(n_on=HUGE), [[1.0]], "n_on must be"),
        (ScalarEncoder(minimum=HUGE), [[1.0]], "minimum must be"),
        (ScalarEncoder(maximum=[-HUGE]), [[1.0]], "maximum must be"),
        (CyclicEncoder(period=HUGE), [[1.0]], "period must be"),
        (RandomDistributedEncoder(resolution=HUGE), [[1.0]], "resolution must be"),
        (RandomDistributedEncoder(random_state=HUGE), [[1.0]], "random_state must be"),
        (RandomDistributedEncoder(random_state=-1), [[1.0]], "random_state must be"),
        (RandomDistributedEncoder(random_state="a"), [[1.0]], "random_state must be"),
        (CategoryEncoder(n_on=HUGE), [["a"]], "n_on must be"),
        (ImageAugmenter(max_rotation=HUGE), [[1.0]], "max_rotation must be"),
        (ImageAugmenter(max_shift=HUGE), [[1.0]], "max_shift must be"),
        (ImageAugmenter(image_shape=(HUGE, -1)), [[1.0]], "image_shape must"),
        (ImageAugmenter(random_state=-1), [[1.0]], "random_state must be"),
    ],
)
def test_numbers_beyond_all_bounds_are_refused_by_name(encoder, X, named):
    with pytest.raises(ValueError, match=named):
        encoder.fit(X)
