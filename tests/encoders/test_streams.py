"""Encoders that learn from a stream: what was given out before stays as it is."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

import fastsp
from fastsp import (
    BinaryImageEncoder,
    CategoryEncoder,
    CyclicEncoder,
    DateTimeEncoder,
    RandomDistributedEncoder,
    ScalarEncoder,
)

FIRST = np.random.default_rng(0).normal(size=(20, 3)).round(1)
LATER = 10 * FIRST + 5
ENCODERS = [
    ScalarEncoder(n_bits=30, n_on=5, margin=1.0),
    CyclicEncoder(period=3.0),
    RandomDistributedEncoder(random_state=0),
    DateTimeEncoder(),
    CategoryEncoder(capacity=40),
    BinaryImageEncoder(),
]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
def test_bits_that_were_given_out_do_not_move(encoder):
    encoder = clone(encoder).partial_fit(FIRST)
    before = encoder.transform(FIRST)
    assert encoder.partial_fit(LATER) is encoder
    assert_array_equal(encoder.transform(FIRST), before)
    assert encoder.transform(LATER).shape == before.shape
    assert len(encoder.get_feature_names_out()) == before.shape[1]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
def test_a_batch_that_is_refused_changes_nothing(encoder):
    encoder = clone(encoder).partial_fit(FIRST)
    before = copy.deepcopy(vars(encoder))
    with pytest.raises(ValueError, match="3 features"):
        encoder.partial_fit(LATER[:, :2])
    bad = np.where(np.eye(20, 3) == 1, np.inf, LATER)
    if not isinstance(encoder, CategoryEncoder):
        with pytest.raises(ValueError, match="infinity"):
            encoder.partial_fit(bad)
    np.testing.assert_equal(
        {k: v for k, v in vars(encoder).items() if k != "_one_hot"},
        {k: v for k, v in before.items() if k != "_one_hot"},
    )


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
def test_a_saved_encoder_goes_on_as_it_would_have(encoder, tmp_path):
    encoder = clone(encoder).partial_fit(FIRST)
    fastsp.save(encoder, tmp_path / "encoder")
    loaded = fastsp.load(tmp_path / "encoder")
    for one in (encoder, loaded):
        one.partial_fit(LATER)
    assert_array_equal(loaded.transform(LATER), encoder.transform(LATER))


def test_a_range_has_a_margin_on_sides_that_are_learned():
    ranges = ScalarEncoder(margin=[0.5, 0.0], minimum=[-1, -2]).fit([[1.0, 1.0], [3.0, 3.0]])
    assert_array_equal(ranges.minimum_, [-1, -2])
    assert_array_equal(ranges.maximum_, [5, 3])
    encoder = ScalarEncoder(n_bits=30, n_on=5, margin=0.5).partial_fit([[0.0], [10.0]])
    assert (encoder.minimum_, encoder.maximum_) == (-5, 15)
    near, beyond, far = encoder.partial_fit([[12.0]]).transform([[12.0], [15.0], [99.0]])
    assert (near != beyond).any()
    assert_array_equal(beyond, far)


@pytest.mark.parametrize("margin", [-0.1, np.nan, "wide", [1, 2, 3], None])
def test_margins_out_of_range_are_refused(margin):
    with pytest.raises(ValueError, match="margin must"):
        ScalarEncoder(margin=margin).fit([[0.0, 1.0], [1.0, 2.0]])


def test_a_range_that_one_value_does_not_tell_is_refused():
    encoder = ScalarEncoder()
    with pytest.raises(ValueError, match="one value only in feature 1 to learn its range from"):
        encoder.partial_fit([[1.0, 3.0], [2.0, 3.0]])
    assert not hasattr(encoder, "n_features_in_")
    encoder.fit([[1.0, 3.0], [2.0, 3.0]])
    ScalarEncoder(minimum=0, maximum=9).partial_fit([[1.0, 3.0]])


def one_bit(X, **parameters):
    return CategoryEncoder(n_on=1, capacity=3, **parameters).partial_fit(X)


def test_new_categories_come_in_their_order_until_there_is_no_room():
    encoder = one_bit([["b", 2], ["a", 2]])
    assert encoder.get_feature_names_out().tolist() == [
        *("x0_b_0", "x0_a_0", "free2_0", "x1_2_0", "free4_0", "free5_0")
    ]
    encoder.partial_fit([["a", 1], ["c", 2]])
    assert_array_equal(
        encoder.transform([["c", 1], ["b", 2]]), [[0, 0, 1, 0, 1, 0], [1, 0, 0, 1, 0, 0]]
    )
    with pytest.raises(ValueError, match=r"capacity must be at least .* got 3; feature 0 has 4"):
        encoder.partial_fit([["a", 5], ["d", 2]])
    assert [len(own) for own in encoder.categories_] == [3, 2]
    with pytest.raises(ValueError, match="unknown categories"):
        encoder.transform([["d", 1]])


def test_any_cutting_of_a_stream_gives_the_same_bits():
    stream = np.random.default_rng(1).permutation(np.repeat(list("abcdefgh"), 3))[:, None]
    whole = CategoryEncoder(capacity=9).fit(stream)
    parts = CategoryEncoder(capacity=9)
    for row in stream:
        parts.partial_fit([row])
    assert_array_equal(parts.transform(stream), whole.transform(stream))


def test_without_a_capacity_there_is_no_room():
    encoder = CategoryEncoder().partial_fit([["a"], ["b"]])
    assert encoder.partial_fit([["b"]]).transform([["b"]]).shape == (1, 22)
    with pytest.raises(ValueError, match="unknown categories"):
        encoder.partial_fit([["c"]])
    lenient = CategoryEncoder(handle_unknown="ignore").partial_fit([["a"], ["b"]])
    assert not lenient.partial_fit([["c"]]).transform([["c"]]).any()


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT], ids=str)
def test_a_gap_is_a_category_that_keeps_its_bits(gap):
    column = pd.DataFrame({"c": ["b", gap]}, dtype=object)
    encoder = one_bit(column, handle_unknown="ignore")
    encoder.partial_fit(pd.DataFrame({"c": ["a", "z", gap]}, dtype=object))
    more = pd.DataFrame({"c": ["b", gap, "a", "z"]}, dtype=object)
    assert_array_equal(encoder.transform(more), np.eye(4, 3))


def test_categories_that_are_given_or_declared_come_first():
    given = one_bit([["c"], ["a"]], categories=[["b", "a"]])
    assert_array_equal(given.transform([["b"], ["a"], ["c"]]), np.eye(3))
    declared = one_bit(pd.DataFrame({"c": pd.Categorical(["x"], categories=["x", "w"])}))
    declared.partial_fit(pd.DataFrame({"c": ["new"]}))
    assert_array_equal(declared.transform(pd.DataFrame({"c": ["x", "w", "new"]})), np.eye(3))


@pytest.mark.parametrize("capacity", [0, -1, 2.5, True, "many"])
def test_capacities_out_of_range_are_refused(capacity):
    with pytest.raises(ValueError, match="capacity must be an integer"):
        CategoryEncoder(capacity=capacity).fit([["a"]])


def test_another_capacity_waits_for_the_next_fit():
    encoder = one_bit([["a"], ["b"]]).set_params(capacity=1)
    assert encoder.partial_fit([["c"]]).transform([["c"]]).tolist() == [[0, 0, 1]]
    with pytest.raises(ValueError, match="capacity must be at least"):
        encoder.fit([["a"], ["b"]])
    assert encoder.set_params(capacity=None).fit([["a"]]).transform([["a"]]).shape == (1, 1)


def test_blocks_of_a_damaged_file_are_refused():
    encoder = one_bit([["a"], ["b"]])
    for blocks in ([0, 0], [0, 3], [-1, 0], [0], [0.0, 1.0]):
        encoder.blocks_ = np.array(blocks)
        with pytest.raises(ValueError, match="blocks_ must be"):
            encoder._restore()


def test_numbers_of_other_types_stay_apart():
    encoder = one_bit([[2**60 + 1], [2**60]])
    encoder.partial_fit([[0.5]]).partial_fit([[2**60]])
    assert_array_equal(encoder.transform([[2**60 + 1], [2**60]]), np.eye(2, 3))
    assert_array_equal(encoder.transform([[0.5]]), [[0, 0, 1]])
