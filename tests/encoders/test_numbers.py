"""Encoders of numbers, categories and dates."""

import datetime

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from fastsp import (
    CategoryEncoder,
    CyclicEncoder,
    DateTimeEncoder,
    MaximumLikelihoodClassifier,
    RandomDistributedEncoder,
    ScalarEncoder,
    SpatialPooler,
)

ENCODERS = [
    ScalarEncoder(n_bits=20, n_on=5),
    CyclicEncoder(period=3.0, n_bits=20, n_on=5),
    RandomDistributedEncoder(n_bits=20, n_on=5, random_state=0),
    DateTimeEncoder(n_bits=20, n_on=5),
]
NUMBERS = st.floats(-1e6, 1e6)
SIZES = st.tuples(st.integers(1, 9), st.integers(0, 30)).map(lambda s: (s[0] + s[1], s[0]))
"""Numbers of bits and of on-bits among them."""
quick = settings(deadline=None, max_examples=40)


def shared(encoder, a, b):
    bits = encoder.transform(np.array([[a], [b]], float))
    return int((bits[0] & bits[1]).sum())


# --- what all encoders of numbers promise ---


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8), SIZES)
@quick
def test_each_feature_has_as_many_on_bits(encoder, values, sizes):
    n_bits, n_on = sizes
    encoder = clone(encoder).set_params(n_bits=n_bits, n_on=n_on)
    bits = encoder.fit_transform(values)
    assert bits.dtype == np.uint8
    assert bits.max() == 1
    assert (bits.reshape(len(values), -1, n_bits).sum(axis=2) == n_on).all()
    assert len(encoder.get_feature_names_out()) == bits.shape[1]
    assert_array_equal(encoder.transform(values), bits)


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
def test_a_missing_value_has_no_on_bits(encoder):
    values = np.array([[1.0, np.nan], [2.0, 3.0], [np.nan, 4.0]])
    bits = clone(encoder).fit_transform(values)
    blocks = bits.reshape(3, 2, -1).any(axis=2)
    assert_array_equal(blocks, ~np.isnan(values))


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
def test_values_given_are_not_written_to(encoder):
    values = np.array([[1.0], [np.nan]])
    clone(encoder).fit(values).transform(values)
    assert_array_equal(values, [[1.0], [np.nan]])


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(("name", "value"), [("n_on", 0), ("n_on", 2.0), ("n_bits", 4)])
def test_sizes_out_of_range_are_refused(encoder, name, value):
    with pytest.raises(ValueError, match=f"{name} must be an integer, at least"):
        clone(encoder).set_params(**{name: value}).fit([[1.0]])


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
def test_infinite_values_are_refused_and_nothing_changes(encoder):
    encoder = clone(encoder).fit([[1.0], [2.0]])
    before = encoder.transform([[1.5]])
    with pytest.raises(ValueError, match="infinity"):
        encoder.fit([[1.0, np.inf]])
    assert_array_equal(encoder.transform([[1.5]]), before)


# --- on a line ---


@given(NUMBERS, NUMBERS, SIZES)
@quick
def test_overlap_falls_by_one_a_bucket(low, high, sizes):
    n_bits, n_on = sizes
    n_buckets = n_bits - n_on + 1
    assume(high - low > 1e-3)
    encoder = ScalarEncoder(n_bits, n_on, minimum=low, maximum=high).fit([[0.0]])
    middles = low + (high - low) * (np.arange(n_buckets) + 0.5) / n_buckets
    for i in range(0, n_buckets, 3):
        for d in range(n_buckets - i):
            assert shared(encoder, middles[i], middles[i + d]) == max(0, n_on - d)


@given(st.lists(NUMBERS, min_size=3, max_size=3).map(sorted))
@quick
def test_a_nearer_number_shares_at_least_as_much(values):
    low, middle, high = values
    encoder = ScalarEncoder(30, 12).fit(np.array(values)[:, None])
    assert shared(encoder, low, middle) >= shared(encoder, low, high)
    assert shared(encoder, high, middle) >= shared(encoder, high, low)


@given(NUMBERS, NUMBERS, st.floats(0, 1e9))
@quick
def test_numbers_beyond_the_range_are_clipped(a, b, beyond):
    low, high = min(a, b), max(a, b)
    encoder = ScalarEncoder().fit([[low], [high]])
    bits = encoder.transform([[low], [low - beyond], [high], [high + beyond]])
    assert_array_equal(bits[0], bits[1])
    assert_array_equal(bits[2], bits[3])
    assert bits[0, 0] == 1
    assert bits[2, -1] == 1 or low == high


def test_the_range_is_learned_for_each_feature_or_given():
    values = np.array([[0.0, -5.0], [1.0, 5.0]])
    learned = ScalarEncoder().fit(values)
    given_ = ScalarEncoder(minimum=[0, -5], maximum=[1, 5]).fit([[0.3, 0.0]])
    assert_array_equal(learned.transform(values), given_.transform(values))


@pytest.mark.parametrize("maximum", ["a", np.nan, np.inf, [1, 2, 3]])
def test_ends_that_are_not_numbers_are_refused(maximum):
    with pytest.raises(ValueError, match="maximum must be a finite number"):
        ScalarEncoder(maximum=maximum).fit([[1.0, 2.0]])


def test_a_range_that_is_empty_or_unknown_is_refused():
    with pytest.raises(ValueError, match="minimum must not be above maximum"):
        ScalarEncoder(minimum=3).fit([[1.0]])
    with pytest.raises(ValueError, match="no value in feature 1"):
        ScalarEncoder().fit([[1.0, np.nan]])
    ScalarEncoder(minimum=0, maximum=1).fit([[1.0, np.nan]])


# --- around a circle ---


@given(st.integers(0, 23), st.integers(0, 23), st.integers(-5, 5))
@quick
def test_a_circle_wraps_and_overlap_falls_the_short_way_round(a, b, turns):
    encoder = CyclicEncoder(period=24, n_bits=24, n_on=7).fit([[0]])
    distance = min((a - b) % 24, (b - a) % 24)
    assert shared(encoder, a + 0.5, b + 0.5 + 24 * turns) == max(0, 7 - distance)


@pytest.mark.parametrize("value", [-1e-300, -5e-324, 24 - 1e-15])
def test_a_value_that_rounds_to_the_period_is_encoded(value):
    assert CyclicEncoder(period=24).fit_transform([[value]]).sum() == 11


@pytest.mark.parametrize("period", [0, -1, [1, 0]])
def test_a_period_that_is_not_positive_is_refused(period):
    with pytest.raises(ValueError, match="period must be above 0"):
        CyclicEncoder(period=period).fit([[1.0, 1.0]])


# --- scattered ---


@given(st.integers(-(10**9), 10**9), st.integers(0, 40), SIZES, st.integers(0, 99))
@quick
def test_near_buckets_share_all_but_their_distance(bucket, d, sizes, seed):
    n_bits, n_on = sizes
    encoder = RandomDistributedEncoder(1.0, n_bits=n_bits, n_on=n_on, random_state=seed)
    assert shared(encoder.fit([[0]]), bucket + 0.5, bucket + d + 0.5) >= max(0, n_on - d)


def test_far_buckets_share_what_chance_says():
    encoder = RandomDistributedEncoder(1.0, n_bits=400, n_on=20, random_state=0).fit([[0]])
    bits = encoder.transform(np.arange(0, 40_000, 20)[:, None]).astype(int)
    common = bits[:-1] @ bits[1:].T
    apart = common[np.triu_indices(len(common), 1)]
    assert apart.mean() == pytest.approx(1.0, abs=0.02)  # 20 * 20 / 400
    assert apart.max() < 12
    assert bits.mean(axis=0).min() > 0.02  # all bits are used, 0.05 on average


def test_hashes_depend_on_feature_and_seed_alone():
    values = np.array([[1.0, 1.0], [7.0, 7.0]])
    encoder = RandomDistributedEncoder(1.0, random_state=3)
    bits = encoder.fit_transform(values)
    assert_array_equal(clone(encoder).fit(values * 9).transform(values), bits)
    left, right = np.split(bits, 2, axis=1)
    assert (left != right).any()
    assert (clone(encoder).set_params(random_state=4).fit_transform(values) != bits).any()


def test_values_too_large_for_the_resolution_are_refused():
    with pytest.raises(ValueError, match="larger resolution"):
        RandomDistributedEncoder(1e-9, random_state=0).fit_transform([[1e9]])


# --- categories ---


def test_categories_share_nothing():
    values = np.array([["red", "s"], ["blue", "m"], ["red", "m"]], object)
    bits = CategoryEncoder(n_on=3).fit_transform(values)
    assert_array_equal(bits.astype(int) @ bits.T.astype(int), [[6, 0, 3], [0, 6, 3], [3, 3, 6]])


def test_names_of_categories():
    encoder = CategoryEncoder(n_on=2).fit([["red"], ["blue"]])
    expected = ["x0_blue_0", "x0_blue_1", "x0_red_0", "x0_red_1"]
    assert list(encoder.get_feature_names_out()) == expected


def test_unknown_categories_are_refused_or_off():
    with pytest.raises(ValueError, match="unknown categories"):
        CategoryEncoder().fit([["a"]]).transform([["b"]])
    assert not CategoryEncoder(handle_unknown="ignore").fit([["a"]]).transform([["b"]]).any()
    with pytest.raises(ValueError, match="handle_unknown must be one of"):
        CategoryEncoder(handle_unknown="warn").fit([["a"]])


# --- dates ---


@given(st.datetimes(datetime.datetime(1850, 1, 1), datetime.datetime(2150, 1, 1)))
@quick
def test_parts_of_a_date_are_those_of_the_calendar(date):
    encoder = DateTimeEncoder(("day", "week", "month", "year"), n_bits=1000, n_on=1)
    bits = encoder.fit_transform(np.array([[date]], object))
    places = bits.reshape(4, 1000).argmax(axis=1)
    day = date - datetime.datetime.combine(date.date(), datetime.time())
    month = date.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_month = (month + datetime.timedelta(32)).replace(day=1)
    year = month.replace(month=1)
    share = [
        day / datetime.timedelta(1),
        (date.weekday() + day / datetime.timedelta(1)) / 7,
        (date - month) / (next_month - month),
        (date - year) / (year.replace(year=year.year + 1) - year),
    ]
    assert np.abs(places - 1000 * np.array(share) + 0.5).max() <= 0.51


def test_dates_come_in_many_forms():
    text = [["1999-12-31T23:30"], ["2000-02-29T12:00"]]
    seconds = np.array(text, "M8[s]").astype(np.int64)
    expected = DateTimeEncoder().fit_transform(text)
    naive_dates = [[datetime.datetime.fromisoformat(row[0])] for row in text]
    for dates in (np.array(text, "M8[ns]"), seconds, naive_dates, np.array(text, object)):
        assert_array_equal(DateTimeEncoder().fit_transform(dates), expected)


def test_a_date_that_is_missing_has_no_on_bits():
    dates = np.array([["2000-01-01"], ["NaT"]], "M8[D]")
    objects = np.array([[datetime.date(2000, 1, 1)], [None]], object)
    for given_ in (dates, objects):
        assert_array_equal(DateTimeEncoder().fit_transform(given_).sum(axis=1), [33, 0])


def test_names_of_parts_and_mistaken_ones():
    encoder = DateTimeEncoder(("week",), n_bits=2, n_on=1).fit([["2000-01-01"]])
    assert list(encoder.get_feature_names_out(["when"])) == ["when_week_0", "when_week_1"]
    for parts in (("hour",), (), "day"):
        with pytest.raises(ValueError, match="parts must be some of"):
            DateTimeEncoder(parts).fit([["2000-01-01"]])
    with pytest.raises(ValueError, match="X must hold dates"):
        DateTimeEncoder().fit([["yesterday"]])
    with pytest.raises(ValueError, match="dates must be within"):
        DateTimeEncoder().fit([[1e18]])


# --- together ---


def test_columns_of_a_table_feed_a_pooler():
    generator = np.random.default_rng(0)
    colours = generator.choice(["red", "green", "blue"], 200)
    angles = generator.uniform(0, 360, 200)
    table = np.column_stack([colours, angles.astype(object)])
    columns = ColumnTransformer(
        [
            ("colour", CategoryEncoder(), [0]),
            ("angle", CyclicEncoder(period=360), [1]),
        ]
    )
    pooler = SpatialPooler((256,), density=0.05, random_state=0)
    model = make_pipeline(columns, pooler, MaximumLikelihoodClassifier())
    label = (colours == "red") ^ (angles < 180)
    assert model.fit(table, label).score(table, label) > 0.7
    names = columns.get_feature_names_out()
    assert len(names) == 3 * 11 + 100
    assert names[0] == "colour__x0_blue_0"
    assert names[-1] == "angle__x1_99"
