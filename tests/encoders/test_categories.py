"""Categories as columns bring them: gaps of every type, orders that types declare, names."""

import numpy as np
import pandas as pd
import pyarrow
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

import fastsp
from fastsp import CategoryEncoder, DateTimeEncoder


def categories(*values, order, **other):
    return pd.DataFrame({"c": pd.Categorical(values, categories=order, **other)})


def one_bit(X, **parameters):
    """Return an encoder of categories with a bit for each, and their names without its number."""
    encoder = CategoryEncoder(n_on=1, **parameters).fit(X)
    names = [name.removesuffix("_0") for name in encoder.get_feature_names_out()]
    assert len(set(names)) == len(names)
    return encoder, names


STRINGS = [
    *(None, "string", "string[python]", "string[pyarrow]", "category", object),
    *(pd.ArrowDtype(pyarrow.string()), pd.ArrowDtype(pyarrow.large_string())),
    pd.ArrowDtype(pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
]


@pytest.mark.parametrize("dtype", STRINGS, ids=str)
def test_a_gap_is_a_category_in_every_column_of_text(dtype):
    given = ["x", np.nan, "y"]
    if isinstance(dtype, pd.ArrowDtype):
        given = pyarrow.array(["x", None, "y"]).cast(dtype.pyarrow_dtype)
    words = pd.DataFrame({"c": pd.Series(given, dtype=dtype), "n": 1})
    assert words["c"].isna().sum() == 1
    encoder, names = one_bit(words)
    assert names == ["c_x", "c_y", "c_nan", "n_1"]
    assert_array_equal(encoder.transform(words), [[1, 0, 0, 1], [0, 0, 1, 1], [0, 1, 0, 1]])
    whole = pd.DataFrame({"c": ["y"], "n": [1]})
    assert_array_equal(encoder.transform(whole), [[0, 1, 0, 1]])
    lenient, names = one_bit(words[:1], handle_unknown="ignore")
    assert names == (["c_x", "c_y", "n_1"] if dtype == "category" else ["c_x", "n_1"])
    assert_array_equal(lenient.transform(words)[:, [0, -1]], [[1, 1], [0, 1], [0, 1]])


@pytest.mark.parametrize(
    "kind",
    ["M8[ns]", "m8[s]", "timestamp[us][pyarrow]", "date32[day][pyarrow]", "duration[s][pyarrow]"],
)
def test_a_gap_is_a_category_in_every_column_of_dates(kind):
    moments = pd.Series(np.array([86_400, "NaT", 0], "m8[s]"))
    moments = moments if "m8" in kind or "duration" in kind else moments + pd.Timestamp(0)
    frame = pd.DataFrame({"c": moments.astype(kind)})
    encoder, names = one_bit(frame)
    assert [name.endswith("_nan") for name in names] == [False, False, True]
    assert_array_equal(encoder.transform(frame), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert_array_equal(encoder.transform(frame[2:]), [[1, 0, 0]])


def test_a_gap_is_a_category_among_dates_with_a_zone():
    frame = pd.DataFrame({"c": pd.to_datetime(["2026-03-01", None]).tz_localize("Asia/Tokyo")})
    encoder, _ = one_bit(frame)
    assert_array_equal(encoder.transform(frame), np.eye(2))
    array = frame["c"].dt.tz_localize(None).to_numpy()[:, None]
    assert_array_equal(one_bit(array)[0].transform(array), np.eye(2))


@pytest.mark.parametrize(
    "order",
    [
        ["z", "b", "a"],
        [3, 1, 2],
        [2.5, 0.5, 1.5],
        [True, False],
        [2**60 + 1, 2**60, 5],
        pd.to_datetime(["2026-03-03", "2026-03-01", "2026-03-02"]),
        pd.IntervalIndex.from_breaks([0, 1, 2, 3]),
        pd.Index(["z", "b", "a"], dtype="string[pyarrow]"),
    ],
    ids=str,
)
def test_declared_categories_count_in_their_order_used_or_not(order):
    order = pd.Index(order)
    frame = categories(order[1], order=order)
    encoder, names = one_bit(frame)
    assert len(names) == len(order)
    assert list(encoder.categories_[0]) == list(np.asarray(order))
    assert_array_equal(encoder.transform(frame), [[0, 1, 0][: len(order)]])
    later = pd.DataFrame({"c": order})
    for form in (later, later[::-1], categories(*order, order=order[::-1])):
        places = order.get_indexer(form["c"].astype(order.dtype))
        assert_array_equal(encoder.transform(form), np.eye(len(order))[places])
    gapped = categories(order[1], None, order=order)
    encoder, names = one_bit(gapped)
    assert names[-1] == "c_nan"
    assert_array_equal(encoder.transform(gapped).argmax(axis=1), [1, len(order)])
    assert gapped.equals(categories(order[1], None, order=order))


def test_declared_categories_stand_beside_learned_ones_and_given_ones():
    frame = categories("a", "b", order=["z", "b", "a"], ordered=True)
    frame["n"], frame["t"] = [7, 5], ["y", None]
    frame.index = [4, 4]
    encoder, names = one_bit(frame)
    assert names == ["c_z", "c_b", "c_a", "n_5", "n_7", "t_y", *names[6:]]
    assert_array_equal(encoder.transform(frame), [[0, 0, 1, 0, 1, 1, 0], [0, 1, 0, 1, 0, 0, 1]])
    assert one_bit(frame[["c"]], categories=[["a", "b"]])[1] == ["c_a", "c_b"]
    with pytest.raises(ValueError, match="unknown categories"):
        encoder.transform(frame.assign(c=["q", "a"]))
    lenient, _ = one_bit(frame[["c"]], handle_unknown="ignore")
    assert_array_equal(lenient.transform(pd.DataFrame({"c": ["q", "z"]})), [[0, 0, 0], [1, 0, 0]])
    again = CategoryEncoder(n_on=1).fit([["a"], ["b"]]).fit(frame[["c"]])
    assert len(again.categories_[0]) == 3


def test_models_of_declared_categories_are_saved(tmp_path):
    for order in (
        ["z", "b", "a"],
        [3, 1, 2],
        [2.5, 0.5],
        pd.to_datetime(["2026-03-03", "2026-03-01"]),
    ):
        frame = categories(order[0], None, order=order)
        encoder, names = one_bit(frame)
        fastsp.save(encoder, tmp_path / "model")
        again = fastsp.load(tmp_path / "model")
        assert_array_equal(again.transform(frame), encoder.transform(frame))
        assert [f"{name}_0" for name in names] == list(again.get_feature_names_out())
    zoned = pd.DataFrame({"c": pd.to_datetime(["2026-03-01"]).tz_localize("Asia/Tokyo")})
    with pytest.raises(TypeError, match="must hold arrays, numbers and text to be saved"):
        fastsp.save(CategoryEncoder().fit(zoned), tmp_path / "model")


def test_enums_of_polars_declare_their_categories():
    polars = pytest.importorskip("polars")
    kind = polars.Enum(["z", "b", "a"])
    frame = polars.DataFrame({"c": polars.Series(["a", None, "b"], dtype=kind), "n": [2, 1, 1]})
    encoder, names = one_bit(frame)
    assert names == ["c_z", "c_b", "c_a", "c_None", "n_1", "n_2"]
    assert_array_equal(encoder.transform(frame)[:, :4], np.eye(4)[[2, 3, 1]])
    later = polars.DataFrame({"c": ["z"], "n": [2]})
    assert_array_equal(encoder.transform(later), [[1, 0, 0, 0, 0, 1]])
    seen = polars.DataFrame({"c": polars.Series(["b", "a"], dtype=polars.Categorical)})
    assert one_bit(seen)[1] == ["c_a", "c_b"]


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"a": ["b_c"], "a_b": ["c"]}),
        pd.DataFrame({"a": ["b_c", "c"], "a_b": ["c", "c"], "a_b_c": ["1", ""]}),
        pd.DataFrame({"a": ["nan", None, np.nan, "None"]}, dtype=object),
        pd.DataFrame({"a": ["b_c", "b_c.1"], "a_b": ["c", "c.1"]}),
        [["1", "2"], ["2", "3"]],
    ],
)
def test_no_two_bits_have_the_same_name(X):
    for n_on in (1, 3):
        encoder = CategoryEncoder(n_on=n_on).fit(X)
        names = list(encoder.get_feature_names_out())
        assert len(set(names)) == len(names) == encoder.transform(X).shape[1]


def test_names_that_come_again_are_numbered_and_others_stay():
    frame = pd.DataFrame({"a": ["b_c"], "a_b": ["c"], "d": ["e"]})
    encoder = CategoryEncoder(n_on=2).fit(frame)
    assert list(encoder.get_feature_names_out()) == [
        *("a_b_c_0", "a_b_c_1", "a_b_c.1_0", "a_b_c.1_1", "d_e_0", "d_e_1")
    ]
    table = clone(encoder).set_output(transform="pandas").fit_transform(frame)
    assert table.columns.is_unique
    dates = DateTimeEncoder(("day", "day"), n_bits=2, n_on=1).fit([["2026-03-01"]])
    assert list(dates.get_feature_names_out()) == [
        *("x0_day_0", "x0_day_1", "x0_day.1_0", "x0_day.1_1")
    ]
