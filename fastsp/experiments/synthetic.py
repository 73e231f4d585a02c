"""Inputs of the published simulations: random SDRs, bars, bar pairs and crosses.

All are batches of input bits, (n, n_bits) uint8; those with a topology lie in a square of
side * side bits, row by row.
"""

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]


def random_sdrs(n: int, n_bits: int, least: int, most: int, random: np.random.Generator) -> Bits:
    """Return inputs whose on-bits are drawn at random, from `least` to `most` of them."""
    n_on = random.integers(least, most, endpoint=True, size=(n, 1))
    order = np.argsort(random.random((n, n_bits)), axis=1)
    inputs = np.zeros((n, n_bits), np.uint8)
    np.put_along_axis(inputs, order, np.arange(n_bits) < n_on, axis=1)
    return inputs


def bars(n: int, side: int, length: int, n_bars: int, random: np.random.Generator) -> Bits:
    """Return inputs of `n_bars` bars at random places, each horizontal or vertical by chance.

    A bar that leaves at one edge comes in at the opposite one, so that all places are alike.
    """
    along = np.arange(length)
    horizontal = random.random((n, n_bars, 1)) < 0.5
    y, x = random.integers(side, size=(2, n, n_bars, 1))
    rows = (y + np.where(horizontal, 0, along)) % side
    columns = (x + np.where(horizontal, along, 0)) % side
    images = np.zeros((n, side * side), np.uint8)
    np.put_along_axis(images, (rows * side + columns).reshape(n, -1), 1, axis=1)
    return images


def bar_pairs(n: int, side: int, length: int, random: np.random.Generator) -> Bits:
    """Return inputs of a horizontal and a vertical bar, each at a random place."""
    images = np.zeros((n, side, side), np.uint8)
    for image in images:
        _draw_bar(image, length, True, random)
        _draw_bar(image, length, False, random)
    return images.reshape(n, -1)


def crosses(n: int, side: int, length: int, random: np.random.Generator) -> Bits:
    """Return inputs of one cross at a random place: two bars that share their middle bit."""
    images = np.zeros((n, side, side), np.uint8)
    half = length // 2
    for image, (y, x) in zip(
        images, random.integers(half, side - half, size=(n, 2)).tolist(), strict=True
    ):
        image[y, x - half : x + half + 1] = 1
        image[y - half : y + half + 1, x] = 1
    return images.reshape(n, -1)


def _draw_bar(image: Bits, length: int, horizontal: bool, random: np.random.Generator) -> None:
    across, along = random.integers(len(image)), random.integers(len(image) - length + 1)
    place = (across, slice(along, along + length))
    image[place if horizontal else place[::-1]] = 1
