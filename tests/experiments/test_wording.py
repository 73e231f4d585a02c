"""Spreads over seeds, and the sentences made of them."""

import numpy as np

from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import (
    agreement,
    compared,
    counted,
    exceeds,
    listed,
    number,
    percent,
)


def test_spread_is_taken_element_by_element():
    spread = Spread.over([[1.0, 5.0], [3.0, 4.0]])
    assert spread.mean.tolist() == [2, 4.5]
    assert spread.as_json() == {"mean": [2, 4.5], "least": [1, 4], "greatest": [3, 5]}
    assert spread[0].greatest == 3
    assert Spread.over([np.nan]).as_json()["mean"] is None


def test_sentences_tell_what_holds():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert counted([True, True]) == "all 2"
    assert counted([True, False]) == "1 of 2"
    assert counted([False]) == "none of 1"
    assert agreement({"a": True}, "X") == "This agrees with X on a."
    assert agreement({"a": False}, "X") == "This does not agree with X on a."
    assert agreement({"a": True, "b": False}, "X").endswith("on a, and does not on b.")
    low, high = Spread.over([0.1, 0.2]), Spread.over([0.3, 0.3])
    assert exceeds(high, low)
    assert not exceeds(low, high)
    assert not exceeds(Spread.over([0.15, 0.4]), low)
    assert number(low) == "0.15 (0.10–0.20)"
    assert percent(high) == "30.0 %"
    assert percent(0.3) == "30.0 %"
    assert compared(high, low, "more", "less", "neither") == "more"
    assert compared(low, high, "more", "less", "neither") == "less"
    assert compared(low, low, "more", "less", "neither") == "neither"
