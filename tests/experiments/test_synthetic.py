"""Synthetic inputs: as many on-bits as wanted, in the shapes wanted."""

import numpy as np
import pytest

from fastsp.experiments import synthetic


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_random_sdrs_have_as_many_on_bits_as_wanted(random):
    inputs = synthetic.random_sdrs(400, 50, 2, 6, random)
    assert inputs.shape == (400, 50)
    assert set(inputs.sum(axis=1)) == {2, 3, 4, 5, 6}
    assert inputs.mean(axis=0).min() > 0
    assert set(synthetic.random_sdrs(5, 50, 4, 4, random).sum(axis=1)) == {4}


def test_bar_pairs_are_a_horizontal_and_a_vertical_bar(random):
    for image in synthetic.bar_pairs(50, 9, 5, random).reshape(-1, 9, 9):
        assert image.sum() in (9, 10)  # they may cross
        assert image.sum(axis=1).max() >= 5
        assert image.sum(axis=0).max() >= 5


def test_crosses_share_their_middle(random):
    places = set()
    for image in synthetic.crosses(200, 9, 5, random).reshape(-1, 9, 9):
        assert image.sum() == 9
        (y,), (x,) = np.nonzero(image.sum(axis=1) == 5)[0], np.nonzero(image.sum(axis=0) == 5)[0]
        assert image[y, x - 2 : x + 3].all()
        assert image[y - 2 : y + 3, x].all()
        places.add((y, x))
    assert places == {(y, x) for y in range(2, 7) for x in range(2, 7)}


def test_bars_reach_everywhere_in_both_directions(random):
    images = synthetic.bars(300, 8, 3, 1, random).reshape(-1, 8, 8)
    assert (images.sum(axis=(1, 2)) == 3).all()
    assert (images.sum(axis=0) > 0).all()
    horizontal = (images.sum(axis=2).max(axis=1) == 3).mean()
    assert 0.4 < horizontal < 0.6
    assert synthetic.bars(20, 8, 3, 4, random).sum(axis=1).max() > 6
