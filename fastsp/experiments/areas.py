"""Where on the grid columns are active, and what the input lets them be."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fastsp.datasets import Mnist
from fastsp.encoders import BinaryImageEncoder
from fastsp.metrics import binary_entropy
from fastsp.pooler import SpatialPooler

WINDOW = 8
"""Columns along the side of an area."""


def area_means(activity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means of the areas of `WINDOW` by `WINDOW` columns, or less, that cut up the grid."""
    rows, columns = (np.arange(0, size, WINDOW) for size in activity.shape)

    def sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
        of_rows = np.add.reduceat(values, rows, axis=0)
        return np.asarray(np.add.reduceat(of_rows, columns, axis=1))

    return sums(activity) / sums(np.ones(activity.shape))


def share_on_image(codes: csr_matrix, column_shape: tuple[int, ...], digits: Mnist) -> float:
    """Return the share of active columns whose place in the image is an on-bit."""
    encoder = BinaryImageEncoder(channels="on").fit(digits.test_images[:1])
    (height, width), places = digits.image_shape, np.indices(column_shape)
    row, column = (
        (place * size) // n
        for place, size, n in zip(places, (height, width), column_shape, strict=True)
    )
    pixel_of = (row * width + column).ravel()
    sample_of = np.repeat(np.arange(codes.shape[0]), np.diff(codes.indptr))
    bits = encoder.transform(digits.test_images)
    return float(bits[sample_of, pixel_of[codes.indices]].mean())


def entropy_limit(
    pooler: SpatialPooler,
    encoder_of: Callable[[NDArray[np.uint8]], BinaryImageEncoder],
    images: NDArray[np.uint8],
) -> float:
    """Return the greatest entropy of columns that are never active without seeing an on-bit.

    A column can be active for the share of images in which its pool holds an on-bit, and no more.
    Entropy is greatest where all columns are active equally often, as far as they can be.
    """
    pools = csr_matrix(
        (np.ones(pooler.indices_.size, np.float32), pooler.indices_, pooler.indptr_),
        shape=(pooler.indptr_.size - 1, pooler.n_features_in_),
    )
    most = np.zeros(pools.shape[0])
    for start in range(0, len(images), 1_000):
        part = images[start : start + 1_000]
        bits = csr_matrix(encoder_of(part).transform(part), dtype=np.float32)
        most += np.bincount((bits @ pools.T).indices, minlength=most.size)
    most = np.sort(most / len(images))
    # The level up to which columns are filled, such that together they come to the density.
    wanted = min(pooler.n_active_, most.sum())
    before = np.concatenate([[0.0], np.cumsum(most)[:-1]])
    levels = (wanted - before) / np.arange(most.size, 0, -1)
    below = levels[levels <= most]
    filled = np.minimum(most, below[0] if below.size else most[-1])
    return float(binary_entropy(filled).mean() / binary_entropy(pooler.n_active_ / most.size))
