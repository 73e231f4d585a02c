"""Numbers of any size as on-bits chosen by hashing."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from fastsp.encoders.base import NumberEncoder, Reals, positive_per_feature, switch_on

FURTHEST = 2.0**52
"""Greatest number of steps; beyond it float64 cannot represent half a step."""
FINEST = 2.0**-50
"""The least resolution that is learned, as a share of the value that is farthest from 0."""


class RandomDistributedEncoder(NumberEncoder):
    """Encode numbers of any size as scattered on-bits: near numbers share bits, far ones hardly.

    It needs no range, so it suits streams whose values drift. The line is cut into buckets of width
    `resolution`; buckets d apart share at least max(0, n_on - d) on-bits, and beyond that only
    those that coincide by chance: of two that are unrelated, n_on^2 / n_bits on average.

    The idea, bits of consecutive buckets chosen by hashing, is in [1]_. Here the bits are dealt out
    so that none is chosen twice: the block of a feature is cut into `n_on` parts, one after the
    other, and bucket i switches on one hashed bit for each of the numbers i to i + n_on - 1: the
    bit of number j is in part j modulo n_on. So exactly `n_on` bits of a feature are on, one in
    each part, and none where the value is missing (NaN).

    Parameters
    ----------
    resolution : float or (n_features,) array, optional
        Width of a bucket, for all features or for each. If None, a hundredth of the distance of the
        least and the greatest value seen in `fit`; 1 for a feature that was constant, or missing;
        but at least 2^-50 of the value farthest from 0, below which float64 tells no steps apart.
    n_bits : int, default=400
        Bits for each feature.
    n_on : int, default=20
        On-bits among them, at least 1 and at most `n_bits`.
    random_state : int, RandomState or None, default=None
        Draws the hash functions in `fit`.

    Attributes
    ----------
    resolution_ : (n_features,) float64
    salts_ : (n_features,) uint64
        What makes the hash function of each feature its own.
    n_features_in_ : int
    feature_names_in_ : (n_features,) array of str
        Only where the features came with names.

    References
    ----------
    .. [1] Purdy (2016). Encoding Data for HTM Systems. arXiv:1602.05925

    Examples
    --------
    >>> encoder = RandomDistributedEncoder(resolution=0.5, random_state=0)
    >>> a, b = encoder.fit_transform([[1e6], [1e6 + 1]])
    >>> a.sum(), (a & b).sum() >= 18
    (np.uint64(20), np.True_)
    """

    resolution_: Reals
    salts_: NDArray[np.uint64]

    def __init__(
        self,
        resolution: ArrayLike | None = None,
        *,
        n_bits: int = 400,
        n_on: int = 20,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.resolution = resolution
        self.n_bits = n_bits
        self.n_on = n_on
        self.random_state = random_state

    def _learn(self, values: Reals) -> dict[str, Any]:
        n_features = values.shape[1]
        if self.resolution is None:
            # Halved first, so that no difference overflows.
            extent = np.fmax.reduce(values / 2, axis=0) - np.fmin.reduce(values / 2, axis=0)
            furthest = np.fmax.reduce(np.abs(values), axis=0)
            resolution = np.where(extent / 50 > 0, extent / 50, 1.0)
            resolution = np.fmax(resolution, FINEST * furthest)
        else:
            resolution = positive_per_feature("resolution", self.resolution, n_features)
        try:
            random = check_random_state(self.random_state)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "random_state must be an integer from 0 to 2^32 - 1, a RandomState or None,"
                f" got {self.random_state!r}"
            ) from error
        salts = random.randint(2**64, size=n_features, dtype="u8")
        return {"resolution_": resolution, "salts_": salts}

    def _encode(self, values: Reals, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        with np.errstate(over="ignore"):
            steps = np.floor(values / self.resolution_)
        if (np.abs(steps) > FURTHEST).any():
            raise ValueError(
                "X must hold values within 2**52 times the resolution of 0;"
                " give a larger resolution"
            )
        buckets = steps.astype(np.int64)
        begins = np.arange(self.n_on + 1) * self.n_bits // self.n_on

        def place(j: int) -> NDArray[np.int64]:
            numbers = buckets + j
            parts = numbers % self.n_on
            sizes = (begins[parts + 1] - begins[parts]).astype(np.uint64)
            hashed = _mix(numbers.astype(np.uint64) + self.salts_) % sizes
            return begins[parts] + hashed.astype(np.int64)

        places = (place(j) for j in range(self.n_on))
        return switch_on(places, present, self.n_bits)


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter integers over all of uint64: a multiplicative hash, after Knuth, in two rounds."""
    for shift in (32, 29):
        numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(0x9E3779B97F4A7C15)
    return numbers >> np.uint64(16)
